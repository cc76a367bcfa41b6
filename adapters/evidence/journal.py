"""The journal: entries about the log itself, appended as events of the case id `journal` in the transaction of what they tell.

The first entry of a log opens it and names its hash suite; with it stands what was published before the log had a journal.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, text

from adapters.db.database import Database
from adapters.db.programme_tables import PROGRAMME
from adapters.db.rows import EventRow, micros, moment
from adapters.db.tables import (
    CALENDAR,
    DEFINITION,
    DIRECTORY,
    EVENT,
    EVENT_IS_OF_THE_JOURNAL,
)
from engine import canonical
from engine.access import Actor
from engine.audit.journal import JOURNAL, Entry, EntryType, entry
from engine.ports import Entropy

__all__ = ["SUITE", "TREE", "Journal", "publication"]

SUITE: Final = "sha256"
TREE: Final = "rfc6962"
SALT_BYTES: Final = 16

# One writer of the journal at a time on PostgreSQL; SQLite has one writer anyway. Taken last in a transaction.
_ONE_WRITER: Final = text("SELECT pg_advisory_xact_lock(hashtext('bihuan/journal'))")


class Journal:
    """`log` is the name of the evidence log, as it stands in every event."""

    def __init__(self, database: Database, log: str, entropy: Entropy = secrets.token_bytes) -> None:
        self._database = database
        self.log = log
        self._entropy = entropy

    def append(
        self,
        connection: Connection,
        type: EntryType,
        data: Mapping[str, Any],
        *,
        actor: Actor | None,
        at: datetime,
    ) -> Entry:
        """In the caller's transaction, as its last write: until it ends, nobody else appends.

        The moment is never before that of the entry before. Errors: `NotCanonical`.
        """
        last = self._last(connection)
        if last is None:
            last = self._open(connection, data, at)
        return self._follow(connection, last, type, data, actor=actor, at=at)

    def record(
        self, type: EntryType, data: Mapping[str, Any], *, actor: Actor | None = None, at: datetime
    ) -> Entry:
        """In a transaction of its own. Errors: `NotCanonical`, `StoreUnavailable`."""
        with self._database.writing() as connection:
            return self.append(connection, type, data, actor=actor, at=at)

    def entries(self, *types: EntryType) -> list[dict[str, Any]]:
        """The bodies of entries, all or those of these types, in the order of seq."""
        with self._database.reading() as connection:
            return self.entries_in(connection, *types)

    def entries_in(self, connection: Connection, *types: EntryType) -> list[dict[str, Any]]:
        """As `entries`, as the caller's transaction sees them."""
        query = select(EVENT.c.data).where(text(EVENT_IS_OF_THE_JOURNAL)).order_by(EVENT.c.seq)
        if types:
            query = query.where(EVENT.c.type.in_([str(type) for type in types]))
        return [canonical.decode(data) for data in connection.scalars(query)]

    def last_in(self, connection: Connection, type: EntryType) -> dict[str, Any] | None:
        """The body of the last entry of this type, as the caller's transaction sees it."""
        own = text(EVENT_IS_OF_THE_JOURNAL)
        query = select(EVENT.c.data).where(own, EVENT.c.type == str(type)).order_by(EVENT.c.seq.desc())
        data = connection.scalar(query.limit(1))
        return None if data is None else canonical.decode(data)

    def suite(self) -> str:
        """The hash suite that the log was opened with, or will be."""
        opened = self.entries(EntryType.LOG_OPENED)
        return str(opened[0]["data"]["suite"]) if opened else SUITE

    def lock(self, connection: Connection) -> None:
        """Until the transaction ends nobody else appends: what `entries_in` reads now stays the whole journal."""
        if not self._database.is_sqlite:
            connection.execute(_ONE_WRITER)

    def _last(self, connection: Connection) -> Entry | None:
        self.lock(connection)
        query = select(EVENT).where(EVENT.c.case_id == JOURNAL).order_by(EVENT.c.seq.desc()).limit(1)
        row = connection.execute(query).first()
        if row is None:
            return None
        return Entry(row.seq, row.type, moment(row.at), row.actor, row.data, row.hash, row.prev)

    def _open(self, connection: Connection, first: Mapping[str, Any], at: datetime) -> Entry:
        last = self._write(
            connection, None, EntryType.LOG_OPENED, {"suite": SUITE, "tree": TREE}, actor=None, at=at
        )
        for known in _published(connection):
            if known["digest"] != first.get("digest"):
                last = self._follow(connection, last, EntryType.RULES_PUBLISHED, known, actor=None, at=at)
        return last

    def _follow(
        self,
        connection: Connection,
        last: Entry,
        type: EntryType,
        data: Mapping[str, Any],
        *,
        actor: Actor | None,
        at: datetime,
    ) -> Entry:
        if type is EntryType.RULES_PUBLISHED and at < last.at:
            # A clock ran ahead and the journal does not go back: rules are in force from when they were published.
            data = {"since": canonical.instant(at), **data}
        return self._write(connection, last, type, data, actor=actor, at=max(at, last.at))

    def _write(
        self,
        connection: Connection,
        last: Entry | None,
        type: EntryType,
        data: Mapping[str, Any],
        *,
        actor: Actor | None,
        at: datetime,
    ) -> Entry:
        new = entry(
            type,
            data,
            actor=_named(actor),
            at=at,
            log=self.log,
            seq=last.seq + 1 if last else 1,
            prev=last.hash if last else canonical.genesis(self.log, JOURNAL),
            salt=self._entropy(SALT_BYTES),
        )
        connection.execute(insert(EVENT).values(_row(new)._asdict()))
        return new


def publication(
    kind: str, digest: str, *, id: str = "", version: int = 0, effective: str = ""
) -> dict[str, Any]:
    """The data of `rules.published`. `kind` is definition, calendar, organisation or programme."""
    return {"digest": digest, "effective": effective, "id": id, "kind": kind, "version": version}


def _named(actor: Actor | None) -> dict[str, str]:
    return {"id": actor.id, "kind": actor.kind} if actor else {"id": "system", "kind": "system"}


def _row(new: Entry) -> EventRow:
    return EventRow(
        case_id=JOURNAL,
        seq=new.seq,
        type=new.type,
        at=micros(new.at),
        actor=new.actor,
        command=f"{JOURNAL}/{new.seq}",
        hash=new.hash,
        prev=new.prev,
        data=new.data,
    )


def _published(connection: Connection) -> Iterator[dict[str, Any]]:
    """What stands in the tables already, with the moment (`since`) from which it did; what is current comes last."""
    for row in connection.execute(
        select(DEFINITION).order_by(DEFINITION.c.published_at, DEFINITION.c.digest)
    ):
        known = publication(
            "definition", row.digest, id=row.workflow, version=row.version, effective=row.effective
        )
        yield known | _since(row.published_at)
    for row in connection.execute(select(PROGRAMME).order_by(PROGRAMME.c.published_at, PROGRAMME.c.digest)):
        known = publication(
            "programme", row.digest, id=row.programme, version=row.version, effective=row.effective
        )
        yield known | _since(row.published_at)
    for row in _currents(connection, CALENDAR):
        yield publication("calendar", row.digest, id=row.id) | _since(row.imported_at)
    for row in _currents(connection, DIRECTORY):
        yield publication("organisation", row.digest) | _since(row.imported_at)


def _currents(connection: Connection, table: Any) -> Iterable[Any]:
    return connection.execute(
        select(table).order_by(table.c.current, table.c.imported_at, table.c.digest)
    ).all()


def _since(at: int) -> dict[str, str]:
    return {"since": canonical.instant(moment(at))}
