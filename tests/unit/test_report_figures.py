"""Figures, periods and words of reports, each against a value worked out by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from adapters.reports.model import Behind, Cell, Figure, Kind, Report, Table
from adapters.reports.naming import HIDDEN, masked, masked_name
from adapters.reports.period import UnknownPeriod, parse_period
from adapters.reports.wording import text_of
from engine.canonical import NotCanonical, check
from tests.support.reporting import NOW, MemorySources, a_case, a_question
from tests.support.story_office import calendar


def a_figure(measure: str, *rows: Behind, **more: object) -> Figure:
    return Figure("k", "示例", rows, measure, **more)  # type: ignore[arg-type]


YES, NO = Behind("a", True), Behind("b", False)


def test_a_count_is_the_number_of_its_rows() -> None:
    assert a_figure("count", YES, NO).value == 2


def test_a_rate_divides_the_rows_that_count_by_all() -> None:
    assert a_figure("rate", YES, YES, NO).value == Fraction(2, 3)
    assert a_figure("rate").value is None


def test_a_rate_of_too_few_rows_is_not_shown() -> None:
    assert a_figure("rate", YES, YES, YES, NO, suppress_below=5).value is None
    assert a_figure("rate", YES, YES, YES, YES, NO, suppress_below=5).value == Fraction(4, 5)


def grown(now: int, then: int, gone: int, measure: str) -> object:
    rows = (Behind("now", True, now), Behind("then", False, then))
    return a_figure(measure, *rows, years=(gone, 4)).value


def test_growth_is_that_of_the_requirements() -> None:
    """§3.7: from the base 18.92 % a year; with 1.2 times the base in 2023, 29.1 %; 1.2⁴ = 2.0736."""
    assert grown(1000, 1000, 0, "required") == Fraction(1892, 10_000)
    assert grown(1200, 1000, 2, "required") == Fraction(2910, 10_000)
    assert grown(20736, 10000, 4, "annual") == Fraction(20, 100)
    assert grown(20736, 10000, 4, "ratio") == Fraction(20736, 10000)
    assert grown(1200, 1000, 2, "growth") == Fraction(1, 5)
    assert grown(1200, 1000, 2, "path") == Fraction(14142, 10)


def test_nothing_is_required_after_the_last_year_and_nothing_grows_from_nothing() -> None:
    assert grown(1200, 1000, 4, "required") is None
    assert [grown(5, 0, 2, measure) for measure in ("ratio", "growth", "path", "required", "annual")] == [
        None
    ] * 5


@pytest.mark.parametrize(
    ("words", "title", "first", "last"),
    [
        ("2026", "2026年度", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-H2", "2026年下半年", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026-Q1", "2026年第一季度", date(2026, 1, 1), date(2026, 3, 31)),
        ("2024-02", "2024年2月", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-03-05", "2026年3月5日", date(2026, 3, 5), date(2026, 3, 5)),
    ],
)
def test_a_period_knows_its_days(words: str, title: str, first: date, last: date) -> None:
    found = parse_period(words)
    assert (found.words, found.title, found.first, found.last) == (words, title, first, last)


@pytest.mark.parametrize(
    "words", ["", "26", "2026-13", "2026-Q5", "2026-02-30", "２０２６", "2026-3", "1999", "2026-03/../x"]
)
def test_words_that_are_no_period_are_refused_with_a_hint(words: str) -> None:
    with pytest.raises(UnknownPeriod) as refused:
        parse_period(words)
    assert "2026-Q1" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("请联系13812345678。", "请联系138****5678。"),
        ("138 1234 5678", "138 **** 5678"),
        ("138-1234-5678", "138-****-5678"),
        ("电话0551-62345678", "电话0551-****5678"),
        ("信用代码91340100MA2DD272X5", "信用代码91340100MA2DD272X5"),
        ("编号913401001381234567", "编号913401001381234567"),
        ("研发费用 2480 万元", "研发费用 2480 万元"),
    ],
)
def test_the_middle_of_a_phone_number_is_hidden_and_of_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_personal_value_keeps_its_first_character_or_its_ends() -> None:
    assert masked_name("张三") == "张*"
    assert masked_name("欧阳示例") == "欧**"
    assert masked_name("13812345678") == "138****5678"
    assert masked_name("340104199001011234") == HIDDEN


SEALED = {"contact_phone": {"sealed": "c1"}, "contact_name": {"sealed": "c2"}, "details": "拨打13812345678"}
SECRETS = {"2026-000001-4": {"c1": b'"13812345678"', "c2": '"张三"'.encode()}}


def test_only_who_handles_the_case_sees_the_number_in_full() -> None:
    case = a_case("issue", "2026-000001-4", data=SEALED)
    reader = a_question("worklog", MemorySources((case,)), secrets=SECRETS).names
    handler = a_question("worklog", MemorySources((case,), holds=frozenset({case.id})), secrets=SECRETS).names
    names = ("contact_phone", "contact_name", "details")
    assert [reader.value(case, name) for name in names] == ["138****5678", "张*", "拨打138****5678"]
    assert [handler.value(case, name) for name in names] == ["13812345678", "张三", "拨打13812345678"]


def test_an_erased_value_is_said_to_be_hidden() -> None:
    case = a_case("issue", "2026-000001-4", data=SEALED)
    assert a_question("worklog", MemorySources((case,))).names.value(case, "contact_phone") == HIDDEN


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (123_456_789, Kind.MONEY, "123.46"),
        (10_000_000_000_000, Kind.MONEY, "10,000,000.00"),
        (Fraction(1, 3), Kind.PERCENT, "33.3%"),
        (Fraction(1), Kind.PERCENT, "100%"),
        (Fraction(1, 2000), Kind.PERCENT, "0.1%"),
        (None, Kind.PERCENT, "—"),
        (None, Kind.TEXT, ""),
        (12_345, Kind.INTEGER, "12,345"),
        (NOW, Kind.MOMENT, "2026年4月7日09:30"),
    ],
)
def test_values_are_said_in_the_words_of_an_office(value: object, kind: Kind, words: str) -> None:
    assert text_of(value, kind, calendar()) == words  # type: ignore[arg-type]


def test_the_value_of_a_report_is_canonical_and_its_digest_follows_the_rows() -> None:
    def report(rows: int) -> Report:
        figure = Figure("k", "示例", tuple(Behind(str(n), amount=Fraction(1, 3)) for n in range(rows)), "sum")
        table = Table("t", "表", (), ((Cell(figure.value, "red", figure.key), Cell(date(2026, 1, 1))),))
        return Report("x", "示例", "2026", "34", NOW, tables=(table,), figures=(figure,))

    try:
        check(report(2).as_data())
    except NotCanonical as error:
        pytest.fail(str(error))
    assert report(2).digest == report(2).digest != report(3).digest
