"""Reports as files: which there are, and one of them, with a reason that is kept and stands on every page."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from adapters.reports.kinds import KINDS
from adapters.reports.service import MEDIA_TYPES, Asked
from api.bodies import ReportRequest
from api.deps import TheCaller, TheContainer, parse_json, read_json_body, shape_of
from api.documents import refusals

log = structlog.get_logger()
router = APIRouter(tags=["报表"], responses=refusals(400, 401, 403, 404, 413, 422, 503))

_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_DOWNLOAD: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "报表文件", "content": dict.fromkeys(MEDIA_TYPES.values(), _BINARY)}
}


class ReportView(BaseModel):
    """一种报表"""

    id: str = Field(examples=["bulletin"])
    title: str = Field(examples=["工作情况通报"])
    about: str = Field(description="period 按期间，year 按年度，case 按事项，today 当日")
    forms: list[str] = Field(description="可用的格式，第一个是通常的格式", examples=[["docx", "xlsx"]])
    note: str = ""


class ReportList(BaseModel):
    """有哪些报表"""

    reports: list[ReportView]


@router.get("/reports", operation_id="list_reports", summary="有哪些报表", response_model=ReportList)
def list_reports(caller: TheCaller) -> ReportList:
    return ReportList(
        reports=[
            ReportView(id=k.id, title=k.title, about=k.about, forms=list(k.forms), note=k.note)
            for k in KINDS.values()
        ]
    )


@router.post(
    "/reports/{kind}", operation_id="export_report", summary="导出报表：须写明事由，按您的职责范围取数",
    response_class=Response, responses=_DOWNLOAD, openapi_extra=shape_of(ReportRequest),
)  # fmt: skip
def export_report(
    container: TheContainer,
    caller: TheCaller,
    kind: str,
    body: Annotated[bytes, Depends(read_json_body)],
) -> Response:
    wanted = parse_json(body, ReportRequest)
    asked = Asked(
        kind=kind, period=wanted.period, region=wanted.region, case=wanted.case, snapshot=wanted.snapshot
    )
    exported = container.reports.export(
        asked,
        actor=caller.reader,
        reach=caller.reach,
        now=container.now(),
        reason=wanted.reason,
        form=wanted.form,
    )
    log.info("report_exported", report=kind, region=wanted.region, by=caller.person, entry=exported.entry)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(exported.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "X-Report-Digest": exported.report.digest,
        "X-Export-Entry": exported.entry,
    }
    return Response(exported.content, media_type=exported.media_type, headers=headers)
