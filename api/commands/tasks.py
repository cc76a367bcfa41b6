"""`bihuan task`: what the workers have to do, and another try for what they gave up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.db.tasks import Task, TaskId
from api.commands.opening import container
from api.commands.output import AsJson, answer, row, table
from engine.canonical import instant
from engine.errors import BihuanError

app = typer.Typer(no_args_is_help=True, help="Background tasks: list them, and run a dead one again.")


class TaskNotDead(BihuanError):
    """Raised when there is no such task, or it was not given up."""

    code, kind = "task_not_dead", "conflict"


class TaskState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    DEAD = "dead"
    DONE = "done"


@app.command("list")
def list_tasks(
    state: Annotated[TaskState, typer.Option(help="Tasks in this state.")] = TaskState.DEAD,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    after: Annotated[str, typer.Option(help="Only after this id: the next page.")] = "",
    as_json: AsJson = False,
) -> None:
    """List tasks of a state by id, with what went wrong last. Those given up unless another state is named."""
    with container() as made:
        tasks = [_task(task) for task in made.tasks.listed(state, limit=limit, after=after)]
    answer({"state": state, "tasks": tasks}, as_json, lambda console: _show(console, tasks))


@app.command()
def rerun(
    task: Annotated[str, typer.Argument(help="The id that `task list` shows.")], as_json: AsJson = False
) -> None:
    """Give a dead task eight more tries, from now on."""
    with container() as made:
        if not made.tasks.rerun(TaskId(task), made.now()):
            raise TaskNotDead(f"没有已放弃的任务 {task}", hint="bihuan task list 列出已放弃的任务")
    answer(
        {"id": task, "state": TaskState.READY},
        as_json,
        lambda console: console.print(f"task {task} is ready"),
    )


def _task(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "kind": task.kind,
        "case": task.case,
        "seq": task.seq,
        "due_at": instant(task.due_at),
        "state": task.state,
        "attempts": task.attempts,
        "last_error": task.last_error,
    }


def _show(console: Console, tasks: list[dict[str, Any]]) -> None:
    shown = table("id", "kind", "case", "due", "attempts", "last error")
    for task in tasks:
        row(shown, *(task[name] for name in ("id", "kind", "case", "due_at", "attempts")), task["last_error"])
    console.print(shown)
