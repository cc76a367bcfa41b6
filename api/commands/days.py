"""Days as they are written on the command line."""

from __future__ import annotations

from datetime import date

from engine.errors import BihuanError

__all__ = ["BadDay", "day_of"]


class BadDay(BihuanError):
    """Raised when a day is not written as 2026-03-01."""

    code, kind = "bad_day", "invalid"


def day_of(text: str) -> date:
    """Errors: `BadDay`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadDay(f"“{text}”不是日期", hint="写成 2020-03-01") from error
