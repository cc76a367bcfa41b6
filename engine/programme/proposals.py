"""Proposals: what several cases have in common is put before people as one case. They decide; nothing is decided here.

Which texts are alike is left to `alikeness.py`; reading cases and opening the one that is proposed to
`adapters/programme/proposals.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from engine.definition import Definition, FieldType
from engine.directory import Directory
from engine.programme.alikeness import Grouping
from engine.programme.facts import as_tuple
from engine.programme.indicators import Over
from engine.spelling import AnyTitle, Id, Model, PlainDuration, Words

__all__ = [
    "SOURCES",
    "Alike",
    "Compared",
    "Proposal",
    "Proposed",
    "Spread",
    "brought",
    "cases_field",
    "proposed",
    "readable",
    "spread",
]

SOURCES: Final = ("cases", "number", "regions", "heading")
QUOTED: Final = re.compile(r"'([^']*)'")
_DAYS: Final = {"day": 1, "week": 7}


class Alike(Model):
    """Cases are alike that say the same in the choice `field` and share `percent` of the runs of letters of these texts."""

    field: Id
    text: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = Field(min_length=1)
    percent: int = Field(30, ge=1, le=100)


class Spread(Model):
    """So many different regions `depth` levels below the root; what lies deeper counts in the one above it."""

    depth: int = Field(ge=0, le=9)
    at_least: int = Field(1, ge=1)


class Proposal(Model):
    """`at_least` cases that were opened `within` days, from so many regions, make one case of `workflow`.

    `with` maps its fields to `cases`, `number` (of cases), `regions` (how many), `heading` (in words: the choice, and
    what the texts share), or a constant (a text in quotes).
    """

    title: AnyTitle
    over: Over
    alike: Alike
    at_least: int = Field(ge=2)
    regions: Spread
    within: PlainDuration
    workflow: Id
    bring: dict[Id, str | int | bool] = Field(alias="with")
    note: Words | None = None

    @property
    def days(self) -> int:
        """The span in days; only days and weeks are spans here."""
        return self.within.amount * _DAYS.get(self.within.unit.value, 0)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal with its reasons: which cases (first the one that all others are alike to), from where, the words they share.

    `region` is the smallest one that holds all of them, and what the case lists that they join. `joins` is that case: then none
    is opened.
    """

    proposal: str = ""
    heading: str = ""
    cases: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    region: str = ""
    terms: tuple[str, ...] = ()
    joins: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a proposal is made from: the group of each case, where each lies, and under which case some are known already."""

    grouping: Grouping
    region_of: Mapping[str, str]
    taken: Mapping[str, str]
    titles: Mapping[str, str]
    directory: Directory


def proposed(name: str, proposal: Proposal, compared: Compared) -> Iterator[Proposed]:
    """Every group that is large and widespread enough, then what joins a case that is there already."""
    for group in compared.grouping.groups:
        cases = (group.centre, *(case for case in group.members if case != group.centre))
        heading = "：".join(filter(None, (compared.titles.get(group.kind, ""), "、".join(group.terms))))
        found = _described(name, proposal, compared, cases, Proposed(heading=heading, terms=group.terms))
        if len(cases) >= proposal.at_least and len(found.regions) >= proposal.regions.at_least:
            yield found
    for known, cases in compared.grouping.joining.items():
        yield _described(name, proposal, compared, cases, Proposed(joins=known))


def _described(
    name: str, proposal: Proposal, compared: Compared, cases: tuple[str, ...], said: Proposed
) -> Proposed:
    directory, region_of = compared.directory, compared.region_of
    already = [case for case, known in compared.taken.items() if known == said.joins] if said.joins else []
    return replace(
        said,
        proposal=name,
        cases=cases,
        regions=spread(directory, (region_of[case] for case in cases), proposal.regions.depth),
        region=_around(directory, [region_of[case] for case in (*cases, *already)]),
    )


def spread(directory: Directory, regions: Iterable[str], depth: int) -> tuple[str, ...]:
    """The regions at a level that these lie in, sorted; one above the level lies in none."""
    chains = (_downwards(directory, region) for region in set(regions))
    return tuple(sorted({chain[depth] for chain in chains if len(chain) > depth}))


def _around(directory: Directory, regions: Sequence[str]) -> str:
    """The smallest region that holds all of them; the root of the first where there is none."""
    chains = [_downwards(directory, region) for region in sorted(set(regions))]
    shared = [levels[0] for levels in zip(*chains, strict=False) if len(set(levels)) == 1]
    return shared[-1] if shared else chains[0][0]


def _downwards(directory: Directory, region: str) -> list[str]:
    return [str(each.id) for each in directory.upwards(region)][::-1]


def cases_field(proposal: Proposal) -> str:
    """The field of the proposed case that lists the cases."""
    return next(field for field, source in proposal.bring.items() if source == "cases")


def brought(proposal: Proposal, found: Proposed, definition: Definition) -> dict[str, Any]:
    """What the case is opened with, cut to what its fields take: what is left out is alike and joins it."""
    words = {
        "cases": list(found.cases),
        "number": len(found.cases),
        "regions": len(found.regions),
        "heading": found.heading,
    }
    return {
        field: _fitted(_value(source, words), definition, field) for field, source in proposal.bring.items()
    }


def _value(source: str | int | bool, words: Mapping[str, Any]) -> Any:
    if not isinstance(source, str):
        return source
    quoted = QUOTED.fullmatch(source)
    return quoted[1] if quoted else words[source]


def _fitted(value: Any, definition: Definition, field: str) -> Any:
    spec = definition.fields[field]
    if spec.max is None:
        return value
    if spec.type is FieldType.INTEGER:
        return min(value, spec.max)
    return value[: spec.max] if isinstance(value, str | list) else value


def readable(definitions: Iterable[Definition], names: Iterable[str]) -> list[str]:
    """Those of the fields that may be read: personal in no version."""
    personal = {name for each in definitions for name, spec in each.fields.items() if spec.personal}
    return [name for name in names if name not in personal]
