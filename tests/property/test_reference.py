"""The engine and an independent reading of the language agree on every event of random histories.

The reference is told what was asked, who asked and what rang; it predicts state, lanes, round and data. BIHUAN_SOAK
multiplies the number of histories.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from adapters.calendars import load_calendar
from engine.case import Case
from engine.events import apply, read
from tests.support.histories import ROOT, program_of, random_history
from tests.support.reference import Reference

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
CHINA = timedelta(hours=8)


def picture(case: Case) -> dict[str, Any]:
    return {
        "state": case.state,
        "round": case.round,
        "lanes": {k: (v.state, v.outcome, v.n) for k, v in case.lanes.items()},
        "data": dict(case.data),
    }


def follow(reference: Reference, body: Mapping[str, Any]) -> str:
    """Do in the reference what an event says was asked."""
    asked = body["asked"]
    match body["type"]:
        case "case.opened":
            reference.open(asked["data"])
        case "step.taken":
            return reference.step(asked["step"], asked["lane"], asked["data"], body["actor"]["id"])
        case "clock.fired":
            fired = body["inputs"]["fired"]
            reference.rung(fired["clock"], fired["rung"])
        case "case.jumped":
            reference.enter(asked["state"])
        case "lane.added":
            scopes = (s for s, spec in reference.spec["states"].items() if "parallel" in spec)
            reference.open_lane(
                next(s for s in scopes if reference.state in reference.scope(s)), asked["lane"]
            )
        case "lane.withdrawn":
            reference.withdraw(asked["lane"])
        case "case.related":
            reference.related[asked["other"]] = asked["news"]
    return ""


@pytest.mark.parametrize(
    "workflow",
    [
        "tests/workflows/samples/minimal.yaml",
        "tests/workflows/samples/full.yaml",
        "workflows/issue.yaml",
        "workflows/rd_institution.yaml",
        "workflows/january_package.yaml",
    ],
)
def test_an_independent_reading_of_the_workflow_predicts_every_event(workflow: str) -> None:
    for seed in range(40 * SOAK):
        history, _ = random_history(program_of(workflow), 1000 + seed, 30)
        reference, case = Reference.of(ROOT / workflow), None
        reference.is_worked = load_calendar("cn").is_working_day
        for data in history.events:
            event = read(data)
            reference.day = (event.at + CHINA).date().isoformat()
            refusal = follow(reference, event.body)
            case = apply(case, event)
            for name, clock in case.clocks.items():  # deadlines are not the reference's business
                late = clock.status == "late" or (clock.is_open and "due" in clock.fired)
                reference.late.discard(name)
                if late:
                    reference.late.add(name)
            assert (refusal, reference.picture()) == ("", picture(case)), (
                seed,
                event.seq,
                event.body["asked"],
            )
