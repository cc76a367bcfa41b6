"""The rows of an import through the registry of subjects, inside one transaction; and the way back.

The batch remembers whom it brought and which names and counties it changed; what it said of figures is found by its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, text

from adapters.importing.known import versions_of
from adapters.importing.records import Undo
from adapters.importing.verdicts import Change, DryRun, ImportMoved
from adapters.subjects.writing import Moving, NewSubject, Renaming, SubjectUnit
from engine.directory import RegionId, SubjectId
from engine.subjects import Observation

__all__ = ["Writing", "alone", "require_unmoved", "withdraw", "write"]

_LOCK: Final = 4_020_231  # any number, the same in every process


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Who imports what, as it stands in every observation."""

    batch: str
    by: str
    at: datetime
    source: str
    vintage: date
    verified: bool


def alone(connection: Connection) -> None:
    """One import at a time. On SQLite the transaction itself sees to that."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def require_unmoved(connection: Connection, dry: DryRun) -> None:
    """Errors: `ImportMoved` where something on which a verdict rests has changed since."""
    changes = dry.changes
    now = versions_of(connection, [subject for subject, _ in changes])
    moved = [subject for subject, _ in changes if now.get(subject) != dry.seen.get(subject)]
    if moved:
        raise ImportMoved(
            f"试导之后有 {len(moved)} 家企业的数据又有变化", hint="重新试导，再提交", subjects=moved[:20]
        )


def write(unit: SubjectUnit, writing: Writing, changes: Sequence[tuple[str, Change]]) -> Undo:
    """Everything but the batch's own row."""
    since = writing.vintage
    unit.register_many(
        NewSubject(
            id=SubjectId(subject), title=c.title, region=RegionId(c.region), since=since, doubt=c.doubt
        )
        for subject, c in changes
        if c.is_new
    )
    known = [(SubjectId(subject), c) for subject, c in changes if not c.is_new]
    unit.rename_many(Renaming(subject, c.title, since) for subject, c in known if c.title)
    unit.move_many(Moving(subject, RegionId(c.region), since) for subject, c in known if c.region)
    unit.observe_many(_observations(writing, changes))
    day = since.isoformat()
    return {
        "names": {subject: day for subject, c in known if c.title},
        "regions": {subject: day for subject, c in known if c.region},
        "brought": [subject for subject, c in changes if c.is_new],
    }


def _observations(writing: Writing, changes: Sequence[tuple[str, Change]]) -> Iterator[Observation]:
    for subject, change in changes:
        for year, facts in sorted(change.facts.items()):
            yield Observation(
                subject=SubjectId(subject),
                year=year,
                facts=facts,
                source=writing.source,
                vintage=writing.vintage,
                entered_by=writing.by,
                entered_at=writing.at,
                verified=writing.verified,
                batch=writing.batch,
            )


def withdraw(unit: SubjectUnit, batch: str, undo: Undo) -> int:
    """Withdraw what the batch said; subjects that it brought and nothing else speaks of go. How many were touched."""
    touched: set[SubjectId] = {*unit.withdraw_batch(batch)}
    touched.update(unit.take_back_names(_days(undo["names"])), unit.take_back_regions(_days(undo["regions"])))
    touched.update(unit.forget_many(map(SubjectId, undo["brought"])))
    return len(touched)


def _days(changed: Mapping[str, str]) -> dict[SubjectId, date]:
    return {SubjectId(subject): date.fromisoformat(day) for subject, day in changed.items()}
