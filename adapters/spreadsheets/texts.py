"""A list as text: which encoding, which separator, and its rows. Every cell is text, as it stands."""

from __future__ import annotations

import codecs
import csv
import io
from typing import Final

from adapters.spreadsheets.sheets import BrokenFile, Raw, Sheet, TooLarge

__all__ = ["read_text"]

MOST_CELLS: Final = 6_000_000
_SEPARATORS: Final = (",", "\t", ";", "，", "|")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(data: bytes, title: str) -> Sheet:
    """One sheet. Errors: `BrokenFile`, `TooLarge`."""
    text = _decoded(data)
    csv.field_size_limit(1_000_000)
    try:
        rows: list[list[Raw]] = [
            list(row) for row in csv.reader(io.StringIO(text), delimiter=_separator(text))
        ]
    except csv.Error as error:
        raise BrokenFile(f"CSV 读不通：{error}", hint="另存为 .xlsx 再导入") from error
    width = max((len(row) for row in rows), default=0)
    if width * len(rows) > MOST_CELLS:
        raise TooLarge(f"表格超过 {MOST_CELLS // 10000} 万个单元格", hint="按县区拆成几个文件")
    return Sheet(title, [row + [""] * (width - len(row)) for row in rows])


def _decoded(data: bytes) -> str:
    """UTF-8 if it is, else GB18030: text of the one is almost never sound text of the other."""
    encodings = [name for mark, name in _MARKS if data.startswith(mark)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise BrokenFile("看不出文字的编码", hint="另存为“CSV UTF-8”或 .xlsx；系统认得 UTF-8 和 GBK（GB18030）")


def _separator(text: str) -> str:
    """The sign that most of the first lines are full of."""
    lines = text[:20_000].splitlines()[:30]
    return max(_SEPARATORS, key=lambda sign: sum(line.count(sign) for line in lines))
