"""Lengths of time in words: what is read, what is refused with a hint, and what adds up."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.durations import (
    MONTH_END,
    QUARTER_END,
    Duration,
    DurationError,
    FixedDate,
    Share,
    Unit,
    parse_duration,
    parse_limit,
    parse_offset,
    plus,
    same_kind,
)

READ = [
    ("3 working days", Duration(3, Unit.WORKING_DAY)),
    ("1 working day", Duration(1, Unit.WORKING_DAY)),
    ("  3  Working Days ", Duration(3, Unit.WORKING_DAY)),
    ("3个工作日", Duration(3, Unit.WORKING_DAY)),
    ("３ 个工作日", Duration(3, Unit.WORKING_DAY)),
    ("3工作日", Duration(3, Unit.WORKING_DAY)),
    ("4 working hours", Duration(4, Unit.WORKING_HOUR)),
    ("4个工作小时", Duration(4, Unit.WORKING_HOUR)),
    ("30 working minutes", Duration(30, Unit.WORKING_MINUTE)),
    ("30个工作分钟", Duration(30, Unit.WORKING_MINUTE)),
    ("20 days", Duration(20, Unit.DAY)),
    ("20天", Duration(20, Unit.DAY)),
    ("20日", Duration(20, Unit.DAY)),
    ("20个自然日", Duration(20, Unit.DAY)),
    ("2 weeks", Duration(2, Unit.WEEK)),
    ("2周", Duration(2, Unit.WEEK)),
    ("2个星期", Duration(2, Unit.WEEK)),
    ("2 months", Duration(2, Unit.MONTH)),
    ("2个月", Duration(2, Unit.MONTH)),
    ("1 year", Duration(1, Unit.YEAR)),
    ("1年", Duration(1, Unit.YEAR)),
    ("until 31 January", FixedDate(1, 31)),
    ("until March 31", FixedDate(3, 31)),
    ("1月31日前", FixedDate(1, 31)),
    ("5 月 31 日之前", FixedDate(5, 31)),
    ("until 29 February", FixedDate(2, 29)),
    ("until quarter end", QUARTER_END),
    ("季度末前", QUARTER_END),
    ("until month end", MONTH_END),
    ("月底前", MONTH_END),
]

REFUSED = [
    ("P1D", "duration_iso8601"),
    ("PT4H", "duration_iso8601"),
    ("p2w", "duration_iso8601"),
    ("-P1D", "duration_iso8601"),
    ("3", "duration_without_unit"),
    ("+3", "duration_without_unit"),
    ("-3 working days", "duration_not_positive"),
    ("0 working days", "duration_not_positive"),
    ("0个工作日", "duration_not_positive"),
    ("1:30", "duration_clock_notation"),
    ("1:30 working hours", "duration_clock_notation"),
    ("1.5 days", "duration_not_whole"),
    ("0.5 days", "duration_not_whole"),
    ("1/2 day", "duration_not_whole"),
    ("3661 days", "duration_too_long"),
    ("3661 working days", "duration_too_long"),
    ("11 years", "duration_too_long"),
    ("99999999999999999999 days", "duration_too_long"),
    ("4 hours", "duration_unknown_unit"),
    ("4小时", "duration_unknown_unit"),
    ("3 wroking days", "duration_unknown_unit"),
    ("3月", "duration_unknown_unit"),
    ("until 31 February", "duration_no_such_date"),
    ("2月30日前", "duration_no_such_date"),
    ("until 1 Smarch", "duration_no_such_date"),
    ("三个工作日", "duration_unreadable"),
    ("soon", "duration_unreadable"),
    ("", "duration_unreadable"),
    ("二十", "duration_unreadable"),
]


@pytest.mark.parametrize(("text", "limit"), READ)
def test_a_limit_is_read_from_english_and_chinese_words(text: str, limit: Duration | FixedDate) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_a_limit_that_could_mislead_is_refused_with_a_code_and_a_hint(text: str, code: str) -> None:
    with pytest.raises(DurationError) as refused:
        parse_limit(text)

    assert refused.value.code == code
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("P1D", "1 working day"),
        ("4 hours", "working hours"),
        ("4小时", "工作小时"),
        ("3 wroking days", "working days"),
        ("1:30", "90 working minutes"),
    ],
)
def test_the_hint_names_what_to_write_instead(text: str, hint: str) -> None:
    with pytest.raises(DurationError) as refused:
        parse_limit(text)

    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2 working days before", Duration(2, Unit.WORKING_DAY)),
        ("4 working hours before", Duration(4, Unit.WORKING_HOUR)),
        ("提前2个工作日", Duration(2, Unit.WORKING_DAY)),
        ("到期前 2个工作日", Duration(2, Unit.WORKING_DAY)),
        ("20% before", Share(20)),
        ("提前20%", Share(20)),
    ],
)
def test_a_reminder_is_read_as_a_length_or_a_share_before_the_end(
    text: str, offset: Duration | Share
) -> None:
    assert parse_offset(text) == offset


@pytest.mark.parametrize(
    "text", ["2 working days", "0% before", "100% before", "20%", "P1D before", "1月31日前", "before"]
)
def test_a_reminder_that_says_no_length_before_the_end_is_refused(text: str) -> None:
    with pytest.raises(DurationError):
        parse_offset(text)


def test_a_fixed_date_is_no_length() -> None:
    with pytest.raises(DurationError):
        parse_duration("until 31 January")


durations = st.builds(Duration, st.integers(1, 10), st.sampled_from(Unit))


@given(durations)
def test_the_words_and_the_chinese_of_a_duration_read_back_as_the_same(duration: Duration) -> None:
    assert parse_limit(duration.words) == duration
    assert parse_limit(duration.zh) == duration
    assert parse_offset(f"{duration.words} before") == duration
    assert parse_offset(f"提前{duration.zh}") == duration


@given(st.dates())
def test_the_words_of_a_fixed_date_read_back_as_the_same(day: date) -> None:
    fixed = FixedDate(day.month, day.day)

    assert parse_limit(fixed.words) == fixed
    assert parse_limit(fixed.zh) == fixed


@given(st.integers(1, 99))
def test_the_words_of_a_share_read_back_as_the_same(percent: int) -> None:
    assert parse_offset(f"{Share(percent).words} before") == Share(percent)
    assert parse_offset(f"提前{Share(percent).zh}") == Share(percent)


@given(st.text(max_size=60))
def test_any_other_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    for parse in (parse_limit, parse_offset):
        with suppress(DurationError):
            parse(text)


def test_a_limit_is_extended_by_a_length_of_the_same_unit() -> None:
    assert plus(Duration(10, Unit.WORKING_DAY), Duration(5, Unit.WORKING_DAY)) == Duration(
        15, Unit.WORKING_DAY
    )


def test_working_hours_and_minutes_add_up_in_minutes() -> None:
    assert (
        plus(Duration(1, Unit.WORKING_HOUR), Duration(30, Unit.WORKING_MINUTE)).words == "90 working minutes"
    )


def test_working_days_and_months_do_not_add_up() -> None:
    days, months = Duration(3, Unit.WORKING_DAY), Duration(1, Unit.MONTH)

    assert not same_kind(days, months)
    with pytest.raises(DurationError) as refused:
        plus(days, months)
    assert refused.value.code == "duration_units_differ"
    assert refused.value.hint


def test_an_extension_cannot_lead_beyond_ten_years() -> None:
    with pytest.raises(DurationError) as refused:
        plus(Duration(3_660, Unit.DAY), Duration(1, Unit.DAY))

    assert refused.value.code == "duration_too_long"
