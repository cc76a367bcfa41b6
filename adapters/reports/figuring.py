"""The programme's figures for what a report is about: the very numbers that `GET /indicators` and `bihuan indicators` give.

Nothing is computed here; figures are given the names and places that the tables of a report need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, NamedTuple, TypeVar

from adapters.programme.figures import TERM_WORDS, Coloured, Figures, Table
from adapters.reports.model import Figure, Measure, of_rows
from adapters.reports.period import Period, UnknownPeriod
from engine.access import Reach
from engine.programme.figures import Figure as Found
from engine.programme.figures import of_ledger
from engine.programme.indicators import CLEAR_RATE, Indicator
from engine.programme.ledger import TERMS, Ledger
from engine.programme.model import Programme
from engine.programme.periods import Period as ProgrammePeriod
from engine.programme.periods import PeriodUnreadable, parse_period

__all__ = ["RATE", "Figuring", "Place", "Placed", "marked", "measure_of", "part_of", "whole_of"]

Each = TypeVar("Each")
RATE: Final = "rate"  # of a ledger: cleared of all that were on the list


class Place(NamedTuple):
    """What a line of a table is about: a region with all under it, or what belongs to the region itself (`is_own`)."""

    region: str
    is_own: bool = False

    @property
    def key(self) -> str:
        return f"{self.region}.self" if self.is_own else self.region


Placed = Mapping[Place, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class Figuring:
    """`programme` gives the version in force; only reports that need one ask for it. `depth`: of a region below the root.

    `since`: the first day on which an obligation was one; None if it never was.
    """

    figures: Figures
    programme: Callable[[], Programme]
    period: Period
    region: str
    reach: Reach
    now: datetime
    depth: Callable[[str], int]
    since: Callable[[str], date | None]

    def table(self, names: Iterable[str], *, level: int, year: int | None = None) -> Placed:
        """Indicators for the region and its parts at a level below the root, of the period or of a year.

        Keyed by the indicator; the key of a figure is `indicator/place`. Errors: `UnknownPeriod`, those of `Figures.table`.
        """
        programme, found = self.programme(), self.found(names, level=level, year=year)
        titled = {name: programme.indicators[name] for name in found.whole}
        return {
            place: {name: _shown(name, titled[name], figure, place) for name, figure in figures.items()}
            for place, figures in self._places(found.whole, found.by_part, level).items()
        }

    def found(self, names: Iterable[str], *, level: int, year: int | None = None) -> Table:
        """The same, as the programme's figures have them. Errors: as `table`."""
        period = self._period() if year is None else ProgrammePeriod(year, "year")
        return self.figures.table(
            self.programme(),
            period,
            self.now,
            reach=self.reach,
            region=self.region,
            level=level,
            names=names,
        )

    def ledger(self, name: str, *, level: int) -> Placed:
        """Stock and flow of a list, keyed by the term, and `rate`. Errors: as `table`."""
        programme = self.programme()
        found = self.figures.ledger(
            programme, name, self._period(), self.now, reach=self.reach, region=self.region, level=level
        )
        title = programme.lists[name].title.zh
        return {
            place: _terms(name, title, ledger, place)
            for place, ledger in self._places(found.whole, found.by_part, level).items()
        }

    def slots(self, *names: str) -> list[Coloured]:
        """The slots of the period with their colours. Errors: as `table`."""
        return self.figures.slots(
            self.programme(), self._period(), self.now, reach=self.reach, region=self.region, names=names
        )

    def list_title(self, name: str) -> str:
        """How the programme in force calls a list: a threshold in it is the one that applies."""
        return self.programme().lists[name].title.zh

    def indicator(self, name: str) -> Indicator:
        return self.programme().indicators[name]

    def _places(self, whole: Each, by_part: Mapping[str, Each], level: int) -> dict[Place, Each]:
        """A part above the level holds what belongs to itself and to none of the parts below it."""
        parts = {Place(part, self.depth(part) < level): each for part, each in by_part.items()}
        return {Place(self.region): whole, **parts}

    def _period(self) -> ProgrammePeriod:
        try:
            return parse_period(self.period.words)
        except PeriodUnreadable:
            raise UnknownPeriod(
                f"指标不按日统计：{self.period.words}", hint="写月、季、半年或年，例如 2026-03、2026-Q1"
            ) from None


def measure_of(indicator: Indicator) -> Measure:
    if indicator.kind == "ledger":
        return "rate" if indicator.value == CLEAR_RATE else "count"
    kinds: Mapping[str, Measure] = {"rate": "rate", "count": "count", "mean": "mean"}
    return kinds.get(indicator.kind, "value")


def marked(
    name: str, title: str, found: Found, place: Place, *, measure: Measure, column: str = ""
) -> Figure:
    """A figure of a place; `column` is its title unless another is needed to tell it from others."""
    return Figure(
        key=f"{name}/{place.key}",
        title=title,
        found=found,
        measure=measure,
        column="" if measure == "value" else column or title,
        region=place.region,
        is_own=place.is_own,
    )


def whole_of(figure: Figure, title: str) -> Figure:
    """How many a rate is of."""
    return _count_of(figure, title, figure.found.rows, "of")


def part_of(figure: Figure, title: str) -> Figure:
    """How many of them count."""
    return _count_of(figure, title, figure.found.part, "part")


def _count_of(figure: Figure, title: str, rows: tuple[str, ...], tail: str) -> Figure:
    return replace(
        figure,
        key=f"{figure.key}/{tail}",
        title=title,
        found=of_rows(rows),
        measure="count",
        column=title,
    )


def _shown(name: str, indicator: Indicator, found: Found, place: Place) -> Figure:
    return marked(name, indicator.title.zh, found, place, measure=measure_of(indicator))


def _terms(name: str, title: str, ledger: Ledger, place: Place) -> dict[str, Figure]:
    def of(term: str, word: str, measure: Measure) -> Figure:
        found = of_ledger(ledger, None if term == RATE else term)
        return marked(f"{name}/{term}", word, found, place, measure=measure, column=f"{title}·{word}")

    return {**{term: of(term, TERM_WORDS[term], "count") for term in TERMS}, RATE: of(RATE, "清零率", "rate")}
