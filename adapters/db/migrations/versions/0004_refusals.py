"""What the system asked for and was refused."""

from __future__ import annotations

from alembic import op

from adapters.db.migrations.shapes import create, integer, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create(
        "refusal",
        *(text("command"), text("kind"), text("about"), text("code"), text("reason"), integer("at")),
        key=("command",),
    )


def downgrade() -> None:
    op.drop_table("refusal")
