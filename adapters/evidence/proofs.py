"""Proofs from the stored tree: that an event is in it, that it only grew, and as text for whoever keeps one event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from adapters.db.database import Database
from adapters.db.tables import EVENT
from adapters.evidence.checkpoints import Checkpoints
from adapters.evidence.tiles import Tiles
from engine import notes, tree
from engine.case import CaseId
from engine.errors import BihuanError

__all__ = ["NotInTree", "Proofs"]

MOST_BYTES: Final = 2048  # of a proof as text, however many witnesses signed


class NotInTree(BihuanError):
    """Raised when an event is not in the tree of the last checkpoint yet, or does not exist."""

    code, kind = "not_in_tree", "missing"


class Proofs:
    def __init__(self, database: Database, tiles: Tiles, checkpoints: Checkpoints) -> None:
        self._database = database
        self._tiles = tiles
        self._checkpoints = checkpoints

    def node(self, level: int, n: int) -> bytes:
        """An `engine.tree.Node`. Errors: `Unprovable`."""
        with self._tiles.view() as view:
            return view.node(level, n)

    def nodes(self, indices: Iterable[int], sizes: Iterable[int]) -> dict[tuple[int, int], bytes]:
        """The hashes that, with the leaves `indices`, give the roots of all `sizes` (`tree.needed_nodes`)."""
        with self._tiles.view() as view:
            return {place: view.node(*place) for place in sorted(tree.needed_nodes(indices, sizes))}

    def index(self, case: CaseId, seq: int) -> int:
        """The leaf index of an event. Errors: `NotInTree`."""
        query = select(EVENT.c.leaf_index).where(EVENT.c.case_id == case, EVENT.c.seq == seq)
        with self._database.reading() as connection:
            found: int | None = connection.scalar(query)
        if found is None:
            raise NotInTree(
                f"事项 {case} 的第 {seq} 条记录还没有进入日志", hint="核对编号和序号；新记录在一分钟内进入"
            )
        return found

    def inclusion(self, case: CaseId, seq: int, size: int) -> list[bytes]:
        """The audit path in the tree of `size` leaves. Errors: `NotInTree`, `Unprovable`."""
        return self._path(self.index(case, seq), size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """That the tree of `new` leaves begins with that of `old`. Errors: `Unprovable`."""
        with self._tiles.view() as view:
            return tree.consistency(old, new, view.node)

    def tlog_proof(self, case: CaseId, seq: int) -> str:
        """The event in the last checkpoint as C2SP tlog-proof text, at most 2 KB. Errors: `NotInTree`."""
        index, latest = self.index(case, seq), self._checkpoints.latest()
        if latest is None or index >= latest[0].size:
            raise NotInTree(
                f"事项 {case} 的第 {seq} 条记录还没有签发检查点",
                hint="十秒后再试，或运行 bihuan audit checkpoint sign",
            )
        path = self._path(index, latest[0].size)
        return notes.proof_text(index, path, _shortened(latest[1], MOST_BYTES - 46 * len(path) - 64))

    def _path(self, index: int, size: int) -> list[bytes]:
        with self._tiles.view() as view:
            return tree.inclusion(index, size, view.node)


def _shortened(note: str, most: int) -> str:
    """The note with as many of its signatures, the log's first, as fit into so many bytes."""
    first, *others = notes.signatures(note)
    found = notes.text_of(note) + "\n" + first.line
    for line in others:
        if len((found + line.line).encode()) <= most:
            found += line.line
    return found
