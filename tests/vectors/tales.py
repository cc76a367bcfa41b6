"""Stories whose histories are frozen beside those of the demo: the words of the language that those do not use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.canonical import instant
from tests.support.story_office import StoryOffice, moment
from tests.workflows import test_common_issue_story as common
from tests.workflows import test_high_tech_story as high_tech
from tests.workflows import test_january_package_story as january
from tests.workflows import test_platform_use_story as platform
from tests.workflows import test_rd_activity_story as activity
from tests.workflows import test_visit_story as visit
from tests.workflows import test_white_list_story as white_list

__all__ = ["TALES"]

SCIENCE, FINANCE, TAX = (f"u-340104-{name}" for name in ("science", "finance", "tax"))


def _past(*happened: tuple[str, str, str]) -> tuple[dict[str, Any], ...]:
    """(local time, what, step or empty)."""
    return tuple(
        {"at": instant(moment(at)), "what": what, **({"step": step} if step else {})}
        for at, what, step in happened
    )


def taken_over_open(office: StoryOffice) -> None:
    """Dispatched elsewhere with two departments, one of them late on arrival; worked on here to the end of the answer."""
    office.take_over(
        "issue",
        at="2026-11-25 10:00",
        number="示例-0001",
        state="dispatched",
        opened=instant(moment("2026-11-16 09:30")),
        since=instant(moment("2026-11-17 10:00")),
        past=_past(
            ("2026-11-16 09:30", "登记", ""),
            ("2026-11-16 14:00", "受理", "accept"),
            ("2026-11-17 10:00", "派单", "dispatch"),
        ),
        data={
            "summary": "示例：研发费用归集口径不清",
            "source": "hotline",
            "category": "complex",
            "lead_unit": SCIENCE,
            "co_units": [FINANCE, TAX],
            "contact_name": "示例来电人",
            "contact_phone": "0551-00000000",
            "original_number": "示例-0001",
        },
    )
    office.step("contact", by="handler", at="2026-11-25 11:00", contact_note="已电话核对诉求")
    office.until("2026-12-20 09:00")


def taken_over_closed(office: StoryOffice) -> None:
    """Answered and closed elsewhere: the answer was in time, and the case runs out here as any other."""
    office.take_over(
        "issue",
        at="2026-11-25 10:00",
        number="示例-0002",
        state="closed",
        opened=instant(moment("2026-11-02 09:30")),
        since=instant(moment("2026-11-20 16:00")),
        past=_past(
            ("2026-11-02 09:30", "登记", ""),
            ("2026-11-02 10:00", "派单", "dispatch"),
            ("2026-11-13 15:00", "答复", "answer"),
            ("2026-11-20 16:00", "办结", "approve"),
        ),
        data={"summary": "示例：高企认定材料咨询", "source": "hotline", "answer": "已寄送材料清单"},
    )
    office.until("2027-01-20 09:00")


Tale = Callable[[StoryOffice], object]

CITY: Final = {"region": "3401", "subject": ""}

TALES: Final[Mapping[str, tuple[Mapping[str, str], Tale]]] = {
    "imported-open": ({}, taken_over_open),
    "imported-closed": ({}, taken_over_closed),
    # until a day of its own, so many working days ahead, since the end of the visit
    "visit": (
        CITY,
        visit.test_a_monthly_visit_is_announced_held_and_written_up_and_its_findings_become_issues,
    ),
    "visit-missed": ({}, visit.test_a_visit_that_is_missed_is_made_up_and_stays_visible_as_such),
    # steps of the system; settled states with terms since a step
    "rd-activity": (
        {},
        activity.test_an_enterprise_takes_up_research_is_cleared_and_relapses_when_the_figures_say_so,
    ),
    "rd-activity-look-backs": (
        {},
        activity.test_the_look_backs_come_3_6_and_12_months_after_the_clearing_however_long_each_one_takes,
    ),
    "platform-use": (
        {},
        platform.test_an_enterprise_is_registered_helped_uses_the_platform_falls_silent_and_comes_back,
    ),
    "platform-use-term": ({}, platform.test_the_twelve_months_count_from_the_last_use),
    # links
    "common-issue": (
        {},
        common.test_an_adopted_proposal_is_implemented_and_every_linked_issue_hears_of_it,
    ),
    "january": (
        CITY,
        january.test_a_county_is_late_and_a_city_in_time_and_the_province_wants_a_part_again,
    ),
    # terms of open states, a lane beside the whole
    "high-tech": (
        {},
        high_tech.test_an_enterprise_rises_from_the_pool_to_a_certificate_misses_one_report_and_applies_anew,
    ),
    # until quarter end
    "white-list": ({}, white_list.test_a_candidate_consents_gets_credit_is_refreshed_and_withdraws),
}
