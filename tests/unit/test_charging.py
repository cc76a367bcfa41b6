"""Where the time of a case goes, with sums worked out by hand: 2 March 2026 is a Monday, hours 09:00-12:00 and 13:30-17:30."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.audit.charging import Charged, charge, totals
from engine.case import CaseId
from engine.commands import Assign, Import
from tests.support.histories import REGION, SUBJECT, SYSTEM, UNITS
from tests.support.stage import Stage, local

SHARED = "tests/workflows/samples/shared.yaml"
HOUR = 3_600_000_000  # microseconds
FIRST, SECOND, THIRD = sorted(UNITS[:3])


def charged(stage: Stage, until: str, since: str = "") -> Charged:
    found = charge(
        stage.history,
        stage.world.digest,
        stage.world.engine.calendars.digest,
        until=local(until),
        since=local(since) if since else None,
    )
    assert found is not None
    return found


def told(found: Charged) -> list[tuple[str, str, str, str, float, float]]:
    return [(s.state, s.lane, s.holder.role, s.kind, s.wall / HOUR, s.working / HOUR) for s in found.spans]


@pytest.fixture
def stage() -> Stage:
    made = Stage(SHARED)
    made.opens("clerk", "2026-03-02 09:00", question="示例事项")
    return made


def test_the_time_before_the_holder_acts_is_unaccepted_and_runs_from_then_on(stage: Stage) -> None:
    stage.does("clerk", "accept", "2026-03-02 11:00")
    assert told(charged(stage, "2026-03-02 15:00")) == [
        ("received", "", "clerk", "unaccepted", 2, 2),
        ("received", "", "clerk", "running", 4, 2.5),  # an hour and a half of it is the break at noon
    ]


def test_time_in_which_the_clock_of_the_whole_case_stands_still_is_paused(stage: Stage) -> None:
    stage.does("clerk", "wait", "2026-03-02 10:00")
    stage.does("clerk", "go_on", "2026-03-03 10:00")
    assert told(charged(stage, "2026-03-03 11:00")) == [
        ("received", "", "clerk", "unaccepted", 1, 1),
        ("waiting", "", "clerk", "paused", 24, 7),
        ("received", "", "clerk", "running", 1, 1),
    ]


def test_a_person_to_whom_the_case_was_given_has_accepted_it_and_is_named(stage: Stage) -> None:
    clerk = stage.actor("clerk")
    stage.send(Assign(id=stage.id(), case=stage.case, actor=clerk, person=clerk.id), "2026-03-02 10:00")
    before, after = charged(stage, "2026-03-02 12:00").spans
    assert (before.kind, before.holder.person) == ("unaccepted", "")
    assert (after.kind, after.holder.person, after.wall) == ("running", clerk.id, 2 * HOUR)


def test_a_state_that_waits_for_lanes_is_shared_out_over_their_holders_to_the_microsecond(
    stage: Stage,
) -> None:
    stage.does("clerk", "share", "2026-03-02 10:00", units=[FIRST, SECOND, THIRD])
    found = charged(stage, "2026-03-02 10:00:00.000010")  # ten microseconds for three
    # Counted from the opening an hour earlier; 3,600,000,000 leaves no remainder, so the first lane begins.
    assert [(s.lane, s.holder.unit, s.wall) for s in found.spans[1:]] == [
        (FIRST, FIRST, 4),
        (SECOND, SECOND, 3),
        (THIRD, THIRD, 3),
    ]
    assert found.life == HOUR + 10


def test_a_lane_that_has_ended_has_no_share_any_more(stage: Stage) -> None:
    stage.does("clerk", "share", "2026-03-02 09:30", units=[FIRST, SECOND])
    stage.does("ward", "sign", "2026-03-02 10:30", lane=FIRST, unit=FIRST)
    stage.does("ward", "finish", "2026-03-02 11:30", lane=FIRST, unit=FIRST, answer="示例意见")
    assert told(charged(stage, "2026-03-02 12:30"))[1:] == [
        ("shared", FIRST, "ward", "unaccepted", 0.5, 0.5),
        ("shared", SECOND, "ward", "unaccepted", 0.5, 0.5),
        ("shared", FIRST, "ward", "running", 0.5, 0.5),
        ("shared", SECOND, "ward", "unaccepted", 0.5, 0.5),
        ("shared", SECOND, "ward", "unaccepted", 1, 0.5),
    ]


def test_a_period_cuts_spans_at_its_bounds(stage: Stage) -> None:
    stage.does("clerk", "accept", "2026-03-02 11:00")
    found = charged(stage, "2026-03-02 11:30", since="2026-03-02 10:45")
    assert told(found) == [
        ("received", "", "clerk", "unaccepted", 0.25, 0.25),
        ("received", "", "clerk", "running", 0.5, 0.5),
    ]
    assert found.life == 0.75 * HOUR


def test_a_case_that_has_ended_is_charged_no_longer_and_one_not_yet_open_is_no_case(stage: Stage) -> None:
    stage.does("clerk", "share", "2026-03-02 10:00", units=[FIRST])
    stage.does("ward", "finish", "2026-03-02 11:00", lane=FIRST, unit=FIRST, answer="示例意见")
    assert charged(stage, "2026-03-09 11:00").life == 2 * HOUR
    digests = stage.world.digest, stage.world.engine.calendars.digest
    assert charge(stage.history, *digests, until=local("2026-03-02 08:59")) is None


def test_what_a_case_was_before_it_was_taken_over_is_charged_to_nobody_by_name() -> None:
    stage = Stage(SHARED)
    command = Import(
        id=stage.id(),
        case=CaseId(stage.case),
        actor=SYSTEM,
        workflow="joint_answer",
        region=REGION,
        subject=SUBJECT,
        number="示例-1",
        state="received",
        opened="2026-03-02T01:00:00.000000Z",  # 09:00 in China
        since="2026-03-02T03:00:00.000000Z",
        past=[],
        data={"question": "示例事项"},
    )
    stage.send(command, "2026-03-02 14:00")
    found = charged(stage, "2026-03-02 15:00")
    assert told(found) == [
        ("", "", "", "running", 2, 2),
        ("received", "", "clerk", "unaccepted", 3, 1.5),
        ("received", "", "clerk", "unaccepted", 1, 1),
    ]
    assert found.life == timedelta(hours=6) // timedelta(microseconds=1)


def test_totals_add_up_what_has_the_same_key(stage: Stage) -> None:
    stage.does("clerk", "accept", "2026-03-02 11:00")
    found = totals(charged(stage, "2026-03-02 15:00").spans, lambda span: span.state)
    assert found == {
        "received": {
            "wall": 6 * HOUR,
            "working": 4 * HOUR + HOUR // 2,
            "running": 4 * HOUR,
            "paused": 0,
            "unaccepted": 2 * HOUR,
        }
    }
