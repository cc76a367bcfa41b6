"""The way of a command: who asks, may they see the case, is the body sound; then the writer, and the answer after the commit.

Everything that reads the database happens off the event loop in one hop; deciding is the engine's alone.
"""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import orjson
import structlog
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Container
from adapters.subjects.writing import UnknownSubject
from api.auth import Caller
from api.context import request_id_of
from api.deps import Headers, Services, command_id, etag, expected_seq, parse_json, read_json_body
from api.errors import InvalidRequest, problem_of, problem_response, unknown_case
from api.presenting import Presenter
from api.schemas import Problem
from engine.case import Case, CaseId, CommandId
from engine.commands import Command
from engine.definition import Definition, FieldType
from engine.errors import BihuanError, Blocker, InvalidData
from engine.fields import named_in
from engine.runtime import Accepted, Outcome

__all__ = [
    "Ask",
    "Commanding",
    "Envelope",
    "Place",
    "check_data",
    "check_files",
    "check_moment",
    "check_subject",
    "readable_case",
    "refusal",
    "submit",
]

_log = structlog.get_logger("api")
_NEEDS_CASE: Final = frozenset({"conflict", "stale", "forbidden", "invalid"})
_AHEAD: Final = timedelta(minutes=5)  # how far a caller's clock may be ahead of ours

_Body = TypeVar("_Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for a command, with all that is known before it is built."""

    container: Container
    caller: Caller
    id: CommandId
    expected_seq: int | None
    case: Case | None

    @property
    def definition(self) -> Definition:
        assert self.case is not None
        return self.container.definitions.digest(self.case.digest).definition


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers say of a command."""

    headers: Headers
    key: str | None
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a refusal happened."""

    path: str
    request_id: str


class Commanding:
    """Takes commands for one request."""

    def __init__(self, request: Request, services: Services, envelope: Envelope) -> None:
        self._request = request
        self._services = services
        self._envelope = envelope

    async def on_case(
        self, case_id: str, shape: type[_Body], build: Callable[[Ask, _Body], Command], *, status: int = 200
    ) -> Response:
        """Read the body, build the command and answer with its receipt or with the problem."""
        body = await read_json_body(self._request)

        def prepare() -> Command:
            ask = self._ask(CaseId(case_id))
            return build(ask, parse_json(body, shape))

        return await self._answer(await run_in_threadpool(prepare), status)

    async def opening(self, shape: type[_Body], build: Callable[[Ask, _Body], Command]) -> Response:
        body = await read_json_body(self._request)

        def prepare() -> Command:
            return build(self._ask(None), parse_json(body, shape))

        return await self._answer(await run_in_threadpool(prepare), 201)

    def _ask(self, case_id: CaseId | None) -> Ask:
        container = self._services.container
        caller = self._envelope.headers.caller(container)
        case = readable_case(container, caller, case_id) if case_id is not None else None
        return Ask(
            container=container,
            caller=caller,
            id=command_id(caller, self._envelope.key),
            expected_seq=expected_seq(self._envelope.if_match),
            case=case,
        )

    async def _answer(self, command: Command, status: int) -> Response:
        outcome = await submit(self._services, command)
        if isinstance(outcome, Accepted):
            return _accepted(outcome, status)
        place = Place(self._request.url.path, request_id_of(self._request.scope))
        headers, error = self._envelope.headers, outcome.error
        return problem_response(
            await run_in_threadpool(refusal, self._services, headers, command, error, place)
        )


async def submit(services: Services, command: Command) -> Outcome:
    """The outcome, after the commit."""
    return await wrap_future(services.writer.submit(command))


def readable_case(container: Container, caller: Caller, case_id: CaseId) -> Case:
    """Errors: `UnknownCase`, alike for a case that is not there and for one out of reach."""
    case = container.views.case(case_id, caller.reach)
    if case is None:
        raise unknown_case(case_id)
    return case


def refusal(
    services: Services, headers: Headers, command: Command, error: BihuanError, place: Place
) -> Problem:
    """The problem, with where the case stands and what is open to the caller there."""
    container = services.container
    services.metrics.refused(error.code)
    _log.info(
        "command_refused", code=error.code, kind=command.kind, case_id=command.case, person=command.actor.id
    )
    caller = headers.caller(container)
    case = container.views.case(command.case, caller.reach) if error.kind in _NEEDS_CASE else None
    if case is None:
        return problem_of(error, place.path, request_id=place.request_id)
    presenter = Presenter(container, caller, container.now())
    return problem_of(
        error,
        place.path,
        case=presenter.now_of(case),
        open_steps=presenter.open_steps(case),
        request_id=place.request_id,
    )


def _accepted(outcome: Accepted, status: int) -> Response:
    receipt = outcome.receipt
    headers = {"ETag": etag(receipt["seq"]), "Location": f"/api/v1/cases/{receipt['case']}"}
    if outcome.is_repeated:
        headers["Idempotent-Replayed"] = "true"
    body = orjson.dumps(dict(receipt))
    return Response(body, status_code=status, media_type="application/json", headers=headers)


# At the border: what the engine cannot know


def check_data(ask: Ask, definition: Definition, data: Mapping[str, Any]) -> None:
    """Evidence must have been uploaded, and other cases must lie within the caller's reach. Errors: `InvalidData`."""
    if reasons := list(_unknown_references(ask, definition, data)):
        raise InvalidData("填写的内容有误", reasons=reasons, hint="逐项改正后再次提交")


def _unknown_references(ask: Ask, definition: Definition, data: Mapping[str, Any]) -> Iterator[Blocker]:
    for name, value in data.items():
        spec = definition.fields.get(name)
        if spec is None:
            continue
        if spec.type is FieldType.FILES and isinstance(value, list):
            yield from _unknown_files(ask.container, spec.title.zh, name, value)
        if spec.type in (FieldType.CASE, FieldType.CASES):
            for case in named_in(value):
                if not _may_name(ask, case):
                    message = f"“{spec.title.zh}”：没有编号为 {case} 的事项"
                    yield Blocker("unknown_case", message, {"field": name})


def check_subject(ask: Ask, subject: str) -> None:
    """A case that people open is about a registered subject, or about none. Errors: `UnknownSubject`.

    Somebody else's subject is left to the engine, which refuses it alike, registered or not.
    """
    reach = ask.caller.reach
    if not subject or (not reach.regions and subject not in reach.subjects):
        return
    if not ask.container.subjects.known([subject]):
        raise UnknownSubject(
            f"没有登记过编号为 {subject} 的服务对象",
            hint="核对统一社会信用代码；新的企业先登记（bihuan subject add，或导入名单）；不是哪一家的事项，subject 留空",
        )


def check_files(container: Container, title: str, field: str, digests: list[str]) -> None:
    """Errors: `InvalidData`."""
    if reasons := list(_unknown_files(container, title, field, digests)):
        raise InvalidData("材料有误", reasons=reasons, hint="先用 POST /api/v1/files 上传，再写返回的 digest")


def _unknown_files(container: Container, title: str, field: str, digests: list[Any]) -> Iterator[Blocker]:
    for digest in digests:
        if not isinstance(digest, str) or container.files.find(digest) is None:
            params = {"field": field, "digest": str(digest)[:100]}
            yield Blocker("unknown_file", f"“{title}”所列材料没有上传过", params)


def _may_name(ask: Ask, case: str) -> bool:
    return not case or ask.container.views.case(CaseId(case), ask.caller.reach) is not None


def check_moment(occurred_at: datetime | None, now: datetime) -> None:
    """What happened cannot lie ahead, nor before the calendar begins. Errors: `InvalidRequest`."""
    if occurred_at is None or (occurred_at.year >= 2000 and occurred_at <= now + _AHEAD):
        return
    reason = Blocker("bad_moment", "occurred_at 须在 2000 年以后、现在以前", {"place": "occurred_at"})
    raise InvalidRequest("发生时刻有误", reasons=[reason])
