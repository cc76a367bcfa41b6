"""A programme read from its bytes: accepted whole, or refused with every problem, its line and a hint.

The same three sieves as for workflows (`engine/loading.py`). Whether the lists fit the published workflows, and whether its
rules can hold at all, is left to `certificate.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.canonical import tagged_digest
from engine.document import Path, line_of, read
from engine.findings import Finding
from engine.loading import accepted
from engine.programme.model import Programme
from engine.programme.references import faults
from engine.programme.schema import vocabulary
from engine.programme.titling import fill_titles

__all__ = ["ProgrammeSource", "is_programme", "load_programme"]

DIGEST_TAG: Final = "bihuan/programme/v1"


@dataclass(frozen=True, slots=True)
class ProgrammeSource:
    """A programme with the bytes it came from and the line of each of its parts."""

    name: str
    data: bytes = field(repr=False)
    digest: str
    programme: Programme = field(repr=False)
    lines: Mapping[Path, int] = field(repr=False)

    def finding(
        self, code: str, message: str, path: Sequence[str | int], *, hint: str = "", is_warning: bool = False
    ) -> Finding:
        place = ".".join(map(str, path))
        line = line_of(path, self.lines)
        return Finding(
            code, message, self.name, line, place, hint, severity="warning" if is_warning else "error"
        )


def load_programme(data: bytes, *, name: str) -> ProgrammeSource:
    """The programme in `data`; `name` is the file that findings speak of. Raises Refused with up to 100 findings."""
    document = read(data, name=name)
    fill_titles(document)
    programme = accepted(document, Programme, vocabulary(), faults)
    return ProgrammeSource(name, data, tagged_digest(DIGEST_TAG, data), programme, document.lines)


def is_programme(data: bytes) -> bool:
    """Whether a file means to be a programme: it has a key `programme` and none `workflow`."""
    keys = {line.partition(b":")[0] for line in data.splitlines() if line[:1].isalpha()}
    return b"programme" in keys and b"workflow" not in keys
