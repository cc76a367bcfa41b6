"""What is known of the subjects that a list names, as one state for each, and its version."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from adapters.db.bulk import portions
from adapters.db.programme_tables import OBSERVATION, SUBJECT, SUBJECT_NAME, SUBJECT_REGION
from adapters.db.rows import micros
from adapters.subjects import reading
from engine.subjects import Known, known_facts

__all__ = ["State", "Version", "states_of", "versions_of"]

Version = tuple[int, int]
"""When the subject was last written, and its last observation: changes with whatever is said of it."""


@dataclass(frozen=True, slots=True)
class State:
    """A subject as it stands; the days are those from which its present name and region hold."""

    title: str
    region: str
    doubt: str
    version: Version
    named_since: str
    there_since: str
    facts: Mapping[tuple[str, int], Known]


def states_of(connection: Connection, subjects: Collection[str]) -> dict[str, State]:
    """By subject; those that are not registered are missing."""
    found: dict[str, State] = {}
    for part in portions(sorted(subjects)):
        observations = reading.observations(connection, part)
        named, there = _since(connection, SUBJECT_NAME, part), _since(connection, SUBJECT_REGION, part)
        for id, subject in reading.many(connection, part).items():
            said = observations.get(id, [])
            version = (micros(subject.updated_at), max((o.n for o in said), default=0))
            known = known_facts(said)
            found[id] = State(
                subject.title,
                subject.region,
                subject.doubt,
                version,
                named.get(id, ""),
                there.get(id, ""),
                known,
            )
    return found


def versions_of(connection: Connection, subjects: Collection[str]) -> dict[str, Version]:
    """Of those that are registered."""
    found: dict[str, Version] = {}
    for part in portions(sorted(subjects)):
        last = select(OBSERVATION.c.subject, func.max(OBSERVATION.c.n)).group_by(OBSERVATION.c.subject)
        numbers = dict(_pairs(connection, last.where(OBSERVATION.c.subject.in_(part))))
        written = select(SUBJECT.c.id, SUBJECT.c.updated_at).where(SUBJECT.c.id.in_(part))
        found.update((id, (at, numbers.get(id, 0))) for id, at in _pairs(connection, written))
    return found


def _since(connection: Connection, table: Table, subjects: Collection[str]) -> dict[str, str]:
    query = select(table.c.subject, table.c.since).where(
        table.c.subject.in_(subjects), table.c.until.is_(None)
    )
    return dict(_pairs(connection, query))


def _pairs(connection: Connection, query: Select[Any]) -> Iterator[tuple[str, Any]]:
    return ((row[0], row[1]) for row in connection.execute(query))
