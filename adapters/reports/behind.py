"""明细: each row behind the numbers of a report once, marked in every column that counts it, and where a number's rows begin.

A count is the rows marked 计入, a rate 分子 by 分子 and 分母 together, a mean that of the numbers. Lines are sorted by region:
the rows of a figure are those of its column under its region.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from adapters.reports.model import Column, Detail, Kind, Mark, Measure, Report, Value

__all__ = ["COUNTED", "OF_WHOLE", "PART", "Behind", "number_words"]

_YEAR: Final = 4  # digits of a period that is a year
COUNTED, PART, OF_WHOLE = "计入", "分子", "分母"
_WORDS: Final[Mapping[Measure, str]] = {"count": "计数", "rate": "占比", "mean": "平均"}
_COLUMNS: Final = (
    Column("code", "区划代码", width=7),
    Column("region", "区划", width=12),
    Column("row", "编号", width=16),
    Column("what", "类别", width=14),
    Column("name", "名称", width=18),
    Column("note", "说明", width=22),
)


@dataclass(frozen=True)
class Behind:
    report: Report

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return (*_COLUMNS, *(self._column(name, measure) for name, measure in self._counting.items()))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """For each figure that has rows, the number of the first line that holds one."""
        lines = {row: number for number, (_, row) in enumerate(self._order)}
        return {f.key: min(lines[row] for row in f.rows) for f in self.report.figures if f.column and f.rows}

    def lines(self) -> Iterator[list[Value]]:
        """One at a time: there may be very many."""
        measures, marks = self._counting, self._marks
        for code, row in self._order:
            found = self.report.details.get(row, Detail(row))
            mine = marks[row]
            yield [
                code,
                found.region,
                number_words(row),
                found.what,
                found.title,
                found.note,
                *(_mark(measure, mine.get(name)) for name, measure in measures.items()),
            ]

    @cached_property
    def _counting(self) -> dict[str, Measure]:
        return {figure.column: figure.measure for figure in self.report.figures if figure.column}

    @cached_property
    def _marks(self) -> dict[str, dict[str, Mark]]:
        marks: dict[str, dict[str, Mark]] = {}
        for figure in self.report.figures:
            if figure.column:
                for row, mark in figure.marks():
                    marks.setdefault(row, {})[figure.column] = mark
        return marks

    @cached_property
    def _order(self) -> list[tuple[str, str]]:
        nothing = Detail("")
        return sorted((self.report.details.get(row, nothing).code, row) for row in self._marks)

    @staticmethod
    def _column(name: str, measure: Measure) -> Column:
        kind = Kind.NUMBER if measure == "mean" else Kind.TEXT
        return Column(name, f"{name}\n（{_WORDS[measure]}）", kind, 7)


def number_words(row: str) -> str:
    """What the id of a row says to people: the number of a matter, which spell of whom, or of whom the task of a period."""
    first, *rest = row.split("/")
    if not rest:
        return first
    if len(rest) == 1:
        return f"{first}（第 {rest[0]} 次计时）"
    about, which = rest[0], rest[-1]
    return (
        f"{about}（第 {which} 次列入）" if which.isdigit() and len(which) < _YEAR else f"{about}（{which}）"
    )


def _mark(measure: Measure, mark: Mark | None) -> Value:
    if mark is None:
        return ""
    if measure == "mean":
        return mark
    return COUNTED if measure == "count" else PART if mark else OF_WHOLE
