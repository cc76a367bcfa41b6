"""Write a report as a workbook: one sheet for each table, 明细 with the rows behind every number, 说明 with where it comes from.

A text is never a formula nor a link: what people typed stays what they typed. The same report and watermark give the same bytes.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from adapters.reports.model import Cell, Column, Detail, Kind, Light, Report, Table, Value, Watermark
from adapters.reports.wording import local, moment_words
from engine.calendar import Calendar

__all__ = ["DETAILS", "NOTES", "write_xlsx"]

DETAILS: Final = "明细"
NOTES: Final = "说明"
CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)  # fixed: when it was exported stands in the watermark
TITLE_FONT: Final = "方正小标宋简体"
HEAD_FONT: Final = "黑体"
BODY_FONT: Final = "仿宋_GB2312"
COLOURS: Final[dict[Light, str]] = {
    "green": "#C6E0B4",
    "yellow": "#FFE699",
    "red": "#F4A6A6",
    "grey": "#D9D9D9",
}
MEASURES: Final = {
    "count": "计数",
    "rate": "占比",
    "sum": "合计",
    "mean": "平均",
    "median": "中位数",
    "ratio": "倍数（现在÷基期）",
    "growth": "增长（现在÷基期－1）",
    "path": "按匀速增长应达到",
    "required": "此后每年须增长",
    "annual": "年均增长",
}
_FORMATS: Final[dict[Kind, str]] = {
    Kind.INTEGER: "#,##0",
    Kind.NUMBER: "#,##0.0",
    Kind.RATIO: "0.00",
    Kind.MONEY: "#,##0.00",
    Kind.PERCENT: "0.0%",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MOMENT: "yyyy-mm-dd hh:mm",
}
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_NO_SHEET_NAME: Final = re.compile(r"[\[\]:*?/\\']")
_CHARACTER: Final = 1.9  # widths of Excel for a Chinese character
_HEADER_MOST: Final = 240  # Excel refuses more than 255 characters
_LINKS_MOST: Final = 60_000  # and more than 65,530 links on a sheet
_FEN_IN_WAN: Final = 1_000_000
_CELL_MOST: Final = 32_767
_UPRIGHT_MOST, _PAGE_MOST = 48, 130  # characters across a page
_LINE_HEIGHT: Final = 16
_LINES_MOST: Final = 24  # Excel shows no row higher than 409 points

DETAIL_COLUMNS: Final = (
    Column("figure", "指标编号", width=22),
    Column("title", "指标", width=12),
    Column("measure", "计算方式", width=10),
    Column("counts", "计入", width=5),
    Column("amount", "数值", Kind.NUMBER, 8),
    Column("row", "行编号", width=22),
    Column("what", "类别", width=14),
    Column("name", "名称", width=20),
    Column("region", "区划", width=12),
    Column("note", "说明", width=24),
)


def write_xlsx(report: Report, watermark: Watermark, calendar: Calendar) -> bytes:
    """The bytes of the workbook."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, dict(_OPTIONS)) as workbook:
        workbook.set_properties(
            {"title": report.title, "author": "闭环 Bihuan", "comments": watermark.words, "created": CREATED}
        )
        _Writer(workbook, report, watermark, calendar).write()
    return stream.getvalue()


@dataclass
class _Writer:
    workbook: Workbook
    report: Report
    watermark: Watermark
    calendar: Calendar
    formats: dict[tuple[Any, ...], Format] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def write(self) -> None:
        details = self._details()
        self.places = self._places(details)
        names = _Names()
        for table in self.report.tables:
            self._table(names.of(table.title), table, self._heading(table))
        if self.report.figures:
            self._table(DETAILS, details, "数字与明细（每个数字等于所列各行）")
        self._notes()

    def _heading(self, table: Table) -> str:
        if len(self.report.tables) == 1 or table.title in self.report.title:
            return self.report.title
        return f"{self.report.title}：{table.title}"

    # A table as a sheet: title, line of remarks, header, rows

    def _table(self, name: str, table: Table, title: str) -> None:
        sheet = self.workbook.add_worksheet(name)
        last = len(table.columns) - 1
        across = "left" if _width(table) > _PAGE_MOST else "center"  # the middle would lie between two pages
        self._merged(sheet, 0, last, title, self._format(font=TITLE_FONT, size=18, align=across))
        self._merged(sheet, 1, last, self._remarks(table), self._format(size=11, align="left"))
        sheet.set_row(0, 34)
        sheet.set_row(2, 36)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, column.width * _CHARACTER)
            head = self._format(font=HEAD_FONT, size=11, align="center", border=1, colour="#F2F2F2")
            sheet.write_string(2, place, _head(column), head)
        for line, row in enumerate(table.rows, start=3):
            self._row(sheet, line, table, row, is_strong=line - 3 in table.strong)
        if table.rows:
            sheet.autofilter(2, 0, 2 + len(table.rows), last)
        sheet.freeze_panes(3, 2 if len(table.columns) > 6 else 1)
        sheet.repeat_rows(2)
        self._page(sheet, _width(table))

    def _merged(self, sheet: Worksheet, line: int, last: int, words: str, form: Format) -> None:
        if last:
            sheet.merge_range(line, 0, line, last, "", form)
        sheet.write_string(line, 0, words, form)

    def _remarks(self, table: Table) -> str:
        moment = moment_words(self.report.as_of, self.calendar)
        words = [f"期间：{dict(self.report.conditions)['期间']}", f"取数时间：{moment}", table.note]
        return "　".join(word for word in words if word)

    def _row(
        self, sheet: Worksheet, line: int, table: Table, row: Sequence[Cell], *, is_strong: bool
    ) -> None:
        sheet.set_row(line, _height(table.columns, row))
        for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            form = self._cell_format(column, cell, is_strong=is_strong)
            target = self.places.get(cell.figure)
            if target is not None and line < _LINKS_MOST:
                # The link stays when the number is written over it.
                sheet.write_url(line, place, f"internal:'{DETAILS}'!A{target + 1}", form, "0", "查看明细")
            self._value(sheet, (line, place), column.kind, cell.value, form)

    def _value(
        self, sheet: Worksheet, place: tuple[int, int], kind: Kind, value: Value, form: Format
    ) -> None:
        if value is None or value == "":
            words = "—" if value is None and kind in (Kind.INTEGER, Kind.PERCENT, Kind.MONEY) else ""
            sheet.write_string(*place, words, form)
        elif isinstance(value, str):
            sheet.write_string(*place, _clean(value), form)
        elif isinstance(value, datetime):
            sheet.write_datetime(*place, local(value, self.calendar).replace(tzinfo=None), form)
        elif isinstance(value, date):
            sheet.write_datetime(*place, datetime(value.year, value.month, value.day), form)
        else:
            sheet.write_number(*place, _shown(value, kind), form)

    # The rows behind the numbers

    def _details(self) -> Table:
        rows = tuple(
            (
                Cell(figure.key),
                Cell(figure.title),
                Cell(MEASURES[figure.measure]),
                Cell("是" if behind.counts else "否"),
                Cell(behind.amount),
                Cell(behind.row),
                *_described(self.report.details.get(behind.row)),
            )
            for figure, behind in self.report.rows_behind
        )
        return Table("details", DETAILS, DETAIL_COLUMNS, rows)

    def _places(self, details: Table) -> dict[str, int]:
        """The line at which the rows of each figure begin."""
        places: dict[str, int] = {}
        for line, row in enumerate(details.rows, start=3):
            places.setdefault(str(row[0].value), line)
        return places

    # Where it comes from

    def _notes(self) -> None:
        sheet = self.workbook.add_worksheet(NOTES)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 90)
        name, words = self._format(font=HEAD_FONT, size=12, align="left"), self._format(size=12, align="left")
        for line, (title, value) in enumerate(self._told()):
            sheet.write_string(line, 0, title, name)
            sheet.write_string(line, 1, _clean(value), words)
        self._page(sheet, 0)

    def _told(self) -> Iterator[tuple[str, str]]:
        yield "报表", self.report.title
        yield "取数时间", moment_words(self.report.as_of, self.calendar)
        yield from self.report.conditions
        for source in self.report.sources:
            yield "数据来源", source
        yield "数据摘要", f"sha256:{self.report.digest}"
        yield "导出人", self.watermark.who
        yield "导出时间", self.watermark.when
        yield "导出事由", self.watermark.reason
        yield "核对办法", "点击表中数字可到“明细”的相应行；按指标编号筛选，行数或合计即为该数字"
        yield "使用要求", "内含企业经营数据，仅限本次事由使用，不得外传"

    # Looks

    def _page(self, sheet: Worksheet, width: int) -> None:
        """A4; what is wider than a page can show goes over two, the first columns on both."""
        sheet.set_paper(9)
        if width > _UPRIGHT_MOST:
            sheet.set_landscape()
        if width > _PAGE_MOST:
            sheet.repeat_columns(0, 1)
        sheet.fit_to_pages(2 if width > _PAGE_MOST else 1, 0)
        sheet.set_margins(left=0.6, right=0.6, top=0.9, bottom=0.8)
        words = self.watermark.words.replace("&", "＆")[:_HEADER_MOST]  # & begins a code
        sheet.set_header(f'&L&"宋体"&9{_after_size(words)}')
        sheet.set_footer('&C&"宋体"&10第 &P 页　共 &N 页')

    def _cell_format(self, column: Column, cell: Cell, *, is_strong: bool) -> Format:
        kind = column.kind
        is_text = kind is Kind.TEXT and not cell.light
        return self._format(
            align="left" if is_text else "right" if kind is Kind.MONEY else "center",
            border=1,
            colour=COLOURS.get(cell.light, "#FAFAFA" if is_strong else ""),
            number=_FORMATS.get(kind, ""),
            bold=is_strong,
        )

    def _format(
        self,
        *,
        font: str = BODY_FONT,
        size: int = 11,
        align: str = "left",
        border: int = 0,
        colour: str = "",
        number: str = "",
        bold: bool = False,
    ) -> Format:
        key = (font, size, align, border, colour, number, bold)
        if key not in self.formats:
            look: dict[str, Any] = {"font_name": font, "font_size": size, "align": align, "valign": "vcenter"}
            look |= {"border": border, "bold": bold, "text_wrap": True}
            look |= {"bg_color": colour} if colour else {}
            look |= {"num_format": number} if number else {}
            self.formats[key] = self.workbook.add_format(look)
        return self.formats[key]


class _Names:
    """Names of sheets that Excel accepts, each once, and none that the workbook itself uses."""

    def __init__(self) -> None:
        self._taken = {DETAILS, NOTES}

    def of(self, title: str) -> str:
        plain = _NO_SHEET_NAME.sub("·", title)[:28] or "表"
        name, n = plain, 1
        while name.casefold() in self._taken:
            n += 1
            name = f"{plain}{n}"
        self._taken.add(name.casefold())
        return name


def _described(detail: Detail | None) -> tuple[Cell, ...]:
    if detail is None:
        return (Cell(), Cell(), Cell(), Cell())
    return (Cell(detail.what), Cell(detail.title), Cell(detail.region), Cell(detail.note))


def _height(columns: Sequence[Column], row: Sequence[Cell]) -> int:
    """Of the fullest cell, counting a Chinese character as one and others as half."""
    lines = (
        sum(max(1, math.ceil(_length(part) / (column.width - 0.5))) for part in cell.value.split("\n"))
        for column, cell in zip(columns, row, strict=True)
        if isinstance(cell.value, str)
    )
    return min(max(lines, default=1), _LINES_MOST) * _LINE_HEIGHT + 4


def _width(table: Table) -> int:
    return sum(column.width for column in table.columns)


def _length(words: str) -> float:
    return sum(0.5 if character.isascii() else 1 for character in words)


def _head(column: Column) -> str:
    return f"{column.title}\n（万元）" if column.kind is Kind.MONEY else column.title


def _shown(value: int | Fraction, kind: Kind) -> float | int:
    if kind is Kind.MONEY:
        return float(Fraction(value, _FEN_IN_WAN))
    return float(value) if isinstance(value, Fraction) else value


def _clean(words: str) -> str:
    """What a cell can hold: no control characters but line feeds."""
    return "".join(c for c in words if c >= " " or c == "\n")[:_CELL_MOST]


def _after_size(words: str) -> str:
    """A digit right after the size of the font would be read as part of it."""
    return f" {words}"
