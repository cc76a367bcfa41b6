"""Lists as offices send them: a stand-in programme, synthetic subjects (示例) and workbooks of any dirt."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import openpyxl
import xlsxwriter

from adapters.db.database import Database
from adapters.importing.batches import Imports
from adapters.subjects.codes import complete
from adapters.subjects.registry import Subjects
from engine.programme.facts import FactSpec, SubjectSpec

SUBJECT: Final = SubjectSpec.model_validate(
    {
        "title": "企业",
        "id": ["统一社会信用代码", "社会信用代码", "信用代码", "组织机构代码"],
        "name": ["企业名称", "单位名称", "公司名称", "企业全称"],
        "regions": [
            ["所在市", "市", "地市"],
            ["县区", "县(市、区)", "所在县区", "所属地区", "开发区", "所在园区"],
        ],
    }
)
FACTS: Final = {
    name: FactSpec.model_validate(spec)
    for name, spec in {
        "revenue": {
            "title": "营业收入",
            "type": "money",
            "yearly": True,
            "headings": ["年销售收入", "主营业务收入", "销售额"],
        },
        "rd_spend": {
            "title": "研发费用",
            "type": "money",
            "yearly": True,
            "headings": ["R&D经费", "研发投入"],
        },
        "assets": {"title": "资产总额", "type": "money", "yearly": True},
        "staff": {"title": "职工总数", "type": "integer", "yearly": True, "headings": ["从业人员"]},
        "rd_staff": {"title": "研发人员", "type": "integer", "yearly": True, "headings": ["科技人员数"]},
        "above_scale": {"title": "是否规上", "type": "boolean", "yearly": True, "headings": ["规模以上"]},
        "rd_activity": {
            "title": "是否有研发活动",
            "type": "boolean",
            "yearly": True,
            "headings": ["有无研发活动"],
        },
        "rd_institution": {"title": "是否有研发机构", "type": "boolean", "yearly": True},
        "founded": {"title": "成立日期", "type": "date", "headings": ["注册时间"]},
        "capital": {"title": "注册资本", "type": "money"},
        "industry": {"title": "行业", "type": "text", "headings": ["所属产业", "主营"]},
        "products": {"title": "主营产品", "type": "text", "headings": ["主营"]},
        "contact": {"title": "联系人", "type": "text", "personal": True},
        "phone": {"title": "联系电话", "type": "text", "personal": True, "headings": ["手机"]},
        "level": {"title": "企业类型", "type": "choice", "options": {"state": "国有", "private": "民营"}},
    }.items()
}
HEADINGS: Final = (
    *("序号", "统一社会信用代码", "企业名称", "所在市", "县区", "2025年是否规上", "成立日期"),
    *("2023年营业收入（万元）", "2024年营业收入（万元）", "2025年营业收入（万元）"),
    *("2023年研发费用（万元）", "2024年研发费用（万元）", "2025年研发费用（万元）"),
    *("2025年职工总数", "2025年研发人员", "2025年是否有研发活动", "行业", "联系人", "联系电话"),
)
_BODY: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PLACES: Final = (
    ("合肥市", "蜀山区"),
    ("合肥市", "庐阳区"),
    ("芜湖市", "湾沚区"),
    ("淮南市", "寿县"),
    ("滁州市", "天长市"),
)


def code(n: int) -> str:
    """The n-th invented code, both check digits right."""
    tail = ""
    for _ in range(7):
        n, digit = divmod(n, len(_BODY))
        tail = _BODY[digit] + tail
    return complete("91340100M" + tail)


def rows(count: int, *, seed: int = 7, start: int = 1) -> Iterator[list[Any]]:
    """Clean rows under `HEADINGS`."""
    rng = random.Random(seed)
    for n in range(start, start + count):
        revenue = rng.randint(2_000, 90_000)
        spend = revenue * rng.randint(0, 90) // 1000
        yield [
            *(
                n,
                code(n),
                f"示例科技{n:06}（合肥）有限公司",
                *_PLACES[n % len(_PLACES)],
                "是" if n % 4 else "否",
                "2016-05-03",
            ),
            *(revenue - 700, revenue - 300, revenue + 0.25, spend, spend + 3, spend + 5),
            *(
                rng.randint(20, 900),
                rng.randint(0, 19),
                "√" if spend else "×",
                "专用设备制造业",
                f"示例联系人{n}",
                "0551-00000000",
            ),
        ]


def workbook(lines: Iterable[Sequence[Any]], *, title: str = "Sheet1") -> bytes:
    """A plain workbook, written fast."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(title)
        for n, line in enumerate(lines):
            sheet.write_row(n, 0, line)
    return made.getvalue()


def saved(book: openpyxl.Workbook) -> bytes:
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def big_list(count: int) -> bytes:
    return workbook([HEADINGS, *rows(count)])


def subjects_of(database: Database) -> Subjects:
    """The registry over a database, with UTC days and the facts of here."""
    return Subjects(database, datetime.date, lambda: FACTS)


def imports_of(database: Database) -> Imports:
    """The imports over a database."""
    return Imports(database, subjects_of(database), datetime.date)
