"""A sheet as a value: rows of raw cells with addresses, what is hidden, merged or broken in it; and why a file is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from engine.errors import BihuanError

__all__ = ["EMPTY", "Area", "BrokenFile", "Raw", "RefusedFile", "Sheet", "TooLarge", "address", "column_name"]

Raw = str | int | float | bool | date | datetime | time | timedelta
EMPTY: Final = ""


class RefusedFile(BihuanError):
    """Raised when a file is no list that can be read: an old, locked or running format; the hint says what to save it as."""

    code, kind = "refused_list_file", "unsupported"


class BrokenFile(BihuanError):
    """Raised when a file says that it is a workbook or a text, and cannot be read as one."""

    code, kind = "broken_list_file", "invalid"


class TooLarge(BihuanError):
    """Raised when a file unpacks to more than a list can be."""

    code, kind = "list_too_large", "too_large"


@dataclass(frozen=True, slots=True)
class Area:
    """A merged block; rows and columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` begin at A1 and are as wide as the widest. `faults` say of a cell why its value cannot be known."""

    title: str
    rows: Sequence[Sequence[Raw]]
    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()
    faults: Mapping[tuple[int, int], str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0


def column_name(column: int) -> str:
    """0 is A, 26 is AA."""
    name, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def address(row: int, column: int) -> str:
    """`C17`, as the people who made the file see it; rows and columns from 0."""
    return f"{column_name(column)}{row + 1}"
