"""A definition compiled to run: where a step leads, in which order routes are asked, and what is shared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from engine.definition import Rung
from engine.durations import parse_duration
from engine.machine import Passage, Program, clock_trigger, named_rungs
from tests.support.histories import program_of
from tests.support.story import a_state, a_step, a_workflow, program_from


def program() -> Program:
    routes = [{"when": "urgent", "to": "second"}, {"when": "round > 1", "to": "first"}, {"to": "done"}]
    ladder = [{"notify": ["head"]}, {"after": "1 working day", "to": "second"}]
    states = {
        "first": a_state(
            owner="clerk",
            overdue=ladder,
            steps={
                "go": a_step(routes),
                "stay": a_step(None),
                "twice": a_step("done", at_most=2, then="second"),
            },
        ),
        "second": a_state(steps={"end": a_step()}),
    }
    return program_from(a_workflow(states, case_due={"within": "9 working days", "to": "second"}))


def asked(trigger: str, state: str = "first", *, accept: str = "") -> list[str]:
    """The destinations that are offered, in order, up to the one that is accepted."""
    offered: list[str] = []

    def judge(passage: Passage) -> bool:
        offered.append(passage.to)
        return passage.to == accept

    program().main.fire(state, trigger, judge)
    return offered


def test_routes_are_asked_in_the_order_in_which_they_are_written() -> None:
    assert asked("go") == ["second", "first", "done"]
    assert asked("go", accept="first") == ["second", "first"]


def test_the_forced_continuation_is_asked_first() -> None:
    assert asked("twice") == ["second", "done"]


def test_a_step_that_stays_leads_nowhere() -> None:
    passage = program().main.fire("first", "stay", lambda _: True)

    assert passage is not None
    assert passage.to == ""


def test_a_trigger_that_a_state_does_not_have_has_no_way() -> None:
    assert program().main.fire("second", "go", lambda _: True) is None
    assert program().main.fire("first", "no_such_trigger", lambda _: True) is None


def test_the_clock_of_the_case_leads_from_every_open_state_but_the_one_it_leads_to() -> None:
    trigger = clock_trigger("case", "due")

    assert asked(trigger, "first") == ["second"]
    assert asked(trigger, "second") == []
    assert asked(trigger, "done") == []


def test_rungs_are_named_by_their_place_on_the_ladder() -> None:
    later = Rung(after=parse_duration("1 working day"))

    assert [name for name, _ in named_rungs((Rung(), later, later))] == ["due", "late-1", "late-2"]
    assert [name for name, _ in named_rungs((later,))] == ["late-1"]


def test_names_like_those_of_python_modules_are_only_names() -> None:
    """`transitions` would import and run dotted callbacks; no text of a definition becomes one."""
    states = {
        "first": a_state(
            steps={"before_state_change": a_step("done"), "os": a_step("done"), "model": a_step("done")}
        )
    }
    chart = program_from(a_workflow(states)).main

    assert [chart.fire("first", name, lambda _: True) is not None for name in ("os", "model")] == [True, True]


def test_one_program_serves_many_threads() -> None:
    chart = program().main

    def walk(n: int) -> str:
        wanted = ("second", "first", "done")[n % 3]
        passage = chart.fire("first", "go", lambda p: p.to == wanted)
        return passage.to if passage else ""

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(walk, range(600)))
    assert found == [("second", "first", "done")[n % 3] for n in range(600)]


WORKFLOWS = ("tests/workflows/samples/full.yaml", "workflows/issue.yaml", "workflows/rd_institution.yaml")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_table_of_ways_answers_as_the_machine_does(workflow: str) -> None:
    """For every state and trigger, also those that do not go together, and whichever way is accepted."""
    for chart in program_of(workflow).charts.values():
        triggers = {trigger for _, trigger in chart.ways}
        for state, trigger in product(chart.states, sorted(triggers)):
            ways = chart.ways.get((state, trigger), ())
            for accepted in (None, *ways):
                judge = accepted.__eq__ if accepted else lambda _: False
                assert chart.fire(state, trigger, judge) is chart.fire_machine(state, trigger, judge)
                assert chart.fire(state, trigger, judge) is accepted


def test_the_machine_is_asked_in_the_order_of_the_table() -> None:
    chart = program().main
    for (state, trigger), ways in chart.ways.items():
        offered: list[Passage] = []
        chart.fire_machine(state, trigger, lambda passage, offered=offered: bool(offered.append(passage)))
        assert tuple(offered) == ways
