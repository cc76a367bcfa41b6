"""Work in the background on real databases: done once, never lost, never in anybody's way. Each test is a known failure
of some engine (notes on evidence and delivery): leases outlived, poison, missed periods, cases that cannot ring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters.bootstrap import Container
from adapters.clock import MovedClock
from adapters.db import migrate
from adapters.db.tasks import TaskId
from adapters.metrics import new_metrics
from adapters.settings import Settings
from engine.audit.journal import EntryType
from engine.case import CaseId
from engine.commands import Command
from engine.errors import UnknownWorkflow
from engine.events import read
from engine.runtime import Outcome
from tests.support.depot import (
    CHASE,
    MONDAY,
    PARCEL,
    depot,
    do,
    fired,
    lost,
    open_many,
    people,
    publish,
    step,
    task_states,
    unfinished,
)
from tests.support.evidence import faults_of
from tests.support.stores import stored_rows
from workers.sweeper import Sweeper
from workers.tasks import Performer, Submit

LEASE = timedelta(seconds=Settings.model_fields["lease_seconds"].default)

FRIDAY_NIGHT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)  # 20:00 in China, after four working days


class Hand:
    """One worker at a desk: it performs and sweeps when told, in the thread that tells it."""

    def __init__(
        self, container: Container, name: str, submit: Callable[[Submit], Submit] = lambda s: s
    ) -> None:
        self.writer = container.writer()
        self.metrics = new_metrics(lambda: container.views.owed(container.now()))
        self.performer = Performer(container, submit(self.writer.submit), self.metrics, worker=name)
        self.sweeper = Sweeper(container, self.performer, self.metrics)


Hire = Callable[..., Hand]


@contextmanager
def hands(container: Container) -> Iterator[Hire]:
    hired: list[Hand] = []

    def hire(name: str = "w-1", submit: Callable[[Submit], Submit] = lambda s: s) -> Hand:
        hired.append(Hand(container, name, submit))
        return hired[-1]

    try:
        yield hire
    finally:
        for hand in hired:
            hand.writer.close()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(MONDAY)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found = (
        f"sqlite:///{tmp_path / 'depot.db'}"
        if request.param == "sqlite"
        else str(request.getfixturevalue("postgres_url"))
    )
    migrate.upgrade(found)
    return found


@pytest.fixture
def container(url: str, clock: MovedClock) -> Iterator[Container]:
    with depot(url, clock=clock) as found:
        yield found


@pytest.fixture
def hire(container: Container) -> Iterator[Hire]:
    with hands(container) as found:
        yield found


def warned_of(*names: str) -> str:
    """The workflow as it is, and those roles are warned when the holder is reminded."""
    remind = "    remind: [2 working hours before]\n"
    return PARCEL.replace(remind, f"{remind}    warn: [{', '.join(names)}]\n").replace(
        "version: 1", "version: 2"
    )


def test_a_holder_who_is_also_to_be_warned_is_reminded_once(
    container: Container, clock: MovedClock, hire: Hire
) -> None:
    """Due on Tuesday at 17:30; two working hours before is 15:30. What the event records is not changed by it."""
    publish(container, warned_of("clerk", "chief"))
    case = do(container, lost(container, "k-1"))
    clock.advance(timedelta(days=1, hours=6, minutes=30))
    hire().sweeper.tick()

    assert notices(container, "p-clerk") == {"arrived": 1, "reminder": 1}
    assert notices(container, "p-chief") == {"reminder": 1}
    last = read(container.views.history(case)[-1])
    told = [effect["people"] for effect in last.effects]
    assert told == [["p-clerk"], ["p-clerk"], ["p-chief"]]


def change(container: Container, statement: str, **values: Any) -> None:
    """Damage done behind the engine's back."""
    with container.database.writing() as connection:
        assert connection.execute(text(statement), values).rowcount == 1


def notices(container: Container, person: str) -> Counter[str]:
    return Counter(notice.kind for notice in container.notices.told(person, limit=10_000))


def chases(container: Container) -> list[str]:
    return [row["id"] for row in stored_rows(container.database, "case") if row["workflow"] == "chase"]


# Tasks


def test_a_notice_reaches_each_person_once_and_can_be_read_once(container: Container, hire: Hire) -> None:
    case = do(container, lost(container, "k-1"))
    do(container, step(case, "find", "k-2", found="货架后"))
    hire().performer.run_ready()
    assert notices(container, "p-chief") == {"step": 1}
    assert notices(container, "p-clerk") == {"arrived": 1, "step": 1}
    first = container.notices.told("p-chief", unread=True)[0]
    assert (first.case, first.body["state"]) == (case, "missing")
    assert not container.notices.read(first.id, "p-clerk", MONDAY)
    assert container.notices.read(first.id, "p-chief", MONDAY)
    assert not container.notices.read(first.id, "p-chief", MONDAY)
    assert container.notices.told("p-chief", unread=True) == []


def test_a_task_that_many_are_hinted_at_is_done_by_one(container: Container, hire: Hire) -> None:
    open_many(container, 20)
    hinted = [TaskId(task) for task in task_states(container)]
    workers = [hire(f"w-{n}") for n in range(4)]
    with ThreadPoolExecutor(8) as threads:
        claimed = list(threads.map(lambda n: workers[n % 4].performer.run(hinted), range(16)))
    assert sum(claimed) == len(hinted) == 20
    assert {row["attempts"] for row in stored_rows(container.database, "task")} == {1}
    assert notices(container, "p-clerk") == {"arrived": 20}


def test_an_opened_case_is_related_to_the_one_that_asked_for_it(container: Container, hire: Hire) -> None:
    parcel = do(container, lost(container, "k-1"))
    do(container, step(parcel, "chase", "k-2"))
    hire().sweeper.tick()
    (chase,) = chases(container)
    loaded = [stored_case(container, case) for case in (parcel, CaseId(chase))]
    assert [case.related for case in loaded] == [
        {chase: {"news": "opened", "relation": "chase"}},
        {parcel: {"news": "cause", "relation": "chase"}},
    ]
    assert unfinished(container) == []


def stored_case(container: Container, case: CaseId) -> Any:
    with container.store.unit() as unit:
        return unit.load([case], []).cases[case]


def test_a_worker_slower_than_its_lease_loses_the_task_and_nothing_is_done_twice(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    parcel = do(container, lost(container, "k-1"))
    hire().sweeper.tick()
    do(container, step(parcel, "chase", "k-2"))
    quick = hire("w-quick")

    def slow(submit: Submit) -> Submit:
        def submit_late(command: Command) -> Future[Outcome]:
            clock.advance(LEASE)
            assert quick.performer.run_ready() == 1  # the lease ran out: another one does it meanwhile
            return submit(command)

        return submit_late

    assert hire("w-slow", slow).performer.run_ready() == 1
    assert len(chases(container)) == 1
    (opening,) = (row for row in stored_rows(container.database, "task") if row["kind"] == "open")
    assert (opening["state"], opening["attempts"]) == ("done", 2)


def test_a_task_that_always_fails_is_given_up_after_eight_tries_and_holds_nobody_up(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    open_many(container, 5)
    poisoned = min(task_states(container))
    change(container, "UPDATE task SET body = :body WHERE id = :id", body=b"{}", id=poisoned)
    worker = hire()
    worker.performer.run_ready()
    assert unfinished(container) == [poisoned]
    tries = 1
    while task_states(container)[poisoned] == "ready":
        clock.advance(timedelta(minutes=10))
        tries += worker.performer.run_ready()
    assert tries == 8
    (dead,) = container.tasks.listed("dead")
    assert (dead.id, dead.last_error) == (poisoned, "KeyError: 'people'")
    clock.advance(timedelta(days=30))
    assert worker.performer.run_ready() == 0


def test_what_can_never_succeed_is_given_up_at_once_listed_and_can_be_run_again(
    url: str, clock: MovedClock
) -> None:
    with depot(url, clock=clock) as container, hands(container) as hire:
        publish(
            container, PARCEL.replace("version: 1", "version: 2").replace("workflow: chase", "workflow: hunt")
        )
        parcel = do(container, lost(container, "k-1"))
        do(container, step(parcel, "chase", "k-2"))
        hire().sweeper.tick()
        (dead,) = container.tasks.listed("dead")
        assert (dead.kind, dead.attempts, dead.last_error.split(":")[0]) == ("open", 1, UnknownWorkflow.code)
        publish(container, CHASE.replace("workflow: chase", "workflow: hunt"))
        assert container.tasks.rerun(dead.id, clock())
        hire().sweeper.tick()
        assert unfinished(container) == []
        assert stored_case(container, parcel).related != {}


def test_tasks_of_a_worker_that_was_killed_are_done_by_another_one(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    open_many(container, 3)
    container.tasks.claim_ready("w-killed/1", MONDAY, LEASE, 100)
    worker = hire()
    assert worker.sweeper.tick().performed == 0
    clock.advance(LEASE)
    assert worker.sweeper.tick().performed == 3
    assert unfinished(container) == []


# Obligations


def test_periods_missed_while_nobody_worked_fire_once_each_and_say_how_late(
    container: Container, hire: Hire, clock: MovedClock, url: str
) -> None:
    cases = open_many(container, 60)
    clock.move_to(FRIDAY_NIGHT)
    with depot(url, clock=clock) as other, hands(other) as hire_there:
        sweepers = [hire("w-1").sweeper, hire_there("w-2").sweeper]
        with ThreadPoolExecutor(2) as threads:
            swept = [f.result() for f in [threads.submit(s.tick) for s in sweepers]]
        sweepers[0].tick()  # what one of them asked for after the other had looked
    assert sum(s.fired for s in swept) == 60 * 4
    for case in cases:
        assert [(f["rung"], timedelta(seconds=f["late_seconds"])) for f in fired(container, case)] == [
            ("remind-1", FRIDAY_NIGHT - on(24, 7, 30)),
            ("due", FRIDAY_NIGHT - on(24, 9, 30)),
            ("late-1", FRIDAY_NIGHT - on(25, 9, 30)),
            ("late-2", FRIDAY_NIGHT - on(27, 9, 30)),
        ]
    assert len(chases(container)) == 60
    assert unfinished(container) == []
    # Told by each rung, of arriving at each of two cases, and that the chase was opened.
    assert notices(container, "p-chief") == {"overdue": 120, "arrived": 120, "related_opened": 60}
    assert notices(container, "p-clerk") == {"arrived": 60, "reminder": 60, "overdue": 180}
    assert container.views.owed(clock()).overdue_timers == 0


def on(day: int, hour: int, minute: int) -> datetime:
    """A moment of that week, UTC; 09:30 UTC is the close of business, 17:30 in China."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_case_that_cannot_ring_is_listed_and_the_others_still_fire(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    broken, *sound = open_many(container, 5)
    digest = str(stored_case(container, broken).digest)
    exchange_digest(container, broken, digest, "0" * 64)
    clock.move_to(FRIDAY_NIGHT)
    worker = hire()
    worker.sweeper.tick()
    assert [len(fired(container, case)) for case in sound] == [4, 4, 4, 4]
    owed = container.views.owed(clock())
    assert (owed.set_aside, owed.overdue_timers) == (1, 0)
    (dead,) = container.tasks.listed("dead")
    assert (dead.case, dead.kind) == (broken, "ring")
    exchange_digest(container, broken, "0" * 64, digest)
    assert container.tasks.rerun(dead.id, clock())
    worker.sweeper.tick()
    worker.sweeper.tick()
    assert len(fired(container, broken)) == 4
    assert container.views.owed(clock()).set_aside == 0
    assert unfinished(container) == []


def exchange_digest(container: Container, case: CaseId, old: str, new: str) -> None:
    (row,) = (row for row in stored_rows(container.database, "case") if row["id"] == case)
    body = row["body"].replace(old.encode(), new.encode())
    change(container, 'UPDATE "case" SET body = :body WHERE id = :id', body=body, id=case)


def test_ten_sweepers_that_look_at_the_same_moment_fire_each_rung_once(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    cases = open_many(container, 30)
    clock.move_to(on(24, 9, 30))
    sweepers = [hire(f"w-{n}").sweeper for n in range(10)]
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda s: s.tick(), sweepers))
    assert [[f["rung"] for f in fired(container, case)] for case in cases] == [["remind-1", "due"]] * 30


def test_a_clock_that_steps_back_stops_neither_the_beat_nor_the_work(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    worker = hire("w-1")
    worker.sweeper.tick()
    clock.advance(timedelta(hours=-2))
    case = do(container, lost(container, "k-1"))
    worker.sweeper.tick()
    assert container.views.owed(clock()).beats == {"w-1": clock()}
    assert unfinished(container) == []
    clock.move_to(on(24, 7, 30))
    worker.sweeper.tick()
    assert [f["rung"] for f in fired(container, case)] == ["remind-1"]


def test_what_was_recorded_comes_into_the_signed_log_beside_all_other_work(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    worker = hire("w-1")
    open_many(container, 30)
    sweep(worker.sweeper)
    clock.advance(timedelta(seconds=10))
    sweep(worker.sweeper)
    latest = container.checkpoints.latest()
    assert latest is not None
    with container.database.reading() as connection:
        events = connection.scalar(text("SELECT count(*) FROM event"))
    assert container.tiles.size() == events
    assert latest[0].size == events
    assert faults_of(container.database) == []
    assert container.integrator.delay(clock()) == 0.0


def test_the_heads_of_all_cases_are_listed_once_a_local_day(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    worker, other = hire("w-1"), hire("w-2")
    for _ in range(48 * 2):
        sweep(worker.sweeper)
        sweep(other.sweeper)
        clock.advance(timedelta(minutes=30))
    days = [entry["data"]["day"] for entry in container.journal.entries(EntryType.HEADS_LISTED)]
    assert days == ["2026-11-23", "2026-11-24", "2026-11-25"]


def test_where_nothing_may_be_signed_the_tree_grows_and_it_is_said_once_a_minute(
    container: Container, hire: Hire, clock: MovedClock
) -> None:
    worker = hire("w-1")
    sweep(worker.sweeper)
    container.settings.key.unlink()
    for n in range(120):
        do(container, lost(container, f"k-{n}"))
        worker.sweeper.tick()
        clock.advance(timedelta(seconds=1))
    sweep(worker.sweeper)
    failures = worker.metrics.registry.get_sample_value("bihuan_sweep_failures_total", {"part": "checkpoint"})
    assert failures in (1, 2)
    assert container.integrator.delay(clock()) == 0.0
    assert "没有日志密钥" in container.keys.fault()


def sweep(sweeper: Sweeper) -> None:
    while sweeper.tick().more:
        pass


def test_what_another_process_published_is_seen_after_a_while(
    container: Container, hire: Hire, clock: MovedClock, url: str
) -> None:
    worker = hire()
    worker.sweeper.tick()
    with depot(url, clock=clock) as other:
        publish(other, CHASE.replace("version: 1", "version: 2"))
        other.directories.adopt(people(), MONDAY)
    clock.advance(timedelta(minutes=1))
    worker.sweeper.tick()
    assert container.definitions.current("chase", clock()).definition.version == 2
