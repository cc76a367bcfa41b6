"""Read our own source as syntax trees, for rules that import contracts cannot say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "workflows", "adapters", "api", "workers")


@dataclass(frozen=True)
class Source:
    """One of our modules: its path below the project, its text and its syntax tree."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def imported(self) -> dict[str, str]:
        """Local name -> dotted name: `from datetime import datetime as dt` gives dt -> datetime.datetime."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.asname or alias.name.split(".")[0]: _bound(alias) for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return names

    def dotted_names(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of each use of an import: `dt.now` above is datetime.datetime.now."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute | ast.Name) and (name := self._resolve(node)):
                yield node.lineno, name

    def calls(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of each call of something imported."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (name := self._resolve(node.func)):
                yield node.lineno, name

    def _resolve(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.imported.get(node.id)
        if isinstance(node, ast.Attribute) and (owner := self._resolve(node.value)):
            return f"{owner}.{node.attr}"
        return None


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.split(".")[0]


def sources(*packages: str) -> list[Source]:
    """The Python modules of these packages, of all of ours when none is named."""
    files = (path for package in packages or PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in files]
