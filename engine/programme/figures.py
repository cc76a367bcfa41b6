"""Figures of rows, exactly: rates, means, growth and scores as fractions, each with the rows behind it.

Pure arithmetic: which rows there are is said by `selecting.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from statistics import median
from typing import Any, Final

from engine.programme.indicators import Band
from engine.programme.ledger import Ledger

__all__ = [
    "Figure",
    "Growth",
    "Row",
    "Selection",
    "average",
    "band_of",
    "counted",
    "growth_of",
    "points",
    "power",
    "rate",
    "score_of",
    "suppressed",
]

_PRECISE: Final = Context(prec=60)
_KEPT: Final = Decimal("1e-12")  # of a root, which is no fraction: rounded here, half to even


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One thing that is counted. `read` gives the value of a name; `known` and `amounts` keep what was asked before."""

    id: str
    region: str
    subject: str
    read: Callable[[str], Any]
    amount: Callable[[str], Fraction | None]
    known: dict[str, bool] = field(default_factory=dict)
    amounts: dict[str, Fraction | None] = field(default_factory=dict)

    def number(self, name: str) -> Fraction | None:
        """`amount`, asked once."""
        if name not in self.amounts:
            self.amounts[name] = self.amount(name)
        return self.amounts[name]


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that count, and those set apart: `open` (not yet due), `paused`, `cancelled`, `unknown`."""

    rows: tuple[Row, ...] = ()
    apart: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    def within(self, belongs: Callable[[Row], bool]) -> Selection:
        apart = {why: tuple(filter(belongs, rows)) for why, rows in self.apart.items()}
        return Selection(tuple(filter(belongs, self.rows)), apart)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A value with what is behind it. `value` is None where there is nothing to divide by, nothing set, or too few rows.

    `part` are the ids of the rows in the numerator, `rows` those in the denominator; `amounts` are the numbers of the `rows` of a
    mean or a median, in their order. `measures` hold what else belongs to a growth or a score; `warning` is for people.
    """

    value: Fraction | None = None
    numerator: Fraction | None = None
    denominator: Fraction | None = None
    part: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    amounts: tuple[Fraction, ...] = ()
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    suppressed: bool = False
    target: int | None = None
    measures: Mapping[str, Fraction | None] = field(default_factory=dict)
    band: str = ""
    warning: str = ""


def rate(selection: Selection, holds: Callable[[Row], bool], *, suppress_below: int = 0) -> Figure:
    """The share of the rows for which it holds."""
    part = [row for row in selection.rows if holds(row)]
    number = len(selection.rows)
    found = Figure(
        value=Fraction(len(part), number) if number else None,
        numerator=Fraction(len(part)),
        denominator=Fraction(number),
        part=_names(part),
        rows=_names(selection.rows),
        apart=_ids(selection.apart),
    )
    return suppressed(found) if number < suppress_below else found


def suppressed(figure: Figure) -> Figure:
    """Only how many rows there are, and which were set apart."""
    return Figure(denominator=figure.denominator, apart=figure.apart, suppressed=True)


def counted(selection: Selection, holds: Callable[[Row], bool]) -> Figure:
    """How many rows it holds for."""
    part = [row for row in selection.rows if holds(row)]
    number = Fraction(len(part))
    return Figure(
        value=number, numerator=number, part=_names(part), rows=_names(part), apart=_ids(selection.apart)
    )


def average(selection: Selection, name: str, *, middle: bool, suppress_below: int = 0) -> Figure:
    """The mean, or the median, of a number; rows without it are set apart as `unknown`."""
    found = [(row, row.number(name)) for row in selection.rows]
    amounts = [amount for _, amount in found if amount is not None]
    without = tuple(row for row, amount in found if amount is None)
    apart = _ids({**selection.apart, **({"unknown": without} if without else {})})
    rows = _names(row for row, amount in found if amount is not None)
    total, number = sum(amounts, Fraction(0)), len(amounts)
    value = None if not number else median(amounts) if middle else total / number
    figure = Figure(
        value=value,
        numerator=total,
        denominator=Fraction(number),
        part=rows,
        rows=rows,
        amounts=tuple(amounts),
        apart=apart,
    )
    return suppressed(figure) if number < suppress_below else figure


def of_ledger(ledger: Ledger, term: str | None) -> Figure:
    """A term of a ledger, or the clear rate where none is named."""
    if term is not None:
        ids = tuple(spell.id for spell in ledger.terms[term])
        return Figure(value=Fraction(len(ids)), numerator=Fraction(len(ids)), part=ids, rows=ids)
    return Figure(
        value=ledger.clear_rate,
        numerator=Fraction(ledger.count("cleared")),
        denominator=Fraction(len(ledger.at_stake)),
        part=tuple(spell.id for spell in ledger.terms["cleared"]),
        rows=tuple(spell.id for spell in ledger.at_stake),
    )


# Growth


@dataclass(frozen=True, slots=True)
class Growth:
    """A number that is to grow by a factor. `progress` 1 means that it grew by its own base, so at factor 2: done.

    `path` is where an even growth would be now, `ahead` the distance to it, `required` the growth a year from now on,
    `annual` the compound growth a year so far.
    """

    factor: Fraction | None
    progress: Fraction | None
    path: Fraction | None
    ahead: Fraction | None
    required: Fraction | None
    annual: Fraction | None


def growth_of(number: Fraction, base: Fraction, *, factor: int, years: Fraction, elapsed: Fraction) -> Growth:
    """Where a number stands `elapsed` of `years` after its base. What has no meaning is None, as everything from a base of none.

    When the years are over, the path stays at the target.
    """
    path = base * power(Fraction(factor), min(elapsed / years, Fraction(1)))
    left = years - elapsed
    return Growth(
        factor=number / base if base else None,
        progress=(number - base) / base if base else None,
        path=path if base else None,
        ahead=number - path if base else None,
        required=power(factor * base / number, 1 / left) - 1 if base and number and left > 0 else None,
        annual=power(number / base, 1 / elapsed) - 1 if base and elapsed > 0 else None,
    )


def power(number: Fraction, exponent: Fraction) -> Fraction:
    """A power with a broken exponent, rounded to twelve places; exact where the exponent is whole."""
    if exponent.denominator == 1:
        return Fraction(number**exponent.numerator)
    if not number:
        return Fraction(0)
    base = _PRECISE.divide(Decimal(number.numerator), Decimal(number.denominator))
    top = _PRECISE.divide(Decimal(exponent.numerator), Decimal(exponent.denominator))
    return Fraction(_PRECISE.power(base, top).quantize(_KEPT, ROUND_HALF_EVEN, _PRECISE))


# Scores


def points(figure: Figure, full: int | None) -> Fraction | None:
    """A figure as points from 0 to 100: of its target, else of `full`, else of 1; None where it has no value."""
    if figure.value is None:
        return None
    whole = figure.target or full or 1
    return max(Fraction(0), min(Fraction(100), figure.value * 100 / whole))


def score_of(parts: Sequence[tuple[int, Fraction | None]]) -> Fraction | None:
    """Σ weight × points over the weights of the parts that have points; None where none has."""
    known = [(weight, each) for weight, each in parts if each is not None]
    if not known:
        return None
    return sum((weight * each for weight, each in known), Fraction(0)) / sum(weight for weight, _ in known)


def band_of(score: Fraction | None, bands: Iterable[Band]) -> str:
    """The title of the highest band that the score reaches; empty below all."""
    if score is None:
        return ""
    return next(
        (band.title.zh for band in sorted(bands, key=_from, reverse=True) if score >= _from(band)), ""
    )


def _from(band: Band) -> int:
    return band.at_least


def _names(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(row.id for row in rows)


def _ids(apart: Mapping[str, tuple[Row, ...]]) -> dict[str, tuple[str, ...]]:
    return {why: _names(rows) for why, rows in apart.items() if rows}
