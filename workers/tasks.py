"""Perform tasks: claimed with a lease, done outside any transaction, settled by whoever still holds the lease.

Whatever is done may be done twice: a notice is known by event, words and person, a command by `effect/<task id>`. A worker
that died, or was slower than its lease, therefore costs time and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from itertools import count

import structlog

from adapters.bootstrap import Container
from adapters.db.tasks import MOST_ATTEMPTS, Task, TaskId
from adapters.metrics import Metrics
from adapters.notices import Notice, notice_id
from engine.access import Actor
from engine.case import CaseId, CommandId
from engine.commands import Command, Open, Relate, Tick
from engine.errors import BihuanError, CaseExists, NothingDue
from engine.runtime import CLOCK, Outcome, Refused

__all__ = ["BATCH", "Performer", "UnknownTask", "retry_after"]

BATCH = 100
SYSTEM = Actor(id="system", kind="system", channel="worker")

_HOPELESS = frozenset({"missing", "invalid", "conflict"})
_FIRST_RETRY = timedelta(seconds=5)
_LONGEST_RETRY = timedelta(minutes=10)

Submit = Callable[[Command], "Future[Outcome]"]
_Failures = dict[TaskId, Exception]

log = structlog.get_logger()


class UnknownTask(BihuanError):
    """Raised when a task is of a kind that this release cannot perform."""

    code, kind = "unknown_task", "invalid"


class Performer:
    """Performs tasks in the threads that call it. `submit` hands a command to the writer of this process."""

    def __init__(self, container: Container, submit: Submit, metrics: Metrics, *, worker: str) -> None:
        self.worker = worker
        self._tasks = container.tasks
        self._notices = container.notices
        self._numbers = container.numbers
        self._now = container.now
        self._lease = timedelta(seconds=container.settings.lease_seconds)
        self.submit = submit
        self._metrics = metrics
        self._claims = count(1)

    def run(self, tasks: Sequence[TaskId]) -> int:
        """Perform those of `tasks` that are due and nobody's. How many were claimed."""
        owner = self._owner()
        return self._perform(self._tasks.claim_all(tasks, owner, self._now(), self._lease), owner)

    def run_ready(self, limit: int = BATCH) -> int:
        """Perform what is due or was left behind, the earliest first, at most `limit`. How many were claimed."""
        owner = self._owner()
        return self._perform(self._tasks.claim_ready(owner, self._now(), self._lease, limit), owner)

    def _owner(self) -> str:
        """New for each claim: a thread that lost its lease to another one of the same process has lost it, too."""
        return f"{self.worker}/{next(self._claims)}"

    def _perform(self, tasks: Sequence[Task], owner: str) -> int:
        if not tasks:
            return 0
        failures = self._tell([task for task in tasks if task.kind == "notify"])
        failures |= self._ask([task for task in tasks if task.kind != "notify"])
        done = [task for task in tasks if task.id not in failures]
        if done:
            self._tasks.finish_all([task.id for task in done], owner, self._now())
        for task in done:
            self._metrics.tasks.labels(kind=task.kind, result="done").inc()
            log.debug("task_done", **_named(task))
        for task in tasks:
            if task.id in failures:
                self._fail(task, owner, failures[task.id])
        return len(tasks)

    def _tell(self, tasks: Sequence[Task]) -> _Failures:
        """All in one transaction; where that fails, each alone, so that one bad task does not hold the others."""
        try:
            self._notices.tell([notice for task in tasks for notice in _notices(task, self._now())])
        except Exception as error:  # whatever it is, it is written down with the task
            if len(tasks) == 1:
                return {tasks[0].id: error}
            return {k: failure for task in tasks for k, failure in self._tell([task]).items()}
        return {}

    def _ask(self, tasks: Sequence[Task]) -> _Failures:
        """Submit all commands before waiting for any, so that they share transactions."""
        failures: _Failures = {}
        asked: dict[TaskId, Future[Outcome]] = {}
        for task in tasks:
            try:
                asked[task.id] = self.submit(self._command(task))
            except Exception as error:  # an effect that cannot be read, or a writer that is full
                failures[task.id] = error
        for task_id, future in asked.items():
            if failure := _failure(future, self._lease):
                failures[task_id] = failure
        return failures

    def _command(self, task: Task) -> Command:
        key = CommandId(f"effect/{task.id}")
        match task.kind:
            case "open":
                return self._opening(task, key)
            case "relate":
                return _relating(task, key)
            case "ring":
                # Set aside, then run again by hand: each reading of the case (its seq) is a try of its own.
                return Tick(id=CommandId(f"{key}/{task.seq}"), case=task.case, actor=CLOCK)
        raise UnknownTask(f"不认识的任务类型：{task.kind}", hint="由更新的版本处理，或核对流程定义")

    def _opening(self, task: Task, key: CommandId) -> Open:
        effect = task.effect
        return Open(
            id=key,
            case=self._numbers.next(self._now()),  # a repeated opening is answered by the first receipt
            actor=SYSTEM,
            workflow=effect["workflow"],
            region=effect["region"],
            subject=effect["subject"],
            data=effect["data"],
            cause={"case": task.case, "relation": effect["relation"]},
        )

    def _fail(self, task: Task, owner: str, error: Exception) -> None:
        words = _words(error)
        if _is_hopeless(error):
            self._tasks.give_up(task.id, owner, words)
        else:
            self._tasks.fail(task.id, owner, words, self._now() + retry_after(task.attempts))
        is_dead = _is_hopeless(error) or task.attempts >= MOST_ATTEMPTS
        self._metrics.tasks.labels(kind=task.kind, result="dead" if is_dead else "failed").inc()
        log.warning("task_dead" if is_dead else "task_failed", error=words, **_named(task))


def retry_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: 5 s, 10 s, 20 s … ten minutes at most."""
    doubled: timedelta = _FIRST_RETRY * 2 ** (attempts - 1)
    return min(doubled, _LONGEST_RETRY)


def _notices(task: Task, now: datetime) -> Iterable[Notice]:
    effect = task.effect
    for person in dict.fromkeys(effect["people"]):
        yield Notice(
            id=notice_id(task.case, task.seq, effect, person),
            person=person,
            case=task.case,
            kind=effect["about"],
            body=effect,
            at=now,
        )


def _relating(task: Task, key: CommandId) -> Relate:
    effect = task.effect
    return Relate(
        id=key,
        case=CaseId(effect["case"]),
        actor=SYSTEM,
        other=task.case,
        relation=effect["relation"],
        news=effect["news"],
        clocks=effect["clocks"],
    )


def _failure(future: Future[Outcome], lease: timedelta) -> Exception | None:
    """Why the command did not succeed; None if it did, now or under the same key before."""
    try:
        outcome = future.result(timeout=lease.total_seconds() / 2)
    except Exception as error:  # the writer hands on whatever stopped it
        return error
    if isinstance(outcome, Refused) and not isinstance(outcome.error, NothingDue):
        return outcome.error
    return None


def _is_hopeless(error: Exception) -> bool:
    """Refused as it stands, for ever. A number that was taken is not: the next try brings another one."""
    return isinstance(error, BihuanError) and error.kind in _HOPELESS and not isinstance(error, CaseExists)


def _words(error: Exception) -> str:
    if isinstance(error, BihuanError):
        reasons = "；".join(blocker.message for blocker in error.blockers)
        return f"{error.code}: {error.message}{f'（{reasons}）' if reasons else ''}"
    return f"{type(error).__name__}: {error}"


def _named(task: Task) -> dict[str, str | int]:
    return {
        "case_id": task.case,
        "correlation_id": task.command,
        "kind": task.kind,
        "task": task.id,
        "attempts": task.attempts,
    }
