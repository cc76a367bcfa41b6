"""Conditions of a definition: compiled and type-checked when it is loaded, evaluated to yes or no and nothing else.

The only module that knows the CEL package. What a name is worth in a given case is left to the caller, who
hands in values; what a refused step says to people is left to `blockers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from cel_expr_python import cel

from engine.definition import LIST_TYPES, Definition, FieldType
from engine.errors import BihuanError
from engine.lookups import nearest

__all__ = [
    "RESERVED",
    "Comparison",
    "Evaluated",
    "Expression",
    "ExpressionFailed",
    "ExpressionRefused",
    "IllTyped",
    "Kind",
    "Malformed",
    "NotBoolean",
    "TooComplex",
    "UnknownName",
    "Values",
    "compile_comparison",
    "compile_guard",
    "vocabulary",
]

LENGTH_LIMIT: Final = 500
NAMESPACES: Final = ("ahead", "lanes", "taken", "late", "related", "round")
LANE_COUNTS: Final = ("open", "done", "missed", "withdrawn", "total")
# https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax: RESERVED, and the literals of the grammar
RESERVED: Final = frozenset(
    (
        *("as", "break", "const", "continue", "dyn", "else", "false", "for", "function", "if", "import"),
        *("in", "let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
        *NAMESPACES,
    )
)

Values = Callable[[str], Any] | Mapping[str, Any]


class Kind(StrEnum):
    """The type of a name; the value is what an official reads."""

    TEXT = "文字"
    INTEGER = "整数"
    BOOLEAN = "是否"
    LIST = "列表"


_CEL: Final = {
    Kind.TEXT: cel.Type.STRING,
    Kind.INTEGER: cel.Type.INT,
    Kind.BOOLEAN: cel.Type.BOOL,
    Kind.LIST: cel.Type.List(cel.Type.STRING),
}
_FIELD_KINDS: Final = {
    **dict.fromkeys(FieldType, Kind.TEXT),
    **dict.fromkeys(LIST_TYPES, Kind.LIST),
    FieldType.INTEGER: Kind.INTEGER,
    FieldType.BOOLEAN: Kind.BOOLEAN,
}


class ExpressionRefused(BihuanError, ValueError):
    """Raised when a condition cannot be accepted; `column` counts from 1, 0 where there is no one place."""

    code, kind = "expression_refused", "invalid"

    def __init__(self, message: str, *, hint: str = "", column: int = 0, name: str = "") -> None:
        super().__init__(message, hint=hint, column=column)
        self.column = column
        self.name = name


class Malformed(ExpressionRefused):
    """Raised when a condition is not CEL."""

    code = "expression_syntax"


class UnknownName(ExpressionRefused):
    """Raised when a condition uses a name or a function that nobody declared."""

    code = "expression_unknown_name"


class IllTyped(ExpressionRefused):
    """Raised when a condition compares or adds what does not go together."""

    code = "expression_type"


class NotBoolean(ExpressionRefused):
    """Raised when a condition has a result other than yes or no."""

    code = "expression_not_boolean"


class TooComplex(ExpressionRefused):
    """Raised when a condition is too long or too deeply nested."""

    code = "expression_too_complex"


class ExpressionFailed(BihuanError):
    """Raised when a compiled condition has no answer for these values: no entry 0, division by zero, too many rounds."""

    code = "expression_failed"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the log keeps of a condition: its text, what it read, what came out."""

    check: str
    names: Mapping[str, Any]
    result: bool

    def as_data(self) -> dict[str, Any]:
        return {"check": self.check, "names": dict(self.names), "result": self.result}


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled condition; shared by threads. `names` are the names it reads, sorted."""

    text: str
    names: tuple[str, ...]
    _compiled: cel.Expression = field(repr=False, compare=False)

    def holds(self, values: Values) -> bool:
        """Whether the condition is true. Raises ExpressionFailed for anything but a plain yes or no."""
        return self._answer(self._bound(values))

    def evaluated(self, values: Values) -> Evaluated:
        """`holds`, with what was read. Raises ExpressionFailed."""
        bound = self._bound(values)
        return Evaluated(self.text, bound, self._answer(bound))

    def answer(self, known: Mapping[str, Any]) -> bool | None:
        """Whether the condition holds as far as is `known`; None where what is missing decides (Kleene's strong logic).

        CEL absorbs an absent name beside a false `&&` or a true `||`. Raises ExpressionFailed where nothing is missing.
        """
        bound = {name: known[name] for name in self.names if name in known}
        if len(bound) == len(self.names):
            return self._answer(bound)
        result = self._compiled.eval(data=bound).value()
        return result if result is True or result is False else None

    def _bound(self, values: Values) -> dict[str, Any]:
        read = values if callable(values) else values.__getitem__
        try:
            bound = {name: read(name) for name in self.names}
        except KeyError as error:
            raise ExpressionFailed(f"条件 {self.text} 缺少 {error.args[0]} 的值", check=self.text) from error
        # CEL knows lists and no tuples
        return {name: list(value) if isinstance(value, tuple) else value for name, value in bound.items()}

    def _answer(self, bound: dict[str, Any]) -> bool:
        try:
            result = self._compiled.eval(data=bound).value()
        except RuntimeError as error:  # the iteration budget
            raise self._failed(str(error)) from error
        # Errors and unknowns come back as text, which is truthy: only the two constants count.
        if result is True or result is False:
            return result
        raise self._failed(str(result))

    def _failed(self, reason: str) -> ExpressionFailed:
        return ExpressionFailed(f"条件 {self.text} 算不出结果：{reason}", check=self.text, reason=reason)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two integers and how they are compared: what tells by how much a condition is missed."""

    operator: str
    names: tuple[str, ...]
    _left: cel.Expression = field(repr=False, compare=False)
    _right: cel.Expression = field(repr=False, compare=False)

    def sides(self, known: Mapping[str, Any]) -> tuple[int, int] | None:
        """Both sides, where all their names are known and they have values."""
        if any(name not in known for name in self.names):
            return None
        bound = {name: known[name] for name in self.names}
        left, right = (side.eval(data=bound).value() for side in (self._left, self._right))
        return (left, right) if type(left) is int and type(right) is int else None


def vocabulary(definition: Definition, chart: str = "") -> dict[str, Kind]:
    """The names that a condition in `chart` (`""`: the case; else a lane type) may use, with their types.

    The same in every chart: a lane's own data hide the case's fields of the same id. Personal fields have no name.
    """
    definition.chart(chart)  # a chart that is not there has no names
    clocks = (*definition.clocks, *(("case",) if definition.case_due else ()))
    fields = {name: spec.type for name, spec in definition.fields.items() if not spec.personal}
    return {
        **{name: _FIELD_KINDS[kind] for name, kind in fields.items()},
        **{f"ahead.{name}": Kind.INTEGER for name, kind in fields.items() if kind is FieldType.DATE},
        **{f"lanes.{count}": Kind.INTEGER for count in LANE_COUNTS},
        **{f"taken.{step}": Kind.INTEGER for state in definition.states.values() for step in state.steps},
        **{f"late.{clock}": Kind.BOOLEAN for clock in clocks},
        "round": Kind.INTEGER,
        "related.open": Kind.INTEGER,
        "related.ended": Kind.INTEGER,
    }


def compile_guard(text: str, words: Mapping[str, Kind]) -> Expression:
    """The condition, checked against `words`. Raises ExpressionRefused with the column and a hint."""
    if len(text) > LENGTH_LIMIT:
        raise TooComplex(f"条件超过 {LENGTH_LIMIT} 个字符", hint="拆成几条 when，每条说一件事")
    chains = _chains(text)
    if "dyn" in chains:
        raise IllTyped("条件不能用 dyn：它绕过类型检查", column=text.find("dyn") + 1)
    names = sorted({name for chain in chains if (name := _declared(chain, words))})
    try:
        return _compile(text, tuple((name, words[name]) for name in names))
    except RuntimeError as error:
        raise _refusal(text, str(error), words) from error


_SIDES: Final = re.compile(r"([^<>=!&|?:]+)(<=|>=|<|>)([^<>=!&|?:]+)")


def compile_comparison(text: str, words: Mapping[str, Kind]) -> Comparison | None:
    """The two sides of a condition that compares two integers and does nothing else; None for any other."""
    if _LITERAL.search(text) or not (found := _SIDES.fullmatch(text)):
        return None
    names = tuple(sorted({name for chain in _chains(text) if (name := _declared(chain, words))}))
    declared = tuple((name, words[name]) for name in names)
    try:
        left, right = (_environment(declared).compile(found[side].strip()) for side in (1, 3))
    except RuntimeError:
        return None  # one side of something larger: `(a > b`
    if left.return_type() != cel.Type.INT or right.return_type() != cel.Type.INT:
        return None
    return Comparison(found[2], names, left, right)


@lru_cache(maxsize=1024)
def _environment(names: tuple[tuple[str, Kind], ...]) -> cel.Env:
    """Declares only what is used: a compilation costs more with every name declared, and this proves them enough."""
    return cel.NewEnv(variables={name: _CEL[kind] for name, kind in names})


@lru_cache(maxsize=4096)
def _compile(text: str, names: tuple[tuple[str, Kind], ...]) -> Expression:
    compiled = _environment(names).compile(text)
    if compiled.return_type() != cel.Type.BOOL:
        raise NotBoolean(
            f"条件的结果应为是或否，这里是{_type_zh(compiled.return_type().name())}",
            hint="例如 size(departments) > 0",
        )
    return Expression(text, tuple(name for name, _ in names), compiled)


_LITERAL: Final = re.compile(
    r"""[bB]?[rR](?:'''.*?'''|\"\"\".*?\"\"\"|'[^']*'|"[^"]*")"""
    r"""|[bB]?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|//[^\n]*""",
    re.DOTALL,
)
_CHAIN: Final = re.compile(r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*", re.ASCII)


def _chains(text: str) -> set[str]:
    """Every `a.b.c` outside of literals and comments."""
    return {re.sub(r"\s", "", chain) for chain in _CHAIN.findall(_LITERAL.sub(" ", text))}


def _declared(chain: str, words: Mapping[str, Kind]) -> str:
    """The longest declared beginning: `lanes.missed` of itself, `departments` of `departments.size`."""
    parts = chain.split(".")
    return next((name for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in words), "")


_PLACE: Final = re.compile(r"<input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_SLIPS: Final = (
    (re.compile(r"\band\b"), "“并且”写作 &&"),
    (re.compile(r"\bor\b"), "“或者”写作 ||"),
    (re.compile(r"\bnot\b"), "“不”写作 !"),
    (re.compile(r"(?<![=!<>])=(?!=)"), "“等于”写作 =="),
    (re.compile(r"(?<!&)&(?!&)"), "“并且”写作 &&"),
    (re.compile(r"(?<!\|)\|(?!\|)"), "“或者”写作 ||"),
    (re.compile(r"[（），。“”‘’！＞＜＝；：]"), "括号、引号和符号请用半角"),
    (re.compile(r"['\"]"), "引号要成对"),
)


def _refusal(text: str, said: str, words: Mapping[str, Kind]) -> ExpressionRefused:
    """The checker's words as one sentence for people."""
    found = _PLACE.search(said)
    if "recursion" in said or "limit exceeded" in said or not found:
        return TooComplex("条件嵌套太深", hint="拆成几条 when，每条说一件事")
    column = _column(text, line=int(found[1]), column=int(found[2]))
    if undeclared := _UNDECLARED.search(found[3]):
        return _unknown(undeclared[1], column, words)
    if overload := _OVERLOAD.search(found[3]):
        operator = overload[1].strip("_").replace("_?_:", "? :").replace("@", "") or overload[1]
        types = "、".join(map(_type_zh, _split_types(overload[2])))
        return IllTyped(
            f"条件第 {column} 列：{operator} 不能用于{types}", column=column, hint="两边的类型要相同"
        )
    if "reserved identifier" in found[3]:
        return Malformed(f"条件第 {column} 列：这是保留字", column=column, hint="换一个名称")
    if "Syntax error" in found[3] or "literal" in found[3]:
        stripped = _LITERAL.sub(" ", text)
        hint = next(
            (hint for slip, hint in _SLIPS if slip.search(stripped)),
            "例如 size(departments) > 0 && round == 1",
        )
        return Malformed(f"条件第 {column} 列看不懂", column=column, hint=hint)
    return IllTyped(f"条件第 {column} 列类型不符：{found[3]}", column=column)


def _column(text: str, *, line: int, column: int) -> int:
    """Where in the whole text, counted from 1; conditions may be folded over lines."""
    before = text.split("\n")[: max(line - 1, 0)]
    return sum(len(each) + 1 for each in before) + column


def _unknown(name: str, column: int, words: Mapping[str, Kind]) -> UnknownName:
    near = nearest(name, words)
    hint = f"是不是 {near}？" if near else f"可用的名称：{'、'.join(sorted(words)[:12])} 等"
    return UnknownName(f"条件第 {column} 列：没有 {name}", column=column, hint=hint, name=name)


_TYPES_ZH: Final = {
    "int": Kind.INTEGER,
    "string": Kind.TEXT,
    "bool": Kind.BOOLEAN,
    "list": Kind.LIST,
    "double": "小数",
    "null_type": "空值",
}


def _type_zh(name: str) -> str:
    base = name.lower().partition("(")[0].strip()
    return str(_TYPES_ZH.get(base, name))


def _split_types(types: str) -> list[str]:
    return re.split(r", (?![^(]*\))", types)
