# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of orders by hand: a reminder with its shorter limit, given back once. The ones that follow from a late case are told there.

Days are counted by hand: from Monday 2 to Friday 13 March 2026 every weekday is worked. Three working days from 03-02 are Thursday 03-05,
from Thursday 03-05 Tuesday 03-10; sixty from 03-02 are Thursday 05-28 (21 in March, 21 in April
without 04-04 to 04-06, 18 in May without 05-01 to 05-05 and with Saturday 05-09).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

ORDER: dict[str, Any] = {"matter": "示例事项超期一个工作日", "unit": "u-340104-science"}
REPORT: dict[str, Any] = {"report": "已补办并答复企业", "proof": ["示例-1"]}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def test_a_reminder_is_signed_answered_given_back_a_level_higher_and_cleared(office: StoryOffice) -> None:
    case = office.open("supervision", by="supervisor", at="2026-03-02 09:00", kind="urge", **ORDER)
    office.step("sign", by="handler", at="2026-03-02 10:00")
    office.step("reply", by="handler", at="2026-03-04 10:00", **REPORT)
    office.step("again", by="supervisor", at="2026-03-04 15:00", opinion="未答复企业")
    office.step("sign", by="head", at="2026-03-05 10:00")
    office.step("reply", by="handler", at="2026-03-06 10:00", **REPORT)
    office.step("pass", by="supervisor", at="2026-03-06 15:00", opinion="整改到位")

    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜示例督办员·合肥市｜登记 红牌督办单 → 待签收｜文书：催办单；督办事项：示例事项超期一个工作日；被督办单位：合肥市蜀山区科技局｜起算“全程时限”至05-28 17:30，起算“待签收”至03-03 17:30
2026-03-02 周一 10:00｜1时｜示例承办人·合肥市蜀山区｜签收 → 整改中｜｜起算“整改中”至03-05 17:30
2026-03-03 周二 17:30｜2日｜时钟｜提醒：整改中｜“整改中”3个工作日，03-05 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局
2026-03-04 周三 10:00｜2日1时｜示例承办人·合肥市蜀山区｜报告整改情况 → 复核｜整改情况：已补办并答复企业｜起算“复核”至03-09 17:30
2026-03-04 周三 15:00｜2日4时30分｜示例督办员·合肥市｜再督办 → 待签收｜复核意见：未答复企业｜起算“待签收”至03-05 17:30
2026-03-05 周四 10:00｜3日1时｜示例单位负责人·合肥市蜀山区科技局｜签收 → 整改中｜｜起算“整改中”至03-10 17:30
2026-03-06 周五 10:00｜4日1时｜示例承办人·合肥市蜀山区｜报告整改情况 → 复核｜整改情况：已补办并答复企业｜起算“复核”至03-11 17:30
2026-03-06 周五 15:00｜4日4时30分｜示例督办员·合肥市｜销号 → 销号｜复核意见：整改到位｜按时停“全程时限”"""
    )


def test_an_order_a_level_higher_is_told_to_the_leader(office: StoryOffice) -> None:
    case = office.open("supervision", by="supervisor", at="2026-03-02 09:00", **ORDER)
    office.step("sign", by="handler", at="2026-03-02 10:00")
    office.step("reply", by="handler", at="2026-03-04 10:00", **REPORT)
    office.step("again", by="supervisor", at="2026-03-04 15:00", opinion="未答复企业")

    told = [e["people"] for e in office.histories[office.case.id][-1].effects if e.get("about") == "step"]
    assert (case, told) == (office.case.id, [["p-340104-leader-1"]])


def test_an_order_that_is_not_carried_out_climbs_to_the_provincial_leader(office: StoryOffice) -> None:
    """Signed on 2 March, due on Monday the 9th; three working days later is Thursday the 12th."""
    office.open("supervision", by="supervisor", at="2026-03-02 09:00", **ORDER)
    office.step("sign", by="handler", at="2026-03-02 10:00")
    office.until("2026-03-12 17:29")
    assert office.case.state == "rectifying"
    office.until("2026-03-12 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_top_leader", "top_leader")


def test_who_reported_does_not_check(office: StoryOffice) -> None:
    office.open("supervision", by="supervisor", at="2026-03-02 09:00", **ORDER)
    office.step("sign", by="handler", at="2026-03-02 10:00")
    office.step("reply", by="handler", at="2026-03-04 10:00", **REPORT)

    assert "separation" in office.blockers("pass", by="p-340104-handler-1", opinion="整改到位")
