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
2024-03-04 09:00｜示例协调处室·合肥市蜀山区｜登记 → 筛出（无研发机构）｜统计数据年份2023；年销售收入（万元）62000｜方案获批时限至 04-16 17:30，全程时限至 2026-03-04 17:30，限 03-11 17:30
2024-03-05 10:00｜示例协调处室·合肥市蜀山区｜指定包保专人 → 一企一策起草｜包保单位合肥市蜀山区科技局（示例）；包保专人示例承办人·合肥市蜀山区｜限 04-02 17:30
2024-03-25 10:00｜示例承办人·合肥市蜀山区｜报送方案 → 方案审批｜自建研发中心，一年建成；方案文件1件；自办｜限 04-01 17:30
2024-03-27 10:00｜示例分管领导·合肥市｜批准方案 → 建设｜同意，按月调度｜方案获批时限按时停表，限 09-27 17:30，【研发场地】至 06-27 17:30，【研发设施】至 06-27 17:30，【研发经费】至 06-27 17:30，【研发人员】至 06-27 17:30，【研发活动】至 06-27 17:30
2024-04-10 10:00｜示例企业联系人·91340100MA2DD272X5｜【研发场地】提交佐证 → 已提交佐证｜研发楼三层，320平方米；佐证材料1件｜【研发场地】至 04-17 17:30
2024-04-10 10:01｜示例企业联系人·91340100MA2DD272X5｜【研发设施】提交佐证 → 已提交佐证｜检测设备14台套；佐证材料1件｜【研发设施】至 04-17 17:30
2024-04-10 10:02｜示例企业联系人·91340100MA2DD272X5｜【研发经费】提交佐证 → 已提交佐证｜年度研发预算480万元；佐证材料1件｜【研发经费】至 04-17 17:30
2024-04-10 10:03｜示例企业联系人·91340100MA2DD272X5｜【研发人员】提交佐证 → 已提交佐证｜专职研发人员22人；佐证材料1件｜【研发人员】至 04-17 17:30
2024-04-10 10:04｜示例企业联系人·91340100MA2DD272X5｜【研发活动】提交佐证 → 已提交佐证｜在研项目3项；佐证材料1件｜【研发活动】至 04-17 17:30
2024-04-12 09:00｜示例协调处室·合肥市蜀山区｜【研发场地】核实 → 已核实
2024-04-12 09:01｜示例协调处室·合肥市蜀山区｜【研发设施】核实 → 已核实
2024-04-12 09:02｜示例协调处室·合肥市蜀山区｜【研发人员】核实 → 已核实
2024-04-12 09:03｜示例协调处室·合肥市蜀山区｜【研发活动】核实 → 已核实
2024-04-12 09:30｜示例协调处室·合肥市蜀山区｜【研发经费】退回补充 → 待落实｜预算未经股东会批准｜【研发经费】至 07-12 17:30
2024-04-15 14:00｜示例企业联系人·91340100MA2DD272X5｜【研发经费】提交佐证 → 已提交佐证｜股东会已批准480万元；佐证材料1件｜【研发经费】至 04-22 17:30
2024-04-16 09:30｜示例协调处室·合肥市蜀山区｜【研发经费】核实 → 已核实
2024-04-17 09:50｜示例企业联系人·91340100MA2DD272X5｜申报验收（不准）｜研发机构应当在管理上与生产系统相对独立，或者单独核算
2024-04-17 10:00｜示例企业联系人·91340100MA2DD272X5｜申报验收 → 现场核验｜单独核算；独立或单独核算的证明1件｜限 05-16 17:30
2024-05-07 09:50｜示例审核员·合肥市｜核验通过（不准）｜五项条件须全部具备
2024-05-07 10:00｜示例审核员·合肥市｜核验通过 → 建成销号｜单独核算；现场逐项核对账册和设备；现场核验材料1件；研发场地、研发设施、研发经费、研发人员、研发活动｜全程时限按时停表，限 08-07 17:30
2024-08-07 17:30｜时钟｜三个月回头看 → 回头看｜“建成销号”到期，告知示例协调处室·合肥市蜀山区｜限 08-21 17:30
2024-08-14 10:00｜示例协调处室·合肥市蜀山区｜成果巩固 → 巩固（待六个月回头看）｜运行正常；回头看材料1件｜限 11-14 17:30
2024-11-14 17:30｜时钟｜六个月回头看 → 回头看｜“巩固（待六个月回头看）”到期，告知示例协调处室·合肥市蜀山区｜限 11-28 17:30
2024-11-20 10:00｜示例协调处室·合肥市蜀山区｜成果巩固 → 巩固（待十二个月回头看）｜新增项目1项；回头看材料1件｜限 2025-05-20 17:30
2025-05-20 17:30｜时钟｜十二个月回头看 → 回头看｜“巩固（待十二个月回头看）”到期，告知示例协调处室·合肥市蜀山区｜限 06-04 17:30
2025-05-27 10:00｜示例协调处室·合肥市蜀山区｜反弹 → 筛出（无研发机构）（第2轮）｜研发活动；在研项目均已停止；回头看材料1件｜方案获批时限至 07-09 17:30，全程时限至 2027-05-27 17:30（暂定），限 06-04 17:30
2025-05-28 10:00｜示例协调处室·合肥市蜀山区｜指定包保专人 → 一企一策起草｜包保单位合肥市蜀山区科技局（示例）；包保专人示例承办人·合肥市蜀山区｜限 06-26 17:30
2025-06-10 10:00｜示例承办人·合肥市蜀山区｜报送方案 → 方案审批｜重启产学研项目；方案文件1件；与外单位合办｜限 06-17 17:30
2025-06-12 10:00｜示例分管领导·合肥市｜批准方案 → 建设｜同意｜方案获批时限按时停表，限 12-12 17:30，【研发活动】至 09-12 17:30"""
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


def test_an_enterprise_that_moved_away_is_removed_with_reason_and_proof_from_every_state() -> None:
    states = StoryOffice().workflows["rd_institution"].definition.states

    assert [s for s, spec in states.items() if not spec.final and "remove" not in spec.steps] == []
