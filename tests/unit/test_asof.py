"""What was known at a moment, and what was written down only later."""

from __future__ import annotations

import pytest

from engine.audit.asof import as_of
from tests.support.stage import Stage, local

SHARED = "tests/workflows/samples/shared.yaml"


@pytest.fixture
def stage() -> Stage:
    """Opened at 09:00; at 16:00 somebody writes down that it was put to wait at 13:50, and at 17:00 that it goes on now."""
    made = Stage(SHARED)
    made.opens("clerk", "2026-03-03 09:00", question="示例事项")
    made.does("clerk", "wait", "2026-03-03 16:00", occurred="2026-03-03 13:50")
    made.does("clerk", "go_on", "2026-03-03 17:00")
    return made


def test_what_was_recorded_later_is_claimed_but_was_not_known(stage: Stage) -> None:
    found = as_of(stage.history, local("2026-03-03 14:05"))
    assert found.known
    assert found.claimed
    assert (found.known.state, found.claimed.state) == ("received", "waiting")
    assert [(e.seq, e.type, e.at, e.occurred_at, e.is_folded) for e in found.later] == [
        (2, "step.taken", local("2026-03-03 16:00"), local("2026-03-03 13:50"), True)
    ]
    told = {d.path: (d.known, d.claimed) for d in found.differences}
    assert told["state"] == ("received", "waiting")
    assert told["clocks.case.status"] == ("running", "paused")
    assert "seq" not in told


def test_once_it_is_recorded_both_are_the_same(stage: Stage) -> None:
    found = as_of(stage.history, local("2026-03-03 16:00"))
    assert found.known == found.claimed
    assert (found.later, found.differences) == ((), ())


def test_before_the_case_was_recorded_nothing_is_known_and_before_it_began_nothing_is_claimed() -> None:
    stage = Stage(SHARED)
    stage.opens("clerk", "2026-03-03 09:00", occurred="2026-03-02 15:00", question="示例事项")
    before, meanwhile = (as_of(stage.history, local(m)) for m in ("2026-03-02 14:59", "2026-03-02 15:00"))
    assert (before.known, before.claimed, before.later) == (None, None, ())
    assert meanwhile.known is None
    assert meanwhile.claimed
    assert meanwhile.claimed.state == "received"


def test_what_follows_an_event_that_is_not_claimed_is_listed_but_not_folded() -> None:
    stage = Stage(SHARED)
    stage.opens("clerk", "2026-03-03 09:00", question="示例事项")
    stage.does("clerk", "accept", "2026-03-03 16:00")
    stage.does("clerk", "wait", "2026-03-03 17:00", occurred="2026-03-03 10:00")
    found = as_of(stage.history, local("2026-03-03 12:00"))
    assert [(e.seq, e.is_folded) for e in found.later] == [(3, False)]
    assert found.claimed == found.known
