# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of evaluating technology SMEs: mobilised, self-assessed, reviewed, shown to the public, enrolled, updated every March.

Days were counted on the State Council's 2026 days (requirements §2.4) by hand, and again with `chinesecalendar`. 2026: off are
02-15 to 02-23, 04-04 to 04-06 and 05-01 to 05-05; worked are the Saturdays 02-14 and 02-28. The days of 2027 are not published:
03-17 is the tenth weekday before 03-31. A month before a limit is thirty days before it.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.story_office import StoryOffice

FORM = ["示例-1"]
SCORES = {"score_staff": 12, "score_spend": 30, "score_result": 18}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def invited(office: StoryOffice) -> str:
    case = office.open("sme_evaluation", by="coordinator", at="2026-01-05 09:00", year=2026)
    office.step("invite", by="coordinator", at="2026-01-07 10:00", invite_note="上门讲解指标")
    return case


def shown(office: StoryOffice) -> str:
    case = invited(office)
    office.step("submit", by="client", at="2026-02-09 10:00", form_files=FORM, **SCORES)
    office.step("accept", by="reviewer", at="2026-02-12 10:00", opinion="材料齐全")
    return case


def enrolled(office: StoryOffice) -> str:
    case = shown(office)
    office.until("2026-03-05 09:00")
    office.step("enrol", by="reviewer", at="2026-03-05 10:00", number="示例2026340104000001")
    return case


def test_an_enterprise_is_evaluated_shown_to_the_public_enrolled_and_updated_in_the_next_march(
    office: StoryOffice,
) -> None:
    case = invited(office)
    nought = {"score_staff": 0, "score_spend": 50, "score_result": 30}
    office.refused("guard", "submit", by="client", at="2026-01-28 09:50", form_files=FORM, **nought)
    office.step("submit", by="client", at="2026-01-28 10:00", form_files=FORM, **SCORES)
    office.step("send_back", by="reviewer", at="2026-02-03 10:00", missing=["社保缴纳证明"])
    office.step("submit", by="client", at="2026-02-09 10:00", form_files=["示例-1", "示例-2"], **SCORES)
    office.step("accept", by="reviewer", at="2026-02-12 10:00", opinion="材料齐全")
    office.until("2026-03-05 09:00")
    office.step("enrol", by="reviewer", at="2026-03-05 10:00", number="示例2026340104000001")
    office.step("update", by="client", at="2027-03-29 10:00", updated_year=2027, update_files=["示例-3"])

    assert (
        office.timeline(case)
        == """\
2026-01-05 周一 09:00｜0分｜示例协调处室·合肥市蜀山区｜登记 科技型中小企业评价（应评尽评） → 符合条件（待动员）｜评价年度：2026｜起算“全程时限”至2027-01-05 17:30（暂定），起算“符合条件（待动员）”至01-19 17:30
2026-01-07 周三 10:00｜2日1时｜示例协调处室·合肥市蜀山区｜动员辅导 → 已动员（待自评）｜动员辅导情况：上门讲解指标｜起算“已动员（待自评）”至04-08 17:30
2026-01-28 周三 09:50｜17日50分｜示例企业联系人·91340100MA2DD272X5｜✗ 提交自评｜科技人员指标得分不得为 0 分
2026-01-28 周三 10:00｜17日1时｜示例企业联系人·91340100MA2DD272X5｜提交自评 → 已提交（形式审查）｜科技人员指标得分：12；研发投入指标得分：30；科技成果指标得分：18｜起算“已提交（形式审查）”至02-11 17:30
2026-02-03 周二 10:00｜21日1时｜示例审核员·合肥市｜退回补正 → 已动员（待自评）｜需补正的内容（一次性告知）：社保缴纳证明｜起算“已动员（待自评）”至05-08 17:30
2026-02-09 周一 10:00｜25日1时｜示例企业联系人·91340100MA2DD272X5｜提交自评 → 已提交（形式审查）｜科技人员指标得分：12；研发投入指标得分：30；科技成果指标得分：18｜起算“已提交（形式审查）”至02-28 17:30
2026-02-12 周四 10:00｜28日1时｜示例审核员·合肥市｜审查通过，公示 → 公示｜审查意见：材料齐全｜起算“公示”至03-04 17:30
2026-03-04 周三 17:30｜39日｜时钟｜公示期满 → 公示期满（待入库）｜“公示”10个工作日，03-04 17:30 止，告知示例审核员·合肥市｜起算“公示期满（待入库）”至03-11 17:30
2026-03-05 周四 10:00｜39日1时｜示例审核员·合肥市｜入库登记 → 入库｜入库登记编号：示例2026340104000001｜按时停“全程时限”，起算“入库”至12-31 17:30
2026-12-31 周四 17:30｜247日｜时钟｜转入下一年度更新 → 待年度更新｜“入库”12月31日前，12-31 17:30 止，告知示例协调处室·合肥市蜀山区、示例企业联系人·91340100MA2DD272X5｜起算“待年度更新”至2027-03-31 17:30（暂定）
2027-03-01 周一 17:30｜286日｜时钟｜提醒：待年度更新｜“待年度更新”3月31日前，03-31 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2027-03-17 周三 17:30｜298日｜时钟｜提醒：待年度更新｜“待年度更新”3月31日前，03-31 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2027-03-29 周一 10:00｜305日1时｜示例企业联系人·91340100MA2DD272X5｜更新 → 入库｜更新年度：2027｜起算“入库”至12-31 17:30（暂定）"""
    )


@pytest.mark.parametrize(
    ("scores", "refusals"),
    [
        ({"score_staff": 20, "score_spend": 20, "score_result": 20}, []),
        ({"score_staff": 20, "score_spend": 20, "score_result": 19}, ["guard"]),
        ({"score_staff": 0, "score_spend": 50, "score_result": 30}, ["guard"]),
        ({"score_staff": 0, "score_spend": 50, "score_result": 9}, ["guard", "guard"]),
        ({"direct": "high_tech"}, []),
        ({"score_staff": 21, "score_spend": 50, "score_result": 30}, ["bad_field"]),
    ],
)
def test_sixty_points_and_some_for_the_staff_or_a_ground_for_direct_confirmation(
    office: StoryOffice, scores: dict[str, Any], refusals: list[str]
) -> None:
    invited(office)

    assert office.blockers("submit", by="client", form_files=FORM, **scores) == refusals


def test_a_self_assessment_without_its_form_is_refused(office: StoryOffice) -> None:
    invited(office)

    assert office.blockers("submit", by="client", **SCORES) == ["missing_field"]


def test_nobody_submits_for_the_enterprise(office: StoryOffice) -> None:
    invited(office)

    assert office.blockers("submit", by="coordinator", form_files=FORM, **SCORES) == ["role_missing"]


def test_who_does_not_take_part_says_why(office: StoryOffice) -> None:
    invited(office)
    assert office.blockers("skip", by="client", skip_note="暂不需要") == ["missing_field"]

    office.step("skip", by="client", skip_reason="no_gain", skip_note="已享受高新技术企业优惠")

    assert (office.case.state, office.case.ended) == ("not_evaluated", "settled")


def test_one_that_was_not_evaluated_may_be_won_over_in_the_same_year_as_a_new_round(
    office: StoryOffice,
) -> None:
    invited(office)
    office.step("skip", by="client", skip_reason="unwilling", skip_note="资料不便提供")
    office.step("invite", by="coordinator", at="2026-04-13 10:00", invite_note="说明保密安排")
    assert (office.case.state, office.case.round) == ("invited", 2)

    office.step("skip", by="client", skip_reason="unwilling", skip_note="仍不便提供")
    office.until("2026-12-31 17:30")
    assert office.case.state == "archived"


def test_an_enterprise_that_does_not_answer_is_asked_why_and_then_its_leaders_are(
    office: StoryOffice,
) -> None:
    """Sixty working days from 01-07 end on 04-08, ten more on 04-22, five more on 04-29, five more on 05-09, a Saturday worked."""
    invited(office)
    climbing = []
    for moment in ("2026-04-08 17:30", "2026-04-22 17:30", "2026-04-29 17:30"):
        office.until(moment)
        climbing.append((office.case.state, office.case.holder.role))
    office.until("2026-05-09 17:30")

    assert climbing == [
        ("unanswered", "coordinator"),
        ("with_leader", "leader"),
        ("with_top_leader", "top_leader"),
    ]
    assert "again-1" in office.case.clocks["state"].fired or "due" in office.case.clocks["state"].fired


def test_a_public_notice_ends_after_ten_working_days_and_nobody_is_late(office: StoryOffice) -> None:
    """From 02-12: 02-13, the Saturday 02-14, 02-24 to 02-27, the Saturday 02-28, 03-02, 03-03, 03-04."""
    shown(office)

    office.until("2026-03-04 17:29")
    assert office.case.state == "publicity"
    office.until("2026-03-04 17:30")

    assert office.case.state == "enrolling"
    stopped = [c["do"] for c in office.histories[office.case.id][-1].body["changes"] if c["op"] == "clock"]
    assert (stopped.count("met"), stopped.count("late")) == (1, 0)


def test_the_third_objection_goes_to_the_provincial_leader(office: StoryOffice) -> None:
    shown(office)
    for day in ("13", "24", "25"):
        office.step("object", by="reviewer", at=f"2026-02-{day} 10:00", objection="被举报资料不实")
        if office.case.state == "submitted":
            office.step("accept", by="reviewer", at=f"2026-02-{day} 15:00", opinion="核查无误")

    assert office.case.state == "with_top_leader"


def test_an_entry_that_is_not_updated_by_31_march_lapses(office: StoryOffice) -> None:
    enrolled(office)
    office.until("2026-12-31 17:30")
    assert (office.case.state, office.case.ended) == ("to_update", "settled")
    office.until("2027-03-31 17:29")
    assert office.case.state == "to_update"
    office.until("2027-03-31 17:30")

    assert (office.case.state, office.case.ended, office.case.taken["enrol"].times) == ("lapsed", "final", 1)


def test_one_that_is_evaluated_anew_does_not_lapse_but_is_carried_over(office: StoryOffice) -> None:
    old = enrolled(office)
    office.until("2026-12-31 17:30")
    anew = office.open("sme_evaluation", by="coordinator", at="2027-01-11 09:00", year=2027)
    office.turn_to(old)

    assert office.blockers("carry_over", by="coordinator") == ["missing_field"]
    office.step("carry_over", by="coordinator", next_case=anew)

    assert (office.case.state, office.case.ended) == ("carried_over", "final")


def test_an_update_needs_its_form(office: StoryOffice) -> None:
    enrolled(office)
    office.until("2027-01-04 09:00")

    assert office.blockers("update", by="client", updated_year=2027) == ["missing_field"]


def test_figures_that_no_longer_fit_remove_it_from_every_state_that_has_not_ended_for_good() -> None:
    states = StoryOffice().workflows["sme_evaluation"].definition.states

    assert [s for s, spec in states.items() if not spec.final and "remove_by_figures" not in spec.steps] == []
