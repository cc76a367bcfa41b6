# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of demands and results: published, matched, signed, performed; or looked at again after twelve months.

Days are counted by hand on the notice for 2026: off are 02-16 to 02-20 and 02-23, 04-06, 05-01 to 05-05, 06-19; worked are 01-04,
02-14, 02-28 and 05-09. Months end on the same date, or on the next working day.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

DEMAND: dict[str, Any] = {"kind": "demand", "summary": "高精度丝杠在线检测"}
DETAILS = "直径50毫米，精度3微米"
PARTNER: dict[str, Any] = {"partner": "示例大学", "reply": "有在研检测装置"}
CONTRACT: dict[str, Any] = {"contract_no": "示例HT-07", "value": 75, "contract_end": "2026-12-11"}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def reviewing(office: StoryOffice, year: int = 2026) -> str:
    case = office.open("matching", by="client", at=f"{year}-01-05 09:00", **DEMAND)
    office.step("submit", by="client", at=f"{year}-01-06 10:00", details=DETAILS, budget=80)
    return case


def published(office: StoryOffice, year: int = 2026) -> str:
    case = reviewing(office, year)
    office.step("publish", by="liaison", at=f"{year}-01-08 10:00", lingyang_id="示例LY-0001")
    return case


def performing(office: StoryOffice) -> str:
    case = published(office)
    office.step("match", by="coordinator", at="2026-01-16 10:00", **PARTNER)
    office.step("sign", by="client", at="2026-03-02 10:00", **CONTRACT)
    return case


def test_a_demand_waits_is_matched_signed_performed_and_rated(office: StoryOffice) -> None:
    case = published(office)
    office.step("reply_none", by="coordinator", at="2026-01-16 10:00", reply="省内暂无成熟方案")
    office.step("match", by="coordinator", at="2026-04-08 10:00", **PARTNER)
    office.step("sign", by="client", at="2026-06-18 10:00", **CONTRACT)
    office.refused("wrong_state", "withdraw", by="client", at="2026-07-01 10:00", withdraw_reason="不做了")
    office.step("complete", by="client", at="2026-12-01 10:00", outcome="装置通过验收", proof=["示例-2"])
    office.step("rate", by="client", at="2026-12-02 10:00", rating="satisfied")

    assert (
        office.timeline(case)
        == """\
2026-01-05 周一 09:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 需求与成果对接 → 草稿｜类型：技术需求；名称：高精度丝杠在线检测｜起算“全程时限”至2031-01-06 17:30（暂定），起算“草稿”至02-02 17:30
2026-01-06 周二 10:00｜1日1时｜示例企业联系人·91340100MA2DD272X5｜提交 → 审核｜内容和指标：直径50毫米，精度3微米；意向金额（万元）：80｜起算“审核”至01-09 17:30
2026-01-08 周四 10:00｜3日1时｜示例联络员·合肥市蜀山区｜审核通过并发布 → 已发布待匹配｜羚羊平台编号：示例LY-0001｜起算“对接成功时限”至2027-01-08 17:30（暂定），起算“已发布待匹配”至01-22 17:30
2026-01-16 周五 10:00｜9日1时｜示例协调处室·合肥市蜀山区｜答复暂无匹配，继续征集 → 继续征集｜匹配答复：省内暂无成熟方案｜起算“继续征集”至2027-01-18 17:30（暂定）
2026-04-08 周三 10:00｜62日1时｜示例协调处室·合肥市蜀山区｜匹配 → 洽谈｜对接单位：示例大学；匹配答复：有在研检测装置｜起算“洽谈”至07-08 17:30
2026-06-18 周四 10:00｜111日1时｜示例企业联系人·91340100MA2DD272X5｜签约 → 履约｜合同编号：示例HT-07；合同金额（万元）：75；履约截止日期：2026-12-11｜按时停“对接成功时限”，起算“履约”至12-11 17:30
2026-07-01 周三 10:00｜119日1时｜示例企业联系人·91340100MA2DD272X5｜✗ 撤回｜现在的环节是“履约”，不能办这一步
2026-11-11 周三 17:30｜211日｜时钟｜提醒：履约｜“履约”至2026年12月11日、至多3年，12-11 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2026-12-01 周二 10:00｜224日1时｜示例企业联系人·91340100MA2DD272X5｜履约完成 → 待企业评价｜履约情况：装置通过验收｜起算“待企业评价”至12-29 17:30
2026-12-02 周三 10:00｜225日1时｜示例企业联系人·91340100MA2DD272X5｜评价 → 履约完成｜企业评价：满意｜按时停“全程时限”"""
    )


def test_what_has_found_no_partner_within_twelve_months_is_looked_at_again(office: StoryOffice) -> None:
    """Published on 8 January 2025: twelve months end on Thursday 8 January 2026, whatever happened in between."""
    published(office, 2025)
    office.step("reply_none", by="coordinator", at="2025-01-16 10:00", reply="省内暂无成熟方案")
    office.step("match", by="coordinator", at="2025-10-14 10:00", **PARTNER)
    office.step("part", by="client", at="2025-11-05 10:00", talk_note="价格谈不拢")
    office.step("match", by="coordinator", at="2025-12-01 10:00", **PARTNER)
    office.until("2026-01-08 17:29")
    assert office.case.state == "negotiating"

    office.until("2026-01-08 17:30")
    assert office.case.state == "rechecking"

    office.step("renew", by="coordinator", at="2026-01-12 10:00", review_note="需求仍在")
    assert office.case.state == "seeking"
    # Another twelve months; the day lies in a year whose holidays are not published yet.
    assert office.case.clocks["success"].due_at.date().isoformat() == "2027-01-12"


def test_a_demand_that_is_out_of_date_ends_unsuccessful(office: StoryOffice) -> None:
    published(office, 2025)
    office.step("reply_none", by="coordinator", at="2025-01-16 10:00", reply="省内暂无成熟方案")
    office.until("2026-01-08 17:30")

    office.step("expire", by="coordinator", at="2026-01-09 10:00", review_note="已自行解决")

    assert (office.case.state, office.case.ended) == ("unsuccessful", "final")


def test_who_submits_does_not_review_and_nothing_is_published_without_the_platforms_number(
    office: StoryOffice,
) -> None:
    office.open("matching", by="coordinator", at="2026-01-05 09:00", **DEMAND)
    office.step("submit", by="coordinator", at="2026-01-06 10:00", details=DETAILS)

    assert office.blockers("publish", by="liaison") == ["missing_field"]
    codes = office.blockers("publish", by="p-340104-coordinator-1", lingyang_id="示例LY-0001")
    assert set(codes) == {"role_missing", "separation"}


def test_a_review_and_a_match_that_nobody_makes_climb_to_the_leader_above(office: StoryOffice) -> None:
    """Three working days after 6 January are 9 January, three more 14 January; then ten after 20 January are 3 February, five more 10 February."""
    reviewing(office)
    office.until("2026-01-14 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_leader", "upper_leader")
    office.step("decide", by="upper_leader", at="2026-01-15 10:00", decision="抓紧审核")
    assert office.case.state == "reviewing"
    office.step("publish", by="liaison", at="2026-01-20 10:00", lingyang_id="示例LY-0001")

    office.until("2026-02-10 17:29")
    assert office.case.state == "matching"
    office.until("2026-02-10 17:30")

    assert office.case.state == "with_leader"
    office.step("decide", by="upper_leader", at="2026-02-11 10:00", decision="本周答复")
    assert office.case.state == "matching"


def test_a_contract_that_breaks_off_is_looked_into_and_the_search_goes_on(office: StoryOffice) -> None:
    performing(office)
    office.step("break_off", by="client", at="2026-04-01 10:00", outcome="对方停产")
    assert (office.case.state, office.case.clocks["success"].is_open) == ("following_up", False)

    office.step("reopen", by="coordinator", at="2026-04-03 10:00", outcome="双方同意解除")

    assert (office.case.state, office.case.clocks["success"].is_open) == ("seeking", True)


def test_a_performance_that_nobody_reports_is_looked_into_after_the_contracts_last_day(
    office: StoryOffice,
) -> None:
    performing(office)

    office.until("2026-12-11 17:30")

    assert (office.case.state, office.case.holder.role) == ("following_up", "coordinator")


def test_a_draft_that_is_never_submitted_is_withdrawn(office: StoryOffice) -> None:
    """Twenty working days after 5 January are 2 February."""
    office.open("matching", by="client", at="2026-01-05 09:00", **DEMAND)

    office.until("2026-02-02 17:30")

    assert (office.case.state, office.case.ended) == ("withdrawn", "final")


def test_an_enterprise_may_withdraw_until_it_has_signed(office: StoryOffice) -> None:
    published(office)

    office.step("withdraw", by="client", at="2026-01-09 10:00", withdraw_reason="改为自行研发")

    assert office.case.state == "withdrawn"
