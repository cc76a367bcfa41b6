"""A document held against a model: every mismatch as a finding in the words of whoever wrote the file.

Serves workflows and programmes alike; which words may stand where is read from the model's schema (`vocabulary.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.document import FINDINGS_LIMIT, Document, Path, line_of
from engine.errors import BihuanError
from engine.lookups import nearest
from engine.vocabulary import Vocabulary

__all__ = ["validated"]

Place = Sequence[str | int]
_Model = TypeVar("_Model", bound=BaseModel)


def validated(document: Document, model: type[_Model], words: Vocabulary) -> _Model | None:
    """The model of the document. Where only words are unknown, it goes on without them, to find what else is wrong."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    for details in islice(_one_for_each_place(errors, document.data), FINDINGS_LIMIT):
        _translate(details, document, words)
    if any(details["type"] != "extra_forbidden" for details in errors):
        return None
    for details in errors:
        _forget(document.data, _place(details["loc"], document.data))
    return validated(document, model, words)


def _one_for_each_place(errors: Sequence[ErrorDetails], data: Any) -> Iterator[ErrorDetails]:
    """A union says once for each of its members that the value is not it; the first says most."""
    seen: set[tuple[Path, str]] = set()
    for details in errors:
        absent = str(details["loc"][-1]) if details["type"] == "missing" else ""
        if (key := (_place(details["loc"], data), absent)) not in seen:
            seen.add(key)
            yield details


def _place(loc: Place, data: Any) -> Path:
    """Where in the document the model's place is: without the lists and keys that people left out."""
    here: Path = ()
    for step in loc:
        if isinstance(data, dict) and step in data:
            here, data = (*here, step), data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            here, data = (*here, step), data[step]
    return here


def _forget(data: Any, path: Path) -> None:
    for step in path[:-1]:
        data = data[step]
    del data[path[-1]]


def _value(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _translate(details: ErrorDetails, document: Document, words: Vocabulary) -> None:
    path = _place(details["loc"], document.data)
    if any(path[:n] in document.spoiled for n in range(1, len(path) + 1)) or () in document.spoiled:
        return  # already said what is wrong here
    if details["type"] == "missing" and (*path, details["loc"][-1]) in document.spoiled:
        return
    code, message, hint = _said(details, path, _value(document.data, path), words)
    document.complain(code, message, line=line_of(path, document.lines), path=path, hint=hint)


Said = tuple[str, str, str]


def _said(details: ErrorDetails, path: Path, value: Any, words: Vocabulary) -> Said:
    """Code, sentence and hint of one error of the model."""
    kind, context = details["type"], details.get("ctx", {})
    error = context.get("error")
    if isinstance(error, BihuanError):
        return error.code, error.message, error.hint
    if kind == "missing":
        return "missing_key", f"{_named(path)}缺少 {details['loc'][-1]}", ""
    if kind == "extra_forbidden":
        return _unknown_key(path, words)
    if kind in ("literal_error", "value_error", "enum") and (choices := words.choices_at(path)):
        return "unknown_choice", f"{_shown(value)} 不是可选的值", _nearest(value, choices)
    if kind == "string_pattern_mismatch":
        return _misspelt(str(context["pattern"]), path, value)
    if kind in _RANGES:
        bound = next((number for key, number in context.items() if key in _BOUNDS), "")
        return "out_of_range", _RANGES[kind].format(_shown(value), bound), ""
    if (short := context.get("class_name")) in _SHORT:
        kind = _SHORT[short]
    wanted = _WANTED.get(kind, "别的写法")
    return (
        "wrong_type",
        f"{path[-1] if path else '文件'} 应为{wanted}，这里是{_type_zh(value)}",
        _HINTS.get(kind, ""),
    )


def _unknown_key(path: Path, words: Vocabulary) -> Said:
    known = words.keys_at(path[:-1])
    return "unknown_key", f"{_named(path[:-1])}没有 {_shown(path[-1])} 这一项", _nearest(path[-1], known)


def _misspelt(pattern: str, path: Path, value: Any) -> Said:
    if "d{4}" in pattern:
        return "bad_date", f"{_shown(value)} 不是日期", '例如 "2026-12-01"'
    text = path[-1] if isinstance(value, dict) else value
    hint = "小写字母开头，只用小写字母、数字和下划线，最多 48 个"
    if "sum3" in pattern:
        hint = "写数据项的名称，例如 staff、sum3.staff（三年合计）、prior.staff（上一年）"
    elif "." in pattern:
        hint = "动作写作 refer，并行线里的写作 share.finish"
    return "bad_name", f"{_shown(text)} 不能作名称", hint


def _nearest(value: Any, known: Sequence[str]) -> str:
    near = nearest(str(value), known)
    return f"是不是 {near}？" if near else f"可用：{'、'.join(known)}"


def _named(path: Path) -> str:
    """`states.on_site` of a path; nothing for the file itself."""
    return f"{'.'.join(map(str, path))} " if path else "文件"


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _type_zh(value: Any) -> str:
    if value is None:
        return "空的"
    name = next(zh for type_, zh in _TYPES_ZH if isinstance(value, type_))
    return name if isinstance(value, dict | list) else f"{name} {_shown(value)}"


_TYPES_ZH: Final = ((bool, "是否"), (int, "整数"), (str, "文字"), (list, "列表"), (dict, "一组键值"))
_LENGTH: Final = "时长（文字）"
_WANTED: Final = {
    "string_type": "文字",
    "int_type": "整数",
    "bool_type": "true 或 false",
    "literal_error": "可选的值之一",
    "dict_type": "一组键值",
    "model_type": "一组键值",
    "tuple_type": "列表",
    "list_type": "列表",
    "dataclass_exact_type": _LENGTH,
    "dataclass_type": _LENGTH,
    "is_instance_of": _LENGTH,
}
_SHORT: Final = {
    "Due": "dataclass_type",
    "Title": "string_type",
    "Route": "string_type",
}  # what people mostly write
_HINTS: Final = {
    "bool_type": "写 true 或 false，不加引号",
    "tuple_type": "写作 [甲, 乙]，或每行一个“- ”",
    "list_type": "写作 [甲, 乙]，或每行一个“- ”",
    "dict_type": "写作“键: 值”，每行一个，缩进两格",
    "model_type": "写作“键: 值”，每行一个，缩进两格",
    **dict.fromkeys(
        ("dataclass_exact_type", "dataclass_type", "is_instance_of"), "例如 3 working days 或 3个工作日"
    ),
}
_BOUNDS: Final = ("ge", "le", "gt", "lt", "min_length", "max_length")
_RANGES: Final = {
    "greater_than_equal": "{} 太小，至少为 {}",
    "less_than_equal": "{} 太大，至多为 {}",
    "string_too_short": "文字不能为空",
    "string_too_long": "“{}”太长，最多 {} 个字",
}
