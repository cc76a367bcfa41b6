"""The evidence log over HTTP: checkpoint and consistency proofs for everybody, tiles for who has a token, the proof of an
event for its readers.

What is open says how many events there are, and consistency proofs show hashes of some. Whoever guesses every byte of an event
sees it confirmed; of what that can be is said in docs/reference/log.md, "What hashes tell".
A witness needs no account (C2SP tlog-witness).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from adapters.evidence.tiles import HASH_BYTES, WIDTH
from api.catalogue import Cosigned, LogKey, LogKeyList, LogProof
from api.commanding import readable_case
from api.deps import TheCaller, TheContainer, read_body
from api.documents import refusals
from api.errors import BodyTooLarge, Malformed
from engine.case import CaseId
from engine.errors import BihuanError

open_router = APIRouter(prefix="/log", tags=["日志"], responses=refusals(400, 403, 404, 413, 422, 503))
router = APIRouter(tags=["日志"], responses=refusals(400, 401, 403, 404, 422, 503))

LAST_TILE: Final = 2**53  # no log is as large; the database counts to 2^63
NOTE_MAX: Final = 64 * 1024
FOR_EVER: Final = "private, max-age=31536000, immutable"
_N: Final = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_TILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "瓦片：至多 256 个散列",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_NOTE: Final = {"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}}


class NotInLog(BihuanError):
    """Raised when the log has no such checkpoint or tile, or not yet."""

    code, kind = "not_in_log", "missing"


@open_router.get(
    "/checkpoint", operation_id="get_checkpoint", summary="最新的检查点（C2SP 签名文本）",
    response_class=PlainTextResponse,
)  # fmt: skip
def get_checkpoint(container: TheContainer) -> PlainTextResponse:
    latest = container.checkpoints.latest()
    if latest is None:
        raise NotInLog("还没有签发检查点", hint="有记录后十秒内签发")
    return PlainTextResponse(latest[1], headers={"Cache-Control": "no-cache"})


@open_router.get("/keys", operation_id="list_log_keys", summary="日志和见证方的公钥，含已停用的")
def list_log_keys(container: TheContainer) -> LogKeyList:
    known = container.keys.known()
    return LogKeyList(
        keys=[LogKey(name=k.name, vkey=k.vkey, use=k.use, since=k.since, retired=k.retired) for k in known]
    )


@open_router.get("/proof/consistency", operation_id="get_consistency", summary="日志只增不改的证明")
def get_consistency(
    container: TheContainer,
    old: Annotated[int, Query(ge=0, le=2**53, description="先前的大小")],
    new: Annotated[int, Query(ge=0, le=2**53, description="现在的大小")],
) -> LogProof:
    proof = container.proofs.consistency(old, new)
    return LogProof(old=old, new=new, proof=[hash_.hex() for hash_ in proof])


@router.get(
    "/log/tile/{level}/{place:path}", operation_id="get_tile", summary="树的瓦片（C2SP tlog-tiles）",
    response_class=Response, responses=_TILE,
)  # fmt: skip
def get_tile(
    container: TheContainer,
    caller: TheCaller,
    level: Annotated[int, Path(ge=0, le=63)],
    place: Annotated[str, Path(description="例如 `x001/x234/067` 或 `000.p/17`", max_length=64)],
) -> Response:
    n, width = _place(place)
    data = container.tiles.tile(level, n)[: width * HASH_BYTES]
    if len(data) < width * HASH_BYTES:
        raise NotInLog("没有这片瓦片", hint="先读检查点，再按它的大小取瓦片")
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": FOR_EVER})


@open_router.post(
    "/cosignatures", operation_id="add_cosignatures", summary="见证方交回签过的检查点", openapi_extra=_NOTE
)
async def add_cosignatures(request: Request, container: TheContainer) -> Cosigned:
    body = await read_body(
        request, NOTE_MAX, BodyTooLarge("检查点过长", hint="只交一份检查点", most=NOTE_MAX)
    )
    try:
        note = body.decode()
    except UnicodeDecodeError as error:
        raise Malformed("检查点须为 UTF-8", hint="原样传送检查点文件") from error
    return Cosigned(witnesses=await run_in_threadpool(container.checkpoints.add_cosignatures, note))


@router.get(
    "/cases/{case}/history/{seq}/proof", operation_id="get_event_proof",
    summary="一条记录在日志中的证明（C2SP tlog-proof）", response_class=PlainTextResponse,
)  # fmt: skip
def get_event_proof(
    container: TheContainer,
    caller: TheCaller,
    case: str,
    seq: Annotated[int, Path(ge=1, le=2**53)],
) -> PlainTextResponse:
    found = readable_case(container, caller, CaseId(case))
    return PlainTextResponse(container.proofs.tlog_proof(found.id, seq))


def _place(text: str) -> tuple[int, int]:
    """The tile's number and how many hashes of it are asked for."""
    found = _N.fullmatch(text)
    if not found:
        raise NotInLog("瓦片的写法不对", hint="每三位一段，前面各段加 x，例如 x001/x234/067")
    width = int(found[2]) if found[2] else WIDTH
    if width > WIDTH - bool(found[2]):
        raise NotInLog("瓦片至多 256 个散列", hint="不满的瓦片写 .p/1 到 .p/255")
    number = int(found[1].replace("x", "").replace("/", ""))
    if number > LAST_TILE:
        raise NotInLog("没有这片瓦片", hint="先读检查点，再按它的大小取瓦片")
    return number, width
