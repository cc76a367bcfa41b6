# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of the yearly assessment of a city: a scheme that is frozen, scores that name their snapshot, an appeal, separate hands.

Days are counted by hand on the notice for 2026: off are 01-01 to 01-03, 02-15 to 02-23 and 04-04 to 04-06; worked are Sunday 01-04 and the
Saturdays 02-14 and 02-28. Ten working days from Monday 01-12 are Monday 01-26; five from Wednesday 02-11 are 12, 13, Saturday 14,
24 and 25 February; ten from Tuesday 02-24 are 25, 26, 27, Saturday 28, 2 to 6 and Monday 9 March.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.access import Actor, Grant
from tests.support.story_office import StoryOffice

SNAPSHOT = "b" * 64
OTHER = "c" * 64
SCHEME: dict[str, Any] = {"scheme_text": "双倍增40分、两清零40分、日常联系20分", "scheme_files": ["示例-1"]}
SELF: dict[str, Any] = {"self_score": 95, "self_report": ["示例-2"]}
FIRST: dict[str, Any] = {"first_score": 86, "score_sheet": ["示例-3"], "used_snapshot": SNAPSHOT}
FINAL: dict[str, Any] = {"final_score": 88, "decision": "采纳复核意见", "used_snapshot": SNAPSHOT}


class Assessments(StoryOffice):
    """An office where one person may hold another's post beside their own."""

    def __init__(self) -> None:
        super().__init__(region="3401", subject="")
        self.second_posts: dict[str, Grant] = {}

    def _actor(self, person: str) -> Actor:
        actor = super()._actor(person)
        second = self.second_posts.get(person)
        return replace(actor, grants=(*actor.grants, second)) if second else actor


@pytest.fixture
def office() -> Assessments:
    return Assessments()


def self_assessed(office: StoryOffice) -> str:
    case = office.open("assessment", by="programme", at="2026-01-05 09:00", year=2025)
    office.step("publish", by="assessor", at="2026-01-12 10:00", **SCHEME)
    office.step("self_assess", by="city", at="2026-01-23 10:00", **SELF)
    return case


def scored(office: StoryOffice) -> str:
    case = self_assessed(office)
    office.step("verify", by="verifier", at="2026-02-06 10:00", verification="证据属实", snapshot=SNAPSHOT)
    office.refused(
        "guard", "score", by="assessor", at="2026-02-11 09:00", **{**FIRST, "used_snapshot": OTHER}
    )
    office.step("score", by="assessor", at="2026-02-11 10:00", **FIRST)
    return case


def test_a_city_is_assessed_appeals_and_gets_a_final_score_from_other_hands_on_the_same_data(
    office: Assessments,
) -> None:
    case = scored(office)
    office.step("appeal", by="city", at="2026-02-24 10:00", appeal="漏计一家高企")
    office.step("review", by="reviewer", at="2026-02-27 10:00", review="应当计入，加2分")
    office.refused(
        "guard", "finalise", by="top_leader", at="2026-03-03 09:00", **{**FINAL, "used_snapshot": OTHER}
    )
    office.step("finalise", by="top_leader", at="2026-03-03 10:00", **FINAL)
    office.step("announce", by="assessor", at="2026-03-05 10:00", bulletin=["示例-4"])

    assert (
        office.timeline(case)
        == """\
2026-01-05 周一 09:00｜0分｜系统｜登记 年度考核 → 方案草案｜考核年度：2025｜起算“全程时限”至2027-01-05 17:30（暂定），起算“方案草案”至02-02 17:30
2026-01-12 周一 10:00｜5日1时｜示例考核员·安徽省｜发布方案 → 市自评｜考核方案（指标、权重、计分办法）：双倍增40分、两清零40分、日常联系20分｜起算“市自评”至01-26 17:30
2026-01-21 周三 17:30｜13日｜时钟｜提醒：市自评｜“市自评”10个工作日，01-26 17:30 止，告知示例联络员·合肥市、示例分管领导·合肥市
2026-01-23 周五 10:00｜14日1时｜示例联络员·合肥市｜报送自评 → 证据核验｜自评得分：95｜起算“证据核验”至02-27 17:30
2026-02-06 周五 10:00｜24日1时｜示例协调处室·安徽省｜核验完毕，冻结数据 → 初分｜核验情况：证据属实；数据快照校验码：bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb｜起算“初分”至02-27 17:30
2026-02-11 周三 09:00｜27日｜示例考核员·安徽省｜✗ 评定初分｜评分所用的快照不是核验时冻结的那一份
2026-02-11 周三 10:00｜27日1时｜示例考核员·安徽省｜评定初分 → 待市申诉｜初分：86；评分所用快照的校验码：bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb｜起算“待市申诉”至02-25 17:30
2026-02-24 周二 10:00｜31日1时｜示例联络员·合肥市｜申诉 → 复核｜申诉理由：漏计一家高企｜起算“复核”至03-09 17:30
2026-02-27 周五 10:00｜34日1时｜示例审核员·安徽省｜提出复核意见 → 终分｜复核意见：应当计入，加2分｜起算“终分”至03-12 17:30
2026-03-03 周二 09:00｜37日｜示例分管领导·安徽省｜✗ 评定终分｜评分所用的快照不是核验时冻结的那一份
2026-03-03 周二 10:00｜37日1时｜示例分管领导·安徽省｜评定终分 → 待通报｜终分：88；批示意见：采纳复核意见；评分所用快照的校验码：bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb｜起算“待通报”至03-10 17:30
2026-03-05 周四 10:00｜39日1时｜示例考核员·安徽省｜通报 → 已通报｜｜按时停“全程时限”"""
    )


def test_the_scheme_is_frozen_when_it_is_published_and_the_data_when_they_are_verified(
    office: Assessments,
) -> None:
    definition = office.workflows["assessment"].definition
    writers = {
        field: {
            step_id
            for _, _, _, step_id, step in definition.steps()
            if field in (*step.needs, *step.may, *step.sets)
        }
        for field in ("scheme_text", "scheme_files", "snapshot")
    }

    assert writers == {"scheme_text": {"publish"}, "scheme_files": {"publish"}, "snapshot": {"verify"}}


def test_one_who_assessed_the_city_for_the_city_does_not_set_its_final_score(office: Assessments) -> None:
    """The liaison officer of the city has become deputy director of the province."""
    scored(office)
    office.step("agree", by="city", at="2026-02-12 10:00")
    assert "role_missing" in office.blockers("finalise", by="p-3401-liaison-1", **FINAL)

    office.second_posts["p-3401-liaison-1"] = Grant("leader", region="34")
    assert office.blockers("finalise", by="p-3401-liaison-1", **FINAL) == ["separation"]


def test_one_who_gave_the_first_score_does_not_review_it(office: Assessments) -> None:
    scored(office)
    office.step("appeal", by="city", at="2026-02-12 10:00", appeal="漏计一家高企")
    office.second_posts["p-34-assessor-1"] = Grant("reviewer", region="34")

    assert office.blockers("review", by="p-34-assessor-1", review="维持") == ["separation"]


def test_another_city_neither_assesses_nor_appeals_for_this_one(office: Assessments) -> None:
    scored(office)

    assert office.blockers("appeal", by="p-3402-liaison-1", appeal="漏计一家高企") == ["other_region"]


def test_a_silent_city_is_verified_without_its_word_and_has_no_objection(office: Assessments) -> None:
    """Published on Monday 12 January: ten working days end on Monday 26 January."""
    office.open("assessment", by="programme", at="2026-01-05 09:00", year=2025)
    office.step("publish", by="assessor", at="2026-01-12 10:00", **SCHEME)
    office.until("2026-01-26 17:31")
    assert office.case.state == "verifying"

    office.step("verify", by="verifier", at="2026-02-06 10:00", verification="证据属实", snapshot=SNAPSHOT)
    office.step("score", by="assessor", at="2026-02-11 10:00", **FIRST)
    office.until("2026-02-25 17:31")
    assert (office.case.state, office.case.holder.role) == ("finalising", "top_leader")


def test_a_scheme_that_nobody_publishes_climbs_to_the_provincial_leader(office: Assessments) -> None:
    """Twenty working days from Monday 5 January are Monday 2 February."""
    office.open("assessment", by="programme", at="2026-01-05 09:00", year=2025)
    office.until("2026-02-02 17:29")
    assert office.case.state == "drafting"
    office.until("2026-02-02 17:30")
    assert (office.case.state, office.case.holder.role) == ("pressed", "top_leader")

    office.step("press", by="top_leader", at="2026-02-03 10:00", decision="一周内发布")
    assert office.case.state == "drafting"
