"""What comes over the wire: the bodies of commands, checked on arrival. What fields a step takes is the definition's matter."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,32}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Sentence = Annotated[str, StringConstraints(max_length=4000)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Data = dict[str, Any]


class Request(BaseModel):
    """Unknown keys are refused: a misspelt one would otherwise be lost in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    occurred_at: AwareDatetime | None = Field(
        None,
        description="When it really happened, if earlier than now (补录). Recorded beside the moment of recording.",
        examples=["2026-11-23T09:30:00+08:00"],
    )


class OpenCase(Request):
    """登记一件事项。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "workflow": "issue",
                    "region": "340102",
                    "subject": "91340100MAR8F86N30",
                    "data": {"summary": "设备进口通关缓慢，影响中试（示例）"},
                }
            ]
        }
    )

    workflow: Name
    version: int | None = Field(None, ge=1, description="The version in force now, if not said.")
    region: Word = Field(description="区划代码", examples=["340102"])
    subject: Annotated[str, StringConstraints(max_length=100)] = Field(
        "", description="服务对象的编号，须已登记；没有的留空"
    )
    data: Data = Field(default_factory=dict, description="登记时填写的字段，按流程的 opening")


class StepBody(Request):
    """办理一步所带的内容。"""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": {"answer": "已协调海关，三日内放行（示例）"}}]}
    )

    data: Data = Field(default_factory=dict, description="这一步填写的字段，见 steps[].needs 和 may")


class LaneBody(Request):
    """增加一条并行线。"""

    lane: Word = Field(examples=["u-3401-finance"])
    reason: Sentence = ""


class WithdrawBody(Request):
    reason: Sentence = ""


class CommentBody(Request):
    """留言；材料先上传，再写它的摘要。"""

    text: Sentence = Field(examples=["已电话告知企业进展（示例）"])
    files: list[Digest] = Field(default_factory=list, max_length=20)


class AssignBody(Request):
    """指派给一个人。"""

    person: Word = Field(examples=["p-340102-liaison-1"])
    lane: Annotated[str, StringConstraints(max_length=100)] = ""
    reason: Sentence = ""


class AskExtensionBody(Request):
    """申请延期；`amount` 不写即按最长。"""

    clock: Word = Field(examples=["state"])
    reason: Sentence = Field(examples=["需要外地检测报告（示例）"])
    amount: Annotated[str, StringConstraints(max_length=100)] = Field("", examples=["5 working days"])


class AnswerExtensionBody(Request):
    clock: Word
    approve: bool
    reason: Sentence = ""


class JumpBody(Request):
    """管理员人工改派环节，须另有一人共同负责。"""

    state: Name
    reason: Sentence
    second: Word


class MoveBody(Request):
    version: int = Field(ge=1)
    reason: Sentence


class _Item(Request):
    if_match: str | None = Field(
        None, description='ETag of the version decided on, e.g. `"c17"`', max_length=40
    )


class BatchOpen(_Item, OpenCase):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "do": "open",
                    "workflow": "issue",
                    "region": "340102",
                    "data": {"summary": "示例问题", "source": "visit"},
                }
            ]
        }
    )

    do: Literal["open"]


class _OnCase(_Item):
    case: Number


class BatchStep(_OnCase, StepBody):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"do": "step", "case": "202600000019", "step": "accept", "data": {"category": "general"}}
            ]
        }
    )

    do: Literal["step"]
    step: Name
    lane: Annotated[str, StringConstraints(max_length=100)] = ""


class BatchComment(_OnCase, CommentBody):
    do: Literal["comment"]


class BatchAssign(_OnCase, AssignBody):
    do: Literal["assign"]


class BatchAddLane(_OnCase, LaneBody):
    do: Literal["add_lane"]


class BatchWithdrawLane(_OnCase, WithdrawBody):
    do: Literal["withdraw_lane"]
    lane: Word


class BatchAskExtension(_OnCase, AskExtensionBody):
    do: Literal["ask_extension"]


class BatchAnswerExtension(_OnCase, AnswerExtensionBody):
    do: Literal["answer_extension"]


BatchItem = Annotated[
    BatchOpen
    | BatchStep
    | BatchComment
    | BatchAssign
    | BatchAddLane
    | BatchWithdrawLane
    | BatchAskExtension
    | BatchAnswerExtension,
    Field(discriminator="do"),
]
BATCH_ITEM: TypeAdapter[Any] = TypeAdapter(BatchItem)
BATCH_MAX = 100


class Batch(BaseModel):
    """At most 100 commands; each is answered for itself. Items are read one by one, so that a bad one spoils no other."""

    model_config = ConfigDict(extra="forbid")

    commands: list[BatchItem] = Field(min_length=1, max_length=BATCH_MAX)


class AnyBatch(BaseModel):
    """The envelope alone: what the items are is looked at one by one."""

    model_config = ConfigDict(extra="forbid")

    commands: list[Any] = Field(min_length=1, max_length=BATCH_MAX)


class ReportRequest(BaseModel):
    """要哪一期、哪个区划的报表，以及为什么导出。"""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    reason: str = Field(
        description="导出事由，2 至 200 个字；印在每一页上，并留存记录",
        examples=["3月份工作调度"],
        max_length=1000,
    )
    period: str = Field(
        "", description="2026、2026-H1、2026-Q1、2026-03；不写为本月（年度报表为本年）", max_length=20
    )
    region: str = Field("", description="区划代码；不写为您自己的区划", max_length=20)
    case: str = Field("", description="走访报告、方案、督办单、催办单所说的事项编号", max_length=100)
    form: str = Field("", description="xlsx 或 docx；不写为该报表通常的格式", max_length=10)
    snapshot: str = Field("", description="考核得分表：由这份快照重算", max_length=64)
