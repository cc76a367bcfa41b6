"""The nightly replay on both databases: once a local day, in slices that another process may go on with, told to the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.db.database import Database
from adapters.settings import Settings
from engine.audit.journal import EntryType
from tests.benchmarks.log import LOG, fill

ONE_LOCAL = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # 01:00 of Tuesday the 24th in China
CLOCK = MovedClock(ONE_LOCAL)


@pytest.fixture
def made(database: Database, tmp_path: Path) -> Iterator[Container]:
    """With the frozen histories copied under new numbers: chained, and each a divergence, for states name the first number."""
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    container = build(Settings(database_url=url, files=tmp_path, log=LOG), now=CLOCK)
    fill(container.database, 300)
    yield container
    container.close()


def test_a_night_goes_over_every_case_once_in_slices_and_tells_the_journal(made: Container) -> None:
    slices = 1
    while made.nightly.run(ONE_LOCAL, worker="a", events=100):
        slices += 1
    run = made.nightly.latest()
    cases = len(made.views.case_ids())

    assert run is not None
    assert (run.day, run.cases, run.finished_at) == ("2026-11-24", cases, ONE_LOCAL)
    assert slices > 10
    assert made.nightly.run(ONE_LOCAL + timedelta(hours=20), worker="a") is False
    assert made.nightly.latest() == run
    (told,) = made.journal.entries(EntryType.REPLAYED)
    assert told["data"] == {
        "cases": cases,
        "divergences": run.divergences,
        "events": run.events,
        "since": "2026-11-23T17:00:00.000000Z",
    }


def test_before_one_o_clock_it_is_still_the_night_before(made: Container) -> None:
    made.nightly.run(ONE_LOCAL - timedelta(seconds=1), worker="a")
    before = made.nightly.latest()
    made.nightly.run(ONE_LOCAL, worker="a")
    after = made.nightly.latest()

    assert (before and before.day, after and after.day) == ("2026-11-23", "2026-11-24")


def test_one_process_at_a_time_and_another_goes_on_when_the_first_has_died(made: Container) -> None:
    assert made.nightly.run(ONE_LOCAL, worker="a", events=100) is True
    begun = made.nightly.latest()
    assert made.nightly.run(ONE_LOCAL + timedelta(minutes=1), worker="b", events=100) is False
    assert made.nightly.latest() == begun
    later = ONE_LOCAL + timedelta(minutes=3)
    while made.nightly.run(later, worker="b", events=1000):
        pass
    run = made.nightly.latest()

    assert run is not None
    assert (run.finished_at, run.cases) == (later, len(made.views.case_ids()))
    assert made.nightly.run(later, worker="a") is False


def test_what_it_finds_stays_in_sight_while_the_next_run_has_only_begun(made: Container) -> None:
    while made.nightly.run(ONE_LOCAL, worker="a", events=1000):
        pass
    found = made.nightly.divergences()
    assert found > 0
    made.nightly.run(ONE_LOCAL + timedelta(days=1), worker="a", events=1)

    assert made.nightly.divergences() == found
    assert made.log_figures().divergences == found


def test_a_history_after_the_last_case_whose_row_is_gone_is_looked_at_too(made: Container) -> None:
    last = max(made.views.case_ids())
    with made.database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM \"case\" WHERE id = '{last}'")
    verified = [made.replays.slice("", events=10**9)]
    verified.append(made.replays.slice(verified[0].last, events=10**9))

    assert verified[0].last < last
    assert verified[1].last == ""
    assert any(fault.startswith(f"{last}#") and "(row)" in fault for fault in verified[1].verified.faults)


def test_the_night_also_holds_every_event_against_the_tree(made: Container) -> None:
    made.integrator.catch_up(ONE_LOCAL)
    gone = min(made.views.case_ids())
    with made.database.writing() as connection:
        if made.database.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER event_no_delete")
        else:
            connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER ALL")
        connection.exec_driver_sql(f"DELETE FROM event WHERE case_id = '{gone}'")
        connection.exec_driver_sql(f"DELETE FROM \"case\" WHERE id = '{gone}'")
        connection.exec_driver_sql(f"DELETE FROM event WHERE case_id <> 'journal' AND case_id > '{gone}'")
        connection.exec_driver_sql('DELETE FROM "case"')
    missing = made.tree_check.of().found
    while made.nightly.run(ONE_LOCAL, worker="a", events=1000):
        pass
    run = made.nightly.latest()

    assert run is not None
    assert (run.cases, run.divergences) == (0, missing)
    assert run.divergences > 0
    assert "(leaf_missing)" in run.faults[0]
