"""Level 2 over the whole database: events against leaves, tiles against those below, the tree against what was signed.

Level 1 asks whether each history is whole in itself. Here is asked whether it is the one that was told: what was deleted, cut,
moved, or rewritten with its row, is another leaf, or none. Rows stream, so that memory stays the same however large the log is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from adapters.db.database import Database
from adapters.evidence.checkpoint_file import CheckpointFile
from adapters.evidence.keys import LogKeys
from adapters.evidence.snapshot import Snapshot, snapshot
from adapters.evidence.sound import FAULTS_KEPT, Sound
from adapters.evidence.tiles import HASH_BYTES, WIDTH, Tiles, TreeBroken
from engine import canonical, notes, tree
from engine.audit.journal import JOURNAL, EntryType
from engine.audit.soundness import Fault, fault
from engine.heads import Line
from engine.notes import Checkpoint
from engine.tree import EMPTY_TREE, Unprovable

__all__ = ["LOG", "TreeCheck"]

LOG: Final = (
    "log"  # in the place of a case, with the index in that of seq: no event is left that could be named
)


class TreeCheck:
    """Reads while others write: all is looked at as of one moment."""

    def __init__(self, database: Database, keys: LogKeys, file: CheckpointFile) -> None:
        self._database = database
        self._keys = keys
        self._file = file

    def of(self) -> Sound:
        """Errors: `StoreUnavailable`."""
        kept, found = [], 0
        counts = _Counts()
        with snapshot(self._database) as stored:
            for each in self._faults(stored, counts):
                found += 1
                if found <= FAULTS_KEPT:
                    kept.append(each)
        return Sound(counts.cases, counts.events, found, tuple(kept))

    def _faults(self, stored: Snapshot, counts: _Counts) -> Iterator[Fault]:
        yield from _leaves(stored, counts)
        yield from _upper(stored)
        yield from _histories(stored, counts)
        yield from self._signed(stored)

    def _signed(self, stored: Snapshot) -> Iterator[Fault]:
        """The last checkpoint of the table, and of the file, signed by a key of the log, over the tree as it is."""
        tiles = Tiles(self._database)  # with nothing kept from before: every hash is read now
        for note in [note for (note,) in stored.rows(_LAST_CHECKPOINT)]:
            yield from self._held(note, tiles)
        try:
            last = self._file.last()
        except (notes.Malformed, OSError):
            yield fault("checkpoint", 0, "checkpoint_file")
            return
        if last:
            yield from self._held(last[1], tiles)

    def _held(self, note: str, tiles: Tiles) -> Iterator[Fault]:
        try:
            found = notes.parse_checkpoint(note)
        except notes.Malformed:
            yield fault("checkpoint", 0, "signature")
            return
        try:
            notes.opened(note, self._keys.verifiers("log"))
        except (notes.Malformed, notes.Unsigned):
            yield fault("checkpoint", found.size, "signature")
        if not _is_root(found, tiles):
            yield fault("checkpoint", found.size, "root")


class _Counts:
    cases = events = 0


def _is_root(found: Checkpoint, tiles: Tiles) -> bool:
    try:
        return found.size <= tiles.size() and tiles.root(found.size) == found.root
    except (Unprovable, TreeBroken):
        return False


def _leaves(stored: Snapshot, counts: _Counts) -> Iterator[Fault]:
    """Events in the order of their indices beside the leaves of the tree: each has the other."""
    leaves = _stored_leaves(stored)
    index, leaf = next(leaves, _NO_LEAF)
    for case, seq, at, hash_ in stored.rows(_BY_LEAF):
        counts.events += 1
        while leaf is not None and type(at) is int and index < at:
            yield fault(LOG, index, "leaf_missing")
            index, leaf = next(leaves, _NO_LEAF)
        if leaf is None or at != index:
            yield fault(case, seq, "leaf_unknown")
            continue
        if hash_ != leaf.hex():
            yield fault(case, seq, "leaf")
        index, leaf = next(leaves, _NO_LEAF)
    while leaf is not None:
        yield fault(LOG, index, "leaf_missing")
        index, leaf = next(leaves, _NO_LEAF)


def _stored_leaves(stored: Snapshot) -> Iterator[tuple[int, bytes]]:
    for n, data in _tiles(stored, 0):
        for at, hash_ in enumerate(_hashes(data)):
            yield n * WIDTH + at, hash_


def _upper(stored: Snapshot) -> Iterator[Fault]:
    """Each level holds the roots of the full tiles below it; only the last tile of a level is not full."""
    level = 0
    while True:
        above = (hash_ for _, data in _tiles(stored, level + 1) for hash_ in _hashes(data))
        due, is_last = 0, False
        for n, data in _tiles(stored, level):
            hashes = _hashes(data)
            if n != due or is_last or len(hashes) > WIDTH or len(data) % HASH_BYTES:
                yield fault(f"tile/{level}", n, "tile")
            due, is_last = n + 1, len(hashes) < WIDTH
            if not is_last and next(above, None) != tree.root_of(hashes):
                yield fault(f"tile/{level}", n, "tile_root")
        if next(above, None) is not None:
            yield fault(f"tile/{level + 1}", 0, "tile")
        if not due:
            return
        level += 1


def _histories(stored: Snapshot, counts: _Counts) -> Iterator[Fault]:
    """Histories came into the tree in their own order, and end where the last manifest says."""
    told = _last_manifest(stored)
    size = told["size"] if told else 0
    listed, cases = EMPTY_TREE, 0
    for case, events in groupby(stored.rows(_BY_CASE), key=itemgetter(0)):
        counts.cases += 1
        before, is_out, last = -1, False, None
        for _, seq, at, hash_ in events:
            if at is None:
                is_out = True
                continue
            if is_out or type(at) is not int or at <= before:
                yield fault(case, seq, "leaf_order")
                continue
            before = at
            if at < size:
                last = (seq, hash_)
        if told and last:
            cases += 1
            listed = listed.extended([Line(case, last[0], str(last[1])).leaf])
    if told and (cases, listed.root.hex()) != (told["cases"], told["root"]):
        yield fault(JOURNAL, told["seq"], "heads")


def _last_manifest(stored: Snapshot) -> dict[str, Any] | None:
    for seq, data in list(stored.rows(_LAST_MANIFEST, [JOURNAL, str(EntryType.HEADS_LISTED)])):
        try:
            return {**canonical.decode(data)["data"], "seq": seq}
        except (canonical.NotCanonical, KeyError, TypeError):
            return {"seq": seq, "size": 0, "cases": -1, "root": ""}  # level 1 says what is wrong with it
    return None


def _tiles(stored: Snapshot, level: int) -> Iterator[tuple[int, bytes]]:
    return ((n, bytes(data)) for n, data in stored.rows(_LEVEL, [level]))


def _hashes(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


_NO_LEAF: Final = (-1, None)
_BY_LEAF: Final = (
    "SELECT case_id, seq, leaf_index, hash FROM event WHERE leaf_index IS NOT NULL ORDER BY leaf_index"
)
_BY_CASE: Final = "SELECT case_id, seq, leaf_index, hash FROM event ORDER BY case_id, seq"
_LEVEL: Final = "SELECT n, data FROM tile WHERE level = ? ORDER BY n"
_LAST_CHECKPOINT: Final = "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
_LAST_MANIFEST: Final = "SELECT seq, data FROM event WHERE case_id = ? AND type = ? ORDER BY seq DESC LIMIT 1"
