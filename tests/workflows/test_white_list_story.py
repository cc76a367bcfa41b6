# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of the white list: nothing goes to a bank without the enterprise's own consent.

Days are counted by hand on the notice for 2026: off are 01-01 to 01-03, 02-16 to 02-20 and 02-23, 04-06, 05-01 to 05-05; worked are
01-04, 02-14, 02-28 and 05-09. A quarter ends on its last day.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice, programs

APPROVED: dict[str, Any] = {"basis": ["activity", "patents"], "opinion": "符合条件"}
CONSENT: dict[str, Any] = {"consent": True, "consent_files": ["示例-1"]}
PUSHED: dict[str, Any] = {"bank_unit": "u-340104-banking", "push_note": "流动资金五百万元"}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def authorising(office: StoryOffice) -> str:
    case = office.open("white_list", by="programme", at="2026-01-05 08:30", year=2025)
    office.step("approve", by="reviewer", at="2026-01-09 10:00", **APPROVED)
    return case


def listed(office: StoryOffice) -> str:
    case = authorising(office)
    office.step("authorise", by="client", at="2026-01-20 10:00", **CONSENT)
    return case


def test_a_candidate_consents_gets_credit_is_refreshed_and_withdraws(office: StoryOffice) -> None:
    case = authorising(office)
    office.refused(
        "guard", "authorise", by="client", at="2026-01-20 09:50", consent=False, consent_files=["示例-1"]
    )
    office.step("authorise", by="client", at="2026-01-20 10:00", **CONSENT)
    office.step("push", by="coordinator", at="2026-02-10 10:00", **PUSHED)
    office.step("grant", by="bank", at="2026-03-12 10:00", credit=300)
    office.step(
        "refresh",
        by="coordinator",
        at="2026-04-10 10:00",
        basis=["activity", "patents", "institution"],
        refresh_note="新建研发机构",
    )
    office.step("withdraw_consent", by="client", at="2026-06-25 10:00")

    assert (
        office.timeline(case)
        == """\
2026-01-05 周一 08:30｜0分｜系统｜登记 科技型企业白名单 → 候选待审核｜数据年份：2025｜起算“本轮全程时限”至07-06 17:30，起算“候选待审核”至01-19 17:30
2026-01-09 周五 10:00｜4日1时｜示例协调处室·合肥市｜审核通过 → 待企业授权｜入册依据：有研发活动、有知识产权；审核意见：符合条件｜起算“待企业授权”至02-06 17:30
2026-01-20 周二 09:50｜11日50分｜示例企业联系人·91340100MA2DD272X5｜✗ 授权｜须由企业明示同意
2026-01-20 周二 10:00｜11日1时｜示例企业联系人·91340100MA2DD272X5｜授权 → 在册｜同意将所列信息提供给银行：是｜按时停“本轮全程时限”，起算“在册”至03-31 17:30
2026-02-10 周二 10:00｜26日1时｜示例协调处室·合肥市蜀山区｜推送银行 → 已推送银行 → 第2轮｜推送的银行：合肥市蜀山区金融管理局；融资需求：流动资金五百万元｜起算“本轮全程时限”至08-10 17:30，起算“已推送银行”至03-30 17:30
2026-03-12 周四 10:00｜44日1时｜示例责任部门经办·合肥市蜀山区金融管理局｜授信 → 在册｜授信金额（万元）：300｜按时停“本轮全程时限”，起算“在册”至03-31 17:30
2026-03-31 周二 17:30｜58日｜时钟｜季度终了，更新 → 季度更新 → 第3轮｜“在册”季度末前，03-31 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“本轮全程时限”至09-30 17:30，起算“季度更新”至04-15 17:30
2026-04-10 周五 10:00｜64日1时｜示例协调处室·合肥市蜀山区｜核对更新 → 在册｜入册依据：有研发活动、有知识产权、有研发机构；更新情况：新建研发机构｜按时停“本轮全程时限”，起算“在册”至06-30 17:30
2026-06-25 周四 10:00｜115日1时｜示例企业联系人·91340100MA2DD272X5｜撤回授权 → 企业未授权"""
    )
    assert office.case.data["consent"] is False


def test_every_way_to_a_bank_leads_through_the_consent() -> None:
    """Without the step `authorise`, neither people nor clocks nor the system reach the state that a bank holds."""
    states = programs()["white_list"].definition.states
    reached, ahead = set(), {programs()["white_list"].definition.start}
    while ahead:
        here = ahead.pop()
        reached.add(here)
        steps = [step for name, step in states[here].steps.items() if name != "authorise"]
        found = {route.to for step in steps for route in step.to} | {step.then for step in steps}
        ahead |= (
            {to for to in (*found, *(rung.to for rung in states[here].overdue)) if to}
            - reached
            - {"refreshing"}
        )

    # The leader's decision leads to `refreshing` only where `consent` holds, and only `authorise` writes it true.
    assert "pushed" not in reached
    decide = states["with_leader"].steps["decide"].to
    assert [(route.to, route.when) for route in decide] == [("refreshing", "consent"), ("candidate", None)]
    writers = {
        n for s in states.values() for n, step in s.steps.items() if "consent" in (*step.needs, *step.may)
    }
    assert writers == {"authorise"}
    assert [n for s in states.values() for n, step in s.steps.items() if step.sets.get("consent")] == []


def test_silence_is_no_consent(office: StoryOffice) -> None:
    """Twenty working days after 9 January: 12 to 16, 19 to 23, 26 to 30 January, 2 to 6 February."""
    authorising(office)
    office.until("2026-02-06 17:29")
    assert office.case.state == "authorising"

    office.until("2026-02-06 17:30")

    assert (office.case.state, office.case.ended) == ("unauthorised", "final")


def test_consent_is_given_by_the_enterprise_alone(office: StoryOffice) -> None:
    authorising(office)

    assert office.blockers("authorise", by="p-340104-coordinator-1", **CONSENT) == ["role_missing"]


def test_who_withdraws_the_consent_while_a_bank_has_the_file_is_heard_by_the_bank(
    office: StoryOffice,
) -> None:
    listed(office)
    office.step("push", by="coordinator", at="2026-02-10 10:00", **PUSHED)
    office.step("withdraw_consent", by="client", at="2026-02-11 10:00")

    told = [e["people"] for e in office.histories[office.case.id][-1].effects if e["kind"] == "notify"]
    assert office.case.state == "unauthorised"
    assert ["p-340104-banking-department-1"] in told


def test_a_bank_refuses_with_a_reason_and_one_that_does_not_answer_is_waited_for_no_longer(
    office: StoryOffice,
) -> None:
    """Pushed on 10 February: thirty working days end on 30 March, ten more on 14 April (6 April is off)."""
    listed(office)
    office.step("push", by="coordinator", at="2026-02-10 10:00", **PUSHED)
    assert office.blockers("refuse", by="bank") == ["missing_field"]

    office.until("2026-04-14 17:29")
    assert office.case.state == "pushed"
    office.until("2026-04-14 17:30")
    assert (office.case.state, office.case.ended) == ("listed", "settled")

    office.step("push", by="coordinator", at="2026-04-15 10:00", **PUSHED)
    office.step("refuse", by="bank", at="2026-04-20 10:00", refuse_reason="抵押不足")
    assert office.case.data["refuse_reason"] == "抵押不足"


def test_a_candidate_that_nobody_examines_and_a_quarter_that_nobody_refreshes_climb_to_the_leader_above(
    office: StoryOffice,
) -> None:
    """Ten working days after 31 March, over 6 April, are 15 April; five more are 22 April. For the candidate: 19 and 26 January."""
    office.open("white_list", by="programme", at="2026-01-05 08:30", year=2025)
    office.until("2026-01-26 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_leader", "upper_leader")
    office.step("decide", by="upper_leader", at="2026-01-27 10:00", decision="抓紧审核")
    assert office.case.state == "candidate"
    office.step("approve", by="reviewer", at="2026-01-28 10:00", **APPROVED)
    office.step("authorise", by="client", at="2026-01-29 10:00", **CONSENT)

    office.until("2026-04-22 17:29")
    assert office.case.state == "refreshing"
    office.until("2026-04-22 17:30")

    assert office.case.state == "with_leader"
    office.step("decide", by="upper_leader", at="2026-04-23 10:00", decision="本周更新")
    assert office.case.state == "refreshing"


def test_an_enterprise_that_no_longer_qualifies_is_removed_by_the_figures(office: StoryOffice) -> None:
    listed(office)
    office.step("update_figures", by="programme", at="2026-02-02 08:30", year=2026)
    assert (office.case.state, office.case.data["year"]) == ("listed", 2026)

    office.step("remove_by_figures", by="programme", at="2026-03-02 08:30", removal_reason="unfit")

    assert office.case.state == "removed"
    states = programs()["white_list"].definition.states
    assert [s for s, spec in states.items() if not spec.final and "remove_by_figures" not in spec.steps] == []
