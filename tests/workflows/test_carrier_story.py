# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of incubation carriers: filed once, counted each quarter, judged once a year, rectified or gone.

Days are counted by hand on the State Council's notices. Off in 2025: 10-01 to 10-08; worked: Sunday 09-28 and Saturday 10-11.
Off in 2026: 01-01 to 01-03, 02-16 to 02-20 and 02-23, 04-06, 05-01 to 05-05, 06-19; worked: Sunday 01-04 and the Saturdays
02-14, 02-28 and 05-09. Fifteen working days after 2025-09-30 are a vector of requirements §2.4: 2025-10-28.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

FILING: dict[str, Any] = {
    "carrier_name": "示例孵化器",
    "level": "incubator",
    "area": 3200,
    "filing_files": ["示例-1"],
}
STATISTICS: dict[str, Any] = {"tenants": 21, "graduates": 1, "statistics_files": ["示例-2"]}
JUDGED: dict[str, Any] = {"grade_report": "孵化服务不足", "grade_files": ["示例-3"]}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def evaluating(office: StoryOffice) -> str:
    case = office.open("carrier", by="client", at="2025-12-01 09:00", **FILING)
    office.step("register", by="reviewer", at="2025-12-08 10:00", opinion="符合条件")
    office.step("report", by="coordinator", at="2026-01-12 10:00", quarter="q4", **STATISTICS)
    return case


def test_a_carrier_is_counted_each_quarter_judged_after_the_fourth_and_rectified(office: StoryOffice) -> None:
    park = office.open("carrier", by="client", at="2025-08-04 09:00", **{**FILING, "level": "accelerator"})
    case = office.open("carrier", by="client", at="2025-09-01 09:00", **FILING, invests=True)
    office.step("register", by="reviewer", at="2025-09-08 10:00", opinion="场地和服务团队符合条件")
    office.step("report", by="client", at="2025-10-15 10:00", quarter="q3", **STATISTICS)
    graduate = {"graduate": "示例企业二 91340300MAY4CL128W", "next_carriers": [park]}
    office.step("graduate", by="client", at="2025-11-03 10:00", **graduate)
    office.step("report", by="coordinator", at="2026-01-12 10:00", quarter="q4", **STATISTICS)
    office.refused(
        "missing_field",
        "evaluate",
        by="reviewer",
        at="2026-02-25 09:50",
        grade="rectify",
        grade_report="孵化服务不足",
    )
    office.step("evaluate", by="reviewer", at="2026-02-25 10:00", grade="rectify", **JUDGED)
    office.step(
        "rectify",
        by="client",
        at="2026-05-20 10:00",
        rectification="增设导师六名",
        rectification_files=["示例-4"],
    )
    office.step("pass", by="reviewer", at="2026-06-10 10:00", opinion="整改到位")
    office.until("2026-06-30 18:00")

    assert (
        office.timeline(case)
        == """\
2025-09-01 周一 09:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 孵化载体备案与评价 → 备案审核｜载体名称：示例孵化器；载体级次：孵化器；场地面积（平方米）：3200；采用“投资＋孵化”模式：是｜起算“本轮全程时限”至2026-09-01 17:30，起算“备案审核”至09-28 17:30
2025-09-08 周一 10:00｜5日1时｜示例审核员·合肥市｜准予备案 → 在孵运营｜审核意见：场地和服务团队符合条件｜按时停“本轮全程时限”，起算“在孵运营”至09-30 17:30
2025-09-30 周二 17:30｜23日｜时钟｜季度终了，填报在孵统计 → 季度统计待报 → 第2轮｜“在孵运营”季度末前，09-30 17:30 止，告知示例协调处室·合肥市蜀山区、示例企业联系人·91340100MA2DD272X5｜起算“本轮全程时限”至2026-09-30 17:30，起算“季度统计待报”至10-28 17:30
2025-10-15 周三 10:00｜28日1时｜示例企业联系人·91340100MA2DD272X5｜填报在孵统计 → 在孵运营｜统计季度：三季度；在孵企业数：21；本季毕业企业数：1｜按时停“本轮全程时限”，起算“在孵运营”至12-31 17:30
2025-11-03 周一 10:00｜41日1时｜示例企业联系人·91340100MA2DD272X5｜毕业企业转入下一级｜毕业企业名称及统一社会信用代码：示例企业二 91340300MAY4CL128W；转入的下一级载体：202500000018
2025-12-31 周三 17:30｜84日｜时钟｜季度终了，填报在孵统计 → 季度统计待报 → 第3轮｜“在孵运营”季度末前，12-31 17:30 止，告知示例协调处室·合肥市蜀山区、示例企业联系人·91340100MA2DD272X5｜起算“本轮全程时限”至2026-12-31 17:30，起算“季度统计待报”至2026-01-22 17:30
2026-01-12 周一 10:00｜90日1时｜示例协调处室·合肥市蜀山区｜填报在孵统计 → 年度评价｜统计季度：四季度；在孵企业数：21；本季毕业企业数：1｜起算“年度评价”至02-28 17:30
2026-02-14 周六 17:30｜116日｜时钟｜提醒：年度评价｜“年度评价”30个工作日，02-28 17:30 止，告知示例审核员·合肥市
2026-02-25 周三 09:50｜117日50分｜示例审核员·合肥市｜✗ 评定等次｜请填写“评价材料”
2026-02-25 周三 10:00｜117日1时｜示例审核员·合肥市｜评定等次 → 整改｜年度评价等次：整改；评价报告：孵化服务不足｜起算“整改”至05-26 17:30
2026-04-26 周日 17:30｜160日｜时钟｜提醒：整改｜“整改”90天，05-26 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2026-05-19 周二 17:30｜175日｜时钟｜提醒：整改｜“整改”90天，05-26 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2026-05-20 周三 10:00｜175日1时｜示例企业联系人·91340100MA2DD272X5｜报告整改情况 → 复评｜整改情况：增设导师六名｜起算“复评”至06-17 17:30
2026-06-10 周三 10:00｜190日1时｜示例审核员·合肥市｜复评合格 → 在孵运营｜审核意见：整改到位｜按时停“本轮全程时限”，起算“在孵运营”至06-30 17:30
2026-06-30 周二 17:30｜204日｜时钟｜季度终了，填报在孵统计 → 季度统计待报 → 第4轮｜“在孵运营”季度末前，06-30 17:30 止，告知示例协调处室·合肥市蜀山区、示例企业联系人·91340100MA2DD272X5｜起算“本轮全程时限”至2027-06-30 17:30（暂定），起算“季度统计待报”至07-21 17:30"""
    )
    assert case in office.cases[park].related  # the next stage knows where its new tenant comes from


def test_a_carrier_that_is_excellent_goes_on_without_rectification(office: StoryOffice) -> None:
    evaluating(office)

    office.step("evaluate", by="reviewer", at="2026-02-25 10:00", grade="excellent", **JUDGED)

    assert (office.case.state, office.case.ended) == ("operating", "settled")
    assert office.case.clocks["state"].due_at.date().isoformat() == "2026-03-31"


def test_a_carrier_that_does_not_rectify_within_ninety_days_is_judged_again_and_may_only_leave(
    office: StoryOffice,
) -> None:
    """Ninety days after 25 February are 26 May; twenty working days later, over 19 June, are 24 June."""
    case = evaluating(office)
    office.step("evaluate", by="reviewer", at="2026-02-25 10:00", grade="rectify", **JUDGED)
    office.until("2026-05-26 17:30")
    assert office.case.state == "reviewing"

    assert office.blockers("pass", by="reviewer", opinion="整改到位") == ["guard"]
    office.step("fail", by="reviewer", at="2026-05-28 10:00", opinion="没有整改", exit_note="逾期没有整改")

    assert (office.case.state, office.case.data["exit_reason"]) == ("exited", "failed")
    assert office.lines(case)[-1].what == "复评不合格，退出 → 退出"


def test_who_filled_in_the_statistics_does_not_judge(office: StoryOffice) -> None:
    evaluating(office)

    codes = office.blockers("evaluate", by="p-340104-coordinator-1", grade="excellent", **JUDGED)

    assert "separation" in codes


def test_a_quarter_that_nobody_reports_climbs_to_the_leader_above_and_comes_back(office: StoryOffice) -> None:
    """Due on 2026-01-22 as counted above; five working days later, 23 and 26 to 29 January, with the leader."""
    office.open("carrier", by="client", at="2025-12-01 09:00", **FILING)
    office.step("register", by="reviewer", at="2025-12-08 10:00", opinion="符合条件")

    office.until("2026-01-29 17:29")
    assert office.case.state == "reporting"
    office.until("2026-01-29 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_leader", "upper_leader")

    office.step("decide", by="upper_leader", at="2026-02-02 10:00", decision="限期补报")
    assert office.case.state == "reporting"


def test_a_filing_that_nobody_looks_at_climbs_too(office: StoryOffice) -> None:
    """Twenty working days after 1 December 2025 are 29 December; the fifth one after that is 6 January."""
    office.open("carrier", by="client", at="2025-12-01 09:00", **FILING)

    office.until("2026-01-06 17:30")

    assert (office.case.state, office.case.holder.unit) == ("with_leader", "u-3401-science")
    office.step("decide", by="upper_leader", at="2026-01-07 10:00", decision="本周审完")
    assert office.case.state == "filed"


def test_a_carrier_that_stops_running_leaves_by_the_word_of_the_city_with_a_reason(
    office: StoryOffice,
) -> None:
    office.open("carrier", by="client", at="2025-12-01 09:00", **FILING)
    office.step("register", by="reviewer", at="2025-12-08 10:00", opinion="符合条件")
    gone = {"exit_reason": "closed", "exit_note": "场地租约到期，停止运营"}

    assert office.blockers("leave", by="p-340104-coordinator-1", **gone) == ["role_missing"]
    assert office.blockers("leave", by="reviewer", exit_reason="closed") == ["missing_field"]
    office.step("leave", by="reviewer", at="2025-12-22 10:00", **gone)

    assert (office.case.state, office.case.ended) == ("exited", "final")
