"""What an auditor is answered about one case's replay, its lawfulness and its escalations."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.schemas import View


class FindingView(View):
    """职权一级的一处发现：字节、散列、重放都无误，仍不合当时的规则或机构。"""

    case: str
    seq: int
    kind: Literal["authority", "duties", "limit", "escalation", "rule"]
    message: str


class LawfulView(View):
    """`is_sound`：重放一致，也没有发现。"""

    case: str
    is_sound: bool
    events: int
    divergences: int = Field(description="重放与记录不一致的处数")
    faults: list[str] = Field(description="散列链、重放、现状各处的不符，逐条写明事项和记录序号")
    findings: list[FindingView]


class ToldView(View):
    role: str
    people: list[str]


class EscalationView(View):
    """一个时钟的一级。`cycle`、`stretch` 指明是时钟的第几次走动、第几个终点；`rule` 是流程定义中的位置。"""

    clock: str
    title: str
    cycle: int
    stretch: int
    rung: str
    rule: str
    planned: AwareDatetime
    status: Literal["fired", "planned", "paused", "due", "lapsed", "missed"] = Field(
        description="已触发、待触发、时钟停走、已到时未触发、无须触发、应触发而未触发"
    )
    times: int = Field(description="触发了几次；多于一次即有误")
    fired_at: AwareDatetime | None
    seq: int
    late_seconds: int | None
    told: list[ToldView]
    moved_to: str


class EscalationsView(View):
    case: str
    escalations: list[EscalationView]
