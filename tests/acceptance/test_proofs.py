"""The fault proofs at a size that fits the suite; `make proofs` runs them at full size."""

from __future__ import annotations

import pytest

from tests.proofs.identical import identical
from tests.proofs.kills import kills
from tests.proofs.races import races

pytestmark = pytest.mark.timeout(600)


def test_random_histories_are_the_same_bytes_on_sqlite_and_postgresql_and_replay() -> None:
    verdict = identical(60)
    assert verdict.faults == []
    assert verdict.counts["events"] > 500


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_processes_lose_and_double_nothing_that_was_acknowledged(kind: str) -> None:
    verdict = kills(kind, count=4, late=120)
    assert verdict.faults == []
    assert verdict.counts["acknowledged"] > 50
    assert verdict.counts["fired"] >= 120


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_fifty_clients_that_race_for_one_step_exactly_one_succeeds(kind: str) -> None:
    verdict = races(kind, rounds=10)
    assert verdict.faults == []
    assert verdict.counts["successes"] == 10
    assert verdict.counts["refusals"] == 490
