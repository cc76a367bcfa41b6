"""Hints make work quick, never necessary: with the queue in the process, in Redis, emptied, killed, or absent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from adapters.bootstrap import Container
from adapters.clock import system_now
from adapters.db import migrate
from adapters.db.tasks import TaskId
from engine.case import CaseId
from engine.runtime import Accepted
from tests.support.depot import depot, lost, open_many, step, unfinished
from tests.support.servers import Server
from tests.support.stores import stored_rows
from tests.support.waiting import wait_until
from workers.actors import enqueue
from workers.broker import build_broker, close_broker
from workers.embedded import Running, running

NO_SWEEP = 60.0  # after its first pass the sweeper stays away: only hints can bring the work about
OFTEN = 0.05

WORKER = """
from adapters.settings import Settings
from workers.main import work
work(Settings())
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    migrate.upgrade(f"sqlite:///{tmp_path / 'depot.db'}")
    return f"sqlite:///{tmp_path / 'depot.db'}"


@contextmanager
def at_work(
    url: str, *, redis_url: str | None = None, sweep: float = NO_SWEEP
) -> Iterator[tuple[Container, Running]]:
    """A process at work, whose sweeper has made its first pass."""
    with depot(url, redis_url=redis_url, sweep_seconds=sweep) as container, running(container) as process:
        wait_until(lambda: process.worker in container.views.owed(container.now()).beats)
        yield container, process


def send(container: Container, process: Running, name: str) -> CaseId:
    """A lost parcel for which a chase is asked: two commands, five tasks in a chain of three commits."""
    outcome = process.writer.handle(lost(container, f"{name}/open"))
    assert isinstance(outcome, Accepted)
    parcel = CaseId(outcome.receipt["case"])
    assert isinstance(process.writer.handle(step(parcel, "chase", f"{name}/chase")), Accepted)
    return parcel


def is_done(container: Container, cases: int) -> Callable[[], bool]:
    """Every parcel has its chase, knows of it, and no task is left."""

    def done() -> bool:
        return len(stored_rows(container.database, "task")) == 5 * cases and not unfinished(container)

    return done


def told(container: Container) -> Mapping[tuple[str, str], int]:
    """How often each person was told each thing of each case, and at most."""
    return Counter(
        (row["person"], row["case_id"] + row["kind"]) for row in stored_rows(container.database, "notice")
    )


def dropped(process: Running) -> float:
    return process.metrics.registry.get_sample_value("bihuan_hints_dropped_total") or 0.0


@pytest.mark.parametrize("with_redis", [False, True], ids=["in the process", "redis"])
def test_a_hint_is_enough(url: str, with_redis: bool, request: pytest.FixtureRequest) -> None:
    redis_url = request.getfixturevalue("redis_url") if with_redis else None
    with at_work(url, redis_url=redis_url) as (container, process):
        send(container, process, "one")
        wait_until(is_done(container, 1))
        assert dropped(process) == 0


def test_the_id_of_the_command_goes_with_its_tasks_into_the_log(url: str) -> None:
    with capture_logs() as lines, at_work(url) as (container, process):
        parcel = send(container, process, "one")
        wait_until(is_done(container, 1))
        wait_until(lambda: len([line for line in lines if line["event"] == "task_done"]) == 5)
    story = {(line["correlation_id"], line["kind"]) for line in lines if line["event"] == "task_done"}
    opening = f"effect/{parcel}.2.0"
    (chase,) = (row["id"] for row in stored_ids(url) if row["workflow"] == "chase")
    assert story == {
        ("one/open", "notify"),
        ("one/chase", "open"),
        (opening, "notify"),
        (opening, "relate"),
        (f"effect/{chase}.1.0", "notify"),
    }


def stored_ids(url: str) -> list[dict[str, str]]:
    with depot(url) as container:
        return stored_rows(container.database, "case")


def test_hints_that_come_late_twice_or_for_nothing_are_harmless(url: str, redis_url: str) -> None:
    with at_work(url, redis_url=redis_url) as (container, process):
        send(container, process, "one")
        wait_until(is_done(container, 1))
        before = told(container)
        broker = build_broker(container.settings)
        for task in [*unsettled_or_not(container), TaskId("no-such-case.1.0")] * 3:
            enqueue(broker, [task])
        send(container, process, "two")
        wait_until(is_done(container, 2))
        close_broker(broker)
        assert before.items() <= told(container).items()
        assert set(told(container).values()) == {1}


def unsettled_or_not(container: Container) -> list[TaskId]:
    return [TaskId(row["id"]) for row in stored_rows(container.database, "task")]


def test_a_redis_that_is_emptied_again_and_again_loses_nothing(url: str, redis_url: str) -> None:
    with at_work(url, redis_url=redis_url, sweep=OFTEN) as (container, process):
        with redis.Redis.from_url(redis_url) as client:
            for n in range(40):
                send(container, process, f"{n}")
                client.flushall()
        wait_until(is_done(container, 40))
        assert set(told(container).values()) == {1}


def test_while_redis_is_away_hints_are_dropped_and_the_sweeper_does_the_work(
    url: str, own_valkey: Server
) -> None:
    with at_work(url, redis_url=own_valkey.url, sweep=OFTEN) as (container, process):
        send(container, process, "before")
        wait_until(is_done(container, 1))
        own_valkey.kill()
        send(container, process, "while it is away")
        wait_until(is_done(container, 2))
        wait_until(lambda: dropped(process) > 0)
        own_valkey.restart()
        send(container, process, "after")
        wait_until(is_done(container, 3))
        assert set(told(container).values()) == {1}


def test_a_process_starts_and_ends_although_redis_was_never_there(url: str, own_valkey: Server) -> None:
    own_valkey.kill()
    with at_work(url, redis_url=own_valkey.url, sweep=OFTEN) as (container, process):
        send(container, process, "one")
        wait_until(is_done(container, 1))


def test_hints_come_back_when_redis_does(url: str, own_valkey: Server) -> None:
    with at_work(url, redis_url=own_valkey.url) as (container, process):
        own_valkey.kill()
        own_valkey.restart()
        send(container, process, "one")

        def hinted_at_until_done() -> bool:
            broker = build_broker(container.settings)
            enqueue(broker, [TaskId(task) for task in unfinished(container)])
            close_broker(broker)
            return is_done(container, 1)()

        wait_until(hinted_at_until_done)


def test_processes_share_the_work_over_postgres_and_redis(postgres_url: str, redis_url: str) -> None:
    """One process that only writes, and two workers that are processes of their own; one of them is killed."""
    migrate.upgrade(postgres_url)
    with depot(postgres_url, redis_url=redis_url, clock=system_now) as container:
        workers = [start_worker(postgres_url, redis_url) for _ in range(2)]
        try:
            wait_until(lambda: len(container.views.owed(container.now()).beats) == 2)
            open_many(container, 50)
            workers[0].kill()
            with running(container) as process:
                for n in range(50):
                    send(container, process, f"{n}")
                wait_until(
                    lambda: len(stored_rows(container.database, "task")) == 300 and not unfinished(container)
                )
            assert set(told(container).values()) == {1}
            workers[1].send_signal(signal.SIGTERM)
            assert workers[1].wait() == 0
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def start_worker(url: str, redis_url: str) -> subprocess.Popen[bytes]:
    settings = {"BIHUAN_DATABASE_URL": url, "BIHUAN_REDIS_URL": redis_url, "BIHUAN_SWEEP_SECONDS": "0.1"}
    return subprocess.Popen([sys.executable, "-c", WORKER], env={**os.environ, **settings})


def test_what_was_accepted_before_the_end_is_answered(url: str) -> None:
    with at_work(url) as (container, process):
        futures = [process.writer.submit(lost(container, f"k-{n}")) for n in range(300)]
    assert all(isinstance(future.result(timeout=0), Accepted) for future in futures)
