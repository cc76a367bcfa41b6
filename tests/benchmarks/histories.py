"""How long an office takes to move over: `python -m tests.benchmarks.histories [--rows 20000] [--postgres]`.

Invented work orders are made first; what is timed is the dry run and the import, on an empty database and again on a full one,
with the largest size of the process after each. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from adapters.bootstrap import Container, build
from adapters.importing.history import HistoryOptions
from adapters.organisation import sample_directory
from adapters.settings import Settings
from engine.access import Actor
from engine.loading import load
from tests.benchmarks.imports import temporary_database
from tests.support.orders import big_export
from workflows import shipped

OPERATOR = Actor(id="operator", kind="system", channel="cli")
OPTIONS = HistoryOptions(region="3401", reach=("34",))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    data = big_export(asked.rows)
    print(f"{asked.rows} work orders, {len(data) // 1024} KB, process {_size()} MB")
    with (
        temporary_database(asked.postgres) as url,
        tempfile.TemporaryDirectory(prefix="bihuan-histories-") as folder,
    ):
        made = build(Settings(database_url=url, files=Path(folder)))
        made.directories.adopt(sample_directory([]), made.now())
        for name, source in shipped():
            made.definitions.publish(load(source, name=name), made.now())
        for name in ("empty database", "the same again"):
            _measure(made, data, name)
        made.close()


def _measure(made: Container, data: bytes, name: str) -> None:
    start, worked = perf_counter(), process_time()
    run = made.histories.dry_run(data, "orders.xlsx", OPTIONS, actor=OPERATOR)
    judged, size = perf_counter(), _size()
    decided = [judged]

    def watch(_title: str, rows: Iterable[Any], _total: int, /) -> Iterator[Any]:
        yield from rows
        decided.append(perf_counter())

    made.histories.commit(run, by=OPERATOR.id, watch=watch)
    done = perf_counter()
    print(
        f"{name}: dry run {judged - start:.1f} s ({size} MB), commit {done - judged:.1f} s,"
        f" of which the transaction {done - decided[-1]:.1f} s ({_size()} MB),"
        f" {len(run.results) / (done - start):.0f} work orders/s,"
        f" {1000 * (process_time() - worked) / len(run.results):.2f} ms of processor each, {run.counts()}"
    )


def _size() -> int:
    """The largest that this process was, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
