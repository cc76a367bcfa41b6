"""The language of programmes as JSON Schema; the committed copy is `workflows/programme.schema.json`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from engine.programme.model import Programme
from engine.vocabulary import Vocabulary

__all__ = ["vocabulary"]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """What may stand where in a programme."""
    document = Programme.model_json_schema(by_alias=True)
    _short_forms(document)
    return Vocabulary.of(document)


def _short_forms(node: Any) -> None:
    """Where people may write one thing without its list, and a condition without `check` (`as_tuple`, `AnyRule`)."""
    if isinstance(node, list):
        for each in node:
            _short_forms(each)
    if not isinstance(node, dict):
        return
    for each in node.values():
        _short_forms(each)
    if node.get("type") == "array" and node.get("items", {}).get("type") == "string":
        _also(node, node["items"])
    if node.get("$ref") == "#/$defs/Rule":
        _also(node, {"type": "string", "minLength": 1, "maxLength": 500})


def _also(node: dict[str, Any], short: dict[str, Any]) -> None:
    """The node as it is, or its short form; what describes it stays outside."""
    kept: dict[str, Any] = {key: node.pop(key) for key in ("title", "description", "default") if key in node}
    full = dict(node)
    node.clear()
    node.update({**kept, "anyOf": [short, full]})
