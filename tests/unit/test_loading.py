"""Reading definitions: what is accepted, what is refused, where and with which words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, SequenceNode

from engine.definition import Definition, step_ref
from engine.durations import Duration, FixedDate, Unit
from engine.findings import Refused
from engine.loading import Source, load
from engine.schema import schema, schema_text

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "tests" / "workflows" / "samples").glob("*.yaml"))
REFUSALS = sorted((ROOT / "tests" / "workflows" / "refusals").glob("*.yaml"))
MINIMAL = (ROOT / "tests" / "workflows" / "samples" / "minimal.yaml").read_text("utf-8")
FULL = (ROOT / "tests" / "workflows" / "samples" / "full.yaml").read_text("utf-8")


def refusal(text: str) -> Refused:
    with pytest.raises(Refused) as refused:
        load(text.encode(), name="w.yaml")
    return refused.value


def full() -> Source:
    return load(FULL.encode(), name="full.yaml")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_accepted(path: Path) -> None:
    assert load(path.read_bytes(), name=path.name).definition.workflow


def test_shipped_workflows_are_accepted() -> None:
    for path in sorted((ROOT / "workflows").glob("*.yaml")):
        if path.stem != "programme":
            load(path.read_bytes(), name=path.name)


def test_short_forms_become_full_ones() -> None:
    definition = full().definition
    received = definition.states["received"]
    assert definition.roles["desk"].title.zh == "投诉接待员"
    assert received.due is not None
    assert received.due.within == Duration(1, Unit.WORKING_DAY)
    assert [rung.to for rung in received.overdue] == ["with_president"]
    assert [route.to for route in received.steps["withdraw"].to] == ["withdrawn"]
    assert definition.clocks["report"].due.within == FixedDate(1, 31)
    assert definition.limits is not None
    assert definition.limits.rows["grave"]["contact"] == Duration(4, Unit.WORKING_HOUR)


def _written(value: Any, seen: dict[str, set[str]]) -> dict[str, set[str]]:
    """What is said somewhere in a definition, for each model."""
    if isinstance(value, BaseModel):
        seen.setdefault(type(value).__name__, set()).update(value.model_fields_set)
        value = [getattr(value, name) for name in value.model_fields_set]
    if isinstance(value, dict):
        value = list(value.values())
    for each in value if isinstance(value, list | tuple) else ():
        _written(each, seen)
    return seen


def test_the_full_sample_uses_every_construct_of_the_language() -> None:
    written = _written(full().definition, {})
    absent = {
        name: missing
        for name, model in _models(Definition, {}).items()
        if (missing := set(model.model_fields) - written.get(name, set()))
    }
    assert not absent


def _line_of(needle: str) -> int:
    return next(number for number, line in enumerate(FULL.split("\n"), start=1) if needle in line)


@pytest.mark.parametrize(
    ("path", "needle"),
    [
        (("states", "received", "owner"), "owner: desk"),
        (("states", "received", "overdue", 0, "to"), "overdue: {to: with_president, notify: [director, president]}"),
        (("states", "examining", "overdue", 2, "opens", "with", "unit"), "opens: {workflow: supervision"),
        (("states", "received", "steps", "accept", "to", 1, "to"), "- {to: examining}"),
        (("states", "received", "steps", "withdraw", "to", 0, "to"), "withdraw: {title: 撤回"),
        (("states", "received", "due", "within"), "due: {within: 1个工作日, from: next day}"),
        (("states", "received", "holder"), "  received:"),
        (("lanes", "share", "states", "working", "steps", "finish"), "finish: {title: 报送协查意见"),
    ],
)  # fmt: skip
def test_every_place_has_its_line_and_a_missing_one_that_of_its_parent(
    path: tuple[str | int, ...], needle: str
) -> None:
    assert full().line(path) == _line_of(needle)


def test_a_finding_of_later_checks_names_file_line_and_place() -> None:
    finding = full().finding(
        "dead_end", "走不出去", ("states", "closed"), hint="加一个动作", example=["accept"]
    )
    assert str(finding) == f"full.yaml:{_line_of('  closed:')}: dead_end: 走不出去（加一个动作）"
    assert (finding.path, finding.example) == ("states.closed", ("accept",))


def test_the_digest_is_of_the_bytes() -> None:
    again = load(FULL.encode() + b"# more\n", name="full.yaml")
    assert full().digest == full().digest != again.digest
    assert again.definition == full().definition


@pytest.mark.parametrize("path", REFUSALS, ids=lambda path: path.stem)
def test_each_defect_is_refused_once_with_its_code_and_line(path: Path) -> None:
    data = path.read_bytes()
    _, _, code, line = data.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode().split()
    with pytest.raises(Refused) as refused:
        load(data, name=path.name)
    assert [(each.code, each.line, each.file) for each in refused.value.findings] == [
        (code, int(line), path.name)
    ]
    assert any("\u4e00" <= character <= "\u9fff" for character in refused.value.findings[0].message)


def test_all_problems_are_reported_in_the_order_of_their_lines() -> None:
    text = (
        MINIMAL.replace("version: 1\n", "version: 1.0\n")
        .replace("owner: clerk", "ownr: clerk")
        .replace("due: 2个工作日", "due: P2D")
        .replace("final: true", "final: yes")
    )
    findings = refusal(text).findings
    assert [each.code for each in findings] == [
        "float",
        "unknown_key",
        "duration_iso8601",
        "ambiguous_boolean",
    ]
    assert [each.line for each in findings] == sorted(each.line for each in findings)


def test_references_are_checked_although_a_key_is_unknown() -> None:
    text = MINIMAL.replace("remind: [1", "reminder: [1").replace("to: with_head,", "to: with_haed,")
    assert [(each.code, each.hint) for each in refusal(text).findings] == [
        ("unknown_key", "是不是 remind？"),
        ("unknown_state", "是不是 with_head？"),
    ]


def test_a_duration_keeps_its_own_hint() -> None:
    (finding,) = refusal(MINIMAL.replace("due: 3 working days", "due: 3 workdays")).findings
    assert (finding.code, finding.hint) == ("duration_unknown_unit", "是不是 working days？")


def test_a_broken_union_is_one_problem() -> None:
    text = FULL.replace("contact: 2个工作日", "contact: 2 workdays").replace(
        "done_when: all", "done_when: most", 1
    )
    assert [each.code for each in refusal(text).findings] == ["duration_unknown_unit", "unknown_choice"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "just words\n", "~\n"])
def test_a_file_that_is_no_definition_is_refused(text: str) -> None:
    (finding,) = refusal(text).findings
    assert finding.code in ("empty_file", "wrong_type")


def test_quoted_words_are_only_words() -> None:
    text = MINIMAL.replace("title: 待答复", 'title: "yes"').replace("title: 主任处理", "title: '2026-12-01'")
    states = load(text.encode(), name="w.yaml").definition.states
    assert [states["received"].title.zh, states["with_head"].title.zh] == ["yes", "2026-12-01"]


def _leaves(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a file with the key that it stands under."""
    if isinstance(node, MappingNode):
        for name, value in node.value:
            yield from _leaves(value, name.value)
    elif isinstance(node, SequenceNode):
        for each in node.value:
            yield from _leaves(each, key)
    else:
        yield key, node


def _ids(definition: Definition) -> set[str]:
    charts = [states for _, states in definition.charts()]
    steps = {step_ref(chart, step) for chart, _, _, step, _ in definition.steps()}
    return {
        *definition.roles, *definition.fields, *definition.lanes, *definition.clocks, *steps, "open",
        *(state for states in charts for state in states),
    }  # fmt: skip


def test_every_name_in_the_full_sample_is_refused_at_its_line_when_misspelt() -> None:
    ids = _ids(full().definition)
    words = [
        node for key, node in _leaves(YAML(typ="safe", pure=True).compose(FULL))
        if node.value.split(" ")[0] in ids and key not in ("post", "outcome", "type")
    ]  # fmt: skip
    assert len(words) > 150
    for first in range(0, len(words), 40):  # a refusal names 100 problems at most
        batch = words[first : first + 40]
        text = FULL
        for node in reversed(batch):
            end = node.start_mark.index + len(node.value.split(" ")[0])
            text = f"{text[:end]}_x{text[end:]}"
        found = Counter(each.line for each in refusal(text).findings)
        assert not Counter(node.start_mark.line + 1 for node in batch) - found


# ---- the generated schema


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = (ROOT / "workflows" / "workflow.schema.json").read_text("utf-8")
    assert committed == schema_text(), (
        "python -c 'from engine.schema import schema_text; print(schema_text(), end=str())'"
    )


def test_the_schema_is_draft_2020_12() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def _models(model: type[BaseModel], seen: dict[str, type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """Every model that a definition is made of."""
    if model.__name__ not in seen:
        seen[model.__name__] = model
        for field in model.model_fields.values():
            for inner in _inside(field.annotation):
                _models(inner, seen)
    return seen


def _keys(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _inside(argument)


def test_the_vocabulary_of_the_schema_is_that_of_the_parser() -> None:
    models = {name: _keys(model) for name, model in _models(Definition, {}).items()}
    written = {
        name: set(node["properties"]) for name, node in schema()["$defs"].items() if "properties" in node
    }
    _, *forms = schema()["$defs"]["ClockSpec"]["properties"]["due"]["anyOf"]
    in_place = {
        "Definition": set(schema()["properties"]),
        "Due": {name for form in forms for name in form["properties"]},
        "Title": {"zh", "en"},
    }
    assert {**written, **in_place} == models
    assert schema()["properties"]["title"]["anyOf"][1]["properties"].keys() == models["Title"]


def _plain(data: bytes) -> Any:
    return YAML(typ="safe", pure=True).load(data.decode())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_validate_under_the_schema(path: Path) -> None:
    jsonschema.Draft202012Validator(schema()).validate(_plain(path.read_bytes()))


@pytest.mark.parametrize(
    "path",
    [path for path in REFUSALS if path.stem.startswith(("key_", "type_", "choice_", "name_", "range_at"))
     and path.stem != "choice_without_options"],
    ids=lambda path: path.stem,
)  # fmt: skip
def test_what_the_model_refuses_the_schema_refuses_too(path: Path) -> None:
    assert list(jsonschema.Draft202012Validator(schema()).iter_errors(_plain(path.read_bytes())))


# ---- bombs

BOMBS = {
    "aliases": "a: &a [x, x]\n" + "".join(f"k{i}: &k{i} [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" for i in range(2000)),
    "merge_keys": "a: &a {x: 1}\n" + "".join(f"k{i}: &k{i} {{<<: [*a, *a, *a, *a]}}\n" for i in range(2000)),
    "brackets": "[" * 200_000,
    "braces": "{a: " * 50_000,
    "dashes": "- " * 100_000,
    "indentation": "\n".join(" " * depth + "a:" for depth in range(600)),
    "three_hundred_kilobytes": MINIMAL + "#" + "x" * 300_000,
    "entries": "[" + "a," * 120_000 + "]",
    "long_key": MINIMAL + '"' + "k" * 200_000 + '": 1\n',
    "long_word": MINIMAL.replace("title: 待答复", "title: " + "a" * 200_000),
    "huge_integer": MINIMAL.replace("max: 500", "max: " + "9" * 200_000),
    "unknown_keys": MINIMAL + "".join(f"key{i}: 1\n" for i in range(9_000)),
    "duplicate_keys": MINIMAL + "a: 1\n" * 9_000,
    "unclosed_quote": 'a: "' + "b" * 200_000,
    "bangs": "a: " + "!" * 200_000,
    "unknown_names": MINIMAL.replace("notify: [head]", "notify: [" + ",".join(f"r{i}" for i in range(9_000)) + "]"),
    "bad_guards": MINIMAL.replace(
        "- {check: size(answer) >= 5, else: 答复至少写五个字}",
        "[" + ",".join(f"{{check: size(answer{i}) > {i}, else: 不行}}" for i in range(2_000)) + "]",
    ),
}  # fmt: skip

DEFUSE = """
import json, resource, sys
from engine.findings import Refused
from engine.loading import load
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
codes = []
for bomb in json.load(sys.stdin):
    try:
        load(bomb.encode(), name="bomb.yaml")
        codes.append([])
    except Refused as refused:
        codes.append([finding.code for finding in refused.findings])
# Not ru_maxrss: through fork and exec that keeps the high-water mark of the parent, which is pytest.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps({"codes": codes, "peak_kb": int(peak.split()[1])}))
"""


def test_bombs_are_refused_within_200_mb_and_without_being_expanded() -> None:
    run = subprocess.run(
        [sys.executable, "-c", DEFUSE],
        input=json.dumps(list(BOMBS.values())), cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(run.stdout)
    codes = dict(zip(BOMBS, answer["codes"], strict=True))
    assert all(0 < len(each) <= 100 for each in codes.values()), codes
    assert {name: codes[name][0] for name in ("brackets", "braces", "dashes", "indentation", "entries")} == {
        "brackets": "too_deep", "braces": "too_deep", "dashes": "too_deep", "indentation": "too_deep",
        "entries": "too_many_entries",
    }  # fmt: skip
    assert set(codes["aliases"]) == {"alias", "anchor"}
    assert {"merge_key", "alias"} <= set(codes["merge_keys"])
    assert codes["three_hundred_kilobytes"] == ["file_too_large"]
    assert codes["huge_integer"] == ["number_too_large"]
    assert answer["peak_kb"] <= 200 * 1024


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("language: 1\ntitle：示例\nversion: 1\n", 2),
        ("language: 1\nstates:\n  a:\n    title：示例\n    due: 3\n", 4),
        ("language: 1\nstates:\n  a：\n    title: 示例\n", 3),
    ],
)
def test_a_full_width_colon_is_named_at_its_own_line(text: str, line: int) -> None:
    [finding] = refusal(text).findings
    assert (finding.code, finding.line) == ("yaml_syntax", line)
    assert "全角冒号" in finding.message


def test_a_full_width_colon_inside_a_text_is_none_of_the_readers_business() -> None:
    with_colon = MINIMAL.replace("title: 咨询答复（示例）", "title: 咨询：答复（示例）")
    assert load(with_colon.encode(), name="w.yaml").definition.title.zh == "咨询：答复（示例）"
