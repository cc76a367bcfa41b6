"""The words that may stand at a place of a file, read from the JSON Schema (draft 2020-12) of its model.

Editors check files against the same document; its committed copies lie in `workflows/`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Vocabulary"]

Path = Sequence[str | int]


@dataclass(frozen=True)
class Vocabulary:
    """A schema and what it says of places. Do not change the document: it is shared."""

    document: dict[str, Any]

    @classmethod
    def of(cls, document: dict[str, Any]) -> Vocabulary:
        """From what the generator wrote, which leaves open which keys are refused."""
        _close(document)
        return cls({"$schema": "https://json-schema.org/draft/2020-12/schema", **document})

    @property
    def text(self) -> str:
        """The committed spelling."""
        return json.dumps(self.document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def keys_at(self, path: Path) -> tuple[str, ...]:
        """The words that may be keys at this place; empty where people choose them, as in `states`."""
        return tuple(dict.fromkeys(key for node in self._nodes(path) for key in node.get("properties", ())))

    def choices_at(self, path: Path) -> tuple[str, ...]:
        """The values that may stand here, where they are a closed list."""
        nodes = self._nodes(path)
        return tuple(str(value) for node in nodes for value in (*node.get("enum", ()), *_constant(node)))

    def _nodes(self, path: Path) -> list[dict[str, Any]]:
        """Every subschema that could describe the place."""
        here = list(self._expand(self.document))
        for step in path:
            here = [each for node in here for below in _below(node, step) for each in self._expand(below)]
        return here

    def _expand(self, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if "$ref" in node:
            yield from self._expand(self.document["$defs"][node["$ref"].removeprefix("#/$defs/")])
            return
        yield node
        for each in (*node.get("anyOf", ()), *node.get("allOf", ())):
            yield from self._expand(each)


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


def _below(node: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    if isinstance(step, int):
        yield from (node[key] for key in ("items",) if key in node)
    elif step in node.get("properties", {}):
        yield node["properties"][step]
    else:
        yield from node.get("patternProperties", {}).values()
