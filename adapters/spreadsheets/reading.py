"""A file as sheets: what kind it is by its bytes, its values by calamine, what is beside them from its package."""

from __future__ import annotations

import io
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from adapters.spreadsheets.packages import Details, open_package
from adapters.spreadsheets.sheets import Area, BrokenFile, RefusedFile, Sheet
from adapters.spreadsheets.texts import read_text

__all__ = ["read_sheets"]

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_PAGES: Final = (b"<html", b"<!doctype html", b"<?xml", b"<table")
_ADVICE: Final = "在 Excel 或 WPS 中另存为“Excel 工作簿（.xlsx）”，或“CSV UTF-8”，再导入"


def read_sheets(data: bytes, name: str) -> list[Sheet]:
    """Every sheet with cells, in the order of the file. Errors: `RefusedFile`, `BrokenFile`, `TooLarge`."""
    if not data.strip():
        raise BrokenFile("文件是空的", hint="核对所选的文件")
    if data.startswith(_OLE):
        raise _old_or_locked(data)
    if data.startswith(b"PK"):
        sheets = _workbook(data)
    elif data[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_PAGES):
        raise RefusedFile("这是网页，不是表格（有的系统导出的 .xls 其实是网页）", hint=_ADVICE)
    else:
        sheets = [read_text(data, name)]
    filled = [sheet for sheet in sheets if any(cell != "" for row in sheet.rows for cell in row)]
    if not filled:
        raise BrokenFile("表格里没有内容", hint="核对所选的文件")
    return filled


def _old_or_locked(data: bytes) -> RefusedFile:
    if _ENCRYPTED in data:
        return RefusedFile("文件设有打开密码", hint="去掉密码后另存为 .xlsx，再导入")
    return RefusedFile("这是旧格式（.xls、.et），不能导入", hint=_ADVICE)


def _workbook(data: bytes) -> list[Sheet]:
    details = open_package(data)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            wanted = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
            return [
                _sheet(book, each.name, each.visible != SheetVisibleEnum.Visible, details.get(each.name))
                for each in wanted
            ]
    except CalamineError as error:
        raise BrokenFile(
            "工作簿已损坏，不能读取", hint="用 Excel 或 WPS 打开后另存为 .xlsx", reason=str(error)
        ) from error


def _sheet(book: CalamineWorkbook, title: str, is_hidden: bool, details: Details | None) -> Sheet:
    found, details = book.get_sheet_by_name(title), details or Details()
    merged = tuple(Area(a[0], a[1], b[0], b[1]) for a, b in found.merged_cell_ranges or ())
    return Sheet(
        title=title,
        rows=found.to_python(skip_empty_area=False),
        is_hidden=is_hidden,
        hidden_rows=frozenset(details.hidden_rows),
        hidden_columns=frozenset(details.hidden_columns),
        merged=merged,
        faults=details.faults,
    )
