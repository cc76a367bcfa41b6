# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of a service team's yearly plan: drafted, given back, approved, carried out until the end of the year.

Days are counted by hand on the notice for 2026: 01-01 to 01-03 and 02-15 to 02-23 are off, Sunday 01-04 is worked. Twenty working days from 01-04 are
Friday 01-30 (four full weeks), from Tuesday 01-13 Tuesday 02-10; five from Monday 01-12 are Monday 01-19, from Thursday 01-15 Thursday 01-22.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

PLAN: dict[str, Any] = {
    "plan": "按月到市、按季到企",
    "plan_files": ["示例-1"],
    "city_visits": 12,
    "key_subjects": 10,
    "key_visits": 4,
}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice(region="3401", subject="")


def opened(office: StoryOffice) -> str:
    return office.open(
        "annual_plan", by="programme", at="2026-01-04 09:00", year=2026, period_end="2026-12-31"
    )


def test_a_plan_is_drafted_given_back_approved_and_archived_at_the_end_of_the_year(
    office: StoryOffice,
) -> None:
    case = opened(office)
    office.refused("guard", "submit", by="team", at="2026-01-12 09:00", **{**PLAN, "city_visits": 11})
    office.step("submit", by="team", at="2026-01-12 10:00", **PLAN)
    office.step("send_back", by="team_liaison", at="2026-01-13 10:00", opinion="补充重点企业名单")
    office.step("submit", by="team", at="2026-01-15 10:00", **PLAN)
    office.step("approve", by="team_liaison", at="2026-01-16 10:00", opinion="同意")
    assert office.case.ended == "settled"  # approved is done; it only remains to be archived
    office.until("2026-12-31 18:00")

    assert (
        office.timeline(case)
        == """\
2026-01-04 周日 09:00｜0分｜系统｜登记 年度工作计划 → 起草｜年度：2026；期末：2026-12-31｜起算“全程时限”至07-06 17:30，起算“起草”至01-30 17:30
2026-01-12 周一 09:00｜6日｜示例服务团成员·对口合肥市｜✗ 报送审定｜每月到市走访不少于一次，全年不少于十二次
2026-01-12 周一 10:00｜6日1时｜示例服务团成员·对口合肥市｜报送审定 → 审定｜工作计划：按月到市、按季到企；计划到市走访（次）：12；重点联系企业（家）：10；计划到每家重点企业走访（次）：4｜起算“审定”至01-19 17:30
2026-01-13 周二 10:00｜7日1时｜示例服务团联络员·对口合肥市｜退回修改 → 起草｜审定意见：补充重点企业名单｜起算“起草”至02-10 17:30
2026-01-15 周四 10:00｜9日1时｜示例服务团成员·对口合肥市｜报送审定 → 审定｜工作计划：按月到市、按季到企；计划到市走访（次）：12；重点联系企业（家）：10；计划到每家重点企业走访（次）：4｜起算“审定”至01-22 17:30
2026-01-16 周五 10:00｜10日1时｜示例服务团联络员·对口合肥市｜审定 → 执行｜审定意见：同意｜按时停“全程时限”，起算“执行”至12-31 17:30
2026-12-31 周四 17:30｜248日｜时钟｜年度终了，归档 → 归档｜“执行”至2026年12月31日、至多12个月，12-31 17:30 止，告知示例服务团联络员·对口合肥市"""
    )


@pytest.mark.parametrize("short", [{"city_visits": 11}, {"key_subjects": 9}, {"key_visits": 3}])
def test_a_plan_below_what_the_scheme_asks_for_is_refused(office: StoryOffice, short: dict[str, int]) -> None:
    opened(office)

    assert office.blockers("submit", by="team", **{**PLAN, **short}) == ["guard"]


def test_a_plan_that_nobody_drafts_climbs_to_the_provincial_leader(office: StoryOffice) -> None:
    opened(office)
    office.until("2026-01-30 17:29")
    assert office.case.state == "drafting"
    office.until("2026-01-30 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_top_leader", "top_leader")


def test_a_plan_under_way_may_be_revised_and_is_approved_anew(office: StoryOffice) -> None:
    opened(office)
    office.step("submit", by="team", at="2026-01-12 10:00", **PLAN)
    office.step("approve", by="team_liaison", at="2026-01-13 10:00", opinion="同意")
    office.step("revise", by="team", at="2026-06-01 10:00", reason="增加两家重点企业")
    office.step("submit", by="team", at="2026-06-02 10:00", **{**PLAN, "key_subjects": 12})
    office.step("approve", by="team_liaison", at="2026-06-03 10:00", opinion="同意")

    assert (office.case.round, office.case.ended, office.case.data["key_subjects"]) == (2, "settled", 12)
