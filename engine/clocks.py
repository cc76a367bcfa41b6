"""Clocks as pure arithmetic: intervals of running time, the moment a limit ends, and what fires next.

A clock never holds a total. Its running intervals (`segments`) are the truth, and the due moment is where the limit's working
time is used up along them, so pausing, extending and recounting in any order give the same answer. Leaves to
`timing.py` when a clock starts and stops.

Sources: 《民法典》第二百零一条 (the day of the start is not counted); requirements T1 to T14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from engine.calendar import Calendar
from engine.case import Asked, Clock
from engine.definition import Extension, LimitTable, Rung
from engine.directory import Address
from engine.durations import (
    Duration,
    FixedDate,
    Offset,
    Share,
    Unit,
    parse_duration,
    plus,
    same_kind,
)
from engine.machine import named_rungs
from engine.recorded import Recorded, Until, parse_recorded
from engine.spelling import Limit, LimitRef

Light = Literal["green", "yellow", "red", "grey"]

_WORKING = frozenset({Unit.WORKING_MINUTE, Unit.WORKING_HOUR, Unit.WORKING_DAY})
_MINUTES = {Unit.WORKING_MINUTE: 1, Unit.WORKING_HOUR: 60}
_DAYS = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30, Unit.YEAR: 365}
_ZERO = timedelta(0)

# Yellow: a fifth of the limit, or two working days, whichever is more. A default (requirements §3.3, region LIGHT).
YELLOW_PERCENT = 20
YELLOW_WORKING_DAYS = 2
_DAY_MINUTES = 480  # a working day as a limit in hours or minutes compares with it


@dataclass(frozen=True, slots=True)
class Rule:
    """What the definition says of one clock, whichever kind it is."""

    title: str
    limit: Limit
    same_moment: bool = False
    since: str = ""  # the step from whose last time it counts
    until: str = ""  # the date field that says when it ends
    remind: tuple[Offset, ...] = ()
    warn: tuple[Address, ...] = ()
    ladder: tuple[Rung, ...] = ()
    extension: Extension | None = None

    def rung(self, name: str) -> Rung | None:
        """The ladder's entry behind a fired name; a repeat is its own rung's entry again."""
        entries = dict(named_rungs(self.ladder))
        if name.startswith("again-"):
            return next((r for r in self.ladder if r.every), None)
        return entries.get(name)


def resolve_limit(
    limit: Limit, table: LimitTable | None, choice: str
) -> tuple[Duration | FixedDate | None, str]:
    """The length in force and the table column it came from; None where the row says `none`."""
    if not isinstance(limit, LimitRef):
        return limit, ""
    if table is None:
        raise ValueError(f"{limit} without a limits table")  # refused at load
    row = table.rows.get(choice) or table.rows[table.default]
    length = row[limit.column]
    return (None if isinstance(length, str) else length), limit.column


def until(day: str, at_most: Duration | FixedDate, started_at: datetime, calendar: Calendar) -> Recorded:
    """The limit that a date gives: never before the day after the start, and `at_most` alone where there is no date."""
    if not day:
        return at_most
    tomorrow = calendar.local_date(started_at) + timedelta(days=1)
    return Until(max(date.fromisoformat(day), tomorrow), at_most)


def start(
    rule: Rule,
    limit: Recorded,
    *,
    column: str,
    cycle: int,
    at: datetime,
    calendar: Calendar,
    since: datetime | None = None,
) -> Clock:
    """`since`: counted from before `at`. Reminders whose moment has passed by then are not made up for."""
    clock = Clock(
        cycle=cycle,
        limit=limit.words,
        column=column,
        same_moment=rule.same_moment,
        started_at=since or at,
        segments=((since or at, None),),
        due_at=at,
    )
    if since:
        timed = clock.changed(due_at=due_moment(clock, calendar))
        passed = (name for name, moment in _reminders(timed, rule.remind, calendar) if moment <= at)
        clock = clock.changed(fired=tuple(passed))
    return refresh(clock, rule, calendar)


def pause(clock: Clock, at: datetime) -> Clock:
    """Stand still. The due moment shown meanwhile is the one at which the clock would have ended."""
    return clock.changed(status="paused", segments=_closed(clock, at), next_at=None, next_rung="")


def resume(clock: Clock, rule: Rule, at: datetime, calendar: Calendar) -> Clock:
    running = clock.changed(status="running", segments=(*clock.segments, (at, None)))
    stood_still = clock.segments[-1][1] or at
    if clock.not_after and clock.not_after > stood_still:
        left = calendar.working_time(stood_still, clock.not_after)
        running = running.changed(not_after=calendar.add_working_time(at, left))
    return refresh(running, rule, calendar)


def stop(clock: Clock, at: datetime, *, may_elapse: bool = False) -> Clock:
    """The work is done: `met` if in time, else `late`; a clock that rang its end is late, to the second or not.

    `may_elapse`: a term that simply runs out, as that of a settled state or a public notice. It is never late.
    """
    ended = clock.segments[-1][1] or at  # a paused clock has stopped counting
    in_time = may_elapse or (ended <= clock.due_at and "due" not in clock.fired)
    return _ended(clock, at, "met" if in_time else "late")


def cancel(clock: Clock, at: datetime) -> Clock:
    return _ended(clock, at, "cancelled")


def ask(clock: Clock, asked: Asked) -> Clock:
    return clock.changed(asked=asked)


def refuse_extension(clock: Clock) -> Clock:
    return clock.changed(asked=None)


def extend(clock: Clock, rule: Rule, amount: str, calendar: Calendar) -> Clock:
    """A longer limit, counted on from the old end; reminders and rungs are armed again for the new end."""
    longer = clock.changed(extended=(*clock.extended, amount), asked=None)
    if clock.not_after:
        end = calendar.limit_end(parse_duration(amount), clock.not_after, same_moment=True)
        longer = longer.changed(not_after=end)
    return refresh(_rearmed(longer), rule, calendar)


def retarget(clock: Clock, rule: Rule, limit: Recorded, calendar: Calendar) -> Clock:
    """Another limit from the same start: the class of the case changed."""
    return refresh(_rearmed(clock.changed(limit=limit.words)), rule, calendar)


def inherit(clock: Clock, rule: Rule, *, started_at: datetime, due_at: datetime, calendar: Calendar) -> Clock:
    """Take over from a merged case: the earlier start and the earlier end count (requirements T12)."""
    first = min(clock.started_at, started_at)
    (_, until), *rest = clock.segments
    latest = min(clock.not_after or due_at, due_at)
    merged = clock.changed(started_at=first, segments=((first, until), *rest), not_after=latest)
    return refresh(_rearmed(merged), rule, calendar)


def fire(clock: Clock, rule: Rule, rung: str, at: datetime, calendar: Calendar) -> Clock:
    """Note that `rung` has fired and arm what comes after it."""
    return refresh(clock.changed(fired=(*clock.fired, rung)), rule, calendar, after=at)


def recount(clock: Clock, rule: Rule, at: datetime, calendar: Calendar) -> Clock:
    """The moments computed again under another calendar or rule; an end that lies ahead once more is armed once more."""
    fresh = refresh(clock, rule, calendar)
    rang = "due" in clock.fired and fresh.due_at > at
    return refresh(_rearmed(fresh), rule, calendar) if rang else fresh


def refresh(clock: Clock, rule: Rule, calendar: Calendar, *, after: datetime | None = None) -> Clock:
    """The same clock with its cached moments computed again under `calendar`."""
    timed = clock.changed(due_at=due_moment(clock, calendar))
    if timed.status != "running":
        return timed
    rung, moment = _next_rung(timed, rule, calendar, after or timed.segments[-1][0])
    return timed.changed(next_at=moment, next_rung=rung)


def due_moment(clock: Clock, calendar: Calendar) -> datetime:
    """Where the limit, with its extensions, is used up along the running intervals; or an earlier day that was named."""
    limit, *longer = lengths(clock)
    length = _most(limit)
    end = calendar.limit_end(length, clock.started_at, same_moment=clock.same_moment)
    for more in longer:
        end = calendar.limit_end(_most(more), end, same_moment=True)
    if isinstance(length, Duration) and _was_paused(clock):
        if length.unit in _WORKING:
            end = _moment_of(clock, calendar.working_time(clock.started_at, end), calendar)
        else:
            end = _shifted(end + _paused_time(clock), calendar)
    if isinstance(limit, Until) and limit.day <= calendar.local_date(end):
        end = min(end, calendar.end_of(limit.day))
    return min(end, clock.not_after) if clock.not_after else end


def _most(limit: Recorded) -> Duration | FixedDate:
    return limit.at_most if isinstance(limit, Until) else limit


def ruling(clock: Clock, calendar: Calendar) -> Recorded:
    """The limit with the extensions of its own kind; of a day and the most, whichever ends the clock."""
    limit = lengths(clock)[0]
    if isinstance(limit, Until) and calendar.local_date(clock.due_at) < limit.day:
        return limit.at_most
    return limit


def lengths(clock: Clock) -> list[Recorded]:
    """The limit and its extensions, one after the other; what is of one kind is added up first."""
    parts: list[Recorded] = [parse_recorded(clock.limit)]
    for amount in map(parse_duration, clock.extended):
        last = parts[-1]
        if isinstance(last, Duration) and same_kind(last, amount):
            parts[-1] = plus(last, amount)
        else:
            parts.append(amount)
    return parts


def worked(clock: Clock, now: datetime, calendar: Calendar) -> timedelta:
    """Working time counted so far: the sum over the running intervals, and nothing else."""
    return sum((calendar.working_time(a, b or now) for a, b in clock.segments), _ZERO)


def remaining(clock: Clock, now: datetime, calendar: Calendar) -> timedelta:
    """Working time left until the due moment; negative once it is past."""
    if not clock.is_open:
        return _ZERO
    here = clock.segments[-1][1] or now  # a paused clock is where it stopped
    if here <= clock.due_at:
        return calendar.working_time(here, clock.due_at)
    return -calendar.working_time(clock.due_at, here)


def light(clock: Clock, now: datetime, calendar: Calendar) -> Light:
    """红 past the end, 黄 shortly before it, 绿 otherwise, 灰 while it stands still or has ended.

    Shortly: a fifth of the limit or less is left, or two working days or less; under a limit of two working days or
    less the fifth alone counts.
    """
    if clock.status != "running":
        return "grey"
    if now > clock.due_at:
        return "red"
    whole = worked(clock, now, calendar) + (left := remaining(clock, now, calendar))
    few = left * 100 <= whole * YELLOW_PERCENT
    return "yellow" if few or _last_days(clock, now, calendar) else "green"


def _last_days(clock: Clock, now: datetime, calendar: Calendar) -> bool:
    """Within the last two working days of a longer limit."""
    limit = ruling(clock, calendar)
    if isinstance(limit, Duration) and limit.amount * _MINUTES.get(
        limit.unit, _DAY_MINUTES * _DAYS.get(limit.unit, 1)
    ) <= (YELLOW_WORKING_DAYS * _DAY_MINUTES):
        return False
    day = calendar.nth_working_day_before(calendar.local_date(clock.due_at), YELLOW_WORKING_DAYS)
    begun = calendar.close_of_business(day)
    return clock.started_at < begun <= now


def yellow_from(clock: Clock, calendar: Calendar) -> datetime:
    """The moment from which `light` is yellow while the clock runs on: see tests/property/test_whatif.py."""
    share = _before(clock, Share(YELLOW_PERCENT), calendar)
    day = calendar.nth_working_day_before(calendar.local_date(clock.due_at), YELLOW_WORKING_DAYS)
    begun = calendar.close_of_business(day)
    return min(share, begun) if _last_days(clock, begun, calendar) else share


def _ended(clock: Clock, at: datetime, status: Literal["met", "late", "cancelled"]) -> Clock:
    return clock.changed(status=status, segments=_closed(clock, at), asked=None, next_at=None, next_rung="")


def _closed(clock: Clock, at: datetime) -> tuple[tuple[datetime, datetime | None], ...]:
    *before, (begun, until) = clock.segments
    return (*before, (begun, until or at))


def _rearmed(clock: Clock) -> Clock:
    return clock.changed(stretch=clock.stretch + 1, fired=(), next_rung="")


def _was_paused(clock: Clock) -> bool:
    return len(clock.segments) > 1


def _paused_time(clock: Clock) -> timedelta:
    ends = zip(clock.segments, clock.segments[1:], strict=False)
    return sum((later[0] - (earlier[1] or later[0]) for earlier, later in ends), _ZERO)


def _shifted(end: datetime, calendar: Calendar) -> datetime:
    """A limit in calendar days that pauses moved on; on a free day it ends with the next working day (《民法典》第二百零三条)."""
    day = calendar.local_date(end)
    if calendar.is_working_day(day):
        return end
    return calendar.close_of_business(calendar.nth_working_day_after(day, 1))


def _moment_of(clock: Clock, budget: timedelta, calendar: Calendar) -> datetime:
    """The moment at which `budget` of working time has run; the last interval is taken to go on."""
    left = budget
    for begun, until in clock.segments[:-1]:
        if until is None:
            break
        spent = calendar.working_time(begun, until)
        if spent >= left:
            return calendar.add_working_time(begun, left)
        left -= spent
    return calendar.add_working_time(clock.segments[-1][0], left)


def _next_rung(clock: Clock, rule: Rule, calendar: Calendar, now: datetime) -> tuple[str, datetime | None]:
    """What fires next and when: reminders, then the end, then whatever of the ladder comes first."""
    if "due" not in clock.fired:
        reminders = _reminders(clock, rule.remind, calendar)
        return next((r for r in reminders if r[0] not in clock.fired), ("due", clock.due_at))
    late = [
        (name, _later(clock, clock.due_at, rung.after, calendar))
        for name, rung in named_rungs(rule.ladder)
        if rung.after and name not in clock.fired
    ]
    repeats = [_next_repeat(clock, rung, rung.every, now, calendar) for rung in rule.ladder if rung.every]
    return min([*late, *repeats], key=lambda due: due[1], default=("", None))


def _reminders(clock: Clock, offsets: Sequence[Offset], calendar: Calendar) -> list[tuple[str, datetime]]:
    """Reminders in order. One that would come before the clock started is skipped (requirements T8)."""
    found = [(f"remind-{n}", _before(clock, o, calendar)) for n, o in enumerate(offsets, start=1)]
    ahead = [(name, moment) for name, moment in found if moment > clock.started_at]
    return sorted(ahead, key=lambda pair: pair[1])


def _before(clock: Clock, offset: Offset, calendar: Calendar) -> datetime:
    """The moment that lies `offset` before the end; in whole working days it is a close of business."""
    due = clock.due_at
    if isinstance(offset, Share):
        whole = _worked_until(clock, due, calendar)
        return _moment_of(clock, whole * (100 - offset.percent) / 100, calendar)
    if offset.unit is Unit.WORKING_DAY:
        return calendar.close_of_business(
            calendar.nth_working_day_before(calendar.local_date(due), offset.amount)
        )
    if offset.unit in _MINUTES:
        length = timedelta(minutes=offset.amount * _MINUTES[offset.unit])
        return _moment_of(clock, max(_ZERO, _worked_until(clock, due, calendar) - length), calendar)
    return due - timedelta(days=offset.amount * _DAYS[offset.unit])


def _later(clock: Clock, moment: datetime, length: Duration, calendar: Calendar) -> datetime:
    """`length` after `moment`, counted in the time in which the clock ran."""
    end = calendar.limit_end(length, moment, same_moment=True)
    if clock.segments[-1][0] <= moment:
        return end
    spent = _worked_until(clock, moment, calendar)
    return _moment_of(clock, spent + calendar.working_time(moment, end), calendar)


def _worked_until(clock: Clock, moment: datetime, calendar: Calendar) -> timedelta:
    parts = ((a, min(b or moment, moment)) for a, b in clock.segments if a < moment)
    return sum((calendar.working_time(a, b) for a, b in parts), _ZERO)


def _next_repeat(
    clock: Clock, rung: Rung, every: Duration, now: datetime, calendar: Calendar
) -> tuple[str, datetime]:
    """The next repeat of a rung that stays, on a grid from the rung's own moment. Those that a long stop missed are left out."""
    begun = _later(clock, clock.due_at, rung.after, calendar) if rung.after else clock.due_at
    armed = _repeat_number(clock.next_rung)
    number = max(armed, *(_repeat_number(name) + 1 for name in clock.fired))
    while (moment := _later(clock, begun, Duration(every.amount * number, every.unit), calendar)) <= now:
        number += 1
    return f"again-{number}", moment


def _repeat_number(rung: str) -> int:
    return int(rung.removeprefix("again-")) if rung.startswith("again-") else 0
