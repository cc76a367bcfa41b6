"""As of, why, where the time went, and hints: for auditors and administrators, within the regions of their post."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from adapters.bootstrap import Container
from adapters.evidence.selection import require_few
from api.audit_schemas import AsOfView, CaseTimeView, DeadlinesView, HintsView, TimesView
from api.auditing import (
    as_of_view,
    audit_reach,
    case_time_view,
    deadlines_view,
    hints_view,
    scope_of,
    times_view,
)
from api.auth import Caller
from api.deps import TheCaller, TheContainer
from api.documents import refusals
from api.errors import Malformed, unknown_case
from api.routes.cases import ThePresenter
from engine.canonical import instant
from engine.case import Case, CaseId

router = APIRouter(prefix="/audit", tags=["审计"], responses=refusals(400, 401, 403, 404, 422, 503))

MOST_CASES: Final = 2000  # of one answer: some ten seconds

At = Annotated[AwareDatetime, Query(description="哪一时刻，例如 2026-03-03T14:05:00+08:00")]
Until = Annotated[AwareDatetime | None, Query(description="算到哪一时刻；不写则为现在")]
Region = Annotated[str, Query(description="区划代码；不写则为您任职的全部区划", max_length=64)]
First = Annotated[date, Query(description="起日，含当日")]
Last = Annotated[date | None, Query(description="止日，含当日；不写则到今天")]


def audited_case(container: Container, caller: Caller, case: str) -> Case:
    """Errors: `Forbidden` for who is no auditor, `UnknownCase` outside their regions."""
    found = container.views.case(CaseId(case), audit_reach(caller))
    if found is None:
        raise unknown_case(CaseId(case))
    return found


@router.get(
    "/cases/{case}/as-of", operation_id="audit_as_of", summary="某一时刻的情形：当时已知的、后来补记的"
)
def as_of(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    case: str,
    at: At,
    occurred: Annotated[bool, Query(description="也列出后来补记、但称那时已经发生的")] = False,
) -> AsOfView:
    found = audited_case(container, caller, case)
    return as_of_view(container, presenter, found.id, at, occurred=occurred)


@router.get(
    "/cases/{case}/deadlines", operation_id="audit_deadlines", summary="全部时限怎样算出，并用另一算法核对"
)
def deadlines(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    case: str,
    clock: Annotated[str, Query(description="只要这一时钟", max_length=200)] = "",
) -> DeadlinesView:
    return deadlines_view(container, presenter, audited_case(container, caller, case).id, clock)


@router.get(
    "/cases/{case}/time", operation_id="audit_case_time", summary="为什么慢：每一刻归谁，计时、挂起还是未接手"
)
def case_time(
    *, container: TheContainer, caller: TheCaller, presenter: ThePresenter, case: str, until: Until = None
) -> CaseTimeView:
    found = audited_case(container, caller, case)
    view = case_time_view(container, presenter, found.id, until or container.now())
    if view is None:
        raise Malformed(f"那时还没有这件事项，登记于 {instant(found.opened_at)}", hint="写登记以后的时刻")
    return view


@router.get("/time", operation_id="audit_time", summary="一个区划、一段时期：时间去了哪里")
def time(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    since: First,
    until: Last = None,
    region: Region = "",
) -> TimesView:
    scope = scope_of(container, audit_reach(caller, region), region, since, until)
    require_few(scope.selection().count(container.database), MOST_CASES, "bihuan audit late")
    return times_view(container, presenter, scope, lambda found, total: found)


@router.get("/conduct", operation_id="audit_conduct", summary="办理行为提示，每条附所依据的记录")
def conduct(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    since: First,
    until: Last = None,
    region: Region = "",
) -> HintsView:
    scope = scope_of(container, audit_reach(caller, region), region, since, until)
    require_few(scope.selection().count(container.database), MOST_CASES, "bihuan audit conduct")
    return hints_view(container, presenter, scope, lambda found, total: found)
