"""Subjects over the wire: what is asked when one is registered, renamed, moved or observed, and what is shown of one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.schemas import CaseSummary, Named, View

Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Body(BaseModel):
    """Unknown keys are refused: a misspelt one would otherwise be lost in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RegisterBody(_Body):
    """登记一个服务对象。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "91340100MAR8F86N30",
                    "title": "合肥示例科技有限公司",
                    "region": "340104",
                    "since": "2020-03-01",
                }
            ]
        }
    )

    id: Code = Field(description="统一社会信用代码")
    title: Words
    region: Code = Field(description="区划代码", examples=["340104"])
    since: date = Field(description="从哪一天起用这个名称、在这个区划")
    confirm: bool = Field(False, description="代码有一位校验不符、已按营业执照核实的，写 true")


class RenameBody(_Body):
    """更名；写现名称的起始日期则为更正。"""

    title: Words
    since: date


class RelocateBody(_Body):
    """迁移到另一区划；写现区划的起始日期则为更正。"""

    region: Code
    since: date


class ObservationBody(_Body):
    """一个来源对一个年度的数据；金额以分计。不分年度的指标可一并写，自动分开。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "year": 2025,
                    "facts": {"revenue": 12000000000},
                    "source": "统计年报（示例）",
                    "vintage": "2026-03-01",
                }
            ]
        }
    )

    year: int = Field(0, ge=0, le=9999, description="数据年度；只写不分年度的指标时可不写")
    facts: dict[Annotated[str, StringConstraints(max_length=48)], int | bool | str] = Field(
        min_length=1, max_length=200
    )
    source: Words
    vintage: date = Field(description="数据截至哪一天")
    verified: bool = Field(False, description="是否已核实")


class SubjectReceipt(View):
    """What was recorded. The same for ever under the same Idempotency-Key."""

    subject: str
    at: str
    did: str


class SubjectSummary(View):
    id: str
    title: str
    region: Named
    doubt: str = Field(description="编号有何疑点；空为没有")
    updated_at: AwareDatetime


class SubjectList(View):
    total: int
    subjects: list[SubjectSummary]
    next: str


class SpellView(View):
    value: Named
    since: date
    until: date | None


class FactView(View):
    """The value that counts for a fact and a year; `masked` where a personal value is not for the caller."""

    fact: str
    title: str
    year: int = Field(description="0：不分年度")
    value: int | bool | str | None
    words: str
    source: str
    vintage: date
    verified: bool
    entered_by: Named
    entered_at: AwareDatetime
    masked: bool = False


class MembershipView(View):
    list: Named
    since: AwareDatetime
    until: AwareDatetime | None
    how_in: str
    how_out: str
    reason: str
    year: int
    evidence: Any
    case: str


class ContactView(View):
    region: Named
    at: AwareDatetime


class ContactsView(View):
    """Visits of the last `days` days by all tiers; `warning` is empty unless there were too many."""

    days: int
    number: int
    warning: str
    visits: list[ContactView]


class SubjectView(SubjectSummary):
    as_of: AwareDatetime
    may_write: bool
    names: list[SpellView]
    regions: list[SpellView]
    facts: list[FactView]
    lists: list[MembershipView]
    cases: list[CaseSummary]
    contacts: ContactsView


BODIES = (RegisterBody, RenameBody, RelocateBody, ObservationBody)
