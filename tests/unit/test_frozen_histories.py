"""Histories that left the building are read, verified and replayed to the same bytes by every later release.

`python -m tests.vectors.freeze` adds more; nothing here is ever written anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine import canonical
from engine.calendar import Calendar
from engine.canonical import verify_chain
from engine.events import read
from engine.loading import load
from engine.machine import Program
from engine.replay import replay

FOLDER = Path(__file__).parents[1] / "vectors" / "histories"
PINS = {
    name: digest
    for digest, name in (line.split("  ") for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
}
HISTORIES = sorted(name for name in PINS if name.endswith(".jsonl"))


@cache
def program(digest: str) -> Program:
    return Program(load((FOLDER / "definitions" / f"{digest}.yaml").read_bytes(), name=f"{digest}.yaml"))


@cache
def calendar(digest: str) -> Calendar:
    data = (FOLDER / "calendars" / f"{digest}.json").read_bytes()
    return Calendar.from_data(canonical.decode(data))


def test_every_frozen_file_is_pinned_and_has_its_bytes() -> None:
    found = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()} - {"SHA256SUMS"}

    assert found == PINS.keys()
    assert {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in found} == PINS
    assert len(HISTORIES) >= 40


def test_definitions_and_calendars_have_the_digests_they_are_filed_under() -> None:
    for name in PINS:
        kind, _, digest = name.partition("/")
        stem = Path(digest).stem
        if kind == "definitions":
            assert program(stem).digest == stem
        elif kind == "calendars":
            assert calendar(stem).digest == stem


@pytest.mark.parametrize("name", HISTORIES)
def test_a_frozen_history_is_chained_and_replays_to_the_same_bytes(name: str) -> None:
    events = (FOLDER / name).read_bytes().splitlines()
    first = read(events[0])

    assert verify_chain(first.body["log"], first.case, events) == []
    replayed = replay(events, program, calendar)
    assert replayed.divergences == ()
    assert replayed.case is not None
    assert replayed.case.head == read(events[-1]).hash


def test_the_frozen_histories_show_every_type_of_event_and_every_change() -> None:
    types, changes = set(), set()
    for name in HISTORIES:
        for data in (FOLDER / name).read_bytes().splitlines():
            body = read(data).body
            types.add(body["type"])
            changes |= {f"{c['op']} {c.get('do', '')}".strip() for c in body["changes"]}

    assert types == {
        *(
            "case.opened",
            "case.imported",
            "case.assigned",
            "case.commented",
            "case.jumped",
            "case.moved",
            "case.related",
        ),
        *("clock.fired", "deadline.revised", "extension.asked", "extension.answered"),
        *("lane.added", "lane.withdrawn", "step.taken"),
    }
    assert changes == {
        *("open", "data", "enter", "hold", "round", "related", "taken", "version"),
        *("lane open", "lane enter", "lane retire"),
        *(f"clock {do}" for do in ("start", "pause", "resume", "fire", "met", "late", "cancelled")),
        *(f"clock {do}" for do in ("ask", "extend", "refuse", "retarget", "inherit", "recount")),
    }


def test_the_frozen_histories_use_every_word_by_which_the_system_and_other_cases_speak() -> None:
    found: set[str] = set()
    for name in HISTORIES:
        for data in (FOLDER / name).read_bytes().splitlines():
            found |= set(words_of(read(data).body))

    assert found == {"a step of the system", "links", "ahead", "since", "until a day", "until quarter end"}


def words_of(body: dict[str, Any]) -> Iterator[str]:
    """What an event shows of the later words of the language."""
    if body["type"] == "step.taken" and body["actor"]["kind"] == "system":
        yield "a step of the system"
    if sum(effect["kind"] == "relate" and effect["news"] == "ended" for effect in body["effects"]) > 1:
        yield "links"
    if any(
        each.startswith("ahead.") for guard in body["inputs"].get("guards", ()) for each in guard["names"]
    ):
        yield "ahead"
    for change in (change for change in body["changes"] if change["op"] == "clock"):
        clock = change["clock"]
        if body["type"] == "step.taken" and change["do"] == "start" and clock["started_at"] < body["at"]:
            yield "since"
        if clock["limit"] == "until quarter end":
            yield "until quarter end"
        if clock["limit"].startswith("until 2"):
            yield "until a day"
