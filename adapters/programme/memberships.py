"""Memberships as rows: the last spell of each subject on each list, and the changes that a plan asks for.

Every change is conditional on what it was decided on, so that doing it twice, or beside another process, changes nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    false,
    func,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from adapters.db import rows
from adapters.db.access import under
from adapters.db.cursor import after, cursor
from adapters.db.database import Database
from adapters.db.programme_tables import MEMBERSHIP, MEMBERSHIP_IS_OPEN, SUBJECT
from adapters.db.spells import spell_of
from adapters.db.tables import CASE, RECEIPT
from engine import canonical
from engine.access import Reach
from engine.case import Case
from engine.directory import SubjectId
from engine.programme.spells import Spell

__all__ = ["Closing", "Member", "Memberships"]

_TOGETHER: Final = 500  # ids in one question
_Item = TypeVar("_Item")

_ENTER: Final = text("""
    INSERT INTO membership
        (list, subject, n, region, since, until, how_in, how_out, reason, year, evidence, case_id)
    VALUES (:list, :subject, :n, :region, :since, NULL, :how_in, '', '', :year, :evidence, :case_id)
    ON CONFLICT DO NOTHING
""")
_CLOSE: Final = text("""
    UPDATE membership SET until = :until, how_out = :how_out, reason = :reason
    WHERE list = :list AND subject = :subject AND n = :n AND until IS NULL
""")
_GO_BY: Final = text("""
    UPDATE membership SET year = :year
    WHERE list = :list AND subject = :subject AND n = :n AND until IS NULL AND year < :year
""")
_CLEAN: Final = text("UPDATE subject SET dirty = :no WHERE id = :id AND updated_at = :updated_at AND dirty")
# Decided on what is no longer so: whoever looked meanwhile did not see what is being written here.
_AGAIN: Final = text(
    "UPDATE subject SET dirty = :yes WHERE id = :id AND updated_at <> :updated_at AND NOT dirty"
)

# The moment moves on, too: a pass that is under way has not seen what is written here and must not make it clean.
_LOOK: Final = text("UPDATE subject SET dirty = :yes, updated_at = updated_at + 1 WHERE id = :id")

# SQLite walks a CROSS JOIN from the left: from the cases that moved to the members behind them, not through all members.
_NEWS: Final = text("""
    SELECT DISTINCT m.subject FROM "case" c CROSS JOIN membership m
    WHERE c.at >= :since AND m.case_id = c.id AND m.list IN :ending AND (
        (m.until IS NULL AND (c.ended = 'final' OR (c.ended = 'settled' AND m.list IN :settled)))
        OR (m.how_out = 'cleared' AND c.ended = '' AND NOT EXISTS (
            SELECT 1 FROM membership later WHERE later.list = m.list AND later.subject = m.subject AND later.n > m.n
        ))
    )
    LIMIT :limit
""").bindparams(bindparam("ending", expanding=True), bindparam("settled", expanding=True))


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a spell."""

    list: str
    subject: str
    n: int
    until: datetime
    how_out: str
    reason: str


@dataclass(frozen=True, slots=True)
class Member:
    """A spell with the name of its subject."""

    spell: Spell
    title: str


class Memberships:
    """Reads are filtered by the caller's reach where they are for people; what the system asks sees everything."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # For the system

    def last(self, subjects: Collection[SubjectId]) -> dict[SubjectId, dict[str, Spell]]:
        """The last spell of each subject on each list."""
        found: dict[SubjectId, dict[str, Spell]] = defaultdict(dict)
        with self._database.reading() as connection:
            for some in _groups(subjects):
                query = select(MEMBERSHIP).where(MEMBERSHIP.c.subject.in_(some)).order_by(MEMBERSHIP.c.n)
                for row in connection.execute(query):
                    found[row.subject][row.list] = spell_of(row)
        return found

    def cases(self, cases: Collection[str]) -> dict[str, Case]:
        """The cases behind spells, by number."""
        with self._database.reading() as connection:
            return {
                row.id: rows.stored_case(row.body, row.head)
                for some in _groups(cases)
                for row in connection.execute(
                    select(CASE.c.id, CASE.c.body, CASE.c.head).where(CASE.c.id.in_(some))
                )
            }

    def answered(self, commands: Iterable[str]) -> dict[str, str]:
        """Of these commands, those that were accepted before: each with its case."""
        with self._database.reading() as connection:
            return {
                row.command: row.case_id
                for some in _groups(commands)
                for row in connection.execute(
                    select(RECEIPT.c.command, RECEIPT.c.case_id).where(RECEIPT.c.command.in_(some))
                )
            }

    def with_news(
        self, ending: Mapping[str, bool], limit: int, *, since: datetime | None = None
    ) -> list[SubjectId]:
        """At most `limit` members whose case has ended, or who were cleared and whose case was opened again.

        `ending` are the lists with a case; those that map to true are left when the case is settled, too. `since`: only of
        cases that moved from that moment on, for to ask all members takes seconds where there are a million of them.
        """
        if not ending:
            return []
        asked = {
            "ending": list(ending),
            "settled": [name for name, also_settled in ending.items() if also_settled],
            "since": rows.micros(since) if since else 0,
            "limit": limit,
        }
        with self._database.reading() as connection:
            return [SubjectId(subject) for subject in connection.scalars(_NEWS, asked)]

    def write(
        self,
        *,
        closing: Sequence[Closing],
        entering: Sequence[Spell],
        going_by: Sequence[Mapping[str, Any]],
        looked_at: Mapping[SubjectId, int],
        decided: Mapping[SubjectId, int],
    ) -> None:
        """One transaction. `looked_at` are clean unless they changed since; those `decided` on what has changed are dirty."""
        with self._database.writing() as connection:
            _many(connection, _CLOSE, (_closed(each) for each in closing))
            _many(connection, _ENTER, (_entered(each) for each in entering))
            _many(connection, _GO_BY, going_by)
            _many(connection, _AGAIN, (_seen(subject, at, yes=True) for subject, at in decided.items()))
            _many(connection, _CLEAN, (_seen(subject, at, no=False) for subject, at in looked_at.items()))

    # For people

    def members(
        self, list_: str, reach: Reach, *, region: str = "", limit: int = 100, start: str = ""
    ) -> tuple[list[Member], str]:
        """Who is on the list now, by region and subject, and where the next page begins. Errors: `InvalidCursor`."""
        keys = (MEMBERSHIP.c.region, MEMBERSHIP.c.subject, MEMBERSHIP.c.n)
        joined = MEMBERSHIP.outerjoin(SUBJECT, SUBJECT.c.id == MEMBERSHIP.c.subject)
        query = select(MEMBERSHIP, SUBJECT.c.title).select_from(joined)
        query = query.where(
            MEMBERSHIP.c.list == list_, text(MEMBERSHIP_IS_OPEN), _readable(reach), _within(region)
        )
        if start:
            query = query.where(tuple_(*keys) > tuple_(*after(start, str, str, int)))
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(*keys).limit(limit + 1)).all()
        last = found[limit - 1] if len(found) > limit else None
        place = cursor(last.region, last.subject, last.n) if last else ""
        return [Member(spell_of(row), row.title or "") for row in found[:limit]], place

    def counts(self, reach: Reach) -> dict[str, int]:
        """How many are on each list now, within reach."""
        query = select(MEMBERSHIP.c.list, func.count()).where(text(MEMBERSHIP_IS_OPEN), _readable(reach))
        with self._database.reading() as connection:
            return {row.list: row[1] for row in connection.execute(query.group_by(MEMBERSHIP.c.list))}

    def put_on(self, connection: Connection, spell: Spell) -> None:
        """Put a subject on a list by hand, in the caller's transaction; whoever is on it stays as it is."""
        where = (MEMBERSHIP.c.list == spell.list, MEMBERSHIP.c.subject == spell.subject)
        newest = select(MEMBERSHIP.c.n, MEMBERSHIP.c.until).where(*where).order_by(MEMBERSHIP.c.n.desc())
        last = connection.execute(newest.limit(1)).one_or_none()
        if last is None or last.until is not None:
            connection.execute(_ENTER, _entered(replace(spell, n=last.n + 1 if last else 1)))
            connection.execute(_LOOK, {"id": spell.subject, "yes": True})

    def take_off(
        self, connection: Connection, list_: str, subject: str, *, reason: str, at: datetime
    ) -> bool:
        """Take a subject off a list by hand, in the caller's transaction; False where it was not on it."""
        where = (MEMBERSHIP.c.list == list_, MEMBERSHIP.c.subject == subject, text(MEMBERSHIP_IS_OPEN))
        closed = {"until": rows.micros(at), "how_out": "exited", "reason": reason}
        is_off = connection.execute(update(MEMBERSHIP).where(*where).values(**closed)).rowcount > 0
        connection.execute(_LOOK, {"id": subject, "yes": True})
        return is_off

    def spells(self, subject: SubjectId) -> list[Spell]:
        """Every spell of a subject on any list, the earliest first."""
        query = select(MEMBERSHIP).where(MEMBERSHIP.c.subject == subject)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(MEMBERSHIP.c.since, MEMBERSHIP.c.list, MEMBERSHIP.c.n))
            return [spell_of(row) for row in found]


def _groups(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    listed = list(dict.fromkeys(items))
    for n in range(0, len(listed), _TOGETHER):
        yield listed[n : n + _TOGETHER]


def _many(connection: Connection, statement: Any, values: Iterable[Mapping[str, Any]]) -> None:
    if listed := [dict(each) for each in values]:
        connection.execute(statement, listed)


def _readable(reach: Reach) -> ColumnElement[bool]:
    parts = [under(MEMBERSHIP.c.region, region) for region in reach.regions if region]
    if subjects := [subject for subject in reach.subjects if subject]:
        parts.append(MEMBERSHIP.c.subject.in_(subjects))
    return or_(false(), *parts)


def _within(region: str) -> ColumnElement[bool]:
    return under(MEMBERSHIP.c.region, region) if region else true()


def _entered(spell: Spell) -> dict[str, Any]:
    return {
        "list": spell.list,
        "subject": spell.subject,
        "n": spell.n,
        "region": spell.region,
        "since": rows.micros(spell.since),
        "how_in": spell.how_in,
        "year": spell.year,
        "evidence": canonical.encode(dict(spell.evidence)),
        "case_id": spell.case,
    }


def _closed(closing: Closing) -> dict[str, Any]:
    return {
        "list": closing.list,
        "subject": closing.subject,
        "n": closing.n,
        "until": rows.micros(closing.until),
        "how_out": closing.how_out,
        "reason": closing.reason,
    }


def _seen(subject: SubjectId, updated_at: int, **flag: bool) -> dict[str, Any]:
    return {"id": subject, "updated_at": updated_at, **flag}
