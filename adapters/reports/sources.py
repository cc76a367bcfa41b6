"""The rows that reports are made of: small readers over the tables and the cases, within the reader's reach and one region.

What a reader may not see is never read, so no count can tell of it. How rows become numbers is left to the reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from sqlalchemy import Column, ColumnElement, and_, false, or_, select

from adapters.db import rows
from adapters.db.access import readable, under, waiting_for
from adapters.db.database import Database
from adapters.db.programme_tables import MEMBERSHIP, OBSERVATION, SUBJECT
from adapters.db.tables import CASE, HOLDING
from adapters.reports.assessments import Assessment
from engine import canonical
from engine.access import Actor, Reach
from engine.case import Case
from engine.directory import SubjectId
from engine.subjects import Observation, Profile, known_facts

__all__ = ["Heading", "Member", "Sources", "SqlSources", "Subject"]

LocalDate = Callable[[datetime], date]

_MANY = 500  # ids in one question: SQLite binds at most 32,766 values


@dataclass(frozen=True, slots=True)
class Member:
    """A spell on a list, in local days. `how_in`: entered, relapsed, moved_in; `how_out`: cleared, exited, moved_out."""

    list: str
    subject: str
    n: int
    region: str
    since: date
    until: date | None = None
    how_in: str = "entered"
    how_out: str = ""
    reason: str = ""
    year: int = 0
    case: str = ""

    @property
    def row(self) -> str:
        return f"{self.list}/{self.subject}/{self.n}"

    def is_on(self, day: date) -> bool:
        """Whether it was on the list at the end of that day."""
        return self.since <= day and (self.until is None or self.until > day)


class Heading(NamedTuple):
    """What a case is, without what was said in it."""

    id: str
    digest: str
    region: str
    subject: str
    state: str


@dataclass(frozen=True, slots=True)
class Subject:
    id: str
    title: str
    region: str


class Sources(Protocol):
    """What a report may ask for; everything is sorted by id, so that the same rows give the same report."""

    def cases(self, *workflows: str, open_only: bool = False) -> Sequence[Case]: ...

    def headings(self) -> Iterable[Heading]: ...

    def case(self, case: str) -> Case | None: ...

    def members(self, *lists: str) -> Sequence[Member]: ...

    def subjects(self) -> Sequence[Subject]: ...

    def profiles(self, year: int) -> Iterator[Profile]: ...

    def assessments(self, year: int, now: datetime) -> Iterable[Assessment]: ...

    def handled(self) -> frozenset[str]: ...

    def title(self, subject: str) -> str: ...


Assess = Callable[[Profile, int, datetime], Iterable[Assessment]]


def not_assessed(profile: Profile, year: int, now: datetime) -> Iterable[Assessment]:
    """Where no programme is in force there are no rules."""
    return ()


@dataclass(frozen=True, slots=True)
class SqlSources:
    """The tables as `reach` sees them, in `region` and all under it; `handler` holds the grants of `handling.as_handler`."""

    database: Database
    reach: Reach
    handler: Actor
    region: str
    local_date: LocalDate
    assess: Assess = not_assessed

    def cases(self, *workflows: str, open_only: bool = False) -> Sequence[Case]:
        """All of these workflows, or of any where none is named."""
        query = select(CASE.c.body, CASE.c.head).where(self._readable()).order_by(CASE.c.id)
        if workflows:
            query = query.where(CASE.c.workflow.in_(workflows))
        if open_only:
            query = query.where(CASE.c.ended == "")
        with self.database.reading() as connection:
            return [rows.stored_case(body, head) for body, head in connection.execute(query)]

    def headings(self) -> Iterable[Heading]:
        """Of all cases: much faster than to decode each."""
        columns = (CASE.c.id, CASE.c.digest, CASE.c.region, CASE.c.subject, CASE.c.state)
        with self.database.reading() as connection:
            found = connection.execute(select(*columns).where(self._readable()).order_by(CASE.c.id)).all()
        return [Heading(*row) for row in found]

    def case(self, case: str) -> Case | None:
        """One case by its number, in whatever region of the reach it lies."""
        if "\x00" in case:
            return None
        query = select(CASE.c.body, CASE.c.head).where(CASE.c.id == case, readable(self.reach))
        with self.database.reading() as connection:
            found = connection.execute(query).first()
        return rows.stored_case(found.body, found.head) if found else None

    def members(self, *lists: str) -> Sequence[Member]:
        query = select(MEMBERSHIP).where(MEMBERSHIP.c.list.in_(lists), self._within(MEMBERSHIP.c.region))
        ordered = query.order_by(MEMBERSHIP.c.list, MEMBERSHIP.c.subject, MEMBERSHIP.c.n)
        with self.database.reading() as connection:
            return [
                Member(
                    row.list,
                    row.subject,
                    row.n,
                    row.region,
                    self._day(row.since),
                    None if row.until is None else self._day(row.until),
                    row.how_in,
                    row.how_out,
                    row.reason,
                    row.year,
                    row.case_id,
                )
                for row in connection.execute(ordered)
            ]

    def subjects(self) -> Sequence[Subject]:
        query = select(SUBJECT.c.id, SUBJECT.c.title, SUBJECT.c.region).where(self._within(SUBJECT.c.region))
        with self.database.reading() as connection:
            return [Subject(*row) for row in connection.execute(query.order_by(SUBJECT.c.id))]

    def profiles(self, year: int) -> Iterator[Profile]:
        """What is known of each subject for any year up to `year`."""
        for some in _batches(self.subjects(), _MANY):
            known = self._observations([each.id for each in some], year)
            for each in some:
                facts = known_facts(known.get(each.id, ()))
                yield Profile(SubjectId(each.id), each.title, each.region, facts)

    def assessments(self, year: int, now: datetime) -> Iterable[Assessment]:
        """By the figures known for that year and before it."""
        return (found for profile in self.profiles(year) for found in self.assess(profile, year, now))

    def title(self, subject: str) -> str:
        """How a subject of a case that the reader may see is called, wherever it belongs; its id where nobody knows."""
        query = select(SUBJECT.c.title).where(SUBJECT.c.id == subject)
        with self.database.reading() as connection:
            return connection.scalar(query) or subject

    def handled(self) -> frozenset[str]:
        """The cases that wait for the reader now: their personal values are shown in full."""
        query = select(HOLDING.c.case_id).where(waiting_for(self.handler))
        with self.database.reading() as connection:
            return frozenset(connection.scalars(query))

    def _observations(self, subjects: Sequence[str], year: int) -> dict[str, list[Observation]]:
        query = select(OBSERVATION).where(OBSERVATION.c.subject.in_(subjects), OBSERVATION.c.year <= year)
        found: dict[str, list[Observation]] = {}
        with self.database.reading() as connection:
            for row in connection.execute(query.order_by(OBSERVATION.c.subject, OBSERVATION.c.n)):
                found.setdefault(row.subject, []).append(_observation(row))
        return found

    def _readable(self) -> ColumnElement[bool]:
        return and_(readable(self.reach), under(CASE.c.region, self.region))

    def _within(self, column: Column[str]) -> ColumnElement[bool]:
        reached = or_(false(), *(under(column, region) for region in self.reach.regions if region))
        return and_(reached, under(column, self.region))

    def _day(self, micros: int) -> date:
        return self.local_date(rows.moment(micros))


def _observation(row: object) -> Observation:
    given = row._mapping  # type: ignore[attr-defined]
    return Observation(
        subject=SubjectId(given["subject"]),
        year=given["year"],
        facts=canonical.decode(given["body"]),
        source=given["source"],
        vintage=date.fromisoformat(given["vintage"]),
        entered_by=given["entered_by"],
        entered_at=rows.moment(given["entered_at"]),
        verified=given["verified"],
        batch=given["batch"],
        n=given["n"],
        withdrawn_at=rows.moment_or_none(given["withdrawn_at"]),
    )


def _batches(items: Sequence[Subject], size: int) -> Iterable[Sequence[Subject]]:
    return (items[start : start + size] for start in range(0, len(items), size))
