"""What a workbook's package says beside its values: hidden rows and columns, error cells, formulas never calculated.

The zip is checked before anything else reads it. XML is read by expat as a stream; a document type, and so every entity, is
refused. The reader of values (calamine) would make a full grid of a sheet with one cell in its last corner: such a sheet is
refused here.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final
from xml.parsers import expat

from adapters.spreadsheets.sheets import BrokenFile, RefusedFile, TooLarge

__all__ = ["Details", "open_package"]

MOST_ENTRIES: Final = 2_000
MOST_UNPACKED: Final = 300 * 1024 * 1024
MOST_CELLS: Final = 6_000_000  # of the grid: 100,000 rows of 60 columns
MOST_COLUMNS: Final = 500
_CHUNK: Final = 1024 * 1024
_RUNNING: Final = ("vbaproject", "vbadata", "activex", "macrosheet")
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NOT_CALCULATED: Final = "公式没有计算结果"


@dataclass(slots=True)
class Details:
    """Of one sheet; rows and columns from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    faults: dict[tuple[int, int], str] = field(default_factory=dict)


def open_package(data: bytes) -> dict[str, Details]:
    """By sheet title. Errors: `RefusedFile`, `BrokenFile`, `TooLarge`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            _check(package)
            return {title: _details(package, part) for title, part in _sheets(package).items()}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, RuntimeError) as error:
        raise BrokenFile(
            "文件已损坏，不能读取", hint="用 Excel 或 WPS 打开后另存为 .xlsx", reason=str(error)
        ) from error


def _check(package: zipfile.ZipFile) -> None:
    entries = package.infolist()
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise TooLarge(
            f"文件解开后超过 {MOST_UNPACKED // 1024 // 1024} MB",
            hint="去掉图片和多余的工作表，或按县区拆成几个文件",
        )
    names = [entry.filename.lower() for entry in entries]
    if any(part in name for name in names for part in _RUNNING):
        raise RefusedFile("文件带有宏", hint="在 Excel 或 WPS 中另存为“Excel 工作簿（.xlsx）”，不带宏")
    if "xl/workbook.xml" not in names:
        raise RefusedFile(
            "这不是 .xlsx 工作簿", hint="在 Excel 或 WPS 中另存为“Excel 工作簿（.xlsx）”，或存为 CSV"
        )
    for entry in entries:
        _read_through(package, entry)


def _read_through(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """To its declared size and no further; the checksum shows a size that was a lie."""
    with package.open(entry) as part:
        while part.read(_CHUNK):
            pass


def _sheets(package: zipfile.ZipFile) -> dict[str, str]:
    """The part that holds each sheet."""
    found: list[tuple[str, str]] = []
    targets: dict[str, str] = {}

    def sheet(name: str, given: Mapping[str, str]) -> None:
        if name == "sheet":
            found.append(
                (given.get("name", ""), next((v for k, v in given.items() if k.endswith(":id")), ""))
            )

    def relation(name: str, given: Mapping[str, str]) -> None:
        if name == "Relationship":
            targets[given.get("Id", "")] = given.get("Target", "")

    _parse(package, "xl/workbook.xml", sheet)
    _parse(package, "xl/_rels/workbook.xml.rels", relation)
    return {title: _part(targets.get(key, "")) for title, key in found}


def _part(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _parse(
    package: zipfile.ZipFile,
    part: str,
    started: Callable[[str, Mapping[str, str]], None],
    ended: Callable[[str], None] | None = None,
    said: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, given: started(name.rpartition(":")[2], given)
    if ended:
        parser.EndElementHandler = lambda name: ended(name.rpartition(":")[2])
    if said:
        parser.CharacterDataHandler = said
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with package.open(part) as stream:
            parser.ParseFile(stream)
    except KeyError:
        raise BrokenFile("工作簿缺少工作表", hint="用 Excel 或 WPS 打开后另存为 .xlsx") from None
    except expat.ExpatError as error:
        raise BrokenFile(
            "工作簿的内容已损坏", hint="用 Excel 或 WPS 打开后另存为 .xlsx", reason=str(error)
        ) from error


def _refuse_doctype(*_: Any) -> None:
    raise RefusedFile("工作簿中有不该有的文档类型声明", hint="用 Excel 或 WPS 打开后另存为 .xlsx")


def _details(package: zipfile.ZipFile, part: str) -> Details:
    reader = _SheetReader()
    if "worksheets/" in part:  # chart sheets hold no cells
        _parse(package, part, reader.started, reader.ended, reader.said)
    return reader.found


class _SheetReader:
    def __init__(self) -> None:
        self.found = Details()
        self._row = self._column = -1
        self._last_row = self._last_column = 0
        self._is_formula = self._has_value = self._is_error = self._in_value = False
        self._text = ""

    def started(self, name: str, given: Mapping[str, str]) -> None:
        if name == "c":
            self._cell(given)
        elif name == "v":
            self._in_value = True
        elif name == "f":
            self._is_formula = True
        elif name == "row":
            self._begin_row(given)
        elif name == "col" and _is_true(given.get("hidden")):
            first, last = int(given["min"]), min(int(given["max"]), MOST_COLUMNS)
            self.found.hidden_columns.update(range(first - 1, last))

    def ended(self, name: str) -> None:
        if name == "v":
            self._in_value = False
        elif name == "c":
            place = (self._row, self._column)
            if self._is_error:
                self.found.faults[place] = f"单元格是错误值 {self._text or '#N/A'}"
            elif self._is_formula and not self._has_value:
                self.found.faults[place] = _NOT_CALCULATED

    def said(self, text: str) -> None:
        if self._in_value:
            self._has_value = True
            if self._is_error:
                self._text += text

    def _begin_row(self, given: Mapping[str, str]) -> None:
        self._row = int(given["r"]) - 1 if "r" in given else self._row + 1
        self._column = -1
        if _is_true(given.get("hidden")):
            self.found.hidden_rows.add(self._row)

    def _cell(self, given: Mapping[str, str]) -> None:
        found = _REFERENCE.fullmatch(given.get("r", ""))
        self._column = _column_number(found[1]) if found else self._column + 1
        self._is_formula = self._has_value = self._in_value = False
        self._is_error, self._text = given.get("t") == "e", ""
        self._last_row = max(self._last_row, self._row)
        self._last_column = max(self._last_column, self._column)
        size = (self._last_row + 1) * (self._last_column + 1)
        if self._last_column >= MOST_COLUMNS or size > MOST_CELLS:
            raise TooLarge(
                f"工作表过大（至多 {MOST_COLUMNS} 列、{MOST_CELLS // 10000} 万个单元格）",
                hint="删去表格以外的内容（含远处的零星单元格），或按县区拆成几个文件",
            )


def _is_true(word: str | None) -> bool:
    return word in ("1", "true")


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
