"""A process that imports a list and tells of its progress, so that it can be killed where it hurts.

`python -m tests.support.importing URL FILE` prints a line at each stage.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table

from adapters.db import bulk
from adapters.db.database import Database
from adapters.importing.verdicts import ListOptions
from adapters.subjects import spells, writing
from tests.support.lists import FACTS, SUBJECT, imports_of

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def say(word: str) -> None:
    print(word, flush=True)


def _telling(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    say(f"{table.name} begins")
    half = len(rows) // 2
    bulk.insert_rows(connection, table, rows[:half])
    say(f"{table.name} half")
    bulk.insert_rows(connection, table, rows[half:])
    say(f"{table.name} ends")


def watched(title: str, items: Iterable[Any], total: int, /) -> Iterator[Any]:
    say(title)
    return iter(items)


def main(url: str, file: str) -> None:
    # The registry's own inserts, in two halves with a word between them: the moments at which a kill is of interest.
    writing.insert_rows = spells.insert_rows = _telling  # type: ignore[attr-defined]
    database = Database(url)
    imports = imports_of(database)
    dry = imports.dry_run(
        Path(file).read_bytes(),
        "名单.xlsx",
        subject=SUBJECT,
        facts=FACTS,
        options=ListOptions(scope=("34",)),
        now=NOW,
        watch=watched,
    )
    say("dry run done")
    batch = imports.commit(dry, by="p", now=NOW)
    say(f"committed {batch.id if batch else ''}")
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
