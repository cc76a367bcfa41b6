"""Events come into the tree once each, in order, whatever happens at the same time; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import text

from adapters.db.database import Database
from adapters.db.evidence_tables import TILE
from adapters.evidence.integrator import Integrator
from adapters.evidence.tiles import Tiles, TreeBroken, extend
from engine.ports import Store
from engine.tree import Unprovable
from tests.support.builders import MORNING, after, moved, noting, opened, written
from tests.support.evidence import (
    Evidence,
    evidence_over,
    faults_of,
    leaves_of,
    plain_leaf,
    plain_root,
)
from tests.support.stores import Backend, store_of, stored_rows, write


@pytest.fixture
def evidence(database: Database, tmp_path: Path) -> Evidence:
    return evidence_over(database, tmp_path)


@pytest.fixture
def store(sql_backend: Backend) -> Store:
    return sql_backend.store


def indices(database: Database) -> list[tuple[str, int]]:
    return [(leaf["case_id"], leaf["seq"]) for leaf in leaves_of(database)]


def test_events_come_in_by_moment_then_case_then_seq(store: Store, evidence: Evidence) -> None:
    write(store, first := opened("B"), opened("A"), opened("C", at=after(-1)))
    write(store, moved(first.case, [noting("一")], [noting("二")], at=MORNING))
    ran = evidence.integrator.run(after(1))
    assert (ran.leaves, ran.more, ran.delay_seconds) == (5, False, 0.0)
    assert indices(evidence.database) == [("C", 1), ("A", 1), ("B", 1), ("B", 2), ("B", 3)]
    assert faults_of(evidence.database) == []


def test_a_group_is_bounded_and_says_how_old_the_rest_is(store: Store, evidence: Evidence) -> None:
    write(store, *(opened(f"A-{n}", at=MORNING + timedelta(seconds=n)) for n in range(5)))
    ran = evidence.integrator.run(after(1), limit=3)
    assert (ran.leaves, ran.more, ran.delay_seconds) == (3, True, 3600.0 - 3)
    assert evidence.integrator.delay(after(1)) == 3600.0 - 3
    assert evidence.integrator.run(after(1), limit=3).leaves == 2
    assert evidence.integrator.run(after(1)).leaves == 0
    assert evidence.integrator.delay(after(1)) == 0.0
    assert faults_of(evidence.database) == []


def test_an_earlier_event_that_arrives_later_is_not_lost(store: Store, evidence: Evidence) -> None:
    """It has an earlier moment and a smaller case id than what is in the tree."""
    write(store, opened("B", at=after(2)))
    evidence.integrator.catch_up(after(3))
    write(store, opened("A", at=after(1)))
    evidence.integrator.catch_up(after(3))
    assert indices(evidence.database) == [("B", 1), ("A", 1)]
    assert faults_of(evidence.database) == []


def test_a_transaction_that_commits_after_a_later_one_is_not_lost(
    postgres_database: Database, tmp_path: Path
) -> None:
    """Only PostgreSQL lets an earlier moment commit later: it stays open while the integrator works on what followed."""
    evidence = evidence_over(postgres_database, tmp_path)
    early, late = store_of(postgres_database), store_of(postgres_database)
    try:
        for n in range(20):
            with early.unit() as unit:
                unit.write(written(opened(f"A-{n:02}", at=MORNING)))
                write(late, opened(f"B-{n:02}", at=after(1)))
                assert evidence.integrator.run(after(2)).leaves == 1
            assert evidence.integrator.run(after(2)).leaves == 1
    finally:
        early.close()
        late.close()
    assert len(leaves_of(postgres_database)) == 40
    assert faults_of(postgres_database) == []


def test_the_journal_is_in_the_tree_as_any_case(store: Store, evidence: Evidence) -> None:
    write(store, opened("A"))
    evidence.manifests.record(after(1))
    evidence.integrator.catch_up(after(1))
    assert indices(evidence.database) == [("A", 1), ("journal", 1), ("journal", 2)]
    assert faults_of(evidence.database) == []


def test_several_integrators_beside_writers_give_every_event_one_index(
    database: Database, sql_backend: Backend
) -> None:
    writers = [store_of(database) for _ in range(3)]

    def add(number: int) -> None:
        for n in range(30):
            write(writers[number], new := opened(f"{number}-{n:02}", at=MORNING + timedelta(seconds=n)))
            write(writers[number], moved(new.case, [noting("一")], [noting("二")]))

    def integrate(_: int) -> int:
        integrator, idle, total = Integrator(database), 0, 0
        while idle < 50:
            done = integrator.run(after(1), limit=7).leaves
            idle, total = 0 if done else idle + 1, total + done
        return total

    with ThreadPoolExecutor(6) as threads:
        working = [threads.submit(integrate, n) for n in range(3)]
        list(threads.map(add, range(3)))
        done = sum(work.result() for work in working)
    done += Integrator(database).catch_up(after(1))
    for each in writers:
        each.close()
    assert done == 3 * 30 * 3
    assert len(leaves_of(database)) == done
    assert faults_of(database) == []


def test_a_group_that_fails_leaves_nothing_behind(store: Store, evidence: Evidence) -> None:
    write(store, opened("A"), opened("B"))
    evidence.integrator.run(after(1), limit=1)
    with evidence.database.writing() as connection:
        connection.execute(TILE.update().values(data=b"\x00" * 64))
    with pytest.raises(TreeBroken):
        evidence.integrator.run(after(1))
    assert len(leaves_of(evidence.database)) == 1


def test_what_is_hashed_is_the_bytes_and_not_the_column(store: Store, evidence: Evidence) -> None:
    write(store, opened("A"))
    off = (
        "DROP TRIGGER event_no_update"
        if evidence.database.is_sqlite
        else "ALTER TABLE event DISABLE TRIGGER USER"
    )
    with evidence.database.writing() as connection:
        for statement in (off, "UPDATE event SET hash = 'x'"):
            connection.execute(text(statement))
    evidence.integrator.catch_up(after(1))
    assert faults_of(evidence.database) == []


# Tiles


def leaf(n: int) -> bytes:
    return plain_leaf(str(n).encode())


def grown(database: Database, sizes: Iterator[int] | list[int]) -> None:
    done = 0
    for size in sizes:
        with database.writing() as connection:
            extend(connection, done, [leaf(n) for n in range(done, size)])
        done = size


def layout(database: Database) -> dict[int, list[int]]:
    """Widths of the tiles of each level, by n."""
    found: dict[int, list[int]] = {}
    for row in stored_rows(database, "tile"):
        found.setdefault(row["level"], []).append(len(row["data"]) // 32)
    return found


def test_a_tree_of_70000_leaves_has_the_tiles_that_tlog_tiles_counts(database: Database) -> None:
    """ "273 full level 0 tiles, one partial level 0 tile of width 112, one full level 1 tile, one partial level 1 tile of
    width 17, and one partial level 2 tile of width 1.\""""
    grown(database, [999, 1000, 65_536, 70_000])
    assert layout(database) == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    leaves = [leaf(n) for n in range(70_000)]
    tiles = Tiles(database)
    assert tiles.root(70_000) == plain_root(leaves)
    assert tiles.root(65_536) == plain_root(leaves[:65_536])
    assert tiles.tile(1, 0)[-32:] == plain_root(leaves[255 * 256 : 65_536])


def test_a_tree_of_256_leaves_has_a_full_tile_and_one_of_width_1(database: Database) -> None:
    grown(database, [256])
    assert layout(database) == {0: [256], 1: [1]}


def test_every_node_of_a_tree_is_the_plain_root_of_its_leaves(sqlite_database: Database) -> None:
    size = 600
    grown(sqlite_database, [*range(7, size, 13), size])
    leaves = [leaf(n) for n in range(size)]
    tiles = Tiles(sqlite_database)
    with tiles.view() as view:
        for level in range(10):
            for n in range(size >> level):
                assert view.node(level, n) == plain_root(leaves[n << level : (n + 1) << level])
        for level, n in ((0, size), (9, 1), (4, size >> 4), (16, 0)):
            with pytest.raises(Unprovable):
                view.node(level, n)


def test_a_tree_that_does_not_fit_its_tiles_is_not_extended(database: Database) -> None:
    grown(database, [300])
    for size in (299, 301, 256):
        with pytest.raises(TreeBroken), database.writing() as connection:
            extend(connection, size, [leaf(0)])
    assert layout(database) == {0: [256, 44], 1: [1]}


def test_two_events_never_have_one_index(store: Store, database: Database) -> None:
    write(store, opened("A"), opened("B"))
    with pytest.raises(sqlalchemy.exc.IntegrityError), database.writing() as connection:
        connection.execute(text("UPDATE event SET leaf_index = 0"))
