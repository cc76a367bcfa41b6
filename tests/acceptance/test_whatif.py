"""The what-if of the demo: nothing differs under its own rules, and shorter limits show what they would have caught."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from adapters.bootstrap import Container
from adapters.evidence.selection import Selection
from adapters.evidence.whatif import Found, Question
from api.demo.telling import performance
from engine.access import Reach

AFTERWARDS = datetime(2027, 1, 1, tzinfo=UTC)  # the last story goes back to an earlier year


@pytest.fixture(scope="module")
def played() -> Iterator[Container]:
    with performance() as play:
        assert list(play.stories())
        yield play.made


def asked(made: Container, *settings: str) -> Found:
    selection = Selection(
        reach=Reach(regions=("34",)),
        workflow="issue",
        since=datetime(2024, 1, 1, tzinfo=UTC),
        until=AFTERWARDS,
    )
    plan = made.what_if.plan(Question(selection=selection, settings=settings), now=AFTERWARDS)
    return made.what_if.run(plan, keep=100)


def test_under_its_own_rules_the_demo_shows_no_difference(played: Container) -> None:
    found = asked(played)
    assert found.totals.cases == 4
    assert found.totals.changed == 0
    assert found.totals.lights["before"] == found.totals.lights["after"]


def test_a_longer_limit_saves_escalations_and_a_shorter_one_adds_them(played: Container) -> None:
    longer = asked(
        played, "limits.rows.general.answer=60 working days", "limits.rows.general.whole=90 working days"
    )
    shorter = asked(played, "limits.rows.general.answer=1 working day")

    assert longer.totals.count("late", "after") <= longer.totals.count("late", "before")
    assert longer.totals.firings["saved"]["escalation"] > 0
    assert shorter.totals.count("late", "after") > shorter.totals.count("late", "before")
    assert shorter.totals.firings["extra"]["escalation"] > 0
    assert all(clock.because[0] != clock.because[1] for case in shorter.changes for clock in case.clocks)
