"""One database by its address: connections for reads and for the small writes beside the write path.

The write path of cases has its own connections (`sqlite.py`, `postgres.py`); on SQLite it shares `write_lock`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from adapters.db import errors

BUSY_SECONDS: Final = 10
SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
)
_NO_WRITES: Final = "PRAGMA query_only=ON"


class Database:
    """`url` is `sqlite:///path` or `postgresql://…`. Nothing is opened before the first use.

    `read_only`: the database itself refuses every write of these connections.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self._url = sqlalchemy.make_url(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        # One writer at a time in this process: SQLite's own busy handler is unfair (a wait of over a second was measured).
        self.write_lock = threading.Lock()
        self.pragmas = (*SQLITE_PRAGMAS, *((_NO_WRITES,) if read_only else ()))
        self.engine = (
            _sqlite_engine(self._url, self.pragmas)
            if self.is_sqlite
            else _postgres_engine(self._url, read_only=read_only)
        )
        self._reads = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def path(self) -> str:
        """The file of an SQLite database."""
        return self._url.database or ""

    @property
    def dsn(self) -> str:
        """What psycopg connects to."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Each statement sees what was committed when it began. Errors: `StoreUnavailable`."""
        with _translated(), self._reads.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends well. Errors: `StoreUnavailable`."""
        if not self.is_sqlite:
            with _translated(), self.engine.begin() as connection:
                yield connection
            return
        with self.write_lock, _translated(), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlalchemy.exc.OperationalError as error:
        raise errors.unavailable(error.orig or error) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise errors.unavailable(error.orig or error) from error
        raise


def _postgres_engine(url: sqlalchemy.URL, *, read_only: bool) -> Engine:
    return sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=8,
        connect_args={"options": "-c default_transaction_read_only=on"} if read_only else {},
    )


def _sqlite_engine(url: sqlalchemy.URL, pragmas: Sequence[str]) -> Engine:
    engine = sqlalchemy.create_engine(url, pool_size=8, max_overflow=32)

    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would begin by itself, and deferred
        for pragma in pragmas:
            connection.execute(pragma)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: Connection) -> None:
    # IMMEDIATE: a deferred transaction that reads first and then writes fails at once, whatever the timeout.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
