"""What rules say of a subject, as reports see it: the conditions missed, by how much, and the figures that are not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Assessment", "Criterion", "Verdict"]

Verdict = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition of a rule set: what it says, whether it holds, by how much it is missed, and which facts are missing."""

    title: str
    verdict: Verdict
    lacks: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules say of one subject for the figures of a year."""

    subject: str
    region: str
    rule_set: str
    title: str
    year: int
    verdict: Verdict
    criteria: tuple[Criterion, ...]

    @property
    def row(self) -> str:
        return f"{self.rule_set}/{self.subject}/{self.year}"

    @property
    def failed(self) -> tuple[Criterion, ...]:
        return tuple(each for each in self.criteria if each.verdict == "fail")

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(fact for each in self.criteria for fact in each.missing))
