"""`python -m tests.benchmarks.subjects`: 50,000 subjects with a year of figures each, registered and observed at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from time import perf_counter

from adapters.db import migrate
from adapters.db.database import Database
from adapters.subjects.reading import SubjectFilter
from adapters.subjects.registry import Subjects
from adapters.subjects.writing import NewSubject
from engine.access import Reach
from engine.directory import RegionId, SubjectId
from engine.programme.facts import FactSpec
from engine.subjects import Observation
from tests.benchmarks.load import databases

AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
SINCE, VINTAGE = date(2020, 1, 1), date(2026, 3, 1)
FACTS = {f"fact_{n}": 1_000_000 + n for n in range(20)}
SPECS = {name: FactSpec.model_validate({"title": name, "type": "money", "yearly": True}) for name in FACTS}


def new(n: int) -> NewSubject:
    return NewSubject(
        id=SubjectId(f"S{n:06}"), title=f"示例{n}号有限公司", region=RegionId(f"34{n % 16:02}01"), since=SINCE
    )


def said(n: int, year: int) -> Observation:
    return Observation(
        subject=SubjectId(f"S{n:06}"), year=year, facts=FACTS, source="示例", vintage=VINTAGE,
        entered_by="p", entered_at=AT, batch="b",
    )  # fmt: skip


def measure(kind: str, number: int) -> None:
    with databases(kind, 1) as ((url, _),):
        migrate.upgrade(url)
        database = Database(url)
        subjects = Subjects(database, datetime.date, lambda: SPECS)
        marks = [perf_counter()]
        with subjects.unit(AT) as unit:
            unit.register_many(map(new, range(number)))
            marks.append(perf_counter())
            unit.observe_many(said(n, 2025) for n in range(number))
            marks.append(perf_counter())
        marks.append(perf_counter())
        subjects.observe_many((said(n, 2024) for n in range(number)), AT)
        marks.append(perf_counter())
        subjects.withdraw_batch("b", AT)
        marks.append(perf_counter())
        found = subjects.search(Reach(regions=("34",)), SubjectFilter(text="4999号"))
        marks.append(perf_counter())
        database.close()
    steps = ("register", "observe", "commit", "observe again", "withdraw", f"search ({len(found.subjects)})")
    spent = (
        f"{name} {after - before:.2f} s" for name, before, after in zip(steps, marks, marks[1:], strict=False)
    )
    print(f"{kind}, {number} subjects: {', '.join(spent)}")


if __name__ == "__main__":
    for backend in ("sqlite", "postgres"):
        measure(backend, 50_000)
