"""What a report is asked for: the period, the region, the moment, where the rows are and how they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from adapters.reports.model import Detail, Figure, Report, Section, Table
from adapters.reports.naming import Names
from adapters.reports.period import Period
from adapters.reports.sources import Member, Slot, Sources
from engine.case import Case

__all__ = ["Question", "case_details", "member_details", "slot_details"]


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
    case: str = ""

    @property
    def today(self) -> date:
        return self.names.calendar.local_date(self.now)

    @property
    def cutoff(self) -> date:
        """The last day that the report can speak of: the end of the period, or today."""
        return min(self.period.last, self.today)

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


def case_details(names: Names, cases: Iterable[Case]) -> Iterable[Detail]:
    for case in cases:
        yield Detail(
            case.id,
            names.workflow(case),
            names.subject(case.subject),
            names.full_region(case.region),
            names.state(case),
        )


def member_details(names: Names, members: Iterable[Member], lists: Mapping[str, str]) -> Iterable[Detail]:
    for member in members:
        until = f" 至 {member.until}" if member.until else " 起"
        yield Detail(
            member.row,
            lists.get(member.list, member.list),
            names.subject(member.subject),
            names.full_region(member.region),
            f"{member.since}{until}，数据年份 {member.year}，信用代码 {member.subject}",
        )


def slot_details(names: Names, slots: Iterable[Slot], titles: Mapping[str, str]) -> Iterable[Detail]:
    for slot in slots:
        known = slot.target in names.subjects
        target = names.subject(slot.target) if known else names.region(slot.target)
        yield Detail(
            slot.row,
            titles.get(slot.obligation, slot.obligation),
            target,
            names.full_region(slot.region),
            f"{slot.period}，事项 {slot.case or '未生成'}",
        )
