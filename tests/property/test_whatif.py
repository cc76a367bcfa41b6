"""What if nothing were changed: nothing differs. What if a limit were longer: nobody is late who was not.

BIHUAN_SOAK multiplies the number of histories.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from engine import clocks
from engine.audit.changing import parse_setting, replaced
from engine.audit.course import Course, RunKey, recorded
from engine.audit.rerun import rerun
from engine.audit.whatif import compared, judged
from engine.document import read as read_document
from engine.durations import Duration, parse_limit
from engine.events import read
from engine.machine import Program
from tests.support.histories import History, MemoryWorld, program_of, random_history

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
WORKFLOWS = (
    "tests/workflows/samples/minimal.yaml",
    "tests/workflows/samples/full.yaml",
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
)
PARENTS = {"340302": "3403", "3403": "34"}
FACTORS = {"looser": 3, "tighter": 0}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_history_run_again_under_its_own_rules_has_the_recorded_clocks_and_firings(workflow: str) -> None:
    fired = 0
    for seed in range(15 * SOAK):
        history, world = _history(workflow, seed)
        events, calendars = [read(data) for data in history.events], world.engine.calendars.digest

        _, before = recorded(events, world.digest, calendars)
        after = rerun(events, world.digest, calendars, until=world.clock())

        assert after.firings == before.firings
        assert _ends(after) == _ends(before)
        fired += len(before.firings)
    assert fired


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_without_a_change_of_rules_nothing_differs(workflow: str) -> None:
    for seed in range(15 * SOAK):
        history, world = _history(workflow, seed)

        found = _compared(history, world, {})

        assert found.change is None
        assert found.totals.lights["before"] == found.totals.lights["after"]
        assert found.totals.loads["before"] == found.totals.loads["after"]


@pytest.mark.parametrize("how", FACTORS)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_looser_limit_never_adds_a_breach_and_a_tighter_one_never_removes_one(
    workflow: str, how: str
) -> None:
    program = program_of(workflow)
    paths = list(_limits(read_document(program.source.data, name=workflow).data))
    differing = 0
    for seed in range(15 * SOAK):
        history, world = _history(workflow, seed)
        events, calendars = [read(data) for data in history.events], world.engine.calendars.digest
        chosen = paths if seed % 3 == 0 else [Random(f"{how}/{seed}").choice(paths)]
        settings = [parse_setting(f"{path}={_scaled(length, FACTORS[how])}") for path, length in chosen]
        programs = {p.digest: Program(replaced(p.source, settings)) for p in world.programs}

        _, before = recorded(events, world.digest, calendars)
        after = rerun(events, programs.__getitem__, calendars, until=world.clock())
        was, would_be = _late(before, world), _late(after, world)

        if how == "looser":
            assert would_be <= was, (seed, settings)
        else:
            assert was <= would_be, (seed, settings)
        differing += was != would_be
    assert differing


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_light_is_yellow_from_the_moment_that_is_said_and_not_before(workflow: str) -> None:
    looked_at = 0
    for seed in range(10 * SOAK):
        history, world = _history(workflow, seed)
        events, calendars = [read(data) for data in history.events], world.engine.calendars.digest
        _, course = recorded(events, world.digest, calendars)
        for run in course.runs.values():
            for piece in run.pieces:
                if piece.clock.status != "running" or piece.clock.due_at <= piece.at:
                    continue
                yellow = clocks.yellow_from(piece.clock, piece.calendar)
                for moment in _around(yellow, piece.clock.due_at, piece.clock.segments[-1][0]):
                    light = clocks.light(piece.clock, moment, piece.calendar)
                    assert light == ("yellow" if moment >= yellow else "green"), (seed, run.key, moment)
                    looked_at += 1
    assert looked_at > 100


def _scaled(length: Duration, factor: int) -> str:
    return Duration(max(1, length.amount * factor), length.unit).words


@lru_cache(maxsize=256)
def _history(workflow: str, seed: int) -> tuple[History, MemoryWorld]:
    return random_history(program_of(workflow), seed, 60)


def _around(yellow: Any, due_at: Any, begun: Any) -> Iterator[Any]:
    """Moments just about the turn, within the time in which the clock runs and is not late."""
    near = (timedelta(0), timedelta(microseconds=-1), timedelta(microseconds=1))
    for moment in (*(yellow + step for step in near), begun, begun + (due_at - begun) / 2, due_at):
        if begun <= moment <= due_at:
            yield moment


def _ends(course: Course) -> dict[RunKey, list[Any]]:
    """Every piece of every run; the next rung aside, which a rung that moves the case leaves behind."""
    return {
        key: [
            (p.at, p.seq, p.clock.due_at, p.clock.status, p.clock.segments, p.clock.fired) for p in run.pieces
        ]
        for key, run in course.runs.items()
    }


def _late(course: Course, world: MemoryWorld) -> set[RunKey]:
    return {key for key, run in course.runs.items() if judged(run, world.clock()).is_late}


def _compared(history: History, world: MemoryWorld, programs: dict[str, Program]) -> Any:
    calendars = world.engine.calendars.digest
    return compared(
        history.events,
        programs=world.digest,
        changed=lambda digest: programs.get(digest) or world.digest(digest),
        calendars=calendars,
        under=calendars,
        until=world.clock(),
        parents=PARENTS,
    )


def _limits(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Duration]]:
    """Every length of a limit in a definition, with its place."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _limits(value, (*path, key))
    elif isinstance(data, str) and _is_limit(path, data):
        length = parse_limit(data)
        if isinstance(length, Duration):
            yield ".".join(path), length


def _is_limit(path: tuple[str, ...], words: str) -> bool:
    in_table = path[:2] == ("limits", "rows") and path[-1] != "extension"
    return (in_table or path[-1] in ("due", "within")) and words != "none" and not words.startswith("limits.")
