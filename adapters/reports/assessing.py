"""Assess subjects by the rule sets of the programme in force, in the words of reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from adapters.programme.registry import ProgrammeRegistry, Published, UnknownProgramme
from adapters.reports.assessments import Assessment, Criterion
from adapters.reports.sources import Assess, LocalDate
from engine.programme.judging import Eligibility
from engine.programme.names import Ask, fact_of
from engine.subjects import Profile

__all__ = ["assessor"]


def assessor(programmes: ProgrammeRegistry, local_date: LocalDate) -> Assess:
    """Every rule set of the programme in force at the moment; nothing where none is."""

    def assess(profile: Profile, year: int, now: datetime) -> Iterator[Assessment]:
        try:
            published = programmes.current(now)
        except UnknownProgramme:
            return
        today = local_date(now)
        known = max((y for _, y in profile.facts if 0 < y <= year), default=year)
        for rule_set in published.programme.rule_sets:
            found = published.judge.eligibility(rule_set, profile, year=known, today=today)
            yield _assessment(published, profile, found)

    return assess


def _assessment(published: Published, profile: Profile, found: Eligibility) -> Assessment:
    criteria = tuple(
        Criterion(
            title,
            answer.verdict.value,
            "，".join(measure.lacks for measure in answer.gaps),
            tuple(_asked(published, ask) for ask in answer.missing),
        )
        for title, answer in found.criteria.values()
    )
    return Assessment(
        profile.id,
        profile.region,
        found.rule_set,
        found.title,
        found.year,
        found.verdict.value,
        criteria,
    )


def _asked(published: Published, ask: Ask) -> str:
    spec = published.programme.facts.get(fact_of(ask.fact))
    title = spec.title.zh if spec else ask.fact
    return f"{ask.year}年{title}" if ask.year else title
