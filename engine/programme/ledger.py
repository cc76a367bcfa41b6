"""Stock and flow of a list: who was on it at the beginning, who came, who left and how, who is on it at the end.

`closing = opening + entered + relapsed + moved_in - cleared - exited - moved_out`, for every region and period, each term with
its rows. A row counts in the region that it names, so the terms of the parts of a region add up to its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from engine.programme.spells import HowIn, HowOut, Spell

__all__ = ["COMING", "LEAVING", "TERMS", "Ledger", "ledger_of"]

COMING: Final[tuple[HowIn, ...]] = ("entered", "relapsed", "moved_in")
LEAVING: Final[tuple[HowOut, ...]] = ("cleared", "exited", "moved_out")
TERMS: Final = ("opening", *COMING, *LEAVING, "closing")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The terms of one list, region and period; each holds its rows."""

    terms: Mapping[str, tuple[Spell, ...]]

    def count(self, term: str) -> int:
        return len(self.terms[term])

    @property
    def at_stake(self) -> tuple[Spell, ...]:
        """Whoever was on the list at any time of the period."""
        return tuple(spell for term in ("opening", *COMING) for spell in self.terms[term])

    @property
    def clear_rate(self) -> Fraction | None:
        """Cleared of those who were on the list at any time; None where nobody was."""
        number = len(self.at_stake)
        return Fraction(self.count("cleared"), number) if number else None

    @property
    def balances(self) -> bool:
        inflow = sum(map(self.count, ("opening", *COMING)))
        return self.count("closing") == inflow - sum(map(self.count, LEAVING))


def ledger_of(spells: Iterable[Spell], start: datetime, end: datetime) -> Ledger:
    """The ledger from `start` (included) to `end` (not included)."""
    terms: defaultdict[str, list[Spell]] = defaultdict(list)
    for spell in spells:
        if spell.is_on(start):
            terms["opening"].append(spell)
        if start <= spell.since < end:
            terms[spell.how_in].append(spell)
        if spell.until is not None and start <= spell.until < end:
            terms[spell.how_out].append(spell)
        if spell.is_on(end):
            terms["closing"].append(spell)
    return Ledger({term: tuple(sorted(terms[term], key=lambda s: s.id)) for term in TERMS})
