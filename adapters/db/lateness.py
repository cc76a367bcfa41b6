"""How late clocks fired, read back from the events themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select, tuple_

from adapters.db.database import Database
from adapters.db.tables import EVENT
from engine import canonical

_READ_AT_ONCE: Final = 1000


def latenesses(database: Database) -> Iterator[int]:
    """Whole seconds between the planned and the recorded moment, for every firing that ever was."""
    key = (EVENT.c.case_id, EVENT.c.seq)
    query = (
        select(*key, EVENT.c.data).where(EVENT.c.type == "clock.fired").order_by(*key).limit(_READ_AT_ONCE)
    )
    # Page by page: a cursor on the server would need a transaction, which on SQLite keeps the log from being trimmed.
    last = ("", 0)
    while True:
        with database.reading() as connection:
            found = connection.execute(query.where(tuple_(*key) > tuple_(*last))).all()
        for row in found:
            yield int(canonical.decode(row.data)["inputs"]["fired"]["late_seconds"])
        if len(found) < _READ_AT_ONCE:
            return
        last = (found[-1].case_id, found[-1].seq)
