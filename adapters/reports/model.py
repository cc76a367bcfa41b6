"""A report as a value: what it says, in which tables, and the rows behind every number in it.

A figure cannot disagree with its rows, for its value is computed from them and never stored. How a report is written is left to
`xlsx.py` and `docx.py`, which rows there are to `sources.py`.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, Literal

from engine import canonical

__all__ = [
    "Behind",
    "Cell",
    "Column",
    "Detail",
    "Figure",
    "Kind",
    "Light",
    "Report",
    "Section",
    "Table",
    "Watermark",
    "cells",
    "plain",
    "shown",
]

_TAG = "bihuan/report/v1"

Light = Literal["", "green", "yellow", "red", "grey"]
Value = str | int | Fraction | date | datetime | None
Measure = Literal["count", "rate", "sum", "mean", "median", "ratio", "growth", "path", "required", "annual"]


class Kind(StrEnum):
    """How a column's values are meant: MONEY is an integer of fen and shown in 万元, PERCENT a fraction of one."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    RATIO = "ratio"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Behind:
    """A row behind a figure: its id, whether it `counts` for a rate, and the number that it adds to a sum or a mean."""

    row: str
    counts: bool = True
    amount: int | Fraction = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the rows it follows from.

    `rate` divides the rows that count by all of them, `ratio` the amounts that count by those that do not (now by then).
    `growth`, `path`, `required` and `annual` follow from the same two sums, a `factor` and numbers of `years`. A rate of fewer
    than `suppress_below` rows is not shown.
    """

    key: str
    title: str
    rows: tuple[Behind, ...]
    measure: Measure = "count"
    suppress_below: int = 0
    factor: int = 2
    years: tuple[int, int] = (0, 0)  # gone by since the base year, and in all

    @property
    def value(self) -> int | Fraction | None:
        return _MEASURES[self.measure](self)

    @property
    def now_and_then(self) -> tuple[Fraction, Fraction]:
        """The amounts that count, and those that do not."""
        now = sum((Fraction(row.amount) for row in self.rows if row.counts), Fraction(0))
        return now, sum((Fraction(row.amount) for row in self.rows if not row.counts), Fraction(0))


def _count(figure: Figure) -> int:
    return len(figure.rows)


def _rate(figure: Figure) -> Fraction | None:
    whole = len(figure.rows)
    if not whole or whole < figure.suppress_below:
        return None
    return Fraction(sum(row.counts for row in figure.rows), whole)


def _sum(figure: Figure) -> int | Fraction:
    return sum(row.amount for row in figure.rows)


def _mean(figure: Figure) -> Fraction | None:
    return Fraction(_sum(figure)) / len(figure.rows) if figure.rows else None


def _median(figure: Figure) -> Fraction | None:
    return statistics.median(Fraction(row.amount) for row in figure.rows) if figure.rows else None


def _ratio(figure: Figure) -> Fraction | None:
    now, then = figure.now_and_then
    return now / then if then else None


def _growth(figure: Figure) -> Fraction | None:
    ratio = _ratio(figure)
    return None if ratio is None else ratio - 1


def _path(figure: Figure) -> Fraction | None:
    """Where an even growth from the base would be by now."""
    (_, then), (gone, whole) = figure.now_and_then, figure.years
    return _rounded(float(then) * figure.factor ** (gone / whole), 10) if then and whole else None


def _required(figure: Figure) -> Fraction | None:
    """The yearly growth that from now on still reaches the factor."""
    (now, then), (gone, whole) = figure.now_and_then, figure.years
    if not now or not then or gone >= whole:
        return None
    return _rounded((figure.factor * float(then) / float(now)) ** (1 / (whole - gone)) - 1, 10_000)


def _annual(figure: Figure) -> Fraction | None:
    """The mean yearly growth so far, compound."""
    (now, then), (gone, _) = figure.now_and_then, figure.years
    return _rounded(float(now / then) ** (1 / gone) - 1, 10_000) if then and gone > 0 else None


def _rounded(value: float, parts: int) -> Fraction:
    return Fraction(round(value * parts), parts)


_MEASURES: Final[Mapping[Measure, Callable[[Figure], int | Fraction | None]]] = {
    "count": _count,
    "rate": _rate,
    "sum": _sum,
    "mean": _mean,
    "median": _median,
    "ratio": _ratio,
    "growth": _growth,
    "path": _path,
    "required": _required,
    "annual": _annual,
}


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is in Chinese characters; `note` stands under the title where one is needed (a unit)."""

    key: str
    title: str
    kind: Kind = Kind.TEXT
    width: int = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it stands in a table; `figure` is the key of the number that it shows, `light` how it is coloured."""

    value: Value = ""
    light: Light = ""
    figure: str = ""


def cells(*values: Value | Cell | Figure) -> tuple[Cell, ...]:
    """A row of a table, of plain values and of figures."""
    return tuple(_cell(value) for value in values)


def _cell(value: Value | Cell | Figure) -> Cell:
    if isinstance(value, Cell):
        return value
    return shown(value) if isinstance(value, Figure) else Cell(value)


def shown(figure: Figure, light: Light = "") -> Cell:
    return Cell(figure.value, light, figure.key)


@dataclass(frozen=True, slots=True)
class Table:
    """`strong` are the numbers of the rows that sum up others."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    strong: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text: its heading and its paragraphs; `items` are numbered points under it."""

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """What a row behind a figure is, for the sheet where people look it up."""

    row: str
    what: str = ""
    title: str = ""
    region: str = ""
    note: str = ""


@dataclass(frozen=True)
class Report:
    """`fields` are the short values that a letter or form names; `conditions` say which rows were asked for.

    The same rows give the same report and the same digest, whoever asks: who exported it stands in the `Watermark`.
    """

    kind: str
    title: str
    period: str
    region: str
    as_of: datetime
    tables: tuple[Table, ...] = ()
    sections: tuple[Section, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    details: Mapping[str, Detail] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str], ...] = ()

    @cached_property
    def digest(self) -> str:
        return canonical.tagged_digest(_TAG, canonical.encode(self.as_data()))

    @property
    def rows_behind(self) -> Iterable[tuple[Figure, Behind]]:
        return ((figure, behind) for figure in self.figures for behind in figure.rows)

    def as_data(self) -> dict[str, Any]:
        """Canonical data: fractions as `3/4`, days and moments as ISO text."""
        return {
            "kind": self.kind,
            "title": self.title,
            "period": self.period,
            "region": self.region,
            "as_of": canonical.instant(self.as_of),
            "fields": dict(self.fields),
            "sections": [
                {"key": each.key, "title": each.title, "paragraphs": list(each.paragraphs)}
                for each in self.sections
            ],
            "tables": [_table_data(table) for table in self.tables],
            "figures": [_figure_data(figure) for figure in self.figures],
            "sources": list(self.sources),
            "conditions": [list(pair) for pair in self.conditions],
        }


@dataclass(frozen=True, slots=True)
class Watermark:
    """Who took the report out, when and what for: it stands on every page."""

    who: str
    when: str
    reason: str

    @property
    def words(self) -> str:
        return f"{self.who}于{self.when}导出，事由：{self.reason}"


def _table_data(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "columns": [{"key": c.key, "title": c.title, "kind": c.kind.value} for c in table.columns],
        "rows": [[_cell_data(cell) for cell in row] for row in table.rows],
        "note": table.note,
    }


def _cell_data(cell: Cell) -> Any:
    value = plain(cell.value)
    if not cell.figure and not cell.light:
        return value
    return {"value": value, **_given(figure=cell.figure, light=cell.light)}


def _figure_data(figure: Figure) -> dict[str, Any]:
    return {
        "key": figure.key,
        "title": figure.title,
        "measure": figure.measure,
        "value": plain(figure.value),
        "rows": [[each.row, each.counts, plain(each.amount)] for each in figure.rows],
    }


def _given(**words: str) -> dict[str, str]:
    return {name: value for name, value in words.items() if value}


def plain(value: Value) -> Any:
    """A value as canonical data."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, datetime):
        return canonical.instant(value)
    return value.isoformat() if isinstance(value, date) else value
