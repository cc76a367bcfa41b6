"""Answers of rules, and how they combine: Kleene's strong logic over pass, fail and unknown.

What is missed adds up along a conjunction; of several ways, the nearest one counts: the way of which the fewest parts fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from engine.programme.names import Ask

__all__ = ["Answer", "Measure", "Verdict", "all_of", "any_of", "conjunction", "merged", "negated"]

_FEN_OF_WAN: Final = 10**6


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Measure:
    """What was compared: `of` names the fact (`a/b` a share, `score` points); `gap` is by how much it is missed.

    `unit` is `money` (fen), `percent`, `points`, or the unit of the fact. The gap of a share is in the unit of its dividend.
    """

    of: str
    value: Fraction
    threshold: Fraction
    operator: str
    unit: str
    gap: Fraction = Fraction(0)
    gap_unit: str = ""

    @property
    def lacks(self) -> str:
        """`差 2 分`, `差 100 万元`; nothing where it is reached."""
        return f"差 {quantity_words(self.gap, self.gap_unit)}" if self.gap else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`missing` would decide an unknown verdict; `measures` say what was reached, or by how much it was missed."""

    verdict: Verdict
    measures: tuple[Measure, ...] = ()
    reads: tuple[Ask, ...] = ()
    missing: tuple[Ask, ...] = ()

    @property
    def gaps(self) -> tuple[Measure, ...]:
        return tuple(measure for measure in self.measures if measure.gap)


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    return next((v for v in (Verdict.FAIL, Verdict.UNKNOWN) if v in found), Verdict.PASS)


def disjunction(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    return next((v for v in (Verdict.PASS, Verdict.UNKNOWN) if v in found), Verdict.FAIL)


def all_of(parts: Sequence[Answer]) -> Answer:
    verdict = conjunction(part.verdict for part in parts)
    deciding = [part for part in parts if part.verdict is verdict]
    return _together(verdict, parts, [m for part in deciding for m in part.measures])


def any_of(parts: Sequence[Answer]) -> Answer:
    verdict = disjunction(part.verdict for part in parts)
    deciding = [part for part in parts if part.verdict is verdict]
    nearest = min(deciding, key=lambda part: len(part.gaps), default=None)
    return _together(verdict, parts, nearest.measures if nearest else ())


def negated(answer: Answer) -> Answer:
    """What the answer denies; how near it is says nothing of the contrary."""
    verdicts = {Verdict.PASS: Verdict.FAIL, Verdict.FAIL: Verdict.PASS, Verdict.UNKNOWN: Verdict.UNKNOWN}
    return Answer(verdicts[answer.verdict], (), answer.reads, answer.missing)


def merged(asks: Iterable[Iterable[Ask]]) -> tuple[Ask, ...]:
    """Each once, in the order of their first appearance."""
    return tuple(dict.fromkeys(ask for some in asks for ask in some))


def _together(verdict: Verdict, parts: Sequence[Answer], measures: Iterable[Measure]) -> Answer:
    missing = merged(part.missing for part in parts if part.verdict is Verdict.UNKNOWN)
    reads = merged(part.reads for part in parts)
    return Answer(verdict, tuple(measures), reads, missing if verdict is Verdict.UNKNOWN else ())


def quantity_words(amount: Fraction, unit: str) -> str:
    """`100 万元` of fen (`9,999 元` below one), `5.99%` of a share, `2 分` of points; rounded up."""
    if unit == "money":
        is_large = abs(amount) >= _FEN_OF_WAN
        return f"{_decimal(amount / _FEN_OF_WAN)} 万元" if is_large else f"{_decimal(amount / 100)} 元"
    if unit == "percent":
        return f"{_decimal(amount * 100)}%"
    return f"{_decimal(amount)} {'分' if unit == 'points' else unit}".rstrip()


def _decimal(amount: Fraction) -> str:
    hundredths = -((-amount * 100) // 1)
    whole, rest = divmod(hundredths, 100)
    return f"{whole:,}" + (f".{rest:02d}".rstrip("0") if rest else "")
