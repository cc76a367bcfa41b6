"""Copies of a case and its parts: like `dataclasses.replace`, and never with the bytes of what they were copied from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine import canonical
from engine.case import Asked, Case, CaseId, Clock, Holder, Lane, Taken

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def a_clock() -> Clock:
    return Clock(cycle=1, limit="3 working days", started_at=AT, segments=((AT, None),), due_at=LATER)


def a_case() -> Case:
    return Case(
        id=CaseId("34202600000001"),
        workflow="issue",
        version=1,
        digest="d" * 64,
        region="34",
        subject="示例企业",
        state="left",
        opened_at=AT,
        at=AT,
        holder=Holder("clerk", "u-34"),
        clocks={"state": a_clock()},
        lanes={"甲": Lane("share", "left", "assigned")},
        taken={"go": Taken(1, 1, 1, ("p-1",), AT)},
    )


CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (Holder("clerk"), {"person": "p-2"}),
    (Lane("share", "left", "assigned"), {"outcome": "done", "data": {"note": "示例"}}),
    (a_clock(), {"status": "met", "segments": ((AT, LATER),), "asked": Asked("1 day", "示例", "p-1", AT)}),
    (Taken(1, 1, 1, ("p-1",), AT), {"times": 2, "last_at": LATER}),
    (a_case(), {"state": "right", "seq": 4, "clocks": {}}),
]


@pytest.mark.parametrize(("value", "fields"), CHANGES)
def test_a_changed_value_is_what_replace_makes_of_it(value: Any, fields: dict[str, Any]) -> None:
    before = value.as_data()

    assert value.changed(**fields) == replace(value, **fields)
    assert value.changed(**fields).as_data() == replace(value, **fields).as_data() != before
    assert value.as_data() == before


def test_the_bytes_of_a_case_are_those_of_its_data_before_and_after_a_change() -> None:
    case = a_case()
    for each in (case, case.with_clock("state", a_clock().changed(stretch=1)), case.changed(seq=9)):
        assert each.encoded == canonical.encode(each.as_data())
        assert each.encoded == canonical.encode(replace(each).as_data())


def test_the_head_of_a_case_is_not_among_its_bytes() -> None:
    case = a_case()

    assert case.with_head("f" * 64) == replace(case, head="f" * 64)
    assert case.with_head("f" * 64).encoded == case.encoded


@pytest.mark.parametrize("moment", [AT, AT.astimezone(tz=None)])
def test_a_clock_read_back_from_its_data_is_the_clock(moment: datetime) -> None:
    """So that a live decision may go on with the clock itself where a replay reads it from the event."""
    clock = a_clock().changed(started_at=moment, asked=Asked("", "示例", "p-1", moment), fired=("remind-1",))

    assert Clock.from_data(canonical.decode(canonical.encode(clock.as_data()))) == clock
