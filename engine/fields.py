"""What a person may write into a field: shapes and sizes, refused with the field's own title."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from engine.case import Said
from engine.definition import LIST_TYPES, Definition, FieldSpec, FieldType
from engine.errors import Blocker, InvalidData
from engine.lookups import nearest

REASON_MAX = 2000  # characters
COMMENT_MAX = 4000
TEXT_MAX = 4000  # characters, where the definition sets no `max`
LIST_MAX = 200
SEALED = "sealed"  # a personal value is written to the log as {"sealed": <commitment>}


def named_in(value: Any) -> list[str]:
    """The ids in the value of a field that names one thing (`unit`, `case`) or several (`units`, `cases`)."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def checked(
    definition: Definition,
    data: Mapping[str, Any],
    *,
    needs: Iterable[str],
    may: Iterable[str],
) -> dict[str, Any]:
    """`data` with every field allowed, well-typed and complete: what a step needs comes with it, each time anew.

    Errors: `InvalidData` with one blocker for each field that is wrong.
    """
    needed, reasons = tuple(needs), []
    allowed = {*needed, *may}
    for name, value in data.items():
        if name not in allowed:
            reasons.append(_unexpected(definition, name, allowed))
        elif fault := fault_of(definition.fields[name], value):
            reasons.append(_fault(definition, name, fault))
    for name in needed:
        if is_empty(data.get(name)):
            title = definition.fields[name].title.zh
            reasons.append(Blocker("missing_field", f"请填写“{title}”", {"field": name}))
    if reasons:
        raise InvalidData("填写的内容有误", reasons=reasons, hint="逐项改正后再次提交")
    return {k: v for k, v in data.items() if v is not None}


def require_words(words: Said, field: str, title: str, *, most: int = REASON_MAX) -> None:
    """What people say beside a field of the definition. Errors: `InvalidData` if it is blank or too long."""
    if isinstance(words, str) and not words.strip():
        reason = Blocker("missing_field", f"请填写{title}", {"field": field})
        raise InvalidData(f"请填写{title}", reasons=[reason])
    require_brief(words, field, title, most=most)


def require_brief(words: Said, field: str, title: str, *, most: int = REASON_MAX) -> None:
    """The same for what may be left out. What is sealed was measured before. Errors: `InvalidData` if it is too long."""
    if isinstance(words, str) and len(words) > most:
        fault = f"{title}至多{most}字，现有{len(words)}字"
        raise InvalidData(fault, reasons=[Blocker("bad_field", fault, {"field": field, "max": most})])


def fault_of(spec: FieldSpec, value: Any) -> str:
    """Why `value` does not fit the field, as a sentence; empty if it fits. None always fits: it leaves the field out."""
    if value is None:
        return ""
    if spec.personal:
        return "" if isinstance(value, str | dict) else "应为文字"
    return _FAULTS[spec.type](spec, value)


def _unexpected(definition: Definition, name: str, allowed: set[str]) -> Blocker:
    known = definition.fields.get(name)
    title = f"“{known.title.zh}”" if known else f"“{name}”"
    near = "" if known else nearest(name, sorted(allowed))
    meant = f"，是不是 {near}？" if near else ""
    return Blocker(
        "unexpected_field", f"这一步不收{title}{meant}", {"field": name, "allowed": sorted(allowed)}
    )


def _fault(definition: Definition, name: str, fault: str) -> Blocker:
    title = definition.fields[name].title.zh
    return Blocker("bad_field", f"“{title}”{fault}", {"field": name})


def _text(spec: FieldSpec, value: Any) -> str:
    if not isinstance(value, str):
        return "应为文字"
    return _length(value, spec, "字", TEXT_MAX)


def _length(value: Any, spec: FieldSpec, word: str, most: int) -> str:
    size, least = len(value), spec.min or 0
    most = spec.max or most
    if size < least:
        return f"至少{least}{word}"
    return f"至多{most}{word}，现有{size}{word}" if size > most else ""


def _integer(spec: FieldSpec, value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return "应为整数"
    if spec.min is not None and value < spec.min:
        return f"不小于{spec.min}"
    return f"不大于{spec.max}" if spec.max is not None and value > spec.max else ""


def _boolean(spec: FieldSpec, value: Any) -> str:
    return "" if isinstance(value, bool) else "应为是或否"


def _date(spec: FieldSpec, value: Any) -> str:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else date.min
    except ValueError:
        day = date.min
    year = (
        day.year if day.isoformat() == value else 0
    )  # 20261201 and 2026-W49-2 are dates too, but other spellings
    return "" if 2000 <= year <= 2100 else "应为日期，例如 2026-12-01（2000 年至 2100 年）"


def _choice(spec: FieldSpec, value: Any) -> str:
    if isinstance(value, str) and value in spec.options:
        return ""
    return "只能选：" + "、".join(f"{k}（{t.zh}）" for k, t in spec.options.items())


def _name(spec: FieldSpec, value: Any) -> str:
    return "" if isinstance(value, str) and 0 < len(value) <= 100 else "应为编号"


def _list_of(item: Callable[[FieldSpec, Any], str]) -> Callable[[FieldSpec, Any], str]:
    def check(spec: FieldSpec, value: Any) -> str:
        if not isinstance(value, list):
            return "应为列表"
        if len(set(map(str, value))) != len(value):
            return "有重复的项"
        plain = spec.model_copy(update={"min": None, "max": None})
        return next(filter(None, (item(plain, v) for v in value)), "") or _length(value, spec, "项", LIST_MAX)

    return check


_FAULTS: dict[FieldType, Callable[[FieldSpec, Any], str]] = {
    FieldType.TEXT: _text,
    FieldType.TEXTS: _list_of(_text),
    FieldType.INTEGER: _integer,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.CHOICE: _choice,
    FieldType.CHOICES: _list_of(_choice),
    FieldType.UNIT: _name,
    FieldType.UNITS: _list_of(_name),
    FieldType.PERSON: _name,
    FieldType.CASE: _name,
    FieldType.CASES: _list_of(_name),
    FieldType.FILES: _list_of(_name),
}

_EMPTY: dict[FieldType, Any] = {FieldType.INTEGER: 0, FieldType.BOOLEAN: False}


def value_of(spec: FieldSpec, data: Mapping[str, Any], name: str) -> Any:
    """The value a guard sees: an absent field is its type's empty value."""
    if name in data:
        return data[name]
    return [] if spec.type in LIST_TYPES else _EMPTY.get(spec.type, "")


__all__ = [
    "COMMENT_MAX",
    "LIST_MAX",
    "SEALED",
    "checked",
    "fault_of",
    "is_empty",
    "named_in",
    "require_brief",
    "require_words",
    "value_of",
]
