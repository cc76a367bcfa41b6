"""The programme as its readers see it: verdicts with their measures in words, and what to ask next.

Serves HTTP and the command line.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from adapters.programme.registry import Published
from api.programme_schemas import (
    AskView,
    CriterionView,
    EligibilityView,
    MeasureView,
    ParameterView,
    ProgrammeView,
    ProposalsView,
    ProposalView,
    StandingView,
)
from api.schemas import Named
from engine.directory import Directory
from engine.programme.answers import Answer, Measure, quantity_words
from engine.programme.judging import Eligibility
from engine.programme.model import Programme
from engine.programme.names import Ask
from engine.programme.proposals import Proposed
from engine.subjects import Profile

__all__ = ["eligibilities", "programme_view", "proposals_view", "standings"]


def programme_view(published: Published) -> ProgrammeView:
    programme = published.programme

    def named(part: str) -> list[Named]:
        return [Named(id=name, title=str(spec.title)) for name, spec in getattr(programme, part).items()]

    return ProgrammeView(
        programme=programme.programme,
        version=programme.version,
        title=str(programme.title),
        note=programme.note or "",
        effective=programme.effective,
        digest=published.digest,
        facts=named("facts"),
        parameters=[
            ParameterView(
                id=name, title=str(p.title), value=str(p.value), unit=p.unit or "", note=p.note or ""
            )
            for name, p in programme.parameters.items()
        ],
        rule_sets=named("rule_sets"),
        lists=named("lists"),
        obligations=named("obligations"),
        indicators=named("indicators"),
    )


def eligibilities(
    published: Published, profile: Profile, today: date, year: int | None
) -> list[EligibilityView]:
    """Under every rule set; by the newest figures unless a year is asked for."""
    judge = published.judge
    return [
        _eligibility(
            published.programme,
            judge.eligibility(
                name, profile, year=year or judge.newest_year(name, profile, today), today=today
            ),
        )
        for name in published.programme.rule_sets
    ]


def standings(published: Published, profile: Profile, today: date) -> list[StandingView]:
    """On every list."""
    found = []
    for name, spec in published.programme.lists.items():
        judged = published.judge.on_list(name, profile, today)
        found.append(
            StandingView(
                id=name,
                title=str(spec.title),
                on=name in profile.lists,
                year=judged.year,
                verdict=judged.answer.verdict.value,
                missing=_asks(published.programme, judged.answer.missing),
            )
        )
    return found


def _eligibility(programme: Programme, found: Eligibility) -> EligibilityView:
    return EligibilityView(
        rule_set=found.rule_set,
        title=found.title,
        source=found.source,
        year=found.year,
        verdict=found.verdict.value,
        criteria=[_criterion(programme, name, title, a) for name, (title, a) in found.criteria.items()],
        missing=_asks(programme, found.missing),
    )


def _criterion(programme: Programme, name: str, title: str, answer: Answer) -> CriterionView:
    return CriterionView(
        id=name,
        title=title,
        verdict=answer.verdict.value,
        measures=[_measure(measure) for measure in answer.measures],
        missing=_asks(programme, answer.missing),
    )


def _measure(measure: Measure) -> MeasureView:
    return MeasureView(
        of=measure.of,
        value=quantity_words(measure.value, measure.unit),
        threshold=quantity_words(measure.threshold, measure.unit),
        operator=measure.operator,
        lacks=measure.lacks,
    )


def _asks(programme: Programme, asks: Iterable[Ask]) -> list[AskView]:
    return [AskView(fact=a.fact, title=str(programme.facts[a.fact].title), year=a.year) for a in asks]


def proposals_view(programme: Programme, found: Iterable[Proposed], directory: Directory) -> ProposalsView:
    views = [
        ProposalView(
            proposal=Named(id=each.proposal, title=str(programme.proposals[each.proposal].title)),
            heading=each.heading,
            terms=list(each.terms),
            cases=list(each.cases),
            regions=[_region(directory, region) for region in each.regions],
            region=_region(directory, each.region),
            joins=each.joins,
        )
        for each in found
        if each.proposal in programme.proposals
    ]
    return ProposalsView(proposals=views)


def _region(directory: Directory, region: str) -> Named:
    return Named(id=region, title=directory.region(region).title)
