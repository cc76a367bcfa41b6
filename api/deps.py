"""What endpoints are handed: the container, the writer, the caller; and the reading of bodies and headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Header, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ValidationError

from adapters.bootstrap import Container
from adapters.metrics import Metrics
from adapters.writer import Writer
from api.auth import CHANNEL, Caller, authenticated
from api.errors import BodyTooLarge, InvalidRequest, KeyMissing, Malformed, invalid_request, near_words
from engine.case import CommandId
from engine.errors import BihuanError, Blocker

BODY_MAX: Final = 1024 * 1024  # bytes of a JSON body
_KEY: Final = re.compile(r"[!-~]{1,200}")
_ETAG: Final = re.compile(r'"c([0-9]{1,15})"')

_Body = TypeVar("_Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Services:
    """What `create_app` was given."""

    container: Container
    writer: Writer
    metrics: Metrics


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


_bearer = HTTPBearer(
    auto_error=False,
    description="`Authorization: Bearer bh_…`，由 `bihuan token create` 生成",
    scheme_name="token",
)


@dataclass(frozen=True, slots=True)
class Headers:
    """Who asks, as it stands in the headers; turned into a `Caller` off the event loop, for that reads the database."""

    authorization: str | None
    acting_for: str | None

    def caller(self, container: Container) -> Caller:
        return authenticated(container, self.authorization, self.acting_for)


async def headers_of(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    x_acting_for: Annotated[
        str | None, Header(description="代理办理时写被代理人的编号；记录中留下两人的名字", max_length=100)
    ] = None,
) -> Headers:
    if "\x00" in request.url.path or "%00" in request.url.query:
        raise Malformed("地址中不能有 U+0000", hint="去掉地址中的 %00")
    _require_known_query(request)
    return Headers(request.headers.get("authorization"), x_acting_for)


def _require_known_query(request: Request) -> None:
    """A misspelt filter would otherwise list everything. Errors: `InvalidRequest` with what the address takes."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.query_params:
        return
    allowed = sorted(_query_of(route.dependant))
    reasons = [
        Blocker(
            "unknown_parameter",
            f"不认识的参数 {name}{near_words(name, allowed)}",
            {"place": name, "allowed": allowed},
        )
        for name in dict.fromkeys(request.query_params)
        if name not in allowed
    ]
    if reasons:
        hint = f"可用的参数：{'、'.join(allowed)}" if allowed else "这个地址没有参数"
        raise InvalidRequest("地址中的参数有误", reasons=reasons, hint=hint)


def _query_of(dependant: Dependant) -> set[str]:
    """The names of what an endpoint takes from the query, and of what it depends on."""
    own = {str(field.alias) for field in dependant.query_params}
    return own.union(*map(_query_of, dependant.dependencies))


def container_of(request: Request) -> Container:
    return services_of(request).container


def caller_of(request: Request, headers: Annotated[Headers, Depends(headers_of)]) -> Caller:
    return headers.caller(container_of(request))


TheServices = Annotated[Services, Depends(services_of)]
TheContainer = Annotated[Container, Depends(container_of)]
TheHeaders = Annotated[Headers, Depends(headers_of)]
TheCaller = Annotated[Caller, Depends(caller_of)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="必填。同一个键重复提交只办一次，得到第一次的答复；换了内容则拒绝（422）",
        examples=["5c1f7d0e-1"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", description='您所依据的版本（读取事项时的 ETag，例如 `"c17"`）；已过时则拒绝（412）'
    ),
]


def command_id(caller: Caller, key: str | None, *, item: int | None = None) -> CommandId:
    """Keys of different people never meet, nor those of a batch's items (from 0) and of single commands.

    Errors: `KeyMissing`.
    """
    if not key or not _KEY.fullmatch(key):
        raise KeyMissing(
            "缺少可用的 Idempotency-Key",
            hint="请求头写 Idempotency-Key: 任意不重复的编号（可见 ASCII 字符，至多 200 个）",
        )
    if item is None:
        return CommandId(f"{CHANNEL}/{caller.person}/{key}")
    return CommandId(f"{CHANNEL}-batch/{caller.person}/{item}/{key}")


def expected_seq(if_match: str | None) -> int | None:
    """The version in `If-Match`; None where none is asked for. Errors: `Malformed`."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if not found:
        raise Malformed("If-Match 写法不对", hint='写读取事项时得到的 ETag，例如 "c17"（含引号）')
    return int(found[1])


def etag(seq: int) -> str:
    return f'"c{seq}"'


async def read_body(request: Request, most: int, too_large: BihuanError) -> bytes:
    """The body, refused as soon as it is known to be larger than `most` bytes."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_large
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large
        parts.append(part)
    return b"".join(parts)


async def read_json_body(request: Request) -> bytes:
    """Errors: `BodyTooLarge`."""
    hint = "长材料请作为文件上传"
    return await read_body(
        request, BODY_MAX, BodyTooLarge(f"请求体超过 {BODY_MAX // 1024} KB", hint=hint, most=BODY_MAX)
    )


def parse_json(body: bytes, shape: type[_Body]) -> _Body:
    """The checked body; an empty one counts as `{}`. Errors: `MalformedJson`, `InvalidRequest`."""
    try:
        return shape.model_validate_json(body or b"{}")
    except ValidationError as error:
        raise invalid_request(error, tuple(shape.model_fields)) from error


def shape_of(model: type[BaseModel]) -> dict[str, Any]:
    """How a body that the endpoint reads by itself stands in the OpenAPI document."""
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}
