"""Figures, periods and words of reports, each against a value worked out by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from adapters.reports.model import Cell, Kind, Report, Table, counted
from adapters.reports.naming import HIDDEN, masked, masked_name
from adapters.reports.period import UnknownPeriod, parse_period
from adapters.reports.wording import numeral, text_of
from engine.canonical import NotCanonical, check
from tests.support.reporting import NOW, MemorySources, a_case, a_question
from tests.support.story_office import calendar


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


@pytest.mark.parametrize(
    ("region", "title"),
    [
        ("34", "安徽省"),
        ("3401", "合肥市"),
        ("340104", "合肥市蜀山区"),
        ("341003", "黄山市黄山区"),
        ("340171", "合肥高新技术产业开发区"),  # says already where it lies
        ("340371", "蚌埠市高新技术开发区"),
    ],
)
def test_a_county_is_named_with_its_city_unless_its_name_says_it(region: str, title: str) -> None:
    assert a_question("worklog", MemorySources()).names.full_region(region) == title


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
        figure = counted("k", "示例", map(str, range(rows)))
        table = Table("t", "表", (), ((Cell(figure.value, "red", figure.key), Cell(date(2026, 1, 1))),))
        return Report("x", "示例", "2026", "34", NOW, tables=(table,), figures=(figure,))

    try:
        check(report(2).as_data())
    except NotCanonical as error:
        pytest.fail(str(error))
    assert report(2).digest == report(2).digest != report(3).digest


def test_headings_are_numbered_as_offices_do() -> None:
    told = {
        1: "一",
        9: "九",
        10: "十",
        11: "十一",
        15: "十五",
        20: "二十",
        21: "二十一",
        99: "九十九",
        100: "100",
    }
    assert {number: numeral(number) for number in told} == told
