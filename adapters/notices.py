"""What people were told. A notice is known by its event, by what it says and by its person, so telling twice is once.

Whoever is to be told the same by one event in two roles, as holder and as one who is warned, is told it once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import select, text, update

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.tables import NOTICE
from engine import canonical
from engine.canonical import tagged_digest
from engine.case import CaseId

__all__ = ["Notice", "Notices", "notice_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`id` is that of `notice_id`; `kind` says what it is about, `body` is the effect that asked for it."""

    id: str
    person: str
    case: CaseId
    kind: str
    body: Mapping[str, Any]
    at: datetime
    read_at: datetime | None = None


def notice_id(case: str, seq: int, effect: Mapping[str, Any], person: str) -> str:
    """The same for all effects of an event that say the same, whomever and whichever role they tell."""
    said = {name: value for name, value in effect.items() if name not in ("people", "role")}
    return f"{case}.{seq}/{tagged_digest(_TAG, canonical.encode(said))[:16]}/{person}"


class Notices:
    """The notices inside the system; other channels would stand beside this one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, notices: Sequence[Notice]) -> None:
        """Keep them, in one transaction; those that were told before stay as they were. Errors: `StoreUnavailable`."""
        if not notices:
            return
        with self._database.writing() as connection:
            connection.execute(_TELL, [_values(notice) for notice in notices])

    def told(self, person: str, *, unread: bool = False, limit: int = 100) -> list[Notice]:
        """What a person was told, the newest first."""
        query = select(NOTICE).where(NOTICE.c.person == person).order_by(NOTICE.c.at.desc(), NOTICE.c.id)
        if unread:
            query = query.where(NOTICE.c.read_at.is_(None))
        with self._database.reading() as connection:
            return [_notice(row) for row in connection.execute(query.limit(limit))]

    def read(self, notice: str, person: str, now: datetime) -> bool:
        """False if it is not that person's, or was read before."""
        mine = (NOTICE.c.id == notice, NOTICE.c.person == person, NOTICE.c.read_at.is_(None))
        with self._database.writing() as connection:
            marked = connection.execute(update(NOTICE).where(*mine).values(read_at=rows.micros(now)))
            return marked.rowcount == 1


_TAG: Final = "bihuan notice 1"
_TELL: Final = text("""
    INSERT INTO notice (id, person, case_id, kind, body, at) VALUES (:id, :person, :case_id, :kind, :body, :at)
    ON CONFLICT DO NOTHING
""")


def _values(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "person": notice.person,
        "case_id": notice.case,
        "kind": notice.kind,
        "body": canonical.encode(notice.body),
        "at": rows.micros(notice.at),
    }


def _notice(row: Any) -> Notice:
    return Notice(
        id=row.id,
        person=row.person,
        case=CaseId(row.case_id),
        kind=row.kind,
        body=orjson.loads(row.body),
        at=rows.moment(row.at),
        read_at=rows.moment_or_none(row.read_at),
    )
