"""What an auditor's questions are answered with: the state as of a moment, deadlines, where the time went, hints."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

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


class CheckedView(View):
    """重做的一项，以及是否一致。"""

    code: str
    title: str
    is_same: bool
    found: str


class SampleView(View):
    """一次抽样：先宣布（总体、根、暗语的摘要），后抽取（种子记录、种子、抽中的事项）"""

    number: int = Field(description="宣布的编号，即日志簿中的序号")
    at: AwareDatetime
    announced_by: str
    rule: str
    region: str
    since: str
    until: str
    stratify: str
    count: int
    population: int
    root: str
    size: int = Field(description="总体取自日志最前面的这么多片叶")
    commitment: str
    announcement: str = Field(description="宣布这条记录的散列")
    earlier: int = Field(description="范围与此重叠的，此前宣布过几次；只数您的区划以内的")
    seed: str = ""
    seed_hash: str = Field("", description="种子记录的散列；有了它才交暗语")
    checkpoint: int = Field(0, description="含有种子记录的检查点的大小；0 表示还没有，请不要说出暗语")
    secret: str = ""
    drawn: list[str] = Field(default_factory=list)
    checks: list[CheckedView] = Field(default_factory=list)
    is_sound: bool | None = Field(None, description="核对过才有：各项是否全部一致")


class SampleList(View):
    """全部抽样，宣布后没有抽取的也在内"""

    samples: list[SampleView]


class ReadView(View):
    """谁在什么时候看过、抽中、导出或清除过什么"""

    seq: int
    at: AwareDatetime
    by: Named
    what: str
    what_word: str
    scope: dict[str, Any]
    cases: int
    purpose: str
    digest: str
    is_certain: bool = Field(description="点名的是这件事项；否则是它所在区划的材料，可能含有它")
    is_wider: bool = Field(
        description="范围超出您的区划：范围、件数、用途不示（scope 为空，cases 为 0，purpose 为空）"
    )


class ReadList(View):
    """一件事项被谁看过"""

    case: str
    reads: list[ReadView]


class ErasureBody(BaseModel):
    """清除一件事项的个人信息"""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2000)


class ErasureView(View):
    case: str
    erased: int = Field(description="清除了几项；0 表示已经没有")


class SampleBody(BaseModel):
    """宣布一次抽样"""

    model_config = ConfigDict(extra="forbid")

    region: str = Field("", max_length=64, description="区划代码；不写则为您任职的全部区划")
    since: date
    until: date
    count: int = Field(ge=1, le=10_000)
    stratify: Literal["", "workflow", "unit"] = ""
    commitment: str = Field(
        pattern="^[0-9a-f]{64}$",
        description='SHA-256("bihuan/sample/secret/v1" 换行 暗语)，暗语自己想，抽取时再交',
    )


class DrawBody(BaseModel):
    """抽取：先写所见种子记录的散列，再交出宣布前想好的暗语"""

    model_config = ConfigDict(extra="forbid")

    seed: str = Field(pattern="^[0-9a-f]{64}$", description="查看这次抽样时所见的 seed_hash")
    secret: str = Field(min_length=8, max_length=200)


class BundleBody(BaseModel):
    """要哪些事项的证据包，以及为什么。"""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    purpose: str = Field(
        description="事由；写在证据包里，并记入日志簿", examples=["年度审计"], min_length=2, max_length=200
    )
    case: str = Field("", description="事项编号；写了它就不写区划", max_length=100)
    region: str = Field("", description="区划代码；导出它和下级区划的事项", max_length=20)
    since: str = Field("", description="只要这一天以来有记录的事项，例如 2026-03-01", max_length=10)
    files: bool = Field(False, description="连同上传的材料")
    against: list[int] = Field(
        default_factory=list, description="您手中检查点的大小：证据包将证明日志是接着它们的", max_length=20
    )


BODIES: Final = (SampleBody, DrawBody, ErasureBody, BundleBody)
