"""Steps over HTTP: a real `bihuan serve` process, 64 connections, each step awaited before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

from engine.case import CaseId
from tests.benchmarks.load import CLERK, START, bench, databases
from tests.support.http_client import Connection
from tests.support.served import served

CONNECTIONS = 64
BATCH = 100
STEPS = ("go", "back")


def http_rates(kind: str, *, seconds: float) -> tuple[float, float]:
    """Steps per second one by one over 64 connections, and in batches of 100 over 8."""
    with databases(kind, 1) as ((url, files),):
        files.mkdir(parents=True, exist_ok=True)
        with bench(url, cases=CONNECTIONS * BATCH, folder=files) as ready:
            _, token = ready.container.tokens.create(CLERK.id, "bench", START.replace(year=2020), days=36_500)
            cases = ready.cases
        environment = {"BIHUAN_DATABASE_URL": url, "BIHUAN_FILES": str(files), "BIHUAN_LOG": "bench"}
        with served(files, {**environment, "BIHUAN_LOG_LEVEL": "warning"}) as server:
            shares = [cases[n::CONNECTIONS] for n in range(CONNECTIONS)]
            single = asyncio.run(_all(_singles, shares, server.port, token, seconds))
            batched = asyncio.run(_all(_batches, shares[:8], server.port, token, seconds))
    return single, batched


_Client = Callable[[Connection, Sequence[CaseId], float], Awaitable[int]]


async def _all(
    work: _Client, shares: Sequence[Sequence[CaseId]], port: int, token: str, seconds: float
) -> float:
    """Steps per second of all clients together."""
    begun = perf_counter()
    end = begun + seconds
    done = await asyncio.gather(*(work(Connection(port, token), share, end) for share in shares))
    return sum(done) / (perf_counter() - begun)


async def _singles(connection: Connection, cases: Sequence[CaseId], end: float) -> int:
    done = turn = 0
    while True:
        step = STEPS[turn % 2]
        for case in cases:
            if perf_counter() > end:
                connection.close()
                return done
            answer = await connection.request(
                "POST",
                f"/api/v1/cases/{case}/steps/{step}",
                body={"data": {}},
                headers={"Idempotency-Key": f"h{turn}-{case}"},
            )
            if answer.status != 200:
                raise AssertionError(answer.body.decode())
            done += 1
        turn += 1


async def _batches(connection: Connection, cases: Sequence[CaseId], end: float) -> int:
    # The single steps before left each case somewhere; each answer says where it is now.
    states = [await _state(connection, case) for case in cases]
    done = turn = 0
    while perf_counter() < end:
        commands = [
            _command(f"b{turn}-{case}", case, state) for case, state in zip(cases, states, strict=True)
        ]
        answer = await connection.request("POST", "/api/v1/commands:batch", body={"commands": commands})
        results = answer.json()["results"]
        if any(result["status"] != 200 for result in results):
            raise AssertionError(answer.body.decode()[:2000])
        states = ["right" if state == "left" else "left" for state in states]
        done += len(results)
        turn += 1
    connection.close()
    return done


async def _state(connection: Connection, case: CaseId) -> str:
    state: str = (await connection.request("GET", f"/api/v1/cases/{case}")).json()["state"]
    return state


def _command(key: str, case: CaseId, state: str) -> dict[str, object]:
    step = "go" if state == "left" else "back"
    return {"key": key, "kind": "step", "case": case, "step": step, "data": {}}
