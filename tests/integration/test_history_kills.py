"""kill -9 of a process that takes over work orders: either all of them with their batch or nothing, and then it succeeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, true

from adapters.bootstrap import Container
from adapters.db.programme_tables import BATCH
from adapters.db.tables import CASE, EVENT, RECEIPT, SECRET
from engine.audit.journal import JOURNAL
from engine.case import CaseId
from tests.support.history_importing import imported, looked_at, office_at
from tests.support.killing import kill_after, killed_at, moments, seconds_of
from tests.support.orders import big_export
from tests.support.servers import fresh_database

ROWS = 160
WORKER = "tests.support.history_importing"
RANDOM_KILLS = 5
STAGES = (
    "dry run done",
    "cases half",
    "cases written",
    "Importing half",
    "batch begins",
    "batch written",
)
NOTHING = {"case": 0, "event": 0, "receipt": 0, "secret": 0, "batch": 0}
EVERYTHING = {"case": ROWS, "event": ROWS, "receipt": ROWS, "secret": 2 * ROWS, "batch": 1}

Fresh = Callable[[str], str]


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """The address of an office for each name that has not imported anything yet."""
    servers = []

    def made(name: str) -> str:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / name}.db"
        else:
            server = fresh_database(request.getfixturevalue("postgres_server_url"))
            servers.append(server)
            url = server.__enter__()
        office_at(url, is_new=True).close()
        return url

    yield made
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(big_export(ROWS))
    return path


def counts(office: Container) -> dict[str, int]:
    """Rows of cases; the journal has events of its own."""
    of_cases = {EVENT: EVENT.c.case_id != JOURNAL}
    with office.database.reading() as connection:
        return {
            t.name: connection.scalar(select(func.count()).select_from(t).where(of_cases.get(t, true()))) or 0
            for t in (CASE, EVENT, RECEIPT, SECRET, BATCH)
        }


def test_killed_at_any_stage_nothing_is_there_and_the_same_import_then_succeeds(
    fresh: Fresh, file: Path
) -> None:
    url = fresh("stages")
    office = office_at(url)
    try:
        for stage in STAGES:
            killed_at(stage, (WORKER, url, str(file)))
            assert counts(office) == NOTHING, stage
        killed_at("committed", (WORKER, url, str(file)))
        assert counts(office) == EVERYTHING

        again = imported(office, file)
        assert again.counts() == {
            "new": 0,
            "updated": 0,
            "unchanged": ROWS,
            "conflict": 0,
            "error": 0,
            "to_confirm": 0,
        }
        assert (counts(office), again.batch) == (EVERYTHING, "")
        assert all(office.replays.case(CaseId(case)).is_sound for case in list(again.cases.values())[:20])
    finally:
        office.close()


def test_killed_at_any_moment_it_is_all_or_nothing_and_never_twice(fresh: Fresh, file: Path) -> None:
    within = seconds_of((WORKER, fresh("whole"), str(file)))
    url = fresh("moments")
    office = office_at(url)
    try:
        for moment in moments(RANDOM_KILLS, within):
            said = kill_after(moment, (WORKER, url, str(file)))
            found = counts(office)
            assert found in (NOTHING, EVERYTHING), (moment, said)
            assert found == EVERYTHING or not any(line.startswith("committed") for line in said), said
        imported(office, file)
        assert counts(office) == EVERYTHING
        assert looked_at(office, file).counts()["unchanged"] == ROWS
    finally:
        office.close()
