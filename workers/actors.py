"""The actor behind the queue. It receives task ids and nothing else; the tasks themselves are read from the table."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from dramatiq import Actor, Broker, Message

from adapters.db.tasks import TaskId
from adapters.logging import bound
from workers.broker import QUEUE
from workers.tasks import Performer

__all__ = ["declare_actors", "enqueue"]

RUN_TASKS = "run_tasks"

log = structlog.get_logger()


def declare_actors(broker: Broker, performer: Performer) -> None:
    """Make this process one that performs. A process that only hints declares none."""

    def run_tasks(task_ids: Sequence[str]) -> None:
        with bound(worker=performer.worker):
            try:
                performer.run([TaskId(task) for task in task_ids])
            except Exception:  # whatever it was, the tasks are in the table and the sweeper comes for them
                log.exception("hint_failed", tasks=len(task_ids))

    Actor(run_tasks, broker=broker, actor_name=RUN_TASKS, queue_name=QUEUE, priority=0, options={})


def enqueue(broker: Broker, tasks: Sequence[TaskId]) -> None:
    """Hint at these tasks in one message."""
    message: Message[None] = Message(
        queue_name=QUEUE, actor_name=RUN_TASKS, args=(list(tasks),), kwargs={}, options={}
    )
    broker.enqueue(message)
