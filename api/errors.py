"""Every refusal as a problem document (RFC 9457): which status an error becomes, and what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.context import request_id_of
from api.schemas import BlockerView, CaseNow, OpenStep, Problem
from engine.case import CaseId
from engine.errors import BihuanError, Blocker, InvalidData, UnknownCase
from engine.numbering import is_case_number

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[Mapping[str, int]] = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "missing": 404,
    "conflict": 409,
    "stale": 412,
    "too_large": 413,
    "unsupported": 415,
    "invalid": 422,
    "reused": 422,
    "precondition": 428,
    "busy": 503,
    "unavailable": 503,
}
TITLES: Final[Mapping[int, str]] = {
    400: "请求无法识别",
    401: "需要有效的令牌",
    403: "您无权办理",
    404: "没有找到",
    405: "不支持这种操作",
    406: "没有这种格式",
    409: "现在不能办",
    412: "事项已有新的变化",
    413: "内容过大",
    415: "不收这种内容",
    422: "填写的内容有误",
    428: "须说明依据的版本",
    500: "系统出错",
    503: "系统暂时繁忙",
}
_HTTP_DETAIL: Final[Mapping[int, str]] = {404: "没有这个地址", 405: "这个地址不支持这种操作"}
_HINTS: Final[Mapping[str, str]] = {  # where the error itself gives none
    "forbidden": "这一步由谁办理，见事项 steps 中的 by；令牌代表谁、有哪些角色，见 /api/v1/me",
    "unknown_workflow": "有哪些流程，见 /api/v1/workflows",
    "unknown_region": "写区划代码，例如 340104",
}
_SILENT: Final = frozenset({"busy", "unavailable"})  # their params say how the inside looks


class Malformed(BihuanError):
    """Raised when a request cannot be read at all."""

    code, kind = "malformed_request", "malformed"


class MalformedJson(Malformed):
    """Raised when the body is not JSON."""

    code = "malformed_json"


class KeyMissing(Malformed):
    """Raised when a command comes without a usable Idempotency-Key."""

    code = "idempotency_key_missing"


class Unauthenticated(BihuanError):
    """Raised without a token, and alike for one that is unknown, expired or revoked."""

    code, kind = "unauthenticated", "unauthenticated"


class BodyTooLarge(BihuanError):
    """Raised when a JSON body is larger than the limit."""

    code, kind = "body_too_large", "too_large"


class IfMatchMissing(BihuanError):
    """Raised where a command must say on which version of the case it was decided."""

    code, kind = "if_match_missing", "precondition"


class InvalidRequest(InvalidData):
    """Raised when a request has the wrong shape; the blockers name each place."""

    code = "invalid_request"


def unknown_case(case: CaseId) -> UnknownCase:
    """The one refusal for a case that is not there and for one that lies outside the caller's reach."""
    hint = "核对编号，或检查您的职责范围" if is_case_number(case) else "编号有误，请核对"
    return UnknownCase(f"没有编号为 {case} 的事项", hint=hint)


def status_of(error: BihuanError) -> int:
    return STATUS[error.kind]


def problem_of(
    error: BihuanError,
    instance: str,
    *,
    case: CaseNow | None = None,
    open_steps: Sequence[OpenStep] = (),
    request_id: str = "",
) -> Problem:
    status = status_of(error)
    return Problem(
        type=f"urn:bihuan:problem:{error.code}",
        title=TITLES[status],
        status=status,
        detail=error.message,
        instance=instance,
        code=error.code,
        hint=error.hint or _HINTS.get(error.code, ""),
        blockers=[BlockerView(**blocker.as_data()) for blocker in error.blockers],
        params={} if error.kind in _SILENT else _plain(error.params),
        request_id=request_id,
        case=case,
        open_steps=list(open_steps),
    )


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    extra = dict(headers or {})
    if problem.status == 401:
        extra["WWW-Authenticate"] = 'Bearer realm="bihuan"'
    if problem.status == 503:
        extra["Retry-After"] = "1"
    body = orjson.dumps(problem.model_dump(mode="json"))
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=extra)


def invalid_request(
    error: ValidationError | RequestValidationError, fields: Sequence[str] = ()
) -> BihuanError:
    """What pydantic found, as blockers with the place of each. `fields` are those that the body takes."""
    found = error.errors()
    if broken := next((one for one in found if one["type"] == "json_invalid"), None):
        return _malformed_json(broken)
    reasons = [_reason(one, fields) for one in found[:50]]
    return InvalidRequest("请求的内容有误", reasons=reasons, hint="逐项改正后再次提交")


def _malformed_json(found: Mapping[str, Any]) -> MalformedJson:
    """With line and column, where the parser says them: column 0 of a line is its beginning."""
    place = _AT.search(str(found.get("ctx", {}).get("error", "")))
    where = f"：第 {place[1]} 行第 {place[2]} 列读不下去" if place else ""
    hint = "检查那里和它前面的括号、引号、逗号（须是半角）和编码（UTF-8）"
    params = {"line": int(place[1]), "column": int(place[2])} if place else {}
    return MalformedJson(f"请求体不是合法的 JSON{where}", hint=hint, **params)


_AT: Final = re.compile(r"at line (\d+) column (\d+)")


def near_words(name: str, known: Sequence[str]) -> str:
    """`，是不是 summary？` for what looks like one of the known names."""
    near = get_close_matches(name, known, n=1)
    return f"，是不是 {near[0]}？" if near else ""


def internal_problem(path: str, request_id: str) -> Problem:
    """For what nobody foresaw: the log has the rest under the same request id."""
    return Problem(
        type="urn:bihuan:problem:internal_error",
        title=TITLES[500],
        status=500,
        detail="系统内部错误，已记录",
        instance=path,
        code="internal_error",
        hint="请用同一个 Idempotency-Key 重试；仍不行时把 request_id 告诉管理员",
        request_id=request_id,
    )


def install(app: FastAPI) -> None:
    """Every error leaves as a problem document."""
    app.add_exception_handler(BihuanError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, BihuanError)
    return problem_response(problem_of(error, request.url.path, request_id=request_id_of(request.scope)))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _known(request, invalid_request(error))


async def _http(request: Request, error: Exception) -> Response:
    """What the router itself refuses: 404 and 405."""
    assert isinstance(error, HTTPException)
    problem = Problem(
        type="about:blank",
        title=TITLES.get(error.status_code, str(error.detail)),
        status=error.status_code,
        detail=_HTTP_DETAIL.get(error.status_code, str(error.detail)),
        instance=request.url.path,
        code={404: "no_such_address", 405: "method_not_allowed"}.get(error.status_code, "http_error"),
        hint="地址列表见 /api/v1/openapi.json",
        request_id=request_id_of(request.scope),
    )
    return problem_response(problem, error.headers)


def _reason(found: Mapping[str, Any], fields: Sequence[str] = ()) -> Blocker:
    place = "/".join(str(part) for part in found["loc"])
    words = _WORDS.get(found["type"], found["msg"])
    if found["type"] == "extra_forbidden" and len(found["loc"]) == 1:
        words += near_words(place, fields)
    return Blocker(str(found["type"]), f"{place or '请求体'}：{words}", {"place": place})


_WORDS: Final[Mapping[str, str]] = {
    "missing": "必填",
    "extra_forbidden": "不认识的字段",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "bool_type": "应为 true 或 false",
    "dict_type": "应为对象",
    "list_type": "应为列表",
    "string_pattern_mismatch": "写法不对",
    "string_too_long": "过长",
    "string_too_short": "不能为空",
    "too_long": "项数过多",
    "too_short": "项数过少",
    "timezone_aware": "时刻须带时区，例如 2026-11-23T09:30:00+08:00",
    "datetime_type": "应为时刻，例如 2026-11-23T09:30:00+08:00",
    "datetime_from_date_parsing": "应为时刻，例如 2026-11-23T09:30:00+08:00",
    "datetime_parsing": "应为时刻，例如 2026-11-23T09:30:00+08:00",
    "union_tag_invalid": "不认识的 do",
    "union_tag_not_found": "缺少 do",
    "model_type": "应为对象",
    "int_parsing": "应为整数",
    "bool_parsing": "应为 true 或 false",
    "greater_than_equal": "过小",
    "less_than_equal": "过大",
}


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON; what is not a JSON value is written as text."""
    found: dict[str, Any] = orjson.loads(
        orjson.dumps(dict(params), default=str, option=orjson.OPT_NON_STR_KEYS)
    )
    return found
