"""Periods as values: their days, their neighbours, their words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.programme.periods import Every, Period, PeriodUnreadable, containing, parse_period, walk

EVERY: tuple[Every, ...] = ("month", "quarter", "half-year", "year")


@pytest.mark.parametrize(
    ("words", "first", "last", "zh"),
    [
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "2024年2月"),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "2026年2月"),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31), "2026年12月"),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), "2026年第1季度"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2026年第4季度"),
        ("2026-H1", date(2026, 1, 1), date(2026, 6, 30), "2026年上半年"),
        ("2026-H2", date(2026, 7, 1), date(2026, 12, 31), "2026年下半年"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2026年"),
    ],
)
def test_a_period_has_its_first_and_last_day(words: str, first: date, last: date, zh: str) -> None:
    period = parse_period(words)
    assert (period.first, period.last, period.zh, str(period)) == (first, last, zh, words)


@pytest.mark.parametrize(
    "words", ["", "26", "2026-13", "2026-00", "2026-Q5", "2026-H3", "2026-3", "0000", "２０２６"]
)
def test_other_words_are_refused(words: str) -> None:
    with pytest.raises(PeriodUnreadable):
        parse_period(words)


@given(st.sampled_from(EVERY), st.dates(date(1990, 1, 1), date(2100, 12, 31)))
def test_periods_follow_each_other_without_gap_and_contain_their_days(every: Every, day: date) -> None:
    period = containing(every, day)
    assert period.contains(day)
    assert period.next.first == period.last + timedelta(days=1)
    assert period.next.previous == period
    assert parse_period(str(period)) == period


@given(st.sampled_from(EVERY), st.dates(date(2020, 1, 1), date(2024, 12, 31)), st.integers(0, 900))
def test_walking_visits_the_period_of_every_day_once(every: Every, day: date, days: int) -> None:
    end = day + timedelta(days=days)
    seen = dict.fromkeys(containing(every, day + timedelta(days=n)) for n in range(days + 1))
    assert list(walk(every, day, end)) == list(seen)


def test_a_year_has_twelve_months_and_a_quarter_three() -> None:
    assert len(parse_period("2026").parts("month")) == 12
    assert [str(part) for part in parse_period("2026-Q2").parts("month")] == ["2026-04", "2026-05", "2026-06"]
    assert Period(2026, "month", 4).parts("year") == ()
