"""Evidence bundles over HTTP: for auditors and administrators, within their regions, and every one recorded in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any, Final
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, Depends
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from adapters.bootstrap import Container
from adapters.evidence.exporting import Asked
from adapters.evidence.selection import require_few
from api.audit_schemas import BundleBody
from api.auditing import audit_reach, require_possible
from api.commands.days import day_of
from api.deps import TheCaller, TheContainer, parse_json, read_json_body, shape_of
from api.documents import refusals
from api.errors import Malformed

log = structlog.get_logger()
router = APIRouter(
    prefix="/audit/bundles", tags=["审计"], responses=refusals(400, 401, 403, 404, 409, 413, 422, 503)
)

MOST_CASES: Final = 2000  # of one bundle
IN_MEMORY: Final = 8 * 1024 * 1024  # bytes; a larger bundle waits on disk
CHUNK: Final = 64 * 1024
_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "证据包（zip）",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    operation_id="export_bundle",
    summary="导出证据包：一个事项，或一个区划；导出本身记入日志簿",
    response_class=Response,
    responses=_ZIP,
    openapi_extra=shape_of(BundleBody),
)
def export_bundle(
    container: TheContainer, caller: TheCaller, body: Annotated[bytes, Depends(read_json_body)]
) -> StreamingResponse:
    wanted = parse_json(body, BundleBody)
    if bool(wanted.case) == bool(wanted.region) or (wanted.since and not wanted.region):
        raise Malformed("case 和 region 写且只写一个；since 只与 region 同用", hint='例如 {"case": "…"}')
    asked = Asked(
        case=wanted.case,
        region=wanted.region,
        since=_midnight(container, wanted.since) if wanted.since else None,
        files=wanted.files,
        purpose=wanted.purpose,
        against=tuple(wanted.against),
    )
    reach = audit_reach(caller, wanted.region)
    require_few(container.bundles.count(asked, reach), MOST_CASES, "bihuan audit export")
    target = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed when the answer is sent)
    try:
        exported = container.bundles.export(
            asked, target, actor=caller.actor, reach=reach, now=container.now()
        )
    except BaseException:
        target.close()
        raise
    log.info("bundle_exported", by=caller.person, entry=exported.entry, **asked.scope)
    headers = {
        "Content-Disposition": f'attachment; filename="bihuan-{wanted.case or wanted.region}.zip"',
        "Cache-Control": "no-store",
        "X-Bundle-Digest": exported.digest,
        "X-Journal-Entry": str(exported.entry),
    }
    return StreamingResponse(
        _read(target), media_type="application/zip", headers=headers, background=BackgroundTask(target.close)
    )


def _read(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while part := file.read(CHUNK):
        yield part


def _midnight(container: Container, day: str) -> datetime:
    zone = ZoneInfo(container.calendars.current(container.settings.calendar).zone)
    return datetime.combine(require_possible(day_of(day)), time.min, zone).astimezone(UTC)
