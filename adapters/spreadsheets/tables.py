"""Find the table in a sheet: its heading of one to three rows, what its columns mean, and where its rows begin and end."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.spreadsheets.headings import UNITS, Heading, Meaning, Vocabulary, fold, read_heading, unit_in
from adapters.spreadsheets.sheets import EMPTY, Raw, Sheet, column_name
from engine.errors import BihuanError, Blocker, InvalidData

__all__ = ["Column", "ColumnsUnclear", "NoTable", "Table", "find_table", "table_of"]

_LOOK_INTO: Final = 30  # rows in which the heading is looked for
_DEEPEST: Final = 3
_TOTALS: Final = re.compile(r"^(合计|总计|小计|共计|累计|平均)|(合计|总计|小计)$")
_NOTES: Final = re.compile(
    "^(注|备注|说明|填表说明|填报说明|填报人|填表人|审核人|负责人|单位负责人|分管领导|联系人|联系电话"
    "|填报日期|填报时间|制表|数据来源)[:：1-9. 、（(]|^[*※]"
)
_NUMBER: Final = re.compile(r"[-+]?[¥￥]?[\d,]*\.?\d+%?|-|—")
_CODE: Final = re.compile(r"['‘]?[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]{15,20}")
_YEAR_LINE: Final = re.compile(r"(?:数据|所属|统计|填报|会计)?(?:年度|年份):((?:19|20)\d{2})年?")
_DATE_LINE: Final = re.compile(r"(?:填报|填表|报送|上报|制表)(?:时间|日期):([\d年月日./-]{6,11})")


class NoTable(BihuanError):
    """Raised when no row of a sheet looks like the heading of a list."""

    code, kind = "no_table", "invalid"


class ColumnsUnclear(InvalidData):
    """Raised when what a column means cannot be told for certain; the blockers name each column."""

    code = "columns_unclear"


@dataclass(frozen=True, slots=True)
class Column:
    """`year` of a fact that has one for each year; `unit` of money. `meaning` is None for a column that nobody knows."""

    index: int
    heading: str
    meaning: Meaning | None = None
    year: int = 0
    unit: str = ""

    @property
    def name(self) -> str:
        return column_name(self.index)


@dataclass(frozen=True, slots=True)
class Table:
    """`top` to `bottom` are the heading's rows, from 0. `dated` is what the list says of its own day, as it is written."""

    sheet: Sheet
    top: int
    bottom: int
    columns: tuple[Column, ...]
    dated: str = ""

    @property
    def known(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.meaning)

    @property
    def unknown(self) -> tuple[Column, ...]:
        return tuple(
            column for column in self.columns if column.meaning is None and not _is_serial(column.heading)
        )

    def first(self, key: str) -> Column | None:
        return next((c for c in self.columns if c.meaning and c.meaning.key == key), None)

    def rows(self) -> Iterator[tuple[int, Sequence[Raw]]]:
        """Rows that say something of a subject: no blank ones, totals, headings again, numbering or notes."""
        headings = self._headings()
        return ((number, row) for number, row in self._below() if not _is_beside(row, headings))

    def left_out(self) -> list[int]:
        """The other rows below the heading that are not blank, from 0: nothing is passed over in silence."""
        headings = self._headings()
        return [number for number, row in self._below() if any(row) and _is_beside(row, headings)]

    def _below(self) -> Iterator[tuple[int, Sequence[Raw]]]:
        return enumerate(self.sheet.rows[self.bottom + 1 :], start=self.bottom + 1)

    def _headings(self) -> set[tuple[str, ...]]:
        return {tuple(map(_text, row)) for row in self.sheet.rows[self.top : self.bottom + 1]}


def find_table(sheets: Sequence[Sheet], words: Vocabulary, *, wanted: str = "") -> tuple[Sheet, int, int]:
    """The sheet and the rows of its heading. Errors: `NoTable`, and `ColumnsUnclear` where several sheets hold a list."""
    named = [sheet for sheet in sheets if sheet.title == wanted] if wanted else list(sheets)
    if not named:
        raise NoTable(f"没有名为“{wanted}”的工作表", hint="有：" + "、".join(s.title for s in sheets))
    shown = [sheet for sheet in named if wanted or not sheet.is_hidden]
    found = [(sheet, place) for sheet in shown if (place := _heading_rows(sheet, words))]
    if not found:
        raise NoTable(
            "没有找到表头", hint="表头应有“统一社会信用代码”一列，并在前三十行之内；隐藏的工作表不读"
        )
    if len(found) > 1:
        titles = "、".join(sheet.title for sheet, _ in found)
        raise ColumnsUnclear(f"有几个工作表都像名单：{titles}", hint="用 --sheet 指明一个，分别导入")
    sheet, (top, bottom) = found[0]
    return sheet, top, bottom


def table_of(
    sheets: Sequence[Sheet], words: Vocabulary, *, sheet: str = "", year: int | None = None, unit: str = ""
) -> Table:
    """The table with every known column's year and unit. Errors: `NoTable`, `ColumnsUnclear`.

    `year` and `unit` are what the person says; the list's own headings and lines come before them.
    """
    found, top, bottom = find_table(sheets, words, wanted=sheet)
    above = [_text(cell) for row in found.rows[:top] for cell in row if cell != EMPTY]
    year = _year_said(above) or year
    unit = next(filter(None, map(unit_in, above)), "") or unit
    if unit and unit not in UNITS:
        raise ColumnsUnclear(f"不认得的金额单位：{unit}", hint="可用：" + "、".join(UNITS))
    headings = _headings(found, top, bottom, words)
    columns = _foremost([_column(index, heading, year, unit) for index, heading in headings.items()])
    reasons = [*_ambiguous(headings), *_doubled(columns), *_incomplete(columns)]
    if reasons:
        raise ColumnsUnclear(
            "有的列说不清是什么", reasons=reasons, hint="改表头，或用 --year、--unit 说明后再导入"
        )
    dated = next((m[1] for line in above if (m := _DATE_LINE.search(_packed(line)))), "")
    return Table(found, top, bottom, columns, dated)


def _heading_rows(sheet: Sheet, words: Vocabulary) -> tuple[int, int] | None:
    """The block that says most; of equals the flattest, then the first."""
    best: tuple[int, int, int] | None = None
    for top in range(min(_LOOK_INTO, len(sheet.rows))):
        for depth in range(1, _DEEPEST + 1):
            bottom = top + depth - 1
            if bottom >= len(sheet.rows):
                break
            found = _headings(sheet, top, bottom, words).values()
            understood = [heading for heading in found if heading.meanings]
            if not any(m.key == "id" for h in understood for m in h.meanings):
                continue
            told = {(m.key, heading.year, heading.back) for heading in understood for m in heading.meanings}
            score = (len(told), -depth, -top)
            if best is None or score > best:
                best = score
    return (-best[2], -best[2] - best[1] - 1) if best else None


def _headings(sheet: Sheet, top: int, bottom: int, words: Vocabulary) -> dict[int, Heading]:
    """By column; columns without any heading are left out."""
    block = [[_text(cell) for cell in row] for row in sheet.rows[top : bottom + 1]]
    for area in sheet.merged:
        if top <= area.top and area.bottom <= bottom:
            said = block[area.top - top][area.left]
            for row in range(area.top, area.bottom + 1):
                for column in range(area.left, min(area.right + 1, sheet.width)):
                    block[row - top][column] = said
    _spread(block)
    columns = zip(*block, strict=True)
    return {n: read_heading(parts, words) for n, parts in enumerate(columns) if any(parts)}


def _spread(block: list[list[str]]) -> None:
    """An upper heading reaches over the blank cells to its right below which something stands, as in text files."""
    for upper, lower in itertools.pairwise(block):
        for column in range(1, len(upper)):
            if not upper[column] and lower[column] and upper[column - 1] and lower[column - 1]:
                upper[column] = upper[column - 1]


def _column(index: int, heading: Heading, year: int | None, unit: str) -> Column:
    if len(heading.meanings) != 1:
        return Column(index, heading.text)
    meaning = heading.meanings[0]
    said = heading.year or (year - (heading.back or 0) if year else 0)
    return Column(
        index,
        heading.text,
        meaning,
        year=said if meaning.yearly else 0,
        unit=(heading.unit or unit) if meaning.is_money else "",
    )


def _foremost(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Beside the code lists often have an older number, beside the full name a short one: the foremost of each counts."""
    best: dict[str, Column] = {}
    for column in columns:
        if column.meaning and column.meaning.key in ("id", "name"):
            rival = best.get(column.meaning.key)
            if rival is None or (rival.meaning and column.meaning.rank < rival.meaning.rank):
                best[column.meaning.key] = column
    chosen = {column.index for column in best.values()}
    return tuple(
        replace(c, meaning=None) if c.meaning and c.meaning.key in best and c.index not in chosen else c
        for c in columns
    )


def _ambiguous(headings: Mapping[int, Heading]) -> Iterator[Blocker]:
    for index, heading in headings.items():
        if len(heading.meanings) > 1:
            titles = "、".join(meaning.title for meaning in heading.meanings)
            yield _reason("ambiguous_column", index, f"“{heading.text}”可能是：{titles}")


def _doubled(columns: Sequence[Column]) -> Iterator[Blocker]:
    seen: dict[tuple[str, int], Column] = {}
    for column in columns:
        if not column.meaning or column.meaning.key.startswith("region/"):
            continue  # a zone may stand beside its county
        first = seen.setdefault((column.meaning.key, column.year), column)
        if first is not column:
            yield _reason(
                "doubled_column",
                column.index,
                f"“{column.heading}”与 {first.name} 列“{first.heading}”是同一项",
            )


def _incomplete(columns: Sequence[Column]) -> Iterator[Blocker]:
    for column in columns:
        if column.meaning and column.meaning.yearly and not column.year:
            yield _reason("year_missing", column.index, f"“{column.heading}”没有说是哪一年（--year 2025）")
        if column.meaning and column.meaning.is_money and not column.unit:
            yield _reason("unit_missing", column.index, f"“{column.heading}”没有说金额单位（--unit 万元）")


def _reason(code: str, index: int, message: str) -> Blocker:
    return Blocker(code, f"{column_name(index)} 列：{message}", {"column": column_name(index)})


def _year_said(above: Sequence[str]) -> int | None:
    found = next((m for line in above if (m := _YEAR_LINE.search(_packed(line)))), None)
    return int(found[1]) if found else None


def _packed(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _text(cell: Raw) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a year as a heading
    return str(cell)


def _is_beside(row: Sequence[Raw], headings: Collection[tuple[str, ...]]) -> bool:
    said = [cell for cell in row if not _is_blank(cell)]
    if not said:
        return True
    if any(isinstance(cell, str) and _CODE.fullmatch(cell.strip()) for cell in said[:4]):
        return False
    return _is_note(said) or _is_total(said) or _is_numbering(said) or tuple(map(_text, row)) in headings


def _is_blank(cell: Raw) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _is_note(said: Sequence[Raw]) -> bool:
    """Begins like a note, or is one long text alone."""
    first = _text(said[0])
    return bool(_NOTES.match(first)) or (len(said) == 1 and len(first) > 20 and not first.isascii())


def _is_total(said: Sequence[Raw]) -> bool:
    """A word for a sum among at most two texts; the rest are numbers, which are texts too in a text file."""
    texts = [text for cell in said if isinstance(cell, str) and not _NUMBER.fullmatch(text := _packed(cell))]
    return any(_TOTALS.search(text) for text in texts[:2]) and len(said) - len(texts) >= len(texts) - 1


def _is_numbering(said: Sequence[Raw]) -> bool:
    """1, 2, 3 … or 甲, 乙, 丙 … below the headings."""
    texts = [_text(cell) for cell in said]
    if len(texts) < 3:
        return False
    return texts == [str(n) for n in range(1, len(texts) + 1)] or "".join(texts[:3]) in (
        "甲乙丙",
        "ABC",
        "甲乙1",
    )


def _is_serial(heading: str) -> bool:
    return fold(heading) in {"序号", "编号", "no", "seq"}
