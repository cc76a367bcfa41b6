"""What may be written into a field of each type, and the sentence that refuses the rest."""

from __future__ import annotations

from typing import Any

import pytest

from engine.definition import FieldSpec
from engine.fields import LIST_MAX, TEXT_MAX, fault_of, is_empty, value_of


def field(kind: str, **more: Any) -> FieldSpec:
    options = {"a": "甲", "b": "乙"} if kind in ("choice", "choices") else {}
    return FieldSpec.model_validate({"title": "示例", "type": kind, "options": options, **more})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "好"),
        ("texts", ["甲", "乙"]),
        ("integer", 0),
        ("integer", -3),
        ("boolean", False),
        ("date", "2026-02-28"),
        ("choice", "a"),
        ("choices", ["b", "a"]),
        ("choices", []),
        ("unit", "u-1"),
        ("units", ["u-1"]),
        ("person", "p-1"),
        ("case", "202600000015"),
        ("files", ["f-1"]),
        ("text", None),
    ],
)
def test_a_fitting_value_has_no_fault(kind: str, value: Any) -> None:
    assert fault_of(field(kind), value) == ""


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 3),
        ("text", "长" * (TEXT_MAX + 1)),
        ("texts", "甲"),
        ("texts", ["甲", "甲"]),
        ("texts", [3]),
        ("integer", True),
        ("integer", "3"),
        ("boolean", 1),
        ("boolean", "true"),
        ("date", "2026-02-29"),
        ("date", "2026-W09-1"),
        ("date", "20260228"),
        ("date", "1999-12-31"),
        ("date", "2101-01-01"),
        ("date", 20260228),
        ("choice", "c"),
        ("choice", ["a"]),
        ("choices", ["a", "c"]),
        ("choices", ["a", "a"]),
        ("unit", ""),
        ("unit", "u" * 101),
        ("units", [["u-1"]]),
        ("files", [f"f-{n}" for n in range(LIST_MAX + 1)]),
        ("case", 202600000015),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_a_sentence(kind: str, value: Any) -> None:
    assert fault_of(field(kind), value)


def test_bounds_are_characters_of_a_text_values_of_an_integer_and_entries_of_a_list() -> None:
    assert fault_of(field("text", min=2, max=3), "三个字") == ""
    assert fault_of(field("text", min=2, max=3), "字") == "至少2字"
    assert fault_of(field("text", min=2, max=3), "四个字了") == "至多3字，现有4字"
    assert fault_of(field("integer", min=2, max=3), 1) == "不小于2"
    assert fault_of(field("integer", min=2, max=3), 4) == "不大于3"
    assert fault_of(field("files", min=1), []) == "至少1项"
    assert fault_of(field("texts", max=1), ["很长的一段文字", "乙"]) == "至多1项，现有2项"


def test_false_and_zero_are_values_and_blank_is_none() -> None:
    assert [is_empty(v) for v in (None, "", [], {})] == [True] * 4
    assert [is_empty(v) for v in (False, 0, "x", [0])] == [False] * 4


def test_a_condition_sees_the_empty_value_of_the_type_where_nothing_was_written() -> None:
    seen = {kind: value_of(field(kind), {}, "x") for kind in ("text", "integer", "boolean", "units", "date")}

    assert seen == {"text": "", "integer": 0, "boolean": False, "units": [], "date": ""}
    assert type(seen["boolean"]) is bool
