"""Every deadline that a case ever had: how each was computed, under which calendar, and whether a second count agrees.

A deadline is one stretch of one cycle of one clock (`case.Clock`): a start, an extension and a change of limit begin another.
Within it the due moment may be determined again, by a resumption, a recount or a merge. Each determination names its event,
and is counted again by `recounting.py` under the calendar that this event names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engine.audit.recounting import due_again
from engine.calendar import Calendar
from engine.case import Case, Clock, Holder
from engine.events import Event, apply, read
from engine.explain import Explanation, explain
from engine.machine import Program
from engine.timing import rule_of

__all__ = ["Deadline", "Determination", "deadlines"]

DETERMINES: Final = frozenset({"start", "extend", "retarget", "inherit", "resume", "recount", "carry"})
"""What the due moment is computed at; firing, asking, pausing and ending leave it as it was."""


@dataclass(frozen=True, slots=True)
class Determination:
    """One event that computed a due moment, and the same counted again."""

    seq: int
    at: datetime
    did: str
    calendar: str
    due_at: datetime
    again: datetime

    @property
    def agrees(self) -> bool:
        return self.due_at == self.again


@dataclass(frozen=True, slots=True)
class Deadline:
    """`clock` as it stood when the stretch ended, or stands now; `explanation` under the calendar of the last determination.

    `digest` is the definition under which it began, `ended_seq` the event that stopped it, `fired` each rung with its event.
    """

    id: str
    title: str
    digest: str
    cycle: int
    stretch: int
    holder: Holder
    clock: Clock
    determinations: tuple[Determination, ...]
    ended_seq: int | None
    fired: tuple[tuple[str, int], ...]
    explanation: Explanation

    @property
    def agrees(self) -> bool:
        return all(each.agrees for each in self.determinations)


@dataclass
class _Stretch:
    """One deadline while the history is read."""

    title: str
    digest: str
    holder: Holder
    clock: Clock
    calendar: Calendar
    determinations: list[Determination] = field(default_factory=list)
    fired: list[tuple[str, int]] = field(default_factory=list)
    ended_seq: int | None = None


def deadlines(
    history: Iterable[bytes],
    program: Callable[[str], Program],
    calendar: Callable[[str], Calendar],
    *,
    clock: str = "",
) -> list[Deadline]:
    """All deadlines of a case, or those of one clock, in the order in which they began."""
    found: dict[tuple[str, int, int], _Stretch] = {}
    case: Case | None = None
    for data in history:
        event = read(data)
        before, case = case, apply(case, event)
        own = calendar(event.body["calendar"]["digest"])
        names = _Names(event, before, case, program)
        for change in event.body["changes"]:
            if change["op"] == "clock" and clock in ("", change["id"]):
                _take(found, change, event, own, names)
    return [_deadline(key, stretch) for key, stretch in found.items()]


class _Names:
    """How a clock is called and who answers for it: after the event, or before it where the event has left its state."""

    def __init__(
        self, event: Event, before: Case | None, after: Case, program: Callable[[str], Program]
    ) -> None:
        self._cases = [(case, program(case.digest)) for case in (after, before) if case is not None]

    def of(self, clock_id: str, clock: Clock) -> tuple[str, Holder]:
        for case, program in self._cases:
            held = case.clocks.get(clock_id)
            if held is not None and (held.cycle, held.stretch) == (clock.cycle, clock.stretch):
                rule = rule_of(program, case, clock_id)
                return (rule.title if rule else clock_id), case.holder_of(clock_id)
        return clock_id, Holder()


def _take(
    found: dict[tuple[str, int, int], _Stretch],
    change: Mapping[str, Any],
    event: Event,
    calendar: Calendar,
    names: _Names,
) -> None:
    clock = Clock.from_data(change["clock"])
    key = (change["id"], clock.cycle, clock.stretch)
    if key not in found:
        title, holder = names.of(change["id"], clock)
        found[key] = _Stretch(title, event.body["def"]["digest"], holder, clock, calendar)
    stretch = found[key]
    stretch.clock = clock
    if change["do"] in DETERMINES:
        stretch.calendar = calendar
        stretch.determinations.append(_determination(change["do"], event, clock, calendar))
    elif change["do"] == "fire":
        stretch.fired.append((clock.fired[-1], event.seq))
    if not clock.is_open:
        stretch.ended_seq = event.seq


def _determination(did: str, event: Event, clock: Clock, calendar: Calendar) -> Determination:
    return Determination(event.seq, event.at, did, calendar.digest, clock.due_at, due_again(clock, calendar))


def _deadline(key: tuple[str, int, int], stretch: _Stretch) -> Deadline:
    clock_id, cycle, number = key
    return Deadline(
        id=clock_id,
        title=stretch.title,
        digest=stretch.digest,
        cycle=cycle,
        stretch=number,
        holder=stretch.holder,
        clock=stretch.clock,
        determinations=tuple(stretch.determinations),
        ended_seq=stretch.ended_seq,
        fired=tuple(stretch.fired),
        explanation=explain(stretch.clock, stretch.calendar),
    )
