"""What each report says of small worlds in which every number can be counted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache

import pytest

from adapters.programme.figures import Table as FigureTable
from adapters.reports.assessments import Assessment, Criterion
from adapters.reports.behind import number_words
from adapters.reports.letters import WrongCase
from adapters.reports.model import Cell, Report, Table
from adapters.reports.score import CITY_SCORE, freeze, score_sheet
from adapters.reports.sources import Member, Subject
from engine import canonical
from engine.access import Reach
from engine.case import Holder, Lane, lane_clock
from engine.errors import UnknownCase
from engine.programme import figures as scoring
from engine.programme.loading import load_programme
from engine.programme.model import Programme
from engine.programme.periods import Period
from tests.support.reported import Target, a_slot
from tests.support.reporting import NOW, MemorySources, a_case, a_clock, a_question, a_report, at
from workflows import programme

WHO = Subject("91340100MAR8F86N30", "示例精密制造有限公司", "340104")


def said(table: Table, *columns: str) -> list[tuple[object, ...]]:
    """The values of these columns, row by row."""
    places = [[column.key for column in table.columns].index(name) for name in columns]
    return [tuple(row[place].value for place in places) for row in table.rows]


def lights(table: Table) -> list[str]:
    return ["".join(cell.light[:1] or "." for cell in row) for row in table.rows]


def table_of(report: Report, key: str) -> Table:
    return next(table for table in report.tables if table.key == key)


# 工作台账

ISSUE = a_case(
    "issue", "2026-000002-2", subject=WHO.id, state="closed", ended="settled", unit="u-340104-tax",
    data={"summary": "辅助账如何设置", "topic": "rd_accounting", "lead_unit": "u-340104-tax", "rating": "satisfied"},
    taken={"accept": "2026-03-11", "approve": "2026-03-18"},
    clocks={"answer": a_clock(started="2026-03-11", due="2026-03-25", stopped="2026-03-18")},
)  # fmt: skip
VISIT = a_case(
    "visit", "2026-000001-4", subject=WHO.id, state="archived", ended="final", unit="u-34-team-3401",
    data={
        "kind": "key", "method": "onsite", "visitors": ["示例张三（处长）"], "place": "厂区", "declared": True, "cost": 0,
        "overview": "概况。\n\n第二段。", "demands": "一是归集难。", "replies": "已答复。",
        "operations": "平稳。", "next_steps": "回访。",
    },
    taken={"finish": "2026-03-10", "file_report": "2026-03-12"},
    by={"file_report": "p-3401-team-1"}, related=[ISSUE.id],
)  # fmt: skip
EMPTY_VISIT = a_case(
    "visit", "2026-000003-0", region="3401", taken={"finish": "2026-03-20"}, data={"kind": "city"}
)
WORLD = MemorySources((VISIT, ISSUE, EMPTY_VISIT), all_subjects=(WHO,))


def test_the_worklog_has_a_line_for_each_problem_and_one_for_a_visit_without_any() -> None:
    table = table_of(a_report("worklog", WORLD), "worklog")
    assert said(table, "number", "day", "target", "problems", "problem", "lead", "rating", "cleared") == [
        (
            VISIT.id,
            date(2026, 3, 10),
            WHO.title,
            1,
            "辅助账如何设置",
            "合肥市蜀山区税务局（示例）",
            "满意",
            "是",
        ),
        (EMPTY_VISIT.id, date(2026, 3, 20), "合肥市", 0, "", "", "", ""),
    ]


def test_the_worklog_has_the_columns_of_the_scheme() -> None:
    table = table_of(a_report("worklog", WORLD), "worklog")
    assert "·".join(column.title for column in table.columns) == (
        "台账编号·服务团/单位·日期·走访对象·信用代码·走访方式·走访人员（姓名职务）·接待人（姓名职务）·基本情况变化·反映问题（条）"
        "·反映问题·问题类别·是否当场解决·处理意见·主办单位·协办单位·责任人·办理时限·办理进展·办结日期·结果类别·企业评价·回访情况·是否销号·关联编号·备注"
    )


def test_the_worklog_leaves_out_visits_of_other_months_and_other_counties() -> None:
    assert table_of(a_report("worklog", WORLD, period="2026-04"), "worklog").rows == ()
    elsewhere = replace(WORLD, region="340102")
    assert table_of(a_report("worklog", elsewhere), "worklog").rows == ()


def test_a_problem_that_no_visit_raised_has_a_line_with_how_it_came_in_and_who_settled_it() -> None:
    alone = a_case(
        "issue", "2026-000004-8", subject=WHO.id, state="closed", ended="settled", opened="2026-03-12",
        data={"summary": "如何享受加计扣除", "source": "self"}, taken={"close_on_site": "2026-03-13"},
        by={"close_on_site": "p-340104-handler-1"},
    )  # fmt: skip
    table = table_of(a_report("worklog", replace(WORLD, all_cases=(VISIT, ISSUE, alone))), "worklog")
    assert said(table, "number", "unit", "way", "problems", "problem", "on_site", "person", "issue")[-1] == (
        alone.id, "合肥市蜀山区科技局（示例）", "企业自报", 1, "如何享受加计扣除", "是", "示例承办人·合肥市蜀山区", alone.id,
    )  # fmt: skip
    assert table.note == "共走访 1 次，反映问题 2 件"


def test_the_worklog_says_the_limit_that_applied_and_the_result_of_the_path() -> None:
    """Tuesday 10 March: to be taken up within a working day. Its own clock is gone, that of the archive is years ahead."""
    archive = {"state": a_clock(started="2026-03-11", due="2029-03-11")}
    on_site = a_case(
        "issue", "2026-000004-8", state="closed", ended="settled", opened="2026-03-10", clocks=archive,
        data={"summary": "如何享受加计扣除", "result": "on_site"}, taken={"close_on_site": "2026-03-10"},
    )  # fmt: skip
    merged = a_case(
        "issue", "2026-000005-5", state="merged", ended="final", opened="2026-03-10",
        data={"summary": "同上", "merged_into": "2026-000004-8"}, taken={"accept": "2026-03-12", "merge": "2026-03-12"},
    )  # fmt: skip
    late = replace(
        ISSUE, id="2026-000006-3", state="archived", opened_at=at("2026-03-10"), round=2,
        data={**ISSUE.data, "result": "satisfied"},
        clocks={**archive, "answer": a_clock(due="2026-03-17", stopped="2026-03-18", extended=["3 working days"])},
    )  # fmt: skip
    table = table_of(a_report("worklog", MemorySources((on_site, merged, late))), "worklog")
    assert said(table, "number", "due", "result", "note") == [
        (on_site.id, date(2026, 3, 11), "当场办结", ""),
        (merged.id, date(2026, 3, 13), "已并案", "并入 2026-000004-8"),
        (late.id, date(2026, 3, 17), "回访满意办结", "第 2 轮办理；经批准延期 1 次；超过答复时限"),
    ]


def test_a_visit_says_the_unit_of_who_made_it_when_nobody_holds_it_any_more() -> None:
    made = a_case("visit", "v", region="3401", taken={"finish": "2026-03-10"}, by={"finish": "p-3401-team-1"})
    (line,) = said(table_of(a_report("worklog", MemorySources((made,))), "worklog"), "unit")
    assert line == (a_question("worklog", MemorySources()).names.units_of(["p-3401-team-1"]),)
    assert "服务团" in str(line[0])


# 走访报告、方案、督办单、催办单


def test_a_visit_report_follows_the_order_of_the_scheme_and_lists_the_issues() -> None:
    report = a_report("visit_report", WORLD, case=VISIT.id)
    assert report.title == "关于走访示例精密制造有限公司情况的报告"
    assert [section.title for section in report.sections] == [
        "企业概况", "生产经营与研发情况", "存在问题与诉求", "现场答复与解决情况", "需协调事项及建议",
        "共性问题与政策建议", "下一步计划",
    ]  # fmt: skip
    assert report.sections[0].paragraphs == ("概况。", "第二段。")
    assert report.sections[4].paragraphs == ("无。",)
    assert (report.fields["author"], report.fields["problems"]) == ("示例服务团成员·对口合肥市", "1")
    assert said(report.tables[0], "number", "state") == [(ISSUE.id, "办结")]


def test_a_report_on_a_visit_to_a_city_speaks_of_the_city_and_of_no_enterprise() -> None:
    report = a_report("visit_report", WORLD, case=EMPTY_VISIT.id)
    assert report.title == "关于走访合肥市情况的报告"
    assert [section.title for section in report.sections[:3]] == [
        "全市企业服务概况", "全市企业生产经营与研发情况", "存在问题与诉求",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-000002-2", "2026-000002-2"),
        ("2026-000002-2/2", "2026-000002-2（第 2 次计时）"),
        ("no_activity/91340100MAR8F86N30/1", "91340100MAR8F86N30（第 1 次列入）"),
        ("january_package/3401/2026", "3401（2026）"),
    ],
)
def test_the_rows_behind_a_number_are_called_as_people_call_them(row: str, words: str) -> None:
    assert number_words(row) == words


def test_a_visit_report_shows_no_issue_that_the_reader_may_not_see() -> None:
    narrow = replace(WORLD, reach=Reach(units=("u-34-team-3401",)))
    assert a_report("visit_report", narrow, case=VISIT.id).tables[0].rows == ()


def test_a_case_out_of_reach_looks_like_one_that_is_not_there() -> None:
    other = replace(WORLD, reach=Reach(regions=("3402",)))
    for sources, case in ((other, VISIT.id), (WORLD, "2026-999999-9")):
        with pytest.raises(UnknownCase):
            a_report("visit_report", sources, case=case)


def test_a_letter_about_the_wrong_case_is_refused_with_what_it_is_for() -> None:
    with pytest.raises(WrongCase, match="企业问题限时闭环办理"):
        a_report("visit_report", WORLD, case=ISSUE.id)
    with pytest.raises(WrongCase, match="须指明事项"):
        a_report("visit_report", WORLD)
    planned = a_case("visit", "2026-000009-9", data={"kind": "city"})
    with pytest.raises(WrongCase, match="还没有完成"):
        a_report("visit_report", MemorySources((planned,)), case=planned.id)


LATE = a_case(
    "issue", "2026-000005-5", state="handling", unit="u-340104-tax", subject=WHO.id,
    data={"summary": "进口设备通关缓慢", "lead_unit": "u-340104-tax"},
    clocks={"answer": a_clock(started="2026-03-16", due="2026-03-31")},
)  # fmt: skip


def test_an_urging_letter_says_since_when_it_is_late_by_working_days() -> None:
    """Due on Tuesday 31 March at 17:30; on Tuesday 7 April at 09:30 three working days and an hour are over (6 April is free)."""
    report = a_report("urge_order", MemorySources((LATE,), all_subjects=(WHO,)), case=LATE.id)
    assert report.fields["due"] == "2026年3月31日17:30"
    assert report.fields["late"] == "4 个工作日"
    assert report.fields["unit"] == "合肥市蜀山区税务局（示例）"
    assert report.fields["issuer"] == "合肥市科技局（示例）"


@pytest.mark.parametrize(
    ("now", "late"),
    [
        (
            datetime(2026, 3, 31, 9, 40, tzinfo=UTC),
            "不足 1 个工作日（不足 1 个工作小时）",
        ),  # 17:40 in China, ten minutes late
        (datetime(2026, 4, 1, 5, 0, tzinfo=UTC), "1 个工作日"),
    ],
)
def test_a_matter_late_by_less_than_a_working_day_is_urged_by_hours(now: datetime, late: str) -> None:
    report = a_report("urge_order", MemorySources((LATE,), all_subjects=(WHO,)), case=LATE.id, now=now)
    assert report.fields["late"] == late
    ((_, shown),) = said(report.tables[0], "clock", "late")
    assert str(shown).replace(" ", "") == f"超期{late}".replace(" ", "")


def test_a_limit_that_ended_this_morning_is_late_by_the_hours_since() -> None:
    """Due at 10:00, urged at 15:30: with the break from 12:00 to 13:30, four working hours."""
    clock = replace(a_clock(started="2026-03-30", due="2026-03-31"), due_at=at("2026-03-31", 10))
    case = replace(LATE, clocks={"answer": clock})
    report = a_report(
        "urge_order", MemorySources((case,)), case=LATE.id, now=datetime(2026, 3, 31, 7, 30, tzinfo=UTC)
    )
    assert report.fields["late"] == "不足 1 个工作日（4 个工作小时）"


def test_an_urging_letter_lists_only_what_is_late_or_nearly_and_says_whose_lane_it_is() -> None:
    case = replace(
        LATE,
        lanes={
            "u-340104-finance": Lane(
                "share", "dispatched", "working", holder=Holder("department", "u-340104-finance")
            )
        },
        clocks={
            "case": a_clock(started="2026-03-16", due="2026-07-31"),
            "answer": a_clock(started="2026-03-16", due="2026-03-31"),
            lane_clock("u-340104-finance"): a_clock(started="2026-03-25", due="2026-04-01"),
        },
    )
    table = a_report("urge_order", MemorySources((case,), all_subjects=(WHO,)), case=case.id).tables[0]
    assert said(table, "clock", "late") == [
        ("答复时限", "超期 4 个工作日"),
        ("协办时限（合肥市蜀山区财政局（示例））", "超期 3 个工作日"),
    ]


def test_a_matter_without_words_of_its_own_is_urged_by_what_it_is_and_whose() -> None:
    visit = a_case(
        "visit", "2026-000010-2", region="3401", state="missed",
        clocks={"state": a_clock(started="2026-03-16", due="2026-03-31")},
    )  # fmt: skip
    fields = a_report("urge_order", MemorySources((visit,)), case=visit.id).fields
    assert (fields["matter"], fields["target"]) == ("合肥市的走访", "合肥市")


def test_nothing_is_urged_that_is_not_late() -> None:
    with pytest.raises(WrongCase, match="无须催办"):
        a_report("urge_order", WORLD, case=ISSUE.id)


def test_a_supervision_order_names_its_matter_its_unit_and_the_case_behind_it() -> None:
    order = a_case(
        "supervision", "2026-000006-3", subject=WHO.id, state="rectifying", unit="u-340104-tax", opened="2026-04-01",
        data={"matter": "进口设备通关缓慢", "unit": "u-340104-tax"}, related=[LATE.id],
        clocks={"state": a_clock(started="2026-04-01", due="2026-04-10")},
    )  # fmt: skip
    fields = a_report(
        "supervision_order", MemorySources((order, LATE), all_subjects=(WHO,)), case=order.id
    ).fields
    assert (fields["matter"], fields["unit"], fields["about"]) == (
        "进口设备通关缓慢", "合肥市蜀山区税务局（示例）", LATE.id,
    )  # fmt: skip
    assert (fields["issued_on"], fields["due"], fields["late"]) == (
        "2026年4月1日",
        "2026年4月10日17:30",
        "未超期",
    )
    assert fields["requirement"].startswith("请立即查明")


def test_a_plan_names_one_responsible_person_and_the_five_haves() -> None:
    plan = a_case(
        "rd_institution", "2026-000007-1", subject=WHO.id, state="building",
        data={"data_year": 2025, "revenue": 62000, "unit": "u-340104-science", "officer": "p-340104-handler-1",
              "plan": "一、场地\n二、人员"},
        lanes={"site": Lane("item", "building", "pending", data={"item_fact": "三层厂房", "item_number": 800})},
    )  # fmt: skip
    report = a_report("plan", MemorySources((plan,), all_subjects=(WHO,)), case=plan.id)
    assert report.title == "示例精密制造有限公司一企一策方案"
    assert (report.fields["officer"], report.fields["revenue"]) == ("示例承办人·合肥市蜀山区", "62,000 万元")
    assert report.sections[0].paragraphs == ("一、场地", "二、人员")
    assert said(report.tables[0], "item", "fact", "number") == [("研发场地", "三层厂房", 800)]


# 两清零


def spell(
    n: int, since: str, until: str = "", *, how_in: str = "entered", how_out: str = "", region: str = "340104"
) -> Member:
    end = date.fromisoformat(until) if until else None
    return Member("no_activity", f"s{n}", n, region, date.fromisoformat(since), end, how_in, how_out)


SPELLS = (
    spell(1, "2025-05-01"),
    spell(2, "2025-05-01", "2026-02-10", how_out="cleared"),
    spell(3, "2026-01-01"),
    spell(4, "2026-03-31", how_in="relapsed", region="340102"),
    spell(5, "2026-02-01", "2026-02-01", how_out="exited", region="340102"),
    spell(6, "2026-03-01", how_in="moved_in", region="340202"),
    spell(7, "2025-01-01", "2025-12-31", how_out="cleared"),
    spell(8, "2025-01-01", "2026-04-01", how_out="cleared"),
)


def test_the_ledger_balances_for_every_region_and_counts_each_spell_where_it_belongs() -> None:
    report = a_report("clearing", MemorySources(all_members=SPELLS), period="2026-Q1")
    terms = ("opening", "entered", "relapsed", "moved_in", "cleared", "exited", "moved_out", "closing")
    rows = dict(
        zip(
            *zip(*((row[0], row[1:]) for row in said(report.tables[0], "region", *terms)), strict=True),
            strict=True,
        )
    )
    assert rows["34"] == (3, 2, 1, 1, 1, 1, 0, 5)
    assert rows["3401"] == (3, 2, 1, 0, 1, 1, 0, 4)
    assert rows["340104"] == (3, 1, 0, 0, 1, 0, 0, 3)
    assert rows["340102"] == (0, 1, 1, 0, 0, 1, 0, 1)
    assert rows["3402"] == rows["340202"] == (0, 0, 0, 1, 0, 0, 0, 1)
    rate = next(f for f in report.figures if f.key == "no_activity/rate/34")
    assert rate.value == Fraction(1, 7)


# 走访覆盖


def test_a_visit_made_up_is_yellow_and_never_green() -> None:
    made = a_case("visit", "v1", region="3401", taken={"finish": "2026-01-20"})
    late = a_case("visit", "v2", region="3401", taken={"make_up": "2026-03-03", "finish": "2026-03-05"})
    missed = a_case("visit", "v3", region="3401", state="missed")
    after = a_case("visit", "v4", region="3402", taken={"finish": "2026-02-06"})
    slots = (
        a_slot("city_visit", "3401", "2026-01", "2026-01-31", case="v1"),
        a_slot("city_visit", "3401", "2026-02", "2026-02-28", case="v2"),
        a_slot("city_visit", "3401", "2026-03", "2026-03-31", case="v3"),
        a_slot("city_visit", "3401", "2026-04", "2026-04-30"),
        a_slot("city_visit", "3402", "2026-01", "2026-01-31", case="v4", opened="2026-02-05"),
        a_slot("key_visit", WHO.id, "2026-Q1", "2026-03-31", region="340104", case="v1"),
    )
    report = a_report(
        "coverage",
        MemorySources((made, late, missed, after), all_slots=slots, all_subjects=(WHO,)),
        period="2026",
    )
    assert lights(table_of(report, "city_visit")) == [".gyr" + "g" * 9, ".y" + "g" * 11]
    assert [cell.value for cell in table_of(report, "city_visit").rows[0]][:6] == [
        "合肥市",
        "按期",
        "补访",
        "未访",
        "待访",
        "—",
    ]
    assert lights(table_of(report, "key_visit")) == [".gggg"]
    assert said(table_of(report, "summary"), "green", "yellow", "red", "grey", "rate") == [
        (1, 2, 1, 1, Fraction(1, 4)),  # what is still within its term is not due yet
        (1, 0, 0, 0, Fraction(1)),
    ]


# 元月报送


def test_a_package_after_january_is_on_the_late_list_and_the_cities_are_merged() -> None:
    def package(city: str, submitted: str) -> object:
        return a_case(
            "january_package", f"p-{city}", region=city, opened="2026-01-01", data={"year": 2026, "city_count": 7},
            taken={"submit": submitted} if submitted else {}, state="checking" if submitted else "",
            lanes={"u-340104-science": Lane("county", "collecting", "reported", outcome="done", data={"county_count": 7})},
            clocks={"january": a_clock(started="2026-01-01", due="2026-01-31", stopped=submitted)},
        )  # fmt: skip

    members = (
        Member("service_objects", WHO.id, 1, "340104", date(2025, 1, 1)),
        Member("no_activity", WHO.id, 1, "340104", date(2025, 1, 1)),
        Member("service_objects", "gone", 1, "340104", date(2025, 1, 1), date(2026, 1, 1), how_out="exited"),
    )
    cases = (package("3401", "2026-01-30"), package("3402", "2026-02-03"), package("3403", ""))
    slots = tuple(
        a_slot("january_package", city, "2026", "2026-01-31", case=f"p-{city}")
        for city in ("3401", "3402", "3403")
    )
    world = MemorySources(cases, members, slots, all_subjects=(WHO,))  # type: ignore[arg-type]
    report = a_report("january", world, period="2026")
    state = {row[0]: row[1] for row in said(table_of(report, "cities"), "city", "light")}
    assert [state[city] for city in ("合肥市", "芜湖市", "蚌埠市", "宣城市")] == [
        "按时报送",
        "逾期报送",
        "逾期未报",
        "逾期未报",
    ]
    assert said(table_of(report, "objects"), "code", "title", "tags") == [
        (WHO.id, WHO.title, "1 亿元以上无研发活动的规上工业企业")
    ]
    assert report.fields["late"].startswith("芜湖市、蚌埠市、淮南市")
    assert "按时报送的 1 个" in report.sections[0].paragraphs[0]
    letter = a_report("january", replace(world, region="3401"), period="2026")
    assert letter.title == "关于报送合肥市2026年度服务企业实施方案和服务企业清单的函"


def test_a_package_whose_term_was_over_before_operation_began_is_owed_by_nobody() -> None:
    """The programme has been in force since 1 January 2026: the end of January 2025 lies before."""
    report = a_report("january", MemorySources(), period="2025")
    assert {row[0] for row in said(table_of(report, "cities"), "light")} == {"尚未开展"}
    assert set(lights(table_of(report, "cities"))) == {".g......."}
    assert report.fields["late"] == "无"
    (state,) = report.sections
    assert "尚未开展，不补报" in state.paragraphs[0]


# 共性问题


def shared_world() -> MemorySources:
    topics = {"i1": "talent", "i2": "talent", "i3": "talent", "i4": "financing"}
    regions = {"i1": "340104", "i2": "340104", "i3": "340202", "i4": "340104"}
    issues = [
        a_case(
            "issue",
            name,
            region=regions[name],
            data={"summary": f"缺人{name}", "topic": topic},
            subject=WHO.id,
        )
        for name, topic in topics.items()
    ]
    adopted = a_case(
        "common_issue", "c-1", region="34", state="implementing", opened="2026-03-05", related=["i1", "i2", "i3"],
        data={
            "matter": "技能人才短缺", "cases": ["i3"], "counties": 2, "unit": "u-34-science", "analysis": "本地职校专业不对口",
            "measure": "policy", "proposal": "增设专业", "decision": "同意，商教育部门落实",
        },
        taken={"establish": "2026-03-06", "analyse": "2026-03-10", "propose": "2026-03-12", "adopt": "2026-03-20"},
    )  # fmt: skip
    over = a_case(
        "common_issue", "c-0", region="34", state="declined", opened="2026-01-05", ended="final",
        data={"matter": "早已办结", "reason": "已有政策"}, taken={"decline": "2026-02-01", "feed_back": "2026-02-03"},
    )  # fmt: skip
    return MemorySources((*issues, adopted, over), all_subjects=(WHO,))


def test_a_common_issue_tells_its_frequency_its_places_the_proposal_and_what_became_of_it() -> None:
    report = a_report("common_issues", shared_world())
    assert said(
        table_of(report, "issues"), "case", "matter", "linked", "counties", "unit", "measure", "adoption", "decision"
    ) == [
        ("c-1", "技能人才短缺", 3, 2, "安徽省科技厅（示例）", "完善、制定政策", "采纳", "同意，商教育部门落实"),
    ]  # fmt: skip
    assert said(table_of(report, "topics"), "topic", "number", "counties", "frequent", "linked") == [
        ("人才引育", 3, 2, "是", 3),
        ("融资", 1, 1, "否", 0),
    ]
    assert [row[0] for row in said(table_of(report, "linked"), "case")] == ["i1", "i2", "i3"]
    summary, issue = report.sections
    assert "共性问题 1 项，关联诉求 3 件，涉及 2 个县（区）。其中已采纳 1 项" in summary.paragraphs[1]
    assert issue.title == "技能人才短缺"
    assert "成因分析：本地职校专业不对口" in issue.paragraphs


def test_common_issues_of_another_period_and_linked_matters_out_of_reach_are_left_out() -> None:
    world = shared_world()
    february = a_report("common_issues", world, period="2026-02")
    assert said(table_of(february, "issues"), "case", "adoption", "decision") == [
        ("c-0", "不采纳", "已有政策")
    ]
    county = replace(world, region="340202", reach=Reach(regions=("340202",)))
    assert table_of(a_report("common_issues", county), "issues").rows == ()
    city = replace(
        world, all_cases=tuple(replace(c, region="3402") if c.id == "c-1" else c for c in world.all_cases)
    )
    seen = a_report("common_issues", replace(city, region="3402", reach=Reach(regions=("3402",))))
    assert said(table_of(seen, "issues"), "linked", "counties") == [(1, 1)]


# 双倍增


def test_progress_is_counted_from_the_base_that_was_set_and_from_members_where_none_was() -> None:
    members = (
        *tuple(Member("filed_sme", f"s{n}", 1, "340104", date(2023, 1, 1)) for n in range(12)),
        Member("filed_sme", "old", 1, "340104", date(2020, 1, 1), date(2022, 1, 1), how_out="exited"),
    )
    sources = MemorySources(all_members=members, all_targets=(Target("sme_number", "34", 2021, 10),))
    table = table_of(a_report("doubling", sources, period="2023"), "sme")
    rows = {row[0]: row[1:] for row in said(table, "region", "base", "target", "now", "progress", "required")}
    assert rows["34"][:4] == (10, 20, 12, Fraction(1, 5))
    assert rows["34"][4] == pytest.approx(0.2910, abs=0.0001)  # §3.7: 29.1 % a year
    assert rows["340104"][:3] == (1, 2, 12)


# 通报、差距、红黄灯、考核


def test_the_bulletin_says_the_numbers_of_its_tables() -> None:
    report = a_report("bulletin", replace(WORLD, all_cases=(VISIT, ISSUE, LATE), all_members=SPELLS))
    row = said(table_of(report, "regions"), "region", "opened", "due", "closed", "on_time", "visits", "red")[
        0
    ]
    assert row == ("安徽省", 2, 2, Fraction(1, 2), Fraction(1, 2), 1, 1)
    assert (
        report.sections[0].paragraphs[0]
        == "2026年3月，共登记企业诉求 2 件，当场办结 0 件；到期应办结 2 件，已办结 1 件，办结率 50.0%（1/2）。"
    )
    assert "满意率因有效评价不足不予显示" in report.sections[0].paragraphs[1]  # one rating is too few to show


def test_the_bulletin_shows_every_flow_so_that_each_list_adds_up_on_the_page() -> None:
    """Of the spells above: three at first; two came, one came back, one moved in; one was cleared, one left."""
    report = a_report("bulletin", MemorySources(all_members=SPELLS), period="2026-Q1")
    clearing = next(section for section in report.sections if section.key == "clearing")
    assert clearing.paragraphs[0] == (
        "1 亿元以上无研发活动的规上工业企业：期初 3 家，加新增 2、反弹 1、迁入 1，减销号 1、移出 1、迁出 0，期末 5 家。"
    )
    table = table_of(report, "clearing_no_activity")
    flows = ("opening", "entered", "relapsed", "moved_in", "cleared", "exited", "moved_out", "closing")
    assert said(table, *flows)[0] == (3, 2, 1, 1, 1, 1, 0, 5)


def test_the_bulletin_says_of_how_many_its_rates_are_and_why_one_may_be_above_the_other() -> None:
    """Answered in time on the 24th and not called back yet: in time, but not closed."""
    answered = a_case(
        "issue", "2026-000008-8", state="calling_back",
        clocks={"answer": a_clock(started="2026-03-02", due="2026-03-30", stopped="2026-03-24")},
    )  # fmt: skip
    report = a_report("bulletin", MemorySources((answered,)))
    table = table_of(report, "regions")
    assert said(table, "due", "closed_number", "closed", "on_time_number", "on_time")[0] == (1, 0, 0, 1, 1)
    assert "按时办结率可能高于办结率" in table.note
    assert report.sections[0].paragraphs[1].startswith("按时办结率 100%（1/1）（按原时限计 100%（1/1））")


def test_visits_late_within_their_period_are_said_beside_the_rate_of_those_whose_period_is_over() -> None:
    late = a_case(
        "visit", "v1", region="3401", clocks={"state": a_clock(started="2026-03-16", due="2026-03-31")}
    )
    report = a_report("bulletin", MemorySources((late,)))
    visits = next(section for section in report.sections if section.key == "visits")
    assert "市级走访任务没有期满的，不计按期率" in visits.paragraphs[0]
    assert "另有 1 件走访事项" in visits.paragraphs[0]


def test_an_extension_shows_in_the_rate_by_the_original_limit_only() -> None:
    extended = a_case(
        "issue", "2026-000008-8", state="closed", ended="settled",
        clocks={"answer": a_clock(started="2026-03-02", due="2026-03-30", stopped="2026-03-24", extended=("10 working days",))},
    )  # fmt: skip
    figures = {f.key: f.value for f in a_report("bulletin", MemorySources((extended,))).figures}
    assert (figures["issue_in_time/34"], figures["issue_in_original_time/34"]) == (1, 0)
    assert figures["issue_extended/34"] == 1


def test_cases_that_were_not_accepted_withdrawn_or_merged_are_in_no_cohort() -> None:
    cases = tuple(
        a_case(
            "issue", f"c-{state}", state=state, ended="final", clocks={"answer": a_clock(due="2026-03-16")}
        )
        for state in ("rejected", "withdrawn", "merged", "explained")
    )
    figures = {f.key: f for f in a_report("bulletin", MemorySources(cases)).figures}
    assert figures["issue_closed/34"].rows == figures["issue_closed/34/of"].rows == ("c-explained",)


def test_the_list_of_lights_begins_with_what_is_red_the_longest() -> None:
    soon = a_case(
        "issue", "soon", state="handling", clocks={"answer": a_clock(started="2026-03-24", due="2026-04-08")}
    )
    calm = a_case(
        "issue", "calm", state="handling", clocks={"answer": a_clock(started="2026-04-03", due="2026-04-20")}
    )
    report = a_report("lights", MemorySources((soon, calm, LATE)), period="2026-04-07")
    assert said(table_of(report, "lights"), "light", "case") == [("红", LATE.id), ("黄", "soon")]
    assert said(table_of(report, "summary"), "light", "number") == [("红", 1), ("黄", 1)]


def test_each_light_says_whose_it_is_about_whom_and_how_late_even_by_minutes() -> None:
    visit = a_case(
        "visit", "city", region="3401", state="missed",
        clocks={"state": replace(a_clock(started="2026-03-24", due="2026-04-07"), due_at=NOW - timedelta(minutes=20))},
    )  # fmt: skip
    visit = replace(visit, holder=Holder("team"))
    table = table_of(a_report("lights", MemorySources((visit,)), period="2026-04-07"), "lights")
    assert said(table, "subject", "holder", "left") == [
        ("合肥市", "省服务团成员", "超期不足 1 个工作日（不足 1 个工作小时）")
    ]


def test_the_nearest_to_passing_come_first_with_what_to_ask() -> None:
    def found(subject: str, verdict: str, *criteria: Criterion) -> Assessment:
        return Assessment(subject, "340104", "sme", "科技型中小企业评价", 2025, verdict, criteria)  # type: ignore[arg-type]

    far = found("far", "fail", Criterion("人数", "fail", "差 3 人"), Criterion("得分", "fail", "差 2 分"))
    near = found(
        "near",
        "fail",
        Criterion("得分", "fail", "差 2 分"),
        Criterion("资产", "unknown", missing=("资产总额",)),
    )
    ready = found("ready", "pass", Criterion("得分", "pass"))
    report = a_report("gaps", MemorySources(all_assessments=(far, near, ready)), period="2026")
    assert said(table_of(report, "gaps"), "code", "failed", "gap", "missing") == [
        ("near", 1, "得分（差 2 分）", "资产总额"),
        ("far", 2, "人数（差 3 人）；得分（差 2 分）", ""),
    ]
    assert said(table_of(report, "summary"), "pass", "unknown", "fail") == [(1, 0, 2)]


def scored(**parts: scoring.Figure) -> Mapping[str, scoring.Figure]:
    """Figures of a city for every part of the score; nothing known of those that are not given."""
    names = [part.indicator for part in the_programme().indicators[CITY_SCORE].parts]
    return {name: parts.get(name, scoring.Figure()) for name in names}


@cache
def the_programme() -> Programme:
    name, data = programme()
    return load_programme(data, name=name).programme


def a_rate(yes: int, number: int, *rows: str) -> scoring.Figure:
    ids = rows or tuple(f"r{n}" for n in range(number))
    return scoring.Figure(value=Fraction(yes, number), denominator=Fraction(number), part=ids[:yes], rows=ids)


CITIES = FigureTable(
    Period(2026, "month", 3), "34", ("3401", "3402", "3403"), {},
    {
        "3401": scored(issue_in_time=a_rate(1, 2, ISSUE.id, LATE.id), january_complete=a_rate(1, 1)),
        "3402": scored(issue_in_time=a_rate(0, 3), issue_satisfied=scoring.Figure(suppressed=True)),
        "3403": scored(),
    },
)  # fmt: skip


def test_the_weights_of_the_score_make_a_hundred() -> None:
    assert sum(part.weight for part in the_programme().indicators[CITY_SCORE].parts) == 100


def test_a_score_follows_from_the_frozen_figures_alone() -> None:
    frozen = freeze(a_question("score", replace(WORLD, all_cases=(ISSUE, LATE))), the_programme(), CITIES)
    first = score_sheet(frozen, "d" * 64)
    again = score_sheet(canonical.decode(canonical.encode(frozen)), "d" * 64)
    assert again == first
    assert again.digest == first.digest
    rows = {
        row[0]: row[1:]
        for row in said(first.tables[0], "city", "issue_in_time", "january_complete", "score", "band")
    }
    # 合肥: in time 1 of 2 (weight 20), January (10): (50 × 20 + 100 × 10) ÷ 30.
    assert rows["合肥市"] == (Fraction(1, 2), 1, Fraction(2000, 30), "合格")
    assert rows["芜湖市"] == (0, None, 0, "不合格")
    assert rows["蚌埠市"] == (None, None, None, "—")
    assert first.details[ISSUE.id].title == WHO.title


def test_a_row_shows_its_figures_value_and_nothing_else() -> None:
    report = a_report("bulletin", replace(WORLD, all_cases=(VISIT, ISSUE, LATE), all_members=SPELLS))
    by_key = {figure.key: figure for figure in report.figures}
    cells: list[Cell] = [cell for table in report.tables for row in table.rows for cell in row if cell.figure]
    assert len(cells) > 100
    assert [cell for cell in cells if cell.value != by_key[cell.figure].value] == []
