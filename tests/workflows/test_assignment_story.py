# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of a task that the level above hands down: signed, given to one person, answered, checked, given back, or late.

Days are counted by hand on the notice for 2026: off are 04-04 to 04-06; from Monday 2 March to Friday 3 April there is no day off but the
weekends. Ten working days from 03-02 are Monday 03-16; five working days late is Monday 03-23. A fifth of 77 working hours (7 on each of
eleven days) is 15.4: two days of 7 and 1 h 24 min, so the yellow light comes on Thursday 03-12 at 16:06.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

TASK: dict[str, Any] = {
    "matter": "建立服务企业清单",
    "requirement": "三月底前建成并动态更新",
    "unit": "u-340104-science",
}
REPLY: dict[str, Any] = {"result": "清单已建立，共120家", "proof": ["示例-1"]}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def working(office: StoryOffice) -> str:
    case = office.open("assignment", by="issuer", at="2026-03-02 09:00", **TASK)
    office.step("sign", by="handler", at="2026-03-02 10:00")
    office.step("allot", by="head", at="2026-03-03 10:00", officer="p-340104-handler-1")
    return case


def test_a_task_is_signed_allotted_answered_given_back_once_and_cleared(office: StoryOffice) -> None:
    case = working(office)
    office.step("reply", by="handler", at="2026-03-10 10:00", **REPLY)
    office.step("redo", by="checker", at="2026-03-11 10:00", opinion="缺高新区企业")
    office.step("reply", by="handler", at="2026-03-13 10:00", **REPLY)
    office.step("clear", by="checker", at="2026-03-13 15:00", opinion="同意销号")

    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜示例协调处室·合肥市｜登记 任务 → 待签收｜任务：建立服务企业清单；任务要求：三月底前建成并动态更新；承办单位：合肥市蜀山区科技局｜起算“全程时限”至05-28 17:30，起算“反馈时限”至03-16 17:30，起算“待签收”至03-03 17:30
2026-03-02 周一 10:00｜1时｜示例承办人·合肥市蜀山区｜签收 → 待分办｜｜起算“待分办”至03-04 17:30
2026-03-03 周二 10:00｜1日1时｜示例单位负责人·合肥市蜀山区科技局｜分办到人 → 办理中｜责任人：示例承办人·合肥市蜀山区｜起算“办理中”至04-08 17:30
2026-03-10 周二 10:00｜6日1时｜示例承办人·合肥市蜀山区｜反馈 → 复核｜完成情况：清单已建立，共120家｜暂停“反馈时限”，起算“复核”至03-13 17:30
2026-03-11 周三 10:00｜7日1时｜示例审核员·合肥市｜退回重办 → 办理中｜复核意见：缺高新区企业｜恢复“反馈时限”至03-17 17:30，起算“办理中”至04-16 17:30
2026-03-13 周五 10:00｜9日1时｜示例承办人·合肥市蜀山区｜反馈 → 复核｜完成情况：清单已建立，共120家｜暂停“反馈时限”，起算“复核”至03-18 17:30
2026-03-13 周五 15:00｜9日4时30分｜示例审核员·合肥市｜销号 → 销号｜复核意见：同意销号｜按时停“反馈时限”，按时停“全程时限”"""
    )


def test_a_late_task_is_pressed_level_by_level_and_on_the_fifth_day_a_supervision_order_follows(
    office: StoryOffice,
) -> None:
    case = working(office)

    office.until("2026-03-23 17:30")

    feedback = [line for line in office.timeline(case).split("\n") if "反馈时限”10" in line]
    assert (
        "\n".join(feedback)
        == """\
2026-03-12 周四 16:06｜8日5时36分｜时钟｜提醒：反馈时限｜“反馈时限”10个工作日，03-16 17:30 止，告知示例承办人·合肥市蜀山区、示例联络员·合肥市蜀山区
2026-03-16 周一 17:30｜11日｜时钟｜超期（红灯）｜“反馈时限”10个工作日，03-16 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局
2026-03-17 周二 17:30｜12日｜时钟｜催办｜“反馈时限”10个工作日，03-16 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局、示例联络员·合肥市
2026-03-19 周四 17:30｜14日｜时钟｜提级督促｜“反馈时限”10个工作日，03-16 17:30 止，告知示例承办人·合肥市蜀山区、示例分管领导·合肥市
2026-03-23 周一 17:30｜16日｜时钟｜红牌督办｜“反馈时限”10个工作日，03-16 17:30 止，告知示例承办人·合肥市蜀山区、示例分管领导·安徽省"""
    )
    order = office.cases[office.opened_from(case)]
    assert (order.workflow, order.data) == (
        "supervision",
        {"matter": "建立服务企业清单", "unit": "u-340104-science"},
    )


def test_a_task_that_nobody_signs_counts_as_signed_and_its_limit_runs_from_the_start(
    office: StoryOffice,
) -> None:
    """Handed down on 2 March: taken as signed on the 3rd, as allotted on the 5th; the answer is due on the 16th all the same."""
    office.open("assignment", by="issuer", at="2026-03-02 09:00", **TASK)
    office.until("2026-03-03 17:31")
    assert office.case.state == "allotting"
    office.until("2026-03-05 17:31")
    assert office.case.state == "working"
    office.until("2026-03-16 17:31")
    assert "due" in office.case.clocks["feedback"].fired


def test_the_third_return_goes_to_the_provincial_leader(office: StoryOffice) -> None:
    working(office)
    for day in ("04", "05", "06"):
        office.step("reply", by="handler", at=f"2026-03-{day} 10:00", **REPLY)
        office.step("redo", by="checker", at=f"2026-03-{day} 15:00", opinion="不全")

    assert (office.case.state, office.case.holder.role) == ("with_top_leader", "top_leader")


def test_the_county_cannot_clear_its_own_task(office: StoryOffice) -> None:
    working(office)
    office.step("reply", by="handler", at="2026-03-10 10:00", **REPLY)

    assert office.blockers("clear", by="p-340104-reviewer-1", opinion="同意") == ["other_region"]
