"""The registry of subjects: `unit` for everything that changes them, and the questions that are asked about them.

What follows from the figures (lists, obligations, rules) is left to the programme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

from sqlalchemy import Connection

from adapters.db.database import Database
from adapters.subjects import reading
from adapters.subjects.contacts import Contact, contacts
from adapters.subjects.reading import Dated, Page, Subject, SubjectFilter
from adapters.subjects.writing import Moving, NewSubject, Renaming, SubjectUnit
from engine.access import Reach
from engine.directory import RegionId, SubjectId
from engine.programme.facts import FactSpec
from engine.programme.spells import Spell
from engine.subjects import Facts, Observation, known_facts

__all__ = ["Subjects"]


class Subjects:
    """`specs` are the facts of the programme in force; `local_date` is the day of a moment where the office is."""

    def __init__(
        self,
        database: Database,
        local_date: Callable[[datetime], date],
        specs: Callable[[], Mapping[str, FactSpec]],
    ) -> None:
        self._database = database
        self._local_date = local_date
        self._specs = specs

    # Changing

    @contextmanager
    def unit(self, at: datetime) -> Iterator[SubjectUnit]:
        """One transaction: all of it is kept when the block ends well, or nothing. `unit.connection` takes other rows along."""
        with self._database.writing() as connection:
            yield self.unit_on(connection, at)

    def unit_on(self, connection: Connection, at: datetime) -> SubjectUnit:
        """The same inside a transaction that somebody else ends."""
        return SubjectUnit(connection, at=at, today=self._local_date(at), specs=self.specs())

    def register_many(self, subjects: Iterable[NewSubject], at: datetime) -> None:
        """Errors: `SubjectExists`, `BadSubjectId`, `BadName`, `TooEarly`."""
        with self.unit(at) as unit:
            unit.register_many(subjects)

    def observe_many(self, observations: Iterable[Observation], at: datetime) -> None:
        """Errors: `UnknownSubject`, `InvalidFacts`."""
        with self.unit(at) as unit:
            unit.observe_many(observations)

    def rename(self, subject: SubjectId, title: str, *, since: date, at: datetime) -> None:
        """Errors: `UnknownSubject`, `BadName`, `TooEarly`."""
        with self.unit(at) as unit:
            unit.rename_many([Renaming(subject, title, since)])

    def move(self, subject: SubjectId, region: RegionId, *, since: date, at: datetime) -> None:
        """Errors: `UnknownSubject`, `TooEarly`."""
        with self.unit(at) as unit:
            unit.move_many([Moving(subject, region, since)])

    def withdraw_batch(self, batch: str, at: datetime) -> list[SubjectId]:
        """Whose figures changed by it."""
        with self.unit(at) as unit:
            return unit.withdraw_batch(batch)

    # Asking

    def specs(self) -> Mapping[str, FactSpec]:
        return self._specs()

    def search(self, reach: Reach, wanted: SubjectFilter, *, limit: int = 50, start: str = "") -> Page:
        """By id. `start` is `Page.next` of the page before. Errors: `InvalidCursor`."""
        with self._database.reading() as connection:
            return reading.page(connection, reach, wanted, limit=limit, start=start)

    def count(self, reach: Reach, wanted: SubjectFilter) -> int:
        with self._database.reading() as connection:
            return reading.count(connection, reach, wanted)

    def find(self, subject: str, reach: Reach) -> Subject | None:
        with self._database.reading() as connection:
            return reading.one(connection, subject, reach)

    # Of subjects that were found within reach, or by the system: no reach is asked here

    def known(self, subjects: Iterable[str]) -> dict[SubjectId, Subject]:
        """Those of the ids that are registered."""
        with self._database.reading() as connection:
            return reading.many(connection, subjects)

    def named(self, titles: Iterable[str]) -> dict[str, tuple[SubjectId, ...]]:
        """For each title the subjects that go or went by it, however it is spelled."""
        with self._database.reading() as connection:
            return reading.named(connection, titles)

    def names(self, subject: str) -> list[Dated]:
        """The newest first."""
        with self._database.reading() as connection:
            return reading.names(connection, subject)

    def regions(self, subject: str) -> list[Dated]:
        """The newest first."""
        with self._database.reading() as connection:
            return reading.regions(connection, subject)

    def observations(self, subjects: Iterable[str]) -> dict[SubjectId, list[Observation]]:
        """All that was said, withdrawn or not, in the order in which it was entered."""
        with self._database.reading() as connection:
            return reading.observations(connection, subjects)

    def facts(self, subject: SubjectId, *, as_of: datetime | None = None) -> Facts:
        """What counts now, or counted at a moment, by fact and year."""
        return known_facts(self.observations([subject]).get(subject, ()), as_of=as_of)

    def memberships(self, subject: str) -> list[Spell]:
        """Present and past, the newest first."""
        with self._database.reading() as connection:
            return reading.memberships(connection, subject)

    def members_by_region(self, name: str) -> dict[str, int]:
        """How many are on a list now, by the region under which they were put there."""
        with self._database.reading() as connection:
            return reading.members_by_region(connection, name)

    def contacts(self, subject: str, now: datetime) -> list[Contact]:
        """Visits of the last 30 days by offices of all tiers, the latest first."""
        with self._database.reading() as connection:
            return contacts(connection, subject, now=now)
