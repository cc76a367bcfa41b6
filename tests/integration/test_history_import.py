"""A hotline's work orders become cases where they stood: once for each number, searchable by it, and due when they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.bootstrap import build
from adapters.db.views import Filter
from adapters.importing.history import HistoryOptions, HistoryRun
from adapters.importing.mapping import BadMapping, read_mapping
from adapters.importing.records import Watch
from adapters.importing.verdicts import NotUndoable
from adapters.subjects.writing import NewSubject
from engine.access import Actor, Reach
from engine.case import CaseId
from engine.directory import RegionId, SubjectId
from tests.corpus.dirt import A, B, sheet
from tests.support.office import MORNING, Office, an_office
from tests.support.story import local

OPERATOR = Actor(id="operator", kind="system", channel="cli")
REGION = "340104"
OPTIONS = HistoryOptions(region=REGION, reach=("34",))
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
    return desk.container.histories.dry_run(sheet(HEAD, *orders), "热线.xlsx", OPTIONS, actor=OPERATOR)


def taken_over(desk: Office, *orders: Sequence[Any]) -> HistoryRun:
    return desk.container.histories.commit(dry_run(desk, *orders), by="operator")


def codes(run: HistoryRun) -> list[list[str]]:
    return [[reason.code for reason in result.reasons] for result in run.results]


def test_a_dry_run_opens_nothing(desk: Office) -> None:
    run = dry_run(desk, CLOSED, OPEN)

    assert run.counts()["new"] == 2
    assert run.summary()["unknown_columns"] == ["B：工单类型", "C：问题分类", "D：标签", "S：工单性质"]
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
        assert desk.container.replays.case(CaseId(case)).is_sound
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


def test_of_two_imports_at_once_one_brings_it_and_the_other_finds_it_there(desk: Office) -> None:
    first, second = dry_run(desk, CLOSED, OPEN), dry_run(desk, CLOSED, OPEN)
    histories = desk.container.histories
    brought, found = histories.commit(first, by="p-1"), histories.commit(second, by="p-2")

    assert (brought.counts()["new"], found.counts()["unchanged"], found.batch) == (2, 2, "")
    assert found.cases == brought.cases
    assert [batch.by for batch in desk.container.imports.batches([REGION])] == ["p-1"]


def interrupted(doing: Callable[[], None]) -> Watch:
    """Does it once, after the first row of the import was decided."""

    def watch(_title: str, rows: Iterable[Any], _total: int, /) -> Iterator[Any]:
        for n, row in enumerate(rows):
            if n == 0:
                doing()
            yield row

    return watch


def test_while_an_import_decides_others_write(desk: Office) -> None:
    """Another process files a batch of its own; on SQLite there is one transaction at a time."""
    others: list[str] = []

    def bring_another() -> None:
        other = build(desk.container.settings, now=lambda: MORNING, upgrade=False)
        try:
            run = other.histories.dry_run(
                sheet(HEAD, order("示例-009", "待受理")), "另一.xlsx", OPTIONS, actor=OPERATOR
            )
            others.append(other.histories.commit(run, by="p-2").batch)
        finally:
            other.close()

    run = dry_run(desk, CLOSED, OPEN)
    brought = desk.container.histories.commit(run, by="p-1", watch=interrupted(bring_another))
    assert (brought.counts()["new"], len(others)) == (2, 1)
    assert {batch.id for batch in desk.container.imports.batches([REGION])} == {brought.batch, *others}


def test_overtaken_while_it_decides_an_import_finds_everything_there(desk: Office) -> None:
    first, second = dry_run(desk, CLOSED, OPEN), dry_run(desk, CLOSED, OPEN)
    histories = desk.container.histories
    done: list[HistoryRun] = []

    def bring_the_same() -> None:
        if not done:
            done.append(histories.commit(second, by="p-2"))

    found = histories.commit(first, by="p-1", watch=interrupted(bring_the_same))
    assert (found.counts()["new"], found.counts()["unchanged"], found.batch) == (0, 2, "")
    assert found.cases == done[0].cases
    assert [batch.by for batch in desk.container.imports.batches([REGION])] == ["p-2"]


def test_an_order_that_went_on_elsewhere_is_a_conflict_at_the_cell_and_its_case_stays(desk: Office) -> None:
    first = taken_over(desk, OPEN)
    moved = list(OPEN)
    moved[HEAD.index("工单状态")], moved[HEAD.index("办结时间")] = "已办结", "2026-11-20 16:00"
    run = taken_over(desk, moved)

    (result,) = run.results
    assert [(r.code, r.cell) for r in result.reasons] == [
        ("taken_over_otherwise", "G2"),
        ("taken_over_otherwise", "M2"),
    ]
    assert (str(result.verdict), run.batch, run.cases) == ("conflict", "", first.cases)


def test_what_an_order_is_about_may_be_registered_later_and_the_case_stays(desk: Office) -> None:
    unknown = order("示例-009", "待受理", 企业名称="示例乙公司")
    taken_over(desk, unknown)
    with desk.container.subjects.unit(MORNING) as unit:
        since = desk.container.calendars.current("cn").local_date(MORNING)
        unit.register_many(
            [NewSubject(id=SubjectId(B), title="示例乙公司", region=RegionId(REGION), since=since)]
        )
    run = dry_run(desk, unknown)
    assert (run.counts()["unchanged"], codes(run)) == (1, [["taken_over_otherwise"]])


def test_a_number_that_another_county_brought_is_an_error_that_names_no_case(desk: Office) -> None:
    case = taken_over(desk, CLOSED).cases["示例-001"]
    options = HistoryOptions(region="340111", reach=("340111",))
    elsewhere = order("示例-001", "待受理", 被反映区="包河区")
    run = desk.container.histories.dry_run(sheet(HEAD, elsewhere), "热线.xlsx", options, actor=OPERATOR)

    assert codes(run) == [["number_taken"]]
    assert case not in str(run.results)


def test_a_subject_out_of_reach_is_not_found_and_not_told_of(desk: Office) -> None:
    options = HistoryOptions(region="340111", reach=("340111",))
    theirs = order("示例-010", "待受理", 被反映区="包河区", 企业名称="示例甲公司")
    nobody = order("示例-011", "待受理", 被反映区="包河区", 企业名称="示例甲公司一")
    run = desk.container.histories.dry_run(sheet(HEAD, theirs, nobody), "热线.xlsx", options, actor=OPERATOR)
    assert codes(run) == [["unknown_subject"], ["unknown_subject"]]


def test_personal_columns_without_a_field_leave_no_trace(desk: Office) -> None:
    head = (*HEAD, "诉求人", "回访手机")
    data = sheet(head, [*CLOSED, "示例诉求人", "139-示例"])
    run = desk.container.histories.dry_run(data, "热线.xlsx", OPTIONS, actor=OPERATOR)
    done = desk.container.histories.commit(run, by="operator")

    (event,) = desk.container.views.history(CaseId(done.cases["示例-001"]))
    assert "诉求人" not in event.decode()
    assert "回访手机" not in event.decode() + str(run.summary())


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
    assert run.counts() == {
        "new": 1,
        "updated": 0,
        "unchanged": 0,
        "to_confirm": 0,
        "conflict": 0,
        "error": 6,
    }


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
