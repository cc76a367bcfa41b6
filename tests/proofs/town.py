"""The town that every fault test plays in: cases long overdue when the service starts, and fresh ones that clients move.

Cases are opened through the engine on a clock that stands ten days back, so that thousands of obligations are due at once
when the real processes begin.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock, system_now
from adapters.organisation import sample_directory
from adapters.settings import Settings
from engine.case import CaseId, CommandId
from engine.commands import Open
from engine.loading import load
from engine.numbering import case_number
from tests.benchmarks.load import CLERK, PING, groups, must
from tests.support.servers import fresh_database, private_postgres, private_valkey

LOG = "proof"


@dataclass(frozen=True, slots=True)
class Town:
    """Where the service's data lie, who may write, and what there is: `late` cases are overdue, `fresh` ones are not."""

    settings: Settings
    token: str
    late: Sequence[CaseId]
    fresh: Sequence[CaseId]

    @property
    def environment(self) -> Mapping[str, str]:
        urls = {
            "BIHUAN_DATABASE_URL": self.settings.database_url,
            "BIHUAN_REDIS_URL": self.settings.redis_url or "",
        }
        return {
            **urls,
            "BIHUAN_FILES": str(self.settings.files),
            "BIHUAN_LOG": LOG,
            "BIHUAN_LOG_LEVEL": "warning",
        }

    @contextmanager
    def container(self) -> Iterator[Container]:
        """Direct access to what the service wrote."""
        container = build(self.settings)
        try:
            yield container
        finally:
            container.close()


@contextmanager
def town(kind: str, folder: Path, *, late: int, fresh: int) -> Iterator[Town]:
    """`kind`: sqlite (one process) or postgres (with its own Valkey)."""
    with ExitStack() as stack:
        settings = Settings(
            database_url=_database(kind, folder, stack),
            redis_url=stack.enter_context(private_valkey()).url if kind == "postgres" else None,
            files=folder / "files",
            log=LOG,
            log_folder=folder / "log",
            log_key=folder / "keys/log.pem",
        )
        yield _settled(settings, late, fresh)


def _database(kind: str, folder: Path, stack: ExitStack) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/proof.db"
    return stack.enter_context(fresh_database(stack.enter_context(private_postgres()).url))


def _settled(settings: Settings, late: int, fresh: int) -> Town:
    now = system_now()
    clock = MovedClock(now - timedelta(days=30))
    container = build(settings, now=clock, entropy=random.Random(11).randbytes)
    try:
        container.directories.adopt(sample_directory(), clock())
        container.definitions.publish(load(PING.read_bytes(), name=PING.name), clock())
        numbers = [case_number(2026, n + 1) for n in range(late + fresh)]
        _open(container, numbers[:late])
        clock.move_to(now)
        _open(container, numbers[late:])
        _, token = container.tokens.create(CLERK.id, "proof", now, days=2)
    finally:
        container.close()
    return Town(settings, token, numbers[:late], numbers[late:])


def _open(container: Container, numbers: Sequence[CaseId]) -> None:
    commands = [
        Open(id=CommandId(f"open-{n}"), case=n, actor=CLERK, workflow="ping", region="34") for n in numbers
    ]
    for part in groups(commands, 100):
        must(container, part)
