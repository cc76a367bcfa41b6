"""Figures against examples worked by hand: growth, scores, means, suppression."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.programme.disclosure import hidden_parts
from engine.programme.figures import (
    Figure,
    Row,
    Selection,
    average,
    band_of,
    growth_of,
    points,
    power,
    rate,
    score_of,
)
from engine.programme.indicators import Band
from tests.support.duties import duties

FOUR = Fraction(4)


def rounded(value: Fraction | None, places: int = 4) -> float | None:
    return None if value is None else round(float(value), places)


def row(name: str, amount: Fraction | None = None) -> Row:
    return Row(name, "7", "", lambda _: None, lambda _: amount)


def test_doubling_in_four_years_from_the_base_asks_for_18_92_per_cent_a_year() -> None:
    growth = growth_of(Fraction(1000), Fraction(1000), factor=2, years=FOUR, elapsed=Fraction(0))
    assert rounded(growth.required) == 0.1892
    assert growth.path == 1000
    assert growth.annual is None


def test_one_fifth_more_after_two_years_asks_for_29_1_per_cent_from_then_on() -> None:
    growth = growth_of(Fraction(1200), Fraction(1000), factor=2, years=FOUR, elapsed=Fraction(2))
    assert growth.factor == Fraction(6, 5)
    assert growth.progress == Fraction(1, 5)
    assert rounded(growth.required, 3) == 0.291
    assert rounded(growth.path, 2) == 1414.21
    assert rounded(growth.ahead, 2) == -214.21
    assert rounded(growth.annual) == 0.0954


def test_twenty_per_cent_a_year_more_than_doubles_in_four_years() -> None:
    assert power(Fraction(6, 5), FOUR) == Fraction("2.0736")
    growth = growth_of(Fraction("2073.6"), Fraction(1000), factor=2, years=FOUR, elapsed=FOUR)
    assert growth.factor == Fraction("2.0736")
    assert growth.annual == pytest.approx(0.2)
    assert growth.path == 2000
    assert growth.required is None


def test_growth_from_nothing_has_no_factor() -> None:
    growth = growth_of(Fraction(10), Fraction(0), factor=2, years=FOUR, elapsed=Fraction(1))
    assert (growth.factor, growth.progress, growth.annual) == (None, None, None)
    assert (growth.path, growth.ahead, growth.required) == (None, None, None)


def test_when_the_years_are_over_the_path_stays_at_the_target() -> None:
    growth = growth_of(Fraction(1900), Fraction(1000), factor=2, years=FOUR, elapsed=Fraction(5))
    assert (growth.path, growth.ahead) == (2000, -100)


def test_a_mean_and_a_median_are_exact_and_rows_without_a_number_are_set_apart() -> None:
    amounts = [Fraction(1), Fraction(2), Fraction(6), None, Fraction(1, 3)]
    selection = Selection(tuple(row(str(n), amount) for n, amount in enumerate(amounts)))
    mean = average(selection, "hours", middle=False)
    assert mean.value == Fraction(7, 3)
    assert (mean.denominator, mean.rows, mean.apart) == (4, ("0", "1", "2", "4"), {"unknown": ("3",)})
    assert average(selection, "hours", middle=True).value == Fraction(3, 2)


def test_a_rate_of_four_rows_is_suppressed_and_of_five_is_not() -> None:
    def good(each: Row) -> bool:
        return each.id != "0"

    four = rate(Selection(tuple(row(str(n)) for n in range(4))), good, suppress_below=5)
    five = rate(Selection(tuple(row(str(n)) for n in range(5))), good, suppress_below=5)
    assert (four.value, four.numerator, four.part, four.rows, four.suppressed) == (None, None, (), (), True)
    assert (five.value, five.numerator, five.denominator) == (Fraction(4, 5), 4, 5)


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"a": 9, "b": 7, "c": 20}, ""),  # none is small
        ({"a": 3, "b": 7, "c": 20}, "ab"),  # the whole less b and c would be a
        ({"a": 3, "b": 7, "c": 7}, "ab"),
        ({"a": 2, "b": 4, "c": 20}, "ab"),  # together six: enough
        ({"a": 1, "b": 2, "c": 20, "d": 8}, "abd"),  # together three, which the whole less c and d would show
        ({"a": 3, "b": 0, "c": 20}, "ac"),  # a part without rows hides nothing
        ({"a": 3, "b": 1}, "ab"),  # so few that the whole is hidden too
        ({"a": 0}, ""),
    ],
)
def test_so_many_parts_are_hidden_that_the_whole_less_the_others_tells_of_none(
    sizes: dict[str, int], hidden: str
) -> None:
    assert "".join(sorted(hidden_parts(sizes, 5))) == hidden


def test_a_rate_of_nothing_has_no_value() -> None:
    assert rate(Selection(), lambda _: True).value is None


def test_a_score_weighs_points_and_leaves_out_what_has_none() -> None:
    assert score_of([(60, Fraction(90)), (40, Fraction(75))]) == 84
    assert score_of([(60, Fraction(90)), (40, None)]) == 90
    assert score_of([(60, None)]) is None


@pytest.mark.parametrize(
    ("score", "band"), [(100, "优秀"), (90, "优秀"), (89, "良好"), (80, "良好"), (60, "合格"), (59, "")]
)
def test_a_band_includes_its_lower_bound(score: int, band: str) -> None:
    bands: tuple[Band, ...] = duties().indicators["score"].bands
    assert band_of(Fraction(score), bands) == band


def test_points_are_a_share_of_the_target_between_nothing_and_a_hundred() -> None:
    assert points(Figure(value=Fraction(3, 4)), None) == 75
    assert points(Figure(value=Fraction(30), target=40), 50) == 75
    assert points(Figure(value=Fraction(30)), 50) == 60
    assert points(Figure(value=Fraction(90)), 50) == 100
    assert points(Figure(value=Fraction(-1)), None) == 0
    assert points(Figure(), None) is None
