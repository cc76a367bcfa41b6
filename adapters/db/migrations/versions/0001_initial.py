"""The tables of the first release, and the triggers that keep the log append-only."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

_FIXED = "case_id, seq, type, at, actor, command, hash, prev, data"

_POSTGRES_TRIGGERS = (
    """
    CREATE FUNCTION event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'event is append-only' USING ERRCODE = 'restrict_violation'; END $$
    """,
    f"""
    CREATE TRIGGER event_no_change BEFORE UPDATE OF {_FIXED} OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION event_is_append_only()
    """,
    """
    CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION event_is_append_only()
    """,
)
_SQLITE_TRIGGERS = (
    f"""
    CREATE TRIGGER event_no_update BEFORE UPDATE OF {_FIXED} ON event
    BEGIN SELECT RAISE(ABORT, 'event is append-only'); END
    """,
    """
    CREATE TRIGGER event_no_delete BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'event is append-only'); END
    """,
)


def upgrade() -> None:
    _create_the_write_path()
    _create_what_is_published()
    _create_people_and_workers()
    _create_indexes()
    is_postgres = op.get_bind().dialect.name == "postgresql"
    for trigger in _POSTGRES_TRIGGERS if is_postgres else _SQLITE_TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION event_is_append_only")


_TABLES = (
    *("case", "event", "receipt", "task", "holding", "involved", "secret"),
    *("definition", "calendar", "directory", "token", "notice", "file", "counter", "beat"),
)


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, _TEXT, **{"nullable": False, **options})


def _integer(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), **{"nullable": False, **options})


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _boolean(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _create(table: str, *columns: Any, key: tuple[str, ...]) -> None:
    op.create_table(table, *columns, sa.PrimaryKeyConstraint(*key, name=f"{table}_pkey"))


def _create_the_write_path() -> None:
    _create(
        "case",
        *(
            _text("id"),
            _text("workflow"),
            _integer("version"),
            _text("digest"),
            _text("region"),
            _text("subject"),
        ),
        *(_text("state"), _text("ended"), _integer("round")),
        *(_text("holder_role"), _text("holder_unit"), _text("holder_person")),
        *(_integer("opened_at"), _integer("at"), _integer("seq"), _text("head")),
        *(
            _integer("wake_at", nullable=True),
            _integer("due_at", nullable=True),
            _boolean("late"),
            _bytes("body"),
        ),
        key=("id",),
    )
    _create(
        "event",
        *(_text("case_id"), _integer("seq"), _text("type"), _integer("at"), _text("actor"), _text("command")),
        *(_text("hash"), _text("prev"), _bytes("data"), _integer("leaf_index", nullable=True)),
        sa.UniqueConstraint("case_id", "prev", name="event_case_id_prev_key"),
        key=("case_id", "seq"),
    )
    _create(
        "receipt",
        *(_text("command"), _text("case_id"), _text("request"), _bytes("response"), _integer("at")),
        key=("command",),
    )
    _create(
        "task",
        *(_text("id"), _text("kind"), _text("case_id"), _integer("seq"), _integer("n"), _bytes("body")),
        *(_integer("due_at"), _text("state"), _integer("attempts")),
        *(_text("lease_owner", nullable=True), _integer("lease_until", nullable=True)),
        *(_text("last_error", nullable=True), _integer("done_at", nullable=True)),
        key=("id",),
    )
    _create(
        "holding",
        *(_text("case_id"), _text("lane"), _text("role"), _text("unit"), _text("person"), _text("region")),
        *(_text("state"), _integer("due_at", nullable=True), _text("clock")),
        key=("case_id", "lane"),
    )
    _create("involved", _text("case_id"), _text("unit"), key=("case_id", "unit"))
    _create(
        "secret",
        *(_text("case_id"), _text("commitment"), _text("field"), _bytes("salt"), _bytes("value")),
        key=("case_id", "commitment"),
    )


def _create_what_is_published() -> None:
    _create(
        "definition",
        *(_text("digest"), _text("workflow"), _integer("version"), _bytes("source"), _text("effective")),
        _integer("published_at"),
        sa.UniqueConstraint("workflow", "version", name="definition_workflow_version_key"),
        key=("digest",),
    )
    _create(
        "calendar",
        *(_text("digest"), _text("id"), _bytes("data"), _integer("imported_at"), _boolean("current")),
        key=("digest",),
    )
    _create(
        "directory",
        *(_text("digest"), _bytes("data"), _integer("imported_at"), _boolean("current")),
        key=("digest",),
    )


def _create_people_and_workers() -> None:
    _create(
        "token",
        *(
            _text("id"),
            _text("hash"),
            _text("person"),
            _text("title"),
            _bytes("narrowed"),
            _integer("created_at"),
        ),
        *(_integer("expires_at", nullable=True), _integer("revoked_at", nullable=True)),
        sa.UniqueConstraint("hash", name="token_hash_key"),
        key=("id",),
    )
    _create(
        "notice",
        *(_text("id"), _text("person"), _text("case_id"), _text("kind"), _bytes("body"), _integer("at")),
        _integer("read_at", nullable=True),
        key=("id",),
    )
    _create(
        "file",
        *(_text("digest"), _integer("size"), _text("type"), _text("name"), _integer("at")),
        key=("digest",),
    )
    _create("counter", _text("name"), _integer("next"), key=("name",))
    _create("beat", _text("worker"), _integer("at"), key=("worker",))


def _create_indexes() -> None:
    _index("case_wake_at", "case", "wake_at", where="wake_at IS NOT NULL")
    _index("case_open", "case", "late", where="ended = ''")
    _index("case_region", "case", "region", "ended", "at")
    _index("case_at", "case", "at", "id")
    _index("case_subject", "case", "subject")
    _index("task_due_at", "task", "due_at", where="state IN ('ready', 'leased')")
    _index("task_dead", "task", "case_id", where="state = 'dead'")
    _index("holding_unit", "holding", "unit", "role")
    _index("holding_region", "holding", "region", "role")
    _index("holding_person", "holding", "person")
    _index("involved_unit", "involved", "unit")
    _index("calendar_current", "calendar", "id", where="current", unique=True)
    _index("directory_current", "directory", "current", where="current", unique=True)
    _index("notice_person", "notice", "person", "at")


def _index(name: str, table: str, *columns: str, where: str = "", unique: bool = False) -> None:
    clause = sa.text(where) if where else None
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=clause, postgresql_where=clause)
