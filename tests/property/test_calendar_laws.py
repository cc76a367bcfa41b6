"""Fast arithmetic of working time against a slow, obvious twin, and the laws that it obeys.

The twin walks day by day (or minute by minute) over days named by chinesecalendar, with Beijing as UTC+8; it
shares no data and no code with the calendar.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone

import chinese_calendar  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars import load_calendar
from engine.calendar import Calendar, Override
from engine.durations import Duration, Unit

BEIJING = timezone(timedelta(hours=8))
DAY, MINUTE, NOTHING = timedelta(days=1), timedelta(minutes=1), timedelta(0)
ORDINARY = ((540, 720), (810, 1050))
LAW_2027 = {(1, 1), (2, 5), (2, 8), (4, 5), (6, 9), (9, 15), (10, 1)}  # those on weekdays
ODD = {
    date(2026, 7, 1): ((0, 1), (2, 3), (1439, 1440)),
    date(2026, 7, 2): ((0, 1440),),
    date(2026, 7, 4): ((600, 615),),
    date(2026, 7, 6): (),
    date(2026, 12, 31): ((1200, 1440),),
    date(2027, 1, 1): ((0, 60),),
}


def _odd(cn: Calendar) -> Calendar:
    layer = [Override(d, "work" if hours else "off", "示例", hours=hours or None) for d, hours in ODD.items()]
    return cn.with_overrides(layer, id="cn_odd", title="示例")


CN = _odd(load_calendar("cn"))


def hours(d: date) -> tuple[tuple[int, int], ...]:
    if d in ODD:
        return ODD[d]
    if d.year <= 2026:
        return ORDINARY if chinese_calendar.is_workday(d) else ()
    off = d.weekday() >= 5 or (d.year == 2027 and (d.month, d.day) in LAW_2027)
    return () if off else ORDINARY


def slow_intervals(start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """All intervals from the day of `start` on, without end."""
    d = start.astimezone(BEIJING).date()
    while True:
        midnight = datetime.combine(d, time.min, BEIJING)
        for begin, end in hours(d):
            yield midnight + begin * MINUTE, midnight + end * MINUTE
        d += DAY


def slow_working_time(start: datetime, end: datetime) -> timedelta:
    total = NOTHING
    for opens, closes in slow_intervals(start):
        if opens >= end:
            return total
        total += max(NOTHING, min(closes, end) - max(opens, start))
    raise AssertionError("unreachable")


def slow_add(start: datetime, amount: timedelta) -> datetime:
    if not amount:
        return start
    for opens, closes in slow_intervals(start):
        here = max(NOTHING, closes - max(opens, start))
        if here >= amount:
            return max(opens, start) + amount
        amount -= here
    raise AssertionError("unreachable")


def slow_close(d: date) -> datetime:
    while not hours(d):
        d += DAY
    return datetime.combine(d, time.min, BEIJING) + hours(d)[-1][1] * MINUTE


def slow_working_days(start: datetime, n: int) -> datetime:
    d = start.astimezone(BEIJING).date()
    while n:
        d += DAY
        n -= bool(hours(d))
    return slow_close(d)


def slow_months(start: datetime, n: int) -> datetime:
    d = start.astimezone(BEIJING).date()
    year, month = d.year, d.month
    for _ in range(n):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return slow_close(date(year, month, min(d.day, monthrange(year, month)[1])))


anywhere = st.datetimes(datetime(2018, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
near_edges = st.builds(
    lambda d, minute: datetime.combine(d, time.min, BEIJING).astimezone(UTC) + minute * MINUTE,
    st.dates(date(2026, 6, 26), date(2026, 7, 8)) | st.dates(date(2026, 12, 25), date(2027, 1, 8)),
    st.sampled_from([0, 1, 2, 3, 539, 540, 541, 719, 720, 721, 809, 810, 1049, 1050, 1051, 1200, 1439]),
)
instants = anywhere | near_edges
whole_minutes = st.integers(0, 60 * 300).map(lambda m: m * MINUTE)
amounts = whole_minutes | st.timedeltas(NOTHING, timedelta(hours=400))
laps = st.timedeltas(NOTHING, timedelta(days=300)) | st.integers(0, 20_000).map(lambda m: m * MINUTE)


@given(instants, laps)
def test_working_time_equals_that_of_the_twin(start: datetime, lap: timedelta) -> None:
    assert CN.working_time(start, start + lap) == slow_working_time(start, start + lap)


@given(instants, amounts)
def test_added_working_time_ends_when_the_twin_says(start: datetime, amount: timedelta) -> None:
    assert CN.add_working_time(start, amount) == slow_add(start, amount)


@given(instants, st.integers(1, 400))
def test_working_days_end_when_the_twin_says(start: datetime, n: int) -> None:
    assert CN.limit_end(Duration(n, Unit.WORKING_DAY), start) == slow_working_days(start, n)


@given(instants, st.integers(1, 30))
def test_months_and_days_end_when_the_twin_says(start: datetime, n: int) -> None:
    today = start.astimezone(BEIJING).date()

    assert CN.limit_end(Duration(n, Unit.MONTH), start) == slow_months(start, n)
    assert CN.limit_end(Duration(n, Unit.DAY), start) == slow_close(today + n * DAY)
    assert CN.limit_end(Duration(n, Unit.WEEK), start) == slow_close(today + 7 * n * DAY)


@given(instants, amounts)
def test_what_is_added_has_elapsed(start: datetime, amount: timedelta) -> None:
    end = CN.add_working_time(start, amount)

    assert CN.working_time(start, end) == amount
    if amount:
        assert (
            CN.working_time(start, end - timedelta(microseconds=1)) < amount
        )  # and no earlier instant will do


@given(instants, st.integers(1, 400))
def test_counting_back_undoes_counting_on(start: datetime, n: int) -> None:
    worked = CN.nth_working_day_after(start.astimezone(BEIJING).date(), 1)

    assert CN.nth_working_day_before(CN.nth_working_day_after(worked, n), n) == worked
    assert CN.working_days_ahead(worked, CN.nth_working_day_after(worked, n)) == n


@given(instants, laps, laps)
def test_working_time_of_two_laps_is_the_sum_of_both(start: datetime, one: timedelta, two: timedelta) -> None:
    middle, end = start + one, start + one + two

    assert CN.working_time(start, end) == CN.working_time(start, middle) + CN.working_time(middle, end)


@given(instants, amounts, amounts)
def test_adding_twice_is_adding_the_sum(start: datetime, one: timedelta, two: timedelta) -> None:
    assert CN.add_working_time(CN.add_working_time(start, one), two) == CN.add_working_time(start, one + two)


@given(instants, laps, st.integers(1, 60), st.sampled_from(Unit), st.booleans())
def test_a_later_start_never_gives_an_earlier_end(
    start: datetime, lap: timedelta, n: int, unit: Unit, same_moment: bool
) -> None:
    limit = Duration(min(n, 5) if unit is Unit.YEAR else n, unit)
    first = CN.limit_end(limit, start, same_moment=same_moment)

    assert start < first <= CN.limit_end(limit, start + lap, same_moment=same_moment)


@given(instants, laps)
def test_the_counted_spans_add_up_to_the_working_time_and_no_day_is_forgotten(
    start: datetime, lap: timedelta
) -> None:
    spans = CN.spans(start, start + lap)
    today = start.astimezone(BEIJING).date()
    last = (start + lap - timedelta(microseconds=1)).astimezone(BEIJING).date()
    touched = [today + i * DAY for i in range((last - today).days + 1)] if lap else []

    assert sum((s.end - s.start for s in spans.counted), NOTHING) == slow_working_time(start, start + lap)
    assert [s.date for s in spans.skipped] == [d for d in touched if not hours(d)]


@given(instants, laps)
def test_an_end_before_its_start_is_no_time_at_all(start: datetime, lap: timedelta) -> None:
    assert CN.working_time(start + lap, start) == NOTHING
