"""Everything that changes a case. Each answer comes after the commit; each command carries an Idempotency-Key."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import (
    AnswerExtensionBody,
    AskExtensionBody,
    AssignBody,
    CommentBody,
    JumpBody,
    LaneBody,
    MoveBody,
    OpenCase,
    StepBody,
    WithdrawBody,
)
from api.bodies import Request as RequestBody
from api.commanding import Ask, Commanding, Envelope, check_data, check_files, check_moment, check_subject
from api.deps import IdempotencyKey, IfMatch, TheHeaders, TheServices, shape_of
from api.documents import PROBLEMS, refusals
from api.errors import IfMatchMissing
from api.schemas import Receipt
from engine.commands import (
    AddLane,
    AnswerExtension,
    AskExtension,
    Assign,
    Command,
    Comment,
    Jump,
    MoveVersion,
    Open,
    TakeStep,
    WithdrawLane,
)

router = APIRouter(tags=["办理"], responses=refusals(400, 401, 403, 404, 409, 412, 413, 422, 503))


async def commanding(
    request: Request,
    services: TheServices,
    headers: TheHeaders,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Commanding:
    return Commanding(request, services, Envelope(headers, key, if_match))


async def commanding_on_version(
    request: Request,
    services: TheServices,
    headers: TheHeaders,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Commanding:
    """Errors: `IfMatchMissing` where the version decided on is not named."""
    if if_match is None or if_match.strip() == "*":
        raise IfMatchMissing("这项操作须说明依据的版本", hint='先读取事项，把 ETag 写进 If-Match，例如 "c17"')
    return Commanding(request, services, Envelope(headers, key, if_match))


Taking = Annotated[Commanding, Depends(commanding)]
TakingOnVersion = Annotated[Commanding, Depends(commanding_on_version)]


def envelope(ask: Ask, body: RequestBody) -> dict[str, Any]:
    """What every command on a case carries."""
    check_moment(body.occurred_at, ask.container.now())
    return {
        "id": ask.id,
        "case": ask.case.id if ask.case else "",
        "actor": ask.caller.actor,
        "expected_seq": ask.expected_seq,
        "occurred_at": body.occurred_at,
    }


def opening(ask: Ask, body: OpenCase) -> Command:
    container = ask.container
    now = container.now()
    container.directories.current().region(body.region)  # refuses a region that there is not
    if body.version is None:
        program = container.definitions.current(body.workflow, now)
    else:
        program = container.definitions.version(body.workflow, body.version)
    check_subject(ask, body.subject)
    check_data(ask, program.definition, body.data)
    common = {**envelope(ask, body), "case": container.numbers.next(now), "expected_seq": None}
    return Open(
        **common,
        workflow=body.workflow,
        version=body.version,
        region=body.region,
        subject=body.subject,
        data=body.data,
    )


def step(ask: Ask, body: StepBody, name: str, lane: str) -> Command:
    check_data(ask, ask.definition, body.data)
    return TakeStep(**envelope(ask, body), step=name, lane=lane, data=body.data)


def add_lane(ask: Ask, body: LaneBody) -> Command:
    return AddLane(**envelope(ask, body), lane=body.lane, reason=body.reason)


def withdraw_lane(ask: Ask, body: WithdrawBody, lane: str) -> Command:
    return WithdrawLane(**envelope(ask, body), lane=lane, reason=body.reason)


def comment(ask: Ask, body: CommentBody) -> Command:
    check_files(ask.container, "材料", "files", body.files)
    return Comment(**envelope(ask, body), text=body.text, files=tuple(body.files))


def assign(ask: Ask, body: AssignBody) -> Command:
    return Assign(**envelope(ask, body), person=body.person, lane=body.lane, reason=body.reason)


def ask_extension(ask: Ask, body: AskExtensionBody) -> Command:
    return AskExtension(**envelope(ask, body), clock=body.clock, reason=body.reason, amount=body.amount)


def answer_extension(ask: Ask, body: AnswerExtensionBody) -> Command:
    return AnswerExtension(**envelope(ask, body), clock=body.clock, approve=body.approve, reason=body.reason)


def jump(ask: Ask, body: JumpBody) -> Command:
    return Jump(**envelope(ask, body), state=body.state, reason=body.reason, second=body.second)


def move(ask: Ask, body: MoveBody) -> Command:
    return MoveVersion(**envelope(ask, body), version=body.version, reason=body.reason)


@router.post(
    "/cases", operation_id="open_case", summary="登记一件事项", status_code=201, response_model=Receipt,
    openapi_extra=shape_of(OpenCase),
)  # fmt: skip
async def open_case(taking: Taking) -> Response:
    return await taking.opening(OpenCase, opening)


@router.post(
    "/cases/{case}/steps/{name}", operation_id="take_step", summary="办理一步", response_model=Receipt,
    openapi_extra=shape_of(StepBody),
)  # fmt: skip
async def take_step(taking: Taking, case: str, name: str) -> Response:
    return await taking.on_case(case, StepBody, lambda ask, body: step(ask, body, name, ""))


@router.post(
    "/cases/{case}/lanes/{lane}/steps/{name}", operation_id="take_lane_step", summary="办理并行线的一步",
    response_model=Receipt, openapi_extra=shape_of(StepBody),
)  # fmt: skip
async def take_lane_step(taking: Taking, case: str, lane: str, name: str) -> Response:
    return await taking.on_case(case, StepBody, lambda ask, body: step(ask, body, name, lane))


@router.post(
    "/cases/{case}/lanes", operation_id="add_lane", summary="增加一条并行线", response_model=Receipt,
    openapi_extra=shape_of(LaneBody),
)  # fmt: skip
async def post_lane(taking: Taking, case: str) -> Response:
    return await taking.on_case(case, LaneBody, add_lane)


@router.post(
    "/cases/{case}/lanes/{lane}/withdraw", operation_id="withdraw_lane", summary="撤回一条并行线",
    response_model=Receipt, openapi_extra=shape_of(WithdrawBody),
)  # fmt: skip
async def post_withdrawal(taking: Taking, case: str, lane: str) -> Response:
    return await taking.on_case(case, WithdrawBody, lambda ask, body: withdraw_lane(ask, body, lane))


@router.post(
    "/cases/{case}/comments", operation_id="comment", summary="留言", response_model=Receipt,
    openapi_extra=shape_of(CommentBody),
)  # fmt: skip
async def post_comment(taking: Taking, case: str) -> Response:
    return await taking.on_case(case, CommentBody, comment)


@router.post(
    "/cases/{case}/assign", operation_id="assign", summary="指派经办人", response_model=Receipt,
    openapi_extra=shape_of(AssignBody),
)  # fmt: skip
async def post_assignment(taking: Taking, case: str) -> Response:
    return await taking.on_case(case, AssignBody, assign)


@router.post(
    "/cases/{case}/extensions", operation_id="ask_extension", summary="申请延期", response_model=Receipt,
    openapi_extra=shape_of(AskExtensionBody),
)  # fmt: skip
async def post_extension(taking: Taking, case: str) -> Response:
    return await taking.on_case(case, AskExtensionBody, ask_extension)


@router.post(
    "/cases/{case}/extensions/answer", operation_id="answer_extension", summary="审批延期", response_model=Receipt,
    openapi_extra=shape_of(AnswerExtensionBody),
)  # fmt: skip
async def post_extension_answer(taking: Taking, case: str) -> Response:
    return await taking.on_case(case, AnswerExtensionBody, answer_extension)


@router.post(
    "/cases/{case}/jump", operation_id="jump", summary="管理员人工改派环节", response_model=Receipt,
    openapi_extra=shape_of(JumpBody), responses={428: PROBLEMS[428]},
)  # fmt: skip
async def post_jump(taking: TakingOnVersion, case: str) -> Response:
    return await taking.on_case(case, JumpBody, jump)


@router.post(
    "/cases/{case}/move-version", operation_id="move_version", summary="管理员迁移流程版本", response_model=Receipt,
    openapi_extra=shape_of(MoveBody), responses={428: PROBLEMS[428]},
)  # fmt: skip
async def post_move(taking: TakingOnVersion, case: str) -> Response:
    return await taking.on_case(case, MoveBody, move)
