"""When limits end on the national calendar: golden vectors, the Civil Code's rules, and calendar data."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from adapters.calendars import import_year, load_calendar
from engine.calendar import BeyondCalendar, Calendar, CalendarDataError, NotAWorkingDay, Override, YearStatus
from engine.durations import parse_limit

CN = load_calendar("cn")
BEIJING = timezone(timedelta(hours=8))
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "calendar_cn.json").read_text(encoding="utf-8"))


def at(text: str) -> datetime:
    """`2026-11-23 16:30` in Beijing, as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def end(limit: str, start: str, *, same_moment: bool = False) -> datetime:
    return CN.limit_end(parse_limit(limit), at(start), same_moment=same_moment)


def days_of(year: str) -> list[date]:
    first = date(int(year), 1, 1)
    return [d for i in range(366) if (d := first + timedelta(days=i)).year == int(year)]


# ---- golden vectors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["nth_working_day_after"], ids=lambda v: v["start"])
def test_working_days_are_counted_as_in_the_golden_vectors(vector: dict[str, Any]) -> None:
    counted = CN.nth_working_day_after(date.fromisoformat(vector["start"]), vector["working_days"])

    assert str(counted) == vector["end"]


@pytest.mark.parametrize(("year", "count"), VECTORS["working_days_per_year"].items())
def test_each_year_has_its_number_of_working_days(year: str, count: int) -> None:
    assert sum(CN.is_working_day(d) for d in days_of(year)) == count


@pytest.mark.parametrize(("year", "days"), VECTORS["make_up_days"].items())
def test_the_weekend_days_worked_are_exactly_the_make_up_days(year: str, days: str) -> None:
    worked = [d for d in days_of(year) if d.weekday() >= 5 and CN.is_working_day(d)]

    assert " ".join(f"{d:%m-%d}" for d in worked) == days


@pytest.mark.parametrize(("year", "days"), VECTORS["weekdays_off"].items())
def test_the_weekdays_off_are_exactly_the_holidays(year: str, days: str) -> None:
    off = [d for d in days_of(year) if d.weekday() < 5 and not CN.is_working_day(d)]

    assert " ".join(f"{d:%m-%d}" for d in off) == days


def test_a_limit_opened_before_the_long_holiday_ends_after_it_and_its_make_up_days() -> None:
    assert end("3 working days", "2023-09-28 16:30") == at("2023-10-09 17:30")


def test_a_pause_from_friday_evening_to_monday_morning_is_half_an_hour_of_working_time() -> None:
    paused = CN.working_time(at("2026-11-20 17:00"), at("2026-11-23 09:00"))

    assert paused == timedelta(minutes=30)


# ---- limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "start", "expected"),
    [
        ("4 working hours", "2026-11-20 16:30", "2026-11-23 12:00"),  # an hour on Friday, three on Monday
        ("4 working hours", "2026-02-13 16:30", "2026-02-14 12:00"),  # the Saturday is worked
        ("1 working hour", "2026-11-23 11:30", "2026-11-23 14:00"),  # lunch does not count
        ("30 working minutes", "2026-11-23 11:30", "2026-11-23 12:00"),  # the earliest moment, before lunch
        ("1 working hour", "2026-12-31 16:30", "2026-12-31 17:30"),  # the last moment of the year's work
        ("7 working hours", "2026-12-31 17:30", "2027-01-04 17:30"),  # New Year's Day, then a weekend
        ("1 working day", "2026-11-23 00:01", "2026-11-24 17:30"),  # the day of the start never counts
        ("1 working day", "2026-11-21 10:00", "2026-11-23 17:30"),
    ],
)
def test_working_time_is_counted_within_working_hours(limit: str, start: str, expected: str) -> None:
    assert end(limit, start) == at(expected)


@pytest.mark.parametrize(
    ("limit", "start", "expected"),
    [
        ("1 month", "2024-01-31 10:00", "2024-02-29 17:30"),  # end of the month, leap year
        ("1 month", "2023-01-31 10:00", "2023-02-28 17:30"),
        ("1 month", "2026-01-31 10:00", "2026-02-28 17:30"),  # a Saturday that is worked
        ("2 months", "2025-12-31 10:00", "2026-02-28 17:30"),
        ("1 year", "2024-02-29 10:00", "2025-02-28 17:30"),
        ("20 days", "2025-09-15 10:00", "2025-10-09 17:30"),  # 5 October is in the holiday until the 8th
        ("1 week", "2026-09-24 10:00", "2026-10-08 17:30"),  # 1 October is in the holiday until the 7th
        ("5 days", "2026-11-23 10:00", "2026-11-30 17:30"),  # 28 November is a Saturday
    ],
)
def test_calendar_time_ends_at_close_of_business_and_waits_for_a_working_day(
    limit: str, start: str, expected: str
) -> None:
    assert end(limit, start) == at(expected)


@pytest.mark.parametrize(
    ("limit", "start", "expected"),
    [
        ("until 31 January", "2023-12-01 10:00", "2024-01-31 17:30"),
        ("until 31 January", "2024-01-31 10:00", "2024-01-31 17:30"),
        ("until 31 January", "2024-01-31 17:30", "2025-02-01 00:00"),  # next year's is in the Spring Festival
        ("until 31 January", "2025-12-01 10:00", "2026-02-01 00:00"),  # a Saturday: 24:00, not moved
        ("until 29 February", "2026-01-05 10:00", "2026-02-28 17:30"),
        ("until quarter end", "2026-01-05 10:00", "2026-03-31 17:30"),
        ("until quarter end", "2026-03-31 17:30", "2026-06-30 17:30"),
        ("until quarter end", "2026-12-31 18:00", "2027-03-31 17:30"),
        ("until month end", "2026-01-05 10:00", "2026-02-01 00:00"),  # a Saturday
        ("until month end", "2026-02-01 00:00", "2026-02-28 17:30"),  # a Saturday that is worked
    ],
)
def test_a_fixed_date_never_moves(limit: str, start: str, expected: str) -> None:
    assert end(limit, start) == at(expected)


@pytest.mark.parametrize(
    ("limit", "start", "expected"),
    [
        ("1 working day", "2026-02-13 10:15", "2026-02-14 10:15"),
        ("3 working days", "2026-09-29 10:15", "2026-10-09 10:15"),
        ("1 working day", "2026-11-23 12:30", "2026-11-24 12:00"),  # in the lunch break: the end before it
        ("1 working day", "2026-11-23 20:00", "2026-11-24 17:30"),
        ("1 working day", "2026-11-23 08:00", "2026-11-24 09:00"),
        ("1 working day", "2026-11-22 10:00", "2026-11-23 17:30"),  # on a Sunday: as if at its end
        ("1 week", "2026-11-23 10:15", "2026-11-30 17:30"),  # the law ends calendar time at close of business
        ("4 working hours", "2026-11-23 10:15", "2026-11-23 15:45"),
    ],
)
def test_working_days_from_the_same_moment_keep_the_time_of_day(
    limit: str, start: str, expected: str
) -> None:
    assert end(limit, start, same_moment=True) == at(expected)


@pytest.mark.parametrize(
    ("start", "n", "expected"),
    [
        ("2026-11-25", 2, "2026-11-23"),
        ("2026-11-23", 1, "2026-11-20"),
        ("2026-11-22", 1, "2026-11-20"),  # from a Sunday
        ("2026-10-10", 3, "2026-09-30"),  # over the holiday; the 8th and 9th were worked
        ("2027-01-04", 1, "2026-12-31"),
    ],
)
def test_working_days_are_counted_back_without_the_day_itself(start: str, n: int, expected: str) -> None:
    assert str(CN.nth_working_day_before(date.fromisoformat(start), n)) == expected


@pytest.mark.parametrize(
    ("today", "day", "ahead"),
    [
        ("2026-03-02", "2026-03-04", 2),  # Monday to Wednesday
        ("2026-03-06", "2026-03-08", 0),  # Friday to Sunday
        ("2026-05-08", "2026-05-09", 1),  # a Saturday that is worked
        ("2026-09-30", "2026-10-08", 1),  # over the National Day holiday
        ("2025-12-31", "2026-01-04", 1),  # over the year, to a Sunday that is worked
        ("2026-03-04", "2026-03-04", 0),
        ("2026-03-04", "2026-03-02", 0),
    ],
)
def test_working_days_ahead_count_from_tomorrow_up_to_the_day_itself(
    today: str, day: str, ahead: int
) -> None:
    assert CN.working_days_ahead(date.fromisoformat(today), date.fromisoformat(day)) == ahead


# ---- instants and days ------------------------------------------------------------------------------------


def test_a_day_says_why_it_is_off_or_worked() -> None:
    days = ("2026-10-01", "2026-10-10", "2026-11-22", "2026-11-23")

    assert [CN.day(date.fromisoformat(d)).reason for d in days] == ["国庆节", "国庆节调休上班", "周末", ""]


def test_close_of_business_of_a_day_off_is_refused() -> None:
    with pytest.raises(NotAWorkingDay):
        CN.close_of_business(date(2026, 10, 1))


def test_the_local_date_is_that_of_the_zone() -> None:
    assert CN.local_date(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == date(2026, 11, 23)


def test_a_deadline_explains_itself_with_counted_spans_and_skipped_days() -> None:
    spans = CN.spans(at("2026-09-30 16:30"), at("2026-10-10 10:00"))

    assert [(s.start, s.end, s.reason) for s in spans.counted] == [
        (at("2026-09-30 16:30"), at("2026-09-30 17:30"), ""),
        (at("2026-10-08 09:00"), at("2026-10-08 12:00"), ""),
        (at("2026-10-08 13:30"), at("2026-10-08 17:30"), ""),
        (at("2026-10-09 09:00"), at("2026-10-09 12:00"), ""),
        (at("2026-10-09 13:30"), at("2026-10-09 17:30"), ""),
        (at("2026-10-10 09:00"), at("2026-10-10 10:00"), "国庆节调休上班"),
    ]
    assert [f"{s.date:%m-%d} {s.reason}" for s in spans.skipped] == [f"10-0{d} 国庆节" for d in range(1, 8)]


def test_skipped_weekends_are_named() -> None:
    spans = CN.spans(at("2026-11-20 17:00"), at("2026-11-23 09:00"))

    assert [(str(s.date), s.reason) for s in spans.skipped] == [
        ("2026-11-21", "周末"),
        ("2026-11-22", "周末"),
    ]


# ---- years ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "ends", "status"),
    [
        ("2026-12-30 10:00", "2026-12-31 17:30", YearStatus.OFFICIAL),
        ("2026-12-30 10:00", "2027-01-01 00:00", YearStatus.OFFICIAL),  # 24:00 belongs to the day before
        ("2026-12-30 10:00", "2027-01-04 17:30", YearStatus.PROVISIONAL),
        ("2026-12-30 10:00", "2028-01-04 17:30", YearStatus.MISSING),
        ("2017-12-29 10:00", "2018-01-02 17:30", YearStatus.MISSING),
        ("2018-01-01 00:00", "2018-01-01 00:00", YearStatus.OFFICIAL),
    ],
)
def test_a_deadline_is_as_reliable_as_the_worst_year_it_touches(
    start: str, ends: str, status: YearStatus
) -> None:
    assert CN.status(at(start), at(ends)) is status


def test_a_missing_year_is_computed_from_the_week_and_flagged() -> None:
    assert end("3 working days", "2029-09-28 10:00") == at("2029-10-03 17:30")  # a Friday, as if no holiday
    assert CN.day(date(2029, 10, 1)).status is YearStatus.MISSING


@pytest.mark.parametrize(
    "moment", [datetime.min, datetime.max, datetime(1999, 12, 31, 15, 59), datetime(2100, 12, 31, 16)]
)
def test_an_instant_beyond_the_calendar_is_refused(moment: datetime) -> None:
    beyond = moment.replace(tzinfo=UTC)
    with pytest.raises(BeyondCalendar):
        CN.local_date(beyond)
    with pytest.raises(BeyondCalendar):
        CN.working_time(beyond, beyond)
    with pytest.raises(BeyondCalendar):
        CN.add_working_time(beyond, timedelta(0))


def test_a_limit_that_ends_beyond_the_calendar_is_refused() -> None:
    for limit in ("10 years", "3660 days", "3000 working days", "20000 working hours", "until 31 December"):
        with pytest.raises(BeyondCalendar) as refused:
            end(limit, "2100-12-31 18:00")
        assert refused.value.code == "beyond_calendar"


def test_the_first_moment_of_the_calendar_is_within_it() -> None:
    assert CN.local_date(datetime(1999, 12, 31, 16, tzinfo=UTC)) == date(2000, 1, 1)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        CN.local_date(datetime(2026, 11, 23, 10))


# ---- data -------------------------------------------------------------------------------------------------


def test_a_calendar_survives_writing_and_reading() -> None:
    again = Calendar.from_data(json.loads(json.dumps(CN.to_data())))

    assert again == CN
    assert again.digest == CN.digest


def test_the_digest_depends_on_content_and_not_on_the_order_of_keys() -> None:
    data = CN.to_data()
    shuffled = {key: data[key] for key in reversed(data)} | {
        "overrides": {key: data["overrides"][key] for key in reversed(data["overrides"])}
    }
    changed = data | {"overrides": data["overrides"] | {"2026-11-23": {"kind": "off", "reason": "示例"}}}

    assert Calendar.from_data(shuffled).digest == CN.digest
    assert Calendar.from_data(changed).digest != CN.digest


def test_the_default_hours_are_marked_as_a_default() -> None:
    assert "默认值，可配置" in CN.note


def test_every_official_year_names_its_notice() -> None:
    for record in CN.years:
        if record.status is YearStatus.OFFICIAL:
            assert f"国务院办公厅关于{record.year}年部分节假日安排的通知" in record.source
    assert [(r.year, r.status.value) for r in CN.years] == [
        *((year, "official") for year in range(2018, 2027)),
        (2027, "provisional"),
    ]


NOTICE = {
    "calendar": "cn",
    "year": 2027,
    "status": "official",
    "source": "示例通知",
    "off": {"2027-10-04": "国庆节"},
    "work": {"2027-10-09": "国庆节调休上班"},
}


def test_an_imported_notice_replaces_its_year_and_no_other() -> None:
    imported = import_year(NOTICE, base=CN)

    assert imported.day(date(2027, 10, 9)).is_working
    assert imported.day(date(2027, 10, 4)).reason == "国庆节"
    assert imported.day(date(2027, 2, 8)).is_working  # was off in the provisional year
    assert imported.day(date(2027, 10, 4)).status is YearStatus.OFFICIAL
    assert imported.day(date(2026, 10, 10)) == CN.day(date(2026, 10, 10))
    assert imported.digest != CN.digest


def test_a_region_lays_its_days_over_the_national_ones() -> None:
    region = CN.with_overrides(
        [
            Override(date(2026, 10, 10), "off", "示例：本地放假"),
            Override(date(2026, 11, 23), "work", "示例：夏令时间", hours=((480, 720),)),
        ],
        id="cn_demo",
        title="示例区划日历",
    )

    assert not region.is_working_day(date(2026, 10, 10))
    assert region.close_of_business(date(2026, 11, 23)) == at("2026-11-23 12:00")
    assert CN.is_working_day(date(2026, 10, 10))
    assert region.digest != CN.digest


def test_a_make_up_day_has_the_hours_of_its_weekday_or_else_of_the_first_working_weekday() -> None:
    week = {"monday": ["09:00-17:00"], "friday": ["09:00-12:00"]}
    worked = {"kind": "work", "reason": "示例"}
    calendar = Calendar.from_data(
        CN.to_data() | {"week": week, "overrides": {"2026-11-27": worked, "2026-11-28": worked}}
    )

    assert calendar.close_of_business(date(2026, 11, 27)) == at("2026-11-27 12:00")  # a Friday
    assert calendar.close_of_business(date(2026, 11, 28)) == at("2026-11-28 17:00")  # a Saturday


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"week": {"monday": ["09:00-12:00", "11:00-17:00"]}}, "week.monday[1]"),
        ({"week": {"monday": ["13:30-17:30", "09:00-12:00"]}}, "week.monday[1]"),
        ({"week": {"monday": ["12:00-09:00"]}}, "week.monday[0]"),
        ({"week": {"monday": ["09:00-24:01"]}}, "week.monday[0]"),
        ({"week": {"monday": ["9-12"]}}, "week.monday[0]"),
        ({"week": {"monday": "09:00-12:00"}}, "week.monday"),
        ({"week": {"moonday": ["09:00-12:00"]}}, "week"),
        ({"week": {}}, "week"),
        ({"zone": "Asia/Hefei"}, "calendar.zone"),
        ({"zone": "../etc"}, "calendar.zone"),
        ({"title": ""}, "calendar.title"),
        ({"holidays": {}}, "calendar"),
        ({"overrides": {"2026-02-30": {"kind": "off", "reason": "示例"}}}, "overrides.2026-02-30"),
        ({"overrides": {"1999-01-01": {"kind": "off", "reason": "示例"}}}, "overrides.1999-01-01"),
        ({"overrides": {"2026-01-01": {"kind": "rest", "reason": "示例"}}}, "overrides.2026-01-01"),
        ({"overrides": {"2026-01-01": {"kind": "off"}}}, "overrides.2026-01-01.reason"),
        (
            {"overrides": {"2026-01-01": {"kind": "work", "reason": "示例", "hours": []}}},
            "overrides.2026-01-01",
        ),
        ({"years": {"2026": {"status": "final", "source": "示例"}}}, "years.2026.status"),
        ({"years": {"26": {"status": "official", "source": "示例"}}}, "years.26"),
    ],
)
def test_malformed_calendar_data_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(CalendarDataError) as refused:
        Calendar.from_data(CN.to_data() | change)

    assert refused.value.place == place


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"off": {"2028-10-04": "国庆节"}}, "year.off.2028-10-04"),
        ({"off": {"2027-10-09": "国庆节"}}, "year.work.2027-10-09"),
        ({"off": {"2027-10-04": ""}}, "year.off.2027-10-04"),
        ({"calendar": "xx"}, "year.calendar"),
        ({"year": True}, "year.year"),
        ({"status": "missing"}, "year.status"),
        ({"source": None}, "year.source"),
        ({"offf": {}}, "year"),
        ({"work": []}, "year.work"),
    ],
)
def test_a_malformed_notice_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(CalendarDataError) as refused:
        import_year(NOTICE | change, base=CN)

    assert refused.value.place == place


@pytest.mark.parametrize(
    "text", ['{"year": 2027, "year": 2028}', "[]", "{", "[" * 100_000, '{"calendar": "cn"}', " " * 300_000]
)
def test_a_notice_file_that_cannot_be_read_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    notice = tmp_path / "notice.json"
    notice.write_text(text, encoding="utf-8")

    with pytest.raises(CalendarDataError) as refused:
        import_year(notice, base=CN)

    assert "notice.json" in refused.value.place


@pytest.mark.parametrize("name", ["xx", "../cn", "cn-2026", ""])
def test_an_unknown_calendar_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(CalendarDataError) as refused:
        load_calendar(name)

    assert "cn" in refused.value.hint


def test_working_time_is_elapsed_time_where_clocks_change() -> None:
    """Directive 2000/84/EC: the hour from 02:00 is left out on 29 March 2026 and comes twice on 25 Oct."""
    nights = Calendar.from_data(
        {"calendar": "de", "title": "示例", "zone": "Europe/Berlin", "week": {"sunday": ["01:00-04:00"]}}
    )
    march, october = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)

    assert nights.working_time(march, march + timedelta(days=1)) == timedelta(hours=2)
    assert nights.working_time(october, october + timedelta(days=1)) == timedelta(hours=4)
