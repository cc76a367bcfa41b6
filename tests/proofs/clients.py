"""Writers that never give up unless told to, and note what they saw."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.benchmarks.load import CLERK
from tests.proofs.ledger import Ledger
from tests.support.http_client import Answer, Connection, Cut

GIVE_UP = 0.03  # of the broken requests are never asked again: they end as unknown


@dataclass(slots=True)
class Crowd:
    """Clients that move `cases` left and right at random until `ended` is set."""

    ports: Sequence[int]
    token: str
    cases: Sequence[str]
    ledger: Ledger
    seed: int
    ended: bool = False
    done: int = 0
    problems: list[str] = field(default_factory=list)

    async def run(self, writers: int) -> None:
        await asyncio.gather(*(self._write(n) for n in range(writers)))

    async def _write(self, writer: int) -> None:
        rng = random.Random(self.seed * 1000 + writer)
        connections = [Connection(port, self.token) for port in self.ports]
        turn = 0
        while not self.ended:
            turn += 1
            case, step = rng.choice(self.cases), rng.choice(("go", "back"))
            await self._command(rng, connections, f"w{self.seed}-{writer}-{turn}", case, step)
        for connection in connections:
            connection.close()

    async def _command(
        self, rng: random.Random, connections: list[Connection], key: str, case: str, step: str
    ) -> None:
        command = f"api/{CLERK.id}/{key}"  # keys are apart for each caller
        self.ledger.invoke(command)
        while True:
            try:
                answer = await rng.choice(connections).request(
                    "POST",
                    f"/api/v1/cases/{case}/steps/{step}",
                    body={"data": {}},
                    headers={"Idempotency-Key": key},
                )
            except Cut:
                if rng.random() < GIVE_UP:
                    return
                await asyncio.sleep(0.02)
                continue
            if self._settled(command, answer):
                return

    def _settled(self, command: str, answer: Answer) -> bool:
        if answer.status == 200:
            self.ledger.acknowledge(command, answer.json())
            self.done += 1
        elif answer.status in (409, 412, 422):
            self.ledger.refuse(command)
        elif answer.status == 503:
            return False
        else:
            self.problems.append(f"{command}: {answer.status} {answer.body[:300]!r}")
            self.ledger.refuse(command)
        return True
