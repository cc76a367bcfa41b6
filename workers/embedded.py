"""Everything that works in one process: the writer, its hints, the queue's workers and a sweeper. Shared by serve and worker."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event as Signal
from threading import Thread

import redis
import structlog
from dramatiq import Broker, Worker
from dramatiq.errors import BrokerError

from adapters.bootstrap import Container
from adapters.metrics import Metrics, new_metrics
from adapters.process import settle
from adapters.writer import Writer
from engine.events import Event
from workers.actors import declare_actors, enqueue
from workers.broker import build_broker, close_broker
from workers.hints import Hints
from workers.sweeper import Sweeper
from workers.tasks import Performer

__all__ = ["Running", "running"]

# Ending takes at most: the sweeper's, twice the workers' (threads, then consumers), the hints', and what the writer holds.
_SWEEPER_SECONDS = 3.0
_WORKERS_SECONDS = 2.5
_HINTS_SECONDS = 1.0
_POLL_MS = 20  # dramatiq's own default makes an idle worker start a job half a second late

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """What a process that is at work offers: a `writer` for commands, and figures."""

    worker: str
    writer: Writer
    metrics: Metrics
    sweeper: Sweeper


@contextmanager
def running(container: Container) -> Iterator[Running]:
    """At work until the block ends; then ends within ten seconds, having answered every command that was accepted."""
    worker = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(3)}"
    metrics = new_metrics(lambda: container.views.owed(container.now()), container.log_figures)
    broker = build_broker(container.settings)
    hints = Hints(partial(enqueue, broker), metrics)
    writer = container.writer(partial(_committed, metrics, hints))
    performer = Performer(container, writer.submit, metrics, worker=worker)
    declare_actors(broker, performer)
    sweeper = Sweeper(container, performer, metrics)
    settle()
    try:
        with (
            _working(broker, container.settings.worker_threads),
            _sweeping(sweeper, container.settings.sweep_seconds),
        ):
            log.info("working", worker=worker, redis=bool(container.settings.redis_url))
            yield Running(worker, writer, metrics, sweeper)
    finally:
        writer.close()
        hints.close(_HINTS_SECONDS)
        close_broker(broker)


def _committed(metrics: Metrics, hints: Hints, events: Sequence[Event]) -> None:
    metrics.committed(events)
    hints.send(events)


@contextmanager
def _sweeping(sweeper: Sweeper, period: float) -> Iterator[None]:
    stop = Signal()
    thread = Thread(target=sweeper.run, args=(stop, period), name="sweeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_SWEEPER_SECONDS)


@contextmanager
def _working(broker: Broker, threads: int) -> Iterator[None]:
    worker = Worker(broker, worker_timeout=_POLL_MS, worker_threads=threads)
    worker.start()
    try:
        yield
    finally:
        try:
            worker.stop(timeout=int(_WORKERS_SECONDS * 1000))
        except (redis.RedisError, BrokerError) as error:
            log.warning(
                "hints_not_returned", error=str(error)
            )  # Redis is away; the sweeper of another worker has them
