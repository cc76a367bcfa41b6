"""The tables of the evidence: tiles of the tree, signed checkpoints, what replays found; and a leaf index is given once."""

from __future__ import annotations

from alembic import op

from adapters.db.migrations.shapes import binary, create, index, integer, text

revision = "0003"
down_revision = "0002"

_TABLES = ("tile", "checkpoint", "replay_run")

_POSTGRES_TRIGGER = """
CREATE TRIGGER event_one_leaf_index BEFORE UPDATE OF leaf_index ON event
FOR EACH ROW WHEN (OLD.leaf_index IS NOT NULL) EXECUTE FUNCTION event_is_append_only()
"""
_SQLITE_TRIGGER = """
CREATE TRIGGER event_one_leaf_index BEFORE UPDATE OF leaf_index ON event WHEN OLD.leaf_index IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'event is append-only'); END
"""


def upgrade() -> None:
    create("tile", integer("level"), integer("n"), binary("data"), key=("level", "n"))
    create(
        "checkpoint",
        *(integer("size", autoincrement=False), text("root"), integer("at"), text("note")),
        key=("size",),
    )
    create(
        "replay_run",
        *(text("day"), text("worker"), integer("leased_until"), text("last")),
        *(integer("started_at"), integer("finished_at", nullable=True)),
        *(integer("cases"), integer("events"), integer("divergences"), binary("faults")),
        key=("day",),
    )
    index("event_leafless", "event", "at", "case_id", "seq", where="leaf_index IS NULL")
    index("event_leaf", "event", "leaf_index", where="leaf_index IS NOT NULL", unique=True)
    index("event_journal", "event", "type", "seq", where="case_id = 'journal'")
    op.execute(_POSTGRES_TRIGGER if _is_postgres() else _SQLITE_TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER event_one_leaf_index" + (" ON event" if _is_postgres() else ""))
    op.execute("UPDATE event SET leaf_index = NULL WHERE leaf_index IS NOT NULL")
    op.drop_index("event_journal", "event")
    op.drop_index("event_leaf", "event")
    op.drop_index("event_leafless", "event")
    for table in _TABLES:
        op.drop_table(table)


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
