"""What can be asked of a case. A command carries who asks and what for; `decide.py` says what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from engine.access import Actor
from engine.case import CaseId, CommandId, Said

_ENVELOPE = frozenset({"id", "case", "actor", "expected_seq", "occurred_at", "kind", "event"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`id` is the idempotency key; with `expected_seq` the command is refused on any other version of the case."""

    kind: ClassVar[str] = ""
    event: ClassVar[str] = ""

    id: CommandId
    case: CaseId
    actor: Actor
    expected_seq: int | None = None
    occurred_at: datetime | None = None

    def asked(self) -> dict[str, Any]:
        """What was asked, as canonical data: every field that is not the envelope."""
        kind: Any = type(self)
        return {name: getattr(self, name) for name in _asked_of(kind)}


@cache
def _asked_of(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.name not in _ENVELOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Command):
    """Open a case. `region` is the region it belongs to, `subject` whom it is about; `cause` the related case, if any."""

    kind, event = "open", "case.opened"
    workflow: str
    version: int | None = None
    region: str
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    cause: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(Command):
    """Take over a case that was worked on elsewhere, in the `state` in which it stood since the moment `since`.

    `opened` is the moment at which it began, `number` what it was called there. `past` is what happened, in order: each with
    `at` and `what`, with `step` where a step of this workflow stands for it, and whatever else was written down.
    """

    kind, event = "import", "case.imported"
    workflow: str
    version: int | None = None
    region: str
    subject: str = ""
    number: str
    state: str
    opened: str
    since: str
    data: Mapping[str, Any] = field(default_factory=dict)
    past: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeStep(Command):
    kind, event = "step", "step.taken"
    step: str
    lane: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Command):
    """The clock asks: fire the earliest rung that is due. One rung, one event."""

    kind, event = "tick", "clock.fired"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLane(Command):
    kind, event = "add_lane", "lane.added"
    lane: str
    reason: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawLane(Command):
    kind, event = "withdraw_lane", "lane.withdrawn"
    lane: str
    reason: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Command):
    """Give the case, or one lane of it, to a person."""

    kind, event = "assign", "case.assigned"
    person: str
    lane: str = ""
    reason: Said = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Command):
    kind, event = "comment", "case.commented"
    text: Said
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExtension(Command):
    """Ask for a longer limit. `amount` in words; empty asks for the most that is allowed."""

    kind, event = "ask_extension", "extension.asked"
    clock: str
    reason: Said
    amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerExtension(Command):
    kind, event = "answer_extension", "extension.answered"
    clock: str
    approve: bool
    reason: Said = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump(Command):
    """An administrator puts the case into a state by hand; `second` is the other person who answers for it."""

    kind, event = "jump", "case.jumped"
    state: str
    reason: Said
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveVersion(Command):
    """Move the case to another version of its workflow."""

    kind, event = "move_version", "case.moved"
    version: int
    reason: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount(Command):
    """The calendar changed: compute every open deadline again."""

    kind, event = "recount", "deadline.revised"
    reason: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Relate(Command):
    """Another case reports: it was opened from this one, it ended, or it was merged into this one.

    `news` is `opened`, `ended` or `merged`; `clocks` of a merged case: clock id to [started_at, due_at].
    """

    kind, event = "relate", "case.related"
    other: str
    relation: str
    news: str
    clocks: Mapping[str, Any] = field(default_factory=dict)
