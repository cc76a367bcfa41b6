"""The tables of cases, of what is published and of who works here: what reads are written against.

The write path names the same columns; those of the programme are in `programme_tables.py`, all together in `schema.py`.

Every moment is a BIGINT of microseconds since 1970-01-01 UTC and every id is TEXT in byte order, so that SQLite and
PostgreSQL store, order and compare alike. There are no foreign keys: one write path writes all rows of a case together.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Index, UniqueConstraint

from adapters.db.columns import Rows, binary, integer, key, partial_index, table, text_column

# Queries repeat these words literally: with bound parameters SQLite would not use the partial indexes.
CASE_IS_OPEN: Final = "ended = ''"
TASK_IS_OPEN: Final = "state IN ('ready', 'leased')"
TASK_IS_DEAD: Final = "state = 'dead'"
EVENT_IS_LEAFLESS: Final = "leaf_index IS NULL"
EVENT_IS_A_LEAF: Final = "leaf_index IS NOT NULL"


class CaseTable(Rows, table=True):
    """One row per case: `body` is the whole value, every other column a reading of it (see `rows.case_row`)."""

    __tablename__ = "case"
    __table_args__ = (
        partial_index("case_wake_at", "wake_at", condition="wake_at IS NOT NULL"),
        partial_index("case_open", "late", condition=CASE_IS_OPEN),
        Index("case_region", "region", "ended", "at"),
        Index("case_at", "at", "id"),
        Index("case_subject", "subject"),
    )

    id: str = key()
    workflow: str = text_column()
    version: int = integer()
    digest: str = text_column()
    region: str = text_column()
    subject: str = text_column()
    state: str = text_column()
    ended: str = text_column()
    round: int = integer()
    holder_role: str = text_column()
    holder_unit: str = text_column()
    holder_person: str = text_column()
    opened_at: int = integer()
    at: int = integer()
    seq: int = integer()
    head: str = text_column()
    wake_at: int | None = integer(nullable=True)
    due_at: int | None = integer(nullable=True)
    late: bool
    body: bytes = binary()


class EventTable(Rows, table=True):
    """The log. A trigger refuses every change but `leaf_index`, which the integrator of the tree fills in later."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("case_id", "prev"),
        partial_index("event_leafless", "at", "case_id", "seq", condition=EVENT_IS_LEAFLESS),
        partial_index("event_leaf", "leaf_index", condition=EVENT_IS_A_LEAF, unique=True),
    )

    case_id: str = key()
    seq: int = key(BigInteger)
    type: str = text_column()
    at: int = integer()
    actor: str = text_column()
    command: str = text_column()
    hash: str = text_column()
    prev: str = text_column()
    data: bytes = binary()
    leaf_index: int | None = integer(nullable=True)


class ReceiptTable(Rows, table=True):
    """What was answered under an idempotency key."""

    __tablename__ = "receipt"

    command: str = key()
    case_id: str = text_column()
    request: str = text_column()
    response: bytes = binary()
    at: int = integer()


class TaskTable(Rows, table=True):
    """The outbox: one row per effect of an event. `state` is ready, leased, done or dead."""

    __tablename__ = "task"
    __table_args__ = (
        partial_index("task_due_at", "due_at", condition=TASK_IS_OPEN),
        partial_index("task_dead", "case_id", condition=TASK_IS_DEAD),
    )

    id: str = key()
    kind: str = text_column()
    case_id: str = text_column()
    seq: int = integer()
    n: int = integer()
    body: bytes = binary()
    due_at: int = integer()
    state: str = text_column()
    attempts: int = integer()
    lease_owner: str | None = text_column(nullable=True)
    lease_until: int | None = integer(nullable=True)
    last_error: str | None = text_column(nullable=True)
    done_at: int | None = integer(nullable=True)


class HoldingTable(Rows, table=True):
    """Who holds what now: the open case (`lane` empty) and each open lane."""

    __tablename__ = "holding"
    __table_args__ = (
        Index("holding_unit", "unit", "role"),
        Index("holding_region", "region", "role"),
        Index("holding_person", "person"),
    )

    case_id: str = key()
    lane: str = key()
    role: str = text_column()
    unit: str = text_column()
    person: str = text_column()
    region: str = text_column()
    state: str = text_column()
    due_at: int | None = integer(nullable=True)
    clock: str = text_column()


class InvolvedTable(Rows, table=True):
    """Every unit that ever held a part of a case: it may read the case from then on."""

    __tablename__ = "involved"
    __table_args__ = (Index("involved_unit", "unit"),)

    case_id: str = key()
    unit: str = key()


class SecretTable(Rows, table=True):
    """Personal values; erasing a row leaves the events valid."""

    __tablename__ = "secret"

    case_id: str = key()
    commitment: str = key()
    field: str = text_column()
    salt: bytes = binary()
    value: bytes = binary()


class DefinitionTable(Rows, table=True):
    """Published versions of workflows, as the bytes of their YAML. `effective` is a local day, `2026-12-01`."""

    __tablename__ = "definition"
    __table_args__ = (UniqueConstraint("workflow", "version"),)

    digest: str = key()
    workflow: str = text_column()
    version: int = integer()
    source: bytes = binary()
    effective: str = text_column()
    published_at: int = integer()


class CalendarTable(Rows, table=True):
    """Calendars by digest; one of each id is current."""

    __tablename__ = "calendar"
    __table_args__ = (partial_index("calendar_current", "id", condition="current", unique=True),)

    digest: str = key()
    id: str = text_column()
    data: bytes = binary()
    imported_at: int = integer()
    current: bool


class DirectoryTable(Rows, table=True):
    """The organisation as one value (`engine.directory.Directory.as_data`); one is current."""

    __tablename__ = "directory"
    __table_args__ = (partial_index("directory_current", "current", condition="current", unique=True),)

    digest: str = key()
    data: bytes = binary()
    imported_at: int = integer()
    current: bool


class TokenTable(Rows, table=True):
    """Access tokens; only the hash is kept. `narrowed` is a canonical list of grants, empty for all of the person's."""

    __tablename__ = "token"
    __table_args__ = (UniqueConstraint("hash"),)

    id: str = key()
    hash: str = text_column()
    person: str = text_column()
    title: str = text_column()
    narrowed: bytes = binary()
    created_at: int = integer()
    expires_at: int | None = integer(nullable=True)
    revoked_at: int | None = integer(nullable=True)


class NoticeTable(Rows, table=True):
    """What a person was told; the id follows from the event, the words and the person, so telling twice is once."""

    __tablename__ = "notice"
    __table_args__ = (Index("notice_person", "person", "at"),)

    id: str = key()
    person: str = text_column()
    case_id: str = text_column()
    kind: str = text_column()
    body: bytes = binary()
    at: int = integer()
    read_at: int | None = integer(nullable=True)


class FileTable(Rows, table=True):
    """What is known of an uploaded file; its content lies in a folder under its digest."""

    __tablename__ = "file"

    digest: str = key()
    size: int = integer()
    type: str = text_column()
    name: str = text_column()
    at: int = integer()


class CounterTable(Rows, table=True):
    """Numbers given out in blocks; `next` is the first one not yet given."""

    __tablename__ = "counter"

    name: str = key()
    next: int = integer()


class BeatTable(Rows, table=True):
    """When each worker last said that it is there."""

    __tablename__ = "beat"

    worker: str = key()
    at: int = integer()


class TileTable(Rows, table=True):
    """Hashes of the Merkle tree, 32 bytes each, 256 in a full tile (C2SP tlog-tiles); the last tile of a level grows."""

    __tablename__ = "tile"

    level: int = key(BigInteger)
    n: int = key(BigInteger)
    data: bytes = binary()


class CheckpointTable(Rows, table=True):
    """A signed statement about the first `size` leaves; witnesses add lines to `note`. `root` is hexadecimal."""

    __tablename__ = "checkpoint"

    size: int = key(BigInteger)
    root: str = text_column()
    at: int = integer()
    note: str = text_column()


class ReplayRunTable(Rows, table=True):
    """A replay of many cases and what it found; `faults` is a canonical list of sentences, the first hundred."""

    __tablename__ = "replay_run"

    started_at: int = key(BigInteger)
    finished_at: int | None = integer(nullable=True)
    cases: int = integer()
    events: int = integer()
    divergences: int = integer()
    faults: bytes = binary()


CASE: Final = table("case")
EVENT: Final = table("event")
RECEIPT: Final = table("receipt")
TASK: Final = table("task")
HOLDING: Final = table("holding")
INVOLVED: Final = table("involved")
SECRET: Final = table("secret")
DEFINITION: Final = table("definition")
CALENDAR: Final = table("calendar")
DIRECTORY: Final = table("directory")
TOKEN: Final = table("token")
NOTICE: Final = table("notice")
FILE: Final = table("file")
COUNTER: Final = table("counter")
BEAT: Final = table("beat")
TILE: Final = table("tile")
CHECKPOINT: Final = table("checkpoint")
REPLAY_RUN: Final = table("replay_run")
