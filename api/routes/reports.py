"""Reports as files: which there are, and one of them, with a reason that is kept and stands on every page."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from adapters.reports.kinds import KINDS
from adapters.reports.service import MEDIA_TYPES, REASON_MOST, Asked
from api.deps import TheCaller, TheContainer, parse_json, read_json_body, shape_of
from api.documents import refusals

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


class ReportRequest(BaseModel):
    """要哪一期、哪个区划的报表，以及为什么导出"""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(
        description=f"导出事由，至多 {REASON_MOST} 个字；印在每一页上，并留存记录", examples=["3月份工作调度"]
    )
    period: str = Field(
        "",
        description="2026、2026-H1、2026-Q1、2026-03 或 2026-03-05；不写为本月（年度报表为本年）",
        max_length=20,
    )
    region: str = Field("", description="区划代码；不写为您自己的区划", max_length=20)
    case: str = Field("", description="走访报告、方案、督办单、催办单所说的事项编号", max_length=100)
    form: str = Field("", description="xlsx 或 docx；不写为该报表通常的格式", max_length=10)
    snapshot: str = Field("", description="考核得分表：由这份快照重算", max_length=64)


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
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(exported.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "X-Report-Digest": exported.report.digest,
        "X-Export-Entry": exported.entry,
    }
    return Response(exported.content, media_type=exported.media_type, headers=headers)
