"""Which slots are due on a day, what they bring, and their colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from engine.programme.frequency import Contact, crowded
from engine.programme.obligations import (
    Enrolled,
    SlotKey,
    Target,
    brought,
    colour,
    command_id,
    due_slots,
    first_days,
    region_targets,
)
from engine.programme.periods import parse_period
from tests.support.duties import duties, wards


def slots(
    name: str, on: date, *, since: date = date(2026, 1, 1), spells: Sequence[Enrolled] = ()
) -> list[SlotKey]:
    obligation = duties().obligations[name]
    found = due_slots(
        name,
        obligation,
        since=since,
        on=on,
        regions=lambda depth: region_targets(wards(), depth),
        spells=lambda _: spells,
    )
    return list(found)


def said(keys: Sequence[SlotKey]) -> list[str]:
    return [f"{key.target.id} {key.period}" for key in keys]


def test_every_region_of_the_level_has_a_slot_from_the_first_day_of_each_month() -> None:
    assert said(slots("ward_round", date(2026, 1, 1))) == ["71 2026-01", "72 2026-01"]
    assert said(slots("ward_round", date(2026, 2, 28))) == [
        "71 2026-02",
        "72 2026-02",
        "71 2026-01",
        "72 2026-01",
    ]


def test_sixteen_regions_have_192_slots_in_a_year() -> None:
    found = due_slots(
        "ward_round",
        duties().obligations["ward_round"],
        since=date(2026, 1, 1),
        on=date(2026, 12, 31),
        regions=lambda _: [Target(f"34{n:02}", f"34{n:02}") for n in range(16)],
        spells=lambda _: [],
    )
    assert len({(key.target.id, key.period) for key in found}) == 192


def test_terms_that_ended_before_there_was_an_obligation_are_not_owed() -> None:
    assert said(slots("ward_round", date(2026, 3, 5), since=date(2026, 2, 15))) == [
        *("71 2026-03", "72 2026-03", "71 2026-02", "72 2026-02")
    ]


def test_after_a_long_stop_the_newest_period_comes_first() -> None:
    months = [str(key.period) for key in slots("ward_round", date(2026, 5, 1)) if key.target.id == "71"]
    assert months == ["2026-05", "2026-04", "2026-03", "2026-02", "2026-01"]


@pytest.mark.parametrize(
    ("since", "until", "due"),
    [
        (date(2025, 5, 1), None, True),
        (date(2026, 3, 1), None, True),  # thirty days before 31 March
        (date(2026, 3, 2), None, False),
        (date(2025, 5, 1), date(2026, 2, 1), False),  # left before the day that is asked about
        (date(2025, 5, 1), date(2026, 3, 15), True),
    ],
)
def test_a_member_is_visited_in_the_quarter_if_it_was_on_the_list_long_enough(
    since: date, until: date | None, due: bool
) -> None:
    spell = Enrolled("room-1", "711", since, until)
    found = slots("room_round", date(2026, 3, 10), since=date(2026, 1, 1), spells=[spell])
    assert said(found) == (["room-1 2026-Q1"] if due else [])


def test_a_member_that_came_after_the_quarter_is_not_owed_the_past() -> None:
    spell = Enrolled("room-1", "711", date(2026, 4, 2))
    assert said(slots("room_round", date(2026, 5, 1), spells=[spell])) == ["room-1 2026-Q2"]


def test_a_slot_may_open_and_end_on_days_of_its_own() -> None:
    assert slots("january_file", date(2026, 1, 1)) == []
    (key,) = slots("january_file", date(2026, 1, 2))
    assert (key.target.id, str(key.period), key.last) == ("7", "2026", date(2026, 1, 31))
    assert slots("january_file", date(2026, 6, 1), since=date(2026, 2, 1)) == []


def test_the_case_of_a_slot_brings_its_period_and_the_units_one_level_below() -> None:
    key = SlotKey(
        "ward_round", Target("71", "71"), parse_period("2026-03"), date(2026, 3, 1), date(2026, 3, 31)
    )
    assert brought(duties().obligations["ward_round"], key, wards(), date(2026, 3, 1)) == {
        "kind": "ward",
        "period": "2026-03",
        "period_end": "2026-03-31",
        "year": 2026,
        "wards": ["u-711", "u-712"],
    }
    assert command_id(key) == "programme/slot/ward_round/71/2026-03"


@pytest.mark.parametrize(
    ("done", "in_time", "on", "light"),
    [
        (True, True, date(2026, 5, 1), "green"),
        (True, False, date(2026, 5, 1), "yellow"),
        (False, False, date(2026, 4, 1), "red"),
        (False, False, date(2026, 3, 31), "grey"),
    ],
)
def test_what_was_made_up_is_yellow_and_never_green(done: bool, in_time: bool, on: date, light: str) -> None:
    assert colour(done=done, in_time=in_time, last=date(2026, 3, 31), on=on) == light


def test_an_obligation_that_a_later_version_adds_is_owed_from_then_on() -> None:
    versions = [(date(2026, 1, 1), ["a"]), (date(2026, 7, 1), ["a", "b"])]
    assert first_days(versions) == {"a": date(2026, 1, 1), "b": date(2026, 7, 1)}


def contact(case: str, day: int, *, planned: bool = False) -> Contact:
    return Contact(case, "room-1", date(2026, 3, day), planned)


def test_the_third_contact_within_thirty_days_is_flagged_once_with_its_number() -> None:
    contacts = [contact("a", 1), contact("b", 15), contact("c", 30, planned=True)]
    assert [(c.case, n) for c, n in crowded(contacts, most=2, days=30)] == [("c", 3)]
    again = [*contacts[:2], replace(contacts[2], flagged=3)]
    assert crowded(again, most=2, days=30) == []


def test_contacts_a_day_further_apart_or_of_another_subject_are_not_crowded() -> None:
    assert crowded([contact("a", 1), contact("b", 15), contact("c", 31, planned=True)], most=2, days=30) == []
    other = replace(contact("b", 15), subject="room-2")
    assert crowded([contact("a", 1), other, contact("c", 30, planned=True)], most=2, days=30) == []
