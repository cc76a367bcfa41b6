"""The heads manifest: for every case the last event of the log's first `size` leaves, as a sorted tree of its own.

One line for each case, and for the journal: a cut tail shows against its line, and two neighbours show that a case never existed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from engine import canonical, tree
from engine.errors import BihuanError
from engine.tree import EMPTY_ROOT, node_hash

__all__ = ["Heads", "Line", "NotListed", "Placed"]


class NotListed(BihuanError, LookupError):
    """Raised when a manifest has no line for a case, or has one where none was expected."""

    code, kind = "not_listed", "missing"


class Line(NamedTuple):
    """A case, its last seq and the hash of that event, in hexadecimal."""

    case: str
    seq: int
    head: str

    @property
    def leaf(self) -> bytes:
        """The leaf hash of the canonical bytes `[case, seq, head]`."""
        return bytes.fromhex(canonical.leaf_hash(canonical.encode([self.case, self.seq, self.head])))


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with its index in the manifest and its audit path."""

    line: Line
    index: int
    proof: tuple[bytes, ...]

    def is_in(self, size: int, root: bytes) -> bool:
        return tree.includes(self.line.leaf, self.index, size, self.proof, root)


class Heads:
    """The manifest of these lines, whatever their order. The byte order of the ids decides."""

    def __init__(self, lines: Iterable[tuple[str, int, str]]) -> None:
        self.lines = sorted((Line(*line) for line in lines), key=lambda line: line.case.encode())
        self._ids = [line.case.encode() for line in self.lines]
        self._levels = _levels([line.leaf for line in self.lines])

    @property
    def size(self) -> int:
        return len(self.lines)

    @property
    def root(self) -> bytes:
        return tree.root_at(self.size, self._node) if self.lines else EMPTY_ROOT

    def line(self, case: str) -> Line:
        """Errors: `NotListed`."""
        return self.lines[self._index(case)]

    def proof(self, case: str) -> Placed:
        """Errors: `NotListed`."""
        return self._placed(self._index(case))

    def absent(self, case: str) -> tuple[Placed | None, Placed | None]:
        """The neighbours between which the case would stand; None beyond an end. Errors: `NotListed` if it does stand there."""
        after = bisect_left(self._ids, case.encode())
        if after < self.size and self.lines[after].case == case:
            raise NotListed(f"清单中有事项 {case}", hint="只有不存在的事项才能证明不存在", case=case)
        before = self._placed(after - 1) if after else None
        return before, self._placed(after) if after < self.size else None

    def _index(self, case: str) -> int:
        index = bisect_left(self._ids, case.encode())
        if index == self.size or self.lines[index].case != case:
            raise NotListed(f"清单中没有事项 {case}", hint="核对编号；清单只到它那天为止", case=case)
        return index

    def _placed(self, index: int) -> Placed:
        return Placed(self.lines[index], index, tuple(tree.inclusion(index, self.size, self._node)))

    def _node(self, level: int, n: int) -> bytes:
        return self._levels[level][n]


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Every complete subtree: level 0 the leaves, above it one hash for each pair below."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return levels
