"""The tables. What alembic compares, and what reads are written against; the write path names the same columns.

Every moment is a BIGINT of microseconds since 1970-01-01 UTC and every id is TEXT in byte order, so that SQLite and
PostgreSQL store, order and compare alike. There are no foreign keys: one write path writes all rows of a case together.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects import postgresql
from sqlmodel import Field, SQLModel

METADATA: Final = MetaData(
    naming_convention={"pk": "%(table_name)s_pkey", "uq": "%(table_name)s_%(column_0_N_name)s_key"}
)

# Queries repeat these words literally: with bound parameters SQLite would not use the partial indexes.
CASE_IS_OPEN: Final = "ended = ''"
TASK_IS_OPEN: Final = "state IN ('ready', 'leased')"
TASK_IS_DEAD: Final = "state = 'dead'"
SUBJECT_IS_DIRTY: Final = "dirty"
MEMBERSHIP_IS_OPEN: Final = "until IS NULL"
EVENT_IS_LEAFLESS: Final = "leaf_index IS NULL"
EVENT_IS_A_LEAF: Final = "leaf_index IS NOT NULL"

# Byte order also lets a plain index serve prefixes of regions: no text_pattern_ops needed.
_TEXT: Final = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _key(type_: Any = _TEXT) -> Any:
    return Field(primary_key=True, sa_type=type_, sa_column_kwargs={"autoincrement": False})


def _column(type_: Any, **options: Any) -> Any:
    return Field(sa_type=type_, **options)


def _text(**options: Any) -> Any:
    return _column(_TEXT, **options)


def _integer(**options: Any) -> Any:
    return _column(BigInteger, **options)


def _bytes(**options: Any) -> Any:
    return _column(LargeBinary, **options)


def _where(name: str, *columns: str, condition: str, unique: bool = False) -> Index:
    """A partial index: only the rows that a sweep or a rule is about."""
    clause = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=clause, postgresql_where=clause)


class _Rows(SQLModel):
    metadata: ClassVar[MetaData] = METADATA


class CaseTable(_Rows, table=True):
    """One row per case: `body` is the whole value, every other column a reading of it (see `rows.case_row`)."""

    __tablename__ = "case"
    __table_args__ = (
        _where("case_wake_at", "wake_at", condition="wake_at IS NOT NULL"),
        _where("case_open", "late", condition=CASE_IS_OPEN),
        Index("case_region", "region", "ended", "at"),
        Index("case_at", "at", "id"),
        Index("case_subject", "subject"),
    )

    id: str = _key()
    workflow: str = _text()
    version: int = _integer()
    digest: str = _text()
    region: str = _text()
    subject: str = _text()
    state: str = _text()
    ended: str = _text()
    round: int = _integer()
    holder_role: str = _text()
    holder_unit: str = _text()
    holder_person: str = _text()
    opened_at: int = _integer()
    at: int = _integer()
    seq: int = _integer()
    head: str = _text()
    wake_at: int | None = _integer(nullable=True)
    due_at: int | None = _integer(nullable=True)
    late: bool
    body: bytes = _bytes()


class EventTable(_Rows, table=True):
    """The log. A trigger refuses every change but `leaf_index`, which the integrator of the tree fills in later."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("case_id", "prev"),
        _where("event_leafless", "at", "case_id", "seq", condition=EVENT_IS_LEAFLESS),
        _where("event_leaf", "leaf_index", condition=EVENT_IS_A_LEAF, unique=True),
    )

    case_id: str = _key()
    seq: int = _key(BigInteger)
    type: str = _text()
    at: int = _integer()
    actor: str = _text()
    command: str = _text()
    hash: str = _text()
    prev: str = _text()
    data: bytes = _bytes()
    leaf_index: int | None = _integer(nullable=True)


class ReceiptTable(_Rows, table=True):
    """What was answered under an idempotency key."""

    __tablename__ = "receipt"

    command: str = _key()
    case_id: str = _text()
    request: str = _text()
    response: bytes = _bytes()
    at: int = _integer()


class TaskTable(_Rows, table=True):
    """The outbox: one row per effect of an event. `state` is ready, leased, done or dead."""

    __tablename__ = "task"
    __table_args__ = (
        _where("task_due_at", "due_at", condition=TASK_IS_OPEN),
        _where("task_dead", "case_id", condition=TASK_IS_DEAD),
    )

    id: str = _key()
    kind: str = _text()
    case_id: str = _text()
    seq: int = _integer()
    n: int = _integer()
    body: bytes = _bytes()
    due_at: int = _integer()
    state: str = _text()
    attempts: int = _integer()
    lease_owner: str | None = _text(nullable=True)
    lease_until: int | None = _integer(nullable=True)
    last_error: str | None = _text(nullable=True)
    done_at: int | None = _integer(nullable=True)


class HoldingTable(_Rows, table=True):
    """Who holds what now: the open case (`lane` empty) and each open lane."""

    __tablename__ = "holding"
    __table_args__ = (
        Index("holding_unit", "unit", "role"),
        Index("holding_region", "region", "role"),
        Index("holding_person", "person"),
    )

    case_id: str = _key()
    lane: str = _key()
    role: str = _text()
    unit: str = _text()
    person: str = _text()
    region: str = _text()
    state: str = _text()
    due_at: int | None = _integer(nullable=True)
    clock: str = _text()


class InvolvedTable(_Rows, table=True):
    """Every unit that ever held a part of a case: it may read the case from then on."""

    __tablename__ = "involved"
    __table_args__ = (Index("involved_unit", "unit"),)

    case_id: str = _key()
    unit: str = _key()


class SecretTable(_Rows, table=True):
    """Personal values; erasing a row leaves the events valid."""

    __tablename__ = "secret"

    case_id: str = _key()
    commitment: str = _key()
    field: str = _text()
    salt: bytes = _bytes()
    value: bytes = _bytes()


class DefinitionTable(_Rows, table=True):
    """Published versions of workflows, as the bytes of their YAML. `effective` is a local day, `2026-12-01`."""

    __tablename__ = "definition"
    __table_args__ = (UniqueConstraint("workflow", "version"),)

    digest: str = _key()
    workflow: str = _text()
    version: int = _integer()
    source: bytes = _bytes()
    effective: str = _text()
    published_at: int = _integer()


class CalendarTable(_Rows, table=True):
    """Calendars by digest; one of each id is current."""

    __tablename__ = "calendar"
    __table_args__ = (_where("calendar_current", "id", condition="current", unique=True),)

    digest: str = _key()
    id: str = _text()
    data: bytes = _bytes()
    imported_at: int = _integer()
    current: bool


class DirectoryTable(_Rows, table=True):
    """The organisation as one value (`engine.directory.Directory.as_data`); one is current."""

    __tablename__ = "directory"
    __table_args__ = (_where("directory_current", "current", condition="current", unique=True),)

    digest: str = _key()
    data: bytes = _bytes()
    imported_at: int = _integer()
    current: bool


class TokenTable(_Rows, table=True):
    """Access tokens; only the hash is kept. `narrowed` is a canonical list of grants, empty for all of the person's."""

    __tablename__ = "token"
    __table_args__ = (UniqueConstraint("hash"),)

    id: str = _key()
    hash: str = _text()
    person: str = _text()
    title: str = _text()
    narrowed: bytes = _bytes()
    created_at: int = _integer()
    expires_at: int | None = _integer(nullable=True)
    revoked_at: int | None = _integer(nullable=True)


class NoticeTable(_Rows, table=True):
    """What a person was told; the id is that of the task that told it, so telling twice is once."""

    __tablename__ = "notice"
    __table_args__ = (Index("notice_person", "person", "at"),)

    id: str = _key()
    person: str = _text()
    case_id: str = _text()
    kind: str = _text()
    body: bytes = _bytes()
    at: int = _integer()
    read_at: int | None = _integer(nullable=True)


class FileTable(_Rows, table=True):
    """What is known of an uploaded file; its content lies in a folder under its digest."""

    __tablename__ = "file"

    digest: str = _key()
    size: int = _integer()
    type: str = _text()
    name: str = _text()
    at: int = _integer()


class CounterTable(_Rows, table=True):
    """Numbers given out in blocks; `next` is the first one not yet given."""

    __tablename__ = "counter"

    name: str = _key()
    next: int = _integer()


class BeatTable(_Rows, table=True):
    """When each worker last said that it is there."""

    __tablename__ = "beat"

    worker: str = _key()
    at: int = _integer()


class TileTable(_Rows, table=True):
    """Hashes of the Merkle tree, 32 bytes each, 256 in a full tile (C2SP tlog-tiles); the last tile of a level grows."""

    __tablename__ = "tile"

    level: int = _key(BigInteger)
    n: int = _key(BigInteger)
    data: bytes = _bytes()


class CheckpointTable(_Rows, table=True):
    """A signed statement about the first `size` leaves; witnesses add lines to `note`. `root` is hexadecimal."""

    __tablename__ = "checkpoint"

    size: int = _key(BigInteger)
    root: str = _text()
    at: int = _integer()
    note: str = _text()


class ReplayRunTable(_Rows, table=True):
    """A replay of many cases and what it found; `faults` is a canonical list of sentences, the first hundred."""

    __tablename__ = "replay_run"

    started_at: int = _key(BigInteger)
    finished_at: int | None = _integer(nullable=True)
    cases: int = _integer()
    events: int = _integer()
    divergences: int = _integer()
    faults: bytes = _bytes()


class SubjectTable(_Rows, table=True):
    """Whom cases are about. `dirty` until the programme has looked at what changed; `doubt` says what is odd about the id."""

    __tablename__ = "subject"
    __table_args__ = (
        Index("subject_region_id", "region", "id"),
        _where("subject_dirty", "id", condition=SUBJECT_IS_DIRTY),
    )

    id: str = _key()
    title: str = _text()
    region: str = _text()
    doubt: str = _text()
    dirty: bool
    created_at: int = _integer()
    updated_at: int = _integer()


class SubjectNameTable(_Rows, table=True):
    """Names of a subject, each from a local day to another (both included); `folded` is what searches compare."""

    __tablename__ = "subject_name"
    __table_args__ = (Index("subject_name_folded", "folded"),)

    subject: str = _key()
    since: str = _key()
    title: str = _text()
    folded: str = _text()
    until: str | None = _text(nullable=True)


class SubjectRegionTable(_Rows, table=True):
    """Where a subject belonged, each from a local day to another (both included)."""

    __tablename__ = "subject_region"

    subject: str = _key()
    since: str = _key()
    region: str = _text()
    until: str | None = _text(nullable=True)


class ObservationTable(_Rows, table=True):
    """What one source said of one subject and year (`engine.subjects.Observation`); `body` is the canonical map of facts."""

    __tablename__ = "observation"
    __table_args__ = (Index("observation_batch", "batch"),)

    subject: str = _key()
    n: int = _key(BigInteger)
    year: int = _integer()
    vintage: str = _text()
    source: str = _text()
    verified: bool
    entered_by: str = _text()
    entered_at: int = _integer()
    batch: str = _text()
    withdrawn_at: int | None = _integer(nullable=True)
    body: bytes = _bytes()


class MembershipTable(_Rows, table=True):
    """A spell of a subject on a list. `how_in`: entered, relapsed, moved_in; `how_out`: cleared, exited, moved_out.

    `year` is the year of the figures that decided; `evidence` the canonical answers of the rule; `case_id` the case that the list
    opened for it, if it opens any.
    """

    __tablename__ = "membership"
    __table_args__ = (
        _where("membership_open", "list", "region", condition=MEMBERSHIP_IS_OPEN),
        Index("membership_subject", "subject"),
        Index("membership_case", "case_id"),
    )

    list: str = _key()
    subject: str = _key()
    n: int = _key(BigInteger)
    region: str = _text()
    since: int = _integer()
    until: int | None = _integer(nullable=True)
    how_in: str = _text()
    how_out: str = _text()
    reason: str = _text()
    year: int = _integer()
    evidence: bytes = _bytes()
    case_id: str = _text()


class SlotTable(_Rows, table=True):
    """What an obligation asks of one target in one period, and the case that was opened for it.

    `target` is a region or a subject; `period` reads `2026`, `2026-Q1` or `2026-03`; `first` and `last` are local days.
    """

    __tablename__ = "slot"
    __table_args__ = (Index("slot_region", "region", "obligation"), Index("slot_case", "case_id"))

    obligation: str = _key()
    target: str = _key()
    period: str = _key()
    region: str = _text()
    first: str = _text()
    last: str = _text()
    case_id: str = _text()
    opened_at: int = _integer()


class TargetTable(_Rows, table=True):
    """What was set for an indicator, a region and a year; the highest `n` holds, the ones before it stay."""

    __tablename__ = "target"

    indicator: str = _key()
    region: str = _key()
    year: int = _key(BigInteger)
    n: int = _key(BigInteger)
    value: int = _integer()
    set_by: str = _text()
    set_at: int = _integer()
    note: str = _text()


class BatchTable(_Rows, table=True):
    """An import: which file, by whom, how, what came of its rows (`counts`, canonical), when committed and undone.

    One that was only looked at has no `committed_at` yet.
    """

    __tablename__ = "batch"

    id: str = _key()
    kind: str = _text()
    file: str = _text()
    digest: str = _text()
    by: str = _text()
    at: int = _integer()
    options: bytes = _bytes()
    counts: bytes = _bytes()
    committed_at: int | None = _integer(nullable=True)
    undone_at: int | None = _integer(nullable=True)


class ProgrammeTable(_Rows, table=True):
    """Published versions of programmes, as the bytes of their YAML."""

    __tablename__ = "programme"
    __table_args__ = (UniqueConstraint("programme", "version"),)

    digest: str = _key()
    programme: str = _text()
    version: int = _integer()
    source: bytes = _bytes()
    effective: str = _text()
    published_at: int = _integer()


class SnapshotTable(_Rows, table=True):
    """Frozen figures of a report, canonical, known by their digest: a score can be computed from them again."""

    __tablename__ = "snapshot"

    digest: str = _key()
    kind: str = _text()
    title: str = _text()
    at: int = _integer()
    by: str = _text()
    body: bytes = _bytes()


def _table(name: str) -> Table:
    return METADATA.tables[name]


CASE: Final = _table("case")
EVENT: Final = _table("event")
RECEIPT: Final = _table("receipt")
TASK: Final = _table("task")
HOLDING: Final = _table("holding")
INVOLVED: Final = _table("involved")
SECRET: Final = _table("secret")
DEFINITION: Final = _table("definition")
CALENDAR: Final = _table("calendar")
DIRECTORY: Final = _table("directory")
TOKEN: Final = _table("token")
NOTICE: Final = _table("notice")
FILE: Final = _table("file")
COUNTER: Final = _table("counter")
BEAT: Final = _table("beat")
TILE: Final = _table("tile")
CHECKPOINT: Final = _table("checkpoint")
REPLAY_RUN: Final = _table("replay_run")
SUBJECT: Final = _table("subject")
SUBJECT_NAME: Final = _table("subject_name")
SUBJECT_REGION: Final = _table("subject_region")
OBSERVATION: Final = _table("observation")
MEMBERSHIP: Final = _table("membership")
SLOT: Final = _table("slot")
TARGET: Final = _table("target")
BATCH: Final = _table("batch")
PROGRAMME: Final = _table("programme")
SNAPSHOT: Final = _table("snapshot")
