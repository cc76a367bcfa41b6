"""Titles that name a threshold, `不少于 {least}`: they say the parameter's value, which so stands in one place only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from engine.document import Document, Path, line_of

__all__ = ["fill_titles"]

_NAMED: Final = re.compile(r"\{([^{}]*)\}")
_JOINED: Final = re.compile(r"(?<=\d)(?=[^\d.])")


def fill_titles(document: Document) -> None:
    """Put the values in place of the names, in every `title`; complains of a name that is no parameter."""
    if isinstance(document.data, dict):
        values = dict(_values(document.data.get("parameters")))
        document.data = _filled(document, document.data, (), values)


def _values(parameters: Any) -> Mapping[str, str]:
    """What each parameter is, in words. One that is not written as it should be is refused by what reads parameters."""
    if not isinstance(parameters, dict):
        return {}
    given = {name: each for name, each in parameters.items() if isinstance(each, dict) and "value" in each}
    return {name: _words(each["value"], each.get("unit")) for name, each in given.items()}


def _words(value: object, unit: object) -> str:
    """1亿元 is `1 亿元`, 60 of the unit 人 is `60 人`."""
    return _JOINED.sub(" ", f"{value}{unit or ''}", count=1)


def _filled(document: Document, node: Any, path: Path, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(document, each, (*path, key), values) for key, each in node.items()}
    if isinstance(node, list):
        return [_filled(document, each, (*path, index), values) for index, each in enumerate(node)]
    if isinstance(node, str) and "{" in node and "title" in path[-2:]:
        return _title(document, node, path, values)
    return node


def _title(document: Document, words: str, path: Path, values: Mapping[str, str]) -> str:
    for name in _NAMED.findall(words):
        if name not in values:
            message, hint = f"没有参数 {name}", f"已有的参数：{'、'.join(sorted(values)) or '无'}"
            document.complain(
                "unknown_parameter", message, line=line_of(path, document.lines), path=path, hint=hint
            )
    return _NAMED.sub(lambda found: values.get(found[1], found[0]), words)
