"""Other rules to try: a definition with some of its words about time replaced, read and certified like any other.

`states.coordinating.due=7 working days` names a place as it stands in the YAML. Only what concerns clocks may be replaced:
what people may do, and where that leads, stays what it was when they did it.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from engine.calendar import Calendar
from engine.certificate import certify
from engine.document import Path, line_of, read
from engine.errors import BihuanError, Blocker, InvalidData
from engine.findings import Finding, Refused
from engine.loading import Source, load

__all__ = ["BadSetting", "RulesRefused", "Setting", "changed", "parse_setting", "replaced"]

_OF_A_STATE: Final = frozenset({"due", "remind", "warn", "overdue", "pauses", "term"})
_SHOWN: Final = 20


class BadSetting(BihuanError):
    """Raised when a setting cannot be read, names a place that is not there, or one that says nothing about time."""

    code, kind = "bad_setting", "invalid"


class RulesRefused(InvalidData):
    """Raised when the definition with its settings would not be accepted; the blockers are the loader's findings."""

    code, kind = "rules_refused", "invalid"


@dataclass(frozen=True, slots=True)
class Setting:
    """One place of the definition and what is to stand there."""

    path: Path
    value: Any
    words: str


def parse_setting(words: str) -> Setting:
    """`PATH=VALUE`; the value is YAML. Errors: `BadSetting`."""
    where, equals, what = words.partition("=")
    if not equals or not where.strip():
        raise BadSetting(f"看不懂的设定：{words}", hint='写成 states.<环节>.due="7 working days"')
    path = tuple(int(part) if part.isdigit() else part for part in where.strip().split("."))
    if not _is_about_time(path):
        raise BadSetting(
            f"{where.strip()} 不是时限规则",
            hint="可以改的：case_due、limits、clocks，以及各环节的 due、remind、warn、overdue、pauses、term",
        )
    document = read(what.strip().encode(), name=words)
    if document.findings:
        raise BadSetting(f"{where.strip()} 的值看不懂：{what}", hint=document.findings[0].message)
    return Setting(path, document.data, words)


def _is_about_time(path: Path) -> bool:
    match path:
        case ("case_due" | "limits" | "clocks", *_):
            return True
        case ("states", str(), str(word), *_) | ("lanes", str(), "states", str(), str(word), *_):
            return word in _OF_A_STATE
    return False


def changed(source: Source, settings: Sequence[Setting], *, calendar: Calendar, today: date) -> Source:
    """The definition with the settings in place, loaded and certified. Errors: `BadSetting`, `RulesRefused`."""
    made = replaced(source, settings)
    faults = [f for f in certify(made, calendar=calendar, today=today).findings if f.severity == "error"]
    if faults:
        raise _refusal(source, faults)
    return made


def replaced(source: Source, settings: Sequence[Setting]) -> Source:
    """The definition with the settings in place, as the loader reads it. Errors: `BadSetting`, `RulesRefused`."""
    data = copy.deepcopy(read(source.data, name=source.name).data)
    for setting in settings:
        _put(data, setting)
    try:
        return load(json.dumps(data, ensure_ascii=False, indent=1).encode(), name=source.name)
    except Refused as refused:
        raise _refusal(source, refused.findings) from refused


def _put(data: Any, setting: Setting) -> None:
    *above, last = setting.path
    here = data
    for depth, part in enumerate(above):
        here = _child(here, part, setting.path[: depth + 1])
    is_key = isinstance(here, dict) and isinstance(last, str)
    if not (is_key or (isinstance(here, list) and isinstance(last, int) and last < len(here))):
        raise _missing(setting.path, here)
    here[last] = setting.value


def _child(here: Any, part: str | int, path: Path) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        raise _missing(path, here) from None


def _missing(path: Path, here: Any) -> BadSetting:
    known = [str(key) for key in here] if isinstance(here, dict) else []
    near = get_close_matches(str(path[-1]), known, n=1)
    hint = f"是不是 {near[0]}？" if near else f"这里有：{'、'.join(known[:_SHOWN])}" if known else "核对路径"
    return BadSetting(f"流程中没有 {'.'.join(map(str, path))}", hint=hint)


def _refusal(source: Source, findings: Iterable[Finding]) -> RulesRefused:
    """Lines are those of the definition as it is published: the changed one is in no file."""
    placed = [replace(f, file=source.name, line=line_of(_path(f.path), source.lines)) for f in findings]
    reasons = [Blocker(f.code, str(f), {"path": f.path}) for f in placed[:_SHOWN]]
    return RulesRefused("按这些设定，流程定义不能通过检查", reasons=reasons, hint="逐项改正设定后再试")


def _path(words: str) -> Path:
    return tuple(int(p) if re.fullmatch(r"\d+", p) else p for p in words.split("."))
