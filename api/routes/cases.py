"""Reading cases: lists and counts, one case now or as of a moment, its history, and why a deadline is when it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from adapters.bootstrap import Container
from adapters.db.views import Filter
from api.auth import Caller
from api.commanding import readable_case
from api.deps import TheCaller, TheContainer, etag
from api.documents import refusals
from api.errors import Malformed
from api.history import event_views, fold_until
from api.presenting import Presenter
from api.schemas import (
    CaseList,
    CaseView,
    CountedView,
    Counts,
    ExplanationView,
    History,
    PauseView,
    SkippedView,
    StateCount,
)
from engine.canonical import instant
from engine.case import Case, CaseId
from engine.errors import UnknownClock
from engine.explain import Explanation, explain

router = APIRouter(tags=["事项"], responses=refusals(400, 401, 403, 404, 422, 503))

Word = Annotated[str | None, Query(max_length=100)]


def filter_of(
    *,
    workflow: Word = None,
    state: Word = None,
    region: Annotated[str | None, Query(description="区划代码，含其下各级", max_length=100)] = None,
    subject: Word = None,
    ended: Annotated[str | None, Query(pattern="^(settled|final)$")] = None,
    open: Annotated[bool | None, Query(description="true 只列在办，false 只列已办结")] = None,
    late: bool | None = None,
    unit: Word = None,
    person: Word = None,
    role: Word = None,
    text: Annotated[str | None, Query(description="编号的一部分", max_length=100)] = None,
) -> Filter:
    return Filter(
        workflow=workflow,
        state=state,
        region=region,
        subject=subject,
        ended=ended,
        open=open,
        late=late,
        unit=unit,
        person=person,
        role=role,
        text=text,
    )


Wanted = Annotated[Filter, Depends(filter_of)]
Limit = Annotated[int, Query(ge=1, le=200)]
Start = Annotated[str, Query(description="上一页的 next", max_length=500)]
At = Annotated[AwareDatetime | None, Query(description="截至某一时刻的情形，例如 2026-12-01T09:00:00+08:00")]


def presenter_of(container: TheContainer, caller: TheCaller) -> Presenter:
    return Presenter(container, caller, container.now())


ThePresenter = Annotated[Presenter, Depends(presenter_of)]


@router.get("/cases", operation_id="list_cases", summary="列出事项，最近有变化的在前")
def list_cases(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    wanted: Wanted,
    limit: Limit = 50,
    cursor: Start = "",
) -> CaseList:
    page = container.views.list_cases(caller.reach, wanted, limit=limit, start=cursor)
    return CaseList(cases=[presenter.summary(case) for case in page.cases], next=page.next)


@router.get("/cases/counts", operation_id="count_cases", summary="按环节计数")
def count_cases(container: TheContainer, caller: TheCaller, wanted: Wanted) -> Counts:
    views, reach = container.views, caller.reach
    states = views.count_by_state(reach, wanted)
    return Counts(
        total=views.count(reach, wanted),
        open=views.count(reach, _also(wanted, open=True)),
        late=views.count(reach, _also(wanted, open=True, late=True)),
        states=[StateCount(workflow=w, state=s, count=n) for (w, s), n in sorted(states.items())],
    )


@router.get("/cases/{case}", operation_id="get_case", summary="一件事项：环节、时钟、并行线、您能办的步骤")
def get_case(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    response: Response,
    case: str,
    at: At = None,
) -> CaseView:
    found = case_at(container, caller, case, at)
    response.headers["ETag"] = etag(found.seq)
    return presenter.case(found, as_of=at)


@router.get(
    "/cases/{case}/history", operation_id="get_history", summary="全部记录；raw=true 附上所散列的原文"
)
def get_history(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    case: str,
    raw: bool = False,
    at: At = None,
) -> History:
    found = readable_case(container, caller, CaseId(case))
    history = container.views.history(found.id, as_of=at)
    secrets = presenter.secrets_beside(found)
    views = event_views(container, presenter, history, raw=raw, secrets=secrets)
    return History(case=found.id, events=list(views))


@router.get(
    "/cases/{case}/explain/{clock:path}", operation_id="explain_deadline", summary="这个时限是怎样算出来的"
)
def explain_deadline(
    container: TheContainer, caller: TheCaller, presenter: ThePresenter, case: str, clock: str
) -> ExplanationView:
    found = readable_case(container, caller, CaseId(case))
    running = found.clocks.get(clock)
    if running is None:
        raise UnknownClock(
            f"本事项没有时钟“{clock}”", hint="时钟的编号见事项的 clocks", known=sorted(found.clocks)
        )
    program = presenter.program(found)
    title = presenter.clock_title(program, found, clock)
    return _explained(clock, title, explain(running, presenter.calendar(program.definition)))


def case_at(container: Container, caller: Caller, case: str, at: datetime | None) -> Case:
    """The case now, or as it stood at a moment. Errors: `UnknownCase`, `Malformed` for a moment before it was opened."""
    found = readable_case(container, caller, CaseId(case))
    if at is None:
        return found
    then = fold_until(container.views.history(found.id, as_of=at))
    if then is None:
        raise Malformed(f"那时还没有这件事项，登记于 {instant(found.opened_at)}", hint="写登记以后的时刻")
    return then


def _also(wanted: Filter, *, open: bool, late: bool | None = None) -> Filter:
    """The same filter, narrower."""
    both = {name: getattr(wanted, name) for name in Filter.__slots__}
    return Filter(**{**both, "open": open, "late": both["late"] if late is None else late})


def _explained(clock: str, title: str, found: Explanation) -> ExplanationView:
    return ExplanationView(
        clock=clock,
        title=title,
        started_at=found.started_at,
        limit=found.limit,
        extended=list(found.extended),
        counted=[CountedView(**{n: getattr(c, n) for n in c.__slots__}) for c in found.counted],
        skipped=[SkippedView(first=s.first, last=s.last, reason=s.reason) for s in found.skipped],
        pauses=[PauseView(since=p.since, until=p.until) for p in found.pauses],
        due_at=found.due_at,
        calendar=found.status.value,
        differs=found.differs,
        sentences=list(found.sentences),
    )
