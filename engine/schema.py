"""The language as JSON Schema (draft 2020-12): for editors, and as the list of words that may stand at a place.

Generated from the model in `definition.py`; the committed copy is `workflows/workflow.schema.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from engine.definition import Definition

__all__ = ["choices_at", "keys_at", "schema", "schema_text"]

Path = Sequence[str | int]

# Where people may write one thing without its list, or a word for a route: `_ladder` and `_routes` of the model.
_ID_TEXT: Final = {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,47}$"}
_RUNG: Final = {"$ref": "#/$defs/Rung"}
_SHORT_FORMS: Final = (("Step", "to", _ID_TEXT), ("State", "overdue", _RUNG), ("ClockSpec", "overdue", _RUNG))


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """What editors check while people type. Do not change the answer: it is shared."""
    document = Definition.model_json_schema(by_alias=True)
    for model, name, short in _SHORT_FORMS:
        properties = document["$defs"][model]["properties"]
        properties[name] = _either(short, properties[name])
    _close(document)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}


def schema_text() -> str:
    """The committed spelling."""
    return json.dumps(schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def keys_at(path: Path) -> tuple[str, ...]:
    """The words that may be keys at this place; empty where people choose them, as in `states`."""
    return tuple(dict.fromkeys(key for node in _nodes(path) for key in node.get("properties", ())))


def choices_at(path: Path) -> tuple[str, ...]:
    """The values that may stand here, where they are a closed list."""
    return tuple(str(value) for node in _nodes(path) for value in (*node.get("enum", ()), *_constant(node)))


def _either(short: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: full[key] for key in ("title", "description", "default") if key in full}
    return {**kept, "anyOf": [short, {key: value for key, value in full.items() if key not in kept}]}


def _close(node: Any) -> None:
    """Keys that are no ids are refused too; the generator leaves them open."""
    if isinstance(node, list):
        for each in node:
            _close(each)
    if isinstance(node, dict):
        if "patternProperties" in node:
            node["additionalProperties"] = False
        for each in node.values():
            _close(each)


def _constant(node: dict[str, Any]) -> tuple[Any, ...]:
    return (node["const"],) if "const" in node else ()


def _nodes(path: Path) -> list[dict[str, Any]]:
    """Every subschema that could describe the place."""
    here = list(_expand(schema()))
    for step in path:
        here = [each for node in here for below in _below(node, step) for each in _expand(below)]
    return here


def _expand(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in node:
        yield from _expand(schema()["$defs"][node["$ref"].removeprefix("#/$defs/")])
        return
    yield node
    for each in (*node.get("anyOf", ()), *node.get("allOf", ())):
        yield from _expand(each)


def _below(node: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(step, int):
        yield from (node[key] for key in ("items",) if key in node)
    elif step in node.get("properties", {}):
        yield node["properties"][step]
    else:
        yield from node.get("patternProperties", {}).values()
