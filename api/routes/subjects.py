"""Subjects: search within reach, one with everything that is known of it, and the few ways in which people change it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from adapters.bootstrap import Container
from adapters.subjects.codes import read_code
from adapters.subjects.reading import Subject, SubjectFilter
from adapters.subjects.values import split_by_year
from adapters.subjects.writing import Moving, NewSubject, Renaming, SubjectUnit, UnknownSubject
from api.auth import Caller
from api.deps import IdempotencyKey, TheCaller, TheContainer, command_id, parse_json, read_json_body, shape_of
from api.documents import PROBLEMS, refusals
from api.routes.cases import Limit, Start, ThePresenter
from api.standing import keeps, subject_reach
from api.subject_presenting import SubjectPresenter
from api.subject_schemas import (
    ObservationBody,
    RegisterBody,
    RelocateBody,
    RenameBody,
    SubjectList,
    SubjectReceipt,
    SubjectView,
)
from engine.canonical import instant
from engine.case import CommandId
from engine.directory import RegionId, SubjectId
from engine.errors import Blocker, Forbidden
from engine.subjects import Observation

router = APIRouter(tags=["服务对象"], responses=refusals(400, 401, 403, 404, 422, 503))
_CHANGES: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (409, 413)}

_Body = TypeVar("_Body", bound=BaseModel)


@router.get("/subjects", operation_id="list_subjects", summary="按代码、名称、区划、名单查找服务对象")
def list_subjects(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    text: Annotated[str | None, Query(description="代码或名称（含曾用名）的一部分", max_length=100)] = None,
    region: Annotated[str | None, Query(description="区划代码，含其下各级", max_length=100)] = None,
    list: Annotated[str | None, Query(description="现在名单上", max_length=100)] = None,
    doubtful: Annotated[bool | None, Query(description="true：只列代码有疑点的")] = None,
    limit: Limit = 50,
    cursor: Start = "",
) -> SubjectList:
    wanted = SubjectFilter(text=text, region=region, list=list, doubtful=doubtful)
    reach = subject_reach(container, caller)
    page = container.subjects.search(reach, wanted, limit=limit, start=cursor)
    shown = SubjectPresenter(container, caller, presenter)
    return SubjectList(
        total=container.subjects.count(reach, wanted),
        subjects=[shown.summary(subject) for subject in page.subjects],
        next=page.next,
    )


@router.get(
    "/subjects/{subject}",
    operation_id="get_subject",
    summary="一个服务对象：名称、区划、数据、名单、事项、近期走访",
)
def get_subject(
    *,
    container: TheContainer,
    caller: TheCaller,
    presenter: ThePresenter,
    subject: str,
    as_of: Annotated[AwareDatetime | None, Query(description="数据截至某一时刻的情形")] = None,
) -> SubjectView:
    found = within_reach(container, caller, subject)
    shown = SubjectPresenter(container, caller, presenter)
    return shown.subject(found, as_of=as_of, may_write=keeps(container, caller, found.region))


# Changing


class Changing:
    """One change of one request: who asks, under which key, with which body."""

    def __init__(self, container: Container, caller: Caller, key: str | None, body: bytes) -> None:
        self.container = container
        self.caller = caller
        self._key = key
        self._body = body

    @property
    def _command(self) -> CommandId:
        return command_id(self.caller, self._key)

    def body(self, shape: type[_Body]) -> _Body:
        return parse_json(self._body, shape)

    def once(
        self, subject: str, did: str, body: BaseModel, write: Callable[[SubjectUnit], None], status: int = 200
    ) -> Response:
        """`write` and its receipt in one transaction; under a known key the first answer."""
        container, at = self.container, self.container.now()

        def change(connection: Any) -> dict[str, str]:
            write(container.subjects.unit_on(connection, at))
            return {"subject": subject, "at": instant(at), "did": did}

        asked = {"subject": subject, "did": did, "body": body.model_dump(mode="json")}
        done = container.once.do(self._command, asked, at, change)
        headers = {"Location": f"/api/v1/subjects/{subject}"}
        if done.is_repeated:
            headers["Idempotent-Replayed"] = "true"
        answer = orjson.dumps(dict(done.answer))
        return Response(answer, status_code=status, media_type="application/json", headers=headers)

    def kept(self, subject: str) -> SubjectId:
        """The subject, for whoever keeps it, or kept it when this was answered before: it may have moved away by that.

        Errors: `UnknownSubject`, `Forbidden`.
        """
        if not self.container.once.is_known(self._command):
            self.require_keeper(within_reach(self.container, self.caller, subject).region)
        return SubjectId(subject)

    def require_keeper(self, region: str) -> None:
        if not keeps(self.container, self.caller, region):
            reason = Blocker("not_kept", "由该区划的联络员、协调处室和其单位的承办人办理", {"region": region})
            raise Forbidden(
                "您不能登记或修改这个区划的服务对象", reasons=[reason], hint="您的角色见 /api/v1/me"
            )


def changing(
    container: TheContainer,
    caller: TheCaller,
    body: Annotated[bytes, Depends(read_json_body)],
    key: IdempotencyKey = None,
) -> Changing:
    return Changing(container, caller, key, body)


TheChange = Annotated[Changing, Depends(changing)]


@router.post(
    "/subjects", operation_id="register_subject", summary="登记一个服务对象", status_code=201,
    response_model=SubjectReceipt, responses=_CHANGES, openapi_extra=shape_of(RegisterBody),
)  # fmt: skip
def register_subject(change: TheChange) -> Response:
    body = change.body(RegisterBody)
    change.container.directories.current().region(body.region)  # refuses a region that there is not
    change.require_keeper(body.region)
    reading = read_code(body.id)
    reading.require(is_confirmed=body.confirm)
    new = NewSubject(
        id=SubjectId(reading.code),
        title=body.title,
        region=RegionId(body.region),
        since=body.since,
        doubt=reading.doubt,
    )
    return change.once(new.id, "registered", body, lambda unit: unit.register_many([new]), status=201)


@router.put(
    "/subjects/{subject}/name", operation_id="rename_subject", summary="更名", response_model=SubjectReceipt,
    responses=_CHANGES, openapi_extra=shape_of(RenameBody),
)  # fmt: skip
def rename_subject(change: TheChange, subject: str) -> Response:
    body, id = change.body(RenameBody), change.kept(subject)
    renaming = Renaming(id, body.title, body.since)
    return change.once(id, "renamed", body, lambda unit: unit.rename_many([renaming]))


@router.put(
    "/subjects/{subject}/region", operation_id="move_subject", summary="迁移到另一区划", response_model=SubjectReceipt,
    responses=_CHANGES, openapi_extra=shape_of(RelocateBody),
)  # fmt: skip
def move_subject(change: TheChange, subject: str) -> Response:
    body, id = change.body(RelocateBody), change.kept(subject)
    change.container.directories.current().region(body.region)
    moving = Moving(id, RegionId(body.region), body.since)
    return change.once(id, "moved", body, lambda unit: unit.move_many([moving]))


@router.post(
    "/subjects/{subject}/observations", operation_id="observe_subject", summary="补充数据：年度、来源、截至日期、是否核实",
    status_code=201, response_model=SubjectReceipt, responses=_CHANGES, openapi_extra=shape_of(ObservationBody),
)  # fmt: skip
def observe_subject(change: TheChange, subject: str) -> Response:
    body, id = change.body(ObservationBody), change.kept(subject)
    observations = said(change.container, id, body, change.caller.person, change.container.now())
    return change.once(id, "observed", body, lambda unit: unit.observe_many(observations), status=201)


def within_reach(container: Container, caller: Caller, subject: str) -> Subject:
    """Errors: `UnknownSubject`, alike for one that is not there and for one out of reach."""
    found = container.subjects.find(subject, subject_reach(container, caller))
    if found is None:
        raise UnknownSubject(f"没有编号为 {subject} 的服务对象", hint="核对代码，或检查您的职责范围")
    return found


def said(
    container: Container, subject: SubjectId, body: ObservationBody, by: str, at: datetime
) -> list[Observation]:
    """One observation of the year, one of what belongs to no year."""
    parts = split_by_year(container.subjects.specs(), body.facts, body.year)
    return [
        Observation(
            subject=subject,
            year=year,
            facts=facts,
            source=body.source,
            vintage=body.vintage,
            entered_by=by,
            entered_at=at,
            verified=body.verified,
        )
        for year, facts in sorted(parts.items())
    ]
