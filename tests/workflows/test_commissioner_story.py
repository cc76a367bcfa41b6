# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of science commissioners: matched, posted, logging every month, judged, sent again or called back.

Days are counted by hand on the notice for 2026: off are 04-06, 05-01 to 05-05, 06-19, 09-25 and 10-01 to 10-07; worked are the
Saturdays 05-09 and 10-10 and the Sunday 09-20. A month ends on the same date, or on the next working day.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

OFFICER = "p-340104-commissioner-1"
LOG: dict[str, Any] = {"log_note": "查看淬火工艺", "log_days": 3}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def appointing(office: StoryOffice, **need: Any) -> str:
    case = office.open(
        "commissioner", by="client", at="2026-03-02 09:00", demand="丝杠热处理变形控制", **need
    )
    office.step("accept", by="coordinator", at="2026-03-03 10:00")
    office.step("match", by="coordinator", at="2026-03-05 10:00", officer=OFFICER, match_note="热处理专长")
    return case


def posted(office: StoryOffice, ends_on: str = "2026-08-31") -> str:
    case = appointing(office)
    office.step(
        "appoint",
        by="liaison",
        at="2026-03-06 10:00",
        starts_on="2026-03-09",
        ends_on=ends_on,
        opinion="同意派驻半年",
    )
    return case


def test_a_commissioner_falls_silent_is_kept_sent_again_and_finishes(office: StoryOffice) -> None:
    case = office.open(
        "commissioner", by="client", at="2026-03-02 09:00", demand="丝杠热处理变形控制", is_key=True
    )
    office.refused("guard", "decline", by="coordinator", at="2026-03-03 09:50", decline_note="暂无合适人选")
    office.step("accept", by="coordinator", at="2026-03-03 10:00")
    office.step("match", by="coordinator", at="2026-03-05 10:00", officer=OFFICER, match_note="热处理专长")
    office.step(
        "appoint",
        by="liaison",
        at="2026-03-06 10:00",
        starts_on="2026-03-09",
        ends_on="2026-08-31",
        opinion="同意派驻半年",
    )
    office.step("log", by="commissioner", at="2026-04-02 16:00", **LOG)
    office.step("keep", by="liaison", at="2026-06-22 10:00", keep_note="因病请假，已返岗")
    office.step("log", by="commissioner", at="2026-07-20 16:00", log_note="完成工艺试验", log_days=5)
    office.step("assess", by="coordinator", at="2026-08-10 10:00")
    office.step("rate", by="client", at="2026-08-11 10:00", satisfaction="satisfied")
    office.step(
        "renew",
        by="liaison",
        at="2026-08-14 10:00",
        rating="qualified",
        assessment="按时履职",
        ends_on="2026-09-30",
    )
    office.step("log", by="commissioner", at="2026-09-14 16:00", log_note="工艺定型", log_days=6)
    office.step("finish", by="liaison", at="2026-10-12 10:00", rating="excellent", assessment="问题已解决")

    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 企业科技特派员派驻 → 需求核实｜技术需求：丝杠热处理变形控制；重点联系企业：是｜起算“全程时限”至2029-03-02 17:30（暂定），起算“需求核实”至03-09 17:30
2026-03-03 周二 09:50｜1日50分｜示例协调处室·合肥市蜀山区｜✗ 不派驻｜重点联系企业应当派驻科技特派员
2026-03-03 周二 10:00｜1日1时｜示例协调处室·合肥市蜀山区｜受理需求 → 匹配｜｜起算“匹配”至03-17 17:30
2026-03-05 周四 10:00｜3日1时｜示例协调处室·合肥市蜀山区｜提出人选 → 派驻审定｜拟派科技特派员：示例科技特派员·合肥市蜀山区；专长与匹配情况：热处理专长｜起算“派驻审定”至03-10 17:30
2026-03-06 周五 10:00｜4日1时｜示例联络员·合肥市蜀山区｜同意派驻 → 派驻｜派驻开始日期：2026-03-09；派驻结束日期：2026-08-31；审定意见：同意派驻半年｜起算“履职记录时限”至04-07 17:30，起算“派驻”至08-31 17:30
2026-04-02 周四 16:00｜23日5时30分｜示例科技特派员·合肥市蜀山区｜履职记录｜履职内容：查看淬火工艺；本月到企业天数：3｜按时停“履职记录时限”，起算“履职记录时限”至05-06 17:30
2026-05-01 周五 17:30｜43日｜时钟｜提醒：履职记录时限｜“履职记录时限”1个月，05-06 17:30 止，告知示例科技特派员·合肥市蜀山区
2026-05-06 周三 17:30｜44日｜时钟｜履职记录超期｜“履职记录时限”1个月，05-06 17:30 止，告知示例科技特派员·合肥市蜀山区、示例协调处室·合肥市蜀山区
2026-06-08 周一 17:30｜68日｜时钟｜两个月没有履职记录，提醒｜“履职记录时限”1个月，05-06 17:30 止，告知示例科技特派员·合肥市蜀山区、示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区、示例分管领导·合肥市蜀山区
2026-06-17 周三 17:30｜75日｜时钟｜提醒后仍没有履职记录，转入召回 → 研究召回｜“履职记录时限”1个月，05-06 17:30 止，告知示例科技特派员·合肥市蜀山区、示例联络员·合肥市蜀山区｜暂停“履职记录时限”，起算“研究召回”至06-25 17:30
2026-06-22 周一 10:00｜76日1时｜示例联络员·合肥市蜀山区｜继续派驻 → 派驻｜继续派驻的理由：因病请假，已返岗｜超期停“履职记录时限”，起算“履职记录时限”至07-22 17:30，起算“派驻”至08-31 17:30
2026-07-17 周五 17:30｜96日｜时钟｜提醒：履职记录时限｜“履职记录时限”1个月，07-22 17:30 止，告知示例科技特派员·合肥市蜀山区
2026-07-20 周一 16:00｜96日5时30分｜示例科技特派员·合肥市蜀山区｜履职记录｜履职内容：完成工艺试验；本月到企业天数：5｜按时停“履职记录时限”，起算“履职记录时限”至08-20 17:30
2026-08-01 周六 17:30｜106日｜时钟｜提醒：派驻｜“派驻”至2026年8月31日、至多12个月，08-31 17:30 止，告知示例科技特派员·合肥市蜀山区、示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区
2026-08-10 周一 10:00｜111日1时｜示例协调处室·合肥市蜀山区｜开始考核 → 年度考核｜｜暂停“履职记录时限”，起算“年度考核”至09-07 17:30
2026-08-11 周二 10:00｜112日1时｜示例企业联系人·91340100MA2DD272X5｜企业评价｜企业评价：满意
2026-08-14 周五 10:00｜115日1时｜示例联络员·合肥市蜀山区｜续派 → 派驻｜考核等次：合格；考核意见：按时履职；派驻结束日期：2026-09-30｜按时停“履职记录时限”，起算“履职记录时限”至09-14 17:30，起算“派驻”至09-30 17:30
2026-08-31 周一 17:30｜127日｜时钟｜提醒：派驻｜“派驻”至2026年9月30日、至多12个月，09-30 17:30 止，告知示例科技特派员·合肥市蜀山区、示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区
2026-09-09 周三 17:30｜134日｜时钟｜提醒：履职记录时限｜“履职记录时限”1个月，09-14 17:30 止，告知示例科技特派员·合肥市蜀山区
2026-09-14 周一 16:00｜136日5时30分｜示例科技特派员·合肥市蜀山区｜履职记录｜履职内容：工艺定型；本月到企业天数：6｜按时停“履职记录时限”，起算“履职记录时限”至10-14 17:30
2026-09-30 周三 17:30｜149日｜时钟｜派驻期满，转入考核 → 年度考核｜“派驻”至2026年9月30日、至多12个月，09-30 17:30 止，告知示例科技特派员·合肥市蜀山区、示例联络员·合肥市蜀山区｜暂停“履职记录时限”，起算“年度考核”至11-03 17:30
2026-10-12 周一 10:00｜152日1时｜示例联络员·合肥市蜀山区｜结束派驻 → 结束派驻｜考核等次：优秀；考核意见：问题已解决｜按时停“全程时限”，按时停“履职记录时限”"""
    )


def test_two_months_without_a_log_remind_the_leader_and_two_weeks_later_the_posting_is_in_question(
    office: StoryOffice,
) -> None:
    """Posted on 6 March: the month ends on 7 April (the 6th is a holiday), the second on 7 May, six weeks on 19 May."""
    case = posted(office)

    office.until("2026-05-19 17:30")

    rung = [line.what for line in office.lines(case) if line.who == "时钟"]
    assert rung[-3:] == [
        "履职记录超期",
        "两个月没有履职记录，提醒",
        "提醒后仍没有履职记录，转入召回 → 研究召回",
    ]
    assert (office.case.state, office.case.holder.role) == ("recalling", "liaison")


def test_a_commissioner_who_is_called_back_is_replaced_where_another_is_wanted(office: StoryOffice) -> None:
    posted(office)
    office.step("ask_recall", by="client", at="2026-03-20 10:00", recall_note="专长不符")
    office.step("recall", by="liaison", at="2026-03-23 10:00", recall_note="专长不符", replace=True)
    assert office.case.state == "matching"

    office.step("match", by="coordinator", at="2026-03-24 10:00", officer=OFFICER, match_note="重新匹配")
    office.step(
        "appoint",
        by="liaison",
        at="2026-03-25 10:00",
        starts_on="2026-03-26",
        ends_on="2026-09-30",
        opinion="同意",
    )
    office.step("ask_recall", by="coordinator", at="2026-04-01 10:00", recall_note="本人调离")
    office.step("recall", by="liaison", at="2026-04-02 10:00", recall_note="本人调离", replace=False)
    assert (office.case.state, office.case.ended) == ("recalled", "final")


def test_who_is_unqualified_is_not_sent_again(office: StoryOffice) -> None:
    posted(office)
    office.step("assess", by="coordinator", at="2026-03-20 10:00")

    again = {"rating": "unqualified", "assessment": "没有到岗", "ends_on": "2026-12-31"}
    assert office.blockers("renew", by="liaison", **again) == ["guard"]


def test_who_proposed_a_commissioner_does_not_appoint_and_the_dates_must_be_in_order(
    office: StoryOffice,
) -> None:
    appointing(office)
    dates = {"starts_on": "2026-03-09", "ends_on": "2026-08-31", "opinion": "同意"}

    assert "separation" in office.blockers("appoint", by="p-340104-coordinator-1", **dates)
    assert office.blockers("appoint", by="liaison", **{**dates, "starts_on": "2026-08-31"}) == ["guard"]


def test_only_the_commissioner_logs(office: StoryOffice) -> None:
    posted(office)

    assert office.blockers("log", by="p-340104-coordinator-1", **LOG) == ["role_missing"]


def test_a_need_that_nobody_answers_climbs_to_the_leader_above(office: StoryOffice) -> None:
    """Five working days after 2 March are 9 March, five more are 16 March; he is reminded every five, from 23 March on."""
    office.open("commissioner", by="client", at="2026-03-02 09:00", demand="丝杠热处理变形控制")

    office.until("2026-03-16 17:29")
    assert office.case.state == "requested"
    office.until("2026-03-23 17:30")

    assert (office.case.state, office.case.holder.role) == ("with_leader", "upper_leader")
    assert "due" in office.case.clocks["state"].fired
    office.step("decide", by="upper_leader", at="2026-03-24 10:00", decision="抓紧匹配")
    assert office.case.state == "matching"


def test_a_posting_lasts_a_year_at_most_before_it_is_judged(office: StoryOffice) -> None:
    """Posted on 6 March 2026 until the end of 2027: judged from 8 March 2027 on, for the 6th is a Saturday."""
    posted(office, ends_on="2027-12-31")
    for month in range(4, 13):
        office.step("log", by="commissioner", at=f"2026-{month:02}-03 10:00", **LOG)
    for month in ("01", "02", "03"):
        office.step("log", by="commissioner", at=f"2027-{month}-03 10:00", **LOG)

    office.until("2027-03-08 17:30")

    assert office.case.state == "assessing"
