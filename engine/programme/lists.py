"""Lists of subjects that keep themselves: who enters, who leaves and why, and what that asks of the case behind it.

The words alone; what follows for one subject is reckoned in `reconciling.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.programme.facts import as_tuple
from engine.programme.rules import AnyRule
from engine.spelling import AnyTitle, Cel, Id, Model, Words

__all__ = ["Brought", "Exit", "ListCase", "ListSpec", "Milestone", "SystemStep"]

Brought = dict[Id, str | int | bool]
"""Fields of a case: a fact by its id (money in whole 万元), `year`, a number, a yes or no, or words in quotes (`"'shrunk'"`)."""


class SystemStep(Model):
    """A step that the system takes in the case behind a member."""

    step: Id
    bring: Brought = Field(default_factory=dict, alias="with")


class Milestone(SystemStep):
    """A step that the system takes once, with what it brings, when its condition holds for a member."""

    when: AnyRule


class ListCase(Model):
    """The case that a member gets: which workflow, what it brings, and the system's steps as facts change.

    `leaves`: the end of the case that takes the member off the list; `settled` counts both ways to end, `final` only the last.
    `cleared` says whether it left with success: a condition over the ended case (`ended`, `state`, `ever.<step>`).
    """

    workflow: Id
    bring: Brought = Field(default_factory=dict, alias="with")
    leaves: Literal["settled", "final"] = "final"
    cleared: Cel = 'ended == "settled"'
    updated: SystemStep | None = Field(None, description="when facts that the case holds have changed")
    relapsed: SystemStep | None = Field(
        None, description="when new figures show that a cleared member meets the rule again"
    )
    steps: dict[Id, Milestone] = Field(default_factory=dict)
    moved: SystemStep | None = Field(
        None, description="ends the case when the subject moves to another region, where a new one is opened"
    )
    withdrawn: SystemStep | None = Field(
        None, description="ends the case when the figures by which a member entered were withdrawn"
    )


class Exit(Model):
    """A way out that is not a success: the condition, and the system's step that ends the case."""

    title: AnyTitle
    when: AnyRule
    step: Id | None = None
    bring: Brought = Field(default_factory=dict, alias="with")


class ListSpec(Model):
    """Without `case`, a member leaves when the rule no longer holds; with one, only when the case ends, or by an exit.

    An unknown rule changes nothing, but that whoever entered by figures that were withdrawn leaves.
    `year`: the newest year for which this fact is known decides; without it the newest year
    of the yearly facts that the rule reads, or the year of the day.
    """

    title: AnyTitle
    members: AnyRule
    year: Id | None = None
    case: ListCase | None = None
    exits: dict[Id, Exit] = Field(default_factory=dict)
    manual: bool = Field(
        False, description="people put subjects on the list, as nominations; the rule only allows it"
    )
    by: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = Field(
        (), description="of a manual list: the posts whose holders nominate in their region"
    )
    note: Words | None = None
