"""The certificate against the engine itself: whatever the engine does with a random definition, the certificate foresaw."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from engine.case import Case
from engine.certificate import certify
from engine.certificate.graph import Net
from engine.certificate.soundness import WITHDRAWN, Explorer, Marking
from engine.certificate.trial import Trial
from engine.errors import BihuanError
from tests.support.random_workflows import KEYS, Document, a_definition, steps_of
from tests.support.story import Office, at, local

OPENED = "2026-03-02 10:00"
TURNS = 14


def marking_of(case: Case, has_lanes: bool) -> Marking:
    lanes = [WITHDRAWN if lane.outcome == "withdrawn" else lane.state for lane in case.lanes.values()]
    return Marking(case.state, (tuple(sorted(lanes)),) if has_lanes else ())


def a_day(seed: int) -> dict[str, str]:
    """Sometimes none; else a day soon after the opening."""
    return {"day": (date(2026, 3, 2) + timedelta(days=seed % 9)).isoformat()} if seed % 9 else {}


def played(document: Document, seed: int) -> Iterator[Case]:
    """The case after each of some random steps and rings."""
    dice = random.Random(seed)
    office = Office(document, now=OPENED)
    case = office.open(keys=list(KEYS[: dice.randint(1, 2)]), **a_day(seed))
    yield case
    for _ in range(TURNS):
        places = [("", step) for step in steps_of(document, case.state)]
        for key, lane in case.lanes.items():
            if not lane.outcome:
                steps = document["lanes"]["part"]["states"][lane.state].get("steps", {})
                places += [(key, step) for step in steps]
        if places and dice.random() < 0.7:
            key, step = dice.choice(places)
            try:
                case = office.take(step, by="clerk", lane=key)
            except BihuanError:
                continue
        elif case.wake_at:
            office.wait_until(local(case.wake_at))
            case = office.case
        yield case


@pytest.mark.parametrize("seed", range(60))
def test_the_engine_never_comes_to_a_marking_that_the_certificate_did_not_see(seed: int) -> None:
    document = a_definition(seed, lanes=seed % 3 > 0, dated=seed % 2 > 0)
    program = Office(document).program
    found = Explorer(Net(program.source, Trial(program.definition))).explore()
    if found.endless:
        return  # the engine refuses to enter such a join
    for case in played(document, seed):
        assert marking_of(case, "lanes" in document) in found.came


@pytest.mark.parametrize("seed", range(60))
def test_the_engine_brings_a_silent_case_to_someone_accountable_within_the_bound(seed: int) -> None:
    document = a_definition(seed, lanes=seed % 3 > 0, case_due=seed % 2 > 0, dated=seed % 4 > 1)
    office = Office(document, now=OPENED)
    calendar = office.world.calendar("cn")
    certificate = certify(office.program.source, calendar=calendar, today=date(2026, 3, 1))
    bound = certificate.bounds.nobody_acts.calendar
    if bound is None or any(f.code == "endless_join" for f in certificate.findings):
        return
    case = office.open(keys=list(KEYS), **a_day(seed))
    while not case.ended and document["states"][case.state]["owner"] != "boss":
        assert case.wake_at is not None
        office.wait_until(local(case.wake_at))
        case = office.case
    assert (case.at - at(OPENED)).days <= bound.days
