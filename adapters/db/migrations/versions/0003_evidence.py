"""The tables of the evidence: tiles of the tree, signed checkpoints, what replays found."""

from __future__ import annotations

from alembic import op

from adapters.db.migrations.shapes import binary, create, index, integer, text

revision = "0003"
down_revision = "0002"

_TABLES = ("tile", "checkpoint", "replay_run")


def upgrade() -> None:
    create("tile", integer("level"), integer("n"), binary("data"), key=("level", "n"))
    create(
        "checkpoint",
        *(integer("size", autoincrement=False), text("root"), integer("at"), text("note")),
        key=("size",),
    )
    create(
        "replay_run",
        *(
            integer("started_at", autoincrement=False),
            integer("finished_at", nullable=True),
            integer("cases"),
            integer("events"),
        ),
        *(integer("divergences"), binary("faults")),
        key=("started_at",),
    )
    index("event_leafless", "event", "at", "case_id", "seq", where="leaf_index IS NULL")
    index("event_leaf", "event", "leaf_index", where="leaf_index IS NOT NULL", unique=True)


def downgrade() -> None:
    op.drop_index("event_leaf", "event")
    op.drop_index("event_leafless", "event")
    for table in _TABLES:
        op.drop_table(table)
