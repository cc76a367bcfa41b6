"""`python -m tests.benchmarks.figures`: every indicator of the shipped programme over 20,000 cases, by sixteen regions."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.bootstrap import Container, build
from adapters.organisation import sample_directory
from adapters.settings import Settings
from engine.access import Reach
from engine.case import Case, CaseId, Clock
from engine.events import Event
from engine.loading import load
from engine.machine import Program
from engine.numbering import case_number
from engine.ports import CaseWrite
from engine.programme.loading import load_programme
from engine.programme.periods import parse_period
from tests.support.builders import event, written
from workflows import programme, shipped

CASES = 20_000
NOW = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)


def main() -> None:
    with TemporaryDirectory() as folder:
        container = build(Settings(database_url=f"sqlite:///{Path(folder)}/figures.db"), now=lambda: NOW)
        fill(container)
        began = time.process_time()
        table = container.figures.table(
            container.programmes.current(NOW).programme,
            parse_period("2026"),
            NOW,
            reach=Reach(regions=("34",)),
        )
        took = time.process_time() - began
        print(
            f"{len(table.whole)} indicators x {len(table.parts)} regions over {CASES} cases: {took:.1f} s of one core"
        )
        print(f"in time: {table.whole['issue_in_time'].value}")
        container.close()


def fill(container: Container) -> None:
    container.directories.adopt(sample_directory(), NOW)
    for name, data in shipped():
        container.definitions.publish(load(data, name=name), NOW)
    name, data = programme()
    container.programmes.publish(load_programme(data, name=name), NOW)
    program = container.definitions.current("issue", NOW)
    dice = random.Random(7)
    regions = [r.id for r in container.directories.current().regions if len(r.id) == 6]
    for start in range(0, CASES, 1000):
        writes = [_write(n, program, dice, dice.choice(regions)) for n in range(start, start + 1000)]
        with container.store.unit() as unit:
            unit.write(written(*writes))


def _write(n: int, program: Program, dice: random.Random, region: str) -> CaseWrite:
    made = _event(n, region)
    begun = datetime(2026, 1, 4, 2, 0, tzinfo=UTC) + timedelta(hours=dice.randrange(3500))
    due = begun + timedelta(days=14)
    end = begun + timedelta(days=dice.randrange(20))
    clock = Clock(
        cycle=1,
        limit="10 working days",
        started_at=begun,
        segments=((begun, end),),
        due_at=due,
        status="met" if end <= due else "late",
    )
    case = Case(
        id=CaseId(made.case),
        workflow="issue",
        version=1,
        digest=program.digest,
        region=region,
        subject="",
        state="closed",
        opened_at=begun,
        at=end,
        seq=1,
        head=made.hash,
        ended="settled",
        data={"rating": dice.choice(["satisfied", "fairly", "unsatisfied"]), "solved": "solved"},
        clocks={"answer": clock, "contact": clock},
    )
    return CaseWrite(case, (made,), is_new=True)


def _event(n: int, region: str) -> Event:
    return event(None, case_number(2026, n + 1), {"op": "open", "case": "", "region": region})


if __name__ == "__main__":
    main()
