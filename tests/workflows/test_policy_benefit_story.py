# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of policy benefits: told once, coached, applied for, enjoyed; or declined with a reason.

Days are counted by hand on the notice for 2026: off are 02-16 to 02-20 and 02-23, 04-06, 05-01 to 05-05, 06-19; worked are the
Saturdays 02-14, 02-28 and 05-09.
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.definition import FieldType
from tests.support.story_office import StoryOffice, programs

TOLD: dict[str, Any] = {"notice": "符合加计扣除条件，可在汇算清缴时享受", "unit": "u-340104-tax"}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def informed(office: StoryOffice) -> str:
    case = office.open(
        "policy_benefit", by="programme", at="2026-02-09 08:30", policy="rd_deduction", year=2025
    )
    office.step("inform", by="coordinator", at="2026-02-12 10:00", **TOLD)
    return case


def applied(office: StoryOffice) -> str:
    case = informed(office)
    office.step("accept", by="client", at="2026-02-24 10:00")
    office.step("apply", by="client", at="2026-04-02 10:00", applied_on="2026-04-01")
    return case


def test_a_policy_is_told_coached_refused_once_and_enjoyed(office: StoryOffice) -> None:
    case = informed(office)
    office.step("accept", by="client", at="2026-02-24 10:00")
    office.step("coach", by="coordinator", at="2026-03-10 10:00", coaching="补齐研发支出辅助账")
    office.step("apply", by="client", at="2026-04-02 10:00", applied_on="2026-04-01")
    office.step(
        "fail", by="department", at="2026-04-20 10:00", fail_reason="委托研发没有登记合同", may_retry=True
    )
    office.step("apply", by="coordinator", at="2026-05-12 10:00", applied_on="2026-05-11")
    office.refused("bad_field", "enjoy", by="department", at="2026-05-29 09:50", amount=0, proof=["示例-1"])
    office.step("enjoy", by="department", at="2026-05-29 10:00", amount=386400, proof=["示例-1"])

    assert (
        office.timeline(case)
        == """\
2026-02-09 周一 08:30｜0分｜系统｜登记 惠企政策应享尽享 → 匹配待告知｜政策：研发费用加计扣除；享受年度：2025｜起算“全程时限”至2027-08-09 17:30（暂定），起算“匹配待告知”至02-28 17:30
2026-02-12 周四 10:00｜3日1时｜示例协调处室·合肥市蜀山区｜告知企业 → 已告知待企业答复｜告知内容：符合加计扣除条件，可在汇算清缴时享受；主管部门：合肥市蜀山区税务局｜起算“已告知待企业答复”至03-18 17:30
2026-02-24 周二 10:00｜6日1时｜示例企业联系人·91340100MA2DD272X5｜愿意申请 → 辅导｜｜起算“辅导”至05-21 17:30
2026-03-10 周二 10:00｜17日1时｜示例协调处室·合肥市蜀山区｜记录辅导｜辅导情况：补齐研发支出辅助账
2026-04-02 周四 10:00｜34日1时｜示例企业联系人·91340100MA2DD272X5｜已申请 → 已申请待结果｜申请（申报）日期：2026-04-01｜起算“已申请待结果”至07-01 17:30
2026-04-20 周一 10:00｜45日1时｜示例责任部门经办·合肥市蜀山区税务局｜未通过 → 辅导｜未通过的原因：委托研发没有登记合同；辅导后可以再申请：是｜起算“辅导”至07-16 17:30
2026-05-12 周二 10:00｜59日1时｜示例协调处室·合肥市蜀山区｜已申请 → 已申请待结果｜申请（申报）日期：2026-05-11｜起算“已申请待结果”至08-05 17:30
2026-05-29 周五 09:50｜72日50分｜示例责任部门经办·合肥市蜀山区税务局｜✗ 已享受｜“享受金额（元）”不小于1
2026-05-29 周五 10:00｜72日1时｜示例责任部门经办·合肥市蜀山区税务局｜已享受 → 已享受｜享受金额（元）：386400｜按时停“全程时限”"""
    )


def test_the_four_policies_of_the_scheme_are_the_choice() -> None:
    options = programs()["policy_benefit"].definition.fields["policy"].options

    assert [title.zh for title in options.values()] == [
        "研发费用加计扣除",
        "高新技术企业税收优惠",
        "科技创业孵化载体税收优惠",
        "技术交易税收优惠",
    ]


def test_an_enterprise_that_does_not_want_it_says_why(office: StoryOffice) -> None:
    informed(office)
    assert office.blockers("decline", by="client") == ["missing_field"]

    office.step("decline", by="client", at="2026-02-25 10:00", decline_reason="loss")

    assert (office.case.state, office.case.data["decline_reason"]) == ("declined", "loss")


def test_a_notice_that_is_not_given_climbs_to_the_leader_above(office: StoryOffice) -> None:
    """Ten working days after 9 February: 10 to 14, 24 to 28 February; five more are 2 to 6 March."""
    office.open("policy_benefit", by="programme", at="2026-02-09 08:30", policy="high_tech_tax", year=2025)

    office.until("2026-03-06 17:29")
    assert office.case.state == "matched"
    office.until("2026-03-06 17:30")

    assert (office.case.state, office.case.holder.role) == ("with_leader", "upper_leader")
    office.step("decide", by="upper_leader", at="2026-03-09 10:00", decision="当日告知")
    assert office.case.state == "matched"


def test_the_notice_is_given_only_once(office: StoryOffice) -> None:
    """Nobody answers within twenty working days (18 March): the county asks by itself and does not write again."""
    informed(office)
    office.until("2026-03-18 17:30")

    assert office.case.state == "coaching"
    assert office.blockers("inform", by="coordinator", **TOLD) == ["wrong_state"]
    steps = programs()["policy_benefit"].definition.states["matched"].steps
    assert steps["inform"].at_most == 1


def test_only_the_department_that_holds_it_says_what_was_enjoyed(office: StoryOffice) -> None:
    applied(office)
    result = {"amount": 386400, "proof": ["示例-1"]}

    assert office.blockers("enjoy", by="p-340104-coordinator-1", **result) == ["role_missing"]
    assert office.blockers("enjoy", by="p-340104-finance-department-1", **result) == ["other_unit"]
    assert office.blockers("enjoy", by="department", amount=386400) == ["missing_field"]


def test_a_second_refusal_is_the_last(office: StoryOffice) -> None:
    applied(office)
    again = {"fail_reason": "资料不全", "may_retry": True}
    office.step("fail", by="department", at="2026-04-20 10:00", **again)
    office.step("apply", by="client", at="2026-05-12 10:00", applied_on="2026-05-11")
    office.step("fail", by="department", at="2026-05-20 10:00", **again)

    assert (office.case.state, office.case.ended) == ("failed", "final")


def test_an_enterprise_that_moved_away_is_removed_by_the_figures_from_every_open_state(
    office: StoryOffice,
) -> None:
    states = programs()["policy_benefit"].definition.states
    assert [s for s, spec in states.items() if not spec.final and "remove_by_figures" not in spec.steps] == []
    applied(office)
    assert office.blockers("remove_by_figures", by="p-340104-liaison-1", removal_reason="moved") == [
        "role_missing"
    ]

    office.step("remove_by_figures", by="programme", at="2026-04-03 08:30", removal_reason="moved")

    assert office.case.state == "removed"


def test_amounts_are_whole_yuan() -> None:
    assert programs()["policy_benefit"].definition.fields["amount"].type is FieldType.INTEGER
