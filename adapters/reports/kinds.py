"""Which reports there are: their names, what they are asked for, in which forms they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from adapters.reports.bulletin import bulletin
from adapters.reports.clearing import clearing
from adapters.reports.coverage import coverage
from adapters.reports.doubling import doubling
from adapters.reports.gaps import gaps
from adapters.reports.january import january
from adapters.reports.letters import plan, supervision_order, urge_order, visit_report
from adapters.reports.lights import lights
from adapters.reports.model import Report
from adapters.reports.question import Question
from adapters.reports.worklog import worklog

__all__ = ["KINDS", "About", "Form", "ReportKind"]

Form = Literal["xlsx", "docx"]
About = Literal["period", "year", "case", "today"]


class ReportKind(NamedTuple):
    """`about`: a period, a year, one case, or today. The first of `forms` is the usual one. `build` None: from a snapshot."""

    id: str
    title: str
    about: About
    forms: tuple[Form, ...]
    build: Callable[[Question], Report] | None
    note: str = ""


_ALL: Final = (
    ReportKind("worklog", "工作台账", "period", ("xlsx",), worklog, "每次走访、每个问题一行"),
    ReportKind("visit_report", "走访报告", "case", ("docx",), visit_report, "一次走访一份"),
    ReportKind("plan", "一企一策方案", "case", ("docx",), plan, "一企一策、专人包保"),
    ReportKind("supervision_order", "督办单", "case", ("docx",), supervision_order, "一事一单"),
    ReportKind("urge_order", "催办单", "case", ("docx",), urge_order, "一事一单，事项须已超期"),
    ReportKind("bulletin", "工作情况通报", "period", ("docx", "xlsx"), bulletin, "月度通报；明细在工作簿里"),
    ReportKind("january", "元月报送", "year", ("xlsx", "docx"), january, "工作簿是清单，文档是函或通报"),
    ReportKind("clearing", "两清零台账", "period", ("xlsx",), clearing),
    ReportKind("doubling", "双倍增进展", "period", ("xlsx",), doubling),
    ReportKind("coverage", "走访覆盖矩阵", "year", ("xlsx",), coverage),
    ReportKind("gaps", "达标差距清单", "year", ("xlsx",), gaps),
    ReportKind("score", "考核得分表", "period", ("xlsx",), None, "先冻结数据，再据以计算；可由快照重算"),
    ReportKind("lights", "红黄灯清单", "today", ("xlsx",), lights, "每日"),
)
KINDS: Final[Mapping[str, ReportKind]] = {kind.id: kind for kind in _ALL}
