"""Two writers over the same cases: no update is lost, nothing waits for ever, and no race is refused without reason."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.db.database import Database
from engine.canonical import verify_chain
from engine.case import CaseId
from engine.errors import CaseExists, StaleCase
from engine.ports import Store
from tests.support.builders import LOG, MORNING, moved, noting, opened, running, written
from tests.support.stores import Backend, store_of

GROUPS = 200
CASES = [CaseId(f"A-{n:02}") for n in range(12)]

Group = Callable[[Store, random.Random], Counter[str]]


def move_some(store: Store, dice: random.Random) -> Counter[str]:
    """One to eight cases in random order, some of them with two events."""
    chosen = dice.sample(CASES, dice.randint(1, 8))
    groups = {case: [[noting(str(n))] for n in range(dice.randint(1, 2))] for case in chosen}
    with store.unit() as unit:
        found = unit.load(chosen, []).cases
        unit.write(written(*(moved(found[case], *groups[case]) for case in chosen)))
    return Counter({case: len(groups[case]) for case in chosen})


def move_what_is_due(store: Store, dice: random.Random) -> Counter[str]:
    with store.unit() as unit:
        due = unit.due(MORNING, dice.randint(1, 8))
        found = unit.load(due, []).cases
        unit.write(written(*(moved(found[case], [noting("到期")]) for case in due)))
    return Counter(due)


def run_in_threads(*runs: tuple[Store, Group]) -> Counter[str]:
    """Each group again and again in its own thread; the sum of what they say they did."""

    def repeat(number: int) -> Counter[str]:
        store, group = runs[number]
        dice = random.Random(number)
        return sum((group(store, dice) for _ in range(GROUPS)), Counter())

    with ThreadPoolExecutor(len(runs)) as threads:
        return sum(threads.map(repeat, range(len(runs))), Counter())


def prepare(store: Store) -> None:
    with store.unit() as unit:
        unit.write(written(*(opened(case, running(due_at=MORNING)) for case in CASES)))


def assert_nothing_was_lost(store: Store, done: Counter[str]) -> None:
    for case in CASES:
        history = store.history(case)
        assert len(history) == 1 + done[case]
        assert verify_chain(LOG, case, history) == []


def test_two_writers_never_lose_an_update_and_never_block_each_other(store: Store) -> None:
    prepare(store)
    done = run_in_threads((store, move_some), (store, move_some))
    assert_nothing_was_lost(store, done)


def test_a_sweeper_and_a_writer_never_lose_an_update(store: Store) -> None:
    prepare(store)
    done = run_in_threads((store, move_some), (store, move_what_is_due), (store, move_what_is_due))
    assert_nothing_was_lost(store, done)


def test_two_processes_on_one_database_never_lose_an_update(sql_backend: Backend, database: Database) -> None:
    """Two stores that share no lock, as two processes do."""
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    neighbour = Database(url)
    other = store_of(neighbour)
    prepare(sql_backend.store)
    done = run_in_threads((sql_backend.store, move_some), (other, move_some))
    assert_nothing_was_lost(sql_backend.store, done)
    other.close()
    neighbour.close()


def test_a_number_raced_for_is_given_once(store: Store) -> None:
    """Both writers open the same numbers, in different orders and under different keys."""

    def open_some(store: Store, dice: random.Random) -> Counter[str]:
        numbers = [f"N-{n}" for n in dice.sample(range(GROUPS), 3)]
        new = [opened(number, command=f"{number}-{dice.random()}") for number in numbers]
        try:
            with store.unit() as unit:
                unit.write(written(*new))
        except CaseExists:
            return Counter()
        return Counter(numbers)

    done = run_in_threads((store, open_some), (store, open_some))
    assert set(done.values()) == {1}
    assert all(
        len(store.history(CaseId(number))) == done[number] for number in (f"N-{n}" for n in range(GROUPS))
    )


def test_a_key_raced_for_is_answered_once(store: Store) -> None:
    def open_under_one_key(store: Store, dice: random.Random) -> Counter[str]:
        new = opened(f"N-{dice.random()}", command=f"k-{dice.randrange(GROUPS)}")
        try:
            with store.unit() as unit:
                unit.write(written(new))
        except StaleCase:
            return Counter()
        return Counter([new.events[0].command])

    done = run_in_threads((store, open_under_one_key), (store, open_under_one_key))
    assert set(done.values()) == {1}


def test_cases_that_one_unit_holds_are_not_due_for_another(postgres_database: Database) -> None:
    store = store_of(postgres_database)
    prepare(store)
    with store.unit() as one, store.unit() as two:
        held = one.due(MORNING, 5)
        assert held == CASES[:5]
        assert two.due(MORNING, 5) == CASES[5:10]
    store.close()


@pytest.mark.parametrize("later", [CASES[0], CASES[5]])
def test_a_decision_on_a_stale_reading_is_refused(store: Store, later: CaseId) -> None:
    prepare(store)
    with store.unit() as unit:
        seen = unit.load([later], []).cases[later]
    with store.unit() as unit:
        unit.write(written(moved(seen, [noting("先到")])))
    with pytest.raises(StaleCase), store.unit() as unit:
        unit.write(written(moved(seen, [noting("后到")])))
