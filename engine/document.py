"""A YAML file as plain values with the line of each: YAML 1.2, less everything that reads differently than it looks.

Works on the stream of events, so that nothing is ever expanded: a bomb costs what its bytes cost. What the values
mean is left to `loading.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.reader import ReaderError

from engine.findings import Finding

__all__ = [
    "BYTES_LIMIT",
    "DEPTH_LIMIT",
    "FINDINGS_LIMIT",
    "NODES_LIMIT",
    "Document",
    "Path",
    "line_of",
    "read",
]

Path = tuple[str | int, ...]

BYTES_LIMIT: Final = 256 * 1024
DEPTH_LIMIT: Final = 30
NODES_LIMIT: Final = 16_000  # about 120 KB of definition without comments; reading these takes half a second
FINDINGS_LIMIT: Final = 100  # nobody reads more, and a file of mistakes must not cost more than its size
DIGITS_LIMIT: Final = 15

Scalar = str | int | bool | None


@dataclass(slots=True)
class Document:
    """`data` is plain; `lines` has the line of each key and list entry; `spoiled` are places already complained of."""

    name: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    spoiled: set[Path] = field(default_factory=set)

    def complain(self, code: str, message: str, *, line: int, path: Path = (), hint: str = "") -> None:
        if len(self.findings) < FINDINGS_LIMIT:
            place = ".".join(map(str, path))
            self.findings.append(Finding(code, message, self.name, line, place, hint))


def line_of(path: Sequence[str | int], lines: Mapping[Path, int]) -> int:
    """Of the place, or of what holds it. The 0 of a list that people may leave out is no step down."""
    here: Path = ()
    for step in path:
        if (*here, step) in lines:
            here = (*here, step)
        elif step != 0:
            break
    return lines.get(here, 1)


def read(data: bytes, *, name: str) -> Document:
    """The document, with a finding for each thing that is not accepted; `data` is None where it cannot be read on."""
    document = Document(name)
    text = _text(data, document)
    if document.findings:
        return document
    try:
        _Builder(document, YAML(typ="safe", pure=True).parse(text)).build()
    except _Enough:
        document.data = None
    except YAMLError as error:
        document.data = None
        _syntax(error, text, document)
    return document


def _text(data: bytes, document: Document) -> str:
    """The text, if the bytes are such that people and parsers see the same in them."""
    if len(data) > BYTES_LIMIT:
        document.complain("file_too_large", f"文件超过 {BYTES_LIMIT // 1024} KB", line=1, hint="拆成几个流程")
        return ""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        document.complain("not_utf8", "文件不是 UTF-8 编码", line=number, hint="另存为 UTF-8（无 BOM）")
        return ""
    for code, pattern, message, hint in _UNSEEN:
        if found := pattern.search(text):
            document.complain(code, message, line=text.count("\n", 0, found.start()) + 1, hint=hint)
    for number, line in enumerate(text.split("\n"), start=1):
        if not unicodedata.is_normalized("NFC", line):
            document.complain(
                "not_nfc", "这一行有未合成的字符（Unicode NFC）", line=number, hint="重新输入这些字"
            )
    return text


_UNSEEN: Final = (
    ("byte_order_mark", re.compile("^\ufeff"), "文件以 BOM 开头", "另存为 UTF-8（无 BOM）"),
    ("tab", re.compile("\t"), "文件里有制表符（Tab）", "缩进和间隔都用空格"),
    (
        "control_character",
        # bidirectional controls make a line read otherwise than it is (CVE-2021-42574)
        re.compile(
            "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]"
        ),
        "文件里有看不见的控制字符",
        "删去这个字符，重新输入这一处",
    ),
)


class _Enough(Exception):
    """Raised when reading on would cost more than it tells."""


class _Builder:
    """Turns events into values; recursion is bounded by DEPTH_LIMIT."""

    def __init__(self, document: Document, events: Iterator[Event]) -> None:
        self.document = document
        self._events = events
        self._nodes = 0

    def build(self) -> None:
        next(self._events)  # the start of the stream
        event = next(self._events)
        if not isinstance(event, DocumentStartEvent):
            self._complain("empty_file", "文件是空的", event)
            return
        if event.version not in (None, (1, 2)):
            self._complain("yaml_version", "只接受 YAML 1.2", event, hint="删去 %YAML 这一行")
        self.document.data = self._node(self._next(), (), 1)
        next(self._events)  # the end of the document
        if isinstance(event := next(self._events), DocumentStartEvent):
            self._complain(
                "many_documents",
                "一个文件只写一个流程，这里又开始了一个",
                event,
                hint="删去 --- 或拆成两个文件",
            )

    def _next(self) -> Event:
        self._nodes += 1
        event = next(self._events)
        if self._nodes > NODES_LIMIT:
            self._complain("too_many_entries", f"条目超过 {NODES_LIMIT} 个", event, hint="拆成几个流程")
            raise _Enough
        return event

    def _node(self, event: Event, path: Path, depth: int) -> Any:
        if depth > DEPTH_LIMIT:
            self._complain("too_deep", f"嵌套超过 {DEPTH_LIMIT} 层", event)
            raise _Enough
        if isinstance(event, AliasEvent):
            self._complain(
                "alias", f"不接受别名 *{event.anchor}", event, path, hint="把内容写全，每处自成一段"
            )
            return None
        self._refuse_marks(event, path)
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        return (self._mapping if isinstance(event, MappingStartEvent) else self._sequence)(path, depth)

    def _refuse_marks(self, event: Event, path: Path) -> None:
        assert isinstance(event, NodeEvent)
        if event.anchor is not None:
            self._complain(
                "anchor", f"不接受锚点 &{event.anchor}", event, path, hint="把内容写全，每处自成一段"
            )
        tag = event.tag if isinstance(event, ScalarEvent | CollectionStartEvent) else None
        if tag is not None:
            self._complain("tag", f"不接受标签 {tag}", event, path, hint="删去感叹号开头的标签")

    def _scalar(self, event: ScalarEvent, path: Path) -> Scalar:
        if event.style is not None or event.tag is not None:
            return str(event.value)
        for code, pattern, message, hint in _TRAPS:
            if pattern.fullmatch(event.value):
                shown = event.value if len(event.value) <= 40 else f"{event.value[:40]}…"
                self._complain(code, message.format(shown), event, path, hint=hint.format(shown))
                return str(event.value)
        return _plain(event.value)

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            here = (*path, len(values))
            self.document.lines[here] = event.start_mark.line + 1
            values.append(self._node(event, here, depth + 1))
        return values

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._key(event, path, depth)
            if key is None:
                self._node(self._next(), (*path, "?"), depth + 1)
            elif key in values:
                first = self.document.lines[(*path, key)]
                self._complain("duplicate_key", f"{key} 写了两次，第一次在第 {first} 行", event, (*path, key))
                self._node(self._next(), (*path, "?"), depth + 1)
            else:
                self.document.lines[(*path, key)] = event.start_mark.line + 1
                values[key] = self._node(self._next(), (*path, key), depth + 1)
        return values

    def _key(self, event: Event, path: Path, depth: int) -> str | None:
        """The key, or None where there is none to go on with."""
        if not isinstance(event, ScalarEvent):
            self._node(event, (*path, "?"), depth + 1)
            self._complain("key_not_text", "键必须是文字", event, (*path, "?"))
            return None
        if event.value == "<<" and event.style is None:
            self._complain(
                "merge_key", "不接受合并键 <<", event, (*path, "?"), hint="把内容写全，每处自成一段"
            )
            return None
        self._refuse_marks(event, (*path, event.value))
        key = self._scalar(event, (*path, event.value))
        if isinstance(key, str):
            return key
        message = f"键必须是文字，这里是 {event.value or '空的'}"
        self._complain("key_not_text", message, event, (*path, "?"), hint="加上引号，或换一个名称")
        return None

    def _complain(
        self, code: str, message: str, event: Event, path: Path | None = None, *, hint: str = ""
    ) -> None:
        """`path`: the value that is not what its author meant, so that nobody asks further about it."""
        if path is not None:
            self.document.spoiled.add(path)
        line = event.start_mark.line + 1
        self.document.complain(code, message, line=line, path=path or (), hint=hint)


# Plain words that YAML 1.1 and 1.2, or people and parsers, read differently.
_TRAPS: Final = (
    (
        "ambiguous_boolean",
        re.compile("yes|no|on|off", re.IGNORECASE),
        "{} 有的程序读作是否，有的读作文字",
        '是否写 true 或 false；文字请加引号："{}"',
    ),
    (
        "implicit_date",
        re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt ].*)?"),
        "{} 没有加引号，有的程序会读成时间",
        '日期请加引号："{}"',
    ),
    (
        "sexagesimal",
        re.compile(r"[-+]?\d+(?::[0-5]?\d)+(?:\.\d*)?"),
        "{} 会被读成六十进制的数",
        "时长写 90 working minutes；文字请加引号",
    ),
    (
        "ambiguous_number",
        re.compile(r"[-+]?0[xob]?[0-9A-Fa-f_]+|\+\d+|[-+]?\d[\d_]*_[\d_]*"),
        "{} 有的程序读作别的数",
        "用十进制、不带前导零、正号和下划线；文字请加引号",
    ),
    (
        "float",
        re.compile(r"[-+]?(?:\.\d+|\d+\.\d*|\d+(?:\.\d*)?[eE][-+]?\d+|\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"),
        "不接受小数 {}",
        "用更小的单位写成整数；版本号之类请加引号",
    ),
    (
        "number_too_large",
        re.compile(rf"-?\d{{{DIGITS_LIMIT + 1},}}"),
        "{} 太大",
        f"整数最多 {DIGITS_LIMIT} 位；编号之类请加引号",
    ),
)  # fmt: skip

_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def _plain(text: str) -> Scalar:
    """The core schema of YAML 1.2.2 §10.3.2, after the traps are out."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if re.fullmatch(r"-?\d+", text, re.ASCII) else text


_SYNTAX: Final = (
    ("mapping values are not allowed", "这里不该有冒号", "检查缩进；文字里有“: ”时请加引号"),
    ("could not find expected ':'", "键的后面缺少冒号", "写作“键: 值”，冒号后空一格"),
    ("expected <block end>", "缩进不对齐", "同一层的键左边对齐"),
    ("but got", "括号没有配对，或缺少逗号", "检查 [ ] 与 { }"),
    ("unexpected end of stream", "引号没有配对", "检查引号"),
    ("cannot start any token", "这个字符不能放在开头", "文字以 @、`、% 等开头时请加引号"),
    ("undefined tag handle", "不接受标签", "删去感叹号开头的标签"),
    ("anchor", "不接受锚点和别名", "文字以 & 或 * 开头时请加引号"),
    ("alias", "不接受锚点和别名", "文字以 & 或 * 开头时请加引号"),
)


# A key that is followed by the colon of Chinese texts: YAML reads the line as words, and stumbles on the next one.
_WIDE_COLON: Final = re.compile(r"""\s*(?:- )*[^\s"'#:：]+：(?!.*:(?:\s|$))""")


def _syntax(error: YAMLError, text: str, document: Document) -> None:
    problem, line = "", 1
    if isinstance(error, MarkedYAMLError):
        problem = f"{error.context or ''} {error.problem or ''}".strip()
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
    elif isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
    if "mapping values" in problem or "expected ':'" in problem:
        lines = text.split("\n")
        if wide := next((n for n in range(line, max(line - 3, 0), -1) if _WIDE_COLON.match(lines[n - 1])), 0):
            document.complain(
                "yaml_syntax",
                "YAML 写法有误：键的后面用了全角冒号“：”",
                line=wide,
                hint="改成半角冒号，后空一格：“键: 值”",
            )
            return
    said = next(
        ((zh, hint) for words, zh, hint in _SYNTAX if words in problem),
        (problem or "看不懂", "检查这一行和上一行"),
    )
    document.complain("yaml_syntax", f"YAML 写法有误：{said[0]}", line=line, hint=said[1])
