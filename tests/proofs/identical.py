"""One semantics: the same random histories on SQLite and on PostgreSQL, equal to the byte, and every one replayed."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.settings import Settings
from engine.calendar import Calendar
from engine.canonical import verify_chain
from engine.case import CaseId
from engine.commands import Command
from engine.machine import Program
from engine.replay import replay
from engine.runtime import Outcome
from tests.benchmarks.load import databases
from tests.proofs.ledger import Verdict
from tests.support.histories import START, calendars, drive, next_version, organisation_for, program_of

WORKFLOWS = (
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
    "tests/workflows/samples/full.yaml",
    "tests/workflows/samples/minimal.yaml",
)
STEPS = 30
LOG = "identical"

Progress = Callable[[], None]


class _DatabaseWorld:
    """`tests.support.histories.World` over a real container."""

    def __init__(self, container: Container, clock: MovedClock) -> None:
        self._container = container
        self._clock = clock
        self._calendars = list(calendars())

    def handle(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        return self._container.engine.handle(commands)

    def move_to(self, now: object) -> None:
        self._clock.move_to(now)  # type: ignore[arg-type]

    def calendar(self, name: str) -> Calendar:
        return self._calendars[0]

    def change_calendar(self, name: str) -> None:
        self._calendars.reverse()
        self._container.calendars.adopt(self._calendars[0], self._clock())


def identical(cases: int, *, seed: int = 7, progress: Progress = lambda: None) -> Verdict:
    """`cases` random cases over four workflows on each of the two databases."""
    digests: dict[str, list[str]] = {}
    verdict, kinds = Verdict({"cases": cases, "events": 0, "divergences": 0}), Counter[str]()
    for kind in ("sqlite", "postgres"):
        with databases(kind, 1) as ((url, files),):
            digests[kind] = []
            for n, path in enumerate(WORKFLOWS):
                share = cases // len(WORKFLOWS) + (n < cases % len(WORKFLOWS))
                settings = Settings(database_url=url, files=files, log=LOG)
                seeds = range(seed + len(digests[kind]), seed + len(digests[kind]) + share)
                run = _Run(verdict, kinds, progress)
                digests[kind] += run.histories(settings, program_of(path), seeds)
    verdict.counts["events"] //= 2
    verdict.counts |= {f"kind {kind}": count // 2 for kind, count in sorted(kinds.items())}
    pairs = zip(digests["sqlite"], digests["postgres"], strict=True)
    differing = sum(one != other for one, other in pairs)
    verdict.counts["differing"] = differing
    if differing:
        verdict.faults.append(f"{differing} histories differ between SQLite and PostgreSQL")
    return verdict


@dataclass(frozen=True, slots=True)
class _Run:
    verdict: Verdict
    kinds: Counter[str]
    progress: Progress

    def histories(self, settings: Settings, program: Program, seeds: range) -> list[str]:
        """One history for each seed; the digest of each one's bytes."""
        clock = MovedClock(START)
        container = build(settings, now=clock, entropy=random.Random(seeds.start).randbytes)
        try:
            directory, later = organisation_for(program.definition), next_version(program)
            container.directories.adopt(directory, START)
            for each in (program, later):
                container.definitions.publish(each.source, START)
            world = _DatabaseWorld(container, clock)
            return [self._one(container, world, program, seed) for seed in seeds]
        finally:
            container.close()

    def _one(self, container: Container, world: _DatabaseWorld, program: Program, seed: int) -> str:
        directory = container.directories.current()
        history = drive(world, program, directory, seed=seed, steps=STEPS, later=next_version(program))
        self.kinds.update(history.kinds)
        self.progress()
        return _checked(container, history.case.id, self.verdict)


def _checked(container: Container, case: CaseId, verdict: Verdict) -> str:
    """The digest of the stored bytes, after chain and replay."""
    stored = container.store.history(case)
    replayed = replay(stored, container.definitions.digest, container.calendars.digest)
    verdict.faults += [f"{case}: {each}" for each in replayed.divergences]
    verdict.faults += [f"{case}: {each}" for each in verify_chain(LOG, case, stored)]
    verdict.counts["events"] += len(stored)
    verdict.counts["divergences"] += len(replayed.divergences)
    return hashlib.sha256(b"\n".join(stored)).hexdigest()
