# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of the January package: counties, city and province, in time, late, and what stays visible of it.

The dates are those of the scheme and do not move: in January 2026 the 15th is a Thursday, the 25th a Sunday and the 31st a Saturday, so
the last two end at 24:00. Days are counted by hand on the notice for 2026: off are 01-01 to 01-03; Sunday 01-04 is worked. A county that is
late on the 15th has five working days: 16, 19, 20, 21, 22 January. Reminders come as 2, 10, 20 and
28 January begin. Five working days after the 31st: Friday 6 February.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

COUNTIES = ["u-340103-science", "u-340104-science"]
LUYANG, SHUSHAN = COUNTIES
COUNTY: dict[str, Any] = {"county_plan": ["示例-1"], "county_list": ["示例-2"], "county_count": 120}
CITY: dict[str, Any] = {"city_plan": ["示例-3"], "city_list": ["示例-4"], "city_count": 240}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice(region="3401", subject="")


def opened(office: StoryOffice) -> str:
    return office.open("january_package", by="programme", at="2026-01-01 08:00", year=2026, counties=COUNTIES)


def reported(office: StoryOffice) -> str:
    case = opened(office)
    office.step("report", by="handler", lane=LUYANG, at="2026-01-12 10:00", **COUNTY)
    office.step("report", by="handler", lane=SHUSHAN, at="2026-01-14 10:00", **COUNTY)
    return case


def test_a_county_is_late_and_a_city_in_time_and_the_province_wants_a_part_again(office: StoryOffice) -> None:
    case = opened(office)
    office.step("report", by="handler", lane=LUYANG, at="2026-01-12 10:00", **COUNTY)
    office.refused("guard", "submit", by="liaison", at="2026-01-19 10:00", **CITY)
    office.step("report", by="head", lane=SHUSHAN, at="2026-01-20 10:00", **COUNTY)
    office.step("submit", by="liaison", at="2026-01-23 10:00", **CITY)
    office.step("return_package", by="province", at="2026-01-26 10:00", missing_items=["缺市实施方案附表"])
    office.step("submit", by="liaison", at="2026-01-28 10:00", **CITY)
    office.step("pass", by="province", at="2026-01-30 10:00", opinion="齐全")

    assert (
        office.timeline(case)
        == """\
2026-01-01 周四 08:00｜0分｜系统｜登记 元月报送（实施方案和服务企业清单） → 县报｜年度：2026；县（区）科技部门：合肥市庐阳区科技局、合肥市蜀山区科技局｜起算“全程时限”至07-01 17:30，起算“元月报送时限”至02-01 00:00，起算“县报”至01-15 17:30，起算“合肥市庐阳区科技局·待县报”至01-15 17:30，起算“合肥市蜀山区科技局·待县报”至01-15 17:30
2026-01-02 周五 00:00｜0分｜时钟｜提醒：元月报送时限｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-01-10 周六 00:00｜6日｜时钟｜提醒：元月报送时限｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-01-12 周一 10:00｜6日1时｜示例承办人·合肥市庐阳区｜［合肥市庐阳区科技局］报送 → 已县报｜清单企业数：120
2026-01-12 周一 17:30｜7日｜时钟｜［合肥市蜀山区科技局］提醒：待县报｜“合肥市蜀山区科技局·待县报”1月15日前，01-15 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局
2026-01-15 周四 17:30｜10日｜时钟｜［合肥市蜀山区科技局］县报超期 → 县报迟报｜“合肥市蜀山区科技局·待县报”1月15日前，01-15 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局、示例联络员·合肥市｜起算“合肥市蜀山区科技局·县报迟报”至01-22 17:30
2026-01-15 周四 17:30｜10日｜时钟｜县报截止 → 市汇总｜“县报”1月15日前，01-15 17:30 止，告知示例联络员·合肥市、示例分管领导·合肥市｜起算“市汇总”至01-26 00:00
2026-01-19 周一 10:00｜11日1时｜示例联络员·合肥市｜✗ 报送省科技厅｜还有县（区）未报；请等齐，或写明未报县（区）及原因
2026-01-20 周二 00:00｜12日｜时钟｜提醒：元月报送时限｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-01-20 周二 10:00｜12日1时｜示例单位负责人·合肥市蜀山区科技局｜［合肥市蜀山区科技局］报送 → 已县报｜清单企业数：120
2026-01-23 周五 10:00｜15日1时｜示例联络员·合肥市｜报送省科技厅 → 省级校验｜全市清单企业数：240｜按时停“元月报送时限”，起算“省级校验”至01-30 17:30
2026-01-26 周一 10:00｜16日1时｜示例协调处室·安徽省｜退回补报 → 补报｜缺项（一次性告知）：缺市实施方案附表｜起算“补报”至01-29 17:30
2026-01-28 周三 10:00｜18日1时｜示例联络员·合肥市｜报送省科技厅 → 省级校验｜全市清单企业数：240｜起算“省级校验”至02-04 17:30
2026-01-30 周五 10:00｜20日1时｜示例协调处室·安徽省｜校验通过，归档 → 归档｜校验意见：齐全｜按时停“全程时限”"""
    )


def test_a_package_that_comes_after_january_is_accepted_and_stays_late(office: StoryOffice) -> None:
    case = reported(office)
    office.step("press", by="top_leader", at="2026-02-03 10:00", decision="三日内报送")
    office.step("submit", by="liaison", at="2026-02-05 10:00", **CITY)
    office.step("pass", by="province", at="2026-02-06 10:00", opinion="齐全")

    assert (
        office.timeline(case)
        == """\
2026-01-01 周四 08:00｜0分｜系统｜登记 元月报送（实施方案和服务企业清单） → 县报｜年度：2026；县（区）科技部门：合肥市庐阳区科技局、合肥市蜀山区科技局｜起算“全程时限”至07-01 17:30，起算“元月报送时限”至02-01 00:00，起算“县报”至01-15 17:30，起算“合肥市庐阳区科技局·待县报”至01-15 17:30，起算“合肥市蜀山区科技局·待县报”至01-15 17:30
2026-01-02 周五 00:00｜0分｜时钟｜提醒：元月报送时限｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-01-10 周六 00:00｜6日｜时钟｜提醒：元月报送时限｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-01-12 周一 10:00｜6日1时｜示例承办人·合肥市庐阳区｜［合肥市庐阳区科技局］报送 → 已县报｜清单企业数：120
2026-01-12 周一 17:30｜7日｜时钟｜［合肥市蜀山区科技局］提醒：待县报｜“合肥市蜀山区科技局·待县报”1月15日前，01-15 17:30 止，告知示例承办人·合肥市蜀山区、示例单位负责人·合肥市蜀山区科技局
2026-01-14 周三 10:00｜8日1时｜示例承办人·合肥市蜀山区｜［合肥市蜀山区科技局］报送 → 已县报 → 市汇总｜清单企业数：120｜起算“市汇总”至01-26 00:00
2026-01-20 周二 00:00｜12日｜时钟｜提醒：元月报送时限｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-01-26 周一 00:00｜16日｜时钟｜市汇总超期 → 市汇总催报｜“市汇总”1月25日前，01-26 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市｜起算“市汇总催报”至02-01 00:00
2026-01-28 周三 00:00｜18日｜时钟｜提醒：元月报送时限｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-02-01 周日 00:00｜21日｜时钟｜元月底未报送（红灯）｜“元月报送时限”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市、示例协调处室·安徽省
2026-02-01 周日 00:00｜21日｜时钟｜元月底未报送，报分管厅领导 → 分管厅领导督促｜“市汇总催报”1月31日前，02-01 00:00 止，告知示例联络员·合肥市、示例分管领导·合肥市、示例协调处室·安徽省、示例分管领导·安徽省｜起算“分管厅领导督促”至02-04 17:30
2026-02-03 周二 10:00｜22日1时｜示例分管领导·安徽省｜批示 → 补报｜批示意见：三日内报送｜起算“补报”至02-06 17:30
2026-02-05 周四 10:00｜24日1时｜示例联络员·合肥市｜报送省科技厅 → 省级校验｜全市清单企业数：240｜超期停“元月报送时限”，起算“省级校验”至02-12 17:30
2026-02-06 周五 10:00｜25日1时｜示例协调处室·安徽省｜校验通过，归档 → 归档｜校验意见：齐全｜按时停“全程时限”"""
    )


def test_a_county_that_never_reports_climbs_to_the_provincial_leader_and_holds_the_package_up(
    office: StoryOffice,
) -> None:
    """Late on 15 January, with the provincial leader five working days later, on Thursday 22 January."""
    opened(office)
    office.step("report", by="handler", lane=LUYANG, at="2026-01-12 10:00", **COUNTY)
    office.until("2026-01-22 17:31")
    lane = office.case.lanes[SHUSHAN]
    assert (lane.state, lane.holder.role) == ("pressed", "top_leader")

    office.step("submit", by="liaison", at="2026-01-23 10:00", **CITY, absent_note="蜀山区机构调整，未报")
    assert office.blockers("pass", by="province", opinion="齐全") == ["guard"]
    office.step("excuse", by="top_leader", lane=SHUSHAN, at="2026-01-26 10:00", decision="同意不再等待")
    office.step("pass", by="province", at="2026-01-26 11:00", opinion="蜀山区未报，已经批准")

    assert (office.case.state, office.case.lanes[SHUSHAN].outcome) == ("archived", "missed")


def test_a_package_in_time_stops_the_clock_of_january(office: StoryOffice) -> None:
    reported(office)
    office.step("submit", by="liaison", at="2026-01-30 17:00", **CITY)

    assert office.case.clocks["january"].status == "met"


def test_the_third_return_goes_to_the_provincial_leader(office: StoryOffice) -> None:
    reported(office)
    for day in (19, 20, 21):
        office.step("submit", by="liaison", at=f"2026-01-{day} 10:00", **CITY)
        office.step("return_package", by="province", at=f"2026-01-{day} 11:00", missing_items=["缺附表"])

    assert (office.case.state, office.case.holder.role) == ("pressed", "top_leader")


def test_one_county_does_not_report_for_another(office: StoryOffice) -> None:
    opened(office)

    codes = office.blockers("report", by="p-340103-handler-1", lane=SHUSHAN, **COUNTY)

    assert codes == ["other_unit"]
