"""Eligibility at its boundaries (requirements §3.4), by the shipped programme; every expectation is reckoned by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from engine.programme.answers import Answer, Verdict, quantity_words
from engine.programme.judging import Eligibility
from engine.programme.names import Ask, months_between
from engine.subjects import Value
from tests.support.profiles import TODAY, WAN, YEAR, YUAN, a_profile, judge

YI = 10_000 * WAN

# Passes with exactly 20 + 50 + 30 points.
SME: dict[str, Value] = {
    "is_resident": True,
    "staff": 100,
    "tech_staff": 30,
    "revenue": 1000 * WAN,
    "costs": 900 * WAN,
    "assets": 500 * WAN,
    "rd_expense": 60 * WAN,
    "patents_one": 1,
    "patents_two": 0,
    "makes_banned": False,
    "has_violation": False,
    "is_blacklisted": False,
}
LAST_YEAR: dict[str, Value] = {"has_violation": False, "is_blacklisted": False}

HIGH_TECH: dict[str, Value] = {
    "founded": "2015-05-01",
    "has_core_ip": True,
    "in_supported_field": True,
    "staff": 100,
    "tech_staff": 10,
    "revenue": 3000 * WAN,
    "rd_expense": 150 * WAN,
    "rd_domestic": 90 * WAN,
    "total_income": 100 * WAN,
    "high_tech_income": 60 * WAN,
    "innovation_score": 705,
    "has_violation": False,
}


def sme(**changes: Value | None) -> Eligibility:
    facts: dict[str, Any] = {n: v for n, v in {**SME, **changes}.items() if v is not None}
    profile = a_profile(years={YEAR - 1: LAST_YEAR}, **facts)
    return judge().eligibility("sme", profile, year=YEAR, today=TODAY)


def high_tech(
    today: date = TODAY, years: dict[int, dict[str, Value]] | None = None, **changes: Value | None
) -> Eligibility:
    """The same figures in each of three years, unless `years` says otherwise."""
    facts: dict[str, Any] = {n: v for n, v in {**HIGH_TECH, **changes}.items() if v is not None}
    money = {n: facts[n] for n in ("revenue", "rd_expense", "rd_domestic") if n in facts}
    before = {YEAR - 1: money, YEAR - 2: money} if years is None else years
    return judge().eligibility("high_tech", a_profile(years=before, **facts), year=YEAR, today=today)


def criterion(found: Eligibility, name: str) -> Answer:
    return found.criteria[name][1]


def points(found: Eligibility) -> Fraction:
    return next(measure.value for measure in criterion(found, "points").measures if measure.of == "score")


# Small and medium-sized


def test_all_conditions_met_with_full_points_pass() -> None:
    assert (sme().verdict, points(sme())) == (Verdict.PASS, 100)


@pytest.mark.parametrize(("staff", "verdict"), [(500, Verdict.PASS), (501, Verdict.FAIL)])
def test_staff_of_500_is_within_and_501_is_not(staff: int, verdict: Verdict) -> None:
    assert sme(staff=staff, tech_staff=staff).verdict is verdict


@pytest.mark.parametrize("field", ["revenue", "assets"])
@pytest.mark.parametrize(("fen", "verdict"), [(2 * YI, Verdict.PASS), (2 * YI + 1, Verdict.FAIL)])
def test_two_hundred_million_is_within_and_a_fen_more_is_not(field: str, fen: int, verdict: Verdict) -> None:
    assert sme(**{field: fen, "rd_expense": 2 * YI}).verdict is verdict


@pytest.mark.parametrize(
    ("tech", "staff", "earned"),
    [
        (30, 100, 20), (29_999, 100_000, 16), (25, 100, 16), (24_999, 100_000, 12), (20, 100, 12), (19_999, 100_000, 8),
        (15, 100, 8), (14_999, 100_000, 4), (10, 100, 4), (9_999, 100_000, 0), (0, 100, 0),
    ],
)  # fmt: skip
def test_lower_bounds_of_the_personnel_bands_are_inclusive(tech: int, staff: int, earned: int) -> None:
    found = sme(staff=staff, tech_staff=tech)
    assert points(found) == earned + 80


def test_a_personnel_score_of_nothing_fails_whatever_the_total() -> None:
    found = sme(staff=100_000, tech_staff=9_999)
    assert points(found) == 80
    assert criterion(found, "points").verdict is Verdict.FAIL


def test_sixty_points_with_personnel_fail_without_and_pass_with() -> None:
    without = sme(tech_staff=0, rd_expense=40 * WAN)  # 0 + 30 + 30
    assert (points(without), criterion(without, "points").verdict) == (60, Verdict.FAIL)
    with_ = sme(tech_staff=15, rd_expense=40 * WAN, patents_one=0, patents_two=4)  # 8 + 30 + 24
    assert (points(with_), criterion(with_, "points").verdict) == (62, Verdict.PASS)


@pytest.mark.parametrize(
    ("rd_yuan", "earned"),
    [
        (599_000, 40),
        (600_000, 50),
        (500_000, 40),
        (499_999, 30),
        (400_000, 30),
        (300_000, 20),
        (200_000, 10),
        (199_999, 0),
    ],
)
def test_research_by_its_share_of_sales(rd_yuan: int, earned: int) -> None:
    """Of 10 million in sales; the share of costs (9 million) stays below its lowest band."""
    assert points(sme(rd_expense=rd_yuan * YUAN)) == 20 + earned + 30


@pytest.mark.parametrize(
    ("rd_yuan", "earned"), [(300_000, 50), (299_999, 40), (250_000, 40), (100_000, 10), (99_999, 0)]
)
def test_research_by_its_share_of_costs_where_that_is_better(rd_yuan: int, earned: int) -> None:
    """Of 1 million in costs, and 200 million in sales."""
    found = sme(rd_expense=rd_yuan * YUAN, costs=100 * WAN, revenue=2 * YI)
    assert points(found) == 20 + earned + 30


@pytest.mark.parametrize(
    ("one", "two", "earned"),
    [(1, 0, 30), (0, 5, 24), (0, 4, 24), (0, 3, 18), (0, 2, 12), (0, 1, 6), (0, 0, 0), (1, 4, 30)],
)
def test_results_by_class_of_intellectual_property(one: int, two: int, earned: int) -> None:
    assert points(sme(patents_one=one, patents_two=two)) == 70 + earned


def test_two_points_short_is_said_in_words() -> None:
    found = sme(tech_staff=10, rd_expense=40 * WAN, patents_one=0, patents_two=4)  # 4 + 30 + 24
    (lack,) = criterion(found, "points").gaps
    assert (points(found), found.verdict, lack.lacks) == (58, Verdict.FAIL, "差 2 分")


def test_money_above_a_limit_is_said_in_wan() -> None:
    (lack,) = criterion(sme(revenue=2 * YI + 100 * WAN, rd_expense=YI), "revenue").gaps
    assert lack.lacks == "差 100 万元"


def test_missing_assets_make_it_unknown_and_are_asked_for() -> None:
    found = sme(assets=None)
    assert (found.verdict, found.missing) == (Verdict.UNKNOWN, (Ask("assets", YEAR),))


def test_a_failure_elsewhere_decides_whatever_is_missing() -> None:
    assert sme(assets=None, staff=501).verdict is Verdict.FAIL


def test_what_cannot_change_the_score_any_more_is_not_asked_for() -> None:
    """A class-one patent gives all the points there are: the others are of no interest."""
    found = sme(patents_two=None, costs=None)
    assert (found.verdict, found.missing) == (Verdict.PASS, ())


def test_a_score_that_is_out_of_reach_fails_without_asking() -> None:
    """No personnel points: nothing that is missing would help."""
    assert criterion(sme(tech_staff=0, costs=None, rd_expense=None), "points").verdict is Verdict.FAIL


def test_a_violation_of_the_year_before_counts() -> None:
    profile = a_profile(years={YEAR - 1: {**LAST_YEAR, "has_violation": True}}, **SME)
    assert judge().eligibility("sme", profile, year=YEAR, today=TODAY).verdict is Verdict.FAIL


def test_a_share_of_nothing_is_no_share() -> None:
    found = sme(revenue=0, costs=0)
    assert points(found) == 50


def test_direct_confirmation_needs_a_valid_certificate_and_no_points() -> None:
    facts = {**SME, "tech_staff": 0, "is_high_tech": True, "high_tech_since": "2023-03-03"}
    profile = a_profile(years={YEAR - 1: LAST_YEAR}, **facts)
    direct = judge().eligibility("sme_direct", profile, year=YEAR, today=date(2026, 3, 2))
    assert direct.verdict is Verdict.PASS
    later = judge().eligibility("sme_direct", profile, year=YEAR, today=date(2026, 3, 3))
    assert later.verdict is Verdict.UNKNOWN  # three years are over: another way may still be open


# High-tech


def test_high_tech_at_every_lower_bound_passes() -> None:
    assert high_tech().verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("sales", "rd", "verdict"),
    [
        (5_000_000_000, 245_000_000, Verdict.FAIL),  # 50,000,000 yuan with 4.9 %
        (5_000_000_000, 250_000_000, Verdict.PASS),
        (5_000_000_001, 200_000_001, Verdict.PASS),  # a fen more: 4 % are enough
        (5_000_000_001, 200_000_000, Verdict.FAIL),  # and not a fen less
        (20_000_000_000, 800_000_000, Verdict.PASS),  # 200,000,000 yuan with 4.0 %
        (20_000_000_000, 700_000_000, Verdict.FAIL),  # with 3.5 %
        (20_000_000_100, 600_000_003, Verdict.PASS),  # a yuan more: 3 % are enough
    ],
)
def test_research_intensity_goes_by_last_years_sales(sales: int, rd: int, verdict: Verdict) -> None:
    found = high_tech(revenue=sales, rd_expense=rd, rd_domestic=rd)
    assert criterion(found, "research").verdict is verdict


def test_research_missed_is_said_in_the_money_that_is_lacking() -> None:
    found = high_tech(revenue=5000 * WAN, rd_expense=245 * WAN, rd_domestic=245 * WAN)
    (lack,) = criterion(found, "research").gaps
    assert lack.value == Fraction(49, 1000)
    assert lack.lacks == "差 15 万元"  # 5 % of three times 50 million, less three times 2.45 million


@pytest.mark.parametrize(("tenths", "verdict"), [(700, Verdict.FAIL), (705, Verdict.PASS)])
def test_seventy_points_of_innovation_are_not_above_seventy(tenths: int, verdict: Verdict) -> None:
    assert high_tech(innovation_score=tenths).verdict is verdict


def test_a_share_over_the_years_in_business_is_unknown_while_nobody_knows_how_many_they_are() -> None:
    """Three years of 3000 万元 with 5 % in the last alone fail at 1.7 %; of an enterprise in its first year they would pass."""
    earlier: dict[int, dict[str, Value]] = {
        year: {"revenue": 3000 * WAN, "rd_expense": 0, "rd_domestic": 0} for year in (YEAR - 1, YEAR - 2)
    }
    assert criterion(high_tech(years=earlier), "research").verdict is Verdict.FAIL

    found = high_tech(founded=None, years=earlier)

    assert criterion(found, "research").verdict is Verdict.UNKNOWN
    assert Ask("founded", 0) in criterion(found, "research").missing


def test_founded_eight_months_ago_fails_and_says_how_long_to_wait() -> None:
    found = high_tech(founded="2025-07-02", years={})
    assert found.verdict is Verdict.FAIL
    (lack,) = criterion(found, "founded").gaps
    assert lack.lacks == "差 4 个月"


def test_a_young_one_is_judged_over_the_years_in_which_it_existed() -> None:
    found = high_tech(
        founded="2024-06-01",
        years={2024: {"revenue": 1000 * WAN, "rd_expense": 50 * WAN, "rd_domestic": 50 * WAN}},
    )
    research = criterion(found, "research")
    assert research.verdict is Verdict.PASS
    assert {ask.year for ask in research.reads if ask.fact == "rd_expense"} == {2024, 2025}


def test_without_the_day_of_founding_all_three_years_are_asked_for() -> None:
    found = high_tech(founded=None, years={})
    assert found.verdict is Verdict.UNKNOWN
    assert {Ask("founded", 0), Ask("rd_expense", 2023), Ask("revenue", 2024)} <= set(found.missing)


@pytest.mark.parametrize(
    ("field", "value"), [("tech_staff", 9), ("rd_domestic", 90 * WAN - 1), ("high_tech_income", 60 * WAN - 1)]
)
def test_a_share_just_below_its_bound_fails(field: str, value: int) -> None:
    assert high_tech(**{field: value}).verdict is Verdict.FAIL


def test_no_version_in_force_leaves_everything_unknown() -> None:
    assert high_tech(today=date(2015, 12, 31)).verdict is Verdict.UNKNOWN


# Lists


@pytest.mark.parametrize(("fen", "verdict"), [(YI, Verdict.PASS), (YI - 1, Verdict.FAIL)])
def test_a_hundred_million_exactly_without_research_is_on_the_list(fen: int, verdict: Verdict) -> None:
    profile = a_profile(revenue=fen, above_scale=True, has_rd_activity=False)
    judged = judge().on_list("no_activity", profile, TODAY)
    assert (judged.year, judged.answer.verdict) == (YEAR, verdict)


def test_what_is_not_known_of_research_leaves_it_open() -> None:
    profile = a_profile(revenue=YI, above_scale=True)
    judged = judge().on_list("no_activity", profile, TODAY)
    assert (judged.answer.verdict, judged.answer.missing) == (
        Verdict.UNKNOWN,
        (Ask("has_rd_activity", YEAR),),
    )


def test_not_above_scale_is_not_on_the_list_whatever_else_is_missing() -> None:
    assert (
        judge().on_list("no_activity", a_profile(revenue=YI, above_scale=False), TODAY).answer.verdict
        is Verdict.FAIL
    )


def test_the_newest_figures_decide_and_those_of_the_future_do_not() -> None:
    years: dict[int, dict[str, Value]] = {2024: {"revenue": YI}, 2031: {"revenue": YI}}
    assert judge().year("no_activity", a_profile(years=years), TODAY) == 2024


# Words


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2025-07-02", "2026-03-02", 8),
        ("2025-07-02", "2026-03-01", 7),
        ("2025-08-31", "2026-02-28", 6),  # February has no 31st: whole on its last day
        ("2024-02-29", "2025-02-28", 12),
        ("2026-03-02", "2026-03-01", -1),
    ],
)
def test_whole_months_since_a_day(first: str, last: str, months: int) -> None:
    assert months_between(date.fromisoformat(first), date.fromisoformat(last)) == months


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        (Fraction(100_000_000), "money", "100 万元"),
        (Fraction(96_490_576), "money", "96.5 万元"),
        (Fraction(999_900), "money", "9,999 元"),
        (Fraction(1), "money", "0.01 元"),
        (Fraction(1, 3), "money", "0.01 元"),  # rounded up: what is lacking is never said smaller than it is
        (Fraction(599, 10_000), "percent", "5.99%"),
        (Fraction(1, 2), "points", "0.5 分"),
        (Fraction(4), "个月", "4 个月"),
    ],
)
def test_quantities_in_words(amount: Fraction, unit: str, words: str) -> None:
    assert quantity_words(amount, unit) == words
