"""Shapes of imports over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["BODIES", "ImportBody", "ImportList", "ImportStep", "ImportView", "RowView"]


class ImportBody(BaseModel):
    """试导一个已上传的文件。"""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[
        Literal["list", "history"], Field(description="list 企业名单；history 其他系统的工单，导入为事项")
    ] = "list"
    digest: Annotated[str, Field(description="上传文件时得到的摘要", pattern=r"^sha256:[0-9a-f]{64}$")]
    sheet: Annotated[str, Field(description="有几个工作表都像名单时，写明一个", max_length=100)] = ""
    year: Annotated[int | None, Field(description="列名没有写年份时，是哪一年", ge=1990, le=2100)] = None
    unit: Annotated[str, Field(description="名单没有写金额单位时的单位，例如 万元", max_length=10)] = ""
    region: Annotated[
        str, Field(description="名单所属区划，没有市县两栏时必填；或工单所属单位的区划", max_length=20)
    ] = ""
    source: Annotated[str, Field(description="数据来源，写在每项数据旁", max_length=100)] = ""
    vintage: Annotated[date | None, Field(description="数据日期；不写则用填报时间或今天")] = None
    verified: Annotated[bool, Field(description="数据已经核实")] = False
    trust_figures: Annotated[bool, Field(description="金额单位已核对，悬殊的数据无误")] = False
    confirm_codes: Annotated[
        bool, Field(description="末位校验码不符的代码已对照营业执照核对无误；不写则列为待确认，不导入")
    ] = False
    without_county: Annotated[
        bool, Field(description="名单没有县区一列，企业先登记在市一级；不写则列为冲突，不导入")
    ] = False
    workflow: Annotated[str, Field(description="工单导入为哪个流程的事项", max_length=100)] = "issue"
    mapping: Annotated[
        str,
        Field(description="工单各列对应的字段（YAML）；不写则用热线工单的列名", max_length=20_000),
    ] = ""


class ImportStep(BaseModel):
    """提交、撤销不需要别的内容。"""

    model_config = ConfigDict(extra="forbid")


class ReasonView(BaseModel):
    code: str
    message: str
    cell: Annotated[str, Field(description="单元格，例如 C17")]
    weight: Annotated[str, Field(description="note 仅提示；confirm、conflict、error 使这一行不导入")]


class RowView(BaseModel):
    row: Annotated[int, Field(description="文件中的行号")]
    verdict: Annotated[
        str,
        Field(
            description="new 新增、updated 更新、unchanged 无变化、to_confirm 待确认、conflict 冲突、error 错误"
        ),
    ]
    subject: Annotated[str, Field(description="统一社会信用代码；工单则为原编号")]
    title: Annotated[str, Field(description="企业名称；工单则为导入后的事项编号")]
    reasons: list[ReasonView]


class ImportView(BaseModel):
    id: str
    kind: Annotated[str, Field(description="list 名单、history 工单")]
    file: str
    digest: str
    by: str
    at: datetime
    committed_at: datetime | None
    undone_at: datetime | None
    counts: dict[str, int]
    summary: Annotated[dict[str, Any], Field(description="表头、各列含义、不认得的列、隐藏行列、略过的行")]
    rows: Annotated[
        list[RowView],
        Field(description="有话要说的行，至多 200 行，是试导（或导入）当时的结论；列出各批次时不给"),
    ] = []


class ImportList(BaseModel):
    imports: list[ImportView]


BODIES = (ImportBody, ImportStep)
