"""Workbooks read back by another library: their sheets, numbers, links, colours, print setup and what they say of themselves."""

from __future__ import annotations

import html
import io
import zipfile
from datetime import date
from fractions import Fraction

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from adapters.reports.model import Behind, Cell, Column, Detail, Figure, Kind, Report, Table, Watermark, shown
from adapters.reports.xlsx import DETAILS, NOTES, write_xlsx
from tests.support.reporting import NOW, WATERMARK
from tests.support.story_office import calendar

EVIL = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://x")',
    "http://example.com",
    "{=1}",
    "00123",
    "1e5",
    "\x01坏\x00字",
]
RATE = Figure("rate/34", "占比", (Behind("一", True), Behind("二", False), Behind("三", True)), "rate")
NONE = Figure("none/34", "没有", ())


def a_report(*rows: tuple[Cell, ...]) -> Report:
    columns = (
        Column("text", "文字", width=12),
        Column("number", "数量", Kind.INTEGER),
        Column("money", "收入", Kind.MONEY),
        Column("rate", "占比", Kind.PERCENT),
        Column("day", "日期", Kind.DATE),
        Column("moment", "时刻", Kind.MOMENT),
    )
    return Report(
        kind="x",
        title="示例报表",
        period="2026-03",
        region="34",
        as_of=NOW,
        tables=(Table("t", "表一：甲/乙[丙]", columns, rows, frozenset({0})), Table("u", "表二", columns)),
        figures=(NONE, RATE),
        details={"一": Detail("一", "事项", "示例企业", "合肥市", "办结")},
        sources=("示例来源",),
        conditions=(("期间", "2026年3月"), ("区划", "安徽省")),
    )


ROW = (
    Cell("示例", "red"),
    shown(NONE),
    Cell(12_345_678_900),
    shown(RATE),
    Cell(date(2026, 3, 1)),
    Cell(NOW),
)


def opened(report: Report, watermark: Watermark = WATERMARK) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(write_xlsx(report, watermark, calendar())))


def test_each_table_has_a_sheet_and_the_rows_and_the_sources_have_theirs() -> None:
    assert opened(a_report(ROW)).sheetnames == ["表一：甲·乙·丙·", "表二", DETAILS, NOTES]


def test_values_keep_their_kind() -> None:
    cells = opened(a_report(ROW))["表一：甲·乙·丙·"][4]
    assert [cell.value for cell in cells[:4]] == ["示例", 0, 12345.6789, pytest.approx(2 / 3)]
    assert cells[4].value.date() == date(2026, 3, 1)
    assert f"{cells[5].value:%Y-%m-%d %H:%M}" == "2026-04-07 09:30"
    assert [cell.number_format for cell in cells[1:]] == [
        "#,##0", "#,##0.00", "0.0%", "yyyy-mm-dd", "yyyy-mm-dd hh:mm",
    ]  # fmt: skip


def test_money_says_that_it_is_in_ten_thousands() -> None:
    assert opened(a_report(ROW))["表二"]["C3"].value == "收入\n（万元）"


@pytest.mark.parametrize("text", EVIL)
def test_a_text_is_never_a_formula_a_link_or_a_number(text: str) -> None:
    report = a_report((Cell(text), *ROW[1:]))
    cell = opened(report)["表一：甲·乙·丙·"]["A4"]
    assert cell.data_type == "s"
    assert cell.value == text.replace("\x01", "").replace("\x00", "")
    assert cell.hyperlink is None
    content = write_xlsx(report, WATERMARK, calendar())
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if "worksheets/sheet" in name]
    assert [sheet for sheet in sheets if b"<f>" in sheet] == []


def test_a_number_links_to_the_rows_behind_it() -> None:
    book = opened(a_report(ROW))
    rate, nothing = book["表一：甲·乙·丙·"]["D4"], book["表一：甲·乙·丙·"]["B4"]
    assert rate.hyperlink.location == f"'{DETAILS}'!A4"
    assert nothing.hyperlink is None
    lines = [[cell.value for cell in line] for line in book[DETAILS].iter_rows(min_row=4)]
    assert [line[:6] for line in lines] == [
        ["rate/34", "占比", "占比", "是", 0, "一"],
        ["rate/34", "占比", "占比", "否", 0, "二"],
        ["rate/34", "占比", "占比", "是", 0, "三"],
    ]
    assert lines[0][6:] == ["事项", "示例企业", "合肥市", "办结"]


def test_lights_are_coloured_and_said_in_words() -> None:
    cell = opened(a_report(ROW))["表一：甲·乙·丙·"]["A4"]
    assert (cell.value, cell.fill.fgColor.rgb) == ("示例", "FFF4A6A6")


def test_fonts_are_those_of_chinese_offices() -> None:
    sheet = opened(a_report(ROW))["表二"]
    assert [sheet["A1"].font.name, sheet["A3"].font.name, sheet["A2"].font.name] == [
        "方正小标宋简体", "黑体", "仿宋_GB2312",
    ]  # fmt: skip


def test_sheets_print_on_a4_with_their_header_on_every_page_and_the_watermark() -> None:
    sheet = opened(a_report(ROW))["表一：甲·乙·丙·"]
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (
        None,
        0,
    )  # one page wide is the default
    assert (sheet.print_title_rows, sheet.freeze_panes) == ("$3:$3", "B4")
    assert WATERMARK.words in sheet.oddHeader.left.text


def test_nothing_in_a_reason_is_a_code_of_the_header() -> None:
    evil = Watermark("甲&乙", "今天", '&P &"黑体"&99 ' + "长" * 300)
    with zipfile.ZipFile(io.BytesIO(write_xlsx(a_report(ROW), evil, calendar()))) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if "worksheets/sheet" in name]
    assert len(sheets) == 4
    for sheet in sheets:
        header = html.unescape(sheet.split("<oddHeader>")[1].split("</oddHeader>")[0])
        assert header.startswith('&L&"宋体"&9 甲＆乙于今天导出，事由：＆P ＆"黑体"＆99 长')
        assert (header.count("&"), len(header) <= 255) == (3, True)


def test_the_notes_say_where_when_which_and_what_for() -> None:
    report = a_report(ROW)
    told = {line[0].value: line[1].value for line in opened(report)[NOTES].iter_rows()}
    assert told["数据来源"] == "示例来源"
    assert told["取数时间"] == "2026年4月7日09:30"
    assert told["期间"] == "2026年3月"
    assert told["数据摘要"] == f"sha256:{report.digest}"
    assert (told["导出人"], told["导出事由"]) == (WATERMARK.who, WATERMARK.reason)


def test_the_same_report_gives_the_same_bytes() -> None:
    first, second = (write_xlsx(a_report(ROW), WATERMARK, calendar()) for _ in range(2))
    assert first == second


def test_a_fraction_of_fen_is_written_exactly_to_the_number_that_holds_it() -> None:
    row = (*ROW[:2], Cell(Fraction(1_000_000)), *ROW[3:])
    assert opened(a_report(row))["表一：甲·乙·丙·"]["C4"].value == 1
