"""What goes out over the wire about the programme: lists, members, eligibility."""

from __future__ import annotations

from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas import Named, View


class ListView(View):
    """`members` is how many are on it within the caller's reach."""

    id: str
    title: str
    note: str
    manual: bool
    workflow: str
    members: int


class ListsView(View):
    lists: list[ListView]


class ProgrammeView(View):
    programme: str
    version: int
    title: str
    note: str
    effective: str
    digest: str
    facts: list[Named]
    parameters: list[ParameterView]
    rule_sets: list[Named]
    lists: list[Named]
    obligations: list[Named]
    indicators: list[Named]


class ParameterView(View):
    id: str
    title: str
    value: str
    unit: str
    note: str


class MemberView(View):
    subject: Named
    region: Named
    since: AwareDatetime
    how_in: str
    year: int
    case: str
    evidence: dict[str, Any]


class MembersView(View):
    members: list[MemberView]
    next: str


class AskView(View):
    """A fact to ask for; `year` 0 where it belongs to no year."""

    fact: str
    title: str
    year: int


class MeasureView(View):
    """`lacks` says in words by how much it is missed, nothing where it is reached."""

    of: str
    value: str
    threshold: str
    operator: str
    lacks: str


class CriterionView(View):
    id: str
    title: str
    verdict: str
    measures: list[MeasureView]
    missing: list[AskView]


class EligibilityView(View):
    """`missing` is the question list of the next visit."""

    rule_set: str
    title: str
    source: str
    year: int
    verdict: str
    criteria: list[CriterionView]
    missing: list[AskView]


class StandingView(View):
    """Whether the subject is on the list of this id, and whether the rule says that it should be."""

    id: str
    title: str
    on: bool
    year: int
    verdict: str
    missing: list[AskView]


class EligibilitiesView(View):
    subject: Named
    rule_sets: list[EligibilityView]
    lists: list[StandingView]


class NominationBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: str = Field("", max_length=1000, description="推荐理由")


class RemovalBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=2, max_length=400, description="移出理由")


ProgrammeView.model_rebuild()

BODIES: Final = (NominationBody, RemovalBody)


class ProposalView(View):
    """`cases` first names the one that all others are alike to; `terms` are the words that at least half of them share.

    `joins` is the case that these belong to already: people add them there, and no other is opened.
    """

    proposal: Named
    heading: str
    terms: list[str]
    cases: list[str]
    regions: list[Named]
    region: Named
    joins: str


class ProposalsView(View):
    proposals: list[ProposalView]
