# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of the high-tech gradient: filed and pooled, qualified, certified, reported on every May, renewed or cancelled.

Days were counted on the State Council's days of 2023 to 2026 (requirements §2.4) by hand, and again with `chinesecalendar`.
2023: off are 06-22 to 06-24 and 09-29 to 10-06; worked are the Sunday 06-25, the Saturday 10-07 and the Sunday 10-08. 2025: off
are 05-31 to 06-02. 2026: 05-31 is a Sunday, off is 06-19. A fixed date stays where it is: 31 May on a day off ends at midnight.
A month before a limit is thirty days before it, a year 365: 2026-10-16 less 365 days is 2025-10-16, less 180 is 2026-04-19.
The limit of the whole case stands still for the 980 days from 2023-10-16 to 2026-06-22: 2026-02-06 becomes 2028-10-13.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

PROOF = ["示例-9"]


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def pooled(office: StoryOffice) -> str:
    case = office.open("high_tech", by="coordinator", at="2023-02-06 09:00", data_year=2022)
    office.step(
        "file_record",
        by="client",
        at="2023-02-08 10:00",
        area="manufacturing",
        filing_note="已建研发费用辅助账",
    )
    office.until("2023-02-14 09:00")
    return case


def qualified(office: StoryOffice) -> str:
    case = pooled(office)
    office.step("qualify_by_figures", by="programme", at="2023-03-06 09:00", data_year=2022)
    return case


def reviewing(office: StoryOffice) -> str:
    case = qualified(office)
    office.step("apply", by="client", at="2023-05-29 10:00", apply_year=2023, apply_files=PROOF)
    office.step("recommend", by="recommender", at="2023-06-05 10:00", opinion="同意推荐")
    return case


def certified(office: StoryOffice) -> str:
    case = reviewing(office)
    office.step("pass", by="reviewer", at="2023-08-28 10:00", opinion="专家评审通过")
    office.until("2023-09-12 09:00")
    office.step(
        "certify",
        by="reviewer",
        at="2023-10-16 10:00",
        certificate="示例GR202334000001",
        issued_on="2023-10-16",
        valid_until="2026-10-16",
    )
    return case


def test_an_enterprise_rises_from_the_pool_to_a_certificate_misses_one_report_and_applies_anew(
    office: StoryOffice,
) -> None:
    case = pooled(office)
    office.step(
        "plan_gap", by="coordinator", at="2023-02-20 10:00", gap_items=["patents"], gap_plan="补两件发明专利"
    )
    office.step("report_progress", by="coordinator", at="2023-04-17 10:00", progress="一件已授权")
    office.step("qualify_by_figures", by="programme", at="2023-05-08 09:00", data_year=2022)
    office.step("apply", by="client", at="2023-06-12 10:00", apply_year=2023, apply_files=["示例-1"])
    office.step("recommend", by="recommender", at="2023-06-16 10:00", opinion="同意推荐")
    office.step("pass", by="reviewer", at="2023-08-28 10:00", opinion="专家评审通过")
    office.until("2023-09-12 09:00")
    paper: dict[str, Any] = {
        "certificate": "示例GR202334000001",
        "issued_on": "2023-10-16",
        "valid_until": "2026-10-16",
    }
    wrong = {**paper, "issued_on": "2026-10-16"}
    office.refused("guard", "certify", by="reviewer", at="2023-10-16 09:50", **wrong)
    office.step("certify", by="reviewer", at="2023-10-16 10:00", **paper)
    office.step(
        "report", by="client", lane="annual", at="2024-05-20 10:00", form_year=2023, form_files=["示例-2"]
    )
    office.step(
        "note_change", by="coordinator", at="2025-01-20 10:00", change="name", change_note="登记名称已变更"
    )
    office.step(
        "report_change",
        by="client",
        at="2025-02-14 10:00",
        change="name",
        change_note="更名，主营业务不变",
        change_files=["示例-3"],
    )
    office.until("2025-06-03 09:00")
    office.step(
        "report", by="client", lane="annual", at="2026-05-20 10:00", form_year=2025, form_files=["示例-4"]
    )
    office.step("renew", by="client", at="2026-06-22 10:00", apply_year=2026, apply_files=["示例-5"])

    assert (
        office.timeline(case)
        == """\
2023-02-06 周一 09:00｜0分｜示例协调处室·合肥市蜀山区｜登记 高新技术企业梯度培育 → 潜在｜数据年份：2022｜起算“培育认定全程时限”至2026-02-06 17:30，起算“潜在”至03-06 17:30
2023-02-08 周三 10:00｜2日1时｜示例企业联系人·91340100MA2DD272X5｜报备 → 已报备（待入库）｜技术领域：先进制造与自动化；报备情况：已建研发费用辅助账｜起算“已报备（待入库）”至02-13 17:30
2023-02-13 周一 17:30｜6日｜时钟｜逾期视同入库 → 培育在库｜“已报备（待入库）”3个工作日，02-13 17:30 止，告知示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区｜起算“培育在库”至03-13 17:30
2023-02-20 周一 10:00｜10日1时｜示例协调处室·合肥市蜀山区｜制定培育方案 → 培育中｜差距：核心知识产权；培育方案：补两件发明专利｜起算“培育中”至2024-02-20 17:30
2023-04-17 周一 10:00｜49日1时｜示例协调处室·合肥市蜀山区｜登记培育进展｜培育进展：一件已授权
2023-05-08 周一 09:00｜63日｜系统｜数据达标 → 达标（待申报）｜数据年份：2022｜起算“达标（待申报）”至08-08 17:30
2023-06-12 周一 10:00｜88日1时｜示例企业联系人·91340100MA2DD272X5｜申报 → 已申报（待推荐）｜申报年度：2023｜起算“已申报（待推荐）”至06-27 17:30
2023-06-16 周五 10:00｜92日1时｜示例审核员·合肥市｜推荐 → 评审｜审核意见：同意推荐｜起算“评审”至09-11 17:30
2023-08-28 周一 10:00｜142日1时｜示例审核员·安徽省｜评审通过，公示 → 公示｜审核意见：专家评审通过｜起算“公示”至09-11 17:30
2023-09-11 周一 17:30｜153日｜时钟｜公示期满 → 备案发证｜“公示”10个工作日，09-11 17:30 止，告知示例审核员·安徽省｜起算“备案发证”至10-27 17:30
2023-10-16 周一 09:50｜173日50分｜示例审核员·安徽省｜✗ 登记证书｜有效期应晚于发证日期
2023-10-16 周一 10:00｜173日1时｜示例审核员·安徽省｜登记证书 → 有效｜证书编号：示例GR202334000001；发证日期：2023-10-16；有效期至：2026-10-16｜暂停“培育认定全程时限”，起算“有效”至2026-10-16 17:30，起算“年报·待报年报”至2024-05-31 17:30
2024-05-01 周三 17:30｜311日｜时钟｜［年报］提醒：待报年报｜“年报·待报年报”5月31日前，05-31 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2024-05-17 周五 17:30｜322日｜时钟｜［年报］提醒：待报年报｜“年报·待报年报”5月31日前，05-31 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2024-05-20 周一 10:00｜322日1时｜示例企业联系人·91340100MA2DD272X5｜［年报］报送年报 → 本年年报已报｜年报年度：2023｜起算“年报·本年年报已报”至12-31 17:30
2024-12-31 周二 17:30｜479日｜时钟｜［年报］转入下一年度 → 待报年报｜“年报·本年年报已报”12月31日前，12-31 17:30 止，告知示例协调处室·合肥市蜀山区、示例企业联系人·91340100MA2DD272X5｜起算“年报·待报年报”至2025-06-01 00:00
2025-01-20 周一 10:00｜491日1时｜示例协调处室·合肥市蜀山区｜登记发现的重大变化｜变化事项：更名；变化情况：登记名称已变更｜起算“重大变化报告时限”至04-21 17:30
2025-02-14 周五 10:00｜506日1时｜示例企业联系人·91340100MA2DD272X5｜报告重大变化｜变化事项：更名；变化情况：更名，主营业务不变｜按时停“重大变化报告时限”
2025-05-02 周五 00:00｜560日｜时钟｜［年报］提醒：待报年报｜“年报·待报年报”5月31日前，06-01 00:00 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2025-05-19 周一 17:30｜570日｜时钟｜［年报］提醒：待报年报｜“年报·待报年报”5月31日前，06-01 00:00 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2025-06-01 周日 00:00｜579日｜时钟｜［年报］未报年报一次 → 待报年报（已缺报一次）｜“年报·待报年报”5月31日前，06-01 00:00 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区、示例分管领导·合肥市蜀山区｜起算“年报·待报年报（已缺报一次）”至2026-06-01 00:00
2025-10-16 周四 17:30｜673日｜时钟｜提醒：有效｜“有效”至2026年10月16日、至多3年，2026-10-16 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2026-04-19 周日 17:30｜798日｜时钟｜提醒：有效｜“有效”至2026年10月16日、至多3年，10-16 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2026-05-02 周六 00:00｜807日｜时钟｜［年报］提醒：待报年报（已缺报一次）｜“年报·待报年报（已缺报一次）”5月31日前，06-01 00:00 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区
2026-05-18 周一 17:30｜817日｜时钟｜［年报］提醒：待报年报（已缺报一次）｜“年报·待报年报（已缺报一次）”5月31日前，06-01 00:00 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区
2026-05-20 周三 10:00｜818日1时｜示例企业联系人·91340100MA2DD272X5｜［年报］报送年报 → 本年年报已报（曾缺报一次）｜年报年度：2025｜起算“年报·本年年报已报（曾缺报一次）”至12-31 17:30
2026-06-22 周一 10:00｜840日1时｜示例企业联系人·91340100MA2DD272X5｜申请续认 → 已申报（待推荐） → 本年年报已报（曾缺报一次）｜申报年度：2026｜恢复“培育认定全程时限”至2028-10-13 17:30（暂定），起算“已申报（待推荐）”至07-06 17:30"""
    )


def test_two_missed_reports_in_all_lead_to_the_cancelling_of_the_title(office: StoryOffice) -> None:
    """Missed: 31 May 2024, a Friday. Reported in 2025. Missed again: 31 May 2026, a Sunday, which ends at midnight."""
    certified(office)
    office.until("2024-05-31 17:30")
    assert office.case.lanes["annual"].state == "missed_once"
    office.step("report", by="client", lane="annual", at="2025-05-12 10:00", form_year=2024, form_files=PROOF)
    office.until("2025-12-31 17:30")
    assert office.case.lanes["annual"].state == "missed_once"
    office.until("2026-05-31 23:59")
    assert office.case.state == "valid"
    office.until("2026-06-01 00:00")
    assert (office.case.state, office.case.holder.role) == ("cancelling", "reviewer")

    office.step(
        "cancel", by="reviewer", at="2026-06-08 10:00", cancel_reason="reports", opinion="累计两次未报"
    )
    assert (office.case.state, office.case.ended) == ("cancelled", "final")


def test_a_cancelling_that_nobody_decides_comes_to_the_provincial_leader(office: StoryOffice) -> None:
    """Twenty working days from 2024-03-04: 03-05 to 03-29 are nineteen, then 04-01."""
    certified(office)
    office.step(
        "propose_cancel",
        by="coordinator",
        at="2024-03-04 10:00",
        cancel_reason="accident",
        reason="发生重大质量事故",
    )

    office.until("2024-04-01 17:30")

    assert (office.case.state, office.case.holder.role) == ("cancel_late", "top_leader")
    office.step("keep", by="top_leader", decision="不属于重大事故")
    assert office.case.state == "valid"


def test_a_certificate_that_nobody_renews_runs_out_without_anyone_being_late(office: StoryOffice) -> None:
    certified(office)
    for year in (2024, 2025, 2026):
        office.step(
            "report",
            by="client",
            lane="annual",
            at=f"{year}-05-12 10:00",
            form_year=year - 1,
            form_files=PROOF,
        )

    office.until("2026-10-16 17:30")

    assert (office.case.state, office.case.ended) == ("expired", "final")
    assert office.case.clocks["state"].status == "met"


def test_a_change_that_is_not_reported_within_three_months_comes_to_the_provincial_leader(
    office: StoryOffice,
) -> None:
    """From 2024-01-15 to 04-15, a Monday; five working days later is 04-22."""
    case = certified(office)
    office.step(
        "note_change", by="coordinator", at="2024-01-15 10:00", change="business", change_note="主营已转产"
    )

    office.until("2024-04-15 17:30")
    assert "due" in office.case.clocks["change"].fired
    office.until("2024-04-22 17:30")

    assert "示例分管领导·安徽省" in office.timeline(case).splitlines()[-1]
    assert "late-1" in office.case.clocks["change"].fired


def test_filing_is_entry_even_where_nobody_acts_on_it(office: StoryOffice) -> None:
    """Three working days from 2023-02-08: 02-09, 02-10, 02-13."""
    office.open("high_tech", by="coordinator", at="2023-02-06 09:00", data_year=2022)
    office.step("file_record", by="client", at="2023-02-08 10:00", area="biology", filing_note="自愿报备")

    office.until("2023-02-13 17:29")
    assert office.case.state == "filing"
    office.until("2023-02-13 17:30")
    assert office.case.state == "pooled"


def test_a_potential_candidate_that_nobody_calls_on_climbs_to_the_provincial_leader(
    office: StoryOffice,
) -> None:
    """Twenty working days from 2023-02-06 end on 03-06, five more on 03-13."""
    office.open("high_tech", by="coordinator", at="2023-02-06 09:00", data_year=2022)

    office.until("2023-03-06 17:30")
    assert office.case.holder.role == "leader"
    office.until("2023-03-13 17:30")
    assert office.case.holder.role == "top_leader"


def test_the_third_failed_review_goes_to_the_leader_who_says_where_next(office: StoryOffice) -> None:
    reviewing(office)
    for number in (1, 2, 3):
        office.step("fail", by="reviewer", opinion="知识产权不足", gap_items=["patents"])
        if number < 3:
            office.step("qualify", by="coordinator", data_year=2023, rule_note="已补发明专利")
            office.step("apply", by="client", apply_year=2023, apply_files=PROOF)
            office.step("recommend", by="recommender", opinion="同意推荐")
    assert office.case.state == "with_leader"
    assert office.blockers("decide", by="leader", decision="送评审", direction="review") == ["guard"]

    office.step("decide", by="leader", decision="继续培育一年", direction="cultivate")

    assert office.case.state == "cultivating"


def test_an_application_needs_its_papers_and_comes_from_the_enterprise(office: StoryOffice) -> None:
    qualified(office)

    assert office.blockers("apply", by="client", apply_year=2023) == ["missing_field"]
    assert office.blockers("apply", by="coordinator", apply_year=2023, apply_files=PROOF) == ["role_missing"]


def test_who_recommended_does_not_review(office: StoryOffice) -> None:
    reviewing(office)

    assert "separation" in office.blockers("pass", by="p-3401-reviewer-1", opinion="通过")


def test_an_enterprise_that_was_certified_before_begins_with_its_certificate(office: StoryOffice) -> None:
    office.open("high_tech", by="coordinator", at="2024-03-04 09:00", data_year=2023)
    office.step(
        "certify",
        by="coordinator",
        certificate="示例GR202234000002",
        issued_on="2022-10-18",
        valid_until="2025-10-18",
    )

    assert (office.case.state, office.case.lanes["annual"].state) == ("valid", "form_due")
    office.until("2025-01-01 09:00")
    assert office.case.lanes["annual"].state == "missed_once"


def test_only_the_system_says_that_the_figures_pass(office: StoryOffice) -> None:
    pooled(office)

    assert office.blockers("qualify_by_figures", by="p-340104-coordinator-1", data_year=2022) == [
        "role_missing"
    ]


def test_one_that_was_dropped_comes_back_as_a_new_round_when_its_figures_pass(office: StoryOffice) -> None:
    office.open("high_tech", by="coordinator", at="2023-02-06 09:00", data_year=2022)
    office.step("drop", by="coordinator", reason="暂无自主知识产权")
    assert office.case.ended == "settled"

    office.step("qualify_by_figures", by="programme", at="2023-09-04 09:00", data_year=2023)

    assert (office.case.state, office.case.round) == ("qualified", 2)


def test_it_is_removed_by_figures_or_with_proof_from_every_state_that_has_not_ended_for_good() -> None:
    states = StoryOffice().workflows["high_tech"].definition.states
    ways = {"remove", "remove_by_figures"}

    assert [s for s, spec in states.items() if not spec.final and not ways <= spec.steps.keys()] == []
