"""What if: the clocks of a case as recorded and under other rules, side by side.

What people did stays at its recorded moments. A move that a clock would have made under the other rules is counted as an
escalation and not made; one that it made and would not have made is counted as saved, and the path stays. So the figures say
what other limits would have shown, and to whom; not what people would have done then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from engine import clocks
from engine.audit.course import Calendars, Course, Desk, Firing, Path, Programs, Run, RunKey, recorded
from engine.audit.rerun import rerun
from engine.calendar import Calendar
from engine.canonical import instant
from engine.case import Case, Clock, lane_of
from engine.clocks import Light
from engine.directory import Of
from engine.events import read
from engine.explain import explain

__all__ = ["ASSUMPTION", "CaseChange", "ClockChange", "Compared", "Judged", "Totals", "compared", "judged"]

ASSUMPTION = "行为不变假设：人的每个动作都留在实际发生的时刻，只按设想的规则重新计算时限、亮灯和逐级上报。"

When = Literal["before", "after"]
_WHENS: Final[tuple[When, When]] = ("before", "after")
Parents = Mapping[str, str]
Turns = tuple[tuple[datetime, Light], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One run of a clock up to a moment: when its light turned to what, its end, and whether it was or is late."""

    due_at: datetime
    limit: str
    turns: Turns
    is_late: bool

    def first(self, light: Light) -> datetime | None:
        return next((at for at, now in self.turns if now == light), None)

    def as_data(self) -> dict[str, Any]:
        return {
            "due_at": instant(self.due_at),
            "late": self.is_late,
            "lights": [[instant(at), light] for at, light in self.turns],
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A run that differs; None where it does not run at all. The sentences explain the two ends, where these differ."""

    clock: str
    title: str
    state: str
    unit: str
    before: Judged | None
    after: Judged | None
    because: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def as_data(self) -> dict[str, Any]:
        return {
            "after": self.after.as_data() if self.after else None,
            "before": self.before.as_data() if self.before else None,
            "clock": self.clock,
            "explained": {"after": list(self.because[1]), "before": list(self.because[0])},
            "state": self.state,
            "title": self.title,
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class CaseChange:
    """What differs in one case. `moved` rungs fire in both, at different moments."""

    case: str
    region: str
    clocks: tuple[ClockChange, ...]
    extra: tuple[Firing, ...]
    saved: tuple[Firing, ...]
    moved: tuple[tuple[Firing, Firing], ...]

    @property
    def matters(self) -> bool:
        """Somebody would have seen another light, or been told more, less or at another time."""
        lights = any(_seen(each.before) != _seen(each.after) for each in self.clocks)
        return lights or bool(self.extra or self.saved or self.moved)

    def as_data(self) -> dict[str, Any]:
        return {
            "case": self.case,
            "clocks": [each.as_data() for each in self.clocks],
            "extra": [firing_data(each) for each in self.extra],
            "moved": [{"after": firing_data(b), "before": firing_data(a)} for a, b in self.moved],
            "region": self.region,
            "saved": [firing_data(each) for each in self.saved],
        }


class Lit(NamedTuple):
    """A line of the table of lights: who held it, in which state, by which clock, and what is counted."""

    unit: str
    state: str
    clock: str
    what: Literal["runs", "late", "yellow", "red"]


class Load(NamedTuple):
    """A line of the table of loads: whose desk, in which region or unit, in which week, of what."""

    role: str
    place: str
    week: str
    what: Literal["escalation", "reminder"]


def _both() -> dict[When, Counter[Any]]:
    return {when: Counter() for when in _WHENS}


@dataclass(slots=True)
class Totals:
    """Sums over cases; two of them add up."""

    cases: int = 0
    events: int = 0
    changed: int = 0
    matters: int = 0
    lights: dict[When, Counter[Lit]] = field(default_factory=_both)
    loads: dict[When, Counter[Load]] = field(default_factory=_both)
    firings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, other: Totals) -> None:
        for name in ("cases", "events", "changed", "matters"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for when in _WHENS:
            self.lights[when].update(other.lights[when])
            self.loads[when].update(other.loads[when])
        for kind, counts in other.firings.items():
            self.firings[kind].update(counts)

    def count(self, what: str, when: When) -> int:
        return sum(number for line, number in self.lights[when].items() if line.what == what)


@dataclass(frozen=True, slots=True)
class Compared:
    """One case: its sums, and what differs if anything does."""

    totals: Totals
    change: CaseChange | None


def compared(
    history: Sequence[bytes],
    *,
    programs: Programs,
    changed: Programs,
    calendars: Calendars,
    under: Calendars,
    until: datetime,
    parents: Parents,
) -> Compared:
    """The history of one case as recorded, and under the `changed` programs and the calendars `under`.

    `until`: open clocks are judged as of then. `parents`: each region's own one, to say on whose desk an escalation comes.
    """
    events = [read(data) for data in history]
    path, before = recorded(events, programs, calendars)
    after = rerun(events, changed, under, until=until)
    sides: dict[When, _Side] = {
        "before": _Side(path, before, until),
        "after": _Side(path, after, until),
    }
    totals = Totals(cases=1, events=len(events))
    for when, side in sides.items():
        totals.lights[when].update(side.lit())
        totals.loads[when].update(side.loads(parents))
    change = _change(path, sides["before"], sides["after"])
    if change:
        totals.changed, totals.matters = 1, int(change.matters)
        for kind in ("extra", "saved"):
            totals.firings[kind].update(_kind(each) for each in getattr(change, kind))
        totals.firings["moved"].update(_kind(b) for _, b in change.moved)
    return Compared(totals, change)


def judged(run: Run, until: datetime, firings: Iterable[Firing] = ()) -> Judged:
    """A run up to the moment `until`. `firings`: those of this run; an end that rang at its very moment was red."""
    turns: list[tuple[datetime, Light]] = []
    ends = [piece.at for piece in run.pieces[1:]] + [until]
    for piece, end in zip(run.pieces, ends, strict=True):
        for at, light in _lights(run, piece.clock, piece.calendar, piece.at, end):
            if not turns or turns[-1][1] != light:
                turns.append((at, light))
    clock = run.last.clock
    if not run.elapses and all(light != "red" for _, light in turns):
        turns += [(each.at, "red") for each in firings if each.rung == "due"][:1]
    return Judged(clock.due_at, clock.limit, tuple(sorted(turns, key=lambda t: t[0])), _is_late(run, until))


def _lights(
    run: Run, clock: Clock, calendar: Calendar, at: datetime, end: datetime
) -> Iterator[tuple[datetime, Light]]:
    """From `at` to before `end`, in which the clock does not change."""
    yield at, "grey" if run.elapses else clocks.light(clock, at, calendar)
    if run.elapses or clock.status != "running":
        return
    if at < (yellow := clocks.yellow_from(clock, calendar)) < min(end, clock.due_at):
        yield yellow, "yellow"
    if at <= clock.due_at < end:
        yield clock.due_at, "red"


def _is_late(run: Run, until: datetime) -> bool:
    clock = run.last.clock
    if run.elapses or not clock.is_open:
        return not run.elapses and clock.status == "late"
    counted_to = clock.segments[-1][1] or until
    return counted_to > clock.due_at or "due" in clock.fired


class _Side:
    """One of the two courses, judged."""

    def __init__(self, path: Path, course: Course, until: datetime) -> None:
        self._path, self.course = path, course
        by_run: dict[RunKey, list[Firing]] = defaultdict(list)
        for each in course.firings:
            by_run[each.run].append(each)
        self.judged = {key: judged(run, until, by_run[key]) for key, run in course.runs.items()}

    def lit(self) -> Iterator[Lit]:
        for key, found in self.judged.items():
            run = self.course.runs[key]
            if run.elapses:
                continue
            unit, state = self.where(key)
            whats = {"runs": True, "late": found.is_late}
            whats |= {light: found.first(light) is not None for light in ("yellow", "red")}
            yield from (Lit(unit, state, run.title, what) for what, is_so in whats.items() if is_so)  # type: ignore[arg-type]

    def loads(self, parents: Parents) -> Iterator[Load]:
        for each in self.course.firings:
            if each.elapses:
                continue
            piece = self.course.runs[each.run].last
            year, week, _ = piece.calendar.local_date(each.at).isocalendar()
            region = self._path.after(each.run.seq).region
            for desk in each.desks:
                what: Literal["escalation", "reminder"] = "reminder" if each.is_reminder else "escalation"
                yield Load(desk.role, place_of(desk, region, parents), f"{year}-W{week:02d}", what)

    def where(self, key: RunKey) -> tuple[str, str]:
        """Who held it and in which state: when it turned red, else when it ended, else now."""
        run, found = self.course.runs[key], self.judged[key]
        if red := found.first("red"):
            case = self._path.before(red, since=key.seq)
        elif run.last.clock.is_open:
            case = self._path.cases[-1]
        else:
            case = self._path.after(max(run.last.seq - 1, key.seq))
        return _place(case, key.clock)


def _place(case: Case, clock_id: str) -> tuple[str, str]:
    holder, key = case.holder_of(clock_id), lane_of(clock_id)
    state = f"{case.lanes[key].type}.{case.lanes[key].state}" if key else case.state
    return holder.unit or holder.role, state


def place_of(desk: Desk, region: str, parents: Parents) -> str:
    """The region or unit whose desk it is, were no post vacant."""
    if desk.of is Of.UNIT:
        return desk.unit
    if desk.of is Of.ABOVE:
        return parents.get(region, region)
    while desk.of is Of.TOP and region in parents:
        region = parents[region]
    return region


# The difference


def _change(path: Path, before: _Side, after: _Side) -> CaseChange | None:
    changes = tuple(_clock_changes(before, after))
    extra, saved, moved = _fired_differently(before.course.firings, after.course.firings)
    if not (changes or extra or saved or moved):
        return None
    first = path.cases[0]
    return CaseChange(first.id, first.region, changes, extra, saved, moved)


def _clock_changes(before: _Side, after: _Side) -> Iterator[ClockChange]:
    for key in (*before.judged, *(key for key in after.judged if key not in before.judged)):
        old, new = before.judged.get(key), after.judged.get(key)
        if old == new:
            continue
        side = after if new else before
        unit, state = side.where(key)
        because = (_because(before, key), _because(after, key))
        yield ClockChange(key.clock, side.course.runs[key].title, state, unit, old, new, because)


def _because(side: _Side, key: RunKey) -> tuple[str, ...]:
    if key not in side.course.runs:
        return ()
    piece = side.course.runs[key].last
    return explain(piece.clock, piece.calendar).sentences


_Differently = tuple[tuple[Firing, ...], tuple[Firing, ...], tuple[tuple[Firing, Firing], ...]]


def _fired_differently(before: Sequence[Firing], after: Sequence[Firing]) -> _Differently:
    """Rungs of the same run, name and desks are the same rung; what is left over on one side is extra or saved."""
    extra: list[Firing] = []
    moved: list[tuple[Firing, Firing]] = []
    waiting: dict[Any, list[Firing]] = defaultdict(list)
    for each in before:
        waiting[_same(each)].append(each)
    for each in after:
        if not (found := waiting[_same(each)]):
            extra.append(each)
        elif (old := found.pop(0)).at != each.at:
            moved.append((old, each))
    saved = [each for left in waiting.values() for each in left]
    return tuple(extra), tuple(sorted(saved, key=lambda each: each.at)), tuple(moved)


def _same(firing: Firing) -> tuple[Any, ...]:
    return firing.run, firing.rung, firing.desks, firing.to, firing.opens


def _kind(firing: Firing) -> str:
    if firing.is_reminder:
        return "reminder"
    return "elapsed" if firing.elapses else "escalation"


def _seen(found: Judged | None) -> tuple[Any, ...]:
    """What of a clock people see: whether it was late, and when it was yellow and red."""
    return (found.is_late, found.first("yellow"), found.first("red")) if found else ()


def firing_data(firing: Firing) -> dict[str, Any]:
    return {
        "at": instant(firing.at),
        "clock": firing.run.clock,
        "desks": [_desk_words(desk) for desk in firing.desks],
        "kind": _kind(firing),
        "opens": firing.opens,
        "planned": instant(firing.planned),
        "rung": firing.rung,
        "to": firing.to,
    }


def _desk_words(desk: Desk) -> str:
    words = {Of.REGION: "", Of.UNIT: f" of {desk.unit}", Of.ABOVE: " above", Of.TOP: " at top"}
    return desk.role + words[desk.of]
