"""Cases that a store keeps as values: whoever moved the row, what is loaded is what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.db.database import Database
from adapters.db.shelf import Shelf
from adapters.db.sqlite import SqliteStore
from engine.case import Case, CaseId
from engine.ports import CaseWrite, Store
from tests.support.builders import entering, moved, opened, written
from tests.support.histories import MemoryWorld, drive, next_version, organisation_for, program_of
from tests.support.stores import store_of

WORKFLOWS = ("tests/workflows/samples/full.yaml", "workflows/issue.yaml", "workflows/rd_institution.yaml")


@pytest.fixture
def two_stores(database: Database) -> Iterator[tuple[Store, Store]]:
    """Two processes on one database."""
    stores = store_of(database), store_of(database)
    yield stores
    for store in stores:
        store.close()


def load(store: Store, case: CaseId) -> Case:
    with store.unit() as unit:
        return unit.load([case], []).cases[case]


def write_and_fail(store: Store, write: CaseWrite) -> None:
    with store.unit() as unit:
        unit.write(written(write))
        raise ZeroDivisionError


def test_a_case_that_another_process_moved_is_read_anew(two_stores: tuple[Store, Store]) -> None:
    one, other = two_stores
    first = opened("1", entering("left"))
    with one.unit() as unit:
        unit.write(written(first))
    second = moved(load(other, first.case.id), [entering("right")])
    with other.unit() as unit:
        unit.write(written(second))

    assert load(one, first.case.id) == load(other, first.case.id) == second.case


def test_a_case_whose_write_was_taken_back_is_loaded_as_it_is_stored(two_stores: tuple[Store, Store]) -> None:
    store, _ = two_stores
    first = opened("1", entering("left"))
    with store.unit() as unit:
        unit.write(written(first))
    with pytest.raises(ZeroDivisionError):
        write_and_fail(store, moved(first.case, [entering("right")]))

    assert load(store, first.case.id) == first.case


def test_a_full_shelf_makes_room_for_the_latest() -> None:
    cases = [opened(str(n), entering("left")).case for n in range(4)]
    shelf = Shelf(most=2)
    shelf.keep(cases)

    rows = [(case.id, case.head, case.encoded) for case in cases]
    found = shelf.cases(rows)
    assert list(found.values()) == cases
    assert [found[case.id] is case for case in cases] == [False, False, True, True]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_decisions_on_kept_cases_are_those_on_cases_read_back(
    workflow: str, sqlite_database: Database
) -> None:
    program = program_of(workflow)
    later, directory = next_version(program), organisation_for(program.definition)
    store = SqliteStore(sqlite_database)
    for seed in range(3):
        memory, kept = (MemoryWorld([program, later], directory, seed=seed) for _ in range(2))
        kept.engine = replace(kept.engine, store=store)
        read_back = drive(memory, program, directory, seed=seed, steps=40, later=later)

        assert drive(kept, program, directory, seed=seed, steps=40, later=later).events == read_back.events
    store.close()
