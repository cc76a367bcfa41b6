"""kill -9 of a process that imports, at every stage of it: nothing is half-imported, and the same import then succeeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from adapters.db import migrate
from adapters.db.database import Database
from adapters.db.programme_tables import BATCH, OBSERVATION, SUBJECT, SUBJECT_NAME, SUBJECT_REGION
from adapters.importing.verdicts import ListOptions
from tests.support.importing import NOW
from tests.support.killing import kill_after, killed_at, moments, seconds_of
from tests.support.lists import FACTS, big_list, imports_of
from tests.support.lists import SUBJECT as HEADINGS

WORKER = "tests.support.importing"
ROWS = 400
RANDOM_KILLS = 4
YEARS = 4  # 2023 to 2025, and what belongs to no year
STAGES = [
    "Reading",
    "Judging",
    "dry run done",
    "subject begins",
    "subject half",
    "subject_name half",
    "subject_region ends",
    "observation begins",
    "observation half",
    "observation ends",
    "committed",
]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found: str = (
        request.getfixturevalue("postgres_url")
        if request.param == "postgres"
        else f"sqlite:///{tmp_path / 'kills.db'}"
    )
    migrate.upgrade(found)
    return found


def counts(database: Database) -> dict[str, int]:
    tables = (SUBJECT, SUBJECT_NAME, SUBJECT_REGION, OBSERVATION, BATCH)
    with database.reading() as connection:
        return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


NOTHING = {"subject": 0, "subject_name": 0, "subject_region": 0, "observation": 0, "batch": 0}
EVERYTHING = {
    "subject": ROWS,
    "subject_name": ROWS,
    "subject_region": ROWS,
    "observation": ROWS * YEARS,
    "batch": 1,
}


def test_a_killed_import_leaves_all_or_nothing_and_can_be_repeated(url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    file.write_bytes(big_list(ROWS))
    database = Database(url)
    imports = imports_of(database)
    try:
        for stage in STAGES:
            killed_at(stage, (WORKER, url, str(file)))
            assert counts(database) == (EVERYTHING if stage == "committed" else NOTHING), stage

        again = imports.dry_run(
            file.read_bytes(),
            "again.xlsx",
            subject=HEADINGS,
            facts=FACTS,
            options=ListOptions(scope=("34",)),
            now=NOW,
        )
        assert again.counts()["unchanged"] == ROWS
        batch = imports.commit(again, by="p", now=NOW)
        assert batch is not None
        assert batch.id == again.already
        assert counts(database) == EVERYTHING
    finally:
        database.close()


def test_a_list_killed_at_any_moment_is_there_once_or_not_at_all(url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    file.write_bytes(big_list(ROWS))
    trial = f"sqlite:///{tmp_path / 'whole.db'}"
    migrate.upgrade(trial)
    within = seconds_of((WORKER, trial, str(file)))
    database = Database(url)
    try:
        for moment in moments(RANDOM_KILLS, within):
            said = kill_after(moment, (WORKER, url, str(file)))
            found = counts(database)
            assert found in (NOTHING, EVERYTHING), (moment, said)
            assert found == EVERYTHING or not any(line.startswith("committed") for line in said), said
        kill_after(60, (WORKER, url, str(file)))
        assert counts(database) == EVERYTHING
    finally:
        database.close()
