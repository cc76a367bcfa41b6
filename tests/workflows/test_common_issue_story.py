# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of a problem that several enterprises share: studied once, and the end is told to every one of them.

Days are counted by hand on the notice for 2026; between 2 March and 3 April there is no day off but the weekends, 04-04 to 04-06 and 05-01
to 05-05 are off, Saturday 05-09 is worked. Ten working days from Monday 03-02 are Monday 03-16; twenty from 03-05 are Thursday 04-02; five
from 04-29 are 04-30, 05-06, 05-07, 05-08 and Saturday 05-09.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.case import CaseId
from tests.support.story_office import StoryOffice

UNIT, SCIENCE = "u-34-science", "u-340104-science"
ISSUE: dict[str, Any] = {"summary": "中试用地指标不足", "source": "visit"}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def issues(office: StoryOffice, number: int) -> list[str]:
    return [str(office.open("issue", by="client", at=f"2026-03-02 09:0{n}", **ISSUE)) for n in range(number)]


def established(office: StoryOffice, number: int = 3) -> tuple[str, list[str]]:
    linked = issues(office, number)
    case = office.open("common_issue", by="liaison", at="2026-03-02 10:00", matter="中试用地普遍不足")
    office.step("establish", by="province", at="2026-03-05 10:00", cases=linked, counties=2, unit=UNIT)
    return case, linked


def proposed(office: StoryOffice) -> tuple[str, list[str]]:
    case, linked = established(office)
    office.step("analyse", by="handler", at="2026-03-25 10:00", analysis="指标按园区切块")
    office.step("propose", by="handler", at="2026-03-27 10:00", measure="policy", proposal="单列中试用地指标")
    return case, linked


def test_an_adopted_proposal_is_implemented_and_every_linked_issue_hears_of_it(office: StoryOffice) -> None:
    case, linked = proposed(office)
    office.step("adopt", by="top_leader", at="2026-04-01 10:00", decision="采纳，商自然资源部门落实")
    office.step("implement", by="handler", at="2026-04-29 10:00", outcome="已联合发文", proof=["示例-1"])
    office.step("feed_back", by="province", at="2026-04-30 10:00", feedback="中试用地可单列申请")

    heard = [office.cases[CaseId(issue)].related[CaseId(case)]["news"] for issue in linked]
    assert heard == ["ended", "ended", "ended"]
    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 10:00｜0分｜示例联络员·合肥市蜀山区｜登记 共性问题 → 候选｜共性问题：中试用地普遍不足｜起算“全程时限”至2027-09-02 17:30（暂定），起算“候选”至03-16 17:30
2026-03-05 周四 10:00｜3日｜示例协调处室·安徽省｜立项 → 分析｜关联诉求：202600000015、202600000023、202600000031；涉及县（区）数：2；研究单位：安徽省科技厅｜起算“分析”至04-02 17:30
2026-03-25 周三 10:00｜17日｜示例承办人·安徽省｜完成分析 → 提出建议｜成因分析：指标按园区切块｜起算“提出建议”至04-23 17:30
2026-03-27 周五 10:00｜19日｜示例承办人·安徽省｜报分管厅领导 → 报分管厅领导｜建议类型：完善、制定政策；建议：单列中试用地指标｜起算“报分管厅领导”至04-13 17:30
2026-04-01 周三 10:00｜22日｜示例分管领导·安徽省｜采纳 → 落实｜批示意见：采纳，商自然资源部门落实｜起算“落实”至10-08 17:30
2026-04-29 周三 10:00｜41日｜示例承办人·安徽省｜报告落实情况 → 反馈｜落实情况：已联合发文｜起算“反馈”至05-09 17:30
2026-04-30 周四 10:00｜42日｜示例协调处室·安徽省｜反馈到关联诉求 → 已采纳并落实反馈｜对各关联诉求的反馈：中试用地可单列申请｜按时停“全程时限”"""
    )


def test_a_proposal_that_is_declined_says_why_and_is_told_all_the_same(office: StoryOffice) -> None:
    case, linked = proposed(office)
    office.step("decline", by="top_leader", at="2026-04-01 10:00", reason="须由国家层面统一规定")
    office.step("feed_back", by="province", at="2026-04-02 10:00", feedback="暂无政策依据，已向上反映")

    assert office.case.state == "declined"
    assert {office.cases[CaseId(issue)].related[CaseId(case)]["news"] for issue in linked} == {"ended"}


def people_told(office: StoryOffice, case: str, about: str) -> list[str]:
    effects = (effect for event in office.histories[CaseId(case)] for effect in event.effects)
    return [person for effect in effects if effect.get("about") == about for person in effect["people"]]


def test_who_closed_a_linked_issue_long_ago_hears_of_the_end(office: StoryOffice) -> None:
    case, linked = established(office)
    office.turn_to(linked[0])
    office.step("dispatch", by="top_leader", at="2026-03-05 10:10", lead_unit=SCIENCE, category="general")
    office.step("withdraw", by="client", at="2026-03-05 10:20", withdraw_reason="企业自行解决")
    office.turn_to(case)
    office.step("analyse", by="handler", at="2026-03-06 10:00", analysis="指标按园区切块")
    office.step("propose", by="handler", at="2026-03-06 11:00", measure="system", proposal="建立会商机制")
    office.step("decline", by="top_leader", at="2026-03-06 14:00", reason="已有会商机制")
    office.step("feed_back", by="province", at="2026-03-06 15:00", feedback="请用现有机制")

    told = people_told(office, linked[0], "related_ended")
    assert told == ["p-34-leader-1", "p-client-91340100MA2DD272X5"]  # who dispatched it, who withdrew it


def test_two_issues_or_one_county_need_a_reason_to_be_studied(office: StoryOffice) -> None:
    linked = issues(office, 2)
    office.open("common_issue", by="liaison", at="2026-03-02 10:00", matter="中试用地普遍不足")
    two = {"cases": linked, "counties": 2, "unit": UNIT}

    assert office.blockers("establish", by="province", **two) == ["guard"]
    assert office.blockers("establish", by="province", **two, manual_reason="省领导批示") == []


def test_an_issue_that_does_not_exist_cannot_be_linked(office: StoryOffice) -> None:
    office.open("common_issue", by="liaison", at="2026-03-02 10:00", matter="中试用地普遍不足")
    unknown = {"cases": ["202600009999"], "counties": 2, "unit": UNIT, "manual_reason": "省领导批示"}

    assert office.blockers("establish", by="province", **unknown) == ["bad_link"]


def test_a_study_that_nobody_makes_climbs_to_the_provincial_leader_and_goes_on_where_it_stopped(
    office: StoryOffice,
) -> None:
    """Established on Thursday 5 March: twenty working days end on Thursday 2 April."""
    established(office)
    office.until("2026-04-02 17:29")
    assert office.case.state == "analysing"
    office.until("2026-04-02 17:30")
    assert (office.case.state, office.case.holder.role) == ("pressed", "top_leader")

    office.step("press", by="top_leader", at="2026-04-03 10:00", decision="两周内完成")
    assert office.case.state == "analysing"
