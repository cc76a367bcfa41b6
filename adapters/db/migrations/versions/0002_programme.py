"""The tables of the programme: subjects and what is known of them, lists, slots, targets, imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.db.migrations.shapes import binary, boolean, create, index, integer, text

revision = "0002"
down_revision = "0001"

_TABLES = (
    *("subject", "subject_name", "subject_region", "observation", "membership"),
    *("slot", "target", "batch", "programme", "snapshot"),
)


def upgrade() -> None:
    _create_subjects()
    _create_the_programme()
    _create_imports()
    _create_indexes()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _create_subjects() -> None:
    create(
        "subject",
        *(text("id"), text("title"), text("region"), text("doubt"), boolean("dirty")),
        *(integer("created_at"), integer("updated_at")),
        key=("id",),
    )
    create(
        "subject_name",
        *(text("subject"), text("since"), text("title"), text("folded"), text("until", nullable=True)),
        key=("subject", "since"),
    )
    create(
        "subject_region",
        *(text("subject"), text("since"), text("region"), text("until", nullable=True)),
        key=("subject", "since"),
    )
    create(
        "observation",
        *(text("subject"), integer("n"), integer("year"), text("vintage"), text("source")),
        *(boolean("verified"), text("entered_by"), integer("entered_at"), text("batch")),
        *(integer("withdrawn_at", nullable=True), binary("body")),
        key=("subject", "n"),
    )


def _create_the_programme() -> None:
    create(
        "membership",
        *(text("list"), text("subject"), integer("n"), text("region"), integer("since")),
        *(integer("until", nullable=True), text("how_in"), text("how_out"), text("reason")),
        *(integer("year"), binary("evidence"), text("case_id")),
        key=("list", "subject", "n"),
    )
    create(
        "slot",
        *(text("obligation"), text("target"), text("period"), text("region"), text("first")),
        *(text("last"), text("case_id"), integer("opened_at")),
        key=("obligation", "target", "period"),
    )
    create(
        "target",
        *(text("indicator"), text("region"), integer("year"), integer("n"), integer("value")),
        *(text("set_by"), integer("set_at"), text("note")),
        key=("indicator", "region", "year", "n"),
    )
    create(
        "programme",
        *(text("digest"), text("programme"), integer("version"), binary("source"), text("effective")),
        integer("published_at"),
        sa.UniqueConstraint("programme", "version", name="programme_programme_version_key"),
        key=("digest",),
    )


def _create_imports() -> None:
    create(
        "batch",
        *(text("id"), text("kind"), text("file"), text("digest"), text("by"), integer("at")),
        *(binary("options"), binary("counts")),
        *(integer("committed_at", nullable=True), integer("undone_at", nullable=True)),
        key=("id",),
    )
    create(
        "snapshot",
        *(text("digest"), text("kind"), text("title"), integer("at"), text("by"), binary("body")),
        key=("digest",),
    )


def _create_indexes() -> None:
    index("subject_region_id", "subject", "region", "id")
    index("subject_dirty", "subject", "id", where="dirty")
    index("subject_name_folded", "subject_name", "folded")
    index("observation_batch", "observation", "batch")
    index("membership_open", "membership", "list", "region", where="until IS NULL")
    index("membership_subject", "membership", "subject")
    index("membership_case", "membership", "case_id")
    index("slot_region", "slot", "region", "obligation")
    index("slot_case", "slot", "case_id")
