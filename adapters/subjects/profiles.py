"""What is known of subjects, as rules see it: read for many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, select, text

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.programme_tables import (
    MEMBERSHIP,
    MEMBERSHIP_IS_OPEN,
    OBSERVATION,
    SUBJECT,
    SUBJECT_IS_DIRTY,
)
from engine import canonical
from engine.directory import SubjectId
from engine.subjects import Observation, Profile, known_facts

__all__ = ["Profiles", "observation_of"]

# Ids in one question: within what SQLite binds, and small enough that no answer fills the memory.
_TOGETHER: Final = 500


class Profiles:
    """Reads `engine.subjects.Profile` from the tables of subjects, observations and open memberships."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, subject: SubjectId, *, as_of: datetime | None = None) -> Profile | None:
        """None where there is no such subject. `as_of` a moment: what was held then; names and lists are of today."""
        return next(iter(self.many([subject], as_of=as_of)), None)

    def many(self, subjects: Iterable[SubjectId], *, as_of: datetime | None = None) -> list[Profile]:
        """In the order asked for; those that do not exist are left out."""
        wanted = list(dict.fromkeys(subjects))
        with self._database.reading() as connection:
            found = {
                profile.id: profile
                for n in range(0, len(wanted), _TOGETHER)
                for profile in _profiles(connection, wanted[n : n + _TOGETHER], as_of)
            }
        return [found[subject] for subject in wanted if subject in found]

    def dirty(self, limit: int) -> list[tuple[SubjectId, int]]:
        """At most `limit` subjects that the programme has not looked at since they changed, each with its `updated_at`."""
        query = (
            select(SUBJECT.c.id, SUBJECT.c.updated_at).where(text(SUBJECT_IS_DIRTY)).order_by(SUBJECT.c.id)
        )
        with self._database.reading() as connection:
            return [(SubjectId(row.id), row.updated_at) for row in connection.execute(query.limit(limit))]


def observation_of(row: Any) -> Observation:
    """The value of a row of the table of observations."""
    return Observation(
        subject=SubjectId(row.subject),
        year=row.year,
        facts=canonical.decode(row.body),
        source=row.source,
        vintage=date.fromisoformat(row.vintage),
        entered_by=row.entered_by,
        entered_at=rows.moment(row.entered_at),
        verified=row.verified,
        batch=row.batch,
        n=row.n,
        withdrawn_at=rows.moment_or_none(row.withdrawn_at),
    )


def _profiles(
    connection: Connection, subjects: Sequence[SubjectId], as_of: datetime | None
) -> Iterator[Profile]:
    observed: dict[str, list[Observation]] = defaultdict(list)
    for row in connection.execute(select(OBSERVATION).where(OBSERVATION.c.subject.in_(subjects))):
        observed[row.subject].append(observation_of(row))
    lists: dict[str, set[str]] = defaultdict(set)
    for member in connection.execute(_open_memberships(subjects)):
        lists[member.subject].add(member.list)
    about = select(SUBJECT.c.id, SUBJECT.c.title, SUBJECT.c.region).where(SUBJECT.c.id.in_(subjects))
    for row in connection.execute(about):
        facts = known_facts(observed[row.id], as_of=as_of)
        yield Profile(SubjectId(row.id), row.title, row.region, facts, frozenset(lists[row.id]))


def _open_memberships(subjects: Sequence[SubjectId]) -> Select[Any]:
    return select(MEMBERSHIP.c.subject, MEMBERSHIP.c.list).where(
        MEMBERSHIP.c.subject.in_(subjects), text(MEMBERSHIP_IS_OPEN)
    )
