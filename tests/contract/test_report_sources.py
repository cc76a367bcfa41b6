"""What reports read from the tables, alike on SQLite and PostgreSQL: within the reach and the region, in local days, in order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Table, insert

from adapters.db.database import Database
from adapters.db.programme_tables import MEMBERSHIP, OBSERVATION, SUBJECT
from adapters.db.rows import micros
from adapters.db.tables import CASE, HOLDING
from adapters.reports.sources import Heading, Member, SqlSources, Subject
from engine.access import Actor, Grant, Reach
from tests.support.reporting import a_case
from tests.support.story_office import calendar

LATE_EVENING = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)  # 00:30 on 1 April in China
AT = micros(LATE_EVENING)


def put(database: Database, table: Table, *rows: dict[str, Any]) -> None:
    with database.writing() as connection:
        for row in rows:
            connection.execute(insert(table).values(**row))


def sources(database: Database, *regions: str, region: str = "34", actor: str = "p") -> SqlSources:
    handler = Actor(id=actor, grants=(Grant("liaison", unit="u-1"),))
    return SqlSources(database, Reach(regions=regions), handler, region, calendar().local_date)


def spell(n: int, region: str) -> dict[str, Any]:
    row = {
        "list": "no_activity",
        "subject": f"s{n}",
        "n": n,
        "region": region,
        "since": AT,
        "until": AT,
        "year": 2025,
    }
    return row | {"how_in": "entered", "how_out": "cleared", "reason": "", "evidence": b"{}", "case_id": "c"}


def test_a_moment_late_in_the_evening_is_the_day_that_it_is_in_china(database: Database) -> None:
    put(database, MEMBERSHIP, spell(1, "340104"))
    (member,) = sources(database, "34").members("no_activity")
    day = date(2026, 4, 1)
    assert member == Member("no_activity", "s1", 1, "340104", day, day, "entered", "cleared", "", 2025, "c")


@pytest.mark.parametrize(
    ("regions", "region", "seen"),
    [
        (("34",), "34", [1, 2, 3]),
        (("34",), "3401", [1, 2]),
        (("3401",), "34", [1, 2]),
        (("340102", "3402"), "34", [2, 3]),
        (("3402",), "3401", []),
        ((), "34", []),
        (("",), "34", []),
    ],
)
def test_only_what_lies_in_the_reach_and_in_the_region_is_read(
    database: Database, regions: tuple[str, ...], region: str, seen: list[int]
) -> None:
    places = {1: "340104", 2: "340102", 3: "340202"}
    put(database, MEMBERSHIP, *(spell(n, place) for n, place in places.items()))
    for n, place in places.items():
        known = {"id": f"s{n}", "title": f"示例{n}", "region": place, "doubt": "", "dirty": False}
        put(database, SUBJECT, {**known, "created_at": AT, "updated_at": AT})
    read = sources(database, *regions, region=region)
    assert [member.n for member in read.members("no_activity")] == seen
    assert read.members("other") == []
    assert list(read.subjects()) == [Subject(f"s{n}", f"示例{n}", places[n]) for n in seen]


def stored(number: str, region: str, ended: str = "") -> dict[str, Any]:
    case = a_case("issue", number, region=region, ended=ended)
    row = {
        "id": number,
        "workflow": "issue",
        "version": 1,
        "digest": case.digest,
        "region": region,
        "subject": "",
    }
    row |= {
        "state": case.state,
        "ended": ended,
        "round": 1,
        "holder_role": "",
        "holder_unit": "",
        "holder_person": "",
    }
    return row | {"opened_at": AT, "at": AT, "seq": 1, "head": "h", "late": False, "body": case.encoded}


def test_cases_are_read_by_workflow_and_region_and_one_of_them_wherever_it_lies(database: Database) -> None:
    put(database, CASE, stored("c2", "340104"), stored("c1", "340104"), stored("c3", "340202"))
    put(database, CASE, stored("c4", "340104", ended="final"))
    read = sources(database, "34", region="3401")
    assert [case.id for case in read.cases("issue")] == ["c1", "c2", "c4"]
    assert [case.id for case in read.cases()] == ["c1", "c2", "c4"]
    assert [case.id for case in read.cases(open_only=True)] == ["c1", "c2"]
    assert read.cases("visit") == []
    assert [heading.id for heading in read.headings()] == ["c1", "c2", "c4"]
    case = a_case("issue", "c1", region="340104")
    assert next(iter(read.headings())) == Heading("c1", case.digest, "340104", "", case.state)
    assert [read.case(number) is not None for number in ("c3", "nothing", "\x00")] == [True, False, False]
    assert sources(database, "3401").case("c3") is None


def test_a_reader_handles_what_waits_for_their_post_in_their_unit_or_for_them_by_name(
    database: Database,
) -> None:
    def held(case: str, unit: str, person: str) -> dict[str, Any]:
        row = {
            "case_id": case,
            "lane": "",
            "role": "liaison",
            "unit": unit,
            "person": person,
            "region": "340104",
        }
        return {**row, "state": "received", "due_at": None, "clock": ""}

    put(database, HOLDING, held("c1", "u-1", ""), held("c2", "u-2", ""), held("c3", "u-2", "p"))
    assert sources(database, "34").handled() == {"c1", "c3"}


def test_what_is_known_of_a_subject_is_read_up_to_the_year_that_is_asked_for(database: Database) -> None:
    known = {"id": "s1", "title": "示例", "region": "340104", "doubt": "", "dirty": False}
    put(database, SUBJECT, {**known, "created_at": AT, "updated_at": AT})
    for n, year in enumerate((2024, 2025, 2026)):
        said = {
            "subject": "s1",
            "n": n,
            "year": year,
            "vintage": "2026-03-01",
            "source": "示例",
            "verified": True,
        }
        said |= {"entered_by": "p", "entered_at": AT, "batch": "", "withdrawn_at": None}
        put(database, OBSERVATION, {**said, "body": b'{"revenue":%d}' % year})
    (profile,) = sources(database, "34").profiles(2025)
    assert profile.years("revenue") == [2025, 2024]
    assert sources(database, "34").title("s1") == "示例"
    assert sources(database, "34").title("s9") == "s9"
