"""The programme: what it says, who is on its lists, and how a subject stands under its rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.bootstrap import Container
from adapters.programme.memberships import Member
from adapters.subjects.reading import Subject
from adapters.subjects.writing import SubjectUnit
from api.auth import Caller
from api.deps import TheCaller, TheContainer, shape_of
from api.documents import PROBLEMS, refusals
from api.presenting import Presenter
from api.programme_presenting import eligibilities, programme_view, proposals_view, standings
from api.programme_schemas import (
    EligibilitiesView,
    ListsView,
    ListView,
    MembersView,
    MemberView,
    NominationBody,
    ProgrammeView,
    ProposalsView,
    RemovalBody,
)
from api.routes.cases import Limit, Start, ThePresenter
from api.routes.subjects import TheChange, within_reach
from api.schemas import Named
from api.standing import subject_reach, today
from api.subject_schemas import SubjectReceipt
from engine.directory import covers
from engine.errors import BihuanError, Blocked, Blocker, Forbidden
from engine.programme.answers import Verdict
from engine.programme.lists import ListSpec
from engine.programme.spells import Spell

router = APIRouter(tags=["工作方案"], responses=refusals(400, 401, 403, 404, 422, 503))
_CHANGES: Final[dict[int | str, dict[str, Any]]] = {status: PROBLEMS[status] for status in (409, 413)}


class UnknownList(BihuanError):
    """Raised when the programme in force has no such list."""

    code, kind = "unknown_list", "missing"


class NotOnList(BihuanError):
    """Raised when a subject is to be taken off a list that it is not on."""

    code, kind = "not_on_list", "missing"


@router.get(
    "/programme", operation_id="get_programme", summary="正在施行的工作方案：数据项、参数、名单、指标"
)
def get_programme(container: TheContainer, caller: TheCaller) -> ProgrammeView:
    return programme_view(container.programmes.current(container.now()))


@router.get(
    "/proposals",
    operation_id="list_proposals",
    summary="同类事项：会提出哪些候选，依据是什么，哪些可并入已有的",
)
def list_proposals(container: TheContainer, caller: TheCaller) -> ProposalsView:
    """Only those of which all cases lie in the caller's regions. As of at most an hour ago."""
    now = container.now()
    programme = container.programmes.current(now).programme
    found = container.proposals.shown(now, caller.reach)
    return proposals_view(programme, found, container.directories.current())


@router.get("/lists", operation_id="list_lists", summary="各名单及职责范围内的现有数量")
def list_lists(container: TheContainer, caller: TheCaller) -> ListsView:
    lists = container.programmes.current(container.now()).programme.lists
    counts = container.memberships.counts(subject_reach(container, caller))
    return ListsView(lists=[_list_view(name, spec, counts.get(name, 0)) for name, spec in lists.items()])


@router.get("/lists/{list}/members", operation_id="list_members", summary="名单上现有的，按区划排列")
def list_members(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    list: str,
    region: Annotated[
        str, Query(description="区划代码，含其下各级", max_length=100, pattern="^[^\x00]*$")
    ] = "",
    limit: Limit = 50,
    cursor: Start = "",
) -> MembersView:
    _spec(container, list)
    reach = subject_reach(container, caller)
    found, following = container.memberships.members(list, reach, region=region, limit=limit, start=cursor)
    return MembersView(members=[_member_view(presenter, member) for member in found], next=following)


@router.get(
    "/subjects/{subject}/eligibility",
    operation_id="get_eligibility",
    summary="逐条说明符合、不符合、差多少、缺哪些数据",
)
def get_eligibility(
    *,
    container: TheContainer,
    caller: TheCaller,
    subject: str,
    year: Annotated[int | None, Query(description="数据年份；不写则用最新的", ge=1990, le=2200)] = None,
) -> EligibilitiesView:
    found = within_reach(container, caller, subject)
    published, day = container.programmes.current(container.now()), today(container)
    profile = container.profiles.of(found.id)
    assert profile is not None  # it was found just now, and subjects are never deleted
    return EligibilitiesView(
        subject=Named(id=found.id, title=found.title),
        rule_sets=eligibilities(published, profile, day, year),
        lists=standings(published, profile, day),
    )


@router.post(
    "/lists/{list}/members/{subject}", operation_id="put_on_list", summary="列入人工名单；已在名单上的不变",
    response_model=SubjectReceipt, responses=_CHANGES, openapi_extra=shape_of(NominationBody),
)  # fmt: skip
def put_on_list(change: TheChange, list: str, subject: str) -> Response:
    body = change.body(NominationBody)

    def write(unit: SubjectUnit) -> None:
        found = _kept_by_hand(change.container, change.caller, list, subject)
        evidence = {"by": change.caller.person, "note": body.note}
        change.container.memberships.put_on(
            unit.connection, _spell(change.container, list, found, evidence, unit.at)
        )

    return change.once(subject, f"put on {list}", body, write)


@router.delete(
    "/lists/{list}/members/{subject}", operation_id="take_off_list", summary="移出人工名单，须写理由",
    response_model=SubjectReceipt, responses=_CHANGES, openapi_extra=shape_of(RemovalBody),
)  # fmt: skip
def take_off_list(change: TheChange, list: str, subject: str) -> Response:
    body, container = change.body(RemovalBody), change.container
    reason = f"{change.caller.person}：{body.reason}"

    def write(unit: SubjectUnit) -> None:
        found = _kept_by_hand(container, change.caller, list, subject)
        is_off = container.memberships.take_off(unit.connection, list, found.id, reason=reason, at=unit.at)
        if not is_off:
            raise NotOnList(f"{found.title} 不在这个名单上")

    return change.once(subject, f"taken off {list}", body, write)


def _spec(container: Container, name: str) -> ListSpec:
    lists = container.programmes.current(container.now()).programme.lists
    if name not in lists:
        raise UnknownList(f"没有名单“{name}”", hint=f"现有：{'、'.join(lists)}")
    return lists[name]


def _kept_by_hand(container: Container, caller: Caller, name: str, subject: str) -> Subject:
    """The subject, for whoever nominates in its region. Errors: `UnknownList`, `UnknownSubject`, `Blocked`, `Forbidden`."""
    spec = _spec(container, name)
    found = within_reach(container, caller, subject)
    if not spec.manual:
        reason = Blocker("list_keeps_itself", "这个名单按数据自动增减", {"list": name})
        raise Blocked("不能人工增减", reasons=[reason], hint="补充或更正数据，名单会自己变化")
    held = (grant.region for grant in caller.actor.grants if grant.role in spec.by and grant.region)
    if not any(covers(region, found.region) for region in held):
        reason = Blocker("role_missing", "由该区划的推荐人办理", {"roles": [*spec.by]})
        raise Forbidden("您不能增减这个名单", reasons=[reason], hint="您的角色见 /api/v1/me")
    return found


def _spell(
    container: Container, name: str, found: Subject, evidence: Mapping[str, str], at: datetime
) -> Spell:
    return Spell(
        list=name,
        subject=found.id,
        n=1,
        region=found.region,
        since=at,
        year=_year_that_allows(container, name, found),
        evidence=evidence,
    )


def _year_that_allows(container: Container, name: str, found: Subject) -> int:
    """The year of the figures that allow it. Errors: `Blocked`."""
    profile = container.profiles.of(found.id)
    assert profile is not None
    judged = container.programmes.current(container.now()).judge.on_list(name, profile, today(container))
    if judged.answer.verdict is Verdict.FAIL:
        reason = Blocker("rule_fails", "数据不符合列入条件", {"list": name, "year": judged.year})
        raise Blocked("不能列入", reasons=[reason], hint="条件见工作方案")
    return judged.year


def _list_view(name: str, spec: ListSpec, members: int) -> ListView:
    return ListView(
        id=name,
        title=str(spec.title),
        note=spec.note or "",
        manual=spec.manual,
        workflow=spec.case.workflow if spec.case else "",
        members=members,
    )


def _member_view(presenter: Presenter, member: Member) -> MemberView:
    spell = member.spell
    return MemberView(
        subject=Named(id=spell.subject, title=member.title),
        region=presenter.region(spell.region),
        since=spell.since,
        how_in=spell.how_in,
        year=spell.year,
        case=spell.case,
        evidence=dict(spell.evidence),
    )
