"""kill -9 of a process that imports, at every stage of it: nothing is half-imported, and the same import then succeeds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from adapters.db import migrate
from adapters.db.database import Database
from adapters.db.tables import BATCH, OBSERVATION, SUBJECT, SUBJECT_NAME, SUBJECT_REGION
from adapters.importing.verdicts import ListOptions
from tests.support.importing import NOW
from tests.support.lists import FACTS, big_list, imports_of
from tests.support.lists import SUBJECT as HEADINGS

ROWS = 400
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


def run_until(stage: str, url: str, file: Path) -> None:
    """Start the import and kill it as soon as it says that it is there."""
    words = [sys.executable, "-m", "tests.support.importing", url, str(file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(stage):
                break
        else:
            raise AssertionError(f"it never came to {stage}")
        process.kill()


def test_a_killed_import_leaves_all_or_nothing_and_can_be_repeated(url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    file.write_bytes(big_list(ROWS))
    database = Database(url)
    imports = imports_of(database)
    try:
        for stage in STAGES:
            run_until(stage, url, file)
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
