"""A task is done by one worker at a time, is never lost with a worker, and is given up after eight tries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import chain

import pytest

from adapters.db.database import Database
from adapters.db.tasks import Task, TaskId, Tasks
from engine.case import CaseId, CommandId
from engine.ports import Store
from tests.support.builders import MORNING, moved, opened, written
from tests.support.stores import Backend

LEASE = timedelta(minutes=5)
FIRST = TaskId("A-1.1.0")


def after(minutes: int) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def ask(store: Store, case: str, count: int, at: datetime = MORNING) -> None:
    """Tasks `<case>.1.0`, `<case>.1.1`, …"""
    with store.unit() as unit:
        unit.write(written(opened(case, at=at, effects=[{"kind": "notify", "n": n} for n in range(count)])))


@pytest.fixture
def tasks(database: Database, sql_backend: Backend) -> Tasks:
    ask(sql_backend.store, "A-1", 1)
    return Tasks(database)


def try_in_vain(tasks: Tasks, times: int, start: int = 0) -> None:
    for n in range(start, start + times):
        assert tasks.claim(FIRST, "w-1", after(n), LEASE)
        assert tasks.fail(FIRST, "w-1", f"错误{n}", after(n + 1))


def test_a_claimed_task_is_what_the_event_asked_for(tasks: Tasks) -> None:
    assert tasks.claim(FIRST, "w-1", MORNING, LEASE) == Task(
        id=FIRST,
        kind="notify",
        case=CaseId("A-1"),
        seq=1,
        n=0,
        command=CommandId("A-1-1"),
        effect={"kind": "notify", "n": 0},
        due_at=MORNING,
        state="leased",
        attempts=1,
        last_error="",
    )


def test_each_task_names_the_command_that_asked_for_it(tasks: Tasks, sql_backend: Backend) -> None:
    first = opened("A-2", effects=[{"kind": "notify"}], command="k-1")
    later = moved(first.case, [], effects=[{"kind": "notify"}])
    for write in (first, later):
        with sql_backend.store.unit() as unit:
            unit.write(written(write))
    wanted = {"A-1.1.0": "A-1-1", "A-2.1.0": "k-1", "A-2.2.0": "A-2-2"}
    assert {task.id: task.command for task in tasks.listed("ready")} == wanted
    assert {task.id: task.command for task in tasks.claim_ready("w-1", after(60), LEASE, 10)} == wanted


def test_a_claimed_task_is_nobody_elses_until_its_lease_ends(tasks: Tasks) -> None:
    assert tasks.claim(FIRST, "w-1", MORNING, LEASE)
    assert tasks.claim(FIRST, "w-2", after(4), LEASE) is None
    assert tasks.due(after(4), 10) == []
    assert tasks.due(after(5), 10) == [FIRST]
    again = tasks.claim(FIRST, "w-2", after(5), LEASE)
    assert again is not None
    assert again.attempts == 2


def test_a_task_is_not_claimed_before_it_is_due_or_if_it_does_not_exist(tasks: Tasks) -> None:
    assert tasks.claim(FIRST, "w-1", after(-1), LEASE) is None
    assert tasks.claim(TaskId("A-9.1.0"), "w-1", MORNING, LEASE) is None


def test_a_finished_task_is_never_due_again(tasks: Tasks) -> None:
    tasks.claim(FIRST, "w-1", MORNING, LEASE)
    assert tasks.finish(FIRST, "w-1", after(1))
    assert not tasks.finish(FIRST, "w-1", after(1))
    assert tasks.due(after(999), 10) == []
    assert tasks.claim(FIRST, "w-2", after(999), LEASE) is None


def test_a_worker_that_lost_its_lease_settles_nothing(tasks: Tasks) -> None:
    tasks.claim(FIRST, "w-1", MORNING, LEASE)
    tasks.claim(FIRST, "w-2", after(5), LEASE)
    assert not tasks.finish(FIRST, "w-1", after(6))
    assert not tasks.fail(FIRST, "w-1", "太迟", after(6))
    assert tasks.finish(FIRST, "w-2", after(6))


def test_a_failed_task_comes_back_when_it_is_to_be_tried_again(tasks: Tasks) -> None:
    try_in_vain(tasks, 1)
    assert tasks.due(MORNING, 10) == []
    again = tasks.claim(FIRST, "w-2", after(1), LEASE)
    assert again is not None
    assert again.last_error == "错误0"


def test_after_eight_failures_a_task_is_dead_and_can_be_run_again(tasks: Tasks) -> None:
    try_in_vain(tasks, 8)
    assert tasks.due(after(999), 10) == []
    assert [(task.id, task.last_error) for task in tasks.listed("dead")] == [(FIRST, "错误7")]
    assert tasks.rerun(FIRST, after(20))
    assert not tasks.rerun(FIRST, after(20))
    try_in_vain(tasks, 8, start=20)
    assert len(tasks.listed("dead")) == 1


def test_a_task_whose_eighth_worker_never_answers_is_buried(tasks: Tasks) -> None:
    try_in_vain(tasks, 7)
    tasks.claim(FIRST, "w-1", after(7), LEASE)
    assert tasks.bury(after(11)) == 0
    assert tasks.claim(FIRST, "w-2", after(12), LEASE) is None
    assert tasks.bury(after(12)) == 1
    assert [task.id for task in tasks.listed("dead")] == [FIRST]


def test_due_tasks_are_leased_earliest_first_and_no_more_than_asked_for(
    tasks: Tasks, sql_backend: Backend
) -> None:
    ask(sql_backend.store, "A-0", 2, at=after(2))
    claimed = tasks.claim_ready("w-1", after(2), LEASE, 2)
    assert [task.id for task in claimed] == ["A-1.1.0", "A-0.1.0"]
    assert [task.id for task in tasks.claim_ready("w-2", after(2), LEASE, 9)] == ["A-0.1.1"]


def test_workers_that_claim_at_the_same_time_never_share_a_task(tasks: Tasks, sql_backend: Backend) -> None:
    ask(sql_backend.store, "B-1", 300)

    def work(owner: str) -> list[TaskId]:
        claimed = []
        while found := tasks.claim_ready(owner, MORNING, LEASE, 7):
            claimed += [task.id for task in found]
        return claimed

    with ThreadPoolExecutor(4) as threads:
        claimed = chain.from_iterable(threads.map(work, ["w-1", "w-2", "w-3", "w-4"]))
    assert sorted(claimed) == sorted([FIRST, *(f"B-1.1.{n}" for n in range(300))])


def test_one_task_claimed_by_many_goes_to_one(tasks: Tasks) -> None:
    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda n: tasks.claim(FIRST, f"w-{n}", MORNING, LEASE), range(16)))
    assert sum(claim is not None for claim in claims) == 1
