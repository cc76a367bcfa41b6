# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of a city's yearly targets: handed down, split, claimed by every county, pledged, reported on, changed only from above, settled.

Days are counted by hand on the notice for 2026: off are 01-01 to 01-03, 02-15 to 02-23, 04-04 to 04-06, 05-01 to 05-05, 06-19 to 06-21,
09-25 to 09-27 and 10-01 to 10-07; worked are the Sundays 01-04 and 09-20 and the
Saturdays 02-14, 02-28, 05-09 and 10-10. Ten working days from Monday 01-12 are Monday 01-26. A quarter counts
from the pledge and from each report, to the same date three months on, or the next working day.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

LUYANG, SHUSHAN = COUNTIES = ["u-340103-science", "u-340104-science"]
TARGETS: dict[str, Any] = {"small_tech": 5000, "high_tech": 7000, "no_activity": 20, "no_institution": 5}
SPLIT: dict[str, Any] = {
    "counties": COUNTIES,
    "small_tech_sum": 5000,
    "high_tech_sum": 7100,
    "split_files": ["示例-1"],
}
CLAIM: dict[str, Any] = {"county_small_tech": 2500, "county_high_tech": 3550}
ACTUAL: dict[str, Any] = {
    "small_tech_actual": 5120,
    "high_tech_actual": 6900,
    "no_activity_actual": 18,
    "no_institution_actual": 5,
}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice(region="3401", subject="")


def split(office: StoryOffice) -> str:
    case = office.open(
        "target_setting", by="programme", at="2026-01-05 09:00", year=2026, period_end="2026-12-31"
    )
    office.step("hand_down", by="province", at="2026-01-12 10:00", **TARGETS)
    office.refused("guard", "split", by="liaison", at="2026-01-15 09:00", **{**SPLIT, "small_tech_sum": 4999})
    office.step("split", by="liaison", at="2026-01-15 10:00", **SPLIT)
    return case


def executing(office: StoryOffice) -> str:
    case = split(office)
    for unit, region in ((LUYANG, "340103"), (SHUSHAN, "340104")):
        office.step(
            "claim",
            by="handler",
            lane=unit,
            at="2026-01-20 10:00",
            **CLAIM,
            county_pledger=f"p-{region}-leader-1",
        )
    office.step("confirm", by="leader", at="2026-01-22 10:00", pledger="p-3401-leader-1")
    return case


def test_targets_are_handed_down_pledged_changed_from_above_and_settled(office: StoryOffice) -> None:
    case = executing(office)
    office.step("report_quarter", by="liaison", at="2026-04-10 10:00", progress="一季度完成两成")
    office.step(
        "ask_change", by="leader", at="2026-06-01 10:00", reason="区划调整划出一县", wanted="高企6800家"
    )
    office.step(
        "approve_change",
        by="province",
        at="2026-06-03 10:00",
        opinion="同意",
        **{**TARGETS, "high_tech": 6800},
    )
    office.step("report_quarter", by="liaison", at="2026-07-10 10:00", progress="上半年完成六成")
    office.step("report_quarter", by="liaison", at="2026-10-09 10:00", progress="三季度完成八成")
    office.step("settle", by="assessor", at="2027-01-15 10:00", **ACTUAL)

    assert (
        office.timeline(case)
        == """\
2026-01-05 周一 09:00｜0分｜系统｜登记 年度目标 → 省下达｜年度：2026；期末：2026-12-31｜起算“全程时限”至2027-09-06 17:30（暂定），起算“省下达”至02-02 17:30
2026-01-12 周一 10:00｜5日1时｜示例协调处室·安徽省｜下达目标 → 市分解｜科技型中小企业目标（家）：5000；高新技术企业目标（家）：7000；过亿元无研发活动企业年末剩余（家）：20；五亿元无研发机构企业年末剩余（家）：5｜起算“市分解”至01-26 17:30
2026-01-15 周四 09:00｜8日｜示例联络员·合肥市｜✗ 分解到县（区）｜科技型中小企业县（区）合计低于市目标
2026-01-15 周四 10:00｜8日1时｜示例联络员·合肥市｜分解到县（区） → 县（区）认领｜县（区）科技部门：合肥市庐阳区科技局、合肥市蜀山区科技局；科技型中小企业县（区）合计：5000；高新技术企业县（区）合计：7100｜起算“县（区）认领”至02-12 17:30，起算“合肥市庐阳区科技局·待认领”至01-29 17:30，起算“合肥市蜀山区科技局·待认领”至01-29 17:30
2026-01-20 周二 10:00｜11日1时｜示例承办人·合肥市庐阳区｜［合肥市庐阳区科技局］认领并承诺 → 已认领｜认领科技型中小企业（家）：2500；认领高新技术企业（家）：3550；县（区）承诺人：示例分管领导·合肥市庐阳区
2026-01-20 周二 10:00｜11日1时｜示例承办人·合肥市蜀山区｜［合肥市蜀山区科技局］认领并承诺 → 已认领 → 市确认｜认领科技型中小企业（家）：2500；认领高新技术企业（家）：3550；县（区）承诺人：示例分管领导·合肥市蜀山区｜起算“市确认”至01-27 17:30
2026-01-22 周四 10:00｜13日1时｜示例分管领导·合肥市｜确认并承诺 → 执行｜承诺人：示例分管领导·合肥市｜起算“季报时限”至04-22 17:30，起算“执行”至12-31 17:30
2026-04-08 周三 17:30｜63日｜时钟｜提醒：季报时限｜“季报时限”3个月，04-22 17:30 止，告知示例联络员·合肥市
2026-04-10 周五 10:00｜64日1时｜示例联络员·合肥市｜季报｜季度进展：一季度完成两成｜按时停“季报时限”，起算“季报时限”至07-10 17:30
2026-06-01 周一 10:00｜98日1时｜示例分管领导·合肥市｜申请调整目标 → 目标调整审批｜理由：区划调整划出一县；申请的目标值：高企6800家｜起算“目标调整审批”至06-15 17:30
2026-06-03 周三 10:00｜100日1时｜示例协调处室·安徽省｜批准调整 → 执行｜审批意见：同意；科技型中小企业目标（家）：5000；高新技术企业目标（家）：6800；过亿元无研发活动企业年末剩余（家）：20；五亿元无研发机构企业年末剩余（家）：5｜起算“执行”至12-31 17:30
2026-06-26 周五 17:30｜117日｜时钟｜提醒：季报时限｜“季报时限”3个月，07-10 17:30 止，告知示例联络员·合肥市
2026-07-10 周五 10:00｜126日1时｜示例联络员·合肥市｜季报｜季度进展：上半年完成六成｜按时停“季报时限”，起算“季报时限”至10-10 17:30
2026-09-20 周日 17:30｜178日｜时钟｜提醒：季报时限｜“季报时限”3个月，10-10 17:30 止，告知示例联络员·合肥市
2026-10-09 周五 10:00｜186日1时｜示例联络员·合肥市｜季报｜季度进展：三季度完成八成｜按时停“季报时限”，起算“季报时限”至2027-01-11 17:30（暂定）
2026-12-03 周四 17:30｜227日｜时钟｜提醒：执行｜“执行”至2026年12月31日、至多14个月，12-31 17:30 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-12-25 周五 17:30｜243日｜时钟｜提醒：季报时限｜“季报时限”3个月，2027-01-11 17:30 止，告知示例联络员·合肥市
2026-12-31 周四 17:30｜247日｜时钟｜年度终了，核定 → 年终核定｜“执行”至2026年12月31日、至多14个月，12-31 17:30 止，告知示例联络员·合肥市、示例分管领导·合肥市、示例考核员·安徽省｜暂停“季报时限”，起算“年终核定”至2027-01-29 17:30（暂定）
2027-01-15 周五 10:00｜256日1时｜示例考核员·安徽省｜核定 → 已核定｜核定科技型中小企业（家）：5120；核定高新技术企业（家）：6900；核定过亿元无研发活动剩余（家）：18；核定五亿元无研发机构剩余（家）：5｜按时停“季报时限”，按时停“全程时限”"""
    )


def test_the_old_target_stays_in_the_history_when_it_is_changed(office: StoryOffice) -> None:
    case = executing(office)
    office.step(
        "ask_change", by="leader", at="2026-06-01 10:00", reason="区划调整划出一县", wanted="高企6800家"
    )
    office.step("approve_change", by="province", opinion="同意", **{**TARGETS, "high_tech": 6800})

    written = [
        change["set"]["high_tech"]
        for event in office.histories[office.case.id]
        for change in event.body["changes"]
        if change["op"] == "data" and "high_tech" in change["set"]
    ]
    assert (case, written, office.case.data["high_tech"]) == (office.case.id, [7000, 6800], 6800)


def test_nothing_but_an_approved_change_writes_a_target_after_the_pledge(office: StoryOffice) -> None:
    definition = office.workflows["target_setting"].definition
    writers = {
        step_id: step.by
        for _, _, _, step_id, step in definition.steps()
        if set(TARGETS) & {*step.needs, *step.may, *step.sets}
    }

    assert writers == {"hand_down": ("province",), "approve_change": ("province",)}


def test_a_county_that_claims_nothing_is_given_its_share_by_the_provincial_leader(
    office: StoryOffice,
) -> None:
    """Split on Thursday 15 January: ten working days end on Thursday 29 January."""
    split(office)
    office.step(
        "claim", by="head", lane=LUYANG, at="2026-01-20 10:00", **CLAIM, county_pledger="p-340103-leader-1"
    )
    office.until("2026-01-29 17:31")
    lane = office.case.lanes[SHUSHAN]
    assert (lane.state, lane.holder.role) == ("pressed", "top_leader")

    office.step(
        "impose", by="top_leader", lane=SHUSHAN, at="2026-01-30 10:00", decision="按分解数下达", **CLAIM
    )
    assert office.case.state == "confirming"


def test_a_quarter_without_a_report_is_told_to_the_leaders(office: StoryOffice) -> None:
    """Pledged on Thursday 22 January: the quarter ends on Wednesday 22 April, and ten working days later is
    Saturday 9 May, which is worked."""
    executing(office)
    office.until("2026-04-22 17:31")
    assert office.case.clocks["quarter"].fired == ("remind-1", "due")
    office.until("2026-05-08 17:31")
    assert office.case.clocks["quarter"].fired == ("remind-1", "due")
    office.until("2026-05-09 17:31")
    assert office.case.clocks["quarter"].fired == ("remind-1", "due", "late-1")
    assert office.case.state == "executing"


def test_targets_that_nobody_splits_climb_to_the_provincial_leader(office: StoryOffice) -> None:
    """Handed down on Monday 12 January: ten working days end on Monday 26 January."""
    office.open("target_setting", by="programme", at="2026-01-05 09:00", year=2026, period_end="2026-12-31")
    office.step("hand_down", by="province", at="2026-01-12 10:00", **TARGETS)
    office.until("2026-01-26 17:31")
    assert (office.case.state, office.case.holder.role) == ("pressed", "top_leader")

    office.step("press", by="top_leader", at="2026-01-27 10:00", decision="三日内分解")
    assert office.case.state == "splitting"
