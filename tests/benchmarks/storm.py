"""The storm: thousands of timers due on one tick, how fast a serving process fires them, and what people feel meanwhile.

The floor of the sweep is its own transactions through the raw driver, as in `floor.py`. The storm is a real `bihuan serve` that
starts with everything overdue while four clients take steps one after the other; the same clients then ask it at rest. Afterwards
the judge of the fault proofs reads every history: each timer fired once, each effect performed once.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, select

from adapters.bootstrap import Container
from adapters.clock import system_now
from adapters.db.tables import EVENT
from tests.benchmarks.floor import PostgresFloor, Recorder, SqliteFloor
from tests.benchmarks.load import bench, databases
from tests.proofs.kills import settle
from tests.proofs.ledger import Ledger, judge
from tests.proofs.town import Town, town
from tests.support.http_client import Connection
from tests.support.served import served
from workers.sweeper import GROUP

CLIENTS = 4
IDLE_STEPS = 250  # of each client


def sweep_rates(
    kind: str, floor_of: Callable[[str], SqliteFloor | PostgresFloor], *, due: int, chunks: int
) -> tuple[list[float], list[float]]:
    """Timers fired per second, ours and the floor's, in turns; groups as the sweeper makes them."""
    rates, floors = [], []
    with databases(kind, 2) as ((ours, ours_files), (theirs, theirs_files)), ExitStack() as stack:
        us = stack.enter_context(bench(ours, cases=due, folder=ours_files))
        stack.enter_context(bench(theirs, cases=due, folder=theirs_files))
        recorder = Recorder(us.container.store)
        engine = replace(us.container.engine, store=recorder)
        floor = floor_of(theirs)
        stack.callback(floor.close)
        us.clock.now += timedelta(days=7)
        for chunk in range(chunks):
            groups = due // chunks // GROUP
            begun = perf_counter()
            fired = sum(len(engine.sweep(GROUP)) for _ in range(groups))
            taken = perf_counter() - begun
            prepared = [floor.ready(transaction) for transaction in recorder.taken]
            recorder.taken.clear()
            begun = perf_counter()
            for each in prepared:
                floor.play(each)
            if fired != groups * GROUP:
                raise AssertionError(f"{fired} rungs for {groups * GROUP} cases")
            if chunk:  # the first one warms caches and plans of both
                rates.append(fired / taken)
                floors.append(fired / (perf_counter() - begun))
    return rates, floors


@dataclass(frozen=True, slots=True)
class Storm:
    """`rate` of firing per second from the first to the last event; p95 of a step over HTTP in milliseconds."""

    rate: float
    p95: float
    idle_p95: float
    steps: int
    faults: Sequence[str]


def storm(kind: str, *, due: int) -> Storm:
    with tempfile.TemporaryDirectory(prefix="bihuan-storm-") as name:
        folder = Path(name)
        with town(kind, folder, late=due, fresh=CLIENTS) as place, place.container() as container:
            with served(folder, place.environment) as server:
                during = asyncio.run(_ask(place, server.port, lambda _: _is_due(container)))
                settle(container)
                idle = asyncio.run(_ask(place, server.port, lambda done: done < IDLE_STEPS))
                settle(container)
            verdict = judge(container, Ledger(), system_now())
            if verdict.counts["fired"] != due:
                verdict.faults.append(f"{verdict.counts['fired']} rungs fired for {due} timers")
            return Storm(_rate(container), _p95(during), _p95(idle), len(during), verdict.faults)


def _is_due(container: Container) -> bool:
    return container.views.owed(system_now()).overdue_timers > 0


async def _ask(place: Town, port: int, goes_on: Callable[[int], bool]) -> list[float]:
    """Milliseconds of each step of a few clients, who ask on until it is over."""
    over = asyncio.Event()

    async def client(case: str) -> list[float]:
        connection, taken = Connection(port, place.token), []
        state = (await connection.request("GET", f"/api/v1/cases/{case}")).json()["state"]["id"]
        while not over.is_set():
            step, state = ("go", "right") if state == "left" else ("back", "left")
            headers = {"Idempotency-Key": f"storm-{case}-{perf_counter()}"}
            begun = perf_counter()
            answer = await connection.request(
                "POST", f"/api/v1/cases/{case}/steps/{step}", body={"data": {}}, headers=headers
            )
            taken.append((perf_counter() - begun) * 1000)
            if answer.status != 200:
                raise AssertionError(answer.body.decode())
            # Whether it is over is asked of the database, so not after every step.
            if case == place.fresh[0] and len(taken) % 10 == 0 and not goes_on(len(taken)):
                over.set()
        connection.close()
        return taken

    found = await asyncio.gather(*(client(case) for case in place.fresh))
    return [each for taken in found for each in taken]


def _rate(container: Container) -> float:
    with container.database.reading() as connection:
        fired = EVENT.c.type == "clock.fired"
        count, first, last = connection.execute(
            select(func.count(), func.min(EVENT.c.at), func.max(EVENT.c.at)).where(fired)
        ).one()
    return float(count) / max(1e-6, (last - first) / 1e6)


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
