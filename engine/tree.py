"""The Merkle tree over the log: roots, inclusion and consistency proofs (RFC 6962 §2.1, RFC 9162 §2.1.3 to 2.1.5).

Hashes are 32 raw bytes. Nothing is stored here: whoever asks hands in a `Node` that knows the complete subtrees.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.errors import BihuanError

__all__ = [
    "EMPTY_ROOT",
    "EMPTY_TREE",
    "Frontier",
    "Known",
    "Node",
    "Unprovable",
    "complete_parts",
    "consistency",
    "includes",
    "inclusion",
    "is_consistent",
    "needed_nodes",
    "node_hash",
    "root_at",
    "root_from",
    "root_of",
]

EMPTY_ROOT: Final = hashlib.sha256().digest()
NODE_PREFIX: Final = b"\x01"  # RFC 6962 §2.1: an inner node; a leaf begins with 0x00

# (level, n): the hash over the leaves n * 2^level … (n + 1) * 2^level - 1, all of which are present.
Node = Callable[[int, int], bytes]
Place = tuple[int, int]


class Unprovable(BihuanError, LookupError):
    """Raised when a root cannot be computed from what is given: a hash is missing, or one hides what lies under it."""

    code, kind = "unprovable", "invalid"


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 over 0x01 and both children."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """What a growing tree must remember: the roots of its complete parts, the widest first."""

    size: int
    peaks: tuple[bytes, ...]

    def extended(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after these leaf hashes."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            hash_, rest = leaf, size
            while rest & 1:
                hash_, rest = node_hash(peaks.pop(), hash_), rest >> 1
            peaks.append(hash_)
            size += 1
        return Frontier(size, tuple(peaks))

    @property
    def root(self) -> bytes:
        return _folded(self.peaks)


EMPTY_TREE: Final = Frontier(0, ())


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes."""
    return EMPTY_TREE.extended(leaves).root


def root_at(size: int, node: Node) -> bytes:
    """The root over the first `size` leaves."""
    return _folded([node(*place) for place in complete_parts(0, size)])


def complete_parts(start: int, end: int) -> Iterator[Place]:
    """The complete subtrees that fill the leaves from `start` to before `end`, left to right.

    `start` must be a multiple of the first one's width, as it is for every subtree of a tree.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The audit path of a leaf in the tree of `size` leaves, from its sibling upwards (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size:
        raise Unprovable(f"树有 {size} 片叶，没有第 {index} 片", hint="序号从 0 起", index=index, size=size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(middle, end, node))
            end = middle
        else:
            path.append(_range(start, middle, node))
            start = middle
    return path[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """That the tree of `new` leaves begins with the one of `old` (RFC 9162 §2.1.4.1); empty for none, or all, of them."""
    if not 0 <= old <= new:
        raise Unprovable(f"树有 {new} 片叶，不能与 {old} 片的树比较", hint="先小后大", old=old, new=new)
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, is_whole = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range(middle, end, node))
            end = middle
        else:
            path.append(_range(start, middle, node))
            start, is_whole = middle, False
    if not is_whole:  # the verifier knows the whole old tree: it is its root
        path.append(_range(start, end, node))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf at `index` of the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, hash_ = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            hash_ = node_hash(sibling, hash_)
            position, last = _up_past_lone_nodes(position, last)
        else:
            hash_ = node_hash(hash_, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and hash_ == root


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree begins with the old one (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    of_old = of_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            of_old, of_new = node_hash(sibling, of_old), node_hash(sibling, of_new)
            position, last = _up_past_lone_nodes(position, last)
        else:
            of_new = node_hash(of_new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and of_old == old_root and of_new == new_root


def needed_nodes(indices: Iterable[int], sizes: Iterable[int]) -> set[Place]:
    """The complete subtrees that, with the leaves `indices`, give the root of every one of `sizes`.

    None lies under another, and none hides one of the leaves or the end of one of the trees: so whoever computes all roots
    from the same hashes knows that the trees continue each other. Errors: `Unprovable` for a leaf outside all trees.
    """
    leaves, ends = sorted(set(indices)), sorted({0, *sizes})
    whole = ends[-1]
    if leaves and not 0 <= leaves[0] <= leaves[-1] < whole:
        raise Unprovable(f"树有 {whole} 片叶，没有第 {leaves[-1]} 片", hint="序号从 0 起", size=whole)
    needed: set[Place] = set()
    waiting = list(complete_parts(0, whole))
    while waiting:
        level, n = waiting.pop()
        start, end = n << level, (n + 1) << level
        holds_leaf = bisect_left(leaves, start) < bisect_left(leaves, end)
        holds_end = bisect_right(ends, start) < bisect_left(ends, end)
        if not holds_leaf and not holds_end:
            needed.add((level, n))
        elif level:
            waiting += [(level - 1, 2 * n), (level - 1, 2 * n + 1)]
    return needed


@dataclass(frozen=True, slots=True)
class Known:
    """Leaf hashes by index and hashes of complete subtrees, from which roots are computed; each subtree once.

    Errors: `Unprovable` where a subtree's hash is given together with something that lies under it: the one given would
    be believed, and what lies under it never looked at.
    """

    leaves: Mapping[int, bytes]
    nodes: Mapping[Place, bytes]
    _computed: dict[Place, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        levels = {level for level, _ in self.nodes}
        given = [*((level, level, n) for level, n in self.nodes), *((-1, 0, n) for n in self.leaves)]
        for level, shown, n in given:  # a leaf counts as below level 0: a node of level 0 hides it, too
            if any((above, n >> (above - shown)) in self.nodes for above in levels if above > level):
                raise Unprovable("给出的散列互相覆盖", hint="证明须由互不包含的散列组成", level=shown, n=n)

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves. Errors: `Unprovable` if something is missing."""
        return root_at(size, self._node)

    def _node(self, level: int, n: int) -> bytes:
        if (given := self.nodes.get((level, n)) or self._computed.get((level, n))) is not None:
            return given
        if level:
            found = node_hash(self._node(level - 1, 2 * n), self._node(level - 1, 2 * n + 1))
        elif n in self.leaves:
            found = self.leaves[n]
        else:
            raise Unprovable(f"缺少第 {n} 片叶的散列", hint="证明不完整", level=level, n=n)
        self._computed[level, n] = found
        return found


def root_from(size: int, leaves: Mapping[int, bytes], nodes: Mapping[Place, bytes]) -> bytes:
    """The root over the first `size` leaves; `Known` for several sizes. Errors: `Unprovable`."""
    return Known(leaves, nodes).root(size)


def _split(width: int) -> int:
    """The largest power of two that is smaller than `width`: where a tree of two or more leaves divides."""
    return 1 << ((width - 1).bit_length() - 1)


def _range(start: int, end: int, node: Node) -> bytes:
    return _folded([node(*place) for place in complete_parts(start, end)])


def _folded(parts: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, the widest first."""
    if not parts:
        return EMPTY_ROOT
    *wider, hash_ = parts
    for part in reversed(wider):
        hash_ = node_hash(part, hash_)
    return hash_


def _up_past_lone_nodes(position: int, last: int) -> tuple[int, int]:
    """Up to where the node is a right child: a last node without a sibling is the same node a level higher."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last
