"""The certificate against a slow twin: plain simulation of small random definitions, from the text and not from the model.

The twin keeps every lane by itself, counts every step, and plays each case out day by day.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from engine.certificate import certify
from engine.certificate.escalation import Silence, weight_of
from engine.certificate.graph import Net
from engine.certificate.lateness import Endless, LastMoment
from engine.certificate.soundness import Explorer
from engine.certificate.trial import Trial
from engine.loading import Source, load
from tests.support.random_workflows import Document, a_definition, steps_of

TODAY = date(2026, 11, 23)
DAY = 480  # what a working day weighs in the certificate
DEFINITIONS = range(150)


def loaded(document: Document) -> Source:
    return load(json.dumps(document, ensure_ascii=False, indent=1).encode(), name="random.yaml")


def a_net(document: Document) -> Net:
    source = loaded(document)
    return Net(source, Trial(source.definition))


# Reachability and soundness

Marking = tuple[str, tuple[str, ...]]


def guard_holds(check: str, lanes: tuple[str, ...], document: Document) -> bool:
    states = document["lanes"]["part"]["states"]
    ended = ["withdrawn" if lane == "-" else states[lane].get("outcome", "") for lane in lanes]
    count = {kind: ended.count(kind) for kind in ("done", "missed")}
    return {
        "lanes.open == 0": ended.count("") == 0,
        "lanes.done > 0": count["done"] > 0,
        "lanes.missed > lanes.done": count["missed"] > count["done"],
    }[check]


def entered(
    document: Document, came_from: str, lanes: tuple[str, ...], to: str, hops: int = 0
) -> Iterator[Marking]:
    """What the case looks like when it rests after entering `to`."""
    host = next((n for n, s in document["states"].items() if "parallel" in s), "")
    if hops > 50:
        return
    scope = {host, *document["states"][host]["parallel"]["lasts"]} if host else set()
    if host and to not in scope:
        ends = document["lanes"]["part"]["states"]
        lanes = tuple(lane if lane == "-" or ends[lane].get("final") else "-" for lane in lanes)
    fresh = [lanes] if to != host or came_from in scope else [("begun",) * n for n in range(3)]
    for opened in fresh:
        yield from rested(document, to, opened, hops)


def rested(document: Document, state: str, lanes: tuple[str, ...], hops: int = 0) -> Iterator[Marking]:
    spec = document["states"][state]
    if "parallel" not in spec:
        yield state, lanes
        return
    inner = document["lanes"]["part"]["states"]
    outcomes = ["withdrawn" if lane == "-" else inner[lane].get("outcome", "") for lane in lanes]
    wanted = {"all": 99, "any": 1}.get(spec["parallel"]["done_when"], 2)
    if "" in outcomes and outcomes.count("done") < wanted:
        yield state, lanes
    else:
        yield from entered(document, state, lanes, spec["parallel"]["then"][0]["to"], hops + 1)


def next_markings(document: Document, here: Marking) -> Iterator[tuple[str, Marking]]:
    state, lanes = here
    spec = document["states"][state]
    for step_id, step in steps_of(document, state).items():
        guards = [guard["check"] for guard in step.get("when", ())]
        if all(guard_holds(check, lanes, document) for check in guards):
            only_forced = "then" in step and step["at_most"] == 1
            for to in [*([] if only_forced else [step["to"]]), *([step["then"]] if "then" in step else [])]:
                yield from ((step_id, marking) for marking in entered(document, state, lanes, to))
    if to := spec.get("overdue", {}).get("to"):
        yield from (("", marking) for marking in entered(document, state, lanes, to))
    host = next((s for s in document["states"].values() if "parallel" in s), None)
    if host is None:
        return
    where = next(n for n, s in document["states"].items() if s is host)
    if state not in {where, *host["parallel"]["lasts"]}:
        return
    for n, lane in enumerate(lanes):
        inner = document["lanes"]["part"]["states"].get(lane, {"final": True})
        if not inner.get("final"):
            targets = [(f"part.{step_id}", step["to"]) for step_id, step in inner["steps"].items()]
            targets += [("", inner["overdue"]["to"])] if "to" in inner["overdue"] else []
            for step_id, to in targets:
                changed = (*lanes[:n], to, *lanes[n + 1 :])
                ended = document["lanes"]["part"]["states"][to].get("final")
                for marking in rested(document, state, changed) if ended else [(state, changed)]:
                    yield step_id, marking


def explored(document: Document) -> tuple[dict[Marking, set[Marking]], set[str]]:
    """Every marking with those that may follow it, and every step that was taken."""
    found: dict[Marking, set[Marking]] = {}
    taken: set[str] = set()
    queue = deque(entered(document, "", (), document["start"]))
    while queue:
        here = queue.popleft()
        if here in found:
            continue
        ways = list(next_markings(document, here))
        taken |= {step for step, _ in ways if step}
        found[here] = {marking for _, marking in ways}
        queue.extend(found[here])
    return found, taken


def lost_states(found: dict[Marking, set[Marking]]) -> set[str]:
    """States in which there is a marking from which the end cannot be reached."""
    good = {marking for marking in found if marking[0] == "over"}
    while more := {m for m, after in found.items() if m not in good and after & good}:
        good |= more
    return {state for state, _ in found.keys() - good}


@pytest.mark.parametrize("seed", DEFINITIONS)
def test_what_can_be_reached_taken_and_lost_is_what_a_plain_simulation_finds(seed: int) -> None:
    document = a_definition(seed, lanes=True)
    found, taken = explored(document)
    net = a_net(document)
    ours = Explorer(net).explore()
    assert {marking.state for marking in ours.came} == {state for state, _ in found}
    steps = {move.ref for moves in ours.moves.values() for move in moves if move.ref}
    assert {f"{chart}.{step}" if chart else step for chart, _, step in steps} == taken
    findings = certify(net.source, today=TODAY).findings
    said = {
        f.path.removeprefix("states.")
        for f in findings
        if f.code == "cannot_end" and f.path.startswith("states.")
    }
    assert said == lost_states(found)


@pytest.mark.parametrize("seed", DEFINITIONS)
def test_states_that_the_simulation_never_sees_are_called_unreachable(seed: int) -> None:
    document = a_definition(seed, lanes=False)
    found, _ = explored(document)
    findings = certify(loaded(document), today=TODAY).findings
    said = {f.path.removeprefix("states.") for f in findings if f.code == "unreachable_state"}
    assert said == document["states"].keys() - {state for state, _ in found}


# Nobody acts


def days(words: str) -> int:
    return int(words.split(maxsplit=1)[0])


def silent_days(document: Document, state: str, case_left: int | None) -> int | None:
    """Day by day until an accountable owner holds the case or it ends; None if that never comes."""
    passed, here, in_state = 0, state, 0
    while passed < 500:
        spec = document["states"][here]
        if spec.get("final") or spec["owner"] == "boss":
            return passed
        passed, in_state = passed + 1, in_state + 1
        rung = spec["overdue"]
        if "to" in rung and in_state == days(spec["due"]) + days(rung.get("after", "0 days")):
            here, in_state = rung["to"], 0
        if passed == case_left and not document["states"][here].get("final"):
            here, in_state = document["case_due"]["to"], 0
    return None


@pytest.mark.parametrize("seed", DEFINITIONS)
def test_the_wait_when_nobody_acts_is_the_one_that_passes_day_by_day(seed: int) -> None:
    document = a_definition(seed, lanes=False)
    silence = Silence(a_net(document))
    for state in silence.net.paths[""]:
        if state != "over":
            legs = silence.case(state)
            expected = silent_days(document, state, None)
            assert (None if legs is None else weight_of(legs) / DAY) == expected


@pytest.mark.parametrize("seed", DEFINITIONS)
def test_the_limit_of_the_whole_case_cuts_the_wait_where_it_surely_runs(seed: int) -> None:
    document = a_definition(seed, lanes=False, case_due=True)
    silence = Silence(a_net(document))
    whole = days(document["case_due"]["within"])
    for state in silence.net.paths[""]:
        if state == "over" or silence.case(state) is None:
            continue
        lefts: list[int | None] = [*range(1, whole + 1)]
        lefts += [] if silence.case_clock_ends(state) else [None]  # it may have run out before
        played = [silent_days(document, state, left) for left in lefts]
        assert None not in played
        assert max(p for p in played if p is not None) <= weight_of(silence.case(state) or ()) / DAY


# Everybody at the last moment


def longest_walk(document: Document, state: str, taken: dict[str, int], seen: frozenset[Any]) -> int | None:
    """The days of the longest walk to the end, step by step with every count; None if it can go on for ever."""
    spec = document["states"][state]
    if spec.get("final"):
        return 0
    here = (state, tuple(sorted(taken.items())))
    if here in seen:
        return None
    rung = spec["overdue"]
    ways = [(rung["to"], taken)] if "to" in rung else []
    for step_id, step in steps_of(document, state).items():
        times = taken.get(step_id, 0) + 1
        if times <= step.get("at_most", 99):
            forced = "then" in step and times == step["at_most"]
            counted = {**taken, step_id: times} if "at_most" in step else taken
            ways.append((step["then"] if forced else step["to"], counted))
    stay = days(spec["due"]) + (days(rung.get("after", "0 days")) if "to" in rung else 0)
    longest = 0
    for to, counted in ways:
        rest = longest_walk(document, to, counted, seen | {here})
        if rest is None:
            return None
        longest = max(longest, rest)
    return stay + longest


@pytest.mark.parametrize("seed", DEFINITIONS)
def test_the_last_moment_bound_is_the_longest_walk_that_all_counts_allow(seed: int) -> None:
    document = a_definition(seed, lanes=False)
    late = LastMoment(a_net(document))
    expected = longest_walk(document, document["start"], {}, frozenset())
    if expected is None:
        with pytest.raises(Endless):
            _ = late.worst
    else:
        assert weight_of(late.worst) / DAY == expected
