"""`make bench`: durable steps per second through `Engine.handle`, each beside the raw driver doing the same statements.

Engine and floor take turns in one run, chunk by chunk, so that a noisy machine is noisy for both. The table shows medians of
the chunks; the ratio is the median of the chunks' ratios. `--json FILE` keeps it with machine, commit and seed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from tests.benchmarks.floor import PostgresFloor, Recorder, SqliteFloor
from tests.benchmarks.http import http_rates
from tests.benchmarks.load import bench, databases, groups, must, steps
from tests.benchmarks.log import level_one, level_three
from tests.benchmarks.storm import storm, sweep_rates
from workers.sweeper import GROUP

SEED = 7
FLOORS: dict[str, Callable[[str], SqliteFloor | PostgresFloor]] = {
    "sqlite": SqliteFloor,
    "postgres": PostgresFloor,
}


@dataclass(frozen=True, slots=True)
class Row:
    """`rate`, `floor` in steps per second; `ratio` = rate ÷ floor; `spread` lowest and highest ratio of the chunks."""

    name: str
    rate: float
    floor: float | None
    ratio: float | None
    spread: tuple[float, float] | None
    note: str = ""


def handle_row(kind: str, group: int, *, cases: int, chunks: int, rounds: int) -> Row:
    """`chunks` timed chunks of `rounds` steps on each of `cases` cases, in groups of `group`."""
    rates, floors = [], []
    with databases(kind, 2) as ((ours, ours_files), (theirs, theirs_files)), ExitStack() as stack:
        us = stack.enter_context(bench(ours, cases=cases, folder=ours_files))
        stack.enter_context(bench(theirs, cases=cases, folder=theirs_files))
        recorder = Recorder(us.container.store)
        engine = replace(us.container, engine=replace(us.container.engine, store=recorder))
        floor = FLOORS[kind](theirs)
        stack.callback(floor.close)
        for chunk in range(chunks + 1):
            commands = steps(us.cases, rounds=rounds, seed=SEED * 1000 + chunk)
            taken = _timed(lambda todo=commands: [must(engine, part) for part in groups(todo, group)])
            prepared = [floor.ready(transaction) for transaction in recorder.taken]
            recorder.taken.clear()
            played = _timed(lambda todo=prepared: [floor.play(each) for each in todo])
            if chunk:  # the first chunk warms caches and plans of both
                rates.append(len(commands) / taken)
                floors.append(len(commands) / played)
    return _row(f"{kind}, groups of {group}", rates, floors)


def _http_rows(kind: str, floor: float, *, seconds: float, times: int) -> list[Row]:
    """Over HTTP, beside the floor of groups of 100 measured just before in the same run."""
    single, batched = http_rates(kind, seconds=seconds, times=times)
    floors = [floor] * times
    return [
        _row(f"{kind}, HTTP, 64 connections", single, floors),
        _row(f"{kind}, HTTP, batches of 100 on 8 connections", batched, floors),
    ]


def _storm_rows(kind: str, *, due: int, chunks: int) -> list[Row]:
    """The sweep beside its floor, and a serving process in a storm beside the same floor."""
    rates, floors = sweep_rates(kind, FLOORS[kind], due=due, chunks=chunks)
    swept = _row(f"{kind}, sweep in groups of {GROUP}, {due:,} due", rates, floors)
    found = storm(kind, due=due)
    if found.faults:
        raise AssertionError(found.faults[:5])
    name = f"{kind}, storm: serve, {due:,} due at once"
    note = f"step p95 {found.p95:.0f} ms, idle {found.idle_p95:.0f} ms: x{found.p95 / found.idle_p95:.1f}; each fired once"
    return [swept, _row(name, [found.rate], [statistics.median(floors)], note=note)]


def _audit_rows(kind: str, *, events: int, cases: int) -> list[Row]:
    """Level 1 beside a bare loop that reads and hashes, level 3 beside the commits of the same run."""
    one = level_one(kind, events=events, times=3)
    three = level_three(kind, cases=cases, times=3)
    sizes = [f"largest process {rates.largest} MB" for rates in (one, three)]
    return [
        _row(f"{kind}, audit level 1 of {events:,} events", one.ours, one.beside, note=sizes[0]),
        _row(f"{kind}, audit level 3, floor: its commits", three.ours, three.beside, note=sizes[1]),
    ]


def _row(name: str, rates: Sequence[float], floors: Sequence[float], *, note: str = "") -> Row:
    ratios = [rate / floor for rate, floor in zip(rates, floors, strict=True)]
    return Row(
        name,
        statistics.median(rates),
        statistics.median(floors),
        statistics.median(ratios),
        (min(ratios), max(ratios)),
        note,
    )


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the table there as JSON")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: shows that it runs, proves nothing"
    )
    parser.add_argument("--events", type=int, default=200_000, help="of the log that level 1 reads")
    parser.add_argument("--audit", action="store_true", help="levels 1 and 3 of the audit alone")
    options = parser.parse_args(argv)
    size = 0.1 if options.quick else 1.0
    rows = []
    for kind in ("sqlite", "postgres"):
        # First: a process that has done the rest is larger than what the audit needs.
        rows += _audit_rows(kind, events=int(options.events * size), cases=int(1000 * size))
        if options.audit:
            continue
        rows.append(handle_row(kind, 1, cases=100, chunks=max(3, int(9 * size)), rounds=2))
        rows.append(handle_row(kind, 100, cases=int(1000 * size), chunks=max(3, int(9 * size)), rounds=2))
        rows += _http_rows(kind, rows[-1].floor or 0.0, seconds=max(1.0, 4 * size), times=3)
        rows += _storm_rows(kind, due=int(10_000 * size), chunks=max(4, int(10 * size)))
    _show(rows)
    if options.json:
        options.json.write_text(
            json.dumps({"machine": _machine(), "seed": SEED, "rows": [asdict(r) for r in rows]})
        )
    return 0


def _machine() -> dict[str, str | int | float | None]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),  # of others too, if more than what the bench itself makes
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
    }


def _show(rows: Sequence[Row]) -> None:
    table = Table(title=f"durable steps per second · {_machine()}", title_justify="left")
    for heading in ("what", "ours /s", "floor /s", "ours ÷ floor", "spread", "note"):
        table.add_column(heading, justify="left" if heading in ("what", "note") else "right")
    for row in rows:
        floor = f"{row.floor:,.0f}" if row.floor else "-"
        ratio = f"{row.ratio:.2f}" if row.ratio else "-"
        spread = f"{row.spread[0]:.2f}–{row.spread[1]:.2f}" if row.spread else "-"
        table.add_row(row.name, f"{row.rate:,.0f}", floor, ratio, spread, row.note)
    Console(width=170).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
