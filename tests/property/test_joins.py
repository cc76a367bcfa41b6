"""Joins against ten lines of counting: lanes finish, are missed, added, withdrawn and left in any order, alone or in groups."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest

from engine.commands import AddLane, Command, TakeStep, WithdrawLane
from engine.events import Event
from tests.support.histories import UNITS
from tests.support.story import CASE, Office, a_state, a_step, a_workflow

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
RUNS = range(30 * SOAK)


def office(done_when: Any) -> Office:
    work = a_state(
        "90 working days",
        owner="member",
        overdue={"to": "missed"},
        steps={"finish": a_step("ok", by="member"), "fail": a_step("missed", by="member")},
    )
    ends = {
        "ok": {"title": "完成", "final": True, "outcome": "done"},
        "missed": {"title": "未完成", "final": True, "outcome": "missed"},
    }
    parallel = {
        "lane": "share",
        "each": "units",
        "done_when": done_when,
        "lasts": ["aside"],
        "then": [{"to": "joined"}],
    }
    states = {
        "first": a_state(
            "90 working days", parallel=parallel, steps={"look": a_step("aside"), "leave": a_step("joined")}
        ),
        "aside": a_state("90 working days", steps={"look_back": a_step("first")}),
        "joined": a_state("90 working days", steps={"again": a_step("first", may=["units"])}),
    }
    return Office(
        a_workflow(
            states, lanes={"share": {"title": "协办", "start": "work", "states": {"work": work, **ends}}}
        )
    )


class Counting:
    """The lanes of the present entry by outcome, and where the case must be."""

    def __init__(self, done_when: Any) -> None:
        self.wanted = {"all": 99, "any": 1}.get(done_when, done_when)
        self.lanes: dict[str, str] = {}
        self.state, self.joins = "joined", 0

    def enter(self, state: str, units: list[str] | None = None) -> None:
        if state == "first" and self.state == "joined":
            self.lanes = dict.fromkeys(units or [], "")
        self.state = state
        if state == "joined":
            self.lanes = {key: outcome or "withdrawn" for key, outcome in self.lanes.items()}
        self.look()

    def end(self, key: str, outcome: str) -> None:
        self.lanes[key] = outcome
        self.look()

    def look(self) -> None:
        done = sum(outcome == "done" for outcome in self.lanes.values())
        if self.state == "first" and (all(self.lanes.values()) or done >= self.wanted):
            self.joins += 1
            self.enter("joined")


def entered(events: list[Event]) -> list[str]:
    return [c["state"] for e in events for c in e.body["changes"] if c["op"] == "enter"]


class Pair:
    """The engine and the count, doing the same things."""

    def __init__(self, seed: int, done_when: Any) -> None:
        self.random, self.office, self.count = Random(seed), office(done_when), Counting(done_when)

    def some_units(self) -> list[str]:
        return self.random.sample(UNITS, self.random.randint(0, len(UNITS)))

    def start(self) -> None:
        units = self.some_units()
        self.office.open(units=units)
        self.count.enter("first", units)

    def go_on(self) -> None:
        if self.count.state == "joined":
            units = self.some_units()
            self.office.take("again", units=units)
            self.count.enter("first", units)
        else:
            self.random.choice(
                (self.finish_some, self.finish_some, self.add, self.withdraw, self.look, self.leave)
            )()

    def finish_some(self) -> None:
        """Several lanes end in one group; those that the join has already withdrawn are refused."""
        still_open = [key for key, outcome in self.count.lanes.items() if not outcome]
        keys = self.random.sample(still_open, self.random.randint(0, len(still_open)))
        ends = [(key, *self.random.choice((("finish", "done"), ("fail", "missed")))) for key in keys]
        commands: list[Command] = []
        for key, step, _ in ends:
            actor = self.office.actor("member", unit=key)
            commands.append(TakeStep(id=self.office.key(), case=CASE, actor=actor, step=step, lane=key))
        self.office.world.handle(commands)
        for key, _, outcome in ends:
            if not self.count.lanes[key]:
                self.count.end(key, outcome)

    def add(self) -> None:
        closed = [u for u in UNITS if self.count.lanes.get(u, "withdrawn")]
        if closed:
            key = self.random.choice(closed)
            self.office.does(AddLane, lane=key, reason="示例")
            self.count.lanes[key] = ""

    def withdraw(self) -> None:
        still_open = [key for key, outcome in self.count.lanes.items() if not outcome]
        if still_open:
            key = self.random.choice(still_open)
            self.office.does(WithdrawLane, lane=key, reason="示例")
            self.count.end(key, "withdrawn")

    def look(self) -> None:
        step, state = ("look", "aside") if self.count.state == "first" else ("look_back", "first")
        self.office.take(step)
        self.count.enter(state)

    def leave(self) -> None:
        if self.count.state == "first":
            self.office.take("leave")
            self.count.enter("joined")


@pytest.mark.parametrize("done_when", ["all", "any", 2, 3])
def test_the_case_is_where_the_count_says_and_joins_as_often(done_when: Any) -> None:
    for seed in RUNS:
        pair = Pair(seed, done_when)
        pair.start()
        for _ in range(14):
            pair.go_on()
            case = pair.office.case
            assert case.state == pair.count.state, seed
            counted = {key: lane.outcome for key, lane in case.lanes.items() if lane.group}
            assert counted == pair.count.lanes, seed
        left = sum(e.body["asked"].get("step") == "leave" for e in pair.office.events)
        assert entered(pair.office.events).count("joined") == pair.count.joins + left
