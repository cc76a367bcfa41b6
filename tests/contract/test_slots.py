"""Slots are opened once, whatever happens in between, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from datetime import date, timedelta

import pytest

from adapters.db.database import Database
from engine.commands import Command
from engine.directory import UnknownRegion
from engine.runtime import Outcome, Refused
from tests.support.duty_office import DutyOffice, duty_office

MONDAY = "2026-03-02 09:00"


@pytest.fixture
def office(database: Database) -> Iterator[DutyOffice]:
    with duty_office(database, MONDAY, since=date(2026, 3, 1)) as made:
        yield made


class Killed(BaseException):
    """Not an error that anything may catch."""


def names(office: DutyOffice) -> list[str]:
    return [f"{row['obligation']}/{row['target']}/{row['period']}" for row in office.rows("slot")]


def test_what_is_due_is_opened_with_its_case_and_not_again(office: DutyOffice) -> None:
    office.enrol("rooms", "room-1", "711", "2025-11-01 09:00")

    first, again = office.run(), office.run()

    assert (first.opened, again.opened) == (3, 0)
    assert names(office) == ["room_round/room-1/2026-Q1", "ward_round/71/2026-03", "ward_round/72/2026-03"]
    case = office.case(office.case_of("71", "2026-03"))
    assert (case.region, case.subject, case.data["wards"]) == ("71", "", ["u-711", "u-712"])
    room = office.case(office.case_of("room-1", "2026-Q1"))
    assert (room.region, room.subject, room.data["period_end"]) == ("711", "room-1", "2026-03-31")
    receipts = {row["command"]: row["case_id"] for row in office.rows("receipt")}
    assert receipts["programme/slot/ward_round/71/2026-03"] == case.id


def test_missed_periods_are_opened_late_in_batches_and_never_twice(office: DutyOffice) -> None:
    office.run()
    office.clock.move_to(office.clock().replace(month=7))

    sizes = []
    while (ran := office.run(limit=3)).opened:
        sizes.append(ran.opened)

    assert sizes == [3, 3, 2]
    assert len(names(office)) == len(set(names(office))) == 10
    assert "ward_round/71/2026-05" in names(office)
    late = {row["period"] for row in office.rows("slot") if row["last"] < "2026-07-01"}
    assert late == {"2026-03", "2026-04", "2026-05", "2026-06"}


def test_killed_after_the_case_was_opened_the_slot_is_found_again(office: DutyOffice) -> None:
    opened: list[Command] = []

    def submit_then_die(command: Command) -> Future[Outcome]:
        future = office.submit(command)
        opened.append(command)
        if len(opened) == 2:
            raise Killed
        return future

    with pytest.raises(Killed):
        office.slots.run(submit_then_die, office.container.now(), 10)
    assert names(office) == []
    assert len(office.rows("case")) == 2

    office.clock.advance(timedelta(hours=3))
    assert office.run().opened == 2
    assert names(office) == ["ward_round/71/2026-03", "ward_round/72/2026-03"]
    assert {row["case_id"] for row in office.rows("slot")} == {row["id"] for row in office.rows("case")}


def test_two_runners_open_each_slot_once(office: DutyOffice) -> None:
    """The second one looks before the first has written its rows."""
    raced: list[int] = []

    def submit_while_another_runs(command: Command) -> Future[Outcome]:
        if not raced:
            raced.append(office.run().opened)
        return office.submit(command)

    office.slots.run(submit_while_another_runs, office.container.now(), 10)

    assert raced == [2]
    assert names(office) == ["ward_round/71/2026-03", "ward_round/72/2026-03"]
    assert len(office.rows("case")) == 2


def test_a_third_round_within_thirty_days_is_flagged_once(office: DutyOffice) -> None:
    for day in ("2026-03-05", "2026-03-10"):
        done = _visit(office, day)
        office.step(done, "finish")
    planned = _visit(office, "2026-03-20")
    _visit(office, "2026-05-20")

    flagged = [office.run().flagged for _ in range(3)]

    assert flagged == [1, 0, 0]
    assert office.case(planned).data["contacts"] == 3


def test_what_moves_at_the_very_moment_of_looking_is_not_passed_over(office: DutyOffice) -> None:
    for day in ("2026-03-05", "2026-03-10"):
        office.step(_visit(office, day), "finish")
    assert office.run().flagged == 0

    _visit(office, "2026-03-20")
    assert office.run().flagged == 1


def test_what_was_decided_before_but_committed_after_looking_is_not_passed_over(office: DutyOffice) -> None:
    """Another process decided at 09:00:10; this one saw a move of 09:00:30 and looked at 09:00:40."""
    for day in ("2026-03-05", "2026-03-10"):
        office.step(_visit(office, day), "finish")
    start = office.clock()
    office.clock.move_to(start + timedelta(seconds=30))
    _visit(office, "2026-08-20")
    office.clock.move_to(start + timedelta(seconds=40))
    assert office.run().flagged == 0

    office.clock.move_to(start + timedelta(seconds=10))
    _visit(office, "2026-03-20")
    office.clock.move_to(start + timedelta(seconds=100))
    assert office.run().flagged == 1


def test_a_slot_that_cannot_be_opened_is_counted_with_the_reason_until_it_can(office: DutyOffice) -> None:
    def refuse(command: Command) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(Refused(UnknownRegion("没有区划 71（示例）")))
        return future

    def told() -> list[tuple[str, str, str, int]]:
        owed = office.container.views.owed(office.clock())
        return [(each.kind, each.code, each.reason, each.number) for each in owed.refused]

    office.slots.run(refuse, office.container.now(), 10)
    assert told() == [("slot", "unknown_region", "没有区划 71（示例）", 2)]
    assert office.run().opened == 0  # they rest for an hour
    assert told()[0][3] == 2

    office.clock.advance(timedelta(hours=2))
    assert office.run().opened == 2
    assert told() == []


def _visit(office: DutyOffice, day: str) -> str:
    return office.open(
        "round",
        region="711",
        subject="room-1",
        kind="other",
        period="2026-03",
        period_end="2026-12-31",
        planned_on=day,
    )
