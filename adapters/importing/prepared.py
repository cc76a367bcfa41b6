"""What an import will write, decided before its transaction begins: that one only writes, and keeps nobody waiting for long."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.tables import RECEIPT
from engine.case import CaseId, CommandId
from engine.ports import Loaded, Writes

__all__ = ["Prepared"]

_FASTEST: Final = 1  # of zlib: still a sixth of the size
_COLUMNS: Final = [RECEIPT.c[name] for name in rows.ReceiptRow._fields]


class Prepared:
    """A unit (`engine.ports.Unit`) for new cases alone: it reads who was answered before, and packs what is to be written.

    Whoever is first meanwhile wins: the rows are then refused as any others are, and all is decided anew.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packed: list[bytes] = []

    def load(self, cases: Collection[CaseId], commands: Collection[CommandId]) -> Loaded:
        """Receipts only: numbers of new cases are taken by nobody, or their rows are refused."""
        query = select(*_COLUMNS).where(RECEIPT.c.command.in_(commands))
        with self._database.reading() as connection:
            found = map(rows.stored_receipt, connection.execute(query))
            return Loaded({}, {receipt.command: receipt for receipt in found})

    def write(self, writes: Writes) -> None:
        self._packed.append(zlib.compress(pickle.dumps(rows.batch(writes, {})), _FASTEST))

    def due(self, now: datetime, limit: int) -> Sequence[CaseId]:
        """Nothing rings in what is not there yet."""
        return ()

    def set_aside(self, case: CaseId, error: str, now: datetime) -> None:
        raise AssertionError("nothing rings here")

    def batches(self) -> Iterator[rows.Batch]:
        """In the order in which they were decided."""
        for packed in self._packed:
            batch: rows.Batch = pickle.loads(zlib.decompress(packed))
            yield batch
