"""The facts of a programme as a model: what may be known of a subject, in which unit, under which headings it arrives.

A money value is an integer of fen. What is known is left to `engine/subjects.py`; what follows from it to rules and lists.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from engine.errors import BihuanError
from engine.spelling import AnyTitle, Id, Model, Words
from engine.subjects import Value

__all__ = [
    "BadQuantity",
    "FactSpec",
    "FactType",
    "Parameter",
    "SubjectSpec",
    "as_tuple",
    "parameter_value",
    "quantity",
]


class BadQuantity(BihuanError, ValueError):
    """Raised when a quantity is not written as people write it: 1亿元, 2000万元, 30%, 60."""

    code, kind = "bad_quantity", "invalid"


def as_tuple(value: object) -> object:
    """A list as YAML gives it, and a single value as a list of one."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str | dict) else value


Headings = Annotated[tuple[Words, ...], BeforeValidator(as_tuple)]


class FactType(StrEnum):
    MONEY = "money"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    TEXT = "text"
    CHOICE = "choice"


NUMBERS: Final = (FactType.MONEY, FactType.INTEGER)
AnyType = Annotated[FactType, BeforeValidator(lambda v: FactType(v) if isinstance(v, str) else v)]


class FactSpec(Model):
    """`yearly` facts have a value for each year; `headings` are the column titles under which lists send the fact."""

    title: AnyTitle
    type: AnyType
    yearly: bool = False
    unit: Words | None = None
    decimals: int = Field(0, ge=0, le=4, description="of an integer: kept in units of 10^-decimals")
    options: dict[Id, AnyTitle] = Field(default_factory=dict)
    headings: Headings = ()
    personal: bool = Field(False, description="masked in lists and exports")
    note: Words | None = None


class SubjectSpec(Model):
    """What a subject is called, and the headings of what identifies it."""

    title: AnyTitle
    id: Headings
    name: Headings
    regions: Annotated[tuple[Headings, ...], BeforeValidator(as_tuple)] = Field(
        (), description="one entry for each level below the root, the highest first"
    )
    since: Id | None = Field(
        None, description="the date fact from which on it exists: no figures are missed from before"
    )


class Parameter(Model):
    """A threshold that rules name; `value` is written as people say it: 1亿元, 60, true."""

    title: AnyTitle
    type: AnyType
    value: str | int | bool
    unit: Words | None = None
    note: Words | None = None


_MONEY: Final = re.compile(r"(-?\d+(?:\.\d{1,8})?)\s*(亿|万|)元", re.ASCII)
_PERCENT: Final = re.compile(r"(-?\d+(?:\.\d{1,6})?)\s*%", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d{1,6})?", re.ASCII)
_FEN: Final = {"亿": 10**10, "万": 10**6, "": 100}


@lru_cache(maxsize=1024)
def quantity(words: str | int) -> Fraction:
    """`1亿元` in fen, `30%` as three tenths, any other number as itself. Errors: `BadQuantity`."""
    if isinstance(words, int):
        return Fraction(words)
    text = words.strip()
    if found := _MONEY.fullmatch(text):
        return Fraction(found[1]) * _FEN[found[2]]
    if found := _PERCENT.fullmatch(text):
        return Fraction(found[1]) / 100
    if _NUMBER.fullmatch(text):
        return Fraction(text)
    raise BadQuantity(f"看不懂的数量：{words}", hint="例如 1亿元、2000万元、30%、60")


def parameter_value(parameter: Parameter) -> Value:
    """What rules reckon with: money in fen. Errors: `BadQuantity` where value and type do not agree."""
    value, kind = parameter.value, parameter.type
    if kind is FactType.BOOLEAN and isinstance(value, bool):
        return value
    if kind is FactType.INTEGER and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is FactType.MONEY and isinstance(value, str) and "元" in value:
        amount = quantity(value)
        if amount.denominator == 1:
            return int(amount)
    if kind is FactType.DATE and isinstance(value, str) and _is_day(value):
        return value
    if kind in (FactType.TEXT, FactType.CHOICE) and isinstance(value, str):
        return value
    raise BadQuantity(f"“{value}”不是 {kind} 的值", hint=_EXAMPLES[kind])


_EXAMPLES: Final = {
    FactType.BOOLEAN: "写 true 或 false",
    FactType.INTEGER: "写整数，例如 60",
    FactType.MONEY: "例如 1亿元、2000万元、500元",
    FactType.DATE: '例如 "2026-12-01"',
    FactType.TEXT: "写文字",
    FactType.CHOICE: "写文字",
}


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
