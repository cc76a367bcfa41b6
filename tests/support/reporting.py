"""Rows for reports by hand: cases as they might stand, spells and slots, and sources that hold them in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from adapters.reports.assessments import Assessment
from adapters.reports.kinds import KINDS
from adapters.reports.model import Report, Watermark
from adapters.reports.naming import Names
from adapters.reports.period import parse_period
from adapters.reports.question import Question
from adapters.reports.sources import Member, Slot, Subject, Target
from engine.access import Reach, may_read
from engine.case import Case, CaseId, Clock, Holder, Lane, Taken
from engine.subjects import Profile
from tests.support.story_office import ZONE, calendar, directory, programs

NOW = datetime(2026, 4, 7, 1, 30, tzinfo=UTC)  # 09:30 in China, a Tuesday
WATERMARK = Watermark("示例导出人（p-34-leader-1）", "2026年4月7日09:30", "示例：工作调度")
EVERYWHERE = Reach(regions=("34",))


def at(day: str, hour: int = 10) -> datetime:
    """A local day and hour as an instant."""
    return datetime.combine(date.fromisoformat(day), time(hour), ZONE).astimezone(UTC)


def a_case(
    workflow: str,
    number: str,
    *,
    region: str = "340104",
    subject: str = "",
    state: str = "",
    opened: str = "2026-03-02",
    ended: str = "",
    unit: str = "",
    person: str = "",
    data: Mapping[str, Any] | None = None,
    taken: Mapping[str, str] | None = None,
    by: Mapping[str, str] | None = None,
    clocks: Mapping[str, Clock] | None = None,
    lanes: Mapping[str, Lane] | None = None,
    related: Iterable[str] = (),
) -> Case:
    """`taken` maps steps to the days on which they were taken, `by` to who took them; `ended` says how it ended."""
    program, steps = programs()[workflow], {**(taken or {})}
    last = max((at(day) for day in steps.values()), default=at(opened))
    return Case(
        id=CaseId(number),
        workflow=workflow,
        version=program.definition.version,
        digest=program.digest,
        region=region,
        subject=subject,
        state=state or program.definition.start,
        opened_at=at(opened),
        at=last,
        seq=1,
        ended=ended,  # type: ignore[arg-type]
        holder=Holder("handler", unit, person),
        data=dict(data or {}),
        lanes=dict(lanes or {}),
        clocks=dict(clocks or {}),
        taken={
            step: Taken(1, 1, 1, tuple(filter(None, [(by or {}).get(step, "")])), at(day))
            for step, day in steps.items()
        },
        related={other: {"news": "opened", "relation": "visit"} for other in related},
    )


def a_clock(
    *, started: str = "2026-03-02", due: str = "2026-03-16", stopped: str = "", extended: Sequence[str] = ()
) -> Clock:
    """Runs from one day to another; `stopped` on a day it is met or late, else it is running."""
    end = at(stopped) if stopped else None
    due_at = at(due, 17) + timedelta(minutes=30)
    status = "running" if end is None else "met" if end <= due_at else "late"
    return Clock(
        cycle=1,
        limit="10 working days",
        started_at=at(started),
        segments=((at(started), end),),
        due_at=due_at,
        status=status,  # type: ignore[arg-type]
        extended=tuple(extended),
    )


@dataclass(frozen=True)
class MemorySources:
    """`adapters.reports.sources.Sources` over values, with the same reach and region."""

    all_cases: Sequence[Case] = ()
    all_members: Sequence[Member] = ()
    all_slots: Sequence[Slot] = ()
    all_subjects: Sequence[Subject] = ()
    all_targets: Sequence[Target] = ()
    all_assessments: Sequence[Assessment] = ()
    holds: frozenset[str] = frozenset()
    region: str = "34"
    reach: Reach = EVERYWHERE
    facts: Mapping[str, Profile] = field(default_factory=dict)

    def cases(self, *workflows: str) -> Sequence[Case]:
        found = (c for c in self.all_cases if self._reads(c) and c.region.startswith(self.region))
        return sorted((c for c in found if not workflows or c.workflow in workflows), key=lambda c: c.id)

    def case(self, case: str) -> Case | None:
        return next((c for c in self.all_cases if c.id == case and self._reads(c)), None)

    def members(self, *lists: str) -> Sequence[Member]:
        found = [m for m in self.all_members if m.list in lists and self._covers(m.region)]
        return sorted(found, key=lambda m: (m.list, m.subject, m.n))

    def slots(self, *obligations: str) -> Sequence[Slot]:
        found = [s for s in self.all_slots if s.obligation in obligations and self._covers(s.region)]
        return sorted(found, key=lambda s: (s.obligation, s.target, s.period))

    def subjects(self) -> Sequence[Subject]:
        return sorted((s for s in self.all_subjects if self._covers(s.region)), key=lambda s: s.id)

    def profiles(self, year: int) -> Iterator[Profile]:
        return iter(self.facts.values())

    def targets(self, *indicators: str) -> Sequence[Target]:
        return [t for t in self.all_targets if t.indicator in indicators and self._covers(t.region)]

    def assessments(self, year: int, now: datetime) -> Iterable[Assessment]:
        return [a for a in self.all_assessments if self._covers(a.region)]

    def handled(self) -> frozenset[str]:
        return self.holds

    def title(self, subject: str) -> str:
        return next((s.title for s in self.all_subjects if s.id == subject), subject)

    def _reads(self, case: Case) -> bool:
        return may_read(self.reach, region=case.region, units=case.units, subject=case.subject or None)

    def _covers(self, region: str) -> bool:
        within = any(region.startswith(scope) for scope in self.reach.regions)
        return within and region.startswith(self.region)


def a_question(
    kind: str,
    sources: MemorySources,
    *,
    period: str = "2026-03",
    case: str = "",
    now: datetime = NOW,
    secrets: Mapping[str, Mapping[str, bytes]] | None = None,
) -> Question:
    names = Names(
        directory=directory(),
        calendar=calendar(),
        definition=lambda digest: next(p.definition for p in programs().values() if p.digest == digest),
        secrets=lambda each: (secrets or {}).get(each.id, {}),
        subjects={s.id: s.title for s in sources.subjects()},
        handled=sources.handled(),
        title=sources.title,
    )
    title = KINDS[kind].title
    return Question(kind, title, parse_period(period), sources.region, now, sources, names, case)


def a_report(kind: str, sources: MemorySources, **asked: Any) -> Report:
    build = KINDS[kind].build
    assert build is not None
    return build(a_question(kind, sources, **asked))
