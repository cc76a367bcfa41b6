# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of intermediaries, and the proof that the workflow cannot assign or recommend one to anybody.

Days are counted by hand on the notice for 2026: off are 04-06 and 05-01 to 05-05, worked is Saturday 05-09. Sixty days after
5 March are 4 May, a holiday, so 6 May.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine.definition import Definition, FieldType, RoleOf
from tests.support.story_office import StoryOffice, programs

LICENCE: dict[str, Any] = {"kind": "accounting", "licence": "示例执业证-001", "licence_files": ["示例-1"]}
FOUND: dict[str, Any] = {"finding": "专项审计报告未附明细", "evidence": ["示例-2"]}


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


@pytest.fixture
def definition() -> Definition:
    return programs()["intermediary"].definition


def observed(office: StoryOffice) -> str:
    case = office.open("intermediary", by="client", at="2026-01-05 09:00", **LICENCE)
    office.step("confirm", by="coordinator", at="2026-01-08 10:00", opinion="证照齐全")
    office.step("observe", by="coordinator", at="2026-03-02 10:00", **FOUND)
    return case


def proposed(office: StoryOffice) -> str:
    case = observed(office)
    office.step("demand", by="reviewer", at="2026-03-05 10:00", requirement="补正报告并自查全部报告")
    office.step("propose", by="reviewer", at="2026-05-07 10:00", notice="逾期没有整改", evidence=["示例-3"])
    return case


def test_a_firm_is_observed_defends_itself_appeals_and_is_restored(office: StoryOffice) -> None:
    case = office.open("intermediary", by="client", at="2026-01-05 09:00", **LICENCE)
    office.step("confirm", by="coordinator", at="2026-01-08 10:00", opinion="证照齐全")
    office.step("record", by="coordinator", at="2026-02-10 10:00", dealing="专项审计一项", quality="fair")
    office.refused(
        "missing_field", "observe", by="coordinator", at="2026-03-02 09:50", finding="专项审计报告未附明细"
    )
    office.step("observe", by="coordinator", at="2026-03-02 10:00", **FOUND)
    office.step("defend", by="client", at="2026-03-03 10:00", defence="明细另册，漏送")
    office.step("demand", by="reviewer", at="2026-03-05 10:00", requirement="补正报告并自查全部报告")
    office.refused("guard", "repair", by="reviewer", at="2026-05-07 09:50", opinion="同意")
    office.step(
        "propose", by="reviewer", at="2026-05-07 10:00", notice="逾期六十日没有整改", evidence=["示例-3"]
    )
    office.step("appeal", by="client", at="2026-05-20 10:00", appeal="整改材料已寄出")
    office.step("dismiss", by="leader", at="2026-05-25 10:00", decision="邮戳在整改期内，予以修复")
    office.until("2027-05-25 18:00")

    assert (
        office.timeline(case)
        == """\
2026-01-05 周一 09:00｜0分｜示例企业联系人·91340100MA2DD272X5｜登记 中介机构信用管理 → 登记核验（每年一次）｜机构类别：会计师事务所；执业证书编号：示例执业证-001｜起算“本轮全程时限”至2028-01-05 17:30（暂定），起算“登记核验（每年一次）”至01-19 17:30
2026-01-08 周四 10:00｜3日1时｜示例协调处室·合肥市蜀山区｜核验通过 → 正常｜核验意见：证照齐全｜按时停“本轮全程时限”，起算“正常”至2027-01-08 17:30（暂定）
2026-02-10 周二 10:00｜26日1时｜示例协调处室·合肥市蜀山区｜记录服务质量｜服务事项：专项审计一项；服务质量：一般
2026-03-02 周一 09:50｜36日50分｜示例协调处室·合肥市蜀山区｜✗ 列入观察｜请填写“证据材料”
2026-03-02 周一 10:00｜36日1时｜示例协调处室·合肥市蜀山区｜列入观察 → 观察 → 第2轮｜发现的问题：专项审计报告未附明细｜起算“本轮全程时限”至2028-03-02 17:30（暂定），起算“观察”至03-30 17:30
2026-03-03 周二 10:00｜37日1时｜示例企业联系人·91340100MA2DD272X5｜陈述申辩｜陈述申辩：明细另册，漏送
2026-03-05 周四 10:00｜39日1时｜示例审核员·合肥市｜责令整改 → 整改中｜整改要求：补正报告并自查全部报告｜起算“整改中”至05-06 17:30
2026-04-21 周二 17:30｜72日｜时钟｜提醒：整改中｜“整改中”60天，05-06 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区
2026-05-06 周三 17:30｜80日｜时钟｜整改期满，转入复核 → 整改复核｜“整改中”60天，05-06 17:30 止，告知示例企业联系人·91340100MA2DD272X5、示例协调处室·合肥市蜀山区、示例审核员·合肥市｜起算“整改复核”至05-19 17:30
2026-05-07 周四 09:50｜80日50分｜示例审核员·合肥市｜✗ 信用修复｜机构没有报告整改情况，不能修复
2026-05-07 周四 10:00｜80日1时｜示例审核员·合肥市｜拟失信公示 → 拟失信公示（申诉期）｜拟公示的事实、理由和依据：逾期六十日没有整改｜起算“拟失信公示（申诉期）”至05-20 17:30
2026-05-18 周一 17:30｜89日｜时钟｜提醒：拟失信公示（申诉期）｜“拟失信公示（申诉期）”10个工作日，05-20 17:30 止，告知示例企业联系人·91340100MA2DD272X5
2026-05-20 周三 10:00｜90日1时｜示例企业联系人·91340100MA2DD272X5｜申诉 → 公示审定｜申诉理由：整改材料已寄出｜起算“公示审定”至06-03 17:30
2026-05-25 周一 10:00｜93日1时｜示例分管领导·合肥市蜀山区｜申诉成立，信用修复 → 正常｜审定意见：邮戳在整改期内，予以修复｜按时停“本轮全程时限”，起算“正常”至2027-05-25 17:30（暂定）
2027-05-25 周二 17:30｜346日｜时钟｜满一年，重新核验 → 登记核验（每年一次） → 第3轮｜“正常”12个月，05-25 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“本轮全程时限”至2029-05-25 17:30（暂定），起算“登记核验（每年一次）”至06-08 17:30（暂定）"""
    )


def test_a_firm_that_rectifies_in_time_is_restored(office: StoryOffice) -> None:
    observed(office)
    office.step("demand", by="reviewer", at="2026-03-05 10:00", requirement="补正报告")
    office.step(
        "rectify",
        by="client",
        at="2026-04-01 10:00",
        rectification="已经补正",
        rectification_files=["示例-4"],
    )
    office.step("repair", by="reviewer", at="2026-04-03 10:00", opinion="整改到位")

    assert (office.case.state, office.case.ended) == ("normal", "settled")


def test_nothing_is_disclosed_before_the_ten_days_of_appeal_and_then_only_by_a_leader(
    office: StoryOffice,
) -> None:
    """Ten working days after 7 May: 8 and 9 May, 11 to 15, 18 to 20."""
    proposed(office)
    assert office.blockers("disclose", by="leader", decision="同意公示") == ["wrong_state"]
    office.until("2026-05-20 17:29")
    assert office.case.state == "appealing"

    office.until("2026-05-20 17:30")

    assert (office.case.state, office.case.holder.role) == ("deciding", "leader")
    assert "separation" in office.blockers("disclose", by="p-3401-reviewer-1", decision="同意公示")
    office.step("disclose", by="leader", at="2026-05-21 10:00", decision="同意公示")
    assert (office.case.state, office.case.ended) == ("disclosed", "final")


def test_an_appeal_after_the_ten_days_is_too_late(office: StoryOffice) -> None:
    proposed(office)
    office.until("2026-05-21 09:00")

    assert office.blockers("appeal", by="client", appeal="整改材料已寄出") == ["wrong_state"]


def test_a_finding_that_nobody_examines_climbs_to_the_leader_above_and_comes_back(
    office: StoryOffice,
) -> None:
    """Twenty working days after 2 March are 30 March; the fifth after that, over 6 April, is 7 April."""
    observed(office)

    office.until("2026-04-07 17:29")
    assert office.case.state == "observed"
    office.until("2026-04-07 17:30")

    assert (office.case.state, office.case.holder.role) == ("with_leader", "upper_leader")
    office.step("decide", by="upper_leader", at="2026-04-08 10:00", decision="限期查明")
    assert office.case.state == "observed"


# By law: 国务院令第722号 第四十三条、第六十九条


def test_no_field_can_name_an_enterprise_a_unit_a_person_or_another_case(definition: Definition) -> None:
    own = {FieldType.TEXT, FieldType.CHOICE, FieldType.BOOLEAN, FieldType.FILES}

    assert {name: spec.type for name, spec in definition.fields.items() if spec.type not in own} == {}


def test_no_step_and_no_clock_reaches_beyond_the_firm_itself(definition: Definition) -> None:
    steps = [step for *_, step in definition.steps()]
    rungs = [rung for _, states in definition.charts() for state in states.values() for rung in state.overdue]
    rungs += [rung for clock in definition.clocks.values() for rung in clock.overdue]
    states = list(definition.states.values())

    assert [step for step in steps if step.opens or step.joins or step.links] == []
    assert [rung for rung in rungs if rung.opens] == []
    assert [state for state in states if state.holder or state.parallel] == []
    assert [role for role in definition.roles.values() if role.of in (RoleOf.UNIT, RoleOf.SYSTEM)] == []
    assert {r for r, role in definition.roles.items() if role.of is RoleOf.SUBJECT} == {"client"}  # the firm


def words(node: Any) -> Iterator[str]:
    """Every key and every text of the whole definition."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from words(value)
    elif isinstance(node, list):
        for each in node:
            yield from words(each)
    elif isinstance(node, str):
        yield node


def test_no_word_of_the_definition_speaks_of_assigning_or_recommending(definition: Definition) -> None:
    forbidden = re.compile(
        "指定|指派|分派|派给|选派|委派|推荐|推介|优先选用|assign|recommend|appoint", re.IGNORECASE
    )

    said = list(words(json.loads(definition.model_dump_json(by_alias=True))))

    assert "失信公示" in said  # the walk reaches the titles
    assert [word for word in said if forbidden.search(word)] == []


def test_no_other_workflow_opens_a_firms_case_or_chooses_a_firm() -> None:
    others = [p.definition for name, p in programs().items() if name != "intermediary"]
    opened = {
        opens.workflow
        for definition in others
        for opens in (
            *(step.opens for *_, step in definition.steps()),
            *(r.opens for _, states in definition.charts() for s in states.values() for r in s.overdue),
            *(r.opens for clock in definition.clocks.values() for r in clock.overdue),
        )
        if opens
    }

    assert "intermediary" not in opened
