"""Histories and nets for other people's tools, over HTTP: within the auditor's regions; each log taken is in the journal."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from adapters.evidence.formats import Form
from adapters.evidence.selection import require_few
from api.auditing import audit_reach, scope_of
from api.deps import TheCaller, TheContainer
from api.documents import refusals

__all__ = ["router"]

router = APIRouter(prefix="/audit/formats", tags=["审计"], responses=refusals(400, 401, 403, 404, 422, 503))

MOST_CASES: Final = 5000  # of one log
MEDIA: Final[dict[Form, str]] = {"xes": "application/xml", "ocel": "application/json"}
PNML: Final = "application/pnml+xml"
_TEXT: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_LOG: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "事件日志", "content": {"application/octet-stream": _TEXT}}
}
_NET: Final[dict[int | str, dict[str, Any]]] = {200: {"description": "流程的网", "content": {PNML: _TEXT}}}


@router.get(
    "/pnml/{workflow}", operation_id="get_net", summary="流程定义的 Petri 网（PNML）",
    response_class=Response, responses=_NET,
)  # fmt: skip
def net(
    container: TheContainer,
    caller: TheCaller,
    workflow: str,
    version: Annotated[int | None, Query(description="第几版；不写则为现行的", ge=1)] = None,
) -> Response:
    """A published definition is no secret: whoever has a token may read its net."""
    return Response(container.formats.net(workflow, version, container.now()), media_type=PNML)


@router.get(
    "/{form}", operation_id="export_log", summary="事件日志：xes（IEEE 1849）或 ocel（OCEL 2.0）；取走即留痕",
    response_class=Response, responses=_LOG,
)  # fmt: skip
def log(
    *,
    container: TheContainer,
    caller: TheCaller,
    form: Form,
    since: Annotated[date, Query(description="起日，含当日：这一天仍未办结，或此后有过变化的事项")],
    until: Annotated[date | None, Query(description="止日，含当日；不写则到今天")] = None,
    region: Annotated[str, Query(description="区划代码；不写则为您任职的全部区划", max_length=64)] = "",
    workflow: Annotated[str, Query(description="只取这一流程的事项", max_length=48)] = "",
    purpose: Annotated[str, Query(description="用途，记入日志簿", max_length=200)] = "",
) -> Response:
    reach = audit_reach(caller, region)
    scope = scope_of(container, reach, region, since, until)
    selection = scope.selection(workflow)
    require_few(selection.count(container.database), MOST_CASES, "bihuan audit formats")
    folder = Path(mkdtemp(prefix="bihuan-format-"))
    file = folder / f"log.{form}"
    try:
        exported = container.formats.export(
            form,
            selection,
            file,
            actor=caller.actor,
            purpose=purpose,
            now=container.now(),
        )
    except BaseException:
        folder.rmdir()
        raise
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Digest-SHA256": exported.digest,
        "X-Journal-Entry": str(exported.entry),
    }
    return FileResponse(
        file,
        media_type=MEDIA[form],
        filename=f"bihuan.{form}{'.json' if form == 'ocel' else ''}",
        headers=headers,
        background=BackgroundTask(_forget, file),
    )


def _forget(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.parent.rmdir()
