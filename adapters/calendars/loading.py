"""Read calendar files into the engine's value; `engine/calendar_data.py` decides what they may say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.calendar import Calendar, CalendarDataError

__all__ = ["import_year", "load_calendar"]

_FOLDER: Final = Path(__file__).parent
_MOST_BYTES: Final = 256 * 1024


def load_calendar(name: str, *, folder: Path = _FOLDER) -> Calendar:
    """The calendar `name` with every year that `folder` holds. Reads files each time: keep the value.

    Raises `CalendarDataError` when there is none of that name, or a file is not well formed.
    """
    base = folder / f"{name}.json"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not base.is_file():
        known = "、".join(sorted(path.stem for path in folder.glob("*.json") if "-" not in path.stem))
        raise CalendarDataError(f"没有这个日历：{name}", place="calendar", hint=f"现有：{known}")
    calendar = Calendar.from_data(_read(base))
    for path in sorted(folder.glob(f"{name}-[0-9][0-9][0-9][0-9].json")):
        calendar = import_year(path, base=calendar)
    return calendar


def import_year(notice: Path | Mapping[str, Any], *, base: Calendar) -> Calendar:
    """`base` with the year of `notice`, a file or its content, in place of what it held for that year."""
    if not isinstance(notice, Path):
        return base.with_year(notice)
    try:
        return base.with_year(_read(notice))
    except CalendarDataError as error:
        raise CalendarDataError(
            error.detail, place=f"{notice.name}:{error.place}", hint=error.hint
        ) from error


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MOST_BYTES:
        raise CalendarDataError("文件超过 256 KB", place=path.name)
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_duplicates)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CalendarDataError(f"不是 JSON：{error}", place=path.name) from error
    if not isinstance(data, dict):
        raise CalendarDataError("须为键值表", place=path.name)
    return data


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """json keeps the last of two equal keys; here a date that stands twice is a mistake to show."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise CalendarDataError("同一个键写了两次", place=key)
        found[key] = value
    return found
