"""The same step raced by many clients: each round exactly one success, everybody else a clean refusal."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from tests.proofs.ledger import Verdict
from tests.proofs.town import town
from tests.support.http_client import Connection
from tests.support.served import served

CLEAN = frozenset({409, 412})


def races(kind: str, *, rounds: int, clients: int = 50) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="bihuan-races-") as name:
        folder = Path(name)
        with town(kind, folder, late=0, fresh=1) as place, served(folder, place.environment) as server:
            answers = asyncio.run(_race(server.port, place.token, place.fresh[0], rounds, clients))
    verdict = Verdict({"rounds": rounds, "clients": clients, "successes": 0, "refusals": 0})
    for turn, statuses in enumerate(answers):
        verdict.counts["successes"] += statuses[200]
        verdict.counts["refusals"] += sum(statuses[each] for each in CLEAN)
        if statuses[200] != 1 or set(statuses) - CLEAN - {200}:
            verdict.faults.append(f"round {turn}: {dict(statuses)}")
    return verdict


async def _race(port: int, token: str, case: str, rounds: int, clients: int) -> list[Counter[int]]:
    connections = [Connection(port, token) for _ in range(clients)]

    async def take(turn: int, client: int) -> int:
        step = "back" if turn % 2 else "go"
        headers = {"Idempotency-Key": f"race-{turn}-{client}"}
        path = f"/api/v1/cases/{case}/steps/{step}"
        return (await connections[client].request("POST", path, body={"data": {}}, headers=headers)).status

    found = []
    for turn in range(rounds):
        found.append(Counter(await asyncio.gather(*(take(turn, client) for client in range(clients)))))
    for connection in connections:
        connection.close()
    return found
