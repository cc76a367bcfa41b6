"""The heads manifest of the log as it stands, told to the journal once a local day and at every export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, func, select, text

from adapters.db.database import Database
from adapters.db.tables import EVENT
from adapters.evidence.journal import Journal
from adapters.evidence.tiles import Tiles
from engine.access import Actor
from engine.audit.journal import Entry, EntryType
from engine.heads import Heads

__all__ = ["Manifests"]


class Manifests:
    def __init__(
        self,
        database: Database,
        tiles: Tiles,
        journal: Journal,
        local_date: Callable[[datetime], date],
    ) -> None:
        self._database = database
        self._tiles = tiles
        self._journal = journal
        self._local_date = local_date
        self._computing = Lock()

    def at(self, size: int) -> Heads:
        """The manifest of the first `size` leaves: for every case, and the journal, the last event among them."""
        lasts = (
            select(EVENT.c.case_id, func.max(EVENT.c.seq).label("seq"))
            .where(EVENT.c.leaf_index < size)
            .group_by(EVENT.c.case_id)
            .subquery()
        )
        same = (EVENT.c.case_id == lasts.c.case_id) & (EVENT.c.seq == lasts.c.seq)
        query = select(EVENT.c.case_id, EVENT.c.seq, EVENT.c.hash).join(lasts, same)
        with self._database.reading() as connection:
            return Heads((row.case_id, row.seq, row.hash) for row in connection.execute(query))

    def record(self, now: datetime, *, actor: Actor | None = None) -> tuple[Heads, Entry]:
        """The manifest of the tree as it stands, and the entry `heads.listed` that tells its root."""
        size = self._tiles.size()
        heads, data = self._listed(size, now)
        with self._database.writing() as connection:
            return heads, self._journal.append(connection, EntryType.HEADS_LISTED, data, actor=actor, at=now)

    def record_daily(self, now: datetime) -> Entry | None:
        """As `record`, unless one of this local day or a later one is told already or being computed, or the log is empty.

        It takes seconds where there are very many events, and holds no lock that anybody else wants meanwhile.
        """
        day = self._local_date(now).isoformat()
        with self._database.reading() as connection:
            if self._is_told(connection, day):
                return None
        with self._claimed() as is_mine:
            size = self._tiles.size() if is_mine else 0
            if not size:
                return None
            _, data = self._listed(size, now)
            with self._database.writing() as connection:
                self._journal.lock(connection)  # of the sweepers that come to this together one tells it
                if self._is_told(connection, day):
                    return None
                return self._journal.append(connection, EntryType.HEADS_LISTED, data, actor=None, at=now)

    @contextmanager
    def _claimed(self) -> Iterator[bool]:
        """Whether nobody else is computing it, in any process on PostgreSQL and within this one on SQLite."""
        if self._database.is_sqlite:
            is_mine = self._computing.acquire(blocking=False)
            try:
                yield is_mine
            finally:
                if is_mine:
                    self._computing.release()
            return
        with (
            self._database.writing() as connection
        ):  # the lock ends with this transaction, which writes nothing
            yield bool(connection.scalar(_CLAIM))

    def _listed(self, size: int, now: datetime) -> tuple[Heads, dict[str, Any]]:
        heads = self.at(size)
        data = {
            "cases": heads.size,
            "day": self._local_date(now).isoformat(),
            "events": self._counted(size),
            "root": heads.root.hex(),
            "size": size,
        }
        return heads, data

    def _counted(self, size: int) -> int:
        """The events that are still there for the first `size` leaves: fewer than `size` where some were deleted."""
        query = select(func.count()).select_from(EVENT).where(EVENT.c.leaf_index < size)
        with self._database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def _is_told(self, connection: Connection, day: str) -> bool:
        last = self._journal.last_in(connection, EntryType.HEADS_LISTED)
        return last is not None and last["data"]["day"] >= day


_CLAIM: Final = text("SELECT pg_try_advisory_xact_lock(hashtext('bihuan/manifest'))")
