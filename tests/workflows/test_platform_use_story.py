# ruff: noqa: E501 (a line of a timeline is one event)
"""Stories of the platform: registered, used, silent after twelve months, helped.

Days are counted by hand on the notices. Off in 2024: 04-04 and 04-05, 06-10; worked: Sunday 04-07. Off in 2026: 01-01 to 01-03, 02-16 to
02-20 and 02-23; worked: 01-04, 02-14 and 02-28. Months end on the same date, or on the next working day.
"""

from __future__ import annotations

import pytest

from tests.support.story_office import StoryOffice, programs


@pytest.fixture
def office() -> StoryOffice:
    return StoryOffice()


def active(office: StoryOffice) -> str:
    case = office.open("platform_use", by="programme", at="2024-03-01 08:30", data_year=2023)
    office.step("register_by_figures", by="programme", at="2024-03-11 08:30", registered_on="2024-03-08")
    office.step("use_by_figures", by="programme", at="2024-07-01 08:30", used_on="2024-06-28")
    return case


def test_an_enterprise_is_registered_helped_uses_the_platform_falls_silent_and_comes_back(
    office: StoryOffice,
) -> None:
    case = office.open("platform_use", by="programme", at="2024-03-01 08:30", data_year=2023)
    office.step("register_by_figures", by="programme", at="2024-03-11 08:30", registered_on="2024-03-08")
    office.step(
        "ask_obstacle",
        by="coordinator",
        at="2024-06-04 10:00",
        obstacle="unable",
        obstacle_note="没有会用平台的人",
    )
    office.step("help", by="coordinator", at="2024-06-12 10:00", help_note="上门培训两名操作员")
    office.step("use_by_figures", by="programme", at="2024-07-01 08:30", used_on="2024-06-28")
    office.step("use_by_figures", by="programme", at="2024-12-02 08:30", used_on="2024-11-29")
    office.step(
        "ask_obstacle",
        by="coordinator",
        at="2025-12-05 10:00",
        obstacle="poorly",
        obstacle_note="订单系统没有打通",
    )
    office.step(
        "confirm_use",
        by="coordinator",
        at="2025-12-22 10:00",
        used_on="2025-12-19",
        use_note="发布需求一条",
        use_files=["示例-1"],
    )

    assert (
        office.timeline(case)
        == """\
2024-03-01 周五 08:30｜0分｜系统｜登记 上平台、用平台 → 未注册｜数据年份：2023｜起算“本轮全程时限”至2025-09-01 17:30，起算“未注册”至04-15 17:30
2024-03-11 周一 08:30｜6日｜系统｜已注册（平台数据） → 已注册（上平台）｜注册日期：2024-03-08｜起算“已注册（上平台）”至06-11 17:30
2024-05-27 周一 17:30｜60日｜时钟｜提醒：已注册（上平台）｜“已注册（上平台）”3个月，06-11 17:30 止，告知示例协调处室·合肥市蜀山区、示例联络员·合肥市蜀山区
2024-06-04 周二 10:00｜65日1时｜示例协调处室·合肥市蜀山区｜问明未转的原因 → 帮扶｜未转的原因：不会转；具体情况：没有会用平台的人｜起算“帮扶”至12-04 17:30
2024-06-12 周三 10:00｜70日1时｜示例协调处室·合肥市蜀山区｜记录帮扶｜帮扶情况：上门培训两名操作员
2024-07-01 周一 08:30｜83日｜系统｜已使用（平台数据） → 活跃（用平台）｜最近一次使用日期：2024-06-28｜按时停“本轮全程时限”，起算“活跃（用平台）”至2025-07-01 17:30
2024-12-02 周一 08:30｜189日｜系统｜又有使用（平台数据）｜最近一次使用日期：2024-11-29｜起算“活跃（用平台）”至2025-12-02 17:30
2025-12-02 周二 17:30｜438日｜时钟｜十二个月没有使用 → 沉默 → 第2轮｜“活跃（用平台）”12个月，12-02 17:30 止，告知示例协调处室·合肥市蜀山区｜起算“本轮全程时限”至2027-06-02 17:30（暂定），起算“沉默”至12-16 17:30
2025-12-05 周五 10:00｜440日1时｜示例协调处室·合肥市蜀山区｜问明未转的原因 → 帮扶｜未转的原因：转不好；具体情况：订单系统没有打通｜起算“帮扶”至2026-06-05 17:30
2025-12-22 周一 10:00｜451日1时｜示例协调处室·合肥市蜀山区｜核实已使用 → 活跃（用平台）｜最近一次使用日期：2025-12-19；使用情况：发布需求一条｜按时停“本轮全程时限”，起算“活跃（用平台）”至2026-12-22 17:30"""
    )


def test_the_twelve_months_count_from_the_last_use(office: StoryOffice) -> None:
    active(office)
    for at in ("2024-12-02 08:30", "2025-11-03 08:30"):
        office.step("use_by_figures", by="programme", at=at, used_on=at[:10])

    office.until("2026-11-03 17:29")
    assert (office.case.state, office.case.ended) == ("active", "settled")
    office.until("2026-11-03 17:30")
    assert (office.case.state, office.case.round) == ("silent", 2)


def test_the_figures_may_say_earlier_that_an_enterprise_is_silent(office: StoryOffice) -> None:
    active(office)

    office.step("fall_silent", by="programme", at="2024-10-08 08:30", used_on="2023-09-30")

    assert (office.case.state, office.case.holder.role) == ("silent", "coordinator")


def test_the_four_reasons_of_the_scheme_are_the_choice() -> None:
    options = programs()["platform_use"].definition.fields["obstacle"].options

    assert [title.zh for title in options.values()] == ["不愿转", "不会转", "不想转", "转不好"]


def test_an_enterprise_that_nobody_registers_is_helped_and_then_climbs_to_the_leader_above(
    office: StoryOffice,
) -> None:
    """Thirty working days after 2026-01-05 end on 14 February (a Saturday that is worked); six months later is 14 August, five working days after that 21 August."""
    office.open("platform_use", by="programme", at="2026-01-05 08:30", data_year=2025)
    office.until("2026-02-14 17:30")
    assert office.case.state == "helping"

    office.until("2026-08-21 17:29")
    assert office.case.state == "helping"
    office.until("2026-08-21 17:30")

    assert (office.case.state, office.case.holder.role) == ("with_leader", "upper_leader")
    office.step("decide", by="upper_leader", at="2026-08-24 10:00", decision="上门再帮一次")
    assert office.case.state == "helping"


def test_one_that_registered_and_never_used_it_is_helped_after_three_months(office: StoryOffice) -> None:
    """Registered in the list on 11 March 2024; 11 June is a Tuesday."""
    office.open("platform_use", by="programme", at="2024-03-01 08:30", data_year=2023)
    office.step("register_by_figures", by="programme", at="2024-03-11 08:30", registered_on="2024-03-08")

    office.until("2024-06-11 17:30")

    assert office.case.state == "helping"


def test_people_do_not_take_the_steps_of_the_figures_and_say_nothing_without_proof(
    office: StoryOffice,
) -> None:
    office.open("platform_use", by="programme", at="2024-03-01 08:30", data_year=2023)

    assert office.blockers("use_by_figures", by="p-340104-coordinator-1", used_on="2024-03-01") == [
        "role_missing"
    ]
    assert office.blockers("confirm_use", by="coordinator", used_on="2024-03-01", use_note="已发布需求") == [
        "missing_field"
    ]


def test_an_enterprise_that_is_gone_is_removed_from_every_state(office: StoryOffice) -> None:
    states = programs()["platform_use"].definition.states
    still = [s for s, spec in states.items() if not spec.final]
    assert [s for s in still if not {"remove", "remove_by_figures"} <= set(states[s].steps)] == []
    active(office)

    office.step("remove_by_figures", by="programme", at="2024-09-02 08:30", removal_reason="cancelled")

    assert (office.case.state, office.case.ended) == ("removed", "final")
