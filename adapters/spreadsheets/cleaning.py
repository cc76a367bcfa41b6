"""One cell as a value of a fact, with a verdict: clean, clean with a note, nothing said, or a fault. Never a guess in silence.

Money becomes an integer of fen by way of `Decimal`; days become ISO text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from adapters.spreadsheets.headings import UNITS
from adapters.spreadsheets.sheets import Raw
from engine.programme.facts import FactSpec, FactType
from engine.subjects import Value

__all__ = ["NOTHING", "Cleaned", "clean", "clean_code", "clean_day", "clean_name", "clean_text", "plain_text"]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`value` None: nothing is said. With `code` a note on the value, or, where `is_fault`, why there is none."""

    value: Value | None = None
    code: str = ""
    message: str = ""
    is_fault: bool = False


NOTHING: Final = Cleaned()

_BLANK: Final = frozenset(
    {
        "",
        "-",
        "--",
        "—",
        "——",
        "–",
        "/",
        "\\",
        "\\\\",
        "//",
        "...",
        "…",
        "n/a",
        "na",
        "null",
        "空",
        "不详",
        "未知",
    }
)
_NONE: Final = frozenset({"无", "没有", "暂无", "零"})
_TRUE: Final = frozenset({"是", "有", "√", "✓", "✔", "☑", "对", "1", "y", "yes", "true", "t", "已", "v"})
_FALSE: Final = frozenset(
    {"否", "无", "×", "✗", "✘", "✕", "x", "0", "n", "no", "false", "f", "不是", "没有", "未", "非"}
)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?")
_NEGATIVE: Final = re.compile(r"\((\d[\d.]*)\)")
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?|[+-]?\d{1,4}(,\d{4})+(\.\d+)?")
_SUFFIXED: Final = re.compile(r"(.*?)(?:人民币)?(千万元|百万元|亿元|万元|千元|千万|百万|亿|万|元|块)")
_SHORT_UNITS: Final = {"亿": "亿元", "万": "万元", "千万": "千万元", "百万": "百万元", "块": "元"}
_COUNTED: Final = re.compile(r"(.*?)(人|家|项|件|个|名|台|套|次|亩|平方米|㎡|m2|%)")
_CODE_NUMBER: Final = re.compile(r"\d(\.\d+)?e\+?\d+", re.IGNORECASE)
_DAY: Final = re.compile(
    r"(\d{4})[-./年](\d{1,2})(?:[-./月](\d{1,2})日?|月)?(?:t?\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_OCTOBER: Final = re.compile(r"(\d{4})\.1")
_MONTH: Final = re.compile(r"(\d{4})\.(\d{1,2})")
_YEAR: Final = re.compile(r"(\d{4})年?")
_SERIALS: Final = (15_000, 80_000)  # 1941 to 2119
_EPOCH: Final = date(1899, 12, 30)
_FEN: Final = Decimal(100)
_NOISE_OF_FLOATS: Final = Decimal("0.0001")  # fen
_MOST: Final = 2**53 - 1


def clean(spec: FactSpec, cell: Raw, *, unit: str = "") -> Cleaned:
    """The value of a fact. `unit` is that of the column, for money."""
    if spec.type is FactType.MONEY:
        return _money(cell, unit)
    if spec.type is FactType.CHOICE:
        return _choice(cell, spec.options)
    return _CLEANERS[spec.type](cell)


def clean_text(cell: Raw) -> str:
    """Half width, one blank for several, no blank between Chinese characters; a whole number without its point."""
    if isinstance(cell, str):
        text = cell if cell.isascii() else unicodedata.normalize("NFKC", cell)
        text = text.strip().lstrip("'’`")
        return _BLANKS.sub(" ", text) if text.isascii() else _INNER.sub("", _BLANKS.sub(" ", text))
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def plain_text(cell: Raw) -> str:
    """As it is written, signs and line ends included: for words that people wrote for people."""
    if not isinstance(cell, str):
        return clean_text(cell)
    return _CONTROLS.sub("", unicodedata.normalize("NFC", cell.replace("\r\n", "\n"))).strip()


_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_BLANKS: Final = re.compile(r"\s+")
_INNER: Final = re.compile(r"(?<=[一-鿿()]) (?=[一-鿿()])")


def clean_name(cell: Raw) -> str:
    """A name as its owner writes it in Chinese: brackets full width, no stray blanks or quotes."""
    text = clean_text(cell).strip("\"'“”‘’ ")
    if any("一" <= char <= "鿿" for char in text):
        return text.replace("(", "（").replace(")", "）").replace(" ", "")
    return text


def clean_code(cell: Raw) -> Cleaned:
    """An identifying code as text. A number has lost its last digits: said so, never repaired."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _fault(
            "code_as_number",
            f"代码按数字保存（{_shown(cell)}），后几位已丢失，无法恢复；请把该列设为文本后重新填写",
        )
    text = clean_text(cell).replace(" ", "").upper()
    if text.lower() in _BLANK or text in _NONE:
        return NOTHING
    if _CODE_NUMBER.fullmatch(text):
        return _fault(
            "code_as_number",
            f"代码成了科学计数（{text}），后几位已丢失，无法恢复；请把该列设为文本后重新填写",
        )
    return Cleaned(text)


def clean_day(cell: Raw) -> Cleaned:
    """A day. A month or a year alone gives its first day, with a note."""
    if isinstance(cell, datetime):
        return _checked_day(cell.year, cell.month, cell.day)
    if isinstance(cell, date):
        return _checked_day(cell.year, cell.month, cell.day)
    if isinstance(cell, bool):
        return _fault("bad_date", "应为日期，例如 2023-05-01")
    if isinstance(cell, int | float):
        return _day_of_number(Decimal(repr(cell)))
    if not isinstance(cell, str):
        return _fault("bad_date", "应为日期，例如 2023-05-01")
    text = clean_text(cell).replace(" ", "").lower()
    if text in _BLANK or text in _NONE:
        return NOTHING
    if found := _OCTOBER.fullmatch(text):
        return _month_unclear(text, found[1])
    if found := _DAY.fullmatch(text):
        return _checked_day(int(found[1]), int(found[2]), int(found[3]) if found[3] else 0)
    if found := _COMPACT.fullmatch(text):
        return _checked_day(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR.fullmatch(text):
        return _whole_year(int(found[1]))
    if _NUMBER.fullmatch(text):
        return _day_of_number(Decimal(text))
    return _fault("bad_date", f"“{_shown(cell)}”看不出是哪一天；写作 2023-05-01")


def _day_of_number(number: Decimal) -> Cleaned:
    """An Excel serial, a year, a compact day, or a month with its point: 2023.5."""
    whole = int(number)
    if _SERIALS[0] <= whole <= _SERIALS[1]:
        day = _EPOCH + timedelta(days=whole)
        return _checked_day(day.year, day.month, day.day)
    if number != whole and (found := _MONTH.fullmatch(str(number))):
        return (
            _month_unclear(str(number), found[1])
            if found[2] == "1"
            else _checked_day(whole, int(found[2]), 0)
        )
    if number == whole and 1900 <= whole <= 2100:
        return _whole_year(whole)
    if number == whole and (found := _COMPACT.fullmatch(str(whole))):
        return _checked_day(int(found[1]), int(found[2]), int(found[3]))
    return _fault("bad_date", f"“{number}”看不出是哪一天；写作 2023-05-01")


def _month_unclear(shown: str, year: str) -> Cleaned:
    """A number loses its last zero, also on its way through a text file: 2023.10 becomes 2023.1."""
    return _fault("month_unclear", f"“{shown}”分不清是 1 月还是 10 月；写作 {year}-01 或 {year}-10")


def _whole_year(year: int) -> Cleaned:
    made = _checked_day(year, 1, 1)
    return made if made.is_fault else Cleaned(made.value, "day_assumed", "只写到年，按当年 1 月 1 日计")


def _checked_day(year: int, month: int, day: int) -> Cleaned:
    try:
        found = date(year, month, day or 1)
    except ValueError:
        return _fault("bad_date", f"没有这一天：{year}-{month:02}-{day:02}")
    if not 1900 <= found.year <= 2100:
        return _fault("bad_date", f"年份不对：{year}")
    if day:
        return Cleaned(found.isoformat())
    return Cleaned(found.isoformat(), "day_assumed", "只写到月，按当月 1 日计")


def _money(cell: Raw, unit: str) -> Cleaned:
    number, own_unit, none = _number(cell, money=True)
    if isinstance(number, Cleaned):
        return number
    note = ("none_as_zero", "“无”按 0 计") if none else ("", "")
    if own_unit and own_unit != unit:
        note = ("own_unit", f"单元格自带单位“{own_unit}”，与本列的“{unit}”不同，按自带的计")
    fen = number * UNITS[own_unit or unit] * _FEN
    whole = fen.to_integral_value(ROUND_HALF_UP)
    if abs(fen - whole) > _NOISE_OF_FLOATS:
        note = ("rounded_to_fen", "小数超过分，四舍五入到分")
    if abs(whole) > _MOST:
        return _fault("too_large", f"“{_shown(cell)}”过大，请核对单位")
    return Cleaned(int(whole), *note)


def _integer(cell: Raw) -> Cleaned:
    number, _, none = _number(cell, money=False)
    if isinstance(number, Cleaned):
        return number
    if number != number.to_integral_value():
        return _fault("not_whole", f"“{_shown(cell)}”应为整数")
    if abs(number) > _MOST:
        return _fault("too_large", f"“{_shown(cell)}”过大")
    return Cleaned(int(number), *(("none_as_zero", "“无”按 0 计") if none else ("", "")))


def _number(cell: Raw, *, money: bool) -> tuple[Decimal | Cleaned, str, bool]:
    """The number, the unit that the cell itself names, and whether it said 无. A `Cleaned` where there is no number."""
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        # `repr` is the shortest decimal that is this float: what was typed, not its binary neighbour.
        found = Decimal(repr(cell))
        return (found, "", False) if found.is_finite() else (_fault("bad_number", "不是数字"), "", False)
    if not isinstance(cell, str):
        return _fault("bad_number", f"“{_shown(cell)}”应为数字"), "", False
    text = clean_text(cell).replace(" ", "").replace("−", "-").replace("¥", "").replace("￥", "").lower()
    if text in _BLANK:
        return NOTHING, "", False
    if text in _NONE:
        return Decimal(0), "", True
    unit = ""
    if found_unit := (_SUFFIXED if money else _COUNTED).fullmatch(text):
        if found_unit[2] == "%":
            return _fault("bad_number", f"“{_shown(cell)}”是百分数，应为数目"), "", False
        text = found_unit[1]
        unit = _SHORT_UNITS.get(found_unit[2], found_unit[2]) if money else ""
    return _decimal(text, cell), unit, False


def _decimal(text: str, cell: str) -> Decimal | Cleaned:
    if negative := _NEGATIVE.fullmatch(text):
        text = "-" + negative[1]
    text = text.replace("，", ",")
    if "," in text:
        if not _GROUPED.fullmatch(text):
            return _fault("bad_number", f"“{_shown(cell)}”中的逗号不是千分位，请核对")
        text = text.replace(",", "")
    try:
        return Decimal(text) if _NUMBER.fullmatch(text) else _no_number(cell)
    except InvalidOperation:
        return _no_number(cell)


def _no_number(cell: Raw) -> Cleaned:
    return _fault("bad_number", f"“{_shown(cell)}”应为数字")


def _boolean(cell: Raw) -> Cleaned:
    if isinstance(cell, bool):
        return Cleaned(cell)
    text = clean_text(cell).replace(" ", "").lower()
    if text in _BLANK:
        return NOTHING
    if text in _TRUE or text in _FALSE:
        return Cleaned(text in _TRUE)
    return _fault("bad_boolean", f"“{_shown(cell)}”应为是或否")


def _text(cell: Raw) -> Cleaned:
    text = " ".join(plain_text(cell).split())
    if clean_text(cell).lower() in _BLANK:
        return NOTHING
    if len(text) > _LONGEST:
        return Cleaned(text[:_LONGEST], "cut", f"文字至多 {_LONGEST} 字，余下的没有导入")
    return Cleaned(text)


_LONGEST: Final = 400  # of a fact


def _choice(cell: Raw, options: Mapping[str, object]) -> Cleaned:
    text = clean_text(cell)
    if text.lower() in _BLANK:
        return NOTHING
    for key, title in options.items():
        if text in (key, str(title)):
            return Cleaned(key)
    return _fault(
        "bad_choice", f"“{_shown(cell)}”应为：" + "、".join(str(title) for title in options.values())
    )


_CLEANERS: Final[Mapping[FactType, Callable[[Raw], Cleaned]]] = {
    FactType.INTEGER: _integer,
    FactType.BOOLEAN: _boolean,
    FactType.DATE: clean_day,
    FactType.TEXT: _text,
}


def _fault(code: str, message: str) -> Cleaned:
    return Cleaned(None, code, message, is_fault=True)


def _shown(cell: Raw) -> str:
    text = str(cell).strip()
    return text if len(text) <= 30 else text[:29] + "…"
