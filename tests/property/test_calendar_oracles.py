"""Every day of the national calendar against two independent libraries."""

from datetime import date, timedelta

import chinese_calendar  # type: ignore[import-untyped]
import holidays

from adapters.calendars import load_calendar

CN = load_calendar("cn")
DAYS = [date(2018, 1, 1) + timedelta(days=i) for i in range((date(2027, 1, 1) - date(2018, 1, 1)).days)]


def test_every_day_from_2018_to_2026_is_worked_or_off_as_chinesecalendar_says() -> None:
    assert [d for d in DAYS if CN.is_working_day(d) != chinese_calendar.is_workday(d)] == []


def test_every_day_from_2018_to_2026_is_worked_or_off_as_holidays_says() -> None:
    oracle = holidays.country_holidays("CN", years=range(2018, 2027))

    assert [d for d in DAYS if CN.is_working_day(d) != oracle.is_working_day(d)] == []


def test_the_provisional_year_has_the_holidays_fixed_by_law_and_no_make_up_days() -> None:
    lawful = holidays.country_holidays("CN", years=2027, observed=False)
    days = [date(2027, 1, 1) + timedelta(days=i) for i in range(365)]

    assert [d for d in days if CN.day(d).reason not in ("", "周末")] == sorted(lawful)
    assert not any(CN.is_working_day(d) for d in days if d.weekday() >= 5)
