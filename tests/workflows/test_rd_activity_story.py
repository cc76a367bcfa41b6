# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of raising R&D spending: diagnosed, planned, set up as a project, spent on, declared, verified, looked back at.

Days were counted on the State Council's days of 2024 to 2026 (requirements §2.4) by hand, and again with `chinesecalendar`.
2024: off are 04-04 to 04-06, 05-01 to 05-05; worked are the Sundays 04-07 and 04-28 and the Saturday 05-11. 2025: off are 01-28 to
02-04; worked are the Sunday 01-26 and the Saturday 02-08. 2026: off are 02-15 to 02-23; worked are the Saturdays 02-14 and 02-28.
Months end on the same date, or on the next working day: 2025-05-10 is a Saturday, 2025-08-10 a Sunday. A month before a limit is
thirty days before it.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import InvalidData
from tests.support.story_office import StoryOffice

SCIENCE, HANDLER = "u-340104-science", "p-340104-handler-1"
CAUSES = ["records", "partner"]
PROJECT: dict[str, Any] = {
    "starts_on": "2024-06-01",
    "ends_on": "2025-05-31",
    "project": "轴承热处理工艺改进",
    "people": 8,
    "budget": 260,
    "material": "中试线一条",
    "result": "process",
    "partner": "示例大学",
    "project_files": ["示例-2"],
}
CHECKED: dict[str, Any] = {"verify_note": "核对账册、设备和人员", "verify_files": ["示例-5"]}
ALL = ["people", "money", "material", "result"]


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def screened(office: StoryOffice) -> str:
    return office.open("rd_activity", by="coordinator", at="2024-03-04 09:00", data_year=2022, revenue=15800)


def planned(office: StoryOffice) -> str:
    case = screened(office)
    office.step("assign_officer", by="coordinator", at="2024-03-05 10:00", unit=SCIENCE, officer=HANDLER)
    office.step(
        "submit_diagnosis",
        by="handler",
        at="2024-03-26 10:00",
        diagnosis="有工艺改进，未立项归集",
        causes=CAUSES,
    )
    office.step(
        "submit_plan", by="handler", at="2024-04-08 10:00", plan="对接高校，建辅助账", plan_files=["示例-1"]
    )
    return case


def launched(office: StoryOffice) -> str:
    case = planned(office)
    office.step("approve_plan", by="leader", at="2024-04-10 10:00", opinion="同意")
    return case


def declared(office: StoryOffice) -> str:
    case = launched(office)
    office.step("set_up", by="client", at="2024-05-20 10:00", **PROJECT)
    office.step("record_spend", by="client", at="2024-10-28 10:00", spend=148, spend_files=["示例-3"])
    office.step(
        "file_returns", by="client", at="2025-01-20 10:00", returns=["statistics"], return_files=["示例-4"]
    )
    return case


def cleared(office: StoryOffice) -> str:
    case = declared(office)
    office.step("pass", by="inspector", at="2025-02-10 10:00", met_items=ALL, **CHECKED)
    return case


def test_an_enterprise_takes_up_research_is_cleared_and_relapses_when_the_figures_say_so(
    office: StoryOffice,
) -> None:
    case = launched(office)
    backwards = {**PROJECT, "starts_on": "2025-06-30"}
    office.refused("guard", "set_up", by="client", at="2024-05-20 09:50", **backwards)
    office.step("set_up", by="client", at="2024-05-20 10:00", **PROJECT)
    office.step("record_spend", by="client", at="2024-10-28 10:00", spend=148, spend_files=["示例-3"])
    office.step(
        "file_returns", by="client", at="2025-01-20 10:00", returns=["statistics"], return_files=["示例-4"]
    )
    office.refused("guard", "pass", by="inspector", at="2025-02-10 09:50", met_items=ALL[:3], **CHECKED)
    office.step("pass", by="inspector", at="2025-02-10 10:00", met_items=ALL, **CHECKED)
    office.step("hold", by="coordinator", at="2025-05-19 10:00", look_note="项目正常", look_files=["示例-6"])
    office.step("update_figures", by="programme", at="2025-07-01 09:00", data_year=2024, revenue=16900)
    office.step("hold", by="coordinator", at="2025-08-18 10:00", look_note="新立一项", look_files=["示例-7"])
    office.step("relapse_by_figures", by="programme", at="2026-02-13 09:00", data_year=2025)
    office.step("assign_officer", by="coordinator", at="2026-02-24 10:00", unit=SCIENCE, officer=HANDLER)

    assert (
        office.timeline(case)
        == """\
2024-03-04 周一 09:00｜0分｜示例协调处室·合肥市蜀山区｜登记 研发投入提升（专人包保） → 筛出（无研发活动）｜统计数据年份：2022；年销售收入（万元）：15800｜起算“全程时限”至2026-03-04 17:30，起算“筛出（无研发活动）”至03-11 17:30
2024-03-05 周二 10:00｜1日1时｜示例协调处室·合肥市蜀山区｜指定包保专人 → 诊断｜包保单位：合肥市蜀山区科技局；包保专人：示例承办人·合肥市蜀山区｜起算“诊断”至04-02 17:30
2024-03-26 周二 10:00｜16日1时｜示例承办人·合肥市蜀山区｜报送诊断 → 包保方案起草｜诊断情况：有工艺改进，未立项归集；无研发活动的原因：有活动但未归集填报、缺少合作单位｜起算“方案获批时限”至05-10 17:30，起算“包保方案起草”至04-24 17:30
2024-04-08 周一 10:00｜24日1时｜示例承办人·合肥市蜀山区｜报送方案 → 方案审批｜专人包保服务方案：对接高校，建辅助账｜起算“方案审批”至04-15 17:30
2024-04-10 周三 10:00｜26日1时｜示例分管领导·合肥市蜀山区｜批准方案 → 实施（待立项）｜审批意见：同意｜按时停“方案获批时限”，起算“实施（待立项）”至10-10 17:30
2024-05-20 周一 09:50｜53日50分｜示例企业联系人·91340100MA2DD272X5｜✗ 立项｜结束日期应晚于开始日期
2024-05-20 周一 10:00｜53日1时｜示例企业联系人·91340100MA2DD272X5｜立项 → 有项目（待归集投入）｜项目开始日期：2024-06-01；项目结束日期：2025-05-31；项目（课题）名称：轴承热处理工艺改进；研发人员（人）：8；经费预算（万元）：260；场地和设备：中试线一条；预期结果：新工艺；产学研合作单位：示例大学｜起算“有项目（待归集投入）”至11-20 17:30
2024-08-22 周四 17:30｜121日｜时钟｜提醒：有项目（待归集投入）｜“有项目（待归集投入）”6个月，11-20 17:30 止，告知示例承办人·合肥市蜀山区、示例联络员·合肥市蜀山区
2024-10-21 周一 17:30｜159日｜时钟｜提醒：有项目（待归集投入）｜“有项目（待归集投入）”6个月，11-20 17:30 止，告知示例承办人·合肥市蜀山区、示例联络员·合肥市蜀山区
2024-10-28 周一 10:00｜163日1时｜示例企业联系人·91340100MA2DD272X5｜归集投入 → 有投入（待填报）｜实际研发费用（万元）：148｜起算“有投入（待填报）”至2025-04-28 17:30
2025-01-20 周一 10:00｜222日1时｜示例企业联系人·91340100MA2DD272X5｜填报 → 待核实｜已填报：统计年报（研发活动）｜起算“待核实”至02-21 17:30
2025-02-10 周一 09:50｜233日50分｜示例审核员·合肥市｜✗ 核实通过｜人、财、物和结果导向须全部具备
2025-02-10 周一 10:00｜233日1时｜示例审核员·合肥市｜核实通过 → 销号｜核实具备的要素：人、财、物、结果导向；核实情况：核对账册、设备和人员｜按时停“全程时限”，起算“销号”至05-12 17:30
2025-05-12 周一 17:30｜296日｜时钟｜三个月回头看 → 回头看｜“销号”3个月，05-12 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“回头看”至05-26 17:30
2025-05-19 周一 10:00｜300日1时｜示例协调处室·合肥市蜀山区｜成果巩固 → 巩固（待六个月回头看）｜回头看情况：项目正常｜起算“巩固（待六个月回头看）”至08-11 17:30
2025-07-01 周二 09:00｜330日｜系统｜更新统计数据｜统计数据年份：2024；年销售收入（万元）：16900
2025-08-11 周一 17:30｜360日｜时钟｜六个月回头看 → 回头看｜“巩固（待六个月回头看）”6个月，08-11 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“回头看”至08-25 17:30
2025-08-18 周一 10:00｜364日1时｜示例协调处室·合肥市蜀山区｜成果巩固 → 巩固（待十二个月回头看）｜回头看情况：新立一项｜起算“巩固（待十二个月回头看）”至2026-02-10 17:30
2026-02-10 周二 17:30｜486日｜时钟｜十二个月回头看 → 回头看｜“巩固（待十二个月回头看）”12个月，02-10 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“回头看”至03-02 17:30
2026-02-13 周五 09:00｜488日｜系统｜数据反弹 → 筛出（无研发活动） → 第2轮｜统计数据年份：2025｜起算“全程时限”至2028-02-14 17:30（暂定），起算“筛出（无研发活动）”至02-27 17:30
2026-02-24 周二 10:00｜490日1时｜示例协调处室·合肥市蜀山区｜指定包保专人 → 诊断｜包保单位：合肥市蜀山区科技局；包保专人：示例承办人·合肥市蜀山区｜起算“诊断”至03-23 17:30"""
    )


@pytest.mark.parametrize("missing", ["people", "budget", "material", "result", "project_files"])
def test_a_project_has_people_money_material_and_a_result(office: StoryOffice, missing: str) -> None:
    launched(office)
    short = {name: value for name, value in PROJECT.items() if name != missing}

    assert office.blockers("set_up", by="client", **short) == ["missing_field"]


def test_a_project_without_staff_or_budget_or_with_a_seventh_kind_of_result_is_none(
    office: StoryOffice,
) -> None:
    launched(office)

    for wrong in ({"people": 0}, {"budget": 0}, {"result": "honour"}):
        assert office.blockers("set_up", by="client", **{**PROJECT, **wrong}) == ["bad_field"]


def test_how_large_an_enterprise_must_be_is_said_by_the_programme_alone(office: StoryOffice) -> None:
    office.open("rd_activity", by="coordinator", at="2024-03-04 09:00", data_year=2022, revenue=9999)
    with pytest.raises(InvalidData):
        office.open("rd_activity", by="coordinator", at="2024-03-04 09:00", data_year=2022, revenue=-1)


def test_the_enterprise_sets_up_its_project_itself(office: StoryOffice) -> None:
    launched(office)

    assert office.blockers("set_up", by="handler", **PROJECT) == ["role_missing"]


def test_who_wrote_the_plan_neither_approves_it_nor_verifies_the_result(office: StoryOffice) -> None:
    planned(office)
    assert "separation" in office.blockers("approve_plan", by=HANDLER, opinion="同意")

    declared(office)
    assert "separation" in office.blockers("pass", by=HANDLER, met_items=ALL, **CHECKED)


def test_a_verification_needs_its_evidence(office: StoryOffice) -> None:
    declared(office)

    assert office.blockers("pass", by="inspector", met_items=ALL, verify_note="核对账册") == ["missing_field"]


def test_an_enterprise_that_nobody_takes_on_climbs_to_the_provincial_leader(office: StoryOffice) -> None:
    """Five working days each: 03-11 to the local leader, 03-18 to the provincial one."""
    screened(office)

    office.until("2024-03-11 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_leader", "leader")
    office.until("2024-03-18 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_top_leader", "top_leader")


def test_two_quarters_without_a_step_go_to_the_leader_who_sends_it_back_to_where_it_stopped(
    office: StoryOffice,
) -> None:
    """Six months from 2024-05-20 end on 11-20, a Wednesday."""
    launched(office)
    office.step("set_up", by="client", at="2024-05-20 10:00", **PROJECT)

    office.until("2024-11-20 17:29")
    assert office.case.state == "running"
    office.until("2024-11-20 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_leader", "leader")

    office.step("decide", by="leader", at="2024-11-25 10:00", decision="会同税务部门上门辅导")
    assert (office.case.state, office.case.holder.unit) == ("running", SCIENCE)


def test_the_approval_of_the_plan_has_a_limit_of_its_own_that_the_leaders_hear_of(
    office: StoryOffice,
) -> None:
    """Thirty working days from 2024-03-26 end on 05-10; the first plan goes back twice and is never sent in again."""
    planned(office)
    for day in ("09", "11"):
        office.step("return_plan", by="leader", at=f"2024-04-{day} 10:00", opinion="措施不具体")
        office.step(
            "submit_plan",
            by="handler",
            at=f"2024-04-{day} 15:00",
            plan="对接高校并建账",
            plan_files=["示例-8"],
        )
    office.step("return_plan", by="leader", at="2024-04-15 10:00", opinion="仍不具体")
    assert office.case.state == "with_top_leader"

    office.until("2024-05-10 17:29")
    assert "due" not in office.case.clocks["approval"].fired
    office.until("2024-05-10 17:30")
    assert "due" in office.case.clocks["approval"].fired


def test_the_third_failed_verification_goes_to_the_leader(office: StoryOffice) -> None:
    declared(office)
    for number in (1, 2, 3):
        office.step("fail", by="inspector", verify_note="辅助账与总账不符")
        if number < 3:
            office.step("record_spend", by="client", spend=150, spend_files=["示例-3"])
            office.step("file_returns", by="client", returns=["tax"], return_files=["示例-4"])
    assert office.case.state == "with_leader"

    office.step("decide", by="leader", decision="重新归集后再报")

    assert office.case.state == "running"


def test_the_look_backs_come_3_6_and_12_months_after_the_clearing_however_long_each_one_takes(
    office: StoryOffice,
) -> None:
    """Cleared on 2025-02-10: 05-10 is a Saturday, 08-10 a Sunday, 2026-02-10 a Tuesday."""
    cleared(office)
    for begins, held in (
        ("2025-05-12 17:30", "2025-05-23 10:00"),
        ("2025-08-11 17:30", "2025-08-12 10:00"),
        ("2026-02-10 17:30", "2026-02-12 10:00"),
    ):
        office.until(f"{begins[:-5]}17:29")
        assert (office.case.state != "looking_back", office.case.ended) == (True, "settled")
        office.until(begins)
        assert office.case.state == "looking_back"
        office.step("hold", by="coordinator", at=held, look_note="项目正常", look_files=["示例-6"])
    assert office.case.state == "holding_year"


def test_after_a_year_the_look_backs_come_every_year_counted_from_the_last_one(office: StoryOffice) -> None:
    """Held on Thursday 2026-02-12 and Tuesday 2027-02-16: a year later are Friday 2027-02-12 and Wednesday 2028-02-16."""
    cleared(office)
    for held in ("2025-05-23 10:00", "2025-08-12 10:00", "2026-02-12 10:00"):
        office.step("hold", by="coordinator", at=held, look_note="项目正常", look_files=["示例-6"])
    for begins, held in (("2027-02-12 17:30", "2027-02-16 10:00"), ("2028-02-16 17:30", "2028-02-17 10:00")):
        office.until(f"{begins[:-5]}17:29")
        assert (office.case.state, office.case.ended) == ("holding_year", "settled")
        office.until(begins)
        assert office.case.state == "looking_back"
        office.step("hold", by="coordinator", at=held, look_note="项目正常", look_files=["示例-6"])
    assert office.case.state == "holding_year"


def test_a_look_back_that_nobody_makes_ends_with_the_provincial_leader(office: StoryOffice) -> None:
    """Ten working days from 2025-05-12 end on 05-26."""
    cleared(office)

    office.until("2025-05-26 17:30")

    assert (office.case.state, office.case.holder.role) == ("looking_back_late", "top_leader")


def test_a_relapse_found_on_the_spot_is_a_new_round_with_counts_of_its_own(office: StoryOffice) -> None:
    cleared(office)
    office.step(
        "relapse", by="coordinator", at="2025-05-19 10:00", look_note="项目已终止", look_files=["示例-6"]
    )
    assert (office.case.state, office.case.round, office.case.ended) == ("screened", 2, "")

    office.until("2025-06-20 18:00")
    office.step("decide", by="top_leader", decision="重新指定专人", unit=SCIENCE, officer=HANDLER)
    assert office.case.state == "diagnosing"


def test_figures_remove_it_before_and_after_the_clearing_and_people_only_with_proof(
    office: StoryOffice,
) -> None:
    launched(office)
    assert office.blockers("remove", by="liaison", removal_reason="moved") == ["missing_field"]
    assert office.blockers("remove_by_figures", by="p-340104-liaison-1", removal_reason="moved") == [
        "role_missing"
    ]
    office.step("remove_by_figures", by="programme", removal_reason="cancelled")
    assert (office.case.state, office.case.clocks["approval"].status) == ("removed", "met")

    cleared(office)
    office.step("remove_by_figures", by="programme", removal_reason="shrunk")
    assert office.case.ended == "final"
