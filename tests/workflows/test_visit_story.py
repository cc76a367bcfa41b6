# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of visits: a monthly one to a city, a quarterly one that is missed and made up, and what is refused on the way.

Days are counted by hand on the notice for 2026: off are 01-01 to 01-03 and 04-04 to 04-06; the day of the start does not count. March 2026
has no day off but its weekends: 03-01 is a Sunday, 03-31 a Tuesday. Ledger and report count from the visit: Thursday 03-12 plus three
working days is Tuesday 03-17, plus five is Thursday 03-19.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.case import CaseId
from tests.support.story_office import StoryOffice

SLOT: dict[str, Any] = {"kind": "key", "period": "2026-Q1", "period_end": "2026-03-31"}
CHECK_IN: dict[str, Any] = {"place": "示例厂区", "visitors": ["示例服务团成员（副处长）"]}
FINISH: dict[str, Any] = {"method": "onsite", "cost": 0, "declared": True}
LEDGER: dict[str, Any] = {"problems": 0, "opinion": "无需协调"}
REPORT: dict[str, Any] = {
    "overview": "示例概况",
    "operations": "生产正常",
    "demands": "无",
    "replies": "无",
    "next_steps": "下季度再访",
}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


@pytest.fixture
def city() -> StoryOffice:
    """A visit to a city is about the region itself."""
    return StoryOffice(region="3401", subject="")


def notified(office: StoryOffice) -> str:
    """Opened on Monday 2 March; to be held on Thursday 12 March."""
    case = office.open("visit", by="programme", at="2026-03-02 09:00", **SLOT)
    office.step("schedule", by="team", at="2026-03-03 10:00", visit_on="2026-03-12")
    office.step("notify", by="team", at="2026-03-09 10:00", notice="电话告知示例企业")
    return case


def finished(office: StoryOffice) -> str:
    case = notified(office)
    office.step("check_in", by="team", at="2026-03-12 09:30", **CHECK_IN)
    office.step("finish", by="team", at="2026-03-12 11:30", **FINISH)
    return case


def test_a_monthly_visit_is_announced_held_and_written_up_and_its_findings_become_issues(
    city: StoryOffice,
) -> None:
    case = city.open(
        "visit", by="programme", at="2026-03-02 09:00", kind="city", period="2026-03", period_end="2026-03-31"
    )
    city.step("flag_crowded", by="programme", at="2026-03-02 09:01", contacts=3)
    city.step("schedule", by="team", at="2026-03-03 10:00", visit_on="2026-03-12")
    city.step("notify", by="team", at="2026-03-09 10:00", notice="电话告知合肥市科技局")
    city.step("check_in", by="team", at="2026-03-12 09:30", **CHECK_IN)
    for number, finding in enumerate(("中试用地指标不足", "高企申报辅导不够")):
        city.step(
            "raise_issue",
            by="team",
            at=f"2026-03-12 10:{number}0",
            finding=finding,
            finding_details="座谈时反映",
        )
        city.turn_to(case)
    city.step("raise_common", by="team", at="2026-03-12 11:00", common_matter="中试用地普遍不足")
    city.turn_to(case)
    city.refused("guard", "finish", by="team", at="2026-03-12 11:20", **{**FINISH, "cost": 380})
    city.step("finish", by="team", at="2026-03-12 11:30", **FINISH)
    city.refused("guard", "file_ledger", by="team", at="2026-03-13 10:00", problems=3, opinion="转办")
    city.step("file_ledger", by="team", at="2026-03-13 10:10", problems=2, opinion="转办")
    city.step("file_report", by="team", at="2026-03-16 10:00", **REPORT)
    city.step("approve", by="team_liaison", at="2026-03-17 10:00", review="同意归档")

    assert (
        city.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜系统｜登记 走访 → 待排｜走访类型：到市走访；所属期间（如 2026-03、2026-Q1）：2026-03；期末：2026-03-31｜起算“全程时限”至2027-03-02 17:30（暂定），起算“待排”至03-31 17:30
2026-03-02 周一 09:01｜1分｜系统｜走访过密提示｜三十日内各级走访次数：3
2026-03-03 周二 10:00｜1日1时｜示例服务团成员·对口合肥市｜排期 → 已排期｜走访日期：2026-03-12｜起算“已排期”至03-12 17:30
2026-03-09 周一 10:00｜5日1时｜示例服务团成员·对口合肥市｜告知 → 已告知｜告知的对象和方式：电话告知合肥市科技局｜起算“已告知”至03-12 17:30
2026-03-11 周三 17:30｜8日｜时钟｜提醒：已告知｜“已告知”至2026年3月12日、至多4个月，03-12 17:30 止，告知示例服务团成员·对口合肥市
2026-03-12 周四 09:30｜8日30分｜示例服务团成员·对口合肥市｜签到 → 走访中｜走访地点：示例厂区；走访人员（姓名、职务）：示例服务团成员（副处长）｜起算“走访中”至03-13 17:30
2026-03-12 周四 10:00｜8日1时｜示例服务团成员·对口合肥市｜转为诉求｜问题摘要：中试用地指标不足；问题详情：座谈时反映
2026-03-12 周四 10:00｜8日1时｜系统｜关联事项有变化｜事项 202600000023 已由本事项开出
2026-03-12 周四 10:10｜8日1时10分｜示例服务团成员·对口合肥市｜转为诉求｜问题摘要：高企申报辅导不够；问题详情：座谈时反映
2026-03-12 周四 10:10｜8日1时10分｜系统｜关联事项有变化｜事项 202600000031 已由本事项开出
2026-03-12 周四 11:00｜8日2时｜示例服务团成员·对口合肥市｜提出共性问题｜共性问题：中试用地普遍不足
2026-03-12 周四 11:00｜8日2时｜系统｜关联事项有变化｜事项 202600000040 已由本事项开出
2026-03-12 周四 11:20｜8日2时20分｜示例服务团成员·对口合肥市｜✗ 完成走访｜不得要求企业承担任何费用；已经发生的，退还以后再登记
2026-03-12 周四 11:30｜8日2时30分｜示例服务团成员·对口合肥市｜完成走访 → 待填台账｜走访方式：实地；企业承担的费用（元）：0；未干预生产经营、未要求企业报销、无有损形象的活动：是｜起算“待填台账”至03-17 17:30
2026-03-13 周五 10:00｜9日1时｜示例服务团成员·对口合肥市｜✗ 填报台账｜反映的问题须逐条转为诉求；当场解决的也转，在诉求里当场办结
2026-03-13 周五 10:10｜9日1时10分｜示例服务团成员·对口合肥市｜填报台账 → 待报走访报告｜反映问题（条）：2；处理意见：转办｜起算“待报走访报告”至03-19 17:30
2026-03-16 周一 10:00｜10日1时｜示例服务团成员·对口合肥市｜报送走访报告 → 审阅｜企业（地市）概况：示例概况；生产经营与研发情况：生产正常；存在问题与诉求：无；现场答复与解决情况：无；下一步计划：下季度再访｜起算“审阅”至03-19 17:30
2026-03-17 周二 10:00｜11日1时｜示例服务团联络员·对口合肥市｜审阅通过，归档 → 归档｜审阅意见：同意归档｜按时停“全程时限”"""
    )


def test_a_visit_that_is_missed_is_made_up_and_stays_visible_as_such(office: StoryOffice) -> None:
    case = office.open("visit", by="programme", at="2026-01-01 08:00", **SLOT)
    office.step("make_up", by="team", at="2026-04-09 10:00", visit_on="2026-04-15", reason="一季度人手不足")
    office.step("notify", by="team", at="2026-04-10 10:00", notice="电话告知示例企业")
    office.step("check_in", by="team", at="2026-04-15 09:30", **CHECK_IN)
    office.step("finish", by="team", at="2026-04-15 11:30", **FINISH)
    office.step("file_ledger", by="team", at="2026-04-15 15:00", **LEDGER)
    office.step("file_report", by="team", at="2026-04-15 16:00", **REPORT)
    office.step("approve", by="team_liaison", at="2026-04-16 10:00", review="同意归档")

    assert (
        office.timeline(case)
        == """\
2026-01-01 周四 08:00｜0分｜系统｜登记 走访 → 待排｜走访类型：到重点联系企业走访；所属期间（如 2026-03、2026-Q1）：2026-Q1；期末：2026-03-31｜起算“全程时限”至2027-01-04 17:30（暂定），起算“待排”至03-31 17:30
2026-03-24 周二 17:30｜54日｜时钟｜提醒：待排｜“待排”至2026年3月31日、至多4个月，03-31 17:30 止，告知示例服务团成员·对口合肥市、示例服务团联络员·对口合肥市
2026-03-31 周二 17:30｜59日｜时钟｜期满未走访 → 未完成｜“待排”至2026年3月31日、至多4个月，03-31 17:30 止，告知示例服务团成员·对口合肥市、示例服务团联络员·对口合肥市、示例分管领导·安徽省｜起算“未完成”至04-08 17:30
2026-04-08 周三 17:30｜64日｜时钟｜仍未补访｜“未完成”5个工作日，04-08 17:30 止，告知示例分管领导·安徽省、示例服务团联络员·对口合肥市
2026-04-09 周四 10:00｜64日1时｜示例服务团成员·对口合肥市｜补访 → 已排期｜走访日期：2026-04-15；理由：一季度人手不足｜超期停“未完成”，起算“已排期”至04-15 17:30
2026-04-10 周五 10:00｜65日1时｜示例服务团成员·对口合肥市｜告知 → 已告知｜告知的对象和方式：电话告知示例企业｜起算“已告知”至04-15 17:30
2026-04-14 周二 17:30｜68日｜时钟｜提醒：已告知｜“已告知”至2026年4月15日、至多4个月，04-15 17:30 止，告知示例服务团成员·对口合肥市
2026-04-15 周三 09:30｜68日30分｜示例服务团成员·对口合肥市｜签到 → 走访中｜走访地点：示例厂区；走访人员（姓名、职务）：示例服务团成员（副处长）｜起算“走访中”至04-16 17:30
2026-04-15 周三 11:30｜68日2时30分｜示例服务团成员·对口合肥市｜完成走访 → 待填台账｜走访方式：实地；企业承担的费用（元）：0；未干预生产经营、未要求企业报销、无有损形象的活动：是｜起算“待填台账”至04-20 17:30
2026-04-15 周三 15:00｜68日4时30分｜示例服务团成员·对口合肥市｜填报台账 → 待报走访报告｜反映问题（条）：0；处理意见：无需协调｜起算“待报走访报告”至04-22 17:30
2026-04-15 周三 16:00｜68日5时30分｜示例服务团成员·对口合肥市｜报送走访报告 → 审阅｜企业（地市）概况：示例概况；生产经营与研发情况：生产正常；存在问题与诉求：无；现场答复与解决情况：无；下一步计划：下季度再访｜起算“审阅”至04-20 17:30
2026-04-16 周四 10:00｜69日1时｜示例服务团联络员·对口合肥市｜审阅通过，归档 → 归档｜审阅意见：同意归档｜按时停“全程时限”"""
    )


def test_a_finding_is_an_issue_in_the_same_queue_with_its_source(office: StoryOffice) -> None:
    visit = finished(office)
    office.step("raise_issue", by="team", finding="示例问题一件", finding_details="走访时反映")

    issue = office.cases[office.opened_from(visit)]

    assert (issue.workflow, issue.state, issue.region, issue.subject) == (
        "issue",
        "received",
        "340104",
        "91340100MA2DD272X5",
    )
    assert issue.data == {"summary": "示例问题一件", "details": "走访时反映", "source": "visit"}


def test_a_visit_is_announced_two_working_days_before_or_not_at_all(office: StoryOffice) -> None:
    office.open("visit", by="programme", at="2026-03-02 09:00", **SLOT)
    office.step("schedule", by="team", at="2026-03-03 10:00", visit_on="2026-03-12")

    office.until("2026-03-11 10:00")  # one working day ahead
    assert office.blockers("notify", by="team", notice="电话告知示例企业") == ["guard"]
    office.step("put_back", by="team", reason="告知不及")
    assert office.case.state == "planned"


def test_a_day_on_which_it_could_no_longer_be_announced_is_not_accepted(office: StoryOffice) -> None:
    """From Monday 2 March, Tuesday is one working day ahead and Wednesday two; from Friday 6 the Monday is one."""
    office.open("visit", by="programme", at="2026-03-02 09:00", **SLOT)
    assert office.blockers("schedule", by="team", visit_on="2026-03-03") == ["guard"]
    office.until("2026-03-06 10:00")
    assert office.blockers("schedule", by="team", visit_on="2026-03-09") == ["guard"]
    office.step("schedule", by="team", visit_on="2026-03-10")
    office.step("notify", by="team", notice="电话告知示例企业")
    assert office.case.state == "notified"

    office.open("visit", by="programme", at="2026-03-02 09:00", **SLOT)
    office.until("2026-04-09 10:00")
    assert office.blockers("make_up", by="team", visit_on="2026-04-10", reason="人手不足") == ["guard"]


def test_nobody_checks_in_before_the_day_that_was_announced(office: StoryOffice) -> None:
    notified(office)
    office.until("2026-03-11 16:00")
    assert office.blockers("check_in", by="team", **CHECK_IN) == ["guard"]
    office.step("check_in", by="team", at="2026-03-12 09:30", **CHECK_IN)

    office.open("visit", by="coordinator", at="2026-03-12 09:40", kind="other")
    office.step("schedule", by="coordinator", visit_on="2026-03-18")
    office.step("notify", by="coordinator", notice="电话告知示例企业")
    office.until("2026-03-17 14:30")
    assert office.blockers("check_in_local", by="coordinator", **CHECK_IN) == ["guard"]
    office.step("check_in_local", by="coordinator", at="2026-03-18 14:30", **CHECK_IN)
    assert office.case.state == "visiting"


def test_a_visit_of_the_plan_is_held_on_site_and_within_its_period(office: StoryOffice) -> None:
    office.open("visit", by="programme", at="2026-03-02 09:00", **SLOT)
    assert office.blockers("schedule", by="team", visit_on="2026-04-01") == ["guard"]
    assert office.blockers("cancel", by="team", reason="没有时间") == ["guard"]

    office.step("schedule", by="team", visit_on="2026-03-31")
    office.step("notify", by="team", notice="电话告知示例企业")
    office.step("check_in", by="team", at="2026-03-31 09:30", **CHECK_IN)
    assert office.blockers("finish", by="team", **{**FINISH, "method": "phone"}) == ["guard"]
    assert office.blockers("finish", by="team", **{**FINISH, "declared": False}) == ["guard"]


def test_who_wrote_the_report_does_not_approve_it(office: StoryOffice) -> None:
    finished(office)
    office.step("file_ledger", by="team", at="2026-03-13 10:00", **LEDGER)
    office.step("file_report", by="team_liaison", at="2026-03-13 11:00", **REPORT)

    assert office.blockers("approve", by="team_liaison", review="同意归档") == ["separation"]


def test_a_day_that_passes_without_a_visit_makes_it_plan_again_and_the_end_of_the_period_makes_it_missed(
    office: StoryOffice,
) -> None:
    notified(office)
    office.until("2026-03-12 17:31")
    assert (office.case.state, office.case.holder.role) == ("planned", "team")

    office.until("2026-03-31 17:31")
    assert (office.case.state, office.case.holder.role) == ("missed", "top_leader")
    assert "make_up" not in office.case.taken


def test_a_missed_visit_waits_until_it_is_made_up_however_long_that_takes(office: StoryOffice) -> None:
    office.open("visit", by="programme", at="2026-03-02 09:00", **SLOT)

    office.until("2026-12-31 18:00")

    assert office.case.state == "missed"


def test_a_ledger_that_nobody_writes_climbs_to_the_provincial_leader_who_sends_it_back(
    office: StoryOffice,
) -> None:
    """Due on Tuesday 17 March; five working days later is Tuesday 24 March."""
    finished(office)
    office.until("2026-03-24 17:29")
    assert office.case.state == "ledger"
    office.until("2026-03-24 17:30")
    assert (office.case.state, office.case.holder.role) == ("pressed", "top_leader")

    office.step("press", by="top_leader", at="2026-03-25 10:00", decision="三日内补齐")
    assert office.case.state == "ledger"


def test_another_visit_may_be_merged_into_one_of_the_plan_but_not_the_other_way_round(
    office: StoryOffice,
) -> None:
    planned = office.open("visit", by="programme", at="2026-03-02 09:00", **SLOT)
    other = office.open("visit", by="liaison", at="2026-03-02 10:00", kind="other")

    assert office.case.id == other
    office.step("merge", by="liaison", merged_into=planned, reason="无事不扰，一并走访")
    assert (office.case.state, office.case.ended) == ("merged", "final")

    office.turn_to(planned)
    assert "guard" in office.blockers("merge", by="team", merged_into=CaseId(other), reason="并出")


def test_a_visit_of_the_plan_counts_only_with_a_member_of_the_team_and_a_countys_own_without(
    office: StoryOffice,
) -> None:
    notified(office)
    office.until("2026-03-12 09:00")
    assert office.blockers("check_in_local", by="liaison", **CHECK_IN) == ["guard"]
    assert office.blockers("check_in", by="p-340104-liaison-1", **CHECK_IN) == ["role_missing"]

    office.open("visit", by="coordinator", at="2026-03-12 09:10", kind="other")
    office.step("schedule", by="coordinator", visit_on="2026-03-16")
    office.step("notify", by="coordinator", notice="电话告知示例企业")
    office.step("check_in_local", by="coordinator", at="2026-03-16 14:30", **CHECK_IN)
    office.step("finish", by="coordinator", at="2026-03-16 16:00", **FINISH)
    assert office.case.state == "ledger"
