"""A log as it stands in a database, read plainly, and an evidence log put together over any database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from adapters.db.database import Database
from adapters.evidence.checkpoint_file import CheckpointFile
from adapters.evidence.checkpoints import Checkpoints
from adapters.evidence.integrator import Integrator
from adapters.evidence.journal import Journal
from adapters.evidence.keys import LogKeys
from adapters.evidence.manifests import Manifests
from adapters.evidence.proofs import Proofs
from adapters.evidence.tiles import Tiles

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
LOG = "示例"


def local_date(at: datetime) -> date:
    return at.date()


@dataclass(frozen=True)
class Evidence:
    """All parts over one database, with files in a folder."""

    database: Database
    folder: Path
    journal: Journal
    integrator: Integrator
    tiles: Tiles
    keys: LogKeys
    file: CheckpointFile
    checkpoints: Checkpoints
    proofs: Proofs
    manifests: Manifests


def evidence_over(database: Database, folder: Path, log: str = LOG) -> Evidence:
    journal, tiles = Journal(database, log), Tiles(database)
    keys, file = LogKeys(database, journal, folder / "keys/log.pem"), CheckpointFile(folder / "log")
    checkpoints = Checkpoints(database, tiles, keys, journal, file)
    return Evidence(
        database,
        folder,
        journal,
        Integrator(database),
        tiles,
        keys,
        file,
        checkpoints,
        Proofs(database, tiles, checkpoints),
        Manifests(database, tiles, journal, local_date),
    )


def leaves_of(database: Database) -> list[dict[str, Any]]:
    """The events that are in the tree, in the order of their indices."""
    query = (
        "SELECT case_id, seq, leaf_index, data FROM event WHERE leaf_index IS NOT NULL ORDER BY leaf_index"
    )
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def plain_root(hashes: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, pair by pair: an odd one out goes up as it is."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [
            hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs
        ]
    return level[0]


def plain_leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + bytes(data)).digest()


def faults_of(database: Database) -> list[str]:
    """What is wrong with the leaf indices and tiles, against the stored bytes alone."""
    leaves = leaves_of(database)
    faults = [] if [leaf["leaf_index"] for leaf in leaves] == list(range(len(leaves))) else ["not contiguous"]
    last: dict[str, int] = {}
    for leaf in leaves:
        if leaf["seq"] != last.get(leaf["case_id"], 0) + 1:
            faults.append(f"{leaf['case_id']} {leaf['seq']} out of order")
        last[leaf["case_id"]] = leaf["seq"]
    root = plain_root([plain_leaf(leaf["data"]) for leaf in leaves])
    tiles = Tiles(database)
    if tiles.size() != len(leaves) or (leaves and tiles.root(len(leaves)) != root):
        faults.append("another tree")
    return faults
