"""What is known of the subjects of cases: observations of figures, folded into one value for each fact and year.

An observation is what one source said on one day about one year, and is never changed; undoing an import withdraws it. Pure
values: where they are kept is left to `adapters/subjects`, which facts there are to the programme (`engine/programme`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple

from engine.directory import SubjectId

__all__ = ["TIMELESS", "Facts", "Known", "Observation", "Profile", "Value", "known_facts"]

Value = int | bool | str
"""Money is an integer of fen, a day is `2026-03-01`: never a float."""

TIMELESS: Final = 0
"""The year of facts that belong to no year, such as the day on which it was founded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What `source` said about `year`; `vintage` is the day as of which it speaks, `entered_at` when we learned it."""

    subject: SubjectId
    year: int
    facts: Mapping[str, Value]
    source: str
    vintage: date
    entered_by: str
    entered_at: datetime
    verified: bool = False
    batch: str = ""
    n: int = 0
    withdrawn_at: datetime | None = None

    def is_held_at(self, moment: datetime | None) -> bool:
        """Whether it counted at `moment`; None asks for now."""
        if moment is None:
            return self.withdrawn_at is None
        return self.entered_at <= moment and (self.withdrawn_at is None or moment < self.withdrawn_at)

    @property
    def weight(self) -> tuple[date, bool, datetime, int]:
        """Which of two wins for the same fact and year: the newer vintage, then the verified one, then the later entry."""
        return (self.vintage, self.verified, self.entered_at, self.n)


class Known(NamedTuple):
    """The value that counts for a fact and a year, and where it comes from."""

    value: Value
    source: str
    vintage: date
    verified: bool
    entered_by: str
    entered_at: datetime


Facts = Mapping[tuple[str, int], Known]


def known_facts(observations: Iterable[Observation], *, as_of: datetime | None = None) -> Facts:
    """One value for each (fact, year), of what was held `as_of` a moment (None: now)."""
    held = sorted(
        (o for o in observations if o.is_held_at(as_of)), key=lambda each: each.weight, reverse=True
    )
    return _Held(held)


class _Held(Mapping[tuple[str, int], Known]):
    """Looked up when asked for: rules read few of the many facts that are known of a subject."""

    __slots__ = ("_by_year",)

    def __init__(self, weightiest_first: Iterable[Observation]) -> None:
        self._by_year: dict[int, list[Observation]] = {}
        for each in weightiest_first:
            self._by_year.setdefault(each.year, []).append(each)

    def __getitem__(self, key: tuple[str, int]) -> Known:
        name, year = key
        for each in self._by_year.get(year, ()):
            if name in each.facts:
                return Known(
                    each.facts[name],
                    each.source,
                    each.vintage,
                    each.verified,
                    each.entered_by,
                    each.entered_at,
                )
        raise KeyError(key)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        for year, observations in self._by_year.items():
            yield from (
                (name, year) for name in dict.fromkeys(n for each in observations for n in each.facts)
            )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def years(self) -> list[int]:
        """Those for which anything is known."""
        return [
            year for year, observations in self._by_year.items() if any(each.facts for each in observations)
        ]


@dataclass(frozen=True, slots=True)
class Profile:
    """One subject as rules see it: where it is, what is known, and the lists it is on."""

    id: SubjectId
    title: str
    region: str
    facts: Facts = field(default_factory=dict)
    lists: frozenset[str] = frozenset()

    def value(self, fact: str, year: int) -> Value | None:
        """Of that year, or of no year; None where it is not known."""
        known = self.facts.get((fact, year)) or self.facts.get((fact, TIMELESS))
        return known.value if known else None

    def newest_year(self, until: int) -> int | None:
        """The newest for which anything is known, of those up to `until`; facts of no year count as the year 0."""
        facts = self.facts
        years = facts.years if isinstance(facts, _Held) else {year for _, year in facts}
        return max((year for year in years if year <= until), default=None)

    def years(self, fact: str) -> list[int]:
        """The years for which the fact is known, the newest first."""
        return sorted({year for name, year in self.facts if name == fact}, reverse=True)
