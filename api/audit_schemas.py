"""What an auditor's questions are answered with: the state as of a moment, deadlines, where the time went, hints."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from api.schemas import CaseView, HolderView, Named, View


class LaterView(View):
    """后来才补记的一条：称在这一时刻以前已经发生。"""

    seq: int
    type: str
    title: str
    at: AwareDatetime
    occurred_at: AwareDatetime
    actor: Named
    is_folded: bool = Field(description="是否计入“自称”的情形；它以前有未称已发生的记录时不计入")


class DifferenceView(View):
    """补记改变的一处；known 或 claimed 为空，表示那时没有。"""

    path: str
    known: Any = None
    claimed: Any = None


class AsOfView(View):
    """某一时刻的情形：按当时的记录；以及按后来补记所称"""

    case: str
    at: AwareDatetime
    known: CaseView | None
    claimed: CaseView | None = Field(description="没有要求，或与 known 相同时为空")
    later: list[LaterView]
    differences: list[DifferenceView]


class DeterminationView(View):
    """一次计算：哪条记录、当时的日历、算得的时刻、另一算法再算的时刻。"""

    seq: int
    at: AwareDatetime
    did: str
    calendar: str
    due_at: AwareDatetime
    again: AwareDatetime
    agrees: bool


class DeadlineView(View):
    """一项时限：第几次起算、第几段（延期、改类另起一段）"""

    clock: str
    title: str
    cycle: int
    stretch: int
    holder: HolderView
    limit: str
    started_at: AwareDatetime
    due_at: AwareDatetime
    status: str
    status_word: str
    fired: list[str]
    ended_seq: int | None
    determinations: list[DeterminationView]
    agrees: bool
    sentences: list[str]


class DeadlinesView(View):
    """一件事项的全部时限；agrees 说明两种算法是否处处一致"""

    case: str
    agrees: bool
    deadlines: list[DeadlineView]


class TimeView(View):
    """微秒；working 为其中的工作时间，其余三项之和等于 wall。"""

    wall: int
    working: int
    running: int
    paused: int
    unaccepted: int


class ChargeView(View):
    """一段时间归谁：环节、并行线、经办、性质"""

    since: AwareDatetime
    until: AwareDatetime
    state: Named
    lane: str
    holder: HolderView
    kind: Literal["running", "paused", "unaccepted"]
    kind_word: str
    wall: int
    working: int


class CaseTimeView(View):
    """一件事项的时间去了哪里；各段 wall 之和等于 life"""

    case: str
    opened_at: AwareDatetime
    until: AwareDatetime
    life: int = Field(description="未办结的总时长，微秒")
    total: TimeView
    spans: list[ChargeView]


class PlaceTimeView(View):
    """一个单位（没有单位的为角色）在一个环节上的时间合计。"""

    unit: Named
    workflow: Named
    state: Named
    cases: int
    time: TimeView


class TimesView(View):
    """一个区划、一段时期内，时间去了哪里，多的在前"""

    region: str
    since: date
    until: date
    cases: int
    life: int
    rows: list[PlaceTimeView]


class ActView(View):
    case: str
    seq: int
    at: AwareDatetime
    who: Named
    words: str
    event: str = Field(description="这条记录所在的地址")


class HintView(View):
    """一条提示：看哪里，不是结论"""

    kind: str
    title: str
    sentence: str
    who: list[Named]
    unit: Named | None
    times: int
    cases: int
    acts: list[ActView]


class HintsView(View):
    """办理行为提示；thresholds 是本次所用的界限"""

    note: str
    region: str
    since: date
    until: date
    cases: int
    thresholds: dict[str, int]
    hints: list[HintView]
