"""What people see is what the policy allows, on SQLite and PostgreSQL alike; the twin is a loop over values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy

from adapters.db.cursor import InvalidCursor, cursor
from adapters.db.database import Database
from adapters.db.lateness import latenesses
from adapters.db.rows import micros
from adapters.db.tasks import Tasks, _claimable
from adapters.db.views import Filter, Views
from engine import events
from engine.access import Actor, Grant, Reach, may_read
from engine.case import Case, CaseId, Holder
from engine.ports import CaseWrite, Secret, Store, Writes
from tests.support.builders import (
    MORNING,
    after,
    entering,
    event,
    lane,
    moved,
    noting,
    opened,
    running,
)
from tests.support.stores import Backend, write

REGIONS = ("34", "3401", "340102", "340103", "3402", "340202")
UNITS = ("u-科技", "u-财政", "u-庐阳")
SUBJECTS = ("示例甲", "示例乙")
EVERYWHERE = Reach(regions=("34",))
NOTICE = {"kind": "notify"}


@pytest.fixture
def store(sql_backend: Backend) -> Store:
    return sql_backend.store


@pytest.fixture
def views(database: Database, store: Store) -> Views:
    return Views(database)


def random_cases(store: Store, dice: random.Random) -> dict[CaseId, tuple[Case, set[str]]]:
    """Cases at different moments, and the units that ever held a part of each."""
    found = {}
    for n in range(60):
        units = dice.sample(UNITS, 2)
        new = opened(
            f"A-{n:02}",
            lane(units[1]),
            region=dice.choice(REGIONS),
            subject=dice.choice(SUBJECTS),
            holder=Holder("liaison", units[0]),
            at=after(dice.randrange(5)),
        )
        write(store, new)
        more = moved(
            new.case,
            [
                entering(
                    dice.choice(["on_site", "calling_back"]),
                    ended=dice.choice(["", "settled"]),
                    holder=Holder("caller"),
                )
            ],
            at=after(5 + dice.randrange(3)),
        )
        write(store, more)
        found[more.case.id] = (more.case, set(units))
    return found


def random_reach(dice: random.Random) -> Reach:
    def some(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dice.sample(values, dice.choice([0, 0, 1, 2])))

    return Reach(some((*REGIONS, "35", "340")), some(UNITS), some(SUBJECTS))


def pages(views: Views, reach: Reach, wanted: Filter, limit: int) -> Iterator[Case]:
    start = ""
    while True:
        page = views.list_cases(reach, wanted, limit=limit, start=start)
        yield from page.cases
        start = page.next
        if not start:
            return


def test_lists_and_counts_hold_exactly_what_may_be_read_the_last_moved_first(
    views: Views, store: Store
) -> None:
    dice = random.Random(20261123)
    cases = random_cases(store, dice)
    for _ in range(60):
        reach = random_reach(dice)
        readable = [
            case
            for case, units in cases.values()
            if may_read(reach, region=case.region, units=units, subject=case.subject)
        ]
        expected = sorted(readable, key=lambda case: (case.at, case.id), reverse=True)
        assert list(pages(views, reach, Filter(), limit=7)) == expected
        assert views.count(reach, Filter()) == len(expected)
        assert {id_ for id_ in cases if views.case(id_, reach)} == {case.id for case in expected}


FILTERS: dict[str, tuple[Filter, Callable[[Case], bool]]] = {
    "state": (Filter(state="calling_back"), lambda case: case.state == "calling_back"),
    "region": (Filter(region="3401"), lambda case: case.region.startswith("3401")),
    "subject": (Filter(subject="示例甲"), lambda case: case.subject == "示例甲"),
    "open": (Filter(open=True), lambda case: not case.ended),
    "closed": (Filter(open=False), lambda case: bool(case.ended)),
    "ended": (Filter(ended="settled"), lambda case: case.ended == "settled"),
    "text": (Filter(text="-3"), lambda case: "-3" in case.id),
    "a null character": (Filter(region="34\x00"), lambda case: False),
    "a percent sign": (Filter(text="%"), lambda case: False),
    "workflow": (Filter(workflow="other"), lambda case: False),
    "unit": (Filter(unit="u-科技"), lambda case: not case.ended and "u-科技" in case.lanes),
    "role": (Filter(role="caller"), lambda case: not case.ended),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_leaves_what_it_says(views: Views, store: Store, name: str) -> None:
    wanted, holds = FILTERS[name]
    cases = random_cases(store, random.Random(7))
    expected = {id_ for id_, (case, _) in cases.items() if holds(case)}
    assert {case.id for case in pages(views, EVERYWHERE, wanted, limit=100)} == expected
    assert views.count(EVERYWHERE, wanted) == len(expected)


def test_a_number_that_cannot_exist_is_not_found(views: Views) -> None:
    assert views.case(CaseId("A-\x00"), EVERYWHERE) is None


def test_counts_by_state_add_up(views: Views, store: Store) -> None:
    cases = random_cases(store, random.Random(7))
    counts = views.count_by_state(EVERYWHERE, Filter())
    assert sum(counts.values()) == len(cases)
    assert counts[("issue", "on_site")] == sum(case.state == "on_site" for case, _ in cases.values())


def test_late_cases_are_those_whose_clock_ran_out_by_their_last_event(views: Views, store: Store) -> None:
    write(store, opened("A-1", running(due_at=after(0))), opened("A-2", running(due_at=after(1))))
    assert [case.id for case in views.list_cases(EVERYWHERE, Filter(late=True)).cases] == ["A-1"]
    assert [case.id for case in views.list_cases(EVERYWHERE, Filter(late=False)).cases] == ["A-2"]


@pytest.mark.parametrize(
    "words",
    ["示例", "!!!", "e30", cursor("x", "y"), cursor(1), "W10", cursor(2**63, "A-1"), cursor(1, "\x00")],
)
def test_a_cursor_that_no_page_gave_is_refused(views: Views, words: str) -> None:
    with pytest.raises(InvalidCursor):
        views.list_cases(EVERYWHERE, Filter(), start=words)


# The inbox


def inbox(views: Views, *grants: Grant, person: str = "p-示例") -> list[tuple[str, str]]:
    held, following = views.inbox(Actor(person, grants=grants))
    assert following == ""
    assert views.inbox_size(Actor(person, grants=grants)) == len(held)
    return [(line.case.id, line.lane) for line in held]


def test_an_inbox_holds_what_waits_for_a_role_in_its_region_unit_or_subject(
    views: Views, store: Store
) -> None:
    write(
        store,
        opened("A-1", lane("u-科技"), region="340102", holder=Holder("liaison", "u-庐阳")),
        opened("A-2", region="340202", subject="示例乙", holder=Holder("enterprise")),
        opened("A-3", lane("u-科技"), region="340202", holder=Holder("coordinator", "u-省厅", "p-某")),
    )
    assert inbox(views, Grant("liaison", region="3401")) == [("A-1", "")]
    assert inbox(views, Grant("liaison", region="3402")) == []
    assert inbox(views, Grant("department", unit="u-科技")) == [("A-1", "u-科技"), ("A-3", "u-科技")]
    assert inbox(views, Grant("enterprise", subject="示例乙")) == [("A-2", "")]
    assert inbox(views, Grant("enterprise", subject="示例甲")) == []
    assert inbox(views, person="p-某") == [("A-3", "")]
    assert inbox(views, Grant("liaison", region="34"), Grant("enterprise", subject="示例乙")) == [
        ("A-1", ""),
        ("A-2", ""),
    ]
    assert inbox(views) == []


def test_an_inbox_shows_the_earliest_due_first_and_what_stands_still_last(views: Views, store: Store) -> None:
    write(
        store,
        opened("A-1", running(due_at=after(9), status="paused")),
        opened("A-2", running(due_at=after(5))),
        opened("A-3", running(due_at=after(2))),
        opened("A-4"),
    )
    actor = Actor("p-示例", grants=(Grant("liaison", region="34"),))
    seen, start = [], ""
    while True:
        held, start = views.inbox(actor, limit=1, start=start)
        seen += [(line.case.id, line.due_at, line.clock) for line in held]
        if not start:
            break
    assert seen == [
        ("A-3", after(2), "state"),
        ("A-2", after(5), "state"),
        ("A-1", None, "state"),
        ("A-4", None, ""),
    ]


def test_a_finished_part_leaves_the_inbox(views: Views, store: Store) -> None:
    new = opened("A-1", lane("u-科技"))
    write(store, new)
    write(store, moved(new.case, [lane("u-科技", do="enter", outcome="done")]))
    assert inbox(views, Grant("department", unit="u-科技")) == []


# History and figures


def test_a_history_as_of_a_moment_ends_there(views: Views, store: Store) -> None:
    new = opened("A-1")
    write(store, new)
    write(store, moved(new.case, [noting("二")], at=after(2)))
    write(store, moved(moved(new.case, [noting("二")], at=after(2)).case, [noting("三")], at=after(4)))

    def seqs(as_of: datetime) -> list[int]:
        return [events.read(data).seq for data in views.history(CaseId("A-1"), as_of=as_of)]

    assert [seqs(after(hour)) for hour in (-1, 0, 2, 3, 4)] == [[], [1], [1, 2], [1, 2], [1, 2, 3]]


def test_all_case_ids_can_be_walked(views: Views, store: Store) -> None:
    write(store, *(opened(f"A-{n}") for n in range(5)))
    assert views.case_ids(limit=3) == ["A-0", "A-1", "A-2"]
    assert views.case_ids(after="A-2", limit=3) == ["A-3", "A-4"]


def test_what_is_owed_is_counted(views: Views, store: Store, database: Database) -> None:
    write(
        store,
        opened("A-1", running(due_at=after(1)), effects=[NOTICE, NOTICE]),
        opened("A-2", running(due_at=after(3)), effects=[NOTICE]),
        opened("A-3", running(due_at=after(0))),
        opened("A-4", entering("closed", ended="final")),
    )
    tasks = Tasks(database)
    for _ in range(2):
        tasks.claim_ready("w-1", after(0), timedelta(minutes=1), 1)
    leased = tasks.listed("leased")
    tasks.finish(leased[0].id, "w-1", after(0))
    owed = views.owed(after(3))
    assert (owed.overdue_timers, owed.oldest_timer, owed.open_cases, owed.late_cases) == (2, after(0), 3, 1)
    assert owed.tasks == {"ready": 1, "leased": 1, "dead": 0}


def test_a_case_counts_as_set_aside_until_it_moves(views: Views, store: Store) -> None:
    new = opened("A-1", running(due_at=after(1)))
    write(store, new)
    with store.unit() as unit:
        unit.set_aside(new.case.id, "错误", after(1))
    owed = views.owed(after(2))
    assert (owed.set_aside, owed.overdue_timers, owed.tasks["dead"]) == (1, 0, 1)
    write(store, moved(new.case, [noting("二")]))
    assert views.owed(after(2)).set_aside == 0


def test_each_worker_is_seen_when_it_last_was_there(views: Views, database: Database) -> None:
    tasks = Tasks(database)
    for worker, hour in (("w-1", 0), ("w-2", 0), ("w-1", 1)):
        tasks.beat(worker, after(hour))
    assert views.owed(after(1)).beats == {"w-1": after(1), "w-2": after(0)}


def test_personal_values_are_read_beside_the_case(views: Views, store: Store) -> None:
    new = opened("A-1")
    with store.unit() as unit:
        unit.write(Writes([new], [], [Secret(new.case.id, "c" * 64, "phone", b"s" * 32, b"v")]))
    assert views.secrets(new.case.id) == {"c" * 64: b"v"}


def test_nothing_is_owed_by_an_empty_database(views: Views) -> None:
    owed = views.owed(MORNING)
    assert (owed.overdue_timers, owed.oldest_timer, owed.open_cases) == (0, None, 0)


def test_the_lateness_of_every_firing_is_read_back_however_many_there_are(
    views: Views, store: Store, database: Database
) -> None:
    new = opened("A-1")
    case, fired = new.case, []
    for seconds in range(2500):
        fired.append(event(case, "A-1", noting("到期"), late_seconds=seconds))
        case = events.apply(case, fired[-1])
    write(store, new, opened("A-2"))
    write(store, CaseWrite(case, tuple(fired), is_new=False))
    assert sorted(latenesses(database)) == list(range(2500))


# Sweeps stay cheap however much is finished


def plan(database: Database, query: str) -> str:
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.reading() as connection:
        if not database.is_sqlite:
            connection.execute(sqlalchemy.text("SET enable_seqscan = off"))
        return "\n".join(str(row) for row in connection.execute(sqlalchemy.text(f"{explain} {query}")))


def test_the_sweeps_use_the_partial_indexes(database: Database) -> None:
    claimable = str(_claimable(MORNING, 5).compile(database.engine, compile_kwargs={"literal_binds": True}))
    due = f'SELECT id FROM "case" WHERE wake_at <= {micros(MORNING)} ORDER BY wake_at LIMIT 5'
    assert "task_due_at" in plan(database, claimable)
    assert "case_wake_at" in plan(database, due)
