"""Hints after a commit: which tasks are new. Sent by a thread of their own, so that no answer waits for Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from queue import Empty, Full, Queue
from threading import Thread

import structlog

from adapters.db.tasks import TaskId
from adapters.metrics import Metrics
from engine.events import Event

__all__ = ["Hints"]

MOST_IN_A_MESSAGE = 50
MOST_WAITING = 1_000

Enqueue = Callable[[Sequence[TaskId]], None]
_Batch = list[TaskId]

log = structlog.get_logger()


class Hints:
    """`send` is a Writer's `after_commit`. What cannot be sent is dropped and counted: the sweeper finds the tasks."""

    def __init__(self, enqueue: Enqueue, metrics: Metrics) -> None:
        self._enqueue = enqueue
        self._metrics = metrics
        self._queue: Queue[_Batch | None] = Queue(MOST_WAITING)
        self._thread = Thread(target=self._relay, name="hints", daemon=True)
        self._thread.start()

    def send(self, events: Sequence[Event]) -> None:
        """Returns at once and never raises."""
        for batch in _batches(events):
            try:
                self._queue.put_nowait(batch)
            except Full:
                self._metrics.hints_dropped.inc(len(batch))

    def close(self, seconds: float) -> None:
        """Send what waits, for at most so many seconds; drop the rest."""
        try:
            self._queue.put(None, timeout=seconds)
        except Full:
            return
        self._thread.join(seconds)

    def _relay(self) -> None:
        while (batch := self._queue.get()) is not None:
            try:
                self._enqueue(self._with_what_waits(batch))
            except Exception as error:  # any client error: the tasks are safe in the table
                self._metrics.hints_dropped.inc(len(batch))
                log.debug("hints_dropped", number=len(batch), error=str(error))

    def _with_what_waits(self, batch: _Batch) -> _Batch:
        """Under load many small batches become one message."""
        while len(batch) < MOST_IN_A_MESSAGE:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                self._queue.put_nowait(None)  # there is room: it was just taken
                break
            batch += more
        return batch


def _batches(events: Sequence[Event]) -> Iterator[_Batch]:
    batch: _Batch = []
    for event in events:
        batch += [TaskId(f"{event.case}.{event.seq}.{n}") for n in range(len(event.effects))]
        if len(batch) >= MOST_IN_A_MESSAGE:
            yield batch
            batch = []
    if batch:
        yield batch
