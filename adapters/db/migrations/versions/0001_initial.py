"""The tables of the first release, and the triggers that keep the log append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.db.migrations.shapes import binary, boolean, create, index, integer, text

revision = "0001"
down_revision = None


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


def _create_the_write_path() -> None:
    create(
        "case",
        *(
            text("id"),
            text("workflow"),
            integer("version"),
            text("digest"),
            text("region"),
            text("subject"),
        ),
        *(text("state"), text("ended"), integer("round")),
        *(text("holder_role"), text("holder_unit"), text("holder_person")),
        *(integer("opened_at"), integer("at"), integer("seq"), text("head")),
        *(
            integer("wake_at", nullable=True),
            integer("due_at", nullable=True),
            boolean("late"),
            binary("body"),
        ),
        key=("id",),
    )
    create(
        "event",
        *(text("case_id"), integer("seq"), text("type"), integer("at"), text("actor"), text("command")),
        *(text("hash"), text("prev"), binary("data"), integer("leaf_index", nullable=True)),
        sa.UniqueConstraint("case_id", "prev", name="event_case_id_prev_key"),
        key=("case_id", "seq"),
    )
    create(
        "receipt",
        *(text("command"), text("case_id"), text("request"), binary("response"), integer("at")),
        key=("command",),
    )
    create(
        "task",
        *(text("id"), text("kind"), text("case_id"), integer("seq"), integer("n"), binary("body")),
        *(integer("due_at"), text("state"), integer("attempts")),
        *(text("lease_owner", nullable=True), integer("lease_until", nullable=True)),
        *(text("last_error", nullable=True), integer("done_at", nullable=True)),
        key=("id",),
    )
    create(
        "holding",
        *(text("case_id"), text("lane"), text("role"), text("unit"), text("person"), text("region")),
        *(text("state"), integer("due_at", nullable=True), text("clock")),
        key=("case_id", "lane"),
    )
    create("involved", text("case_id"), text("unit"), key=("case_id", "unit"))
    create(
        "secret",
        *(text("case_id"), text("commitment"), text("field"), binary("salt"), binary("value")),
        key=("case_id", "commitment"),
    )


def _create_what_is_published() -> None:
    create(
        "definition",
        *(text("digest"), text("workflow"), integer("version"), binary("source"), text("effective")),
        integer("published_at"),
        sa.UniqueConstraint("workflow", "version", name="definition_workflow_version_key"),
        key=("digest",),
    )
    create(
        "calendar",
        *(text("digest"), text("id"), binary("data"), integer("imported_at"), boolean("current")),
        key=("digest",),
    )
    create(
        "directory",
        *(text("digest"), binary("data"), integer("imported_at"), boolean("current")),
        key=("digest",),
    )


def _create_people_and_workers() -> None:
    create(
        "token",
        *(
            text("id"),
            text("hash"),
            text("person"),
            text("title"),
            binary("narrowed"),
            integer("created_at"),
        ),
        *(integer("expires_at", nullable=True), integer("revoked_at", nullable=True)),
        sa.UniqueConstraint("hash", name="token_hash_key"),
        key=("id",),
    )
    create(
        "notice",
        *(text("id"), text("person"), text("case_id"), text("kind"), binary("body"), integer("at")),
        integer("read_at", nullable=True),
        key=("id",),
    )
    create(
        "file",
        *(text("digest"), integer("size"), text("type"), text("name"), integer("at")),
        key=("digest",),
    )
    create("counter", text("name"), integer("next"), key=("name",))
    create("beat", text("worker"), integer("at"), key=("worker",))


def _create_indexes() -> None:
    index("case_wake_at", "case", "wake_at", where="wake_at IS NOT NULL")
    index("case_open", "case", "late", where="ended = ''")
    index("case_region", "case", "region", "ended", "at")
    index("case_at", "case", "at", "id")
    index("case_subject", "case", "subject")
    index("task_due_at", "task", "due_at", where="state IN ('ready', 'leased')")
    index("task_dead", "task", "case_id", where="state = 'dead'")
    index("holding_unit", "holding", "unit", "role")
    index("holding_region", "holding", "region", "role")
    index("holding_person", "holding", "person")
    index("involved_unit", "involved", "unit")
    index("calendar_current", "calendar", "id", where="current", unique=True)
    index("directory_current", "directory", "current", where="current", unique=True)
    index("notice_person", "notice", "person", "at")
