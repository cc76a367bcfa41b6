"""The tables of the programme: subjects and what is known of them, lists, slots, targets, imports, reports.

They are spelled as those of cases are (`tables.py`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Index, UniqueConstraint

from adapters.db.columns import Rows, binary, integer, key, partial_index, table, text_column

# Repeated literally in queries, as in `tables.py`.
SUBJECT_IS_DIRTY: Final = "dirty"
MEMBERSHIP_IS_OPEN: Final = "until IS NULL"


class SubjectTable(Rows, table=True):
    """Whom cases are about. `dirty` until the programme has looked at what changed; `doubt` says what is odd about the id."""

    __tablename__ = "subject"
    __table_args__ = (
        Index("subject_region_id", "region", "id"),
        partial_index("subject_dirty", "id", condition=SUBJECT_IS_DIRTY),
    )

    id: str = key()
    title: str = text_column()
    region: str = text_column()
    doubt: str = text_column()
    dirty: bool
    created_at: int = integer()
    updated_at: int = integer()


class SubjectNameTable(Rows, table=True):
    """Names of a subject, each from a local day to another (both included); `folded` is what searches compare."""

    __tablename__ = "subject_name"
    __table_args__ = (Index("subject_name_folded", "folded"),)

    subject: str = key()
    since: str = key()
    title: str = text_column()
    folded: str = text_column()
    until: str | None = text_column(nullable=True)


class SubjectRegionTable(Rows, table=True):
    """Where a subject belonged, each from a local day to another (both included)."""

    __tablename__ = "subject_region"

    subject: str = key()
    since: str = key()
    region: str = text_column()
    until: str | None = text_column(nullable=True)


class ObservationTable(Rows, table=True):
    """What one source said of one subject and year (`engine.subjects.Observation`); `body` is the canonical map of facts."""

    __tablename__ = "observation"
    __table_args__ = (Index("observation_batch", "batch"),)

    subject: str = key()
    n: int = key(BigInteger)
    year: int = integer()
    vintage: str = text_column()
    source: str = text_column()
    verified: bool
    entered_by: str = text_column()
    entered_at: int = integer()
    batch: str = text_column()
    withdrawn_at: int | None = integer(nullable=True)
    body: bytes = binary()


class MembershipTable(Rows, table=True):
    """A spell of a subject on a list. `how_in`: entered, relapsed, moved_in; `how_out`: cleared, exited, moved_out.

    `year` is the year of the figures that decided; `evidence` the canonical answers of the rule; `case_id` the case that the list
    opened for it, if it opens any.
    """

    __tablename__ = "membership"
    __table_args__ = (
        partial_index("membership_open", "list", "region", condition=MEMBERSHIP_IS_OPEN),
        Index("membership_subject", "subject"),
        Index("membership_case", "case_id"),
    )

    list: str = key()
    subject: str = key()
    n: int = key(BigInteger)
    region: str = text_column()
    since: int = integer()
    until: int | None = integer(nullable=True)
    how_in: str = text_column()
    how_out: str = text_column()
    reason: str = text_column()
    year: int = integer()
    evidence: bytes = binary()
    case_id: str = text_column()


class SlotTable(Rows, table=True):
    """What an obligation asks of one target in one period, and the case that was opened for it.

    `target` is a region or a subject; `period` reads `2026`, `2026-Q1` or `2026-03`; `first` and `last` are local days.
    """

    __tablename__ = "slot"
    __table_args__ = (Index("slot_region", "region", "obligation"), Index("slot_case", "case_id"))

    obligation: str = key()
    target: str = key()
    period: str = key()
    region: str = text_column()
    first: str = text_column()
    last: str = text_column()
    case_id: str = text_column()
    opened_at: int = integer()


class RefusalTable(Rows, table=True):
    """A command of the programme that was refused when it was last given; gone once it was accepted or is not asked for.

    `kind` is list, slot or proposal; `about` the subject, target or proposal for whose sake it was given.
    """

    __tablename__ = "refusal"

    command: str = key()
    kind: str = text_column()
    about: str = text_column()
    code: str = text_column()
    reason: str = text_column()
    at: int = integer()


class TargetTable(Rows, table=True):
    """What was set for an indicator, a region and a year; the highest `n` holds, the ones before it stay."""

    __tablename__ = "target"

    indicator: str = key()
    region: str = key()
    year: int = key(BigInteger)
    n: int = key(BigInteger)
    value: int = integer()
    set_by: str = text_column()
    set_at: int = integer()
    note: str = text_column()


class BatchTable(Rows, table=True):
    """An import: which file, by whom, how, what came of its rows (`counts`, canonical), when committed and undone.

    One that was only looked at has no `committed_at` yet.
    """

    __tablename__ = "batch"

    id: str = key()
    kind: str = text_column()
    file: str = text_column()
    digest: str = text_column()
    by: str = text_column()
    at: int = integer()
    options: bytes = binary()
    counts: bytes = binary()
    committed_at: int | None = integer(nullable=True)
    undone_at: int | None = integer(nullable=True)


class ProgrammeTable(Rows, table=True):
    """Published versions of programmes, as the bytes of their YAML."""

    __tablename__ = "programme"
    __table_args__ = (UniqueConstraint("programme", "version"),)

    digest: str = key()
    programme: str = text_column()
    version: int = integer()
    source: bytes = binary()
    effective: str = text_column()
    published_at: int = integer()


class SnapshotTable(Rows, table=True):
    """Frozen figures of a report, canonical, known by their digest: a score can be computed from them again."""

    __tablename__ = "snapshot"

    digest: str = key()
    kind: str = text_column()
    title: str = text_column()
    at: int = integer()
    by: str = text_column()
    body: bytes = binary()


SUBJECT: Final = table("subject")
SUBJECT_NAME: Final = table("subject_name")
SUBJECT_REGION: Final = table("subject_region")
OBSERVATION: Final = table("observation")
MEMBERSHIP: Final = table("membership")
SLOT: Final = table("slot")
REFUSAL: Final = table("refusal")
TARGET: Final = table("target")
BATCH: Final = table("batch")
PROGRAMME: Final = table("programme")
SNAPSHOT: Final = table("snapshot")
