"""Every deadline of a random history: found once, and confirmed by a second count that walks over the days.

BIHUAN_SOAK multiplies the number of histories.
"""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from engine import canonical
from engine.audit.deadlines import deadlines
from engine.events import read
from tests.support.histories import program_of, random_history

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
WORKFLOWS = (
    "tests/workflows/samples/minimal.yaml",
    "tests/workflows/samples/full.yaml",
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_each_deadline_of_a_random_history_is_told_once_and_a_second_count_confirms_it(workflow: str) -> None:
    computed = 0
    for seed in range(25 * SOAK):
        history, world = random_history(program_of(workflow), seed, 60)
        found = deadlines(history.events, world.digest, world.engine.calendars.digest)

        assert {(d.id, d.cycle, d.stretch) for d in found} == _stretches(history.events)
        assert [d for d in found if not d.agrees] == []
        assert all(d.determinations and d.explanation.due_at == d.clock.due_at for d in found)
        computed += sum(len(d.determinations) for d in found)
    assert computed > 25


def _stretches(events: list[bytes]) -> set[tuple[str, int, int]]:
    return {
        (change["id"], change["clock"]["cycle"], change["clock"].get("stretch", 0))
        for data in events
        for change in read(data).body["changes"]
        if change["op"] == "clock"
    }


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_due_moment_that_was_moved_by_a_second_is_not_confirmed(workflow: str) -> None:
    history, world = random_history(program_of(workflow), 3, 30)
    body = canonical.decode(history.events[0])
    change = next(c for c in body["changes"] if c["op"] == "clock")
    moved = canonical.parse_instant(change["clock"]["due_at"]) + timedelta(seconds=1)
    change["clock"]["due_at"] = canonical.instant(moved)
    forged = [canonical.encode(body), *history.events[1:]]

    found = deadlines(forged, world.digest, world.engine.calendars.digest)

    wrong = [(d.id, each.seq) for d in found for each in d.determinations if not each.agrees]
    assert wrong == [(change["id"], 1)]
