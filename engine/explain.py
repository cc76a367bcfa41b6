"""Explain a deadline: from where it counts, what was counted, what was skipped and why, and so when it ends.

Pure. The same arithmetic as `clocks.py` decided with is asked again and shown; `differs` says where the calendar has changed
since. Sources: 《民法典》第二百零一条至第二百零三条; requirements §2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine import clocks
from engine.calendar import Calendar, CountedSpan, SkippedDay, YearStatus
from engine.case import Clock
from engine.durations import Duration, Unit, parse_duration
from engine.recorded import Until, parse_recorded

__all__ = ["Counted", "Explanation", "Pause", "Skipped", "explain"]

_WEEKDAYS = "一二三四五六日"
_IN_HOURS = frozenset({Unit.WORKING_MINUTE, Unit.WORKING_HOUR})
_WORKING = _IN_HOURS | {Unit.WORKING_DAY}
_ENDINGS = {"met": "已按时完成", "late": "已完成，但超过时限", "cancelled": "已取消，不再计时"}
_STATUS = {YearStatus.PROVISIONAL: "暂定", YearStatus.MISSING: "尚未公布"}


@dataclass(frozen=True, slots=True)
class Counted:
    """Working time on one local date; `number` is which working day of the limit it is.

    0 where no whole days are counted: on the day of the start, under a limit in hours, after a pause.
    """

    date: date
    start: datetime
    end: datetime
    minutes: int
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Consecutive whole dates on which nothing is counted, for one reason."""

    first: date
    last: date
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Time in which the clock stood still; `until` is None while it still does."""

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`sentences` say the same as the figures, in Chinese, in order. Minutes are working minutes."""

    started_at: datetime
    limit: str
    extended: tuple[str, ...]
    counted: tuple[Counted, ...]
    skipped: tuple[Skipped, ...]
    pauses: tuple[Pause, ...]
    due_at: datetime
    status: YearStatus
    differs: bool
    sentences: tuple[str, ...]


def explain(clock: Clock, calendar: Calendar) -> Explanation:
    """Why the clock is due when it is, under this calendar."""
    spans = list(_spans(clock, calendar))
    counted = tuple(_counted(clock, [span for part in spans for span in part[0]], calendar))
    skipped = tuple(_skipped(day for part in spans for day in part[1]))
    pauses = tuple(_pauses(clock))
    status = calendar.status(clock.started_at, clock.due_at)
    differs = clock.is_open and clocks.due_moment(clock, calendar) != clock.due_at
    told = _Teller(clock, calendar)
    return Explanation(
        started_at=clock.started_at,
        limit=parse_recorded(clock.limit).zh,
        extended=tuple(parse_duration(words).zh for words in clock.extended),
        counted=counted,
        skipped=skipped,
        pauses=pauses,
        due_at=clock.due_at,
        status=status,
        differs=differs,
        sentences=tuple(told.sentences(counted, skipped, pauses, status, differs)),
    )


_Days = tuple[Sequence[CountedSpan], Sequence[SkippedDay]]


def _spans(clock: Clock, calendar: Calendar) -> Iterator[_Days]:
    """Working time and days off within the running intervals, up to the end of the limit."""
    limit = clocks.ruling(clock, calendar)
    if not isinstance(limit, Duration):
        return
    if limit.unit not in _WORKING:
        yield (), list(_moved_over(clock, limit, calendar))
        return
    for begun, until in clock.segments:
        end = clock.due_at if until is None else min(until, clock.due_at)
        if begun < end:
            spans = calendar.spans(begun, end)
            yield spans.counted, spans.skipped


def _moved_over(clock: Clock, limit: Duration, calendar: Calendar) -> Iterator[SkippedDay]:
    """Days off at the end of a limit in calendar days, which move its end on (第二百零三条); the others count."""
    every_day = replace(calendar, week=(next(hours for hours in calendar.week if hours),) * 7, overrides=())
    paused = sum((p.until - p.since for p in _pauses(clock) if p.until), timedelta(0))
    end = (calendar if paused else every_day).limit_end(limit, clock.started_at) + paused
    day, last = calendar.local_date(end), calendar.local_date(clock.due_at)
    while day < last:
        this = calendar.day(day)
        yield SkippedDay(day, this.reason, this.status)
        day += timedelta(days=1)


def _counted(clock: Clock, spans: Iterable[CountedSpan], calendar: Calendar) -> Iterator[Counted]:
    """Working days are numbered from the day after the start: the day of the start is not counted (第二百零一条)."""
    first, limit = calendar.local_date(clock.started_at), clocks.ruling(clock, calendar)
    whole_days = isinstance(limit, Duration) and limit.unit is Unit.WORKING_DAY and len(clock.segments) == 1
    days: dict[date, int] = {}
    for span in spans:
        counts = whole_days and span.date > first
        number = days.setdefault(span.date, len(days) + 1) if counts else 0
        minutes = int((span.end - span.start) / timedelta(minutes=1))
        yield Counted(span.date, span.start, span.end, minutes, number, span.reason)


def _skipped(days: Iterable[SkippedDay]) -> Iterator[Skipped]:
    group: list[SkippedDay] = []
    for day in days:
        if group and (day.reason != group[-1].reason or day.date - group[-1].date > timedelta(days=1)):
            yield Skipped(group[0].date, group[-1].date, group[0].reason)
            group = []
        group.append(day)
    if group:
        yield Skipped(group[0].date, group[-1].date, group[0].reason)


def _pauses(clock: Clock) -> Iterator[Pause]:
    for (_, until), (resumed, _) in zip(clock.segments, clock.segments[1:], strict=False):
        if until:
            yield Pause(until, resumed)
    last = clock.segments[-1][1]
    if clock.status == "paused" and last:
        yield Pause(last, None)


class _Teller:
    """Says it in Chinese, in the calendar's own local time."""

    def __init__(self, clock: Clock, calendar: Calendar) -> None:
        self._clock = clock
        self._zone = ZoneInfo(calendar.zone)
        self._limit = parse_recorded(clock.limit)
        self._ruling = clocks.ruling(clock, calendar)

    def sentences(
        self,
        counted: Sequence[Counted],
        skipped: Sequence[Skipped],
        pauses: Sequence[Pause],
        status: YearStatus,
        differs: bool,
    ) -> Iterator[str]:
        yield f"自{self._moment(self._clock.started_at)}起，时限为{self._limit.zh}{self._rule()}。"
        for amount in self._clock.extended:
            yield f"经批准延长{parse_duration(amount).zh}，从原时限届满处接续计算。"
        for pause in pauses:
            until = f"至{self._moment(pause.until)}" if pause.until else "起"
            yield f"{self._moment(pause.since)}{until}挂起，不计时。"
        yield from (f"{_days(group)}（{group.reason}）不计。" for group in skipped)
        yield from (f"{_day(made_up)}（{reason}）照常计算。" for made_up, reason in _made_up(counted))
        if self._clock.not_after:
            yield f"因并案沿用较早的时限，不迟于{self._moment(self._clock.not_after)}。"
        yield self._result()
        if word := _STATUS.get(status):
            yield f"所涉年度的放假安排{word}，正式公布后会重新计算并留痕。"
        if differs:
            yield "日历在此之后有变化，这一时限尚待重算。"

    def _rule(self) -> str:
        limit = self._limit
        if isinstance(limit, Until):
            by_day = "，到当天下班为止"
            return by_day if self._ruling is limit else f"；这一天更晚，因此按{limit.at_most.zh}计算"
        if not isinstance(limit, Duration):
            return "，到当天下班为止"
        if limit.unit in _IN_HOURS:
            return "，只计工作时间"
        if limit.unit is not Unit.WORKING_DAY:
            return "，当日不计入，届满日不是工作日的顺延到下一个工作日"
        return "，到期日的同一时刻为止" if self._clock.same_moment else "，当日不计入"

    def _result(self) -> str:
        clock = self._clock
        ending = _ENDINGS.get(clock.status)
        if ending:
            return f"时限止于{self._moment(clock.due_at)}；{ending}。"
        if clock.status == "paused":
            return f"现在挂起；不计挂起以后的时间，时限止于{self._moment(clock.due_at)}。"
        return f"因此，时限止于{self._moment(clock.due_at)}。"

    def _moment(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        if local.time() == time.min:
            return f"{_day(local.date() - timedelta(days=1))}24:00"
        return f"{_day(local.date())}{local:%H:%M}"


def _made_up(counted: Iterable[Counted]) -> Iterator[tuple[date, str]]:
    """Make-up days: worked although they are no usual working days, so they have a reason."""
    found = {span.date: span.reason for span in counted if span.reason}
    yield from found.items()


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def _days(group: Skipped) -> str:
    return _day(group.first) if group.first == group.last else f"{_day(group.first)}至{_day(group.last)}"
