"""What changes while a pass over the lists is under way, in this process or another, is looked at again; on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, text

from adapters.db.database import Database
from adapters.programme.memberships import _NEWS
from engine.commands import Command
from engine.directory import SubjectId
from engine.errors import UnknownCase
from engine.programme.loading import ProgrammeSource, load_programme
from engine.programme.spells import Spell
from engine.runtime import Outcome, Refused
from engine.subjects import TIMELESS, Observation
from tests.support.lists_office import MORNING, ListsOffice, lists_office
from workflows import programme

HIGH_TECH: dict[str, Any] = {"is_high_tech": True, "high_tech_since": "2024-05-01"}
NEW, OLD = "high_tech_now", "certified_high_tech"


@pytest.fixture
def url(database: Database) -> str:
    return f"sqlite:///{database.path}" if database.is_sqlite else str(database.dsn)


@pytest.fixture
def office(url: str) -> Iterator[ListsOffice]:
    with lists_office(url) as made:
        yield made


def second_version(effective: str = "2023-01-01") -> ProgrammeSource:
    """The shipped programme with one list under another name."""
    name, data = programme()
    text = data.decode().replace("\nversion: 2\n", "\nversion: 3\n")
    text = text.replace('effective: "2023-01-01"', f'effective: "{effective}"')
    text = text.replace(f"  {OLD}:\n", f"  {NEW}:\n").replace(f"on.{OLD}", f"on.{NEW}")
    return load_programme(text.replace(f"members: {OLD}", f"members: {NEW}").encode(), name=name)


def run_while(office: ListsOffice, happens: Callable[[], None]) -> None:
    """One pass, in which something happens after everything was read and before anything is written down."""
    lists: Any = office.container.lists
    write = lists._write

    def written(work: Any) -> Any:
        happens()
        return write(work)

    lists._write = written
    try:
        lists.run(office.writer.submit)
    finally:
        lists._write = write


def test_a_programme_published_by_another_process_decides_from_the_next_pass_on(
    office: ListsOffice, url: str
) -> None:
    office.put("s1", **HIGH_TECH)
    office.run()
    with lists_office(url) as other:
        other.container.programmes.publish(second_version(), MORNING)
    office.run()
    assert office.story("s1", NEW) == ["entered 340104 2026 - on"]
    assert office.story("s1", OLD) == ["entered 340104 2026 - exited"]


def test_a_programme_published_while_a_pass_is_on_is_not_overlooked(office: ListsOffice, url: str) -> None:
    office.put("s1", **HIGH_TECH)

    def publish() -> None:
        with lists_office(url) as other:
            other.container.programmes.publish(second_version(), MORNING)

    run_while(office, publish)
    assert office.dirty() == ["s1"]
    office.run()
    assert office.story("s1", NEW) == ["entered 340104 2026 - on"]


def test_on_the_day_on_which_a_programme_comes_into_force_everybody_is_looked_at(office: ListsOffice) -> None:
    office.put("s1", **HIGH_TECH)
    office.container.programmes.publish(second_version("2026-03-10"), MORNING)
    office.run()
    assert office.story("s1", OLD) == ["entered 340104 2026 - on"]

    office.clock.advance(timedelta(days=8))
    office.run()
    assert office.story("s1", NEW) == ["entered 340104 2026 - on"]
    assert office.story("s1", OLD) == ["entered 340104 2026 - exited"]


def test_whoever_is_put_on_a_list_by_hand_while_a_pass_is_on_stays_dirty(office: ListsOffice) -> None:
    office.put("s1", **HIGH_TECH)
    spell = Spell(list="key_subjects", subject="s1", n=1, region="340104", since=MORNING, year=2025)

    def put_on() -> None:
        with office.container.database.writing() as connection:
            office.container.memberships.put_on(connection, spell)

    run_while(office, put_on)
    assert office.dirty() == ["s1"]


def test_all_that_another_process_wants_looked_at_again_while_a_pass_is_on_stays_dirty(
    office: ListsOffice, url: str
) -> None:
    office.put("s1", **HIGH_TECH)

    def look_again() -> None:
        with lists_office(url) as other:
            other.container.lists.look_again()

    run_while(office, look_again)
    assert office.dirty() == ["s1"]


def test_two_changes_at_one_moment_are_two_to_whoever_looked_in_between(office: ListsOffice) -> None:
    office.put("s1", **HIGH_TECH)
    subjects, at = office.container.subjects, office.clock()

    def observe(year_of_birth: str) -> None:
        said = Observation(
            subject=SubjectId("s1"),
            year=TIMELESS,
            facts={"high_tech_since": year_of_birth},
            source="示例",
            vintage=date(2026, 2, 1),
            entered_by="p-34-administrator-1",
            entered_at=at,
        )
        subjects.observe_many([said], at)

    observe("2024-05-02")
    run_while(office, lambda: observe("2024-05-03"))
    assert office.dirty() == ["s1"]


def test_a_case_that_ends_hours_after_it_was_last_asked_about_is_news(office: ListsOffice) -> None:
    office.put("s1", revenue=10**12, above_scale=True, has_rd_institution=False)
    office.run()
    for hours in (3, 40):
        office.clock.advance(timedelta(hours=hours))
        office.run()
    case = office.spells("s1", "no_institution")[-1].case
    office.jump(case, "established")
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - cleared"]


def test_what_a_pass_that_failed_would_have_told_is_told_by_the_next(office: ListsOffice) -> None:
    office.put("s1", revenue=10**12, above_scale=True, has_rd_institution=False)
    office.run()
    office.jump(office.spells("s1", "no_institution")[-1].case, "established")

    def fail() -> None:
        raise _Stop

    with pytest.raises(_Stop):
        run_while(office, fail)
    office.clock.advance(timedelta(hours=5))
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - cleared"]


def test_whoever_could_not_be_taken_up_is_looked_at_again_and_keeps_nobody_waiting(
    office: ListsOffice,
) -> None:
    for subject in ("s1", "s2"):
        office.put(subject, revenue=10**12, above_scale=True, has_rd_institution=False)
    refused: Future[Outcome] = Future()
    refused.set_result(Refused(UnknownCase("示例")))

    def submit(command: Command) -> Future[Outcome]:
        return refused if getattr(command, "subject", "") == "s1" else office.writer.submit(command)

    office.container.lists.run_all(submit, limit=1)
    assert office.story("s1", "no_institution") == []
    assert office.story("s2", "no_institution") == ["entered 340104 2025 - on"]
    assert office.dirty() == ["s1"]

    office.clock.advance(timedelta(hours=2))
    office.run()
    assert office.story("s1", "no_institution") == ["entered 340104 2025 - on"]
    assert office.dirty() == []


class _Stop(Exception):
    """Where a pass breaks off."""


def test_of_a_million_cases_only_those_that_moved_are_asked_about(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by what it counted, not by how the question is put")
    expanding = [bindparam(name, expanding=True) for name in ("ending", "settled")]
    question = text(f"EXPLAIN QUERY PLAN {_NEWS.text}").bindparams(*expanding)
    with database.reading() as connection:
        asked = {"ending": ["a"], "settled": ["a"], "since": 5, "limit": 9}
        steps = [row.detail for row in connection.execute(question, asked)]
    assert steps[:2] == [
        "SEARCH c USING INDEX case_at (at>?)",
        "SEARCH m USING INDEX membership_case (case_id=?)",
    ]
