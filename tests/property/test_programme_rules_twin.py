"""The rule sets against a slow, obvious evaluator: equal where all is known, and never wrong about what may still come."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from engine.programme.answers import Verdict
from engine.subjects import Value
from tests.support.profiles import TODAY, WAN, YEAR, a_profile, judge

Year = Mapping[str, Value]
YI = 10_000 * WAN

FACTS = {
    "is_resident": [True, True, True, False],
    "staff": [0, 1, 9, 100, 499, 500, 501],
    "tech_staff": [0, 1, 10, 15, 20, 30, 100, 500],
    "revenue": [0, 1, 1000 * WAN, 5000 * WAN, 5000 * WAN + 1, 2 * YI, 2 * YI + 1],
    "costs": [0, 900 * WAN, 1000 * WAN, YI],
    "assets": [0, 2 * YI, 2 * YI + 1],
    "rd_expense": [0, 1, 20 * WAN, 60 * WAN, 250 * WAN, 600 * WAN, 800 * WAN, YI],
    "rd_domestic": [0, 12 * WAN, 36 * WAN, 150 * WAN, 600 * WAN],
    "patents_one": [0, 0, 1],
    "patents_two": [0, 1, 2, 3, 4, 9],
    "makes_banned": [False, False, False, True],
    "has_violation": [False, False, False, True],
    "is_blacklisted": [False, False, False, True],
    "has_core_ip": [True, True, False],
    "in_supported_field": [True, True, False],
    "total_income": [0, 100, 1000],
    "high_tech_income": [0, 59, 60, 600, 1000],
    "innovation_score": [0, 700, 701, 999],
    "founded": ["2015-05-01", "2024-12-31", "2025-03-02", "2025-03-03"],
}
PERIOD = ("revenue", "rd_expense", "rd_domestic", "has_violation", "is_blacklisted")


def share(part: int, whole: int, hundredths: int) -> bool:
    """Whether part is at least so many per cent of whole, without dividing."""
    return whole > 0 and part * 100 >= whole * hundredths


def sme(this: Year, last: Year, _: Year) -> bool:
    def of(name: str) -> int:
        return int(this[name])

    personnel = next(
        (
            p
            for h, p in ((30, 20), (25, 16), (20, 12), (15, 8), (10, 4))
            if share(of("tech_staff"), of("staff"), h)
        ),
        0,
    )
    by_sales = next(
        (
            p
            for h, p in ((6, 50), (5, 40), (4, 30), (3, 20), (2, 10))
            if share(of("rd_expense"), of("revenue"), h)
        ),
        0,
    )
    by_costs = next(
        (
            p
            for h, p in ((30, 50), (25, 40), (20, 30), (15, 20), (10, 10))
            if share(of("rd_expense"), of("costs"), h)
        ),
        0,
    )
    results = 30 if of("patents_one") else (0, 6, 12, 18, 24)[min(of("patents_two"), 4)]
    return (
        bool(this["is_resident"])
        and of("staff") <= 500
        and of("revenue") <= 2 * YI
        and of("assets") <= 2 * YI
        and not this["makes_banned"]
        and not any(year[name] for year in (this, last) for name in ("has_violation", "is_blacklisted"))
        and personnel > 0
        and personnel + max(by_sales, by_costs) + results >= 60
    )


def high_tech(this: Year, last: Year, before: Year) -> bool:
    founded = date.fromisoformat(str(this["founded"]))
    years = [
        year
        for number, year in ((YEAR, this), (YEAR - 1, last), (YEAR - 2, before))
        if number >= min(founded.year, YEAR)
    ]
    sums = {name: sum(int(year[name]) for year in years) for name in ("revenue", "rd_expense", "rd_domestic")}
    sales = int(this["revenue"])
    least = 5 if sales <= 5000 * WAN else 4 if sales <= 2 * YI else 3
    a_year_later = founded.replace(year=founded.year + 1)
    return (
        a_year_later <= TODAY
        and bool(this["has_core_ip"])
        and bool(this["in_supported_field"])
        and share(int(this["tech_staff"]), int(this["staff"]), 10)
        and share(sums["rd_expense"], sums["revenue"], least)
        and share(sums["rd_domestic"], sums["rd_expense"], 60)
        and share(int(this["high_tech_income"]), int(this["total_income"]), 60)
        and int(this["innovation_score"]) > 700
        and not this["has_violation"]
    )


SLOW: dict[str, Callable[[Year, Year, Year], bool]] = {"sme": sme, "high_tech": high_tech}


def a_history(dice: random.Random) -> list[dict[str, Value]]:
    """The year, the one before and the one before that, every fact known."""
    this: dict[str, Value] = {name: dice.choice(values) for name, values in FACTS.items()}
    return [this, *({name: dice.choice(FACTS[name]) for name in PERIOD} for _ in range(2))]


def verdict(rule_set: str, history: list[dict[str, Value]]) -> Verdict:
    this, last, before = history
    profile = a_profile(years={YEAR - 1: last, YEAR - 2: before}, **this)  # type: ignore[arg-type]
    return judge().eligibility(rule_set, profile, year=YEAR, today=TODAY).verdict


@given(st.integers(0, 2**32), st.sampled_from(sorted(SLOW)))
def test_where_everything_is_known_both_say_the_same(seed: int, rule_set: str) -> None:
    history = a_history(random.Random(seed))
    assert verdict(rule_set, history) is (Verdict.PASS if SLOW[rule_set](*history) else Verdict.FAIL)


def test_the_random_histories_pass_and_fail() -> None:
    """Otherwise the comparison would prove little."""
    for rule_set, slow in SLOW.items():
        found = {slow(*near(rule_set, random.Random(seed))) for seed in range(200)}
        assert found == {True, False}, rule_set


def near(rule_set: str, dice: random.Random) -> list[dict[str, Value]]:
    """A history that passes, with a few facts changed."""
    this: dict[str, Value] = {
        **{name: values[0] for name, values in FACTS.items()},
        **{"staff": 100, "tech_staff": 30, "revenue": 1000 * WAN, "costs": 900 * WAN, "rd_expense": 60 * WAN},
        **{
            "rd_domestic": 36 * WAN,
            "patents_one": 1,
            "total_income": 1000,
            "high_tech_income": 600,
            "innovation_score": 701,
        },
    }
    period: dict[str, Value] = {name: this[name] for name in PERIOD}
    history = [this, dict(period), dict(period)]
    for _ in range(dice.randint(0, 2)):
        year = dice.choice(history)
        name = dice.choice(sorted(year))
        year[name] = dice.choice(FACTS[name])
    return history


@given(st.integers(0, 2**32), st.sampled_from(sorted(SLOW)))
def test_near_the_bounds_both_say_the_same(seed: int, rule_set: str) -> None:
    history = near(rule_set, random.Random(seed))
    assert verdict(rule_set, history) is (Verdict.PASS if SLOW[rule_set](*history) else Verdict.FAIL)


@given(st.integers(0, 2**32), st.sampled_from(sorted(SLOW)), st.integers(1, 4))
@example(seed=131071, rule_set="high_tech", hidden=1)  # the day of founding is hidden
def test_a_verdict_on_part_of_the_facts_holds_whatever_the_others_are(
    seed: int, rule_set: str, hidden: int
) -> None:
    dice = random.Random(seed)
    history = near(rule_set, dice)
    gone = [(n, name) for n, year in enumerate(history) for name in year]
    for n, name in dice.sample(gone, hidden):
        del history[n][name]
    said = verdict(rule_set, history)
    if said is Verdict.UNKNOWN:
        return
    for _ in range(8):
        full = [
            {**{name: dice.choice(FACTS[name]) for name in (FACTS if n == 0 else PERIOD)}, **year}
            for n, year in enumerate(history)
        ]
        assert SLOW[rule_set](*full) is (said is Verdict.PASS)
