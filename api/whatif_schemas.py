"""Shapes of a what-if over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import View

__all__ = ["BODIES", "WhatIfBody", "WhatIfView"]


class WhatIfBody(BaseModel):
    """设想的规则，和用哪些事项来算。"""

    model_config = ConfigDict(extra="forbid")

    workflow: str = Field("issue", description="流程", max_length=48)
    set: list[str] = Field(
        default_factory=list,
        description="设想的规则，每条写作 路径=值；只能改时限、提醒、超期和挂起的规则。一条不写，则核对计算本身",
        examples=[["limits.rows.general.answer=5 working days"]],
        max_length=50,
    )
    since: date = Field(description="起日，含当日：这一天仍未办结，或此后有过变化的事项")
    until: date | None = Field(None, description="止日，含当日：这一天以前登记的；不写则到今天")
    region: str = Field("", description="区划代码，含其下各级；不写则为您任职的全部区划", max_length=64)
    calendar: str = Field("", description="改用哪个日历来算；不写则用当时的日历", max_length=48)
    most: int = Field(20, description="至多逐件列出多少件", ge=0, le=200)


class Pair(View):
    """实际与设想"""

    before: int
    after: int


class PlaceLine(View):
    """一个单位、一个环节、一个时钟"""

    unit: str
    unit_title: str
    state: str
    state_title: str
    clock: str
    runs: Pair = Field(description="计时次数")
    late: Pair = Field(description="超期")
    yellow: Pair = Field(description="亮过黄灯")
    red: Pair = Field(description="亮过红灯")


class LoadLine(View):
    """一个角色、一周收到的上报或提醒；只列有变化的"""

    role: str
    role_title: str
    place: str
    place_title: str
    week: str
    what: str
    before: int
    after: int


class WhatIfView(View):
    """先看 assumption：人的动作不变，只重算时限、亮灯和逐级上报"""

    assumption: str
    workflow: str
    set: list[str]
    calendar: str
    region: str
    since: str
    until: str
    judged_at: str
    cases: int
    events: int
    cases_changed: int
    cases_that_matter: int
    totals: dict[str, dict[str, int]]
    places: list[PlaceLine]
    loads: list[LoadLine]
    changes: list[dict[str, Any]] = Field(description="逐件列出：时钟前后、算法说明、多出和省去的上报")


BODIES: Final = (WhatIfBody,)
