"""Obligations, frequencies and indicators that cannot work are named with their place; the example has no fault."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from engine.document import read
from engine.programme.due_faults import faults
from engine.programme.model import Programme
from tests.support.duties import DUTIES, duties, duty_programs

WORKFLOWS = {name: program.definition for name, program in duty_programs().items()}


def changed(place: str, value: Any) -> Programme:
    """The example with one value put in; the place in dots."""
    data: dict[str, Any] = copy.deepcopy(read(DUTIES.encode(), name="duties.yaml").data)
    *above, last = place.split(".")
    here = data
    for name in above:
        here = here[name]
    if value is None:
        del here[last]
    else:
        here[last] = value
    return Programme.model_validate(data)


def test_the_example_has_no_fault_with_its_workflows_or_without() -> None:
    assert list(faults(duties())) == []
    assert list(faults(duties(), WORKFLOWS)) == []


ODD = {"cases": "round", "by": "opened", "where": "state"}


@pytest.mark.parametrize(
    ("place", "value", "code", "path"),
    [
        ("obligations.ward_round.workflow", "rounds", "unknown_workflow", "workflow"),
        ("obligations.ward_round.for", {"depth": 1, "list": "rooms"}, "obligation_for", "for"),
        ("obligations.room_round.for", {"list": "room"}, "unknown_list", "for.list"),
        ("obligations.ward_round.opens", "2 January", "obligation_day", "opens"),
        ("obligations.january_file.due", "31 Janury", "duration_no_such_date", "due"),
        ("obligations.ward_round.with.kind", "ward", "unknown_source", "with.kind"),
        ("obligations.ward_round.with.colour", "period", "unknown_field", "with.colour"),
        ("obligations.ward_round.with.kind", None, "obligation_brings_too_little", "with"),
        ("obligations.ward_round.done", "taken.finnish > 0", "expression_unknown_name", "done"),
        ("obligations.ward_round.in_time", "round", "expression_not_boolean", "in_time"),
        ("obligations.ward_round.at", "finis", "unknown_step", "at"),
        ("obligations.ward_round.also_filled_by", {"members": "rooms"}, "filled_by_cases", "also_filled_by"),
        ("obligations.ward_round.also_filled_by", {"cases": "rounds"}, "unknown_workflow", "also_filled_by.cases"),
        ("obligations.ward_round.also_filled_by", {"cases": "round", "by": "step finis"}, "unknown_step", "also_filled_by.by"),
        ("obligations.ward_round.also_filled_by", {"cases": "round", "by": "due case"}, "filled_by_due", "also_filled_by.by"),
        ("obligations.ward_round.also_filled_by", ODD, "expression_not_boolean", "also_filled_by.where"),
        ("frequency.quiet.within", "2 months", "frequency_span", "within"),
        ("frequency.quiet.step", "flag", "unknown_step", "step"),
        ("frequency.quiet.number", "period", "unknown_field", "number"),
        ("frequency.quiet.day", "period", "unknown_field", "day"),
        ("frequency.quiet.counts", "taken.finish", "expression_not_boolean", "counts"),
        ("indicators.in_time.over.cases", "requests", "unknown_workflow", "over.cases"),
        ("indicators.in_time.over.by", "due answers", "unknown_clock", "over.by"),
        ("indicators.in_time.over.by", "step answers", "unknown_step", "over.by"),
        ("indicators.in_time.over.by", "closed", "unknown_moment", "over.by"),
        ("indicators.in_time.over.slots", "ward_round", "indicator_rows", "over"),
        ("indicators.in_time.over.where", "state == 1", "expression_type", "over.where"),
        ("indicators.in_time.part", None, "indicator_incomplete", ""),
        ("indicators.in_time.part", "met.answers", "expression_unknown_name", "part"),
        ("indicators.in_time.beside", ["in_tim"], "unknown_indicator", "beside.0"),
        ("indicators.hours.value", "hours.answers", "unknown_number", "value"),
        ("indicators.monthly.over.slots", "ward_rounds", "unknown_obligation", "over.slots"),
        ("indicators.covered.having.cases", "rounds", "unknown_workflow", "having.cases"),
        ("indicators.left.over.members", "brokn", "unknown_list", "over.members"),
        ("indicators.left.value", "ending", "unknown_term", "value"),
        ("indicators.doubled.of", "promised", "unknown_indicator", "of"),
        ("indicators.doubled.until_year", 2021, "indicator_years", "until_year"),
        ("indicators.doubled.value", "speed", "unknown_measure", "value"),
        ("indicators.rooms_in_use.over.where", "keptt", "expression_unknown_name", "over.where"),
        ("indicators.score.parts", [{"indicator": "in_time", "weight": 60}], "indicator_weights", "parts"),
    ],
)  # fmt: skip
def test_a_fault_is_found_where_it_is(place: str, value: Any, code: str, path: str) -> None:
    found = [(fault.code, fault.path) for fault in faults(changed(place, value), WORKFLOWS)]
    section, name, *_ = place.split(".")
    wanted = (section, name, *(int(p) if p.isdigit() else p for p in filter(None, path.split("."))))
    assert (code, wanted) in found


def test_a_name_that_was_probably_meant_is_suggested() -> None:
    (fault,) = faults(changed("obligations.room_round.for", {"list": "room"}))
    assert (fault.message, fault.hint) == ("没有这个名单：room", "是不是 rooms？")
