"""The group writer: whatever waits when a transaction starts goes into it, with no delay to fill a group.

A lone caller pays one queue hop; under load groups form by themselves. Each committer is one thread; a case always goes to
the same committer, so two of them never wait for one row. Measured in `make bench`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread

from engine.case import CaseId
from engine.commands import Command
from engine.errors import BihuanError
from engine.events import Event
from engine.runtime import Accepted, Outcome, Refused

GROUP_MAX = 100  # beyond it 13 % more steps cost four times the wait

Handler = Callable[[Sequence[Command]], Sequence[Outcome]]
AfterCommit = Callable[[Sequence[Event]], None]
_Job = tuple[Command, "Future[Outcome]"]


class Overloaded(BihuanError):
    """Raised when too much waits already; ask again in a moment."""

    code, kind = "overloaded", "busy"


class Writer:
    """Hands commands to the engine in groups. `after_commit` sees the new events of each group, and must not block."""

    def __init__(
        self,
        handle: Handler,
        *,
        committers: int = 1,
        after_commit: AfterCommit = lambda events: None,
        most_waiting: int = 10_000,
    ) -> None:
        self._handle = handle
        self._after_commit = after_commit
        self._most_waiting = most_waiting
        self._queues: list[SimpleQueue[_Job | None]] = [SimpleQueue() for _ in range(committers)]
        self._threads = [
            Thread(target=self._run, args=(queue,), name=f"committer-{n}", daemon=True)
            for n, queue in enumerate(self._queues)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, command: Command) -> Future[Outcome]:
        """The outcome, once it is committed. Errors: `Overloaded` when more wait than can be served soon."""
        queue = self._queues[self._committer(command.case)]
        if queue.qsize() >= self._most_waiting:
            raise Overloaded("系统繁忙，请稍后再试", hint="稍后用同一个 Idempotency-Key 重试")
        future: Future[Outcome] = Future()
        queue.put((command, future))
        return future

    def handle(self, command: Command) -> Outcome:
        return self.submit(command).result()

    def close(self) -> None:
        """Serve what waits, then end."""
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.join()

    def _committer(self, case: CaseId) -> int:
        return zlib.crc32(case.encode()) % len(self._queues)

    def _run(self, queue: SimpleQueue[_Job | None]) -> None:
        ended = False
        while not ended:
            jobs, ended = _drain(queue)
            if jobs:
                self._serve(jobs)

    def _serve(self, jobs: Sequence[_Job]) -> None:
        try:
            outcomes = self._handle([command for command, _ in jobs])
        except Exception as error:  # the callers wait: each must be told, whatever it was
            self._serve_apart(jobs, error)
            return
        for (_, future), outcome in zip(jobs, outcomes, strict=True):
            future.set_result(outcome)
        self._after_commit([o.event for o in outcomes if isinstance(o, Accepted) and o.event])

    def _serve_apart(self, jobs: Sequence[_Job], error: Exception) -> None:
        """One bad command must not take its neighbours down: try each alone, and fail only those that fail alone."""
        if len(jobs) == 1:
            future = jobs[0][1]
            if isinstance(error, BihuanError):
                future.set_result(Refused(error))
            else:
                future.set_exception(error)
            return
        for job in jobs:
            self._serve([job])


def _drain(queue: SimpleQueue[_Job | None]) -> tuple[list[_Job], bool]:
    """What waits now, at most a group, at least one; and whether the end was among it."""
    jobs: list[_Job] = []
    item = queue.get()
    while item is not None:
        jobs.append(item)
        if len(jobs) == GROUP_MAX or queue.empty():
            return jobs, False
        item = queue.get()
    return jobs, True
