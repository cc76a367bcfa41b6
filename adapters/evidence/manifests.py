"""The heads manifest of the log as it stands, told to the journal once a local day and at every export."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

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
        heads = self.at(size)
        with self._database.writing() as connection:
            return heads, self._tell(connection, heads, size, now, actor)

    def record_daily(self, now: datetime) -> Entry | None:
        """As `record`, unless one of this local day or a later one is told already, or the log is empty."""
        day, size = self._local_date(now).isoformat(), self._tiles.size()
        if not size or self._is_told(day, self._journal.entries(EntryType.HEADS_LISTED)):
            return None
        heads = self.at(size)
        with self._database.writing() as connection:
            self._journal.lock(connection)  # of the sweepers that come to this together one tells it
            told = self._journal.entries_in(connection, EntryType.HEADS_LISTED)
            if self._is_told(day, told):
                return None
            return self._tell(connection, heads, size, now, None)

    def _tell(
        self, connection: Connection, heads: Heads, size: int, now: datetime, actor: Actor | None
    ) -> Entry:
        data = {
            "cases": heads.size,
            "day": self._local_date(now).isoformat(),
            "events": self._counted(connection, size),
            "root": heads.root.hex(),
            "size": size,
        }
        return self._journal.append(connection, EntryType.HEADS_LISTED, data, actor=actor, at=now)

    def _counted(self, connection: Connection, size: int) -> int:
        """The events that are still there for the first `size` leaves: fewer than `size` where some were deleted."""
        query = select(func.count()).select_from(EVENT).where(EVENT.c.leaf_index < size)
        return int(connection.scalar(query) or 0)

    def _is_told(self, day: str, entries: list[dict[str, Any]]) -> bool:
        return bool(entries) and entries[-1]["data"]["day"] >= day
