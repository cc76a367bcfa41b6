"""What goes out over the wire about cases: views that people and programs read, and the problem document.

Field names are the words of the design; titles are Chinese. Every moment is RFC 3339 in UTC.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class BlockerView(View):
    code: str
    message: str
    params: dict[str, Any] = Field(default_factory=dict)


class OpenStep(View):
    """A step that is open to the caller now."""

    step: str
    title: str
    lane: str = ""


class CaseNow(View):
    id: str
    state: str
    state_title: str
    seq: int
    etag: str


class Problem(View):
    """RFC 9457. `code` is stable; `detail` and `hint` are what an official reads."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:bihuan:problem:blocked",
                    "title": "现在不能办",
                    "status": 409,
                    "detail": "现在不能办这一步",
                    "instance": "/api/v1/cases/202600000019/steps/reply",
                    "code": "blocked",
                    "hint": "刷新后按现在的环节办理",
                    "blockers": [
                        {"code": "wrong_state", "message": "现在的环节是“办结”，不能办这一步", "params": {}}
                    ],
                    "params": {},
                    "request_id": "5f0c1f2ab3d4e5f6",
                    "case": None,
                    "open_steps": [],
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    hint: str = ""
    blockers: list[BlockerView] = Field(default_factory=list)
    params: dict[str, Any] = Field(default_factory=dict)
    request_id: str = ""
    case: CaseNow | None = None
    open_steps: list[OpenStep] = Field(default_factory=list)


class Receipt(View):
    """What was recorded. The same for ever under the same Idempotency-Key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-12-01T01:00:00.000000Z",
                    "case": "202600000019",
                    "hash": "9f2c…",
                    "seq": 2,
                    "state": "calling_back",
                    "type": "step.taken",
                }
            ]
        }
    )

    at: str
    case: str
    hash: str
    seq: int
    state: str
    type: str


class BatchResult(View):
    """`receipt` on success, `problem` otherwise; `status` as the single command would have had it."""

    status: int
    receipt: Receipt | None = None
    problem: Problem | None = None


class BatchResults(View):
    results: list[BatchResult]


class Named(View):
    id: str
    title: str


class OptionView(View):
    id: str
    title: str


class FieldView(View):
    """A field that a step needs or may bring."""

    id: str
    title: str
    type: str
    required: bool
    min: int | None = None
    max: int | None = None
    options: list[OptionView] = Field(default_factory=list)
    personal: bool = False
    note: str = ""


class StepView(View):
    """`is_open` to the caller, or the blockers that say why not."""

    step: str
    title: str
    lane: str = ""
    by: list[str]
    is_open: bool
    needs: list[FieldView]
    may: list[FieldView]
    blockers: list[BlockerView]
    note: str = ""


class HolderView(View):
    role: Named | None
    unit: Named | None
    person: Named | None


class LightView(View):
    code: Literal["green", "yellow", "red", "grey"]
    word: Literal["绿", "黄", "红", "灰"]


class RemainingView(View):
    """Working time left, negative once late; `days` are working days after today up to the day it is due."""

    minutes: int
    days: int
    words: str


class AskedView(View):
    amount: str
    reason: str
    by: Named
    at: AwareDatetime


class ClockView(View):
    id: str
    title: str
    status: Literal["running", "paused", "met", "late", "cancelled"]
    status_word: str
    limit: str
    extended: list[str]
    started_at: AwareDatetime
    due_at: AwareDatetime
    calendar: Literal["official", "provisional", "missing"]
    calendar_word: Literal["正式", "暂定", "未公布"]
    remaining: RemainingView
    light: LightView
    asked: AskedView | None
    next_at: AwareDatetime | None
    next_rung: str


class ValueView(View):
    """A value with the title of its field; a personal one is shown in full only to those who handle the case."""

    field: str
    title: str
    value: Any
    words: str
    personal: bool = False


class LaneView(View):
    lane: str
    title: str
    type: str
    state: Named
    outcome: str
    outcome_word: str
    times: int
    holder: HolderView
    data: list[ValueView]


class RelatedView(View):
    case: str
    relation: str
    news: str


class CaseSummary(View):
    id: str
    title: str
    workflow: Named
    version: int
    region: Named
    subject: str
    state: Named
    ended: Literal["", "settled", "final"]
    round: int
    holder: HolderView
    due_at: AwareDatetime | None
    light: LightView
    opened_at: AwareDatetime
    at: AwareDatetime
    seq: int


class CaseView(CaseSummary):
    digest: str
    as_of: AwareDatetime
    data: list[ValueView]
    lanes: list[LaneView]
    clocks: list[ClockView]
    related: list[RelatedView]
    steps: list[StepView]


class CaseList(View):
    cases: list[CaseSummary]
    next: str


class StateCount(View):
    workflow: str
    state: str
    count: int


class Counts(View):
    total: int
    open: int
    late: int
    states: list[StateCount]


class EventView(View):
    """One record; `raw` are the hashed bytes as text: SHA-256(0x00 ‖ UTF-8) is `hash`."""

    seq: int
    type: str
    title: str
    at: AwareDatetime
    occurred_at: AwareDatetime
    actor: Named
    on_behalf_of: Named | None
    role: str
    sentence: str
    reason: str
    state: Named
    data: list[ValueView]
    files: list[str]
    hash: str
    prev: str
    raw: str | None = None


class History(View):
    case: str
    events: list[EventView]


class CountedView(View):
    date: date
    start: AwareDatetime
    end: AwareDatetime
    minutes: int
    number: int
    reason: str


class SkippedView(View):
    first: date
    last: date
    reason: str


class PauseView(View):
    since: AwareDatetime
    until: AwareDatetime | None


class ExplanationView(View):
    clock: str
    title: str
    started_at: AwareDatetime
    limit: str
    extended: list[str]
    counted: list[CountedView]
    skipped: list[SkippedView]
    pauses: list[PauseView]
    due_at: AwareDatetime
    calendar: Literal["official", "provisional", "missing"]
    differs: bool
    sentences: list[str]
