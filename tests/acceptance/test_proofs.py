"""The fault proofs at a size that fits the suite; `make proofs` runs them at full size."""

from __future__ import annotations

import pytest

from tests.proofs.identical import identical
from tests.proofs.kills import kills
from tests.proofs.races import races
from tests.proofs.year import Size, year

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


def test_after_six_weeks_of_the_whole_scheme_every_figure_equals_its_rows_and_every_case_replays() -> None:
    verdict, _ = year(Size(120, 400, days=45))
    assert verdict.faults == []
    assert verdict.counts["events"] > 1000
    assert verdict.counts["run again"] == verdict.counts["cases"]
    assert (
        verdict.counts["slots january_package green"] + verdict.counts.get("slots january_package yellow", 0)
        == 15
    )
    assert verdict.counts["slots january_package red"] == 1
