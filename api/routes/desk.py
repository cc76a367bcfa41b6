"""The caller's own desk: who they are, what waits for them, and what they were told."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.bootstrap import Container
from adapters.db.views import Held
from adapters.notices import Notice
from api.auth import Caller
from api.catalogue import Caller as CallerView
from api.catalogue import Inbox, InboxLine, NoticeList, NoticeView
from api.deps import TheCaller, TheContainer
from api.documents import refusals
from api.presenting import Presenter, light_view
from api.routes.cases import Limit, Start, ThePresenter
from api.schemas import Named
from engine import clocks
from engine.access import Grant
from engine.definition import Role
from engine.errors import BihuanError

router = APIRouter(tags=["工作台"], responses=refusals(401, 403, 422, 503))

_ABOUT = {
    "arrived": "有事项待您办理",
    "reminder": "时限将到",
    "overdue": "已超期",
    "elapsed": "期限已满",
    "step": "事项有进展",
    "assigned": "指派给您办理",
    "extension_asked": "有延期申请待您审批",
    "extension_answered": "延期申请已有答复",
    "deadline_moved": "时限有变化",
    "related_opened": "已开出关联事项",
    "related_ended": "关联事项已办结",
    "related_merged": "有事项并入",
}


class UnknownNotice(BihuanError):
    """Raised when there is no such notice among the caller's unread ones."""

    code, kind = "unknown_notice", "missing"


@router.get("/me", operation_id="who_am_i", summary="令牌代表谁，今天有哪些角色")
def who_am_i(container: TheContainer, caller: TheCaller, presenter: ThePresenter) -> CallerView:
    person = container.directories.current().person(caller.person)
    return CallerView(
        person=presenter.person(caller.person),
        unit=presenter.unit(person.unit) if person else None,
        roles=sorted({grant.role for grant in caller.actor.grants}),
        stands_in_for=[presenter.person(each) for each in caller.stands_in_for],
    )


@router.get("/inbox", operation_id="get_inbox", summary="待您办理的，最先到期的在前")
def get_inbox(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    all: Annotated[bool, Query(description="true：职责范围内所有可办的，不限本单位")] = False,
    limit: Limit = 50,
    cursor: Start = "",
) -> Inbox:
    waiting = replace(caller.reader, grants=tuple(_waiting(container, caller, all=all)))
    lines, following = container.views.inbox(waiting, limit=limit, start=cursor)
    return Inbox(
        total=container.views.inbox_size(waiting),
        lines=[_line(container, presenter, held) for held in lines],
        next=following,
    )


def _waiting(container: Container, caller: Caller, *, all: bool) -> Iterator[Grant]:
    """The caller's grants in the words of the workflows, whose roles may bear other names than the posts.

    A region role waits for the unit that the address found; a county's matter is not in the province's inbox,
    although the province may act on it. `all` asks for those too.
    """
    directory = container.directories.current()
    people = [caller.person, *caller.stands_in_for]
    units = {person.unit for each in people if (person := directory.person(each))}
    for grant in caller.reader.grants:
        for role, spec in _roles_of(container, grant.role):
            if not grant.region or (all and spec.level == "here"):
                yield replace(grant, role=role)
            else:
                yield from (Grant(role=role, unit=unit) for unit in units)


def _roles_of(container: Container, post: str) -> Collection[tuple[str, Role]]:
    """Roles of the published workflows that this post fills."""
    programs = container.definitions.all()
    found = ((r, spec) for p in programs for r, spec in p.definition.roles.items() if p.post(r) == post)
    return {f"{role}/{spec.level}": (role, spec) for role, spec in found}.values()


def _line(container: Container, presenter: Presenter, held: Held) -> InboxLine:
    case = held.case
    program = presenter.program(case)
    definition = program.definition
    clock, calendar = case.clocks.get(held.clock), presenter.calendar(definition)
    return InboxLine(
        case=case.id,
        lane=held.lane,
        title=presenter.title(case),
        workflow=Named(id=case.workflow, title=definition.title.zh),
        state=Named(id=held.state, title=_state_title(presenter, held)),
        region=presenter.region(case.region),
        subject=case.subject,
        holder=presenter.holder(definition, held.holder),
        clock=held.clock,
        clock_title=presenter.clock_title(program, case, held.clock) if clock else "",
        due_at=held.due_at,
        light=light_view(clocks.light(clock, container.now(), calendar) if clock else "grey"),
    )


def _state_title(presenter: Presenter, held: Held) -> str:
    definition, lane = presenter.program(held.case).definition, held.case.lanes.get(held.lane)
    states = definition.lanes[lane.type].states if lane else definition.states
    return states[held.state].title.zh


@router.get("/notices", operation_id="get_notices", summary="给您的通知，最新的在前")
def get_notices(
    container: TheContainer, caller: TheCaller, unread: Annotated[bool, Query()] = False, limit: Limit = 50
) -> NoticeList:
    found = container.notices.told(caller.person, unread=unread, limit=limit)
    return NoticeList(notices=[_notice(notice) for notice in found])


def _notice(notice: Notice) -> NoticeView:
    about = str(notice.body.get("about", notice.kind))
    return NoticeView(
        id=notice.id,
        case=notice.case,
        kind=notice.kind,
        title=_ABOUT.get(about, about),
        body=dict(notice.body),
        at=notice.at,
        read_at=notice.read_at,
    )


@router.put(
    "/notices/{notice:path}/read", operation_id="read_notice", summary="标为已读", status_code=204,
    responses=refusals(404),
)  # fmt: skip
def read_notice(container: TheContainer, caller: TheCaller, notice: str) -> Response:
    if not container.notices.read(notice, caller.person, container.now()):
        raise UnknownNotice("没有这条未读通知", hint="可能已经读过")
    return Response(status_code=204)
