"""Conditions: what is refused when they are compiled, and that only yes and no count when they are read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.expressions import (
    Expression,
    ExpressionFailed,
    ExpressionRefused,
    IllTyped,
    Kind,
    Malformed,
    NotBoolean,
    TooComplex,
    UnknownName,
    compile_guard,
    vocabulary,
)
from engine.loading import load

SAMPLES = Path(__file__).parents[1] / "workflows" / "samples"
WORDS = {
    "level": Kind.INTEGER,
    "urgent": Kind.BOOLEAN,
    "grade": Kind.TEXT,
    "departments": Kind.LIST,
    "lanes.missed": Kind.INTEGER,
    "taken.return_": Kind.INTEGER,
    "late.answer": Kind.BOOLEAN,
    "round": Kind.INTEGER,
}


def guard(text: str) -> Expression:
    return compile_guard(text, WORDS)


@pytest.mark.parametrize(
    ("text", "values", "answer"),
    [
        ("level >= 2 && size(departments) > 0", {"level": 2, "departments": ["a"]}, True),
        ("level >= 2 && size(departments) > 0", {"level": 2, "departments": []}, False),
        ("lanes.missed > 0 || late.answer", {"lanes.missed": 0, "late.answer": True}, True),
        ("taken.return_ < 2", {"taken.return_": 2}, False),
        ("grade == '严重'", {"grade": "严重"}, True),
        ("'u1' in departments", {"departments": ("u1", "u2")}, True),
        ("departments.exists(each, each == grade)", {"departments": ["b"], "grade": "a"}, False),
        ("!urgent", {"urgent": False}, True),
        ("grade == ''", {"grade": ""}, True),
    ],
)
def test_a_condition_is_true_or_false_of_its_values(
    text: str, values: dict[str, object], answer: bool
) -> None:
    assert guard(text).holds(values) is answer
    assert guard(text).holds(values.__getitem__) is answer


def test_only_the_names_that_are_used_are_asked_for() -> None:
    asked: list[str] = []

    def value(name: str) -> object:
        asked.append(name)
        return 3

    assert guard("level > 1 && lanes.missed > 1 // urgent, 'grade'").holds(value)
    assert asked == ["lanes.missed", "level"]


def test_names_inside_of_literals_are_not_names() -> None:
    assert guard("""grade == 'level \\' urgent' || grade == "round" || grade == r'lanes.missed'""").names == (
        "grade",
    )


def test_what_was_read_can_be_kept() -> None:
    record = guard("level > 1 && size(departments) == 1").evaluated(
        {"level": 2, "departments": ("a",), "round": 1}
    )
    assert record.as_data() == {
        "check": "level > 1 && size(departments) == 1",
        "names": {"departments": ["a"], "level": 2},
        "result": True,
    }


@pytest.mark.parametrize(
    ("text", "error", "column"),
    [
        ("level >", Malformed, 8),
        ("level > 1 and urgent", Malformed, 11),
        ("grade = 'a'", Malformed, 7),
        ("level > 1 &&\n  levle > 1", UnknownName, 16),
        ("grade == '中文' && levle > 1", UnknownName, 18),
        ("lanes.mised > 0", UnknownName, 6),
        ("now() > 1", UnknownName, 4),
        ("level >= 'two'", IllTyped, 7),
        ("level > 1.5", IllTyped, 7),
        ("departments == 'a'", IllTyped, 13),
        ("dyn(level) == 'a'", IllTyped, 1),
        ("level", NotBoolean, 0),
        ("urgent ? level : 1", NotBoolean, 0),
        ("(" * 40 + "urgent" + ")" * 40, TooComplex, 0),
        ("level" + "+1" * 100 + " > 0", TooComplex, 0),
        ("urgent || " * 60 + "urgent", TooComplex, 0),
    ],
)
def test_a_condition_that_cannot_be_right_is_refused_with_its_column(
    text: str, error: type[ExpressionRefused], column: int
) -> None:
    with pytest.raises(ExpressionRefused) as refused:
        guard(text)
    assert type(refused.value) is error
    assert refused.value.column == column


@pytest.mark.parametrize(
    "text", ["'''" + "\\" * 400, "grade == '" + "\\\\" * 200, "grade == '" + "'" * 300, "a." * 249]
)
def test_endless_literals_and_names_are_refused_without_being_tried_in_every_way(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        guard(text)


def test_a_misspelt_name_is_recognised() -> None:
    with pytest.raises(UnknownName) as refused:
        guard("lanes.mised > 0")
    assert refused.value.hint == "是不是 lanes.missed？"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("10 / level > 1", {"level": 0}),
        ("departments[0] == 'a'", {"departments": []}),
        ("level * 9223372036854775807 > 0", {"level": 3}),
        ("level > 1", {"level": "many"}),
        ("grade == 'a'", {"grade": None}),
        ("urgent", {"urgent": "true"}),
        ("level > 1 || urgent", {"level": 2}),
        ("departments.all(a, departments.all(b, departments.all(c, a != '')))", {"departments": ["a"] * 300}),
    ],
)
def test_whatever_is_not_a_plain_yes_or_no_is_a_failure_and_never_true(
    text: str, values: dict[str, object]
) -> None:
    with pytest.raises(ExpressionFailed):
        guard(text).holds(values)


def test_the_same_text_over_the_same_names_is_compiled_once() -> None:
    assert guard("level > 7") is compile_guard("level > 7", {**WORDS, "other": Kind.TEXT})


def test_a_name_of_another_type_is_another_condition() -> None:
    assert guard("level == level").holds({"level": 1})
    assert compile_guard("level == level", {"level": Kind.TEXT}).holds({"level": "a"})


def test_threads_share_a_condition() -> None:
    expression = guard("level % 2 == 0 && size(departments) == level")

    def ask(level: int) -> bool:
        return expression.holds({"level": level, "departments": ["d"] * level})

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(400))) == [level % 2 == 0 for level in range(400)]


def test_the_vocabulary_is_that_of_the_language() -> None:
    definition = load((SAMPLES / "full.yaml").read_bytes(), name="full.yaml").definition
    words = vocabulary(definition, "share")
    assert words == vocabulary(definition)
    assert "phone" not in words  # personal
    assert words.items() >= {
        "matter": Kind.TEXT, "refund": Kind.INTEGER, "urgent": Kind.BOOLEAN, "visit_on": Kind.TEXT,
        "basis": Kind.LIST, "recheck": Kind.LIST, "co_units": Kind.LIST, "evidence": Kind.LIST,
        "ward_unit": Kind.TEXT, "doctor": Kind.TEXT, "same_as": Kind.TEXT, "grade": Kind.TEXT,
        "lanes.open": Kind.INTEGER, "lanes.done": Kind.INTEGER, "lanes.missed": Kind.INTEGER,
        "lanes.withdrawn": Kind.INTEGER, "lanes.total": Kind.INTEGER, "taken.hand_back": Kind.INTEGER,
        "round": Kind.INTEGER, "related.open": Kind.INTEGER, "related.ended": Kind.INTEGER,
        "late.contact": Kind.BOOLEAN, "late.report": Kind.BOOLEAN, "late.case": Kind.BOOLEAN,
    }.items()  # fmt: skip
    assert not {"taken.finish", "taken.confirm"} & words.keys()  # steps of lanes are counted in their lanes
