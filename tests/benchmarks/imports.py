"""How long a large list takes: `python -m tests.benchmarks.imports [--rows 50000] [--postgres]`.

An invented list is made first; what is timed is the dry run (reading and judging) and the commit, on an empty database and
again on a full one. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from adapters.db import migrate
from adapters.db.database import Database
from adapters.importing.verdicts import ListOptions
from tests.support.lists import FACTS, SUBJECT, big_list, imports_of
from tests.support.servers import fresh_database, private_postgres

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    data = big_list(asked.rows)
    print(f"{asked.rows} rows, {len(data) // 1024} KB")
    with _database(asked.postgres) as url:
        migrate.upgrade(url)
        database = Database(url)
        for name, now in (("empty database", NOW), ("the same again", NOW + timedelta(days=1))):
            _measure(database, data, name, now)
        database.close()


def _measure(database: Database, data: bytes, name: str, now: datetime) -> None:
    imports, start = imports_of(database), perf_counter()
    options = ListOptions(scope=("34",))
    dry = imports.dry_run(data, "list.xlsx", subject=SUBJECT, facts=FACTS, options=options, now=now)
    judged = perf_counter()
    imports.commit(dry, by="p", now=now)
    done = perf_counter()
    rate = len(dry.results) / (done - start)
    print(
        f"{name}: dry run {judged - start:.1f} s, commit {done - judged:.1f} s, {rate:.0f} rows/s, {dry.counts()}"
    )


@contextmanager
def _database(is_postgres: bool) -> Iterator[str]:
    if is_postgres:
        with private_postgres() as server, fresh_database(server.url) as url:
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="bihuan-imports-") as folder:
        yield f"sqlite:///{Path(folder) / 'imports.db'}"


if __name__ == "__main__":
    main()
