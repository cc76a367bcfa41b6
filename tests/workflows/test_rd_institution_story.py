# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of building an R&D institution: one enterprise, one plan, five conditions, look-backs.

Days are counted by hand on the State Council's notices. 2024: off are 04-04 to 04-06 and 05-01 to 05-05; worked are the Sundays
04-07 and 04-28 and the Saturday 05-11. 2025: off are 05-31 to 06-02. Months end on the same date.
"""

from __future__ import annotations

from typing import Any

import pytest

from api.demo.stories import HANDLER, ITEMS, SCIENCE, institution_built
from tests.support.story_office import StoryOffice

VISIT: dict[str, Any] = {"visit_report": "现场核对账册和设备", "visit_files": ["示例-1"]}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def building(office: StoryOffice) -> str:
    case = office.open(
        "rd_institution", by="coordinator", at="2024-03-04 09:00", data_year=2023, revenue=62000
    )
    office.step("assign_officer", by="coordinator", at="2024-03-05 10:00", unit=SCIENCE, officer=HANDLER)
    office.step(
        "submit_plan",
        by="handler",
        at="2024-03-06 10:00",
        plan="自建研发中心",
        plan_files=["示例-2"],
        ownership="own",
    )
    office.step("approve_plan", by="approver", at="2024-03-07 10:00", opinion="同意")
    return case


def claimed(office: StoryOffice) -> str:
    case = building(office)
    for item, fact in ITEMS.items():
        office.step(
            "submit", by="client", lane=item, at="2024-03-08 10:00", item_fact=fact, item_files=["示例-3"]
        )
        office.step("verify", by="coordinator", lane=item)
    office.step(
        "claim", by="client", at="2024-03-11 10:00", independence="accounts", independence_files=["示例-4"]
    )
    return case


def test_an_institution_is_built_verified_looked_back_at_and_starts_anew_when_it_relapses(
    office: StoryOffice,
) -> None:
    case = institution_built(office)

    assert (
        office.timeline(case)
        == """\
2024-03-04 周一 09:00｜0分｜示例协调处室·合肥市蜀山区｜登记 研发机构组建（一企一策） → 筛出（无研发机构）｜统计数据年份：2023；年销售收入（万元）：62000｜起算“全程时限”至2026-03-04 17:30，起算“方案获批时限”至04-16 17:30，起算“筛出（无研发机构）”至03-11 17:30
2024-03-05 周二 10:00｜1日1时｜示例协调处室·合肥市蜀山区｜指定包保专人 → 一企一策起草｜包保单位：合肥市蜀山区科技局；包保专人：示例承办人·合肥市蜀山区｜起算“一企一策起草”至04-02 17:30
2024-03-25 周一 10:00｜15日1时｜示例承办人·合肥市蜀山区｜报送方案 → 方案审批｜一企一策方案：自建研发中心，一年建成；组建方式：自办｜起算“方案审批”至04-01 17:30
2024-03-27 周三 10:00｜17日1时｜示例分管领导·合肥市｜批准方案 → 建设｜审批意见：同意，按月调度｜按时停“方案获批时限”，起算“建设”至09-27 17:30，起算“研发场地·待落实”至06-27 17:30，起算“研发设施·待落实”至06-27 17:30，起算“研发经费·待落实”至06-27 17:30，起算“研发人员·待落实”至06-27 17:30，起算“研发活动·待落实”至06-27 17:30
2024-04-10 周三 10:00｜26日1时｜示例企业联系人·91340100MA2DD272X5｜［研发场地］提交佐证 → 已提交佐证｜落实情况：研发楼三层，320平方米｜起算“研发场地·已提交佐证”至04-17 17:30
2024-04-10 周三 10:01｜26日1时1分｜示例企业联系人·91340100MA2DD272X5｜［研发设施］提交佐证 → 已提交佐证｜落实情况：检测设备14台套｜起算“研发设施·已提交佐证”至04-17 17:30
2024-04-10 周三 10:02｜26日1时2分｜示例企业联系人·91340100MA2DD272X5｜［研发经费］提交佐证 → 已提交佐证｜落实情况：年度研发预算480万元｜起算“研发经费·已提交佐证”至04-17 17:30
2024-04-10 周三 10:03｜26日1时3分｜示例企业联系人·91340100MA2DD272X5｜［研发人员］提交佐证 → 已提交佐证｜落实情况：专职研发人员22人｜起算“研发人员·已提交佐证”至04-17 17:30
2024-04-10 周三 10:04｜26日1时4分｜示例企业联系人·91340100MA2DD272X5｜［研发活动］提交佐证 → 已提交佐证｜落实情况：在研项目3项｜起算“研发活动·已提交佐证”至04-17 17:30
2024-04-12 周五 09:00｜28日｜示例协调处室·合肥市蜀山区｜［研发场地］核实 → 已核实
2024-04-12 周五 09:01｜28日1分｜示例协调处室·合肥市蜀山区｜［研发设施］核实 → 已核实
2024-04-12 周五 09:02｜28日2分｜示例协调处室·合肥市蜀山区｜［研发人员］核实 → 已核实
2024-04-12 周五 09:03｜28日3分｜示例协调处室·合肥市蜀山区｜［研发活动］核实 → 已核实
2024-04-12 周五 09:30｜28日30分｜示例协调处室·合肥市蜀山区｜［研发经费］退回补充 → 待落实｜退回理由：预算未经股东会批准｜起算“研发经费·待落实”至07-12 17:30
2024-04-15 周一 14:00｜29日3时30分｜示例企业联系人·91340100MA2DD272X5｜［研发经费］提交佐证 → 已提交佐证｜落实情况：股东会已批准480万元｜起算“研发经费·已提交佐证”至04-22 17:30
2024-04-16 周二 09:30｜30日30分｜示例协调处室·合肥市蜀山区｜［研发经费］核实 → 已核实
2024-04-17 周三 09:50｜31日50分｜示例企业联系人·91340100MA2DD272X5｜✗ 申报验收｜研发机构应当在管理上与生产系统相对独立，或者单独核算
2024-04-17 周三 10:00｜31日1时｜示例企业联系人·91340100MA2DD272X5｜申报验收 → 现场核验｜与生产系统的关系：单独核算｜起算“现场核验”至05-16 17:30
2024-05-07 周二 09:50｜43日50分｜示例审核员·合肥市｜✗ 核验通过｜五项条件须全部具备
2024-05-07 周二 10:00｜43日1时｜示例审核员·合肥市｜核验通过 → 建成销号｜现场核验具备的条件：研发场地、研发设施、研发经费、研发人员、研发活动；与生产系统的关系：单独核算；现场核验报告：现场逐项核对账册和设备｜按时停“全程时限”，起算“建成销号”至08-07 17:30
2024-08-07 周三 17:30｜110日｜时钟｜三个月回头看 → 回头看｜“建成销号”3个月，08-07 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“回头看”至08-21 17:30
2024-08-14 周三 10:00｜114日1时｜示例协调处室·合肥市蜀山区｜成果巩固 → 巩固（待六个月回头看）｜回头看情况：运行正常｜起算“巩固（待六个月回头看）”至11-07 17:30
2024-11-07 周四 17:30｜172日｜时钟｜六个月回头看 → 回头看｜“巩固（待六个月回头看）”6个月，11-07 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“回头看”至11-21 17:30
2024-11-18 周一 17:30｜179日｜时钟｜提醒：回头看｜“回头看”10个工作日，11-21 17:30 止，告知示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区
2024-11-20 周三 10:00｜180日1时｜示例协调处室·合肥市蜀山区｜成果巩固 → 巩固（待十二个月回头看）｜回头看情况：新增项目1项｜起算“巩固（待十二个月回头看）”至2025-05-07 17:30
2025-05-07 周三 17:30｜293日｜时钟｜十二个月回头看 → 回头看｜“巩固（待十二个月回头看）”12个月，05-07 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“回头看”至05-21 17:30
2025-05-14 周三 10:00｜297日1时｜示例协调处室·合肥市蜀山区｜反弹 → 筛出（无研发机构） → 第2轮｜回头看情况：在研项目均已停止；缺项清单（一次性告知）：研发活动｜起算“方案获批时限”至06-26 17:30，起算“全程时限”至2027-05-14 17:30（暂定），起算“筛出（无研发机构）”至05-21 17:30
2025-05-15 周四 10:00｜298日1时｜示例协调处室·合肥市蜀山区｜指定包保专人 → 一企一策起草｜包保单位：合肥市蜀山区科技局；包保专人：示例承办人·合肥市蜀山区｜起算“一企一策起草”至06-13 17:30
2025-05-28 周三 10:00｜307日1时｜示例承办人·合肥市蜀山区｜报送方案 → 方案审批｜一企一策方案：重启产学研项目；组建方式：与外单位合办｜起算“方案审批”至06-05 17:30
2025-05-30 周五 10:00｜309日1时｜示例分管领导·合肥市｜批准方案 → 建设｜审批意见：同意｜按时停“方案获批时限”，起算“建设”至12-01 17:30，起算“研发活动·待落实”至09-01 17:30"""
    )


def test_a_plan_that_nobody_drafts_climbs_to_the_provincial_leader(office: StoryOffice) -> None:
    office.open("rd_institution", by="coordinator", at="2024-03-04 09:00", data_year=2023, revenue=62000)

    office.until("2024-03-25 18:00")

    # Five working days each: 03-11 to the local leader, 03-18 to the provincial one, who is reminded from 03-25 on.
    assert (office.case.state, office.case.holder.role) == ("with_top_leader", "top_leader")
    assert "due" in office.case.clocks["state"].fired


def test_only_the_missing_conditions_open_anew_after_a_failed_verification(office: StoryOffice) -> None:
    claimed(office)

    office.step(
        "fail",
        by="inspector",
        at="2024-03-12 10:00",
        independence="accounts",
        missing_items=["staff", "fund"],
        **VISIT,
    )

    again = {key for key, lane in office.case.lanes.items() if not lane.outcome}
    assert (office.case.state, again) == ("building", {"staff", "fund"})


def test_a_failed_verification_must_say_what_is_missing(office: StoryOffice) -> None:
    claimed(office)

    assert office.blockers("fail", by="inspector", independence="accounts", **VISIT) == ["guard"]


def test_an_institution_cannot_be_claimed_while_a_condition_is_open(office: StoryOffice) -> None:
    building(office)

    assert office.blockers("claim", by="client", independence="accounts", independence_files=["示例-5"]) == [
        "guard"
    ]


def test_who_verified_the_evidence_does_not_verify_on_site(office: StoryOffice) -> None:
    claimed(office)
    met = list(ITEMS)

    codes = office.blockers(
        "pass", by="p-340104-coordinator-1", met_items=met, independence="accounts", **VISIT
    )

    assert "separation" in codes


def test_a_look_back_that_nobody_makes_ends_with_the_provincial_leader(office: StoryOffice) -> None:
    claimed(office)
    office.step(
        "pass", by="inspector", at="2024-03-12 10:00", met_items=list(ITEMS), independence="accounts", **VISIT
    )

    office.until("2024-08-01 09:00")

    assert (office.case.state, office.case.holder.role) == ("looking_back_late", "top_leader")


def test_the_look_backs_come_3_6_and_12_months_after_the_establishment_however_long_each_one_takes(
    office: StoryOffice,
) -> None:
    """Established on 12 March 2024: 12 June is a Wednesday, 12 September a Thursday, 12 March 2025 a Wednesday."""
    claimed(office)
    office.step(
        "pass", by="inspector", at="2024-03-12 10:00", met_items=list(ITEMS), independence="accounts", **VISIT
    )
    for begins, held in (
        ("2024-06-12 17:30", "2024-06-24 10:00"),
        ("2024-09-12 17:30", "2024-09-13 10:00"),
        ("2025-03-12 17:30", "2025-03-20 10:00"),
    ):
        office.until(f"{begins[:-5]}17:29")
        assert office.case.state != "looking_back"
        office.until(begins)
        assert office.case.state == "looking_back"
        office.step("hold", by="coordinator", at=held, look_note="运行正常", look_files=["示例-6"])
    assert office.case.state == "holding_year"


def established(office: StoryOffice) -> str:
    case = claimed(office)
    office.step(
        "pass", by="inspector", at="2024-03-12 10:00", met_items=list(ITEMS), independence="accounts", **VISIT
    )
    return case


def test_a_relapse_that_the_figures_show_is_a_new_round_in_which_all_five_conditions_open_anew(
    office: StoryOffice,
) -> None:
    """From 2024-05-20, thirty working days: 05-21 to 05-31 are nine, off is 06-10, 06-28 the twenty-eighth; so 07-02."""
    established(office)
    office.step("relapse_by_figures", by="programme", at="2024-05-20 09:00", data_year=2023)
    assert (office.case.state, office.case.round) == ("screened", 2)
    office.until("2024-05-21 09:00")
    assert office.timeline(office.case.id).splitlines()[-1].count("起算“方案获批时限”至07-02 17:30") == 1

    office.step("assign_officer", by="coordinator", at="2024-05-21 10:00", unit=SCIENCE, officer=HANDLER)
    office.step(
        "submit_plan",
        by="handler",
        at="2024-05-22 10:00",
        plan="与高校合办",
        plan_files=["示例-2"],
        ownership="joint",
        partner="示例大学",
    )
    office.step("approve_plan", by="approver", at="2024-05-23 10:00", opinion="同意")

    assert {key for key, lane in office.case.lanes.items() if not lane.outcome} == set(ITEMS)


def test_the_figures_remove_it_and_change_what_is_known_before_and_after_the_clearing(
    office: StoryOffice,
) -> None:
    building(office)
    office.step("update_figures", by="programme", data_year=2024, revenue=70000)
    assert (office.case.state, office.case.data["revenue"]) == ("building", 70000)
    office.step("remove_by_figures", by="programme", removal_reason="shrunk")
    assert (office.case.state, office.case.ended) == ("removed", "final")

    established(office)
    office.step("update_figures", by="programme", data_year=2024, revenue=70000)
    assert office.case.ended == "settled"
    assert office.blockers("relapse_by_figures", by="p-340104-liaison-1", data_year=2024) == ["role_missing"]
    office.step("remove_by_figures", by="programme", removal_reason="cancelled")
    assert office.case.ended == "final"


def test_the_provincial_team_of_the_city_may_verify_on_site_and_another_citys_may_not(
    office: StoryOffice,
) -> None:
    claimed(office)
    met: dict[str, Any] = {"met_items": list(ITEMS), "independence": "accounts", **VISIT}

    assert office.blockers("pass", by="p-3402-team-1", **met) == ["other_region"]
    assert office.blockers("pass", by="p-3401-team-1", **met) == []


def test_an_enterprise_that_moved_away_is_removed_with_reason_and_proof_from_every_state() -> None:
    states = StoryOffice().workflows["rd_institution"].definition.states

    assert [s for s, spec in states.items() if not spec.final and "remove" not in spec.steps] == []


def test_after_a_year_the_look_backs_come_every_year_counted_from_the_last_one(office: StoryOffice) -> None:
    """Held on Thursday 2025-03-20 and Tuesday 2026-03-24: a year later are Friday 2026-03-20 and Wednesday 2027-03-24."""
    established(office)
    for held in ("2024-06-24 10:00", "2024-09-13 10:00", "2025-03-20 10:00"):
        office.step("hold", by="coordinator", at=held, look_note="运行正常", look_files=["示例-6"])
    for begins, held in (("2026-03-20 17:30", "2026-03-24 10:00"), ("2027-03-24 17:30", "2027-03-26 10:00")):
        office.until(f"{begins[:-5]}17:29")
        assert (office.case.state, office.case.ended) == ("holding_year", "settled")
        office.until(begins)
        assert office.case.state == "looking_back"
        office.step("hold", by="coordinator", at=held, look_note="运行正常", look_files=["示例-6"])
    assert office.case.state == "holding_year"
