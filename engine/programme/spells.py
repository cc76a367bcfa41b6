"""A time that a subject is on a list: what a row of the table `membership` says, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = ["HowIn", "HowOut", "Spell"]

HowIn = Literal["entered", "relapsed", "moved_in"]
HowOut = Literal["", "cleared", "exited", "moved_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Open while `until` is None. `n` counts the spells of a subject on this list from 1; `reason` is why it left.

    `year` is that of the figures that decided, `evidence` what the rule read, `case` the one that the list opened.
    """

    list: str
    subject: str
    n: int
    region: str
    since: datetime
    until: datetime | None = None
    how_in: HowIn = "entered"
    how_out: HowOut = ""
    reason: str = ""
    year: int = 0
    evidence: Mapping[str, Any] = field(default_factory=dict)
    case: str = ""

    @property
    def id(self) -> str:
        return f"{self.list}/{self.subject}/{self.n}"

    @property
    def is_open(self) -> bool:
        return self.until is None

    def is_on(self, moment: datetime) -> bool:
        """On the list just before the moment."""
        return self.since < moment and (self.until is None or self.until >= moment)
