"""A finding: what is wrong with a definition, where, and the shortest way to see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` is the place in the document (`states.on_site.due`), `example` the steps that lead into the fault."""

    code: str
    message: str
    file: str
    line: int
    path: str = ""
    hint: str = ""
    example: tuple[str, ...] = ()
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        hint = f"（{self.hint}）" if self.hint else ""
        return f"{self.file}:{self.line}: {self.code}: {self.message}{hint}"

    def as_data(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "example": list(self.example),
            "file": self.file,
            "hint": self.hint,
            "line": self.line,
            "message": self.message,
            "path": self.path,
            "severity": self.severity,
        }


class Refused(Exception):
    """Raised when a definition is not accepted; nothing of it is kept."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)
