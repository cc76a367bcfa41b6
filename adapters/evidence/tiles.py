"""The tree as it is stored: tiles of 256 hashes (C2SP tlog-tiles), extended by the integrator and read for proofs.

Every eighth level of the tree is stored; the levels between are hashed from a tile when they are asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Final

from sqlalchemy import Connection, func, insert, select, text, update

from adapters.db.database import Database
from adapters.db.evidence_tables import TILE
from adapters.db.tables import EVENT, EVENT_IS_A_LEAF
from engine import tree
from engine.errors import BihuanError
from engine.tree import Unprovable, node_hash

__all__ = ["HASH_BYTES", "WIDTH", "TileView", "Tiles", "TreeBroken", "extend", "tree_size"]

WIDTH: Final = 256
HEIGHT: Final = 8  # levels of the tree in one tile
HASH_BYTES: Final = 32
_KEPT: Final = 256  # full tiles with their inner hashes: about 10 MB

_Levels = list[list[bytes]]  # of one tile: 256 hashes, 128, … 1


class TreeBroken(BihuanError):
    """Raised when the stored tree does not fit the log: a tile is missing, cut or too long."""

    code, kind = "tree_broken", "unavailable"


def tree_size(connection: Connection) -> int:
    """How many leaves there are: indices are contiguous from 0."""
    last = connection.scalar(select(func.max(EVENT.c.leaf_index)).where(text(EVENT_IS_A_LEAF)))
    return 0 if last is None else last + 1


def extend(connection: Connection, size: int, leaves: Sequence[bytes]) -> None:
    """Append the leaf hashes that follow the first `size`, on every level. Errors: `TreeBroken`."""
    level, new = 0, list(leaves)
    while new:
        new = _extend_level(connection, level, size >> (HEIGHT * level), new)
        level += 1


class Tiles:
    """What proofs are made of. Full tiles never change and some are kept; the last one of a level is read anew."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._full: OrderedDict[tuple[int, int], _Levels] = OrderedDict()
        self._lock = Lock()

    def size(self) -> int:
        """Leaves in the tree now."""
        with self._database.reading() as connection:
            return tree_size(connection)

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves. Errors: `Unprovable`, `TreeBroken`."""
        with self.view() as view:
            return tree.root_at(size, view.node)

    @contextmanager
    def view(self) -> Iterator[TileView]:
        """For one answer: each tile is read at most once."""
        with self._database.reading() as connection:
            yield TileView(self, connection)

    def tile(self, level: int, n: int) -> bytes:
        """The stored hashes; empty where there are none."""
        with self._database.reading() as connection:
            return _stored(connection, level, n)

    def kept(self, place: tuple[int, int]) -> _Levels | None:
        with self._lock:
            if place in self._full:
                self._full.move_to_end(place)
            return self._full.get(place)

    def keep(self, place: tuple[int, int], levels: _Levels) -> None:
        with self._lock:
            self._full[place] = levels
            if len(self._full) > _KEPT:
                self._full.popitem(last=False)


class TileView:
    """`node` is an `engine.tree.Node` over one connection."""

    def __init__(self, tiles: Tiles, connection: Connection) -> None:
        self._tiles = tiles
        self._connection = connection
        self._partial: dict[tuple[int, int], _Levels] = {}

    def node(self, level: int, n: int) -> bytes:
        """Errors: `Unprovable` where the tree has no such complete subtree yet."""
        stored, inner = divmod(level, HEIGHT)
        first = n << inner
        levels = self._levels(stored, first // WIDTH)
        try:
            return levels[inner][first % WIDTH >> inner]
        except IndexError:
            raise Unprovable("树还没有这么大", hint="等几秒再试", level=level, n=n) from None

    def _levels(self, level: int, n: int) -> _Levels:
        place = (level, n)
        found = self._partial.get(place) or self._tiles.kept(place)
        if found is None:
            found = _inner(_hashes(_stored(self._connection, level, n)))
            if len(found[0]) == WIDTH:
                self._tiles.keep(place, found)
            else:
                self._partial[place] = found
        return found


def _extend_level(connection: Connection, level: int, before: int, new: list[bytes]) -> list[bytes]:
    """Append to the tiles of one level, which holds `before` hashes; the hashes of the tiles that became full."""
    full: list[bytes] = []
    n, width = divmod(before, WIDTH)
    last = _stored(connection, level, n)
    if len(last) != width * HASH_BYTES:
        raise TreeBroken(
            f"第 {level} 层第 {n} 片瓦片应有 {width} 个散列，实有 {len(last) // HASH_BYTES} 个",
            hint="停止写入，从备份恢复；不要手工修改 tile 表",
        )
    start = 0
    while start < len(new):
        part = new[start : start + WIDTH - width]
        data = last + b"".join(part)
        _store(connection, level, n, data, is_new=not width)
        if width + len(part) == WIDTH:
            full.append(tree.root_of(_hashes(data)))
        start, n, width, last = start + len(part), n + 1, 0, b""
    return full


def _store(connection: Connection, level: int, n: int, data: bytes, *, is_new: bool) -> None:
    if is_new:
        connection.execute(insert(TILE).values(level=level, n=n, data=data))
    else:
        connection.execute(update(TILE).where(TILE.c.level == level, TILE.c.n == n).values(data=data))


def _stored(connection: Connection, level: int, n: int) -> bytes:
    data = connection.scalar(select(TILE.c.data).where(TILE.c.level == level, TILE.c.n == n))
    return bytes(data) if data else b""


def _hashes(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def _inner(hashes: list[bytes]) -> _Levels:
    """The complete subtrees within a tile, level by level."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return levels
