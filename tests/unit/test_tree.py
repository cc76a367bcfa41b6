"""The Merkle tree against published RFC 6962 vectors and a slow recursive reference, exhaustively to 257 leaves."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import tree
from engine.tree import EMPTY_TREE, Known, Unprovable

MOST = 257
VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors/tree.json").read_text())


def leaf_of(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


LEAVES = [leaf_of(str(n).encode()) for n in range(MOST)]


@cache
def slow_root(start: int, end: int) -> bytes:
    """RFC 6962 §2.1 as it is written."""
    if end - start == 0:
        return hashlib.sha256(b"").digest()
    if end - start == 1:
        return LEAVES[start]
    k = 1
    while k * 2 < end - start:
        k *= 2
    return hashlib.sha256(b"\x01" + slow_root(start, start + k) + slow_root(start + k, end)).digest()


def slow_path(m: int, start: int, end: int) -> list[bytes]:
    """RFC 6962 §2.1.1 as it is written; `m` counts from `start`."""
    if end - start == 1:
        return []
    k = 1
    while k * 2 < end - start:
        k *= 2
    if m < k:
        return [*slow_path(m, start, start + k), slow_root(start + k, end)]
    return [*slow_path(m - k, start + k, end), slow_root(start, start + k)]


def slow_subproof(m: int, start: int, end: int, is_whole: bool) -> list[bytes]:
    """RFC 6962 §2.1.2 as it is written."""
    if m == end - start:
        return [] if is_whole else [slow_root(start, end)]
    k = 1
    while k * 2 < end - start:
        k *= 2
    if m <= k:
        return [*slow_subproof(m, start, start + k, is_whole), slow_root(start + k, end)]
    return [*slow_subproof(m - k, start + k, end, False), slow_root(start, start + k)]


@cache
def node(level: int, n: int) -> bytes:
    return slow_root(n << level, (n + 1) << level)


def flipped(hash_: bytes, bit: int) -> bytes:
    return (int.from_bytes(hash_, "big") ^ (1 << bit)).to_bytes(len(hash_), "big")


def one_bit_off(proof: Sequence[bytes], random_: random.Random) -> Iterable[list[bytes]]:
    """For each hash of the proof, the proof with one bit of that hash changed."""
    for at, hash_ in enumerate(proof):
        yield [*proof[:at], flipped(hash_, random_.randrange(256)), *proof[at + 1 :]]


# Published vectors


def vector_node(level: int, n: int) -> bytes:
    leaves = [leaf_of(bytes.fromhex(data)) for data in VECTORS["leaves"]]
    return tree.root_of(leaves[n << level : (n + 1) << level])


def test_roots_are_those_of_the_published_vectors() -> None:
    leaves = [leaf_of(bytes.fromhex(data)) for data in VECTORS["leaves"]]
    assert [tree.root_of(leaves[:size]).hex() for size in range(9)] == VECTORS["roots"]


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_audit_paths_are_those_of_the_published_vectors(vector: dict[str, Any]) -> None:
    path = tree.inclusion(vector["index"], vector["size"], vector_node)
    assert [hash_.hex() for hash_ in path] == vector["proof"]


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_consistency_proofs_are_those_of_the_published_vectors(vector: dict[str, Any]) -> None:
    proof = tree.consistency(vector["old"], vector["new"], vector_node)
    assert [hash_.hex() for hash_ in proof] == vector["proof"]


# Every tree


def test_every_root_equals_the_slow_one() -> None:
    frontier = EMPTY_TREE
    for size in range(MOST + 1):
        assert frontier.size == size
        assert frontier.root == tree.root_at(size, node) == slow_root(0, size)
        frontier = frontier.extended(LEAVES[size : size + 1])


@given(st.integers(0, MOST), st.integers(0, MOST))
def test_a_tree_grown_in_portions_is_the_tree_grown_at_once(first: int, second: int) -> None:
    start, end = sorted((first, second))
    grown = EMPTY_TREE.extended(LEAVES[:start]).extended(LEAVES[start:end])
    assert grown == EMPTY_TREE.extended(LEAVES[:end])


def test_every_leaf_of_every_tree_is_included_and_no_bit_may_change() -> None:
    """33,153 proofs; of each: one bit of every hash of the path, one of the leaf, one of the root, and the neighbours' places."""
    random_ = random.Random(1)
    for size in range(1, MOST + 1):
        root = slow_root(0, size)
        for index in range(size):
            leaf, path = LEAVES[index], tree.inclusion(index, size, node)
            assert path == slow_path(index, 0, size)
            assert tree.includes(leaf, index, size, path, root)
            bit = random_.randrange(256)
            assert not tree.includes(flipped(leaf, bit), index, size, path, root)
            assert not tree.includes(leaf, index, size, path, flipped(root, bit))
            assert not tree.includes(leaf, index ^ 1, size, path, root)
            assert not any(
                tree.includes(leaf, index, size, wrong, root) for wrong in one_bit_off(path, random_)
            )


def test_every_tree_continues_every_smaller_one_and_no_bit_may_change() -> None:
    random_ = random.Random(2)
    for new in range(1, MOST + 1):
        new_root = slow_root(0, new)
        for old in range(1, new + 1):
            old_root, proof = slow_root(0, old), tree.consistency(old, new, node)
            assert proof == slow_subproof(old, 0, new, True)
            assert tree.is_consistent(old, old_root, new, new_root, proof)
            bit = random_.randrange(256)
            assert not tree.is_consistent(old, flipped(old_root, bit), new, new_root, proof)
            assert not tree.is_consistent(old, old_root, new, flipped(new_root, bit), proof)
            assert not any(
                tree.is_consistent(old, old_root, new, new_root, wrong)
                for wrong in one_bit_off(proof, random_)
            )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13])
def test_every_single_bit_of_a_small_tree_counts(size: int) -> None:
    """All 256 bits of every hash of every proof."""
    root = slow_root(0, size)
    for index in range(size):
        path = tree.inclusion(index, size, node)
        for at in range(len(path)):
            for bit in range(256):
                wrong = [*path[:at], flipped(path[at], bit), *path[at + 1 :]]
                assert not tree.includes(LEAVES[index], index, size, wrong, root)
                assert not tree.includes(flipped(LEAVES[index], bit), index, size, path, root)
    for old in range(1, size):
        proof = tree.consistency(old, size, node)
        for at in range(len(proof)):
            for bit in range(256):
                wrong = [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]
                assert not tree.is_consistent(old, slow_root(0, old), size, root, wrong)


@pytest.mark.parametrize("size", [1, 2, 5, 8, 100, 257])
def test_a_proof_too_short_or_too_long_is_refused(size: int) -> None:
    root = slow_root(0, size)
    for index in range(size):
        path = tree.inclusion(index, size, node)
        assert not tree.includes(LEAVES[index], index, size, [*path, LEAVES[0]], root)
        assert not path or not tree.includes(LEAVES[index], index, size, path[:-1], root)
    for old in range(1, size):
        proof = tree.consistency(old, size, node)
        assert not tree.is_consistent(old, slow_root(0, old), size, root, [*proof, LEAVES[0]])
        assert not tree.is_consistent(old, slow_root(0, old), size, root, proof[:-1])


def test_the_empty_tree_is_the_beginning_of_every_tree_without_a_proof() -> None:
    assert tree.EMPTY_ROOT.hex() == VECTORS["roots"][0]
    assert tree.is_consistent(0, tree.EMPTY_ROOT, 9, slow_root(0, 9), tree.consistency(0, 9, node))
    assert not tree.is_consistent(0, LEAVES[0], 9, slow_root(0, 9), [])
    assert not tree.is_consistent(0, tree.EMPTY_ROOT, 9, slow_root(0, 9), [LEAVES[0]])


def test_a_larger_tree_is_never_the_beginning_of_a_smaller_one() -> None:
    assert not tree.is_consistent(9, slow_root(0, 9), 8, slow_root(0, 8), [])
    with pytest.raises(Unprovable):
        tree.consistency(9, 8, node)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    assert not tree.includes(LEAVES[0], index, size, [], LEAVES[0])
    with pytest.raises(Unprovable):
        tree.inclusion(index, size, node)


# Proofs of many leaves at once

some_leaves = st.sets(st.integers(0, MOST - 1), max_size=20)
some_sizes = st.sets(st.integers(1, MOST), min_size=1, max_size=8)


@given(some_leaves, some_sizes)
def test_the_needed_nodes_give_every_root_and_nothing_more_is_needed(
    leaves: set[int], sizes: set[int]
) -> None:
    leaves = {index for index in leaves if index < max(sizes)}
    needed = tree.needed_nodes(leaves, sizes)
    nodes = {place: node(*place) for place in needed}
    given_leaves = {index: LEAVES[index] for index in leaves}
    known = Known(given_leaves, nodes)
    assert [known.root(size) for size in sorted(sizes)] == [slow_root(0, size) for size in sorted(sizes)]
    for place in needed:
        with pytest.raises(LookupError):
            tree.root_from(max(sizes), given_leaves, {p: h for p, h in nodes.items() if p != place})


@given(some_leaves, some_sizes)
def test_the_needed_nodes_and_leaves_fill_the_tree_without_overlap(leaves: set[int], sizes: set[int]) -> None:
    """So that one changed hash changes a root, and a tree that does not continue another cannot look as if it did."""
    leaves = {index for index in leaves if index < max(sizes)}
    covered = sorted(leaves)
    for level, n in tree.needed_nodes(leaves, sizes):
        covered += range(n << level, (n + 1) << level)
    assert sorted(covered) == list(range(max(sizes)))


def test_no_root_is_computed_where_one_hash_hides_another() -> None:
    """A leaf under a given hash would never be looked at."""
    with pytest.raises(Unprovable):
        tree.root_from(4, {0: LEAVES[0]}, {(2, 0): slow_root(0, 4)})
    with pytest.raises(Unprovable):
        tree.root_from(4, {}, {(1, 1): node(1, 1), (2, 0): slow_root(0, 4)})
    with pytest.raises(Unprovable):
        tree.root_from(1, {0: LEAVES[0]}, {(0, 0): LEAVES[0]})


def test_a_leaf_beyond_all_trees_is_refused() -> None:
    with pytest.raises(Unprovable):
        tree.needed_nodes([5], [5])
    assert tree.needed_nodes([], []) == set()
