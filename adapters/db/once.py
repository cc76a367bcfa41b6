"""Small writes beside the write path of cases, done once for each idempotency key: the receipt commits with what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from adapters.db.database import Database
from adapters.db.rows import micros
from adapters.db.tables import RECEIPT
from engine.canonical import decode, encode, tagged_digest
from engine.errors import KeyReused

__all__ = ["Done", "Once"]

REQUEST_TAG: Final = "bihuan/small-request/v1"


@dataclass(frozen=True, slots=True)
class Done:
    """What was answered, now or under the same key before."""

    answer: Mapping[str, Any]
    is_repeated: bool = False


class Once:
    def __init__(self, database: Database) -> None:
        self._database = database

    def do(
        self, key: str, asked: Any, at: datetime, write: Callable[[Connection], Mapping[str, Any]]
    ) -> Done:
        """`write` and the receipt of its answer, in one transaction. `asked` and the answer are canonical data.

        Errors: `KeyReused` for the same key with another request, and those of `write`.
        """
        request = tagged_digest(REQUEST_TAG, encode(asked))
        try:
            with self._database.writing() as connection:
                return _repeated(connection, key, request) or _first(connection, key, request, at, write)
        except IntegrityError:
            with self._database.reading() as connection:  # another request with this key was first
                if done := _repeated(connection, key, request):
                    return done
            raise

    def is_known(self, key: str) -> bool:
        """Whether an answer was given under this key before; then nothing is decided again."""
        with self._database.reading() as connection:
            return connection.scalar(select(RECEIPT.c.at).where(RECEIPT.c.command == key)) is not None


def _first(
    connection: Connection,
    key: str,
    request: str,
    at: datetime,
    write: Callable[[Connection], Mapping[str, Any]],
) -> Done:
    response = encode(write(connection))
    row = {"command": key, "case_id": "", "request": request, "response": response, "at": micros(at)}
    connection.execute(insert(RECEIPT).values(row))
    return Done(decode(response))


def _repeated(connection: Connection, key: str, request: str) -> Done | None:
    row = connection.execute(select(RECEIPT).where(RECEIPT.c.command == key)).one_or_none()
    if row is None:
        return None
    if row.request != request:
        raise KeyReused("这个 Idempotency-Key 已用于另一个请求", hint="换一个新的键")
    return Done(decode(row.response), is_repeated=True)
