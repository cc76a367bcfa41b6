"""Changes of the organisation as operations on its value, and what is told of vacancies, teams and participation."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.calendars.loading import load_calendar
from adapters.organisation import sample_directory
from adapters.organisation.changes import (
    AddPerson,
    AddUnit,
    Clash,
    EndPost,
    GivePost,
    MovePerson,
    StandIn,
    UnknownMember,
    applied,
    handover,
    regions_of,
    roles_of,
)
from adapters.organisation.vacancies import Seat, pairs, participation, seats
from engine.access import Grant, grants_of
from engine.directory import Directory, Malformed, Person, PersonId, Post, RegionId, Unit, UnitId

DAY = date(2026, 11, 25)  # a Wednesday
LIAISON = PersonId("p-340104-liaison-1")
COORDINATOR = PersonId("p-340104-coordinator-1")
REGION, UNIT = RegionId("340104"), UnitId("u-340104-science")
NEWCOMER = Person(PersonId("p-new"), "示例新人", UNIT)
CALENDAR = load_calendar("cn")


@pytest.fixture(scope="module")
def sample() -> Directory:
    return sample_directory()


def post(person: PersonId, role: str = "liaison", since: date = DAY, **more: object) -> Post:
    return Post(person=person, role=role, since=since, region=REGION, **more)


def seat(directory: Directory, on: date, role: str = "liaison", region: str = REGION) -> Seat:
    return next(s for s in seats(directory, CALENDAR, on) if (s.region, s.role) == (region, role))


def test_a_change_makes_a_new_directory_and_leaves_the_old_one_as_it_was(sample: Directory) -> None:
    before = sample.digest()
    after = applied(sample, [AddPerson(NEWCOMER), GivePost(post(NEWCOMER.id, "supervisor"))])
    assert sample.digest() == before != after.digest()
    assert NEWCOMER.id in after.holders("supervisor", region=REGION, on=DAY)
    assert sample.person(NEWCOMER.id) is None


def test_a_post_ends_after_its_last_day_and_one_that_had_not_begun_never_was(sample: Directory) -> None:
    ended = applied(sample, [EndPost(person=LIAISON, role="liaison", region=REGION, last=DAY)])
    assert ended.holders("liaison", region=REGION, on=DAY) == (LIAISON,)
    assert ended.holders("liaison", region=REGION, on=date(2026, 11, 26)) == ()
    planned = applied(sample, [GivePost(post(COORDINATOR, "caller", date(2027, 1, 1)))])
    never = applied(planned, [EndPost(person=COORDINATOR, role="caller", region=REGION, last=DAY)])
    assert never.digest() == sample.digest()


@pytest.mark.parametrize(
    ("operations", "error"),
    [
        ([AddPerson(Person(LIAISON, "重复", UNIT))], Clash),
        ([AddUnit(Unit(UNIT, "重复", REGION))], Clash),
        ([GivePost(post(LIAISON))], Clash),
        ([GivePost(post(PersonId("nobody")))], UnknownMember),
        ([MovePerson(LIAISON, UnitId("nowhere"))], UnknownMember),
        ([EndPost(person=LIAISON, role="leader", region=REGION, last=DAY)], UnknownMember),
        ([StandIn(COORDINATOR, LIAISON, DAY, date(2026, 11, 1))], Clash),
        ([StandIn(COORDINATOR, LIAISON, date(2017, 1, 1), DAY)], UnknownMember),
        ([AddPerson(Person(PersonId("有空格 "), "错", UNIT))], Malformed),
        ([GivePost(Post(person=LIAISON, role="leader", since=DAY))], Malformed),
    ],
)
def test_a_change_that_contradicts_what_is_there_is_refused(
    sample: Directory, operations: list[object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        applied(sample, operations)


def test_a_stand_in_looks_after_every_post_for_a_time(sample: Directory) -> None:
    until = date(2026, 12, 5)
    changed = applied(sample, [StandIn(COORDINATOR, LIAISON, DAY, until)])
    assert changed.holders("liaison", region=REGION, on=DAY) == (LIAISON, COORDINATOR)
    assert changed.holders("liaison", region=REGION, on=date(2026, 12, 6)) == (LIAISON,)
    assert [p.stands_in_for for p in changed.posts_of(COORDINATOR, on=until)] == [None, LIAISON]


def test_a_handover_gives_the_successor_every_post_from_that_day(sample: Directory) -> None:
    head = PersonId("p-340104-science-head-1")
    first = date(2026, 12, 1)
    changed = applied(sample, handover(sample, head, COORDINATOR, first=first))
    assert changed.unit_holders("head", unit=UNIT, on=date(2026, 11, 30)) == (head,)
    assert changed.unit_holders("head", unit=UNIT, on=first) == (COORDINATOR,)
    assert changed.posts_of(head, on=first) == ()
    before = grants_of(sample.posts_of(COORDINATOR, on=first))
    assert set(grants_of(changed.posts_of(COORDINATOR, on=first))) == {*before, Grant("head", unit=UNIT)}
    assert handover(changed, head, COORDINATOR, first=first) == []  # done already


def test_a_handover_of_some_posts_leaves_the_others(sample: Directory) -> None:
    handler = PersonId("p-340104-handler-1")  # handler and department of the unit
    operations = handover(sample, handler, COORDINATOR, first=DAY, roles=["handler"])
    changed = applied(sample, operations)
    assert changed.unit_holders("handler", unit=UNIT, on=DAY) == (COORDINATOR,)
    assert changed.unit_holders("department", unit=UNIT, on=DAY) == (handler,)
    with pytest.raises(UnknownMember):
        handover(sample, handler, COORDINATOR, first=DAY, roles=["leader"])
    with pytest.raises(Clash):
        handover(sample, handler, handler, first=DAY)


def test_an_operation_names_the_regions_and_posts_that_it_is_about(sample: Directory) -> None:
    assert regions_of(sample, GivePost(post(LIAISON))) == [REGION]
    assert regions_of(sample, AddPerson(NEWCOMER)) == [REGION]
    assert regions_of(sample, MovePerson(LIAISON, UnitId("u-3401-science"))) == [REGION, "3401"]
    assert regions_of(sample, StandIn(COORDINATOR, LIAISON, DAY, DAY)) == [REGION]
    assert roles_of(sample, StandIn(COORDINATOR, LIAISON, DAY, DAY)) == {"liaison"}
    assert roles_of(sample, AddPerson(NEWCOMER)) == set()


def test_a_vacancy_is_yellow_for_three_working_days_and_then_red(sample: Directory) -> None:
    friday = date(2026, 11, 20)
    vacant = applied(sample, [EndPost(person=LIAISON, role="liaison", region=REGION, last=friday)])
    assert seat(vacant, friday).light == "green"
    found = seat(vacant, date(2026, 11, 25))  # Monday, Tuesday and Wednesday were the three
    assert (found.is_vacant, found.vacant_since, found.ever) == (True, date(2026, 11, 21), True)
    assert [seat(vacant, date(2026, 11, day)).light for day in (21, 23, 25, 26, 30)] == [
        "yellow", "yellow", "yellow", "red", "red",
    ]  # fmt: skip


def test_a_post_that_never_was_filled_is_red_at_once_and_two_primaries_are_yellow(sample: Directory) -> None:
    never = applied(sample, [EndPost(person=LIAISON, role="liaison", region=REGION, last=date(2017, 1, 1))])
    assert (seat(never, DAY).ever, seat(never, DAY).vacant_since, seat(never, DAY).light) == (
        False,
        None,
        "red",
    )
    twice = seat(applied(sample, [GivePost(post(COORDINATOR))]), DAY)
    assert (twice.primary, twice.others, twice.light) == (COORDINATOR, (LIAISON,), "yellow")


def test_a_deputy_is_shown_beside_a_primary_and_does_not_fill_the_post(sample: Directory) -> None:
    standing = applied(sample, [StandIn(COORDINATOR, LIAISON, DAY, date(2026, 12, 31))])
    assert (seat(standing, DAY).primary, seat(standing, DAY).deputies) == (LIAISON, (COORDINATOR,))
    left = applied(standing, [EndPost(person=LIAISON, role="liaison", region=REGION, last=DAY)])
    found = seat(left, date(2026, 12, 2))
    assert (found.primary, found.deputies, found.light) == (None, (COORDINATOR,), "red")


def test_the_sample_has_every_seat_filled_and_sixteen_teams(sample: Directory) -> None:
    found = seats(sample, CALENDAR, DAY)
    assert len(found) == 136 * 2 + 16 * 2
    assert {s.light for s in found} == {"green"}
    teams = pairs(sample, DAY, {"340104": 6, "3401": 4, "340202": 9})
    assert [(t.city, t.key_subjects, t.has_enough_key_subjects) for t in teams[:2]] == [
        ("3401", 10, True),
        ("3402", 9, False),
    ]
    assert (len(teams), teams[0].units, teams[0].liaison) == (
        16,
        ("u-34-team-3401",),
        "p-3401-team_liaison-1",
    )


def test_who_of_the_province_serves_in_no_team_is_told(sample: Directory) -> None:
    found = {each.person: each.cities for each in participation(sample, DAY)}
    assert found["p-3401-team-1"] == ("3401",)
    assert found["p-34-liaison-1"] == ()
    assert not any(person.startswith("p-340104") for person in found)
    serving = Post(person=PersonId("p-34-liaison-1"), role="team", since=DAY, region=RegionId("3405"))
    joined = {each.person: each.cities for each in participation(applied(sample, [GivePost(serving)]), DAY)}
    assert joined["p-34-liaison-1"] == ("3405",)
