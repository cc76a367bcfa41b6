"""Lists that keep themselves, on both databases: who enters and leaves, and what becomes of the cases behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from adapters.db.database import Database
from adapters.db.programme_tables import OBSERVATION
from adapters.db.views import Filter
from adapters.evidence.journal import Journal
from adapters.metrics import new_metrics
from adapters.programme.registry import ProgrammeRegistry, UnknownProgramme
from adapters.registry import VersionTaken
from engine.access import Reach
from engine.programme.loading import load_programme
from tests.support.lists_office import MORNING, Killed, ListsOffice, lists_office
from tests.support.profiles import WAN, shipped_programme
from workers.sweeper import Sweeper
from workers.tasks import Performer
from workflows import programme

YI = 10_000 * WAN
IDLE: dict[str, Any] = {"revenue": 6 * YI, "above_scale": True, "has_rd_institution": False}


@pytest.fixture
def office(database: Database) -> Iterator[ListsOffice]:
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    with lists_office(url) as made:
        yield made


def behind(office: ListsOffice, subject: str, list_: str = "no_institution") -> str:
    """The number of the case behind the last spell."""
    return office.spells(subject, list_)[-1].case


def test_whoever_meets_the_rule_enters_and_gets_a_case_with_its_figures(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    ran = office.run()

    case = office.case(behind(office, "s1"))
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - on"]
    assert (case.workflow, case.state, case.region, case.subject) == (
        "rd_institution",
        "screened",
        "340104",
        "s1",
    )
    assert dict(case.data) == {"data_year": 2025, "revenue": 60_000}  # 万元
    assert (ran.entered, ran.refused, office.dirty()) == (
        2,
        0,
        [],
    )  # and with it the list of all that are served
    assert office.story("s1", "service_objects") == ["entered 340104 2026 - on"]


def test_a_second_pass_over_the_same_changes_nothing(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    before = office.spells("s1", "no_institution")
    office.container.lists.look_again()
    ran = office.run()

    assert (ran.entered, ran.left, ran.steps) == (0, 0, 0)
    assert office.spells("s1", "no_institution") == before


def test_what_is_not_known_changes_nothing(office: ListsOffice) -> None:
    office.put("s1", revenue=6 * YI, above_scale=True)
    office.run()
    assert office.spells("s1", "no_institution") == []

    office.put("s2", **IDLE)
    office.run()
    office.put("s2", year=2026, revenue=7 * YI)  # of 2026 nothing else is known yet
    office.run()
    assert office.story("s2", "no_institution") == ["entered 340104 2025 - on"]


def test_newer_figures_go_into_the_open_case(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.put("s1", year=2026, **{**IDLE, "revenue": 8 * YI})
    office.run()

    case = office.case(behind(office, "s1"))
    assert (case.data["data_year"], case.data["revenue"]) == (2026, 80_000)
    assert office.story("s1", "no_institution") == ["entered 340104 2026 - on"]


def test_having_an_institution_by_the_figures_does_not_clear(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.put("s1", year=2026, **{**IDLE, "has_rd_institution": True})
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - on"]


def test_a_settled_case_clears_and_the_same_figures_do_not_bring_it_back(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.jump(behind(office, "s1"), "established")
    office.run()
    office.container.lists.look_again()
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - cleared"]


def test_newer_figures_bring_a_cleared_one_back_in_a_new_round_of_its_case(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    case = behind(office, "s1")
    office.jump(case, "established")
    office.run()
    office.put("s1", year=2026, **IDLE)
    office.run()

    assert office.story("s1", "no_institution") == [
        "entered 340104 2025 - cleared",
        "relapsed 340104 2026 - on",
    ]
    assert (behind(office, "s1"), office.case(case).round, office.case(case).state) == (case, 2, "screened")


def test_people_who_open_the_case_again_bring_a_cleared_one_back(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    case = behind(office, "s1")
    office.jump(case, "established")
    office.run()
    office.jump(case, "screened")
    office.run()
    assert office.story("s1", "no_institution") == [
        "entered 340104 2025 - cleared",
        "relapsed 340104 2025 - on",
    ]
    assert behind(office, "s1") == case


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "moved_out"}, "moved"),
        ({"above_scale": False}, "shrunk"),
    ],
)
def test_an_exit_ends_the_case_and_says_why(office: ListsOffice, change: dict[str, Any], reason: str) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.put("s1", **change)
    office.run()

    (spell,) = office.spells("s1", "no_institution")
    case = office.case(spell.case)
    assert (spell.how_out, spell.reason) == ("exited", reason)
    assert (case.ended, case.data["removal_reason"]) == ("final", reason)


def test_whoever_no_longer_earns_enough_does_not_meet_the_standard_and_has_not_lost_its_scale(
    office: ListsOffice,
) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.put("s1", revenue=5 * YI - 1)
    office.run()
    (spell,) = office.spells("s1", "no_institution")
    assert (spell.how_out, spell.reason) == ("exited", "below")
    exit_ = shipped_programme().programme.lists["no_institution"].exits[spell.reason]
    assert exit_.title.zh == "不再符合标准（年销售收入不足 5 亿元）"
    assert office.case(spell.case).ended == "final"


def test_whoever_grows_again_after_shrinking_enters_anew_with_another_case(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.put("s1", revenue=1 * YI)
    office.run()
    office.put("s1", revenue=6 * YI)
    office.run()
    assert office.story("s1", "no_institution") == [
        "entered 340104 2025 - exited",
        "entered 340104 2025 - on",
    ]
    first, second = (spell.case for spell in office.spells("s1", "no_institution"))
    assert first != second


def test_removed_by_people_it_does_not_come_back_on_the_same_figures(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.jump(behind(office, "s1"), "removed")
    office.run()
    office.container.lists.look_again()
    office.run()
    (spell,) = office.spells("s1", "no_institution")
    assert (spell.how_out, spell.reason) == ("exited", "case:removed")

    office.put("s1", year=2026, **IDLE)
    office.run()
    assert len(office.spells("s1", "no_institution")) == 2


def test_a_move_hands_over_from_one_region_to_the_other(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    office.put("s1", region="340202")
    office.run()

    assert office.story("s1", "no_institution") == [
        "entered 340104 2025 - moved_out",
        "moved_in 340202 2025 - on",
    ]
    old, new = (office.case(spell.case) for spell in office.spells("s1", "no_institution"))
    assert (old.ended, old.data["removal_reason"]) == ("final", "moved")
    assert (new.ended, new.region, new.data["revenue"]) == ("", "340202", 60_000)


def withdraw(office: ListsOffice, subject: str) -> None:
    """What every batch said of the subject is taken back, as the undoing of an import does."""
    office.clock.advance(timedelta(seconds=1))
    with office.container.subjects.unit(office.clock()) as unit:
        said = OBSERVATION.c.subject == subject
        unit.connection.execute(update(OBSERVATION).where(said).values(batch="wrong-list"))
        unit.withdraw_batch("wrong-list")


def test_whoever_entered_by_figures_that_were_withdrawn_leaves_and_the_case_ends(
    office: ListsOffice,
) -> None:
    office.put("s1", **IDLE)
    office.run()
    first = behind(office, "s1")
    withdraw(office, "s1")
    office.run()

    case = office.case(first)
    assert (case.ended, case.data["removal_reason"]) == ("final", "mistaken")
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - exited"]
    assert office.spells("s1", "no_institution")[0].reason == "withdrawn"
    assert office.story("s1", "service_objects") == ["entered 340104 2026 - exited"]
    assert office.run().steps == 0

    office.put("s1", **IDLE)  # the list comes again, put right
    office.run()
    assert office.story("s1", "no_institution")[1:] == ["entered 340104 2025 - on"]
    assert behind(office, "s1") != first


def test_whoever_still_belongs_there_by_other_figures_stays_when_some_are_withdrawn(
    office: ListsOffice,
) -> None:
    office.put("s1", **IDLE)
    office.run()
    with office.container.subjects.unit(office.clock()) as unit:
        unit.connection.execute(update(OBSERVATION).values(batch="wrong-list"))
    office.put("s1", **IDLE)  # another source says the same, before the first is taken back
    with office.container.subjects.unit(office.clock()) as unit:
        unit.withdraw_batch("wrong-list")
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - on"]
    assert office.case(behind(office, "s1")).ended == ""


def test_a_tag_goes_when_the_figures_behind_it_are_withdrawn(office: ListsOffice) -> None:
    office.put("s1", is_high_tech=True, high_tech_since="2024-05-01")
    office.run()
    withdraw(office, "s1")
    office.run()
    assert [spell.reason for spell in office.spells("s1", "certified_high_tech")] == ["withdrawn"]


def test_a_tag_comes_and_goes_with_its_rule(office: ListsOffice) -> None:
    office.put("s1", is_high_tech=True, high_tech_since="2024-05-01")
    office.run()
    office.put("s1", is_high_tech=False)
    office.run()
    office.put("s1", is_high_tech=True)
    office.run()
    assert [line.split(" ", 1)[0] for line in office.story("s1", "certified_high_tech")] == [
        "entered",
        "entered",
    ]
    assert [spell.reason for spell in office.spells("s1", "certified_high_tech")] == ["rule", ""]


def test_what_depends_on_the_day_is_looked_at_every_day(office: ListsOffice) -> None:
    office.put("s1", is_high_tech=True, high_tech_since="2023-03-03")
    office.run()
    assert office.story("s1", "certified_high_tech") == ["entered 340104 2026 - on"]
    office.clock.advance(timedelta(days=1))  # three years are over
    office.run()
    assert office.story("s1", "certified_high_tech") == ["entered 340104 2026 - exited"]


# Whatever happens in between


def test_killed_between_the_commands_and_the_rows_nothing_is_lost_or_doubled(office: ListsOffice) -> None:
    office.put("s1", **IDLE)

    def die() -> None:
        raise Killed

    office.run_until(die)
    assert (office.spells("s1", "no_institution"), office.dirty()) == ([], ["s1"])
    office.run()
    office.container.lists.look_again()
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - on"]
    assert cases_of(office, "rd_institution") == [behind(office, "s1")]


def test_killed_and_changed_meanwhile_it_still_enters_and_then_leaves(office: ListsOffice) -> None:
    """The case was opened: it may not be left behind that the figures were corrected before the row was written."""
    office.put("s1", **IDLE)

    def die() -> None:
        raise Killed

    office.run_until(die)
    office.put("s1", revenue=1 * YI)
    office.run()
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - exited"]
    assert [office.case(case).ended for case in cases_of(office, "rd_institution")] == ["final"]
    assert office.dirty() == []


def test_what_changes_while_a_pass_is_on_stays_dirty(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    changed = []

    def submit(command: Any) -> Any:
        if not changed:
            changed.append(True)
            office.put("s1", revenue=9 * YI)
        return office.writer.submit(command)

    office.container.lists.run(submit)
    assert office.dirty() == ["s1"]
    office.run()
    assert office.case(behind(office, "s1")).data["revenue"] == 90_000
    assert office.dirty() == []


def test_two_processes_over_the_same_subjects_write_each_spell_once(office: ListsOffice) -> None:
    for n in range(20):
        office.put(f"s{n:02}", **IDLE)
    second = []

    def submit(command: Any) -> Any:
        if not second:
            second.append(True)
            office.run()  # another one does it all meanwhile
        return office.writer.submit(command)

    office.container.lists.run(submit)
    office.run()
    assert len(cases_of(office, "rd_institution")) == 20
    assert {len(office.spells(f"s{n:02}", "no_institution")) for n in range(20)} == {1}


def cases_of(office: ListsOffice, workflow: str) -> list[str]:

    page = office.container.views.list_cases(Reach(regions=("34",)), Filter(workflow=workflow), limit=100)
    return [case.id for case in page.cases]


# For people


def test_nobody_sees_members_beyond_their_reach(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.put("s2", region="340202", **IDLE)
    office.run()
    memberships = office.container.memberships

    def seen(**reach: Any) -> tuple[list[str], int]:
        found, _ = memberships.members("no_institution", Reach(**reach))
        return [m.spell.subject for m in found], memberships.counts(Reach(**reach)).get("no_institution", 0)

    assert seen(regions=("340104",)) == (["s1"], 1)
    assert seen(regions=("3402",)) == (["s2"], 1)
    assert seen(regions=("34",)) == (["s1", "s2"], 2)
    assert seen(subjects=("s2",)) == (["s2"], 1)
    assert seen() == ([], 0)


def test_pages_hold_every_member_once(office: ListsOffice) -> None:
    for n in range(7):
        office.put(f"s{n}", **IDLE)
    office.run()
    found, start = [], ""
    while True:
        some, start = office.container.memberships.members(
            "no_institution", Reach(regions=("34",)), limit=3, start=start
        )
        found += [member.spell.subject for member in some]
        if not start:
            break
    assert found == [f"s{n}" for n in range(7)]


# What is refused


def test_a_lowered_threshold_of_the_programme_is_the_only_one(office: ListsOffice) -> None:
    """四千万 is below both shipped thresholds."""
    name, data = programme()
    text = data.decode().replace("\nversion: 2\n", "\nversion: 3\n")
    for amount, parameter in (("1亿元", "activity_revenue"), ("5亿元", "institution_revenue")):
        line = next(each for each in text.splitlines() if each.strip().startswith(f"{parameter}:"))
        text = text.replace(line, line.replace(f"value: {amount}", "value: 3000万元"))
    office.container.programmes.publish(load_programme(text.encode(), name=name), MORNING)
    office.put("s1", revenue=4000 * WAN, above_scale=True, has_rd_institution=False, has_rd_activity=False)
    ran = office.run()

    assert ran.refused == 0
    for list_ in ("no_institution", "no_activity"):
        assert office.story("s1", list_) == ["entered 340104 2025 - on"]
        assert office.case(behind(office, "s1", list_)).data["revenue"] == 4000


def test_what_is_refused_is_counted_with_its_reason_until_it_is_not(office: ListsOffice) -> None:
    """The field takes years from 2020 on."""
    for subject in ("s1", "s2"):
        office.put(subject, year=2019, **IDLE)
    office.run()
    views = office.container.views

    (refused,) = views.owed(office.clock()).refused
    assert (refused.kind, refused.code, refused.number) == ("list", "invalid_data", 2)
    assert "统计数据年份" in refused.reason

    office.put("s1", year=2025, **IDLE)
    office.run()
    assert [each.number for each in views.owed(office.clock()).refused] == [1]
    office.put("s2", year=2025, **IDLE)
    office.run()
    assert views.owed(office.clock()).refused == []


# Versions


def test_a_published_version_never_changes_and_a_new_one_makes_all_dirty(office: ListsOffice) -> None:
    office.put("s1", **IDLE)
    office.run()
    name, data = programme()
    programmes = office.container.programmes
    assert programmes.publish(shipped_programme(), MORNING).digest == shipped_programme().digest
    assert office.dirty() == []
    with pytest.raises(VersionTaken):
        programmes.publish(load_programme(data + b"# other\n", name=name), MORNING)

    newer = data.replace(b"\nversion: 2\n", b"\nversion: 3\n")
    programmes.publish(load_programme(newer, name=name), MORNING)
    assert programmes.current(MORNING).programme.version == 3
    assert office.dirty() == ["s1"]


def test_before_its_day_a_programme_is_not_in_force(database: Database) -> None:
    name, data = programme()
    later = load_programme(data.replace(b'effective: "2023-01-01"', b'effective: "2030-01-01"'), name=name)
    registry = ProgrammeRegistry(database, lambda moment: moment.date(), Journal(database, "test"))
    registry.publish(later, MORNING)
    with pytest.raises(UnknownProgramme):
        registry.current(MORNING)


def test_the_sweeper_keeps_the_lists(office: ListsOffice) -> None:
    container = office.container
    metrics = new_metrics(lambda: container.views.owed(container.now()))
    sweeper = Sweeper(container, Performer(container, office.writer.submit, metrics, worker="w1"), metrics)
    office.put("s1", **IDLE)
    assert sweeper.tick().listed == 1
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - on"]
    office.jump(behind(office, "s1"), "established")
    sweeper.tick()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - cleared"]


def test_a_list_that_a_newer_programme_no_longer_has_is_left(office: ListsOffice) -> None:
    office.put("s1", is_high_tech=True, high_tech_since="2024-05-01")
    office.run()
    name, data = programme()
    text = (
        data.decode()
        .replace("\nversion: 2\n", "\nversion: 3\n")
        .replace("  certified_high_tech:\n", "  high_tech_now:\n")
    )
    newer = text.replace("on.certified_high_tech", "on.high_tech_now").replace(
        "members: certified_high_tech", "members: high_tech_now"
    )
    office.container.programmes.publish(load_programme(newer.encode(), name=name), MORNING)
    office.run()
    (spell,) = office.spells("s1", "certified_high_tech")
    assert (spell.how_out, spell.reason) == ("exited", "list gone")
    assert office.story("s1", "high_tech_now") == ["entered 340104 2026 - on"]
