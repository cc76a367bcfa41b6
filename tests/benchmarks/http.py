"""Steps over HTTP: a real `bihuan serve` process, 64 connections, each step awaited before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from engine.case import CaseId
from tests.benchmarks.load import CLERK, START, bench, databases
from tests.support.http_client import Connection
from tests.support.served import served

CONNECTIONS = 64
BATCH = 100


def http_rates(kind: str, *, seconds: float, times: int) -> tuple[list[float], list[float]]:
    """Steps per second, `times` times: one by one over 64 connections, and in batches of 100 over 8."""
    with databases(kind, 1) as ((url, files),):
        files.mkdir(parents=True, exist_ok=True)
        with bench(url, cases=CONNECTIONS * BATCH, folder=files) as ready:
            _, token = ready.container.tokens.create(CLERK.id, "bench", START.replace(year=2020), days=36_500)
            cases = ready.cases
        environment = {"BIHUAN_DATABASE_URL": url, "BIHUAN_FILES": str(files), "BIHUAN_LOG": "bench"}
        with served(files, {**environment, "BIHUAN_LOG_LEVEL": "warning"}) as server:
            shares = [cases[n::CONNECTIONS] for n in range(CONNECTIONS)]

            def run(work: _Client, shares: Sequence[Sequence[CaseId]], turn: int) -> float:
                return asyncio.run(_all(work, shares, Load(server.port, token, turn, seconds)))

            singles = [run(_singles, shares, turn) for turn in range(times)]
            return singles, [run(_batches, shares[:8], turn) for turn in range(times)]


@dataclass(frozen=True, slots=True)
class Load:
    """`turn` keeps the idempotency keys of one measurement apart from those of the next."""

    port: int
    token: str
    turn: int
    seconds: float


_Client = Callable[[Connection, Sequence[CaseId], Load], Awaitable[float]]


async def _all(work: _Client, shares: Sequence[Sequence[CaseId]], load: Load) -> float:
    """Steps per second of all clients together."""
    return sum(
        await asyncio.gather(*(work(Connection(load.port, load.token), each, load) for each in shares))
    )


async def _singles(connection: Connection, cases: Sequence[CaseId], load: Load) -> float:
    states = [await _state(connection, case) for case in cases]
    done, begun = 0, perf_counter()
    while (elapsed := perf_counter() - begun) < load.seconds:
        at = done % len(cases)
        step, states[at] = ("go", "right") if states[at] == "left" else ("back", "left")
        answer = await connection.request(
            "POST",
            f"/api/v1/cases/{cases[at]}/steps/{step}",
            body={"data": {}},
            headers={"Idempotency-Key": f"h{load.turn}-{done}-{cases[at]}"},
        )
        if answer.status != 200:
            raise AssertionError(answer.body.decode())
        done += 1
    connection.close()
    return done / elapsed


async def _batches(connection: Connection, cases: Sequence[CaseId], load: Load) -> float:
    states = [await _state(connection, case) for case in cases]
    done, begun = 0, perf_counter()
    while (elapsed := perf_counter() - begun) < load.seconds:
        commands = [_command(case, state) for case, state in zip(cases, states, strict=True)]
        answer = await connection.request(
            "POST",
            "/api/v1/commands:batch",
            body={"commands": commands},
            headers={"Idempotency-Key": f"b{load.turn}-{done}-{cases[0]}"},
        )
        if answer.status != 200:
            raise AssertionError(answer.body.decode())
        results = answer.json()["results"]
        if any(result["status"] != 200 for result in results):
            raise AssertionError(answer.body.decode()[:2000])
        states = ["right" if state == "left" else "left" for state in states]
        done += len(results)
    connection.close()
    return done / elapsed


async def _state(connection: Connection, case: CaseId) -> str:
    state: str = (await connection.request("GET", f"/api/v1/cases/{case}")).json()["state"]["id"]
    return state


def _command(case: CaseId, state: str) -> dict[str, object]:
    return {"do": "step", "case": case, "step": "go" if state == "left" else "back", "data": {}}
