"""The names that conditions of obligations and indicators may use over a case, and their values.

Those of the workflow's own conditions, and besides: `state`, `ended`, `region`, `ever.<step>` (times taken in all rounds), and of
each clock of the case `met`, `met_original` (against the limit without extensions), `extended` (how often), `hours` (working
hours, pauses left out) and `elapsed` (with them), the last two in whole hours. Cases of every published version are read alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple

from engine.calendar import Calendar
from engine.case import CASE_CLOCK, Case, Clock
from engine.clocks import due_moment, worked
from engine.definition import Definition, FieldSpec
from engine.expressions import Expression, Kind, compile_guard, vocabulary
from engine.fields import value_of
from engine.machine import Program
from engine.naming import values_of

__all__ = ["At", "Names", "Reading", "earlier_runs", "exact_hours", "met_original"]

_HOUR: Final = timedelta(hours=1)
_CLOCK_WORDS: Final = {
    "met": Kind.BOOLEAN,
    "met_original": Kind.BOOLEAN,
    "extended": Kind.INTEGER,
    "hours": Kind.INTEGER,
    "elapsed": Kind.INTEGER,
}
_CASE_WORDS: Final = {"state": Kind.TEXT, "ended": Kind.TEXT, "region": Kind.TEXT}


class At(NamedTuple):
    """When is asked, and under which calendar."""

    now: datetime
    calendar: Calendar

    def working_days(self, day: date) -> int:
        """How many there are after today, up to the day."""
        return self.calendar.working_days_ahead(self.calendar.local_date(self.now), day)


class Names:
    """What may be asked of the cases of one workflow: the names of these versions, oldest first; what the newest says holds."""

    def __init__(self, versions: Iterable[Definition]) -> None:
        self.fields: dict[str, FieldSpec] = {}
        self.words: dict[str, Kind] = dict(_CASE_WORDS)
        clocks: dict[str, None] = {}
        for definition in versions:
            self.fields |= {n: spec for n, spec in definition.fields.items() if not spec.personal}
            self.words |= vocabulary(definition)
            clocks |= dict.fromkeys((*definition.clocks, *((CASE_CLOCK,) if definition.case_due else ())))
        self.clocks = tuple(clocks)
        self.steps = tuple(name.removeprefix("taken.") for name in self.words if name.startswith("taken."))
        self.words |= {f"ever.{step}": Kind.INTEGER for step in self.steps}
        self.words |= {f"{word}.{c}": kind for c in self.clocks for word, kind in _CLOCK_WORDS.items()}
        self.words |= _CASE_WORDS


class Reading(Names):
    """The names with their values, for cases of every version. Immutable after construction; share it freely."""

    def __init__(self, programs: Iterable[Program]) -> None:
        versions = sorted(programs, key=lambda p: p.definition.version)
        self._programs = {program.digest: program for program in versions}
        super().__init__(program.definition for program in versions)

    def compiled(self, text: str, more: Mapping[str, Kind]) -> Expression:
        """The condition, checked against these names and `more`. Raises `ExpressionRefused`."""
        return compile_guard(text, {**self.words, **more})

    def value(self, name: str, case: Case, at: At) -> Any:
        """What a name is worth in a case."""
        if name in _CASE_WORDS:
            return getattr(case, name)
        family, _, rest = name.partition(".")
        if rest and family == "ever":
            taken = case.taken.get(rest)
            return taken.total if taken else 0
        if rest and family == "taken":
            taken = case.taken.get(rest)
            return taken.times if taken and taken.round == case.round else 0
        if rest and family in _CLOCK_WORDS:
            return _CLOCK_VALUES[family](case.clocks.get(rest), at)
        if not rest and name in self.fields:
            return value_of(self.fields[name], case.data, name)
        program = self._programs[case.digest]
        return values_of((name,), program, case, lane="", incoming={}, ahead=at.working_days)[name]

    def amount(self, name: str, case: Case, at: At) -> Fraction | None:
        """A number exactly: working hours with their minutes; None of a clock that has not ended."""
        family, _, rest = name.partition(".")
        if rest and family in ("hours", "elapsed"):
            clock = case.clocks.get(rest)
            is_done = clock is not None and clock.status in ("met", "late")
            return exact_hours(clock, at, pauses=family == "elapsed") if clock and is_done else None
        return Fraction(self.value(name, case, at))


def exact_hours(clock: Clock, at: At, *, pauses: bool) -> Fraction:
    """Working time of a clock in hours, without its pauses or with them."""
    whole = at.calendar.working_time(clock.started_at, clock.segments[-1][1] or at.now)
    length = whole if pauses else worked(clock, at.now, at.calendar)
    return Fraction(length // timedelta(microseconds=1), _HOUR // timedelta(microseconds=1))


def met_original(clock: Clock | None, at: At) -> bool:
    """Whether it ended in time even without its extensions."""
    if clock is None or clock.status != "met":
        return False
    ended = clock.segments[-1][1]
    return not clock.extended or (ended is not None and ended <= _original_due(clock, at))


def _original_due(clock: Clock, at: At) -> datetime:
    # What a merged case handed down was moved by the extension too; without it the own limit alone is known.
    return due_moment(clock.changed(extended=(), not_after=None), at.calendar)


def _met(clock: Clock | None, at: At) -> bool:
    return clock is not None and clock.status == "met"


def _extended(clock: Clock | None, at: At) -> int:
    return len(clock.extended) if clock else 0


def _hours(clock: Clock | None, at: At) -> int:
    return int(exact_hours(clock, at, pauses=False)) if clock else 0


def _elapsed(clock: Clock | None, at: At) -> int:
    return int(exact_hours(clock, at, pauses=True)) if clock else 0


_CLOCK_VALUES: Final[Mapping[str, Callable[[Clock | None, At], Any]]] = {
    "met": _met,
    "met_original": met_original,
    "extended": _extended,
    "hours": _hours,
    "elapsed": _elapsed,
}


def earlier_runs(
    changes: Iterable[Mapping[str, Any]], latest: Mapping[str, int]
) -> dict[str, tuple[Clock, ...]]:
    """The former runs of clocks as each ended, oldest first; `latest` says which run each clock is in now.

    A case keeps only the latest run of a clock. What the ones before came to stands in its history.
    """
    found: dict[tuple[str, int], Clock] = {}
    for change in changes:
        if change["op"] == "clock" and (last := latest.get(change["id"])):
            clock = change["clock"]
            if clock["cycle"] < last:
                found[change["id"], clock["cycle"]] = Clock.from_data(clock)
    runs: dict[str, tuple[Clock, ...]] = {}
    for (name, _), clock in sorted(found.items(), key=lambda item: item[0]):
        runs[name] = (*runs.get(name, ()), clock)
    return runs
