"""What goes out over the wire about everything beside cases: the caller's desk, evidence, workflows, the running system."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from api.schemas import FieldView, HolderView, LightView, Named, View


class InboxLine(View):
    case: str
    lane: str
    title: str
    workflow: Named
    state: Named
    region: Named
    subject: str
    holder: HolderView
    clock: str
    clock_title: str
    due_at: AwareDatetime | None
    light: LightView


class Inbox(View):
    total: int
    lines: list[InboxLine]
    next: str


class NoticeView(View):
    id: str
    case: str
    kind: str
    title: str
    body: dict[str, Any]
    at: AwareDatetime
    read_at: AwareDatetime | None


class NoticeList(View):
    notices: list[NoticeView]


class FileView(View):
    digest: str
    size: int
    type: str
    name: str
    at: AwareDatetime


class VersionView(View):
    version: int
    effective: str
    digest: str
    in_force: bool


class WorkflowSummary(View):
    workflow: str
    title: str
    versions: list[VersionView]


class WorkflowList(View):
    workflows: list[WorkflowSummary]


class StateView(View):
    id: str
    title: str
    owner: Named | None
    due: str
    settled: bool
    final: bool
    steps: list[Named]


class ChartView(View):
    """The states of the case itself (`lane` empty) or of a lane type."""

    lane: str
    title: str
    start: str
    states: list[StateView]


class WorkflowView(WorkflowSummary):
    """One version in full; `opening` is what a new case needs."""

    version: int
    note: str
    roles: list[Named]
    opened_by: list[str]
    opening: list[FieldView]
    fields: list[FieldView]
    charts: list[ChartView]


class Caller(View):
    """Who the token says you are, today."""

    person: Named
    unit: Named | None
    roles: list[str]
    stands_in_for: list[Named]


class ReplayRunView(View):
    day: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    cases: int
    events: int
    divergences: int
    faults: list[str]


class RefusedView(View):
    kind: str
    code: str
    reason: str
    number: int


class SystemStatus(View):
    """`refused`: what the programme asks for and cannot get, for as long as it is so."""

    overdue_timers: int
    oldest_timer: AwareDatetime | None
    tasks: dict[str, int]
    beats: dict[str, AwareDatetime]
    replay: ReplayRunView | None = Field(
        description="最近一次夜间重放；divergences 不为 0 即有记录与重放不一致"
    )
    refused: list[RefusedView]


class Status(View):
    """`statement` is the promise in words: nothing that was due is unfired."""

    at: AwareDatetime
    statement: str
    open_cases: int
    late_cases: int
    system: SystemStatus | None = Field(description="Only for those whose reach is the whole organisation.")


class Check(View):
    name: str
    ok: bool
    detail: str


class Readiness(View):
    ready: bool
    checks: list[Check]


class LogKey(View):
    name: str
    vkey: str = Field(description="名称+编号+公钥，见 C2SP signed-note")
    use: str = Field(description="log 日志，witness 见证方", examples=["log"])
    since: str
    retired: str = Field(description="停用的时刻；在用的为空")


class LogKeyList(View):
    keys: list[LogKey]


class LogProof(View):
    old: int
    new: int
    proof: list[str] = Field(description="散列，十六进制，次序见 RFC 9162 §2.1.4")


class Cosigned(View):
    witnesses: list[str] = Field(description="这次收下了谁的签名")
