"""A process that takes over work orders and tells of its progress, so that it can be killed where it hurts.

`python -m tests.support.history_importing URL FILE` prints a line at each stage.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.bootstrap import Container, build
from adapters.db.imported import BatchRow
from adapters.db.postgres import PostgresUnit
from adapters.db.rows import Batch
from adapters.db.sqlite import SqliteUnit
from adapters.importing import history
from adapters.importing.history import HistoryOptions, HistoryRun
from adapters.organisation import sample_directory
from adapters.settings import Settings
from engine.access import Actor
from engine.loading import load
from tests.support.importing import NOW, say
from workflows import shipped

__all__ = ["imported", "office_at"]

OPERATOR = Actor(id="operator", kind="system", channel="cli")
OPTIONS = HistoryOptions(region="3401", reach=("34",))


def office_at(url: str, *, is_new: bool = False) -> Container:
    """A container over a database; a new one gets the sample organisation and the workflow of issues."""
    made = build(Settings(database_url=url), now=lambda: NOW, upgrade=is_new)
    if is_new:
        made.directories.adopt(sample_directory([]), NOW)
        name, data = next(each for each in shipped() if Path(each[0]).name == "issue.yaml")
        made.definitions.publish(load(data, name=name), NOW)
    return made


def looked_at(made: Container, file: Path, watch: Any = None) -> HistoryRun:
    more = {"watch": watch} if watch else {}
    return made.histories.dry_run(file.read_bytes(), "工单.xlsx", OPTIONS, actor=OPERATOR, **more)


def imported(made: Container, file: Path) -> HistoryRun:
    return made.histories.commit(looked_at(made, file), by=OPERATOR.id)


def watched(title: str, items: Iterable[Any], total: int, /) -> Iterator[Any]:
    say(f"{title} begins")
    for n, item in enumerate(items, start=1):
        yield item
        if n == total // 2:
            say(f"{title} half")
    say(f"{title} ends")


def tell(unit: type[SqliteUnit] | type[PostgresUnit]) -> None:
    """Say when the transaction writes: the moments at which a kill is of interest."""
    write, remember = unit.write_rows, unit.remember

    def telling_write(self: Any, batch: Batch) -> None:
        half = len(batch.opened) // 2
        write(self, Batch(opened=batch.opened[:half], receipts=batch.receipts[:half]))
        say("cases half")
        write(self, replace(batch, opened=batch.opened[half:], receipts=batch.receipts[half:]))
        say("cases written")

    def telling_remember(self: Any, batch: BatchRow) -> None:
        say("batch begins")
        remember(self, batch)
        say("batch written")

    unit.write_rows, unit.remember = telling_write, telling_remember  # type: ignore[method-assign]


def main(url: str, file: str) -> None:
    made = office_at(url)
    tell(SqliteUnit if made.database.is_sqlite else PostgresUnit)
    history.PORTION = 50  # type: ignore[misc]
    say("begins")
    run = looked_at(made, Path(file), watched)
    say("dry run done")
    done = made.histories.commit(run, by=OPERATOR.id, watch=watched)
    say(f"committed {done.batch}")
    made.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
