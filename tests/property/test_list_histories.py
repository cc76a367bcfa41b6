"""Random lives of subjects: figures, endings of cases, reopenings, moves. The stock-flow identity holds wherever one looks.

A small world stands in for the engine: it opens cases, takes the steps of plans and ends cases as people would. The terms are
counted from the spells by a slow reference, each on its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.case import Case, CaseId
from engine.programme.judging import Judge
from engine.programme.reconciling import Plan, Reconciler, Taking
from engine.programme.spells import Spell
from engine.subjects import Profile, Value
from tests.support.profiles import WAN, a_profile, known, shipped_programme

LIST = "no_institution"
YI = 10_000 * WAN
REGIONS = ("340104", "340111", "340202")
START = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def reconciler() -> Reconciler:
    """Of the shipped programme, with this list alone."""
    programme = shipped_programme().programme
    return Reconciler(Judge(programme.model_copy(update={"lists": {LIST: programme.lists[LIST]}})))


def a_case(number: str, region: str) -> Case:
    return Case(
        id=CaseId(number),
        workflow="rd_institution",
        version=1,
        digest="",
        region=region,
        subject="s",
        state="screened",
        opened_at=START,
        at=START,
    )


@dataclass
class World:
    """One subject, one list, and the cases behind it. A day passes with every deed."""

    reconciler: Reconciler
    profile: Profile
    now: datetime = START
    spells: list[Spell] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)

    def reconcile(self) -> Plan | None:
        self.now += timedelta(days=1)
        last = {LIST: self.spells[-1]} if self.spells else {}
        plans = self.reconciler.plans(self.profile, last, self.cases, date(2031, 1, 1))
        plan = next((plan for plan in plans if plan.list == LIST), None)
        if plan:
            self.carry_out(plan)
        return plan

    def carry_out(self, plan: Plan) -> None:
        relapse = self.reconciler.relapse(plan, self.profile)
        for taking in (*plan.steps, *([relapse] if relapse else [])):
            self.take(taking)
        if plan.how_out:
            out = {"until": self.now, "how_out": plan.how_out, "reason": plan.reason}
            self.spells[-1] = replace(self.spells[-1], **out)  # type: ignore[arg-type]
        if plan.year is not None:
            self.spells[-1] = replace(self.spells[-1], year=plan.year)
        if entry := plan.entry:
            case = entry.case
            if entry.opens is not None:
                case = f"c{len(self.cases) + 1}"
                self.cases[case] = a_case(case, entry.region).changed(data=dict(entry.opens))
            self.spells.append(
                Spell(
                    list=LIST,
                    subject="s",
                    n=entry.n,
                    region=entry.region,
                    since=self.now,
                    how_in=entry.how,
                    year=entry.year,
                    case=case,
                )
            )

    def take(self, taking: Taking) -> None:
        """What the workflow does: removal ends for good, a relapse opens a settled case anew."""
        case, step = taking.case, taking.step
        before = self.cases[case].changed(data={**self.cases[case].data, **taking.data})
        self.cases[case] = before
        if step == "remove_by_figures" and before.ended != "final":
            self.cases[case] = before.changed(ended="final", state="removed")
        if step == "relapse_by_figures":
            assert before.ended == "settled"
            self.cases[case] = before.changed(ended="", state="screened", round=before.round + 1)

    # What may happen

    def figures(self, dice: random.Random) -> None:
        year = dice.randint(2025, 2030)
        values: dict[str, Value] = {
            "revenue": dice.choice([4 * YI, 5 * YI, 6 * YI]),
            "above_scale": dice.random() < 0.9,
            "has_rd_institution": dice.random() < 0.4,
        }
        facts = {**self.profile.facts, **{(name, year): known(value, year) for name, value in values.items()}}
        self.profile = replace(self.profile, facts=facts)

    def unknown(self, dice: random.Random) -> None:
        gone = dice.choice(["revenue", "has_rd_institution", "above_scale"])
        self.profile = replace(
            self.profile, facts={k: v for k, v in self.profile.facts.items() if k[0] != gone}
        )

    def status(self, dice: random.Random) -> None:
        value = dice.choice(["active", "active", "cancelled"])
        self.profile = replace(self.profile, facts={**self.profile.facts, ("status", 0): known(value, 0)})

    def move(self, dice: random.Random) -> None:
        self.profile = replace(self.profile, region=dice.choice(REGIONS))

    def settle(self, dice: random.Random) -> None:
        self._end("settled", "established")

    def remove(self, dice: random.Random) -> None:
        self._end("final", "removed")

    def reopen(self, dice: random.Random) -> None:
        case = self._last_case()
        if case and case.ended == "settled":
            self.cases[case.id] = case.changed(ended="", state="screened", round=case.round + 1)

    def _end(self, ended: str, state: str) -> None:
        case = self._last_case()
        if case and not case.ended:
            self.cases[case.id] = case.changed(ended=ended, state=state)

    def _last_case(self) -> Case | None:
        return self.cases.get(self.spells[-1].case) if self.spells else None


DEEDS: list[Callable[[World, random.Random], None]] = [
    World.figures, World.figures, World.figures, World.unknown, World.status, World.move, World.settle, World.settle,
    World.remove, World.reopen,
]  # fmt: skip


def a_life(seed: int, deeds: int = 25) -> World:
    dice = random.Random(seed)
    world = World(reconciler(), a_profile(region=dice.choice(REGIONS)))
    for _ in range(deeds):
        dice.choice(DEEDS)(world, dice)
        if dice.random() < 0.8:  # sometimes several things happen before anybody looks
            world.reconcile()
    return world


def settle_down(world: World) -> None:
    """Look until there is nothing to do."""
    for _ in range(10):
        if world.reconcile() is None:
            return
    raise AssertionError("the lists never come to rest")


# The slow reference: each term from the rows, in its own way


def stock(spells: list[Spell], region: str, at: datetime) -> int:
    return len(
        [s for s in spells if s.region.startswith(region) and s.since < at and not (s.until and s.until < at)]
    )


def flow(spells: list[Spell], region: str, start: datetime, end: datetime) -> dict[str, int]:
    counted = dict.fromkeys(("entered", "relapsed", "moved_in", "cleared", "exited", "moved_out"), 0)
    for spell in spells:
        if not spell.region.startswith(region):
            continue
        if start <= spell.since < end:
            counted[spell.how_in] += 1
        if spell.until is not None and start <= spell.until < end:
            counted[spell.how_out] += 1
    return counted


@given(st.lists(st.integers(0, 2**32), min_size=1, max_size=12), st.integers(0, 60), st.integers(0, 60))
def test_the_stock_flow_identity_holds_in_every_region_and_period(
    seeds: list[int], first: int, days: int
) -> None:
    spells = [spell for seed in seeds for spell in a_life(seed).spells]
    noon = timedelta(hours=12)  # nothing happens at noon
    start = START + timedelta(days=first) - noon
    end = start + timedelta(days=days)
    for region in ("34", "3401", "3402", *REGIONS):
        f = flow(spells, region, start, end)
        opening, closing = stock(spells, region, start), stock(spells, region, end)
        coming = f["entered"] + f["relapsed"] + f["moved_in"]
        assert closing == opening + coming - f["cleared"] - f["exited"] - f["moved_out"]
    counties = [stock(spells, region, end) for region in REGIONS]
    assert sum(counties) == stock(spells, "34", end)


@given(st.integers(0, 2**32))
def test_spells_follow_one_another_and_the_last_alone_is_open(seed: int) -> None:
    spells = a_life(seed).spells
    assert [spell.n for spell in spells] == list(range(1, len(spells) + 1))
    for before, after in pairwise(spells):
        assert before.until is not None
        assert before.until <= after.since
        assert (before.how_out == "moved_out") == (after.how_in == "moved_in")


@given(st.integers(0, 2**32))
def test_looking_comes_to_rest_and_then_changes_nothing(seed: int) -> None:
    world = a_life(seed)
    settle_down(world)
    before = list(world.spells)
    assert world.reconcile() is None
    assert world.spells == before


@given(st.integers(0, 2**32))
def test_at_rest_the_list_and_the_cases_agree(seed: int) -> None:
    world = a_life(seed)
    settle_down(world)
    on = [spell for spell in world.spells if spell.is_open]
    assert {case.id for case in world.cases.values() if not case.ended} == {
        CaseId(spell.case) for spell in on
    }
    assert all(spell.region == world.profile.region for spell in on)


@given(st.integers(0, 2**32))
def test_figures_alone_never_clear(seed: int) -> None:
    """Cleared means that the case was settled; a relapse follows nothing but a clearing."""
    world = a_life(seed)
    for before, after in pairwise(world.spells):
        assert (after.how_in == "relapsed") <= (before.how_out == "cleared")
    assert all(spell.reason == "established" for spell in world.spells if spell.how_out == "cleared")


def test_the_random_lives_are_full_of_events() -> None:
    """Otherwise the properties would prove little."""
    spells = [spell for seed in range(300) for spell in a_life(seed).spells]
    assert {spell.how_in for spell in spells} == {"entered", "relapsed", "moved_in"}
    assert {spell.how_out for spell in spells} == {"", "cleared", "exited", "moved_out"}
