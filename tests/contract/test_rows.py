"""The rows that follow from what is written: tasks, holders, involved units, the case row, and a log that stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy

from adapters.db.database import Database
from adapters.db.rows import micros
from engine.case import CaseId, Holder
from engine.errors import StaleCase
from engine.ports import CaseWrite, Writes
from tests.support.builders import (
    MORNING,
    NOTICE,
    after,
    entering,
    lane,
    moved,
    noting,
    opened,
    running,
)
from tests.support.stores import TABLES, Backend, memory_backend, write


def test_each_effect_of_an_event_becomes_one_task(backend: Backend) -> None:
    new = opened("A-1", effects=[NOTICE, {"kind": "open", "workflow": "示例"}])
    write(backend.store, new)
    write(backend.store, moved(new.case, [noting("二")], effects=[NOTICE]))
    tasks = backend.rows("task")
    assert [(task["id"], task["kind"], task["state"], task["attempts"]) for task in tasks] == [
        ("A-1.1.0", "notify", "ready", 0),
        ("A-1.1.1", "open", "ready", 0),
        ("A-1.2.0", "notify", "ready", 0),
    ]
    assert [task["due_at"] - micros(MORNING) for task in tasks] == [0, 0, 1_000_000]
    assert tasks[1]["body"] == '{"kind":"open","workflow":"示例"}'.encode()


def held(backend: Backend) -> list[tuple[object, ...]]:
    names = ("case_id", "lane", "role", "unit", "state", "clock")
    return [tuple(row[name] for name in names) for row in backend.rows("holding")]


def test_the_case_and_its_open_lanes_are_held_until_they_end(backend: Backend) -> None:
    new = opened("A-1", running(due_at=after(8)), lane("u-科技"), lane("u-财政"))
    write(backend.store, new)
    assert held(backend) == [
        ("A-1", "", "liaison", "u-庐阳", "on_site", "state"),
        ("A-1", "u-科技", "department", "u-科技", "assigned", ""),
        ("A-1", "u-财政", "department", "u-财政", "assigned", ""),
    ]
    more = moved(
        new.case,
        [
            lane("u-科技", do="enter", state="done", outcome="done"),
            entering("coordinating", holder=Holder("coordinator", "u-省厅")),
        ],
    )
    write(backend.store, more)
    assert held(backend) == [
        ("A-1", "", "coordinator", "u-省厅", "coordinating", "state"),
        ("A-1", "u-财政", "department", "u-财政", "assigned", ""),
    ]
    write(
        backend.store,
        moved(more.case, [entering("closed", ended="settled", holder=Holder("coordinator", "u-省厅"))]),
    )
    assert held(backend) == []


def test_a_reopened_case_is_held_again(backend: Backend) -> None:
    new = opened("A-1")
    write(backend.store, new)
    closed = moved(new.case, [entering("closed", ended="settled")])
    write(backend.store, closed)
    write(backend.store, moved(closed.case, [entering("on_site", holder=Holder("liaison", "u-蜀山"))]))
    assert held(backend) == [("A-1", "", "liaison", "u-蜀山", "on_site", "")]


def test_what_is_held_is_due_when_the_first_running_clock_of_the_case_is(backend: Backend) -> None:
    new = opened("A-1", running(due_at=after(8)), running("case", due_at=after(3)))
    write(backend.store, new)
    assert [row["due_at"] for row in backend.rows("holding")] == [micros(after(3))]
    resting = moved(new.case, [running("case", due_at=after(3), status="paused")])
    write(backend.store, resting)
    assert [row["due_at"] for row in backend.rows("holding")] == [micros(after(8))]
    write(backend.store, moved(resting.case, [running(due_at=after(8), status="paused")]))
    assert [row["due_at"] for row in backend.rows("holding")] == [None]


def test_every_unit_that_ever_held_a_part_stays_involved(backend: Backend) -> None:
    new = opened("A-1", lane("u-科技"))
    write(backend.store, new)
    passing = (
        entering("coordinating", holder=Holder("coordinator", "u-路过")),
        entering("on_site", holder=Holder("liaison", "u-蜀山")),
    )
    write(backend.store, moved(new.case, [passing[0]], [passing[1]]))
    write(backend.store, moved(moved(new.case, [passing[0]], [passing[1]]).case, [noting("四")]))
    assert [row["unit"] for row in backend.rows("involved")] == sorted(
        ["u-庐阳", "u-科技", "u-路过", "u-蜀山"]
    )


def test_the_case_row_reads_what_the_case_says(backend: Backend) -> None:
    new = opened(
        "A-1",
        running("lane/u-科技", due_at=after(1)),
        running("case", due_at=after(5)),
        running("first_contact", due_at=after(3)),
        running(due_at=after(2), status="paused"),
    )
    write(backend.store, new)
    (row,) = backend.rows("case")
    assert (row["wake_at"], row["due_at"], row["late"]) == (micros(after(1)), micros(after(3)), False)
    write(backend.store, moved(new.case, [noting("二")], at=after(1)))
    (row,) = backend.rows("case")
    assert (row["seq"], row["at"], row["late"]) == (2, micros(after(1)), True)


def test_the_same_writes_leave_the_same_rows_in_every_store(backend: Backend) -> None:
    twin = memory_backend()
    new = [opened(f"A-{n}", lane("u-科技"), running(due_at=after(n)), effects=[NOTICE] * n) for n in range(5)]
    more = [moved(one.case, [noting("二")], [lane("u-科技", do="enter", outcome="missed")]) for one in new]
    for store in (backend.store, twin.store):
        write(store, *new)
        write(store, *more)
    for table in TABLES:
        expected = twin.rows(table)
        names = expected[0].keys() if expected else ()
        assert [{name: row[name] for name in names} for row in backend.rows(table)] == expected


# The log cannot be rewritten


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE event SET data = 'x'",
        "UPDATE event SET hash = 'x' WHERE seq = 1",
        "UPDATE event SET seq = 7",
        "DELETE FROM event",
    ],
)
def test_the_event_table_refuses_to_be_rewritten(
    sql_backend: Backend, database: Database, change: str
) -> None:
    new = opened("A-1")
    write(sql_backend.store, new)
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), database.writing() as connection:
        connection.execute(sqlalchemy.text(change))
    assert sql_backend.store.history(CaseId("A-1")) == [new.events[0].data]


def test_the_event_table_refuses_to_be_emptied(postgres_database: Database) -> None:
    with (
        pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"),
        postgres_database.writing() as connection,
    ):
        connection.execute(sqlalchemy.text("TRUNCATE event"))


def test_a_leaf_index_may_be_given_to_an_event(sql_backend: Backend, database: Database) -> None:
    write(sql_backend.store, opened("A-1"))
    with database.writing() as connection:
        connection.execute(sqlalchemy.text("UPDATE event SET leaf_index = 0"))
    assert [row["leaf_index"] for row in sql_backend.rows("event")] == [0]


def test_a_leaf_index_once_given_is_never_changed(sql_backend: Backend, database: Database) -> None:
    write(sql_backend.store, opened("A-1"))
    with database.writing() as connection:
        connection.execute(sqlalchemy.text("UPDATE event SET leaf_index = 0"))
    for change in ("leaf_index = 1", "leaf_index = NULL", "leaf_index = 0"):
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), database.writing() as connection:
            connection.execute(sqlalchemy.text(f"UPDATE event SET {change}"))
    assert [row["leaf_index"] for row in sql_backend.rows("event")] == [0]


def test_a_history_cannot_fork_even_under_another_seq(sql_backend: Backend) -> None:
    """Two events after the same one: only a broken writer would try."""
    new = opened("A-1")
    write(sql_backend.store, new)
    fork = moved(new.case, [noting("二")])
    write(sql_backend.store, fork)
    twisted = CaseWrite(replace(fork.case, seq=3), (replace(fork.events[0], seq=3),), is_new=False)
    with pytest.raises(StaleCase), sql_backend.store.unit() as unit:
        unit.write(Writes([twisted]))
