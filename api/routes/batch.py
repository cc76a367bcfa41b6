"""Many commands in one request: each is answered for itself, and a bad one spoils no other."""

from __future__ import annotations

from asyncio import gather, wrap_future
from dataclasses import replace
from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.bodies import (
    BATCH_ITEM,
    AnyBatch,
    Batch,
    BatchAddLane,
    BatchAnswerExtension,
    BatchAskExtension,
    BatchAssign,
    BatchComment,
    BatchOpen,
    BatchStep,
    BatchWithdrawLane,
)
from api.commanding import Ask, Place, readable_case, refusal
from api.context import request_id_of
from api.deps import (
    Headers,
    IdempotencyKey,
    Services,
    TheHeaders,
    TheServices,
    command_id,
    expected_seq,
    parse_json,
    read_json_body,
    shape_of,
)
from api.documents import refusals
from api.errors import invalid_request, problem_of
from api.routes import commands
from api.schemas import BatchResult, BatchResults, Problem, Receipt
from engine.case import CaseId, CommandId
from engine.commands import Command
from engine.errors import BihuanError
from engine.runtime import Accepted, Outcome

router = APIRouter(tags=["办理"], responses=refusals(400, 401, 403, 413, 422, 503))


@router.post(
    "/commands:batch", operation_id="batch", summary="成批办理，逐条答复；同一个键重复提交，每条只办一次",
    response_model=BatchResults, openapi_extra=shape_of(Batch),
)  # fmt: skip
async def post_batch(
    request: Request, services: TheServices, headers: TheHeaders, key: IdempotencyKey = None
) -> Response:
    body = await read_json_body(request)
    place = Place(request.url.path, request_id_of(request.scope))
    prepared = await run_in_threadpool(_prepare, services, headers, key, body)
    outcomes = await _submitted(services, prepared)

    def results() -> list[BatchResult]:
        pairs = zip(prepared, outcomes, strict=True)
        return [_result(services, headers, asked, outcome, place) for asked, outcome in pairs]

    found = BatchResults(results=await run_in_threadpool(results))
    return Response(found.model_dump_json(), media_type="application/json")


def _prepare(
    services: Services, headers: Headers, key: str | None, body: bytes
) -> list[Command | BihuanError]:
    """A command for each item, or why there is none."""
    container = services.container
    caller = headers.caller(container)
    blank = Ask(container=container, caller=caller, id=command_id(caller, key), expected_seq=None, case=None)
    items = parse_json(body, AnyBatch).commands
    return [_prepared(blank, command_id(caller, key, item=n), item) for n, item in enumerate(items)]


def _prepared(blank: Ask, command: CommandId, raw: Any) -> Command | BihuanError:
    try:
        item = BATCH_ITEM.validate_json(orjson.dumps(raw))
        case = (
            readable_case(blank.container, blank.caller, CaseId(item.case)) if hasattr(item, "case") else None
        )
        ask = replace(blank, id=command, expected_seq=expected_seq(item.if_match), case=case)
        return _command(ask, item)
    except ValidationError as error:
        return invalid_request(error)
    except BihuanError as error:
        return error


def _command(ask: Ask, item: Any) -> Command:
    match item:
        case BatchOpen():
            return commands.opening(ask, item)
        case BatchStep():
            return commands.step(ask, item, item.step, item.lane)
        case BatchComment():
            return commands.comment(ask, item)
        case BatchAssign():
            return commands.assign(ask, item)
        case BatchAddLane():
            return commands.add_lane(ask, item)
        case BatchWithdrawLane():
            return commands.withdraw_lane(ask, item, item.lane)
        case BatchAskExtension():
            return commands.ask_extension(ask, item)
        case BatchAnswerExtension():
            return commands.answer_extension(ask, item)
    raise AssertionError(type(item))


async def _submitted(services: Services, prepared: list[Command | BihuanError]) -> list[Outcome | None]:
    """All are handed in before the first is awaited, so that they commit together and in order on each case."""
    futures = [services.writer.submit(each) if isinstance(each, Command) else None for each in prepared]
    done = iter(await gather(*(wrap_future(future) for future in futures if future)))
    return [next(done) if future else None for future in futures]


def _result(
    services: Services, headers: Headers, asked: Command | BihuanError, outcome: Outcome | None, place: Place
) -> BatchResult:
    if isinstance(asked, BihuanError):
        return _problem(problem_of(asked, place.path, request_id=place.request_id))
    assert outcome is not None
    if isinstance(outcome, Accepted):
        return BatchResult(status=201 if asked.kind == "open" else 200, receipt=Receipt(**outcome.receipt))
    return _problem(refusal(services, headers, asked, outcome.error, place))


def _problem(problem: Problem) -> BatchResult:
    return BatchResult(status=problem.status, problem=problem)
