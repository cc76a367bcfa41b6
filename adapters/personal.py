"""Personal values, kept outside the log: erasing them leaves every event valid. Who may see them is decided elsewhere."""

from __future__ import annotations

from sqlalchemy import delete, select

from adapters.db.database import Database
from adapters.db.tables import SECRET
from engine.case import CaseId

__all__ = ["PersonalValues"]


class PersonalValues:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, case: CaseId) -> dict[str, bytes]:
        """Commitment to value (canonical bytes), of all that has not been erased."""
        query = select(SECRET.c.commitment, SECRET.c.value).where(SECRET.c.case_id == case)
        with self._database.reading() as connection:
            return {row.commitment: row.value for row in connection.execute(query)}

    def erase(self, case: CaseId) -> int:
        """Erase the personal values of a case; how many there were."""
        with self._database.writing() as connection:
            return connection.execute(delete(SECRET).where(SECRET.c.case_id == case)).rowcount
