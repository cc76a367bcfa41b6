"""The organisation as a workbook that an office fills in: a sheet for each kind of row. JSON holds the same, key by key."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import xlsxwriter

from adapters.organisation.divisions import divisions
from adapters.organisation.roles import ROLES
from adapters.organisation.sample import sample_directory
from adapters.spreadsheets.reading import read_sheets
from adapters.spreadsheets.sheets import Raw, Sheet, address
from engine.directory import Directory, Malformed

__all__ = ["read_workbook", "template", "write_workbook"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """`columns` are headings and the keys they stand for, in order; the first is never blank."""

    key: str
    sheet: str
    columns: Mapping[str, str]


_KINDS: Final = (
    _Kind("regions", "区划", {"编号": "id", "名称": "title", "上级编号": "parent"}),
    _Kind("units", "单位", {"编号": "id", "名称": "title", "区划编号": "region"}),
    _Kind("people", "人员", {"编号": "id", "姓名": "title", "单位编号": "unit"}),
    _Kind(
        "posts",
        "任职",
        {
            "人员编号": "person",
            "角色": "role",
            "区划编号": "region",
            "单位编号": "unit",
            "服务对象": "subject",
            "起": "since",
            "止": "until",
            "代理谁": "stands_in_for",
        },
    ),
)
_ROLES: Final = "角色说明"
_SHOWN: Final = ("34", "3401", "340104")  # the levels that the template fills with people: one of each
_OPTIONS: Final = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def template() -> Directory:
    """Every real division, and in one of each level an invented office (示例) with every role, to be put in real ones."""
    whole = sample_directory()
    units = tuple(unit for unit in whole.units if _is_shown(unit.id))
    kept = {unit.id for unit in units}
    people = tuple(person for person in whole.people if person.unit in kept)
    names = {person.id for person in people}
    posts = tuple(post for post in whole.posts if post.person in names)
    return Directory(regions=tuple(d.region for d in divisions()), units=units, people=people, posts=posts)


def _is_shown(unit: str) -> bool:
    shown = [f"u-{region}-{office}" for region in _SHOWN for office in ("science", "callback", "tax")]
    return unit in (*shown, "u-34-team-3401")


def write_workbook(directory: Directory) -> bytes:
    """What `read_workbook` reads; a sheet more says which roles there are."""
    made, data = io.BytesIO(), directory.as_data()
    with xlsxwriter.Workbook(made, dict(_OPTIONS)) as book:
        head = book.add_format({"bold": True, "border": 1, "text_wrap": True})
        for kind in _KINDS:
            rows = [[row[key] or "" for key in kind.columns.values()] for row in data[kind.key]]
            _sheet(book, kind.sheet, list(kind.columns), rows, head)
        _sheet(book, _ROLES, ["角色", "名称", "按什么任职"], ROLES, head)
    return made.getvalue()


def _sheet(book: Any, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], head: Any) -> None:
    page = book.add_worksheet(title)
    page.freeze_panes(1, 0)
    page.set_column(0, len(headings) - 1, 24)
    for column, words in enumerate(headings):
        page.write_string(0, column, words, head)
    for line, row in enumerate(rows, start=1):
        for column, words in enumerate(row):
            page.write_string(line, column, words)


def read_workbook(data: bytes, name: str) -> Directory:
    """Errors: `Malformed` with sheet and row; `BrokenFile`, `RefusedFile` for what is no workbook."""
    sheets = {sheet.title: sheet for sheet in read_sheets(data, name)}
    rows = {kind.key: list(_rows(kind, sheets.get(kind.sheet))) for kind in _KINDS}
    try:
        return Directory.from_data({key: [row for _, row in found] for key, found in rows.items()})
    except Malformed as error:
        said = error.message.removeprefix(f"{error.place}：")
        raise Malformed(said, place=_place(error.place, rows), hint=error.hint) from error


def _place(place: str, rows: Mapping[str, Sequence[tuple[int, Mapping[str, str | None]]]]) -> str:
    """`posts/3` is the fourth post, `units/u-1` the unit of that id: where it stands on its sheet."""
    key, _, which = place.partition("/")
    sheet = next((f"工作表“{kind.sheet}”" for kind in _KINDS if kind.key == key), key)
    found = [line for line, row in rows.get(key, ()) if which and row.get("id") == which]
    if not found and which.isdigit() and int(which) < len(rows.get(key, ())):
        found = [rows[key][int(which)][0]]
    return f"{sheet}第 {found[-1] + 1} 行" if found else sheet


def _rows(kind: _Kind, sheet: Sheet | None) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Line and row of each filled line. Errors: `Malformed` without the sheet or one of its columns."""
    hint = "bihuan org template 机构.xlsx 写出样表"
    if sheet is None:
        raise Malformed("没有这张工作表，或是空的", place=f"工作表“{kind.sheet}”", hint=hint)
    headings = [str(cell).strip() for cell in sheet.rows[0]]
    if missing := [words for words in kind.columns if words not in headings]:
        raise Malformed(f"第 1 行缺少表头：{'、'.join(missing)}", place=f"工作表“{kind.sheet}”", hint=hint)
    for line, cells in enumerate(sheet.rows[1:], start=1):
        found = {
            key: _text(cells[at], f"工作表“{kind.sheet}” {address(line, at)}")
            for words, key in kind.columns.items()
            for at in [headings.index(words)]
        }
        if any(found.values()):
            required = (
                "id",
                "title",
                "person",
                "role",
                "since",
            )  # those may not be blank; the others say nothing
            yield line, {key: value or ("" if key in required else None) for key, value in found.items()}


def _text(cell: Raw, place: str) -> str:
    """As text: a day as 2026-12-01, a code that Excel took for a number as its digits."""
    if isinstance(cell, datetime | date):
        return (cell.date() if isinstance(cell, datetime) else cell).isoformat()
    if isinstance(cell, bool):
        raise Malformed("须为文字", place=place)
    if isinstance(cell, int | float):
        if cell != int(cell):
            raise Malformed(f"须为文字或整数，写的是 {cell}", place=place)
        return str(int(cell))
    return str(cell).strip()
