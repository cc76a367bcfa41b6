"""Proposals that cannot work are named with their place; personal fields are read by none."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from engine.definition import Definition
from engine.document import read
from engine.loading import load
from engine.programme.model import Programme
from engine.programme.proposal_faults import faults
from engine.programme.proposals import readable
from workflows import programme, shipped

NAME = "common_issues"


@cache
def workflows() -> dict[str, Definition]:
    found = [load(data, name=name).definition for name, data in shipped() if "issue" in name]
    return {definition.workflow: definition for definition in found}


def changed(place: str, value: Any) -> Programme:
    """The shipped programme with one value of the proposal put in; the place in dots."""
    name, data = programme()
    parsed: dict[str, Any] = copy.deepcopy(read(data, name=name).data)
    *above, last = place.split(".")
    here = parsed["proposals"][NAME]
    for key in above:
        here = here[key]
    if value is None:
        del here[last]
    else:
        here[last] = value
    return Programme.model_validate(parsed)


@pytest.mark.parametrize(
    ("place", "value", "code", "path"),
    [
        ("over", {"members": "key_subjects"}, "proposal_rows", "over"),
        ("over.by", "ended", "proposal_by", "over.by"),
        ("over.cases", "issues", "unknown_workflow", "over.cases"),
        ("over.where", "stat == 1", "expression_unknown_name", "over.where"),
        ("alike.field", "summary", "unknown_field", "alike.field"),
        ("alike.text", ["summary", "contact_name"], "unknown_field", "alike.text.1"),
        ("within", "3 months", "proposal_span", "within"),
        ("workflow", "common_issu", "unknown_workflow", "workflow"),
        ("with.matter", "headings", "unknown_source", "with.matter"),
        ("with.matter", None, "proposal_brings_too_little", "with"),
        ("with.cases", None, "proposal_without_cases", "with"),
        ("with.unit", "'u-1'", "unknown_field", "with.unit"),
    ],
)
def test_a_fault_is_found_where_it_is(place: str, value: Any, code: str, path: str) -> None:
    found = [(fault.code, fault.path) for fault in faults(changed(place, value), workflows())]
    where = ("proposals", NAME, *(int(key) if key.isdigit() else key for key in path.split(".")))
    assert (code, where) in found, found


def test_a_list_of_cases_goes_into_a_field_of_cases() -> None:
    found = changed("with", {"matter": "cases", "counties": "regions"})
    assert "field_misfit" in [fault.code for fault in faults(found, workflows())]


def test_what_one_version_calls_personal_is_read_in_none() -> None:
    issue = workflows()["issue"]
    fields = {**issue.fields, "summary": issue.fields["summary"].model_copy(update={"personal": True})}
    later = issue.model_copy(update={"fields": fields, "version": 2})
    assert readable([issue], ["summary", "details", "contact_name"]) == ["summary", "details"]
    assert readable([issue, later], ["summary", "details"]) == ["details"]
