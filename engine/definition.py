"""The workflow language as a model: what a definition may say, and nothing else.

One model serves the parser, the JSON Schema that editors use, and the reference page. Short forms that people write
(`title: 当场办理`, `overdue: {to: …}`) are made into their full form here. Leaves reading YAML and line numbers to
`loading.py`, cross-checks to `certificate.py`, and running to `machine.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from engine.spelling import (
    AnyDue,
    AnyTitle,
    Cel,
    Id,
    Limit,
    Model,
    PlainDuration,
    Remind,
    StepRef,
    TableLimit,
    To,
    Words,
)

OPEN = "open"  # the name under which `clocks.*.starts` refers to the opening of the case


class RoleOf(StrEnum):
    """What a role is bound to: a region (the usual), a unit, the subject of the case itself, or nobody: the system.

    Only steps and the opening may be the system's: it acts when what is known of the subject changes (`programme`).
    """

    REGION = "region"
    UNIT = "unit"
    SUBJECT = "subject"
    SYSTEM = "system"


class Role(Model):
    """Who may act. `post` is the role's name in the organisation, if another; `level: above` asks for one level up."""

    title: AnyTitle
    post: Id | None = None
    level: Literal["here", "above", "top"] = "here"
    of: Annotated[RoleOf, BeforeValidator(lambda v: RoleOf(v) if isinstance(v, str) else v)] = RoleOf.REGION
    accountable: bool = Field(False, description="nothing escalates above this role")


class FieldType(StrEnum):
    TEXT = "text"
    TEXTS = "texts"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    UNIT = "unit"
    UNITS = "units"
    PERSON = "person"
    CASE = "case"
    CASES = "cases"
    FILES = "files"


LIST_TYPES = frozenset(
    {FieldType.TEXTS, FieldType.CHOICES, FieldType.UNITS, FieldType.CASES, FieldType.FILES}
)
Atom = str | int | bool


class FieldSpec(Model):
    """What a step may bring. `min`/`max`: characters of a text, value of an integer, entries of a list."""

    title: AnyTitle
    type: Annotated[FieldType, BeforeValidator(lambda v: FieldType(v) if isinstance(v, str) else v)]
    min: int | None = None
    max: int | None = None
    options: dict[Id, AnyTitle] = Field(default_factory=dict, description="of a choice: id and title")
    personal: bool = Field(False, description="kept outside the log; the log holds a salted commitment")
    note: Words | None = None


class LimitTable(Model):
    """Lengths by class of case; `by` names the choice field that selects the row, `default` the row while it is empty."""

    by: Id
    default: Id
    note: Words | None = None
    rows: dict[Id, dict[Id, TableLimit | Literal["none"]]]


class Guard(Model):
    """A CEL condition and the sentence shown where it does not hold."""

    check: Cel
    otherwise: Words = Field(alias="else")


class Route(Model):
    to: Id
    when: Cel | None = None


def _routes(value: Any) -> Any:
    return ({"to": value},) if isinstance(value, str) else value


Routes = Annotated[
    tuple[Route, ...],
    BeforeValidator(_routes),
    BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v),
]


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Addresses = Annotated[tuple[To, ...], BeforeValidator(_as_tuple)]


class Opens(Model):
    """Open a related case. `with` maps the new case's fields to fields of this one."""

    workflow: Id
    bring: dict[Id, Id] = Field(default_factory=dict, alias="with")
    relation: Id = "related"


class Rung(Model):
    """One thing a clock does at or after its end: tell someone, move the case, open a related case."""

    after: PlainDuration | None = None
    title: AnyTitle | None = None
    notify: Addresses = ()
    to: Id | None = None
    stay: bool = False
    every: PlainDuration | None = None
    opens: Opens | None = None


def _ladder(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else _as_tuple(value)


Ladder = Annotated[tuple[Rung, ...], BeforeValidator(_ladder)]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_as_tuple)]
Refs = Annotated[tuple[StepRef, ...], BeforeValidator(_as_tuple)]
Reminders = Annotated[tuple[Remind, ...], BeforeValidator(_as_tuple)]


class Extension(Model):
    """A longer limit: asked for before the end, approved by somebody else. `by` is the most that one extension adds."""

    at_most: int = Field(ge=1, le=9)
    by: Limit
    asked_by: Ids
    approved_by: Ids
    later_approved_by: Ids = Field((), description="who approves the second and later ones, if others")


class CaseDue(Model):
    """The limit of the whole case. Its clock is called `case`."""

    title: AnyTitle | None = None
    within: Limit
    to: Id
    remind: Reminders = ()
    warn: Addresses = ()
    notify: Addresses = ()


class ClockSpec(Model):
    """A clock of its own: runs from the steps in `starts` until one in `stops`, whatever the state."""

    title: AnyTitle
    due: AnyDue
    starts: Refs
    stops: Refs
    cancels: Refs = ()
    remind: Reminders = ()
    warn: Addresses = Field((), description="whom a reminder also tells, besides the holder")
    overdue: Ladder
    extension: Extension | None = None


class Step(Model):
    """What a person may do in a state."""

    title: AnyTitle
    by: Ids
    needs: Ids = ()
    may: Ids = Field((), description="fields that may be brought, but need not")
    when: Annotated[tuple[Guard, ...], BeforeValidator(_as_tuple)] = ()
    at_most: int | None = Field(None, ge=1, le=99, description="times in one round")
    then: Id | None = Field(
        None, description="where the last allowed time leads instead (forced continuation)"
    )
    once_per: Literal["day"] | None = None
    not_by: Refs = Field((), description="not by a person who took one of these steps")
    to: Routes = ()
    stay: bool = False
    sets: dict[Id, Atom | list[str]] = Field(default_factory=dict)
    notify: Addresses = ()
    opens: Opens | None = None
    joins: Id | None = Field(None, description="the case field that names the case this one is merged into")
    links: Id | None = Field(
        None, description="the field of cases that from now on hear when this case ends, or opens again"
    )
    note: Words | None = None


class Parallel(Model):
    """Lanes that run beside the case while it is in this state (and in those of `lasts`).

    `done_when`: `all` waits until no lane is open; `any` and a number count only lanes that ended as `done`.
    """

    lane: Id
    each: Id | None = Field(None, description="a field of units or choices: one lane for each value")
    lanes: dict[Id, AnyTitle] = Field(default_factory=dict, description="or: lanes by name")
    done_when: Literal["all", "any"] | int = "all"
    then: Annotated[tuple[Route, ...], BeforeValidator(_as_tuple)] = ()
    lasts: Ids = Field((), description="states in which the lanes go on")
    managed_by: Ids = Field((), description="who may add and withdraw lanes; the state's owner if not said")
    again: Id | None = Field(
        None, description="a choices field: which named lanes open anew on a later entry"
    )


class State(Model):
    """Where a case is. Open states have `owner`, `due` and `overdue`; a final state ends the case (or the lane)."""

    title: AnyTitle
    owner: Id | None = None
    holder: Id | None = Field(
        None, description="the unit field that names the unit which holds the case here"
    )
    due: AnyDue | None = None
    remind: Reminders = ()
    warn: Addresses = Field((), description="whom a reminder also tells, besides the holder")
    overdue: Ladder = ()
    extension: Extension | None = None
    pauses: Ids = Field((), description="clocks that stand still here")
    not_by: Refs = ()
    parallel: Parallel | None = None
    steps: dict[Id, Step] = Field(default_factory=dict)
    term: bool = Field(
        False, description="the limit is a term that runs out, such as a public notice: nobody is late by it"
    )
    settled: bool = False
    final: bool = False
    outcome: Literal["done", "missed"] | None = Field(None, description="of a lane's final state")
    note: Words | None = None


class Everywhere(Model):
    """Steps of every open state of the case, and of every settled one; none of a final state, or of one in `except`."""

    steps: dict[Id, Step] = Field(
        default_factory=dict, description="of every state that is neither settled nor final"
    )
    settled: dict[Id, Step] = Field(default_factory=dict, description="of every settled state")
    spared: Ids = Field((), alias="except", description="states without these steps")

    def steps_of(self, state: State) -> Mapping[str, Step]:
        """What is written for states like this one, excepted or not."""
        if state.final:
            return {}
        return self.settled if state.settled else self.steps

    def steps_in(self, state_id: str, state: State) -> Mapping[str, Step]:
        return {} if state_id in self.spared else self.steps_of(state)


class Lane(Model):
    """A small flat machine that runs beside the others inside one case."""

    title: AnyTitle
    start: Id
    states: dict[Id, State]


class Opening(Model):
    """Who may open a case and what it must bring."""

    by: Ids
    needs: Ids = ()
    may: Ids = ()


Beside = Literal["comments", "reasons"]
"""Comments, and the reasons of assigning, extending, jumping and of lanes: what people write that is no field."""


class Replaces(Model):
    """The version before this one, and where its removed states went."""

    version: int = Field(ge=1)
    move: dict[Id, Id] = Field(default_factory=dict)


class Definition(Model):
    """A workflow version. Read `docs/guide/writing-a-workflow.md` for the tour."""

    language: Literal[1]
    workflow: Id
    version: int = Field(ge=1)
    effective: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    title: AnyTitle
    note: Words | None = None
    calendar: Id = "cn"
    case_due: CaseDue | None = None
    replaces: Replaces | None = None
    roles: dict[Id, Role]
    fields: dict[Id, FieldSpec] = Field(default_factory=dict)
    limits: LimitTable | None = None
    clocks: dict[Id, ClockSpec] = Field(default_factory=dict)
    personal: Annotated[tuple[Beside, ...], BeforeValidator(_as_tuple)] = Field(
        (),
        description="what people write beside the fields that is personal too, and kept outside the log like them",
    )
    administrators: Ids = Field((), description="who may jump a case and move it to another version")
    opening: Opening
    start: Id
    states: dict[Id, State]
    everywhere: Everywhere | None = None
    lanes: dict[Id, Lane] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _with_everywhere(self) -> Definition:
        """Each state with the steps that are open everywhere: from here on they are steps like others."""
        if self.everywhere is None:
            return self
        states = {}
        for name, state in self.states.items():
            shared = self.everywhere.steps_in(name, state)
            steps = {**state.steps, **shared, **state.steps}
            states[name] = state.model_copy(update={"steps": steps}) if shared else state
        return self.model_copy(update={"states": states})

    def is_everywhere(self, step_id: str, step: Step) -> bool:
        """Whether a step of a state is the one that `everywhere` put there."""
        shared = (self.everywhere.steps, self.everywhere.settled) if self.everywhere else ()
        return any(steps.get(step_id) is step for steps in shared)

    def chart(self, lane_type: str) -> Mapping[str, State]:
        """The states of the case itself (`""`) or of a lane type."""
        return self.states if not lane_type else self.lanes[lane_type].states

    def charts(self) -> Iterator[tuple[str, Mapping[str, State]]]:
        yield "", self.states
        for name, lane in self.lanes.items():
            yield name, lane.states

    def steps(self) -> Iterator[tuple[str, str, State, str, Step]]:
        """(lane type, state id, state, step id, step) of every step in every chart."""
        for chart, states in self.charts():
            for state_id, state in states.items():
                for step_id, step in state.steps.items():
                    yield chart, state_id, state, step_id, step

    @cached_property
    def days_ahead(self) -> frozenset[str]:
        """The date fields that end a limit."""
        states = (state for _, states in self.charts() for state in states.values())
        dues = (*(state.due for state in states), *(clock.due for clock in self.clocks.values()))
        return frozenset(due.until for due in dues if due and due.until)

    def scope(self, parallel_state: str) -> frozenset[str]:
        """The states in which the lanes of `parallel_state` live."""
        parallel = self.states[parallel_state].parallel
        return frozenset({parallel_state, *parallel.lasts}) if parallel else frozenset()


def step_ref(lane_type: str, step: str) -> str:
    """`finish` of lane `share` is `share.finish`; a step of the case itself is its bare name."""
    return f"{lane_type}.{step}" if lane_type else step
