"""Personal values, kept outside the log: erasing them leaves every event valid. Who may see them is decided elsewhere.

Erasing is told to the journal in the same transaction: which commitments of which case, why and by whom, never what stood there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update

from adapters.db.database import Database
from adapters.db.tables import RECEIPT, SECRET
from adapters.evidence.journal import Journal
from engine.access import Actor
from engine.audit.journal import EntryType
from engine.case import CaseId
from engine.fields import require_words
from engine.runtime import ERASED_REQUEST

__all__ = ["PersonalValues"]

# Freed pages are overwritten; the write-ahead log, which still holds them, is emptied after the commit.
_OVERWRITE: Final = "PRAGMA secure_delete = ON"
_EMPTY_WAL: Final = "PRAGMA wal_checkpoint(TRUNCATE)"


class PersonalValues:
    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    def of(self, case: CaseId) -> dict[str, bytes]:
        """Commitment to value (canonical bytes), of all that has not been erased."""
        query = select(SECRET.c.commitment, SECRET.c.value).where(SECRET.c.case_id == case)
        with self._database.reading() as connection:
            return {row.commitment: row.value for row in connection.execute(query)}

    def erase(self, case: CaseId, *, reason: str, actor: Actor, at: datetime) -> int:
        """Erase the personal values of a case; how many there were. Of none nothing is told.

        The digests of the case's requests go as well: they are not salted, so that a number could be guessed from one.
        Errors: `InvalidData` without a reason.
        """
        require_words(reason, "reason", "清除的理由")
        with self._database.writing() as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql(_OVERWRITE)
            query = select(SECRET.c.commitment).where(SECRET.c.case_id == case)
            commitments = sorted(connection.scalars(query))
            if not commitments:
                return 0
            connection.execute(delete(SECRET).where(SECRET.c.case_id == case))
            connection.execute(
                update(RECEIPT).where(RECEIPT.c.case_id == case).values(request=ERASED_REQUEST)
            )
            told = {"case": case, "commitments": commitments, "reason": reason}
            self._journal.append(connection, EntryType.VALUES_ERASED, told, actor=actor, at=at)
        if self._database.is_sqlite:
            with self._database.reading() as connection:
                connection.exec_driver_sql(_EMPTY_WAL)
        return len(commitments)
