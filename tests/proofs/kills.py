"""kill -9 of serving processes at random moments, under writers, with thousands of timers due.

SQLite: one `bihuan serve`. PostgreSQL with Valkey: two of them and a worker, the victim drawn each time, and Valkey emptied in
the middle. Afterwards everything acknowledged must stand once, nothing twice, every due rung fired once, every chain whole.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from contextlib import ExitStack
from pathlib import Path

import redis

from adapters.bootstrap import Container
from adapters.clock import system_now
from tests.proofs.clients import Crowd
from tests.proofs.ledger import Ledger, Verdict, judge
from tests.proofs.town import Town, town
from tests.support.served import Served, served
from tests.support.waiting import wait_until

SETTLE_SECONDS = 120


def kills(
    kind: str, *, count: int, writers: int = 8, late: int = 300, fresh: int = 40, seed: int = 1
) -> Verdict:
    ledger = Ledger()
    with tempfile.TemporaryDirectory(prefix="bihuan-kills-") as name, ExitStack() as stack:
        folder = Path(name)
        place = stack.enter_context(town(kind, folder, late=late, fresh=fresh))
        processes = [
            stack.enter_context(served(folder, place.environment, *words)) for words in _commands(kind)
        ]
        crowd = Crowd(_ports(processes), place.token, place.fresh, ledger, seed)
        asyncio.run(_under_fire(place, processes, crowd, count=count, writers=writers))
        with place.container() as container:
            settle(container)
            verdict = judge(container, ledger, system_now())
    verdict.counts["kills"] = count
    verdict.faults += crowd.problems
    if verdict.counts["fired"] < late:
        verdict.faults.append(f"only {verdict.counts['fired']} rungs fired for {late} overdue cases")
    return verdict


def _commands(kind: str) -> list[tuple[str, ...]]:
    return [("serve",)] if kind == "sqlite" else [("serve",), ("serve",), ("worker",)]


def _ports(processes: list[Served]) -> list[int]:
    return [process.port for process in processes if process.command[0] == "serve"]


async def _under_fire(
    place: Town, processes: list[Served], crowd: Crowd, *, count: int, writers: int
) -> None:
    rng = random.Random(crowd.seed)
    writing = asyncio.create_task(crowd.run(writers))
    for n in range(count):
        await _progress(crowd, writing, rng.randint(5, 60))
        victim = rng.choice(processes)
        victim.kill()
        victim.start(wait=False)
        if n == count // 2 and place.settings.redis_url:
            redis.Redis.from_url(place.settings.redis_url).flushall()
    await _progress(crowd, writing, 30)
    crowd.ended = True
    await asyncio.wait_for(writing, 60)


async def _progress(crowd: Crowd, writing: asyncio.Task[None], steps: int) -> None:
    """Wait until so many more commands are acknowledged; kills follow progress, not the clock."""
    goal = crowd.done + steps
    for _ in range(6000):
        if crowd.done >= goal:
            return
        if writing.done():
            writing.result()
        await asyncio.sleep(0.01)
    raise AssertionError(f"no progress: {crowd.done} of {goal}; {crowd.problems[:3]}")


def settle(container: Container) -> None:
    """Wait until nothing is due and no task waits."""

    def is_settled() -> bool:
        owed = container.views.owed(system_now())
        return not (owed.overdue_timers or owed.tasks["ready"] or owed.tasks["leased"])

    wait_until(is_settled, seconds=SETTLE_SECONDS)
