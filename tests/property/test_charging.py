"""Every second of a case's life is charged once: sums exact, no overlap, and the same as a twin that asks second by second.

The twin folds the history up to a moment and reads off who had the case then; it knows nothing of intervals.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from engine.audit.charging import Charged, Span, charge
from engine.case import Case
from engine.definition import RoleOf
from engine.events import Event, apply, read
from tests.support.histories import MemoryWorld, program_of, random_history

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
SECOND = timedelta(seconds=1)
WORKFLOWS = (
    "tests/workflows/samples/minimal.yaml",
    "tests/workflows/samples/full.yaml",
    "tests/workflows/samples/shared.yaml",
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
)


def charged(world: MemoryWorld, history: Sequence[bytes], until: datetime, **period: datetime) -> Charged:
    found = charge(history, world.digest, world.engine.calendars.digest, until=until, **period)
    assert found is not None
    return found


def open_time(history: Sequence[bytes], until: datetime) -> int:
    """Microseconds in which the case was open, straight from the events."""
    case: Case | None = None
    total = timedelta(0)
    for data in history:
        event = read(data)
        if case and not case.ended:
            total += event.at - case.at
        case = apply(case, event)
    assert case is not None
    if not case.ended:
        total += until - case.at
    return total // timedelta(microseconds=1)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_spans_of_a_random_history_add_up_to_its_life_and_never_overlap(workflow: str) -> None:
    for seed in range(25 * SOAK):
        history, world = random_history(program_of(workflow), seed, 60)
        until = read(history.events[-1]).at + timedelta(days=seed % 9, microseconds=seed)
        found = charged(world, history.events, until)

        assert sum(span.wall for span in found.spans) == found.life == open_time(history.events, until)
        assert _bounds_touch_and_never_cross(found.spans)
        assert all(0 <= span.working <= span.wall for span in found.spans)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_a_life_cut_at_any_moment_is_charged_alike_in_two_parts_and_in_one(workflow: str) -> None:
    for seed in range(10 * SOAK):
        history, world = random_history(program_of(workflow), seed, 40)
        first, last = read(history.events[0]).at, read(history.events[-1]).at
        until = last + timedelta(days=2)
        cut = first + (until - first) * (seed + 1) / 13 + timedelta(microseconds=seed)
        whole = charged(world, history.events, until)
        early, late = charged(world, history.events, cut), charged(world, history.events, until, since=cut)

        assert _by_holder(whole.spans) == _by_holder([*early.spans, *late.spans])
        assert whole.life == early.life + late.life


def _bounds_touch_and_never_cross(spans: Sequence[Span]) -> bool:
    """Those that share an interval have the same bounds; otherwise one begins where, or after, the one before ended."""
    bounds = list(dict.fromkeys((span.since, span.until) for span in spans))
    return all(earlier[1] <= later[0] for earlier, later in pairwise(bounds))


def _by_holder(spans: Sequence[Span]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for span in spans:
        who = (span.state, span.lane, span.holder.role, span.holder.unit, span.holder.person, span.kind)
        found[(*who, "wall")] += span.wall
        found[(*who, "working")] += span.working
    return +found


# The twin


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_asking_at_every_second_of_a_short_stretch_gives_the_same_holders_and_kinds(workflow: str) -> None:
    for seed in range(8 * SOAK):
        history, world = random_history(program_of(workflow), seed, 30)
        events = [read(data) for data in history.events]
        for middle in events[1 :: max(1, len(events) // 4)]:
            since, until = middle.at - 300 * SECOND, middle.at + 300 * SECOND
            if since < events[0].at:
                continue
            found = charged(world, history.events, until, since=since)
            asked = _asked_by_the_second(world, events, since, until)

            assert _seconds(found.spans) == {who: s for who, s in asked.items() if s}


def _seconds(spans: Sequence[Span]) -> dict[tuple[str, ...], int]:
    found: Counter[tuple[str, ...]] = Counter()
    for span in spans:
        who = (span.state, span.lane, span.holder.role, span.holder.unit, span.holder.person, span.kind)
        found[who] += span.wall
    return {who: wall for who, wall in found.items() if wall}


def _asked_by_the_second(
    world: MemoryWorld, events: Sequence[Event], since: datetime, until: datetime
) -> dict[tuple[str, ...], int]:
    """Between two events nothing changes, so that the part of a second up to an event is asked for as well."""
    found: Counter[tuple[str, ...]] = Counter()
    opened = events[0].at
    moment = since
    while moment < until:
        ahead = [e.at for e in events if moment < e.at < moment + SECOND]
        upto = min([*ahead, moment + SECOND, until])
        for who, n, of in _who_had_it(world, [e for e in events if e.at <= moment]):
            first, last = (
                (moment - opened) // timedelta(microseconds=1),
                (upto - opened) // timedelta(microseconds=1),
            )
            found[who] += len(range(first + (n - first) % of, last, of))
        moment = upto
    return found


def _who_had_it(world: MemoryWorld, events: Sequence[Event]) -> list[tuple[tuple[str, ...], int, int]]:
    """Each holder at this moment with its share: (who, n, of)."""
    case: Case | None = None
    touched: dict[str, tuple[tuple[str, str], bool]] = {}
    for event in events:
        before, case = case, apply(case, event)
        touched = _touched(world, touched, before, case, event)
    assert case is not None
    if case.ended:
        return []
    definition = world.digest(case.digest).definition
    parallel = definition.states[case.state].parallel
    waiting = (
        sorted(k for k, lane in case.lanes.items() if lane.group == case.state and lane.outcome == "")
        if parallel and parallel.then
        else []
    )
    spanning = {
        k: c for k, c in case.clocks.items() if k != "state" and not k.startswith("lane/") and c.is_open
    }
    deciding = [spanning["case"]] if "case" in spanning else list(spanning.values())
    paused = bool(deciding) and all(clock.status == "paused" for clock in deciding)
    answer = []
    for n, key in enumerate(waiting or [""]):
        holder = case.lanes[key].holder if key else case.holder
        kind = "paused" if paused else "running" if touched[key][1] or holder.person else "unaccepted"
        who = (case.state, key, holder.role, holder.unit, holder.person, kind)
        answer.append((who, n, max(1, len(waiting))))
    return answer


def _touched(
    world: MemoryWorld,
    touched: dict[str, tuple[tuple[str, str], bool]],
    before: Case | None,
    after: Case,
    event: Event,
) -> dict[str, tuple[tuple[str, str], bool]]:
    """For each place who has it, and whether they have taken it up since it came to them."""
    place = event.body["asked"].get("lane", "")
    acted = ""
    if before and event.type == "step.taken" and event.body["actor"]["kind"] == "person":
        roles = world.digest(before.digest).definition.roles
        holder = before.lanes[place].holder if place else before.holder
        grant = event.body["actor"]["grant"]
        if holder.role and roles[holder.role].of is not RoleOf.SYSTEM and grant:
            acted = place if grant["role"] == (roles[holder.role].post or holder.role) else "nowhere"
        else:
            acted = "nowhere"
    else:
        acted = "nowhere"
    places = {"": after.holder, **{k: v.holder for k, v in after.lanes.items() if not v.outcome}}
    if after.ended:
        return {}
    now = {}
    for key, holder in places.items():
        who = (holder.role, holder.unit)
        old, taken_up = touched.get(key, (who, False))
        now[key] = (who, (old == who and (taken_up or acted == key)) or bool(holder.person))
    return now
