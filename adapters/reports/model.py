"""A report as a value: what it says, in which tables, and the rows behind every number in it.

What a number counts is left to the programme (`figuring.py`), which rows there are to `sources.py`, how a report is written to
`xlsx.py` and `docx.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from engine import canonical
from engine.programme.figures import Figure as Found

__all__ = [
    "Cell",
    "Column",
    "Detail",
    "Figure",
    "Kind",
    "Light",
    "Mark",
    "Report",
    "Section",
    "Table",
    "Watermark",
    "cells",
    "counted",
    "of_rows",
    "plain",
    "shown",
]

_TAG = "bihuan/report/v1"

Light = Literal["", "green", "yellow", "red", "grey"]
Value = str | int | Fraction | date | datetime | None
Mark = bool | Fraction
Measure = Literal["count", "rate", "mean", "value"]  # `value`: follows from other numbers, not from rows


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number under the name that a report gives it, with the rows behind it as `engine/programme/figures.py` counted them.

    In 明细 its rows are marked in the column `column`, which counts alike for all regions: its own are those whose region lies in
    `region`, or is that very region where it `is_own`. One without a column follows from other figures.
    """

    key: str
    title: str
    found: Found
    measure: Measure = "count"
    column: str = ""
    region: str = ""
    is_own: bool = False

    @property
    def value(self) -> int | Fraction | None:
        value = self.found.value
        return int(value) if value is not None and self.measure == "count" else value

    @property
    def rows(self) -> tuple[str, ...]:
        return self.found.rows

    def marks(self) -> Iterator[tuple[str, Mark]]:
        """Each row with what it adds: its number to a mean, else whether it is in the numerator."""
        if self.found.amounts:
            yield from zip(self.found.rows, self.found.amounts, strict=True)
            return
        part = frozenset(self.found.part)
        yield from ((row, row in part) for row in self.found.rows)


def counted(key: str, title: str, rows: Iterable[str], *, column: str = "", region: str = "") -> Figure:
    """What a report counts by itself: as many as there are rows."""
    return Figure(key=key, title=title, found=of_rows(rows), column=column, region=region)


def of_rows(rows: Iterable[str]) -> Found:
    """The number of these rows."""
    ids = tuple(rows)
    number = Fraction(len(ids))
    return Found(value=number, numerator=number, part=ids, rows=ids)


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
    """What a row behind a figure is, for the sheet where people look it up. `code` is the id of its region."""

    row: str
    what: str = ""
    title: str = ""
    region: str = ""
    note: str = ""
    code: str = ""


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
    found = figure.found
    return {
        "key": figure.key,
        "title": figure.title,
        "measure": figure.measure,
        "value": plain(figure.value),
        "numerator": plain(found.numerator),
        "denominator": plain(found.denominator),
        "suppressed": found.suppressed,
        "rows": [[row, plain(mark)] for row, mark in figure.marks()],
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
