"""Write a report as a letter: a template that an office may change, filled in a sandbox.

A template is trusted with the look of a letter and with nothing else: it may name what the report holds, repeat and choose. It
cannot call, compute, reach into Python or run for ever; see `tests/unit/test_report_templates.py`.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from docxtpl.template import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapters.reports.model import Report, Table, Watermark
from adapters.reports.wording import NUMERALS, day_words, local, moment_words, text_of
from engine.calendar import Calendar
from engine.errors import BihuanError

__all__ = ["SHIPPED", "BadTemplate", "shipped_template", "stamped", "template_of", "write_docx"]

SHIPPED: Final = Path(__file__).parent / "templates"
TEMPLATE_MOST: Final = 5 * 1024 * 1024  # bytes
ITEMS_MOST: Final = 100_000  # that all loops of a template may go through together
STAMP: Final = (2026, 1, 1, 0, 0, 0)  # of the files inside: when it was exported stands in the watermark
_DEPTH: Final = 4
_ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const,
    nodes.For, nodes.If, nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.Test,
)  # fmt: skip
_TESTS: Final = frozenset({"defined", "undefined", "none"})
_CONTROL: Final = re.compile("[\x00-\x08\x07\x0b-\x1f\x7f]")


class BadTemplate(BihuanError):
    """Raised when a template names what the report does not hold, or tries more than to show it."""

    code, kind = "bad_template", "invalid"


def template_of(kind: str, folder: Path | None) -> tuple[str, bytes]:
    """The office's own template of that name, else the shipped one; with the name to speak of it."""
    own = folder / f"{kind}.docx" if folder else None
    if own and own.is_file():
        if own.stat().st_size > TEMPLATE_MOST:
            raise BadTemplate(f"模板 {own.name} 超过 5 MB", hint="去掉模板中的图片")
        return f"{own.name}（本单位模板）", own.read_bytes()
    return f"{kind}.docx", shipped_template(kind)


def shipped_template(kind: str) -> bytes:
    return (SHIPPED / f"{kind}.docx").read_bytes()


def write_docx(
    report: Report, watermark: Watermark, calendar: Calendar, template: tuple[str, bytes]
) -> bytes:
    """The bytes of the letter. Errors: `BadTemplate`."""
    name, content = template
    try:
        opened = DocxTemplate(io.BytesIO(content))
        opened.init_docx()
    except (ValueError, KeyError, zipfile.BadZipFile, SyntaxError) as error:
        raise BadTemplate(
            f"模板 {name} 不是 Word 文档（docx）", hint="另存为 .docx 再放入模板文件夹"
        ) from error
    try:
        opened.render(_context(report, watermark, calendar), jinja_env=_Sandbox(), autoescape=True)
    except BadTemplate as error:
        raise BadTemplate(f"模板 {name}：{error.message}", hint=error.hint) from error
    except (SecurityError, TemplateError, TypeError) as error:
        raise BadTemplate(f"模板 {name}：{_reason(error)}", hint=_HINT) from error
    written = io.BytesIO()
    _name_properties(opened, report, watermark)
    opened.save(written)
    return stamped(written.getvalue())


_HINT: Final = "模板只能引用报告中有的内容；可用的名称见随程序附带的模板"


def _reason(error: Exception) -> str:
    said = getattr(error, "message", None) or str(error)
    if isinstance(error, SecurityError):
        return f"不允许的写法（{said}）"
    found = re.search(r"'([\w ]+)' is undefined|has no attribute '(\w+)'", said)
    return f"没有名为“{found[1] or found[2]}”的内容" if found else f"写法有误（{said}）"


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without anything that computes: no calls, filters, macros, assignments, arithmetic or globals."""

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self.globals.clear()
        self.filters = {}
        self.tests = {name: test for name, test in self.tests.items() if name in _TESTS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _require_harmless(tree, depth=0)
        return tree

    def is_safe_callable(self, obj: Any) -> bool:
        return False


def _require_harmless(node: nodes.Node, *, depth: int) -> None:
    if not isinstance(node, _ALLOWED):
        raise BadTemplate(f"第 {node.lineno} 行：不允许的写法（{type(node).__name__}）", hint=_HINT)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise BadTemplate(f"第 {node.lineno} 行：不允许引用“{node.attr}”", hint=_HINT)
    if isinstance(node, nodes.For):
        depth += 1
        if (
            depth > _DEPTH
            or node.recursive
            or not isinstance(node.iter, (nodes.Name, nodes.Getattr, nodes.Getitem))
        ):
            raise BadTemplate(
                f"第 {node.lineno} 行：循环只能逐项列出报告中的内容，至多 {_DEPTH} 层", hint=_HINT
            )
    for child in node.iter_child_nodes():
        _require_harmless(child, depth=depth)


# What a template may name. Everything that can be looped over draws on one budget.


class _Budget:
    def __init__(self) -> None:
        self._left = ITEMS_MOST

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise BadTemplate(f"循环超过 {ITEMS_MOST:,} 项", hint="减少嵌套的循环")


class _Text(str):
    """A text that pays for being gone through."""

    budget: _Budget

    def __iter__(self) -> Iterator[str]:
        for character in str.__iter__(self):
            self.budget.spend()
            yield character


class _Rows(list[Any]):
    budget: _Budget

    def __iter__(self) -> Iterator[Any]:
        for item in list.__iter__(self):
            self.budget.spend()
            yield item


class _Named(dict[str, Any]):
    """Names by attribute: `row.title` is an entry, never a method of the dictionary."""

    budget: _Budget

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name != "budget":
            try:
                return dict.__getitem__(self, name)
            except KeyError:
                raise AttributeError(name) from None
        return super().__getattribute__(name)

    def __iter__(self) -> Iterator[str]:
        for name in dict.keys(self):
            self.budget.spend()
            yield name


def _metered(value: Any, budget: _Budget) -> Any:
    made: Any
    if isinstance(value, Mapping):
        made = _Named({name: _metered(item, budget) for name, item in value.items()})
    elif isinstance(value, list | tuple):
        made = _Rows(_metered(item, budget) for item in value)
    elif isinstance(value, str):
        made = _Text(_CONTROL.sub("", value))
    else:
        return value
    made.budget = budget
    return made


def _context(report: Report, watermark: Watermark, calendar: Calendar) -> dict[str, Any]:
    context = {
        "title": report.title,
        "period": dict(report.conditions)["期间"],
        "region": dict(report.conditions)["区划"],
        "as_of": moment_words(report.as_of, calendar),
        "date": day_words(local(report.as_of, calendar).date()),
        "digest": report.digest[:16],
        "watermark": watermark.words,
        "fields": dict(report.fields),
        "sections": [
            {"n": numeral, "title": section.title, "paragraphs": list(section.paragraphs)}
            for numeral, section in zip(NUMERALS, report.sections, strict=False)
        ],
        "tables": {table.key: _table(table, calendar) for table in report.tables},
        "sources": list(report.sources),
    }
    budget = _Budget()
    return {name: _metered(value, budget) for name, value in context.items()}


def _table(table: Table, calendar: Calendar) -> dict[str, Any]:
    rows = [
        {
            column.key: text_of(cell.value, column.kind, calendar)
            for column, cell in zip(table.columns, row, strict=True)
        }
        for row in table.rows
    ]
    return {"title": table.title, "note": table.note, "rows": rows}


# The same bytes each time


def _name_properties(opened: DocxTemplate, report: Report, watermark: Watermark) -> None:
    properties = opened.core_properties
    properties.title, properties.comments = report.title[:250], watermark.words[:250]


def stamped(content: bytes) -> bytes:
    """The same archive with fixed times."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w") as target:
        for entry in source.infolist():
            fixed = zipfile.ZipInfo(entry.filename, STAMP)
            fixed.compress_type, fixed.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(fixed, source.read(entry))
    return stream.getvalue()
