# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of the great survey: assigned, surveyed, verified onto the list, changed and removed as the figures say.

Days were counted on the State Council's 2026 days (requirements §2.4) by hand, and again with `chinesecalendar`. 2026: off are
04-04 to 04-06, 05-01 to 05-05, 06-19 to 06-21, 09-25 to 09-27 and 10-01 to 10-07; worked are the Saturday 05-09, the Sunday
09-20 and the Saturday 10-10. Months end on the same date, or on the next working day: 60 days from 03-04 are 05-03, a holiday,
so 05-06; 2027-04-10 is a Saturday, so 04-12.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

SCIENCE, HANDLER = "u-340104-science", "p-340104-handler-1"
LIAISON = "p-340104-liaison-1"
SURVEY: dict[str, Any] = {
    "method": "visit",
    "products": "精密轴承，产销平稳",
    "revenue": 12600,
    "staff": 180,
    "rd_spend": 0,
    "rd_staff": 6,
    "rd_projects": 0,
    "patents": 3,
    "institution": "无",
    "gap": "没有立项，研发支出未归集",
    "demand": "需要高校合作单位",
}
PROOF = ["示例-1"]


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def assigned(office: StoryOffice) -> str:
    case = office.open("survey", by="coordinator", at="2026-03-02 09:00", data_year=2025)
    office.step(
        "assign",
        by="coordinator",
        at="2026-03-04 10:00",
        district="蜀山片区",
        team="第二组",
        unit=SCIENCE,
        officer=HANDLER,
    )
    return case


def registered(office: StoryOffice) -> str:
    case = assigned(office)
    office.step("submit_survey", by="handler", at="2026-04-09 10:00", **SURVEY)
    office.step("verify", by="liaison", at="2026-04-10 10:00", opinion="情况属实")
    return case


def test_an_enterprise_is_surveyed_put_on_the_list_and_handed_to_the_county_it_moves_to(
    office: StoryOffice,
) -> None:
    case = assigned(office)
    office.step("raise_problem", by="handler", at="2026-04-08 11:00", problem="不会设置研发费用辅助账")
    office.refused(
        "guard", "submit_survey", by="handler", at="2026-04-09 09:50", **{**SURVEY, "rd_staff": 181}
    )
    office.step("submit_survey", by="handler", at="2026-04-09 10:00", **SURVEY)
    key: dict[str, Any] = {"opinion": "情况属实", "key_reasons": ["activity"]}
    office.refused("guard", "verify", by="liaison", at="2026-04-10 09:50", **key)
    office.step("verify", by="liaison", at="2026-04-10 10:00", **key, sponsor=HANDLER)
    office.step("update_figures", by="programme", at="2026-08-03 09:00", data_year=2026)
    office.step("remove_by_figures", by="programme", at="2026-09-18 09:00", removal_reason="moved")
    office.step(
        "confirm_removal",
        by="liaison",
        at="2026-09-22 10:00",
        opinion="已迁往包河区",
        receiving_unit="u-340111-science",
    )
    office.step("receive", by="receiver", at="2026-09-24 10:00", handover="底册和联系人已交接")

    assert (
        office.timeline(case)
        == """\
2026-03-02 周一 09:00｜0分｜示例协调处室·合肥市蜀山区｜登记 科技型企业大排查 → 待分派｜数据年份：2025｜起算“全程时限”至09-02 17:30，起算“待分派”至03-16 17:30
2026-03-04 周三 10:00｜2日1时｜示例协调处室·合肥市蜀山区｜分派 → 待排查｜片区：蜀山片区；排查组：第二组；排查（包保）单位：合肥市蜀山区科技局；排查（包保）专人：示例承办人·合肥市蜀山区｜起算“待排查”至05-06 17:30
2026-04-08 周三 11:00｜26日2时｜示例承办人·合肥市蜀山区｜登记企业问题｜反映的问题：不会设置研发费用辅助账
2026-04-08 周三 11:00｜26日2时｜系统｜关联事项有变化｜事项 202600000023 已由本事项开出
2026-04-09 周四 09:50｜27日50分｜示例承办人·合肥市蜀山区｜✗ 报送排查表｜研发人员不能多于职工总数
2026-04-09 周四 10:00｜27日1时｜示例承办人·合肥市蜀山区｜报送排查表 → 已排查（待审核）｜排查方式：实地走访；主营产品和生产情况：精密轴承，产销平稳；年销售收入（万元）：12600；职工总数（人）：180；研发费用（万元）：0；研发人员（人）：6；在研项目（项）：0；有效发明专利（件）：3；研发机构名称和级别（没有的写无）：无；差距：没有立项，研发支出未归集；服务需求（没有的写无）：需要高校合作单位｜起算“已排查（待审核）”至04-16 17:30
2026-04-10 周五 09:50｜28日50分｜示例联络员·合肥市蜀山区｜✗ 审核通过，列入清单｜重点企业须明确包保专人
2026-04-10 周五 10:00｜28日1时｜示例联络员·合肥市蜀山区｜审核通过，列入清单 → 在册｜审核意见：情况属实；列为重点企业的理由：年销售收入 1 亿元以上无研发活动；包保专人：示例承办人·合肥市蜀山区｜按时停“全程时限”，起算“在册”至2027-04-12 17:30（暂定）
2026-08-03 周一 09:00｜106日｜系统｜更新数据年份｜数据年份：2026
2026-09-18 周五 09:00｜140日｜系统｜不再符合条件，待移出 → 待移出｜移出原因：迁出｜起算“待移出”至10-09 17:30
2026-09-22 周二 10:00｜143日1时｜示例联络员·合肥市蜀山区｜确认移出 → 待迁入地接收｜审核意见：已迁往包河区；迁入地接收单位：合肥市包河区科技局｜起算“待迁入地接收”至09-30 17:30
2026-09-24 周四 10:00｜145日1时｜示例承办人·合肥市包河区｜接收 → 迁出（已接收）｜交接情况：底册和联系人已交接"""
    )


def test_a_problem_found_on_the_way_becomes_an_issue_in_the_same_queue(office: StoryOffice) -> None:
    case = assigned(office)
    office.step("raise_problem", by="handler", at="2026-04-08 11:00", problem="不会设置研发费用辅助账")

    issue = office.cases[office.opened_from(case)]

    assert (issue.workflow, issue.state) == ("issue", "received")
    assert (issue.data["summary"], issue.data["source"]) == ("不会设置研发费用辅助账", "survey")


def test_a_survey_form_with_a_blank_is_refused(office: StoryOffice) -> None:
    assigned(office)
    short = {name: value for name, value in SURVEY.items() if name not in ("gap", "demand")}

    assert office.blockers("submit_survey", by="handler", **short) == ["missing_field", "missing_field"]


def test_nobody_but_the_assigned_officer_hands_in_the_form(office: StoryOffice) -> None:
    assigned(office)

    assert office.blockers("submit_survey", by="liaison", **SURVEY) == ["role_missing"]
    assert office.blockers("submit_survey", by="p-340111-handler-1", **SURVEY) == ["other_unit"]


def test_who_surveyed_does_not_verify(office: StoryOffice) -> None:
    assigned(office)
    office.step("submit_survey", by="handler", at="2026-04-09 10:00", **SURVEY)

    assert "separation" in office.blockers("verify", by=HANDLER, opinion="情况属实")


def test_who_proposed_a_removal_does_not_confirm_it(office: StoryOffice) -> None:
    registered(office)
    office.step("propose_removal", by="handler", removal_reason="cancelled", removal_files=PROOF)

    assert "separation" in office.blockers("confirm_removal", by=HANDLER, opinion="同意")
    assert office.blockers("confirm_removal", by="liaison", opinion="同意") == []


def test_a_removal_that_a_person_proposes_needs_proof(office: StoryOffice) -> None:
    registered(office)

    assert office.blockers("propose_removal", by="handler", removal_reason="cancelled") == ["missing_field"]


def test_figures_are_changed_by_the_system_alone(office: StoryOffice) -> None:
    registered(office)

    assert office.blockers("update_figures", by=LIAISON, data_year=2026) == ["role_missing"]


def test_a_survey_sent_back_for_the_third_time_goes_to_the_leader_who_sends_it_on(
    office: StoryOffice,
) -> None:
    assigned(office)
    for day in ("09", "10", "13"):
        office.step("submit_survey", by="handler", at=f"2026-04-{day} 10:00", **SURVEY)
        office.step("send_back", by="liaison", at=f"2026-04-{day} 15:00", return_reason="研发费用与账册不符")
    assert office.case.state == "with_leader"

    office.step("decide", by="leader", at="2026-04-14 10:00", decision="会同税务部门核对")

    assert (office.case.state, office.case.holder.unit) == ("to_survey", SCIENCE)


def test_an_enterprise_that_nobody_assigns_climbs_to_the_provincial_leader(office: StoryOffice) -> None:
    """Ten working days from 03-02 end on 03-16; five more on 03-23, with the leader of the province."""
    office.open("survey", by="coordinator", at="2026-03-02 09:00", data_year=2025)

    office.until("2026-03-16 17:29")
    assert office.case.state == "to_assign"
    office.until("2026-03-16 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_leader", "leader")
    office.until("2026-03-23 17:30")
    assert (office.case.state, office.case.holder.role) == ("with_top_leader", "top_leader")


def test_before_the_list_the_figures_remove_at_once_and_on_the_list_only_propose(office: StoryOffice) -> None:
    assigned(office)
    office.step("remove_by_figures", by="programme", at="2026-04-01 09:00", removal_reason="mistaken")
    assert (office.case.state, office.case.ended) == ("removed", "final")

    registered(office)
    office.step("remove_by_figures", by="programme", at="2026-06-01 09:00", removal_reason="shrunk")
    assert (office.case.state, office.case.ended, office.case.round) == ("to_remove", "settled", 1)
    office.step("keep", by="liaison", at="2026-06-02 10:00", opinion="数据误报，仍在规上")
    assert office.case.state == "registered"


def test_a_removal_that_nobody_confirms_ends_with_the_provincial_leader(office: StoryOffice) -> None:
    """Ten working days from 06-01: 06-02 to 06-05, 06-08 to 06-12, 06-15."""
    registered(office)
    office.step("remove_by_figures", by="programme", at="2026-06-01 09:00", removal_reason="cancelled")

    office.until("2026-06-15 17:30")

    assert (office.case.state, office.case.holder.role) == ("list_late", "top_leader")
    office.step("confirm_removal", by="top_leader", opinion="已注销", removal_reason="cancelled")
    assert office.case.state == "removed"


def test_each_year_the_entry_is_checked_and_stays_the_same_entry(office: StoryOffice) -> None:
    registered(office)
    office.until("2027-04-12 17:30")
    assert (office.case.state, office.case.ended) == ("rechecking", "settled")
    names = ("revenue", "staff", "rd_spend", "rd_staff", "rd_projects", "gap", "demand")

    office.step("recheck", by="handler", at="2027-04-20 10:00", **{name: SURVEY[name] for name in names})

    assert (office.case.state, office.case.round) == ("registered", 1)
