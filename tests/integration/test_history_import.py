"""A hotline's work orders become cases where they stood: once for each number, searchable by it, and due when they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.db.views import Filter
from adapters.importing.history import HistoryRun
from adapters.importing.mapping import BadMapping, hotline, read_mapping
from adapters.importing.verdicts import NotUndoable
from adapters.subjects.writing import NewSubject
from api.commands.replaying import replayed
from engine.access import Actor, Reach
from engine.case import CaseId
from engine.directory import RegionId, SubjectId
from tests.corpus.dirt import A, sheet
from tests.support.office import MORNING, Office, an_office
from tests.support.story import local

OPERATOR = Actor(id="operator", kind="system", channel="cli")
REGION = "340104"
# The columns of requirements.md §4.3, with the moments that an export needs for open work orders.
HEAD = (
    *(
        "工单编号",
        "工单类型",
        "问题分类",
        "标签",
        "标题",
        "主要内容",
        "工单状态",
        "来电人",
        "来电人电话/账号",
    ),
    *(
        "被反映区",
        "来电时间",
        "派单时间",
        "办结时间",
        "主办单位",
        "回复内容",
        "企业名称",
        "是否解决",
        "是否满意",
        "工单性质",
    ),
)


def order(number: str, state: str, **said: Any) -> list[Any]:
    cells = {
        "工单编号": number,
        "工单状态": state,
        "标题": "示例：高企认定材料咨询",
        "主要内容": "企业询问材料清单，希望尽快答复。",
        "被反映区": "蜀山区",
        "来电时间": "2026-11-02 09:30",
        **said,
    }
    return [cells.get(heading, "") for heading in HEAD]


CLOSED = order(
    "示例-001",
    "已办结",
    标签="高企",
    来电人="示例来电人",
    派单时间="2026-11-02 10:00",
    办结时间="2026-11-04 16:00",
    回复内容="已电话答复，并寄送材料清单。",
    企业名称="示例甲公司",
    是否解决="解决",
    是否满意="满意",
)
OPEN = order(
    "示例-002",
    "办理中",
    来电人="保密",
    派单时间="2026-11-12 11:00",
    来电时间="2026-11-12 09:30",
    主办单位="合肥市蜀山区科技局（示例）",
)
OPEN[HEAD.index("来电人电话/账号")] = "0551-00000000"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as made:
        with made.container.subjects.unit(MORNING) as unit:
            since = made.container.calendars.current("cn").local_date(MORNING)
            unit.register_many(
                [NewSubject(id=SubjectId(A), title="示例甲公司", region=RegionId(REGION), since=since)]
            )
        yield made


def dry_run(desk: Office, *orders: Sequence[Any]) -> HistoryRun:
    return desk.container.histories.dry_run(
        sheet(HEAD, *orders), "热线.xlsx", hotline(), region=REGION, actor=OPERATOR
    )


def taken_over(desk: Office, *orders: Sequence[Any]) -> HistoryRun:
    return desk.container.histories.commit(dry_run(desk, *orders), by="operator")


def codes(run: HistoryRun) -> list[list[str]]:
    return [[reason.code for reason in result.reasons] for result in run.results]


def test_a_dry_run_opens_nothing(desk: Office) -> None:
    run = dry_run(desk, CLOSED, OPEN)

    assert run.counts()["new"] == 2
    assert run.unknown_columns == ["B：工单类型", "C：问题分类", "D：标签", "S：工单性质"]
    assert desk.container.views.list_cases(Reach(regions=("34",)), Filter()).cases == ()


def test_a_closed_and_an_open_order_stand_where_they_stood(desk: Office) -> None:
    run = taken_over(desk, CLOSED, OPEN)
    views = desk.container.views
    closed, still = (
        views.case(CaseId(run.cases[n]), Reach(regions=("34",))) for n in ("示例-001", "示例-002")
    )
    assert closed is not None
    assert still is not None

    assert (closed.state, closed.ended, closed.subject, local(closed.opened_at)) == (
        "closed",
        "settled",
        A,
        "2026-11-02 09:30",
    )
    assert closed.data["answer"] == "已电话答复，并寄送材料清单。"
    assert (closed.data["rating"], closed.clocks["answer"].status, closed.clocks["contact"].status) == (
        "satisfied",
        "met",
        "cancelled",
    )
    assert (still.state, still.holder.unit) == ("handling", "u-340104-science")
    # Ten working days after Thursday the 12th, counted by hand.
    assert local(still.clocks["answer"].due_at) == "2026-11-26 17:30"


def test_the_past_is_evidence_and_everything_replays(desk: Office) -> None:
    run = taken_over(desk, CLOSED, OPEN)
    for case in run.cases.values():
        assert replayed(desk.container, CaseId(case)).is_sound
    (event,) = desk.container.views.history(CaseId(run.cases["示例-001"]))
    assert "高企" in event.decode()
    assert "示例来电人" not in event.decode()


def test_an_order_is_found_by_its_old_number(desk: Office) -> None:
    run = taken_over(desk, CLOSED, OPEN)
    page = desk.container.views.list_cases(Reach(regions=("34",)), Filter(text="示例-002"))
    assert [case.id for case in page.cases] == [run.cases["示例-002"]]
    elsewhere = desk.container.views.list_cases(Reach(regions=("3402",)), Filter(text="示例-002"))
    assert elsewhere.cases == ()


def test_the_same_export_again_opens_nothing_new(desk: Office) -> None:
    first = taken_over(desk, CLOSED)
    second = taken_over(desk, CLOSED, OPEN)

    assert [str(result.verdict) for result in second.results] == ["unchanged", "new"]
    assert second.cases["示例-001"] == first.cases["示例-001"]
    assert len(desk.container.views.list_cases(Reach(regions=("34",)), Filter()).cases) == 2


def test_what_cannot_be_taken_over_says_why(desk: Office) -> None:
    run = taken_over(
        desk,
        order("示例-003", "办理中", 来电时间=""),
        order("示例-004", "没听说过"),
        order("示例-005", "待受理", 被反映区="包河区"),
        order("示例-006", "待受理", 来电时间="2026-02-30 10:00"),
        order("", "待受理"),
        order("示例-007", "待受理"),
        order("示例-007", "待受理"),
    )

    assert codes(run) == [
        ["opened_missing", "holder_missing"],
        ["unknown_state"],
        ["out_of_reach"],
        ["bad_date", "opened_missing"],
        ["number_missing"],
        [],
        ["doubled_number"],
    ]
    assert run.counts() == {"new": 1, "updated": 0, "unchanged": 0, "conflict": 0, "error": 6}


def test_a_history_is_listed_and_cannot_be_undone(desk: Office) -> None:
    taken_over(desk, CLOSED)
    (batch,) = desk.container.imports.batches([REGION])
    assert (batch.kind, batch.file) == ("history", "热线.xlsx")
    with pytest.raises(NotUndoable):
        desk.container.imports.undo(batch.id, now=desk.container.now())


@pytest.mark.parametrize(
    "data", [b"workflow: [", b"workflow: issue", b"nothing: 1\n", "workflow: \u00e9".encode("latin-1")]
)
def test_a_mapping_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(BadMapping):
        read_mapping(data, "mapping.yaml")
