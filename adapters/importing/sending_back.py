"""The error workbook: the rows that were kept out, as they came, with what to put right. Text is never a formula or a link."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

import xlsxwriter

from adapters.importing.history import HistoryRun
from adapters.importing.verdicts import DryRun, RowResult, Verdict
from adapters.spreadsheets.sheets import Raw

__all__ = ["error_workbook"]

_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
_ADDED: Final = ("行号", "结论", "单元格", "原因")
_KEPT_OUT: Final = (Verdict.ERROR, Verdict.CONFLICT, Verdict.TO_CONFIRM)
_TEXT_MAX: Final = 32_000  # Excel's own limit is 32,767


def error_workbook(dry: DryRun | HistoryRun) -> bytes:
    """What to send back; with no row below the headings where every row is good. Personal columns of a history stay blank."""
    hidden = dry.personal if isinstance(dry, HistoryRun) else frozenset()
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, dict(_OPTIONS)) as book:
        page = book.add_worksheet("需改正的行")
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        width = len(_ADDED)
        heading = dry.table.sheet.rows[dry.table.top : dry.table.bottom + 1]
        for line, row in enumerate(heading):
            _write(page, line, width, row, bold)
        for column, words in enumerate(_ADDED):
            page.write_string(len(heading) - 1, column, words, bold)
        page.freeze_panes(len(heading), width)
        page.set_column(0, width - 2, 8)
        page.set_column(width - 1, width - 1, 60)
        page.set_column(width, width + dry.table.sheet.width, 16)
        kept_out = [result for result in dry.results if result.verdict in _KEPT_OUT]
        for line, result in enumerate(kept_out, start=len(heading)):
            _write_result(page, line, result, wrap)
            _write(page, line, width, _shown(dry.table.sheet.rows[result.row - 1], hidden), None)
    return made.getvalue()


def _shown(row: Sequence[Raw], hidden: Collection[int]) -> list[Raw]:
    return ["" if column in hidden else cell for column, cell in enumerate(row)]


def _write_result(page: Any, line: int, result: RowResult, wrap: Any) -> None:
    page.write_number(line, 0, result.row)
    page.write_string(line, 1, result.verdict.zh)
    page.write_string(line, 2, "、".join(dict.fromkeys(r.cell for r in result.reasons if r.cell)))
    told = "\n".join(f"{r.cell}：{r.message}" if r.cell else r.message for r in result.reasons)
    page.write_string(line, 3, told[:_TEXT_MAX], wrap)


def _write(page: Any, line: int, start: int, row: Sequence[Raw], look: Any) -> None:
    for column, cell in enumerate(row, start=start):
        if isinstance(cell, bool):
            page.write_boolean(line, column, cell, look)
        elif isinstance(cell, int | float):
            page.write_number(line, column, cell, look)
        elif isinstance(cell, datetime | date):
            page.write_string(line, column, cell.isoformat(), look)
        elif cell != "":
            page.write_string(line, column, str(cell)[:_TEXT_MAX], look)
