"""A definition read from its bytes: accepted whole, or refused with every problem, its line and a hint.

Three sieves, each on what the one before let through: `document.py` (YAML that reads as it looks), the model in
`definition.py` (words and types), `references.py` (every name leads somewhere). Whether the workflow is a good one is
left to `certificate.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel

from engine.canonical import definition_digest
from engine.definition import Definition
from engine.document import FINDINGS_LIMIT, Document, Path, line_of, read
from engine.findings import Finding, Refused
from engine.lookups import Faults
from engine.references import faults
from engine.schema import vocabulary
from engine.validating import validated
from engine.vocabulary import Vocabulary

__all__ = ["Source", "accepted", "load"]

Place = Sequence[str | int]
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Source:
    """A definition with the bytes it came from and the line of each of its parts."""

    name: str
    data: bytes = field(repr=False)
    digest: str
    definition: Definition = field(repr=False)
    lines: Mapping[Path, int] = field(repr=False)

    def line(self, path: Place) -> int:
        """Of a place in the model or the file (`("states", "a", "overdue", 0, "to")`), or of what holds it."""
        return line_of(self.written(path), self.lines)

    def written(self, path: Place) -> Place:
        """Where the step of a state is written: there, or under `everywhere`."""
        match path:
            case ("states", str(state), "steps", str(step), *rest) if tuple(path[:4]) not in self.lines:
                is_settled = self.definition.states[state].settled
                there = ("everywhere", "settled" if is_settled else "steps", step)
                return (*there, *rest) if there in self.lines else path
        return path

    def finding(
        self, code: str, message: str, path: Place, *, hint: str = "", example: Sequence[str] = ()
    ) -> Finding:
        place = ".".join(map(str, self.written(path)))
        return Finding(code, message, self.name, self.line(path), place, hint, tuple(example))


def load(data: bytes, *, name: str) -> Source:
    """The definition in `data`; `name` is the file that findings speak of. Raises Refused with up to 100 findings."""
    document = read(data, name=name)
    definition = accepted(document, Definition, vocabulary(), faults)
    return Source(name, data, definition_digest(data), definition, document.lines)


def accepted(
    document: Document, model: type[_Model], words: Vocabulary, faults_of: Callable[[_Model], Faults]
) -> _Model:
    """The value of the document. Raises Refused with whatever the three sieves found, by line."""
    if document.data is None and document.findings:
        raise Refused(document.findings)
    value = validated(document, model, words)
    if value is not None:
        for fault in islice(faults_of(value), FINDINGS_LIMIT):
            line = line_of(fault.path, document.lines)
            document.complain(fault.code, fault.message, line=line, path=fault.path, hint=fault.hint)
    if document.findings or value is None:
        raise Refused(sorted(document.findings, key=lambda each: each.line))
    return value
