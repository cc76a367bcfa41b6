"""The tables of the evidence: tiles of the tree, checkpoints, replays. They are spelled as those of cases are (`tables.py`)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger

from adapters.db.columns import Rows, binary, integer, key, table, text_column


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
    """The replay of all cases of one local day; `faults` is a canonical list of sentences, the first hundred.

    `last` is the case up to which it has come; it belongs to `worker` until `leased_until`.
    """

    __tablename__ = "replay_run"

    day: str = key()
    worker: str = text_column()
    leased_until: int = integer()
    last: str = text_column()
    started_at: int = integer()
    finished_at: int | None = integer(nullable=True)
    cases: int = integer()
    events: int = integer()
    divergences: int = integer()
    faults: bytes = binary()


TILE: Final = table("tile")
CHECKPOINT: Final = table("checkpoint")
REPLAY_RUN: Final = table("replay_run")
