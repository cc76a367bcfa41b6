"""The work that is timed: cases that go left and right, one step each, on a private database."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.bootstrap import Container, build
from adapters.organisation import sample_directory
from adapters.process import settle
from adapters.settings import Settings
from engine.access import Actor, Grant
from engine.case import CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.loading import load
from engine.numbering import case_number
from engine.runtime import Accepted
from tests.support.servers import fresh_database, private_postgres

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PING = Path(__file__).with_name("ping.yaml")
CLERK = Actor(id="p-34-liaison-1", grants=(Grant(role="liaison", region="34"),), channel="bench")


class TickingClock:
    """A millisecond later each time it is asked: no two groups write the same moments, and every run writes the same ones."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass(frozen=True, slots=True)
class Bench:
    """A container with `cases` opened, all in state `left`, and its clock."""

    container: Container
    cases: Sequence[CaseId]
    clock: TickingClock


@contextmanager
def bench(url: str, *, cases: int, folder: Path) -> Iterator[Bench]:
    """The same cases, clock and entropy for every database: what is written is the same to the byte."""
    settings = Settings(
        database_url=url,
        files=folder,
        log="bench",
        log_folder=folder / "log",
        log_key=folder / "keys/log.pem",
    )
    clock = TickingClock(START)
    container = build(settings, now=clock, entropy=random.Random(7).randbytes)
    try:
        container.directories.adopt(sample_directory(), START)
        container.definitions.publish(load(PING.read_bytes(), name=PING.name), START)
        numbers = [case_number(2026, n + 1) for n in range(cases)]
        for part in _groups([_opening(n) for n in numbers], 100):
            _must(container, part)
        settle()  # as a process that serves does
        yield Bench(container, numbers, clock)
    finally:
        container.close()


def steps(cases: Sequence[CaseId], *, rounds: int, seed: int) -> list[Command]:
    """`rounds` steps on each case, the cases in a new random order every round."""
    rng, made = random.Random(seed), []
    for turn in range(rounds):
        order = list(cases)
        rng.shuffle(order)
        step = "back" if turn % 2 else "go"
        made += [
            TakeStep(id=CommandId(f"s{seed}-{turn}-{case}"), case=case, actor=CLERK, step=step)
            for case in order
        ]
    return made


@contextmanager
def databases(kind: str, count: int) -> Iterator[list[tuple[str, Path]]]:
    """Private databases of one kind on one server or in one folder: (URL, folder for files)."""
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as name:
        folder = Path(name)
        if kind == "sqlite":
            yield [(f"sqlite:///{folder}/{n}.db", folder / str(n)) for n in range(count)]
            return
        with private_postgres() as server:
            yield from _postgres(server.url, folder, count)


def _postgres(server_url: str, folder: Path, count: int) -> Iterator[list[tuple[str, Path]]]:
    if count == 0:
        yield []
        return
    with fresh_database(server_url) as url:
        for rest in _postgres(server_url, folder, count - 1):
            yield [(url, folder / str(count)), *rest]


def _opening(case: CaseId) -> Command:
    return Open(id=CommandId(f"open-{case}"), case=case, actor=CLERK, workflow="ping", region="34")


def _must(container: Container, commands: Sequence[Command]) -> None:
    for outcome in container.engine.handle(commands):
        if not isinstance(outcome, Accepted):
            raise outcome.error


def _groups(commands: Sequence[Command], size: int) -> Iterator[Sequence[Command]]:
    for start in range(0, len(commands), size):
        yield commands[start : start + size]


groups = _groups
must = _must
