"""The heads manifest against a plain list and plain hashlib."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import tree
from engine.heads import Heads, NotListed

CASES = [("2026-000003", 4, "cc" * 32), ("2026-000001", 1, "aa" * 32), ("journal", 9, "dd" * 32)]


def test_a_leaf_is_the_hash_of_the_canonical_line_in_the_byte_order_of_ids() -> None:
    expected = [
        hashlib.sha256(b"\x00" + line).digest()
        for line in (
            b'["2026-000001",1,"' + b"aa" * 32 + b'"]',
            b'["2026-000003",4,"' + b"cc" * 32 + b'"]',
            b'["journal",9,"' + b"dd" * 32 + b'"]',
        )
    ]
    left = hashlib.sha256(b"\x01" + expected[0] + expected[1]).digest()
    assert Heads(CASES).root == hashlib.sha256(b"\x01" + left + expected[2]).digest()


def test_a_line_is_proven_and_a_changed_one_is_not() -> None:
    heads = Heads(CASES)
    placed = heads.proof("2026-000003")
    assert placed.is_in(3, heads.root)
    assert placed.line == ("2026-000003", 4, "cc" * 32)
    cut = replace(placed, line=placed.line._replace(seq=3))
    assert not cut.is_in(3, heads.root)


@pytest.mark.parametrize(
    ("case", "before", "after"),
    [
        ("2026-000002", "2026-000001", "2026-000003"),
        ("2026-000000", None, "2026-000001"),
        ("z", "journal", None),
    ],
)
def test_two_neighbours_show_that_a_case_never_existed(
    case: str, before: str | None, after: str | None
) -> None:
    heads = Heads(CASES)
    found = heads.absent(case)
    assert [each and each.line.case for each in found] == [before, after]
    assert all(each is None or each.is_in(3, heads.root) for each in found)
    if found[0] and found[1]:
        assert found[0].index + 1 == found[1].index


def test_what_is_listed_is_not_absent_and_what_is_not_has_no_line() -> None:
    heads = Heads(CASES)
    with pytest.raises(NotListed):
        heads.absent("journal")
    for ask in (heads.line, heads.proof):
        with pytest.raises(NotListed):
            ask("2026-000002")


def test_an_empty_manifest_has_the_root_of_the_empty_tree() -> None:
    assert Heads([]).root == tree.EMPTY_ROOT
    assert Heads([]).absent("x") == (None, None)


@given(st.dictionaries(st.text("0123456789-é企", min_size=1, max_size=6), st.integers(1, 99), max_size=40))
def test_every_line_of_any_manifest_is_proven(cases: dict[str, int]) -> None:
    heads = Heads((case, seq, "ab" * 32) for case, seq in cases.items())
    assert [line.case for line in heads.lines] == sorted(cases, key=lambda case: case.encode())
    for case in cases:
        assert heads.proof(case).is_in(heads.size, heads.root)
