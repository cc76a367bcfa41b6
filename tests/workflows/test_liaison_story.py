# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of a liaison officer: a vacancy, a nomination that fails and one that holds, a deputy, a handover, the next vacancy.

Days are counted by hand on the notice for 2026: 06-19 to 06-21 are off; from 2 to 31 March there is no day off but the weekends. Three working days
from Monday 03-02 are Thursday 03-05. Thirty days from Monday 06-01 are Wednesday 07-01; twelve months from Thursday 2026-03-05 are Friday
2027-03-05; five working days from Tuesday 09-01 are Tuesday 09-08.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

UNIT = "u-340104-science"
NOMINEE: dict[str, Any] = {"nominee": "p-340104-liaison-1", "rank": "bureau", "duty": "副局长"}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def in_office(office: StoryOffice) -> str:
    case = office.open("liaison", by="coordinator", at="2026-03-02 09:00", unit=UNIT)
    office.step(
        "nominate", by="leader", at="2026-03-03 10:00", **{**NOMINEE, "rank": "other", "duty": "科员"}
    )
    office.refused("guard", "qualify", by="checker", at="2026-03-03 14:00", opinion="同意")
    office.step("disqualify", by="checker", at="2026-03-03 15:00", opinion="应由局领导担任")
    office.step("nominate", by="leader", at="2026-03-04 10:00", **NOMINEE)
    office.step("qualify", by="checker", at="2026-03-04 14:00", opinion="符合条件")
    office.step("confirm", by="head", at="2026-03-05 10:00", opinion="同意")
    return case


def test_a_liaison_officer_is_found_stood_in_for_and_hands_over(office: StoryOffice) -> None:
    case = in_office(office)
    office.step(
        "deputise", by="liaison", at="2026-06-01 10:00", deputy="p-340104-coordinator-1", reason="外出学习"
    )
    office.step("come_back", by="liaison", at="2026-06-22 10:00")
    office.step(
        "hand_over", by="liaison", at="2026-09-01 10:00", successor="p-340104-leader-1", reason="工作调动"
    )
    office.step("leave", by="leader", at="2026-09-03 10:00", open_cases=3, case_list=["示例-1"])

    next_one = office.cases[office.opened_from(case)]
    assert (next_one.workflow, next_one.state, next_one.data) == ("liaison", "vacant", {"unit": UNIT})
    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜示例协调处室·合肥市蜀山区｜登记 联络员任免交接 → 空缺待提名｜单位：合肥市蜀山区科技局｜起算“全程时限”至09-02 17:30，起算“空缺时限”至03-05 17:30，起算“空缺待提名”至03-05 17:30
2026-03-03 周二 10:00｜1日1时｜示例分管领导·合肥市蜀山区｜提名 → 资格校验｜提名人选：示例联络员·合肥市蜀山区；职务：其他；具体职务：科员｜起算“资格校验”至03-05 17:30
2026-03-03 周二 14:00｜1日3时30分｜示例审核员·合肥市｜✗ 符合条件｜联络员应由责任处室有关领导或者局领导担任
2026-03-03 周二 15:00｜1日4时30分｜示例审核员·合肥市｜不符合条件 → 空缺待提名｜意见：应由局领导担任｜起算“空缺待提名”至03-06 17:30
2026-03-04 周三 10:00｜2日1时｜示例分管领导·合肥市蜀山区｜提名 → 资格校验｜提名人选：示例联络员·合肥市蜀山区；职务：市、县（区）科技部门局领导；具体职务：副局长｜起算“资格校验”至03-06 17:30
2026-03-04 周三 14:00｜2日3时30分｜示例审核员·合肥市｜符合条件 → 单位确认｜意见：符合条件｜起算“单位确认”至03-06 17:30
2026-03-05 周四 10:00｜3日1时｜示例单位负责人·合肥市蜀山区科技局｜确认到任 → 在任｜意见：同意｜按时停“空缺时限”，按时停“全程时限”，起算“在任”至2027-03-05 17:30（暂定）
2026-06-01 周一 10:00｜62日1时｜示例联络员·合肥市蜀山区｜由他人代理 → 代理 → 第2轮｜代理人：示例协调处室·合肥市蜀山区；理由：外出学习｜起算“全程时限”至12-01 17:30，起算“代理”至07-01 17:30
2026-06-22 周一 10:00｜76日1时｜示例联络员·合肥市蜀山区｜恢复在任 → 在任｜｜按时停“全程时限”，起算“在任”至2027-06-22 17:30（暂定）
2026-09-01 周二 10:00｜127日1时｜示例联络员·合肥市蜀山区｜开始交接 → 交接 → 第3轮｜接手人：示例分管领导·合肥市蜀山区；理由：工作调动｜起算“全程时限”至2027-03-01 17:30（暂定），起算“交接”至09-08 17:30
2026-09-03 周四 10:00｜129日1时｜示例分管领导·合肥市蜀山区｜交接完毕，离任 → 离任｜移交的在办事项（件）：3｜按时停“全程时限”
2026-09-03 周四 10:00｜129日1时｜系统｜关联事项有变化｜事项 202600000023 已由本事项开出"""
    )


def test_a_unit_without_a_liaison_officer_for_three_working_days_is_red(office: StoryOffice) -> None:
    office.open("liaison", by="coordinator", at="2026-03-02 09:00", unit=UNIT)
    office.until("2026-03-05 17:29")
    assert office.case.clocks["vacancy"].fired == ()
    office.until("2026-03-05 17:31")
    assert office.case.clocks["vacancy"].fired == ("due",)
    assert (office.case.state, office.case.holder.role) == ("pressed", "top_leader")


def test_a_deputy_for_more_than_thirty_days_becomes_the_provincial_leaders_matter(
    office: StoryOffice,
) -> None:
    in_office(office)
    office.step(
        "deputise", by="leader", at="2026-06-01 10:00", deputy="p-340104-coordinator-1", reason="长期病假"
    )
    office.until("2026-07-01 17:29")
    assert office.case.state == "deputised"
    office.until("2026-07-01 17:30")
    assert office.case.state == "pressed"

    office.step("expose", by="top_leader", at="2026-07-02 10:00", decision="另行提名")
    assert (office.case.state, office.case.clocks["vacancy"].status) == ("vacant", "running")


def test_a_liaison_officer_leaves_with_a_list_of_open_cases(
    office: StoryOffice,
) -> None:
    in_office(office)
    office.step(
        "hand_over", by="liaison", at="2026-09-01 10:00", successor="p-340104-leader-1", reason="工作调动"
    )

    assert office.blockers("leave", by="leader") == ["missing_field", "missing_field"]


def test_a_year_in_office_is_confirmed_anew(office: StoryOffice) -> None:
    in_office(office)
    office.until("2027-03-05 17:31")

    assert (office.case.state, office.case.round) == ("confirming", 2)
