"""Obligations: what must happen in every period, for every region of a level or every member of a list.

Each opens a case at the beginning of its period (a slot). Which slots are due to exist on a day, what their cases bring and
which colour they have is decided here; opening them is left to `adapters/programme/slots.py`. A slot that was made up late is
yellow and never green; a period that is over when the system starts again is still an obligation, opened late and never twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from pydantic import Field

from engine.directory import Directory
from engine.durations import DurationError, FixedDate, parse_limit
from engine.programme.indicators import Over
from engine.programme.periods import Every, Period, walk
from engine.spelling import AnyTitle, Cel, Id, Model, Words

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "WORDS_BROUGHT",
    "Colour",
    "Enrolled",
    "Obligation",
    "SlotKey",
    "Target",
    "Whom",
    "brought",
    "colour",
    "command_id",
    "due_slots",
    "first_days",
    "region_targets",
    "terms",
]

FIRST_DAY: Final = "first day"
LAST_DAY: Final = "last day"
WORDS_BROUGHT: Final = ("period", "first", "last", "due", "year", "target")
_UNITS: Final = re.compile(r"units\((?P<post>[a-z][a-z0-9_]*)\)", re.ASCII)
_QUOTED: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")

Colour = Literal["green", "yellow", "red", "grey"]


class Whom(Model):
    """Exactly one: every region `depth` levels below the root (0: the root itself), or every member of a list."""

    depth: int | None = Field(None, ge=0, le=9)
    list: Id | None = None
    enrolled: int = Field(
        0, ge=0, le=366, description="days on the list before the end of the period from which on it counts"
    )


class Obligation(Model):
    """`with` maps fields of the case to `period`, `first`, `last` (its days), `due`, `year`, `target`, to `units(<post>)`: the
    units of the holders of that post one level below the target, or to a constant (a text in quotes).
    """

    title: AnyTitle
    every: Every
    whom: Whom = Field(alias="for")
    workflow: Id
    bring: dict[Id, str | int | bool] = Field(default_factory=dict, alias="with")
    opens: Words = Field(FIRST_DAY, description="`first day`, or a day of the year: `2 January`")
    due: Words = Field(LAST_DAY, description="`last day`, or a day of the year: `31 January`")
    done: Cel = Field(description="over the case: it was done, in time or not")
    in_time: Cel = Field("true", description="over the case: done within its term; else it was made up")
    at: Id | None = Field(None, description="the step whose day must lie within the term; later is made up")
    also_filled_by: Over | None = Field(
        None,
        description="cases that fill a slot besides its own, on the day that `by` says, if that lies within the term: of the "
        "slot's region and all under it, or about its subject. Not said: none do",
    )
    note: Words | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a slot is asked of: a region (`subject` empty), or a subject and the region it is counted in."""

    id: str
    region: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A spell on a list in local days, both included; `until` None while it lasts."""

    subject: str
    region: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class SlotKey:
    """A slot that is due to exist. `last` is the day by which it is to be done."""

    obligation: str
    target: Target
    period: Period
    first: date
    last: date


def terms(obligation: Obligation, period: Period) -> tuple[date, date, date]:
    """The day on which the slot opens, the first and the last day of its term."""
    opens = _day_of(obligation.opens, period.first, period)
    return opens, period.first, _day_of(obligation.due, period.last, period)


def region_targets(directory: Directory, depth: int) -> list[Target]:
    """Every region `depth` levels below its root, by id."""
    found = (r.id for r in directory.regions if len(list(directory.upwards(r.id))) == depth + 1)
    return [Target(region, region) for region in sorted(found)]


def due_slots(
    name: str,
    obligation: Obligation,
    *,
    since: date,
    on: date,
    regions: Callable[[int], Iterable[Target]],
    spells: Callable[[str], Iterable[Enrolled]],
) -> Iterator[SlotKey]:
    """The slots that are due to exist on a day, of terms that end on or after `since`: the present period first.

    The newest first, so that after a long stop what is due now does not wait for what was missed.
    """
    periods = [p for p in walk(obligation.every, since, on) if terms(obligation, p)[2] >= since]
    for period in sorted(periods, reverse=True):
        opens, first, last = terms(obligation, period)
        if opens <= on:
            for target in _targets(obligation.whom, on=on, last=last, regions=regions, spells=spells):
                yield SlotKey(name, target, period, first, last)


def _targets(
    whom: Whom,
    *,
    on: date,
    last: date,
    regions: Callable[[int], Iterable[Target]],
    spells: Callable[[str], Iterable[Enrolled]],
) -> Iterable[Target]:
    if whom.list is None:
        return regions(whom.depth or 0)
    latest, seen = last - timedelta(days=whom.enrolled), min(on, last)
    counted = (
        spell
        for spell in spells(whom.list)
        if spell.since <= min(latest, seen) and (spell.until is None or spell.until >= seen)
    )
    found = {spell.subject: Target(spell.subject, spell.region, spell.subject) for spell in counted}
    return [found[subject] for subject in sorted(found)]


def command_id(key: SlotKey) -> str:
    """The idempotency key under which the slot's case is opened: the same slot is never opened twice."""
    return f"programme/slot/{key.obligation}/{key.target.id}/{key.period}"


def brought(obligation: Obligation, key: SlotKey, directory: Directory, on: date) -> dict[str, Any]:
    """What the case of a slot is opened with."""
    words: Mapping[str, Any] = {
        "period": str(key.period),
        "first": key.first.isoformat(),
        "last": key.period.last.isoformat(),
        "due": key.last.isoformat(),
        "year": key.period.year,
        "target": key.target.id,
    }
    return {
        field: _value(source, words, directory, key.target.region, on)
        for field, source in obligation.bring.items()
    }


def _value(
    source: str | int | bool, words: Mapping[str, Any], directory: Directory, region: str, on: date
) -> Any:
    if not isinstance(source, str):
        return source
    if units := _UNITS.fullmatch(source):
        return _units_below(directory, units["post"], region, on)
    if quoted := _QUOTED.fullmatch(source):
        return quoted[1] if quoted[1] is not None else quoted[2]
    return words[source]


def _units_below(directory: Directory, post: str, region: str, on: date) -> list[str]:
    """The units of those who hold the post one level below, sorted; a vacancy has no unit."""
    below = (r.id for r in directory.regions if r.parent == region)
    holders = (person for each in below for person in directory.holders(post, region=each, on=on))
    people = (directory.person(person) for person in holders)
    return sorted({person.unit for person in people if person})


def is_source(source: str | int | bool) -> bool:
    """Whether `with` may say this."""
    if not isinstance(source, str):
        return True
    return bool(source in WORDS_BROUGHT or _UNITS.fullmatch(source) or _QUOTED.fullmatch(source))


def colour(*, done: bool, in_time: bool, last: date, on: date) -> Colour:
    """绿 done in time, 黄 made up, 红 missed so far, 灰 still within its term."""
    if done:
        return "green" if in_time else "yellow"
    return "red" if on > last else "grey"


def day_of_year(words: str) -> FixedDate:
    """`2 January`. Raises `DurationError`."""
    found = parse_limit(f"until {words}")
    if not isinstance(found, FixedDate):
        raise DurationError(f"看不懂的日期：{words}", hint="例如 2 January")
    return found


def _day_of(words: str, usual: date, period: Period) -> date:
    if words in (FIRST_DAY, LAST_DAY):
        return usual
    fixed = day_of_year(words)
    ahead = Period(period.year, "month", fixed.month)
    return min(ahead.first + timedelta(days=fixed.day - 1), ahead.last)


def first_days(versions: Iterable[tuple[date, Iterable[str]]]) -> dict[str, date]:
    """Since when each obligation is one: the first day on which a version that names it was in force."""
    found: dict[str, date] = {}
    for day, names in versions:
        for name in names:
            found[name] = min(day, found.get(name, day))
    return found
