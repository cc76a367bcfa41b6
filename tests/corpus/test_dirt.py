"""Every file of the corpus gets the verdicts that were written beside it, and leaves in the database what it should."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.db import migrate
from adapters.db.database import Database
from adapters.importing.batches import Imports
from adapters.importing.known import states_of
from adapters.importing.verdicts import DryRun, ListOptions, RowResult, Weight
from engine.errors import BihuanError
from tests.corpus.dirt import Dirt, corpus
from tests.support.lists import FACTS, SUBJECT, imports_of

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
CORPUS = corpus()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("corpus") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
def database(template: bytes, tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "corpus.db").write_bytes(template)
    database = Database(f"sqlite:///{tmp_path / 'corpus.db'}")
    yield database
    database.close()


def dry_run(imports: Imports, data: bytes, file: str, options: Any, now: datetime = NOW) -> DryRun:
    given = ListOptions(**{"scope": ("34",), **options})
    return imports.dry_run(data, file, subject=SUBJECT, facts=FACTS, options=given, now=now)


def told(result: RowResult) -> str:
    reasons = sorted(
        ("+" if reason.weight is Weight.NOTE else "") + f"{reason.code}@{reason.cell}"
        for reason in result.reasons
    )
    return " ".join([str(result.verdict), *sorted(reasons, key=lambda words: words.startswith("+"))])


@pytest.mark.parametrize("dirt", [each for each in CORPUS if each.refused], ids=lambda each: each.name)
def test_a_file_that_is_no_list_is_refused_with_advice_and_leaves_nothing(
    dirt: Dirt, database: Database
) -> None:
    with pytest.raises(BihuanError) as refused:
        dry_run(imports_of(database), dirt.data, dirt.file, dirt.options)
    assert refused.value.code == dirt.refused
    assert refused.value.hint


@pytest.mark.parametrize("dirt", [each for each in CORPUS if not each.refused], ids=lambda each: each.name)
def test_every_row_gets_the_verdict_it_deserves(dirt: Dirt, database: Database) -> None:
    imports = imports_of(database)
    if dirt.before:
        before = dry_run(imports, dirt.before, "此前.xlsx", dirt.before_options)
        assert imports.commit(before, by="p", now=NOW)
    dry = dry_run(imports, dirt.data, dirt.file, dirt.options, NOW + timedelta(hours=1))

    assert {result.row: told(result) for result in dry.results} == dirt.rows
    assert dry.summary()["unknown_columns"] == list(dirt.unknown)

    imports.commit(dry, by="p", now=NOW + timedelta(hours=1))
    wanted = sorted({*(s for s, _, _ in dirt.values), *dirt.titles, *dirt.regions})
    with database.reading() as connection:
        states = states_of(connection, wanted)
    values = {
        key: (known.value if (known := states[key[0]].facts.get(key[1:])) else None) for key in dirt.values
    }
    assert values == dirt.values
    assert {subject: states[subject].title for subject in dirt.titles} == dirt.titles
    assert {subject: states[subject].region for subject in dirt.regions} == dirt.regions


def test_the_corpus_is_as_large_as_was_asked() -> None:
    assert len({dirt.name for dirt in CORPUS}) == len(CORPUS) >= 40
