"""What every store promises to the engine: memory, SQLite and PostgreSQL alike."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import events
from engine.canonical import verify_chain
from engine.case import Case, CaseId, CommandId
from engine.errors import CaseExists, StaleCase
from engine.ports import CaseWrite, Secret, Store, Writes
from tests.support.builders import (
    LOG,
    NOTICE,
    after,
    entering,
    lane,
    moved,
    noting,
    opened,
    receipt_of,
    running,
    written,
)
from tests.support.stores import TABLES, Backend, write


def write_and_fail(store: Store, *writes: CaseWrite) -> None:
    with store.unit() as unit:
        for write in writes:
            unit.write(written(write))
        raise ZeroDivisionError


def set_aside_and_fail(store: Store, case: CaseId) -> None:
    with store.unit() as unit:
        unit.set_aside(case, "错误", after(1))
        raise ZeroDivisionError


def load(store: Store, *cases: str) -> dict[CaseId, Case]:
    with store.unit() as unit:
        return dict(unit.load([CaseId(case) for case in cases], []).cases)


def everything(backend: Backend) -> dict[str, list[dict[str, object]]]:
    return {table: backend.rows(table) for table in TABLES}


# What was written is what is read


def test_a_case_comes_back_as_it_was_written(store: Store) -> None:
    new = opened("A-1", lane("u-科技"), running(due_at=after(8)), noting("设备采购卡住了 \u2028 😀"))
    write(store, new)
    assert load(store, "A-1") == {"A-1": new.case}


def test_events_come_back_byte_for_byte_and_in_order(store: Store) -> None:
    new = opened("A-1")
    more = moved(new.case, *([noting(f"第{n}次")] for n in range(12)))
    write(store, new)
    write(store, more)
    stored = store.history(CaseId("A-1"))
    assert stored == [event.data for event in (*new.events, *more.events)]
    assert verify_chain(LOG, "A-1", stored) == []


def test_a_history_stops_at_the_seq_asked_for(store: Store) -> None:
    new = opened("A-1")
    write(store, new)
    write(store, moved(new.case, [noting("二")], [noting("三")]))
    assert [events.read(data).seq for data in store.history(CaseId("A-1"), until=2)] == [1, 2]


def test_an_unknown_case_has_no_history_and_is_left_out_of_what_is_loaded(store: Store) -> None:
    write(store, opened("A-1"))
    assert store.history(CaseId("A-2")) == []
    assert set(load(store, "A-1", "A-2")) == {"A-1"}


def test_a_unit_reads_its_own_writes(store: Store) -> None:
    new = opened("A-1")
    more = moved(new.case, [noting("二")])
    with store.unit() as unit:
        unit.write(written(new))
        assert unit.load([new.case.id], []).cases == {"A-1": new.case}
        unit.write(written(more))
    assert load(store, "A-1") == {"A-1": more.case}


def test_several_events_of_one_case_are_written_in_one_group(backend: Backend) -> None:
    new = opened("A-1")
    write(backend.store, new)
    more = moved(new.case, [noting("二")], [noting("三")], [noting("四")])
    write(backend.store, more)
    assert load(backend.store, "A-1") == {"A-1": more.case}
    assert [row["seq"] for row in backend.rows("event")] == [1, 2, 3, 4]


def test_a_case_may_be_opened_with_several_events_at_once(store: Store) -> None:
    new = opened("A-1")
    more = moved(new.case, [noting("二")], [noting("三")])
    write(store, CaseWrite(more.case, (*new.events, *more.events), is_new=True))
    assert load(store, "A-1") == {"A-1": more.case}
    assert len(store.history(CaseId("A-1"))) == 3


def test_a_group_of_a_hundred_cases_is_one_write(store: Store) -> None:
    new = [opened(f"A-{n:03}", running(due_at=after(n + 1)), effects=[NOTICE]) for n in range(100)]
    write(store, *new)
    more = [moved(one.case, [noting("二")], effects=[NOTICE, NOTICE]) for one in new]
    write(store, *reversed(more))
    assert load(store, *(one.case.id for one in new)) == {one.case.id: one.case for one in more}


def test_new_and_old_cases_go_into_one_group(store: Store) -> None:
    first = opened("A-1")
    write(store, first)
    second, more = opened("A-0"), moved(first.case, [noting("二")])
    write(store, more, second)
    assert load(store, "A-0", "A-1") == {"A-0": second.case, "A-1": more.case}


# Receipts and secrets


def test_a_receipt_comes_back_under_its_key(store: Store) -> None:
    new = opened("A-1", command="k-示例")
    write(store, new)
    with store.unit() as unit:
        loaded = unit.load([], [CommandId("k-示例"), CommandId("k-other")])
    assert loaded.receipts == {"k-示例": receipt_of(new.events[0])}


def test_a_key_that_was_answered_meanwhile_is_a_lost_race_and_leaves_nothing(backend: Backend) -> None:
    first = opened("A-1")
    write(backend.store, first)
    before = everything(backend)
    second = opened("A-2", effects=[NOTICE])
    with pytest.raises(StaleCase), backend.store.unit() as unit:
        unit.write(Writes([second], [receipt_of(second.events[0], command=first.events[0].command)]))
    assert everything(backend) == before


def test_opening_twice_under_one_key_is_a_lost_race_not_a_taken_number(store: Store) -> None:
    new = opened("A-1")
    write(store, new)
    with pytest.raises(StaleCase), store.unit() as unit:
        unit.write(written(new))


def test_secrets_are_kept_outside_the_events(backend: Backend) -> None:
    new = opened("A-1")
    secret = Secret(new.case.id, "c" * 64, "phone", b"\x00\xff" * 16, "示例号码".encode())
    with backend.store.unit() as unit:
        unit.write(Writes([new], [], [secret]))
    assert backend.rows("secret") == [
        {
            "case_id": "A-1",
            "commitment": "c" * 64,
            "field": "phone",
            "salt": b"\x00\xff" * 16,
            "value": "示例号码".encode(),
        }
    ]


# Races


def test_a_write_on_an_older_version_is_refused_and_leaves_nothing(backend: Backend) -> None:
    first, other = opened("A-1"), opened("A-2")
    write(backend.store, first, other)
    write(backend.store, moved(first.case, [noting("先到")]))
    before = everything(backend)
    late = moved(
        first.case, [noting("后到"), lane("u-科技")], [entering("closed", ended="final")], effects=[NOTICE]
    )
    with pytest.raises(StaleCase):
        write(backend.store, moved(other.case, [noting("同组")]), late, opened("A-3"))
    assert everything(backend) == before


def test_a_write_ahead_of_the_stored_version_is_refused(backend: Backend) -> None:
    first = opened("A-1")
    write(backend.store, first)
    before = everything(backend)
    skipped = moved(moved(first.case, [noting("没有写入")]).case, [noting("三")])
    with pytest.raises(StaleCase):
        write(backend.store, skipped)
    assert everything(backend) == before


def test_a_move_of_a_case_that_does_not_exist_is_refused(backend: Backend) -> None:
    with pytest.raises(StaleCase):
        write(backend.store, moved(opened("A-1").case, [noting("二")]))
    assert everything(backend) == {table: [] for table in TABLES}


def test_a_number_that_is_taken_is_refused_and_leaves_nothing(backend: Backend) -> None:
    write(backend.store, opened("A-1"))
    before = everything(backend)
    with pytest.raises(CaseExists):
        write(backend.store, opened("A-0"), opened("A-1", command="another", effects=[NOTICE]))
    assert everything(backend) == before


def test_a_refused_write_takes_back_its_whole_unit_even_if_the_error_is_caught(backend: Backend) -> None:
    first = opened("A-1", running(due_at=after(1)))
    write(backend.store, first)
    before = everything(backend)
    with backend.store.unit() as unit:
        unit.set_aside(first.case.id, "错误", after(1))
        unit.write(written(opened("A-2")))
        with pytest.raises(StaleCase):
            unit.write(written(moved(moved(first.case, [noting("二")]).case, [noting("三")])))
    assert everything(backend) == before


def test_a_unit_goes_on_with_nothing_after_a_refused_write(store: Store) -> None:
    first, again = opened("A-1"), opened("A-1", command="another")
    write(store, first)
    more = moved(first.case, [noting("二")])
    with store.unit() as unit:
        unit.write(written(more))
        with pytest.raises(CaseExists):
            unit.write(written(again))
        unit.write(written(more, opened("A-2")))
    assert set(load(store, "A-1", "A-2")) == {"A-1", "A-2"}
    assert len(store.history(CaseId("A-1"))) == 2


def test_an_error_in_the_block_takes_back_every_write(backend: Backend) -> None:
    first = opened("A-1", lane("u-科技"))
    write(backend.store, first)
    before = everything(backend)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(
            backend.store,
            moved(first.case, [lane("u-科技", do="enter", outcome="done")], effects=[NOTICE]),
            opened("A-2"),
        )
    assert everything(backend) == before


# What is due


def test_due_cases_come_earliest_first_and_no_more_than_asked_for(store: Store) -> None:
    write(store, *(opened(f"A-{n}", running(due_at=after(n))) for n in (3, 1, 4, 2)), opened("A-9"))
    with store.unit() as unit:
        assert unit.due(after(3), 10) == ["A-1", "A-2", "A-3"]
        assert unit.due(after(9), 2) == ["A-1", "A-2"]
        assert unit.due(after(1) - timedelta(microseconds=1), 10) == []


def test_a_clock_that_stands_still_is_not_due(store: Store) -> None:
    new = opened("A-1", running(due_at=after(1)))
    write(store, new)
    write(store, moved(new.case, [running(due_at=after(1), status="paused")]))
    with store.unit() as unit:
        assert unit.due(after(9), 10) == []


def test_a_case_set_aside_rests_for_an_hour_and_is_listed_as_dead(backend: Backend) -> None:
    new = opened("A-1", running(due_at=after(1)))
    write(backend.store, new, opened("A-2", running(due_at=after(1))))
    for attempt in (1, 2):
        with backend.store.unit() as unit:
            unit.set_aside(new.case.id, f"错误{attempt}", after(attempt))
    with backend.store.unit() as unit:
        assert unit.due(after(3) - timedelta(microseconds=1), 10) == ["A-2"]
        assert unit.due(after(3), 10) == ["A-2", "A-1"]
    tasks = backend.rows("task")
    assert [(task["id"], task["kind"], task["state"], task["attempts"], task["seq"]) for task in tasks] == [
        ("A-1.ring", "ring", "dead", 2, 1)
    ]


def test_a_case_set_aside_rests_although_it_moved_in_the_same_unit(store: Store) -> None:
    new = opened("A-1", running(due_at=after(1)))
    write(store, new)
    with store.unit() as unit:
        unit.set_aside(new.case.id, "错误", after(1))
        unit.write(written(moved(new.case, [noting("二")])))
    with store.unit() as unit:
        assert unit.due(after(1), 10) == []


def test_an_error_in_the_block_forgets_what_was_set_aside(backend: Backend) -> None:
    new = opened("A-1", running(due_at=after(1)))
    write(backend.store, new)
    before = everything(backend)
    with pytest.raises(ZeroDivisionError):
        set_aside_and_fail(backend.store, new.case.id)
    assert everything(backend) == before
