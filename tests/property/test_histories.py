"""Whatever an office does, in whatever order: the history is canonical, chained, and replays to the same bytes.

Histories are random and the same for the same seed. BIHUAN_SOAK multiplies their number.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from engine import canonical
from engine.commands import Command
from engine.events import apply, read
from engine.runtime import Outcome
from tests.support.histories import (
    History,
    MemoryWorld,
    altered,
    drive,
    leaves,
    next_version,
    organisation_for,
    program_of,
    random_history,
)

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
WORKFLOWS = (
    "tests/workflows/samples/minimal.yaml",
    "tests/workflows/samples/full.yaml",
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
)
SEEDS = range(20 * SOAK)
RARE = range(60 * SOAK)  # what a history seldom shows wants more of them
STEPS = 60


def histories(workflow: str, seeds: range = SEEDS) -> Iterator[tuple[History, MemoryWorld]]:
    return (random_history(program_of(workflow), seed, STEPS) for seed in seeds)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_stored_history_is_the_acknowledged_one_and_its_chain_holds(workflow: str) -> None:
    for history, world in histories(workflow):
        stored = world.store.history(history.case.id)

        assert stored == history.events
        assert canonical.verify_chain("示例", history.case.id, stored) == []
        assert canonical.leaf_hash(stored[-1]) == history.case.head


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_every_event_is_canonical_and_folds_to_the_state_it_names(workflow: str) -> None:
    for history, _ in histories(workflow):
        case = None
        for data in history.events:
            event = read(data)  # refuses floats, odd keys and every other spelling
            case = apply(case, event)
            body = canonical.encode(case.as_data())
            assert canonical.state_digest(body) == event.body["after"]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_rung_fires_once_for_each_cycle_and_stretch_of_its_clock_and_never_early(workflow: str) -> None:
    for history, _ in histories(workflow):
        fired = [
            e.body["inputs"]["fired"]
            for data in history.events
            if "fired" in (e := read(data)).body["inputs"]
        ]
        keys = Counter((f["clock"], f["cycle"], f["stretch"], f["rung"]) for f in fired)

        assert [key for key, times in keys.items() if times > 1] == []
        assert all(f["late_seconds"] >= 0 for f in fired)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_an_open_case_always_has_a_holder_and_a_running_clock_until_it_ends(workflow: str) -> None:
    for history, _ in histories(workflow):
        case = None
        for data in history.events:
            case = apply(case, read(data))
            running = [key for key, clock in case.clocks.items() if clock.status == "running"]
            if case.ended == "final":
                assert running == []
                assert case.wake_at is None
                assert all(lane.outcome for lane in case.lanes.values())
            else:
                assert "state" in running
                assert case.holder.role
            open_lanes = {f"lane/{key}" for key, lane in case.lanes.items() if not lane.outcome}
            assert {key for key in running if key.startswith("lane/")} == open_lanes


def deeds(body: Mapping[str, Any], state: str) -> Iterator[str]:
    """What of the language an event shows, where that is easily missed by chance."""
    if body["type"] == "step.taken" and body["asked"]["step"] == "withdraw":
        yield f"withdrawn from {state}"
    for change in body["changes"]:
        clock = change.get("clock", {})
        if ", at most " in clock.get("limit", ""):
            yield f"a day: {change['do']}"
        if change.get("do") == "start" and clock and clock["started_at"] < body["at"]:
            yield f"since a step: {change['id'].partition('/')[0]}"
    yield from (f"notice: {e['about']}" for e in body["effects"] if e["kind"] == "notify")


def test_the_histories_show_steps_that_are_open_everywhere_named_days_and_limits_since_a_step() -> None:
    seen: Counter[str] = Counter()
    for history, _ in histories("tests/workflows/samples/full.yaml", RARE):
        state = ""
        for data in history.events:
            body = canonical.decode(data)
            seen.update(deeds(body, state))
            state = body["state"]

    assert sum(name.startswith("withdrawn from") for name in seen) >= 2
    assert {
        "a day: start",
        "a day: retarget",
        "a day: fire",
        "since a step: lane",
        "since a step: state",
        "notice: elapsed",
        "notice: overdue",
    } <= seen.keys()


def test_the_same_seed_gives_the_same_bytes() -> None:
    program = program_of("tests/workflows/samples/full.yaml")

    assert random_history(program, 3, STEPS)[0].events == random_history(program, 3, STEPS)[0].events


class OneByOne(MemoryWorld):
    """Every command in a transaction of its own: the case is stored and read back in between."""

    def handle(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        return [self.engine.handle([command])[0] for command in commands]


def test_commands_in_one_group_make_the_same_events_as_one_by_one() -> None:
    program = program_of("workflows/issue.yaml")
    directory = organisation_for(program.definition)
    for seed in SEEDS:
        together, _ = random_history(program, seed, STEPS)
        apart = OneByOne((program, next_version(program)), directory, seed=seed)

        assert drive(apart, program, directory, seed=seed, steps=STEPS).events == together.events


def test_no_value_of_any_event_can_be_changed_without_the_chain_and_its_head_saying_so() -> None:
    history, _ = random_history(program_of("tests/workflows/samples/full.yaml"), 5, 16)
    for index, data in enumerate(history.events):
        for path in leaves(canonical.decode(data)):
            forged = [*history.events[:index], altered(data, path), *history.events[index + 1 :]]
            faults = canonical.verify_chain("示例", history.case.id, forged)
            assert faults or canonical.leaf_hash(forged[-1]) != history.case.head, path
