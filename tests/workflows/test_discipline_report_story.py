# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of a complaint about conduct: anonymous or not, straight to the auditor of the province, out of sight of those complained of.

Days are counted by hand on the notice for 2026: 04-04 to 04-06 are off. Three working days from Monday 03-02 are Thursday 03-05; thirty from Tuesday 03-03
are Wednesday 04-15 (23 to Friday 04-03, then 7, 8, 9, 10, 13, 14, 15 April); five from Friday 03-20 are Friday 03-27, from Tuesday 03-24
Tuesday 03-31.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.access import Actor, grants_of, may_read, reach
from tests.support.story_office import StoryOffice, directory

COMPLAINT: dict[str, Any] = {"matter": "走访时要求企业承担餐费", "happened_on": "2026-02-27"}
FINDING: dict[str, Any] = {"finding": "proven", "conclusion": "餐费380元由企业支付", "proof": ["示例-1"]}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice(region="34", subject="")


def concluded(office: StoryOffice, **other: Any) -> str:
    case = office.open("discipline_report", by="programme", at="2026-03-02 09:00", **COMPLAINT)
    office.step("accept", by="auditor", at="2026-03-03 10:00", about="expenses")
    office.step("conclude", by="auditor", at="2026-03-20 10:00", **{**FINDING, **other})
    return case


def test_an_anonymous_complaint_is_proven_and_a_supervision_order_follows(office: StoryOffice) -> None:
    case = concluded(office)
    office.step(
        "order", by="top_leader", at="2026-03-24 10:00", decision="退还餐费并检查", unit="u-340104-science"
    )
    office.step("reply", by="auditor", at="2026-03-25 10:00", answer="已责令退还")

    order = office.cases[office.opened_from(case)]
    assert (order.workflow, order.data) == (
        "supervision",
        {"matter": "走访时要求企业承担餐费", "unit": "u-340104-science"},
    )
    office.turn_to(case)
    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜系统｜登记 纪律监督 → 待受理｜反映的问题：走访时要求企业承担餐费；发生日期：2026-02-27｜起算“全程时限”至07-10 17:30，起算“待受理”至03-05 17:30
2026-03-03 周二 10:00｜1日1时｜示例审计员·安徽省｜受理核查 → 核查｜问题类别：要求承担费用｜起算“核查”至04-15 17:30
2026-03-20 周五 10:00｜14日1时｜示例审计员·安徽省｜报告核查结论 → 报分管厅领导｜核查结论：属实；核查情况：餐费380元由企业支付｜起算“报分管厅领导”至03-27 17:30
2026-03-24 周二 10:00｜16日1时｜示例分管领导·安徽省｜责令整改 → 答复反映人｜处理意见：退还餐费并检查；整改单位：合肥市蜀山区科技局｜起算“答复反映人”至03-31 17:30
2026-03-24 周二 10:00｜16日1时｜系统｜关联事项有变化｜事项 202600000023 已由本事项开出
2026-03-25 周三 10:00｜17日1时｜示例审计员·安徽省｜答复（匿名的公布结果） → 办结｜答复：已责令退还｜按时停“全程时限”"""
    )


def test_how_to_reach_the_reporter_is_personal_and_nobody_has_to_say_it() -> None:
    definition = StoryOffice().workflows["discipline_report"].definition

    assert definition.fields["contact"].personal
    assert "contact" in definition.opening.may
    assert "contact" not in definition.opening.needs


@pytest.mark.parametrize("person", ["p-3401-liaison-1", "p-3401-leader-1", "p-340104-liaison-1"])
def test_city_and_county_do_not_see_a_complaint(office: StoryOffice, person: str) -> None:
    concluded(office)
    case = office.case
    posts = directory().posts_of(person, on=date(2026, 3, 2))

    sight = reach(Actor(id=person, grants=grants_of(posts)))

    assert not may_read(sight, region=case.region, units=case.units, subject=case.subject or None)


def test_a_complaint_that_was_not_proven_orders_nothing(office: StoryOffice) -> None:
    concluded(office, finding="unfounded")

    assert office.blockers("order", by="top_leader", decision="整改", unit="u-340104-science") == ["guard"]
    office.step("close", by="top_leader", at="2026-03-24 10:00", decision="不属实，了结")
    assert office.case.state == "answering"


def test_a_complaint_that_nobody_takes_up_climbs_to_the_provincial_leader(office: StoryOffice) -> None:
    office.open("discipline_report", by="programme", at="2026-03-02 09:00", **COMPLAINT)
    office.until("2026-03-05 17:31")
    assert (office.case.state, office.case.holder.role) == ("deciding", "top_leader")
    assert office.blockers("close", by="top_leader", decision="了结") == ["guard"]

    office.step("recheck", by="top_leader", at="2026-03-06 10:00", decision="立即核查")
    assert office.case.state == "checking"
