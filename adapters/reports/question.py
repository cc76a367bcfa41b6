"""What a report is asked for: the period, the region, the moment, where the rows are and how they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from adapters.reports.figuring import Figuring, Place
from adapters.reports.model import Detail, Figure, Report, Section, Table
from adapters.reports.naming import Names
from adapters.reports.period import Period
from adapters.reports.sources import Sources

__all__ = ["Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """`case` is the number of the one case that a letter is about; empty for reports over many."""

    kind: str
    title: str
    period: Period
    region: str
    now: datetime
    sources: Sources
    names: Names
    figuring: Figuring
    case: str = ""

    @property
    def today(self) -> date:
        return self.names.calendar.local_date(self.now)

    @property
    def cutoff(self) -> date:
        """The last day that the report can speak of: the end of the period, or today."""
        return min(self.period.last, self.today)

    def place(self, place: Place) -> str:
        """How a line of a table is called."""
        region = self.names.full_region(place.region)
        if not place.is_own:
            return region
        return f"{region}（未分到县区）" if self.names.depth(place.region) else f"{region}本级"

    def report(
        self,
        *,
        title: str = "",
        tables: Iterable[Table] = (),
        sections: Iterable[Section] = (),
        fields: Mapping[str, str] | None = None,
        figures: Iterable[Figure] = (),
        details: Iterable[Detail] = (),
        sources: Iterable[str] = (),
        conditions: Iterable[tuple[str, str]] = (),
    ) -> Report:
        """The report with what all of them say: period, region, moment and the rows that were asked for."""
        common = (("期间", self.period.title), ("区划", self.names.full_region(self.region)))
        return Report(
            kind=self.kind,
            title=title or f"{self.names.full_region(self.region)}{self.period.title}{self.title}",
            period=self.period.words,
            region=self.region,
            as_of=self.now,
            tables=tuple(tables),
            sections=tuple(sections),
            fields=dict(fields or {}),
            figures=tuple(figures),
            details={each.row: each for each in details},
            sources=tuple(sources),
            conditions=(*common, *conditions),
        )
