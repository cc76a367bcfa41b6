"""Stock and flow of a list always balance, and the parts of a region add up; the twin walks day by day over sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.programme.ledger import COMING, LEAVING, TERMS, ledger_of
from engine.programme.spells import Spell

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
REGIONS = ("3401", "340102", "340103", "3402", "340202")
DAYS = 60


@st.composite
def histories(draw: st.DrawFn) -> list[Spell]:
    """Spells of a few subjects, none of which overlap for one subject."""
    spells = []
    for subject in range(draw(st.integers(0, 5))):
        moments = sorted(draw(st.sets(st.integers(0, DAYS), max_size=7)))
        for n, start in enumerate(moments[::2]):
            until = moments[2 * n + 1] if 2 * n + 1 < len(moments) else None
            spells.append(
                Spell(
                    list="kept",
                    subject=f"s{subject}",
                    n=n + 1,
                    region=draw(st.sampled_from(REGIONS)),
                    since=BEGIN + timedelta(days=start),
                    until=None if until is None else BEGIN + timedelta(days=until),
                    how_in=draw(st.sampled_from(COMING)),
                    how_out="" if until is None else draw(st.sampled_from(LEAVING)),
                )
            )
    return spells


def slowly(spells: list[Spell], first: int, last: int) -> dict[str, int]:
    """Count people as a porter would: keep the set of who is in, and write down who passes the door each day."""
    inside: set[str] = set()
    counts = dict.fromkeys(TERMS, 0)
    for day in range(DAYS + 2):
        now = BEGIN + timedelta(days=day)
        if day == first:
            counts["opening"] = len(inside)
        if day == last:
            counts["closing"] = len(inside)
        for spell in spells:
            if spell.since == now:
                inside.add(spell.id)
                counts[spell.how_in] += first <= day < last
            if spell.until == now:
                inside.remove(spell.id)
                counts[spell.how_out] += first <= day < last
    return counts


@given(histories(), st.integers(0, DAYS), st.integers(0, DAYS))
def test_the_ledger_is_what_a_porter_counts_and_balances(spells: list[Spell], a: int, b: int) -> None:
    first, last = min(a, b), max(a, b) + 1
    ledger = ledger_of(spells, BEGIN + timedelta(days=first), BEGIN + timedelta(days=last))
    assert {term: ledger.count(term) for term in TERMS} == slowly(spells, first, last)
    assert ledger.balances


@given(histories(), st.integers(0, DAYS))
def test_counties_add_up_to_their_city_and_cities_to_the_province(spells: list[Spell], first: int) -> None:
    start, end = BEGIN + timedelta(days=first), BEGIN + timedelta(days=first + 20)

    def of(*regions: str) -> dict[str, int]:
        ledger = ledger_of([s for s in spells if s.region in regions], start, end)
        return {term: ledger.count(term) for term in TERMS}

    whole = of(*REGIONS)
    by_county = [of(region) for region in REGIONS]
    by_city = [of("3401", "340102", "340103"), of("3402", "340202")]
    for term in TERMS:
        assert sum(part[term] for part in by_county) == sum(part[term] for part in by_city) == whole[term]


@given(histories())
def test_the_closing_stock_of_a_period_is_the_opening_stock_of_the_next(spells: list[Spell]) -> None:
    one, two, three = (BEGIN + timedelta(days=d) for d in (10, 25, 40))
    assert ledger_of(spells, one, two).terms["closing"] == ledger_of(spells, two, three).terms["opening"]
