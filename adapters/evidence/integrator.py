"""The integrator: gives leaf indices to events that have none and extends the tree, one group in one transaction.

It asks which events have no index, never which ones came after the last: on PostgreSQL a transaction with an earlier moment may
commit later (see tests/contract/test_integrator.py). One integrator works at a time, wherever it runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.db.database import Database
from adapters.db.rows import micros
from adapters.db.tables import EVENT, EVENT_IS_LEAFLESS
from adapters.evidence import tiles
from engine.canonical import LEAF_PREFIX

__all__ = ["GROUP", "Integrated", "Integrator"]

GROUP: Final = 1_000
SECOND: Final = 1_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Integrated:
    """What one group did. `delay_seconds` is the age of the oldest event that is not in the tree yet, 0.0 without one."""

    leaves: int
    more: bool
    delay_seconds: float


class Integrator:
    """`run` takes one group; whoever calls it again and again pauses between groups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, now: datetime, *, limit: int = GROUP) -> Integrated:
        """At most `limit` events. Nothing where another integrator is at work. Errors: `StoreUnavailable`, `TreeBroken`."""
        if self._oldest() is None:  # without the write lock, which others may want
            return Integrated(0, more=False, delay_seconds=0.0)
        leaves = self._group(limit, wait=False)
        oldest = self._oldest()
        delay = 0.0 if oldest is None else max(0.0, (micros(now) - oldest) / SECOND)
        return Integrated(leaves, more=leaves > 0 and oldest is not None, delay_seconds=delay)

    def catch_up(self, now: datetime) -> int:
        """Until no event is without an index; how many got one. Waits for another integrator at work."""
        total = 0
        while self._oldest() is not None:
            total += self._group(GROUP, wait=True)
        return total

    def delay(self, now: datetime) -> float:
        """Seconds since the oldest event that is not in the tree was recorded."""
        oldest = self._oldest()
        return 0.0 if oldest is None else max(0.0, (micros(now) - oldest) / SECOND)

    def _oldest(self) -> int | None:
        with self._database.reading() as connection:
            oldest: int | None = connection.scalar(_OLDEST)
            return oldest

    def _group(self, limit: int, *, wait: bool) -> int:
        with self._database.writing() as connection:
            if not self._database.is_sqlite and not _alone(connection, wait=wait):
                return 0
            found = connection.execute(_LEAFLESS.limit(limit)).all()
            if not found:
                return 0
            size = tiles.tree_size(connection)
            # The bytes are the truth: a changed hash column must not reach the tree.
            leaves = [hashlib.sha256(LEAF_PREFIX + row.data).digest() for row in found]
            tiles.extend(connection, size, leaves)
            _give_indices(connection, size, [(row.case_id, row.seq) for row in found])
            return len(found)


_OLDEST: Final = select(func.min(EVENT.c.at)).where(text(EVENT_IS_LEAFLESS))
_LEAFLESS: Final = (
    select(EVENT.c.case_id, EVENT.c.seq, EVENT.c.data)
    .where(text(EVENT_IS_LEAFLESS))
    .order_by(EVENT.c.at, EVENT.c.case_id, EVENT.c.seq)
)
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtext('bihuan/integrator'))")
_TRY_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(hashtext('bihuan/integrator'))")
_SQLITE_INDEX: Final = text("UPDATE event SET leaf_index = :index WHERE case_id = :case AND seq = :seq")
_POSTGRES_INDEX: Final = text(
    "UPDATE event AS e SET leaf_index = n.leaf FROM unnest(:cases, :seqs, :leaves) AS n(case_id, seq, leaf)"
    " WHERE e.case_id = n.case_id AND e.seq = n.seq"
).bindparams(
    bindparam("cases", type_=ARRAY(Text)),
    bindparam("seqs", type_=ARRAY(BigInteger)),
    bindparam("leaves", type_=ARRAY(BigInteger)),
)


def _alone(connection: Connection, *, wait: bool) -> bool:
    """Whether this transaction is the only integrator, until it ends."""
    if wait:
        connection.execute(_LOCK)
        return True
    return bool(connection.scalar(_TRY_LOCK))


def _give_indices(connection: Connection, size: int, events: Sequence[tuple[str, int]]) -> None:
    if connection.dialect.name == "postgresql":
        cases, seqs = zip(*events, strict=True)
        indices = list(range(size, size + len(events)))
        values: Any = {"cases": list(cases), "seqs": list(seqs), "leaves": indices}
        connection.execute(_POSTGRES_INDEX, values)
    else:
        rows = [{"index": size + n, "case": case, "seq": seq} for n, (case, seq) in enumerate(events)]
        connection.execute(_SQLITE_INDEX, rows)
