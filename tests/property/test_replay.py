"""Live and replay are the same code: deciding every event again from its own inputs gives the same bytes.

BIHUAN_SOAK multiplies the number of histories.
"""

from __future__ import annotations

import os

import pytest

from engine import canonical
from engine.case import Case
from engine.events import apply, read, state_digest
from engine.replay import replay
from tests.support.histories import altered, leaves, program_of, random_history

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
WORKFLOWS = (
    "tests/workflows/samples/minimal.yaml",
    "tests/workflows/samples/full.yaml",
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_replay_of_a_random_history_finds_no_difference_and_arrives_at_the_same_case(workflow: str) -> None:
    for seed in range(20 * SOAK):
        history, world = random_history(program_of(workflow), seed, 60)
        replayed = replay(history.events, world.digest, world.engine.calendars.digest)

        folded: Case | None = None
        for data in history.events:
            folded = apply(folded, read(data))
            assert state_digest(folded) == read(data).body["after"]

        assert replayed.divergences == ()
        assert replayed.case == folded == history.case
        assert replayed.events == len(history.events)


RESULTS = ("after", "changes", "effects", "state", "seq", "prev")


def test_replay_by_itself_finds_every_changed_result_of_the_last_event() -> None:
    program = program_of("tests/workflows/samples/full.yaml")
    for seed in (1, 5):
        history, world = random_history(program, seed, 25)
        last = history.events[-1]
        for path in leaves(canonical.decode(last)):
            if path[0] not in RESULTS:
                continue
            try:
                found = replay(
                    [*history.events[:-1], altered(last, path)], world.digest, world.engine.calendars.digest
                )
            except (canonical.NotCanonical, LookupError, TypeError, ValueError):
                continue  # no longer an event at all
            assert found.divergences, path
