"""工作台账: a line for each visit and each problem raised there, in the columns of requirements §4.3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from adapters.reports.fields import ISSUE, VISIT_FORM, Wanted
from adapters.reports.lights import answer_clock
from adapters.reports.model import Behind, Cell, Column, Figure, Kind, Report, Table, cells
from adapters.reports.question import Question, case_details
from engine.case import Case

FINISH: Final = "finish"  # the step by which a visit took place

_ISSUE_COLUMNS: Final = (
    Column("problem", "反映问题", width=11),
    Column("topic", "问题类别", width=5),
    Column("on_site", "是否当场解决", width=4),
    Column("advice", "处理意见", width=10),
    Column("lead", "主办单位", width=7),
    Column("co", "协办单位", width=7),
    Column("person", "责任人", width=5),
    Column("due", "办理时限", Kind.DATE, 6),
    Column("progress", "办理进展", width=9),
    Column("ended", "办结日期", Kind.DATE, 6),
    Column("result", "结果类别", width=5),
    Column("rating", "企业评价", width=5),
    Column("callback", "回访情况", width=8),
    Column("cleared", "是否销号", width=4),
    Column("issue", "关联编号", width=8),
    Column("note", "备注", width=5),
)
_COLUMNS: Final = (
    Column("number", "台账编号", width=8),
    Column("unit", "服务团/单位", width=8),
    Column("day", "日期", Kind.DATE, 6),
    Column("target", "走访对象", width=9),
    Column("code", "信用代码", width=10),
    *(Column(wanted.key, wanted.title, width=7) for wanted in VISIT_FORM),
    Column("problems", "反映问题（条）", Kind.INTEGER, 4),
    *_ISSUE_COLUMNS,
)


def worklog(question: Question) -> Report:
    visits = sorted(made_visits(question), key=lambda v: (v.taken[FINISH].last_at, v.id))
    issues: dict[str, Case] = {case.id: case for case in question.sources.cases("issue")}
    rows: list[tuple[Cell, ...]] = []
    figures: list[Figure] = []
    for visit in visits:
        raised = [issues[other] for other in sorted(visit.related) if other in issues]
        count = Figure(f"visit/{visit.id}/problems", "反映问题", tuple(Behind(case.id) for case in raised))
        figures.append(count)
        rows += _lines(question, visit, count, raised)
    total = Figure("visits/all", "走访次数", tuple(Behind(visit.id) for visit in visits))
    table = Table("worklog", "工作台账", _COLUMNS, tuple(rows), note=f"共走访 {total.value} 次")
    return question.report(
        tables=[table],
        figures=[total, *figures],
        details=case_details(question.names, [*visits, *issues.values()]),
        sources=("走访事项及其关联的问题事项",),
        conditions=(("走访日期", "在期间内"),),
    )


def made_visits(question: Question) -> list[Case]:
    """The visits that took place in the period."""
    return [v for v in question.sources.cases("visit") if happened(question, v) in question.period]


def happened(question: Question, visit: Case) -> date | None:
    """The day on which the visit took place; None if it has not."""
    taken = visit.taken.get(FINISH)
    return question.names.day(taken.last_at) if taken else None


def _lines(
    question: Question, visit: Case, count: Figure, raised: Sequence[Case]
) -> Iterator[tuple[Cell, ...]]:
    """One line for each problem; one for a visit without any. What is of the visit is said once."""
    head = _visit_cells(question, visit, count)
    blank = cells(*([""] * len(head)))
    for number, issue in enumerate(raised):
        yield (*(blank[: len(head)] if number else head), *_issue_cells(question, issue))
    if not raised:
        yield (*head, *cells(*([""] * len(_ISSUE_COLUMNS))))


def _visit_cells(question: Question, visit: Case, count: Figure) -> tuple[Cell, ...]:
    names = question.names
    is_subject = bool(visit.subject)
    return cells(
        visit.id,
        names.unit(visit.holder.unit) if visit.holder.unit else "",
        happened(question, visit),
        names.subject(visit.subject) if is_subject else names.full_region(visit.region),
        visit.subject,
        *said(question, visit, VISIT_FORM),
        count,
    )


def _issue_cells(question: Question, issue: Case) -> tuple[Cell, ...]:
    names = question.names
    words = dict(zip((w.key for w in ISSUE), said(question, issue, ISSUE), strict=True))
    clock = answer_clock(issue)
    ended = names.day(issue.at) if issue.ended else None
    return cells(
        words["summary"],
        words["topic"],
        "是" if "close_on_site" in issue.taken else "否",
        words["advice"],
        words["lead"],
        words["co"],
        names.person(issue.holder.person) if issue.holder.person else "",
        names.day(clock.due_at) if clock else None,
        words["progress"] or names.state(issue),
        ended,
        names.state(issue) if issue.ended else "",
        words["rating"],
        words["callback"],
        "是" if issue.ended else "否",
        issue.id,
        "",
    )


def said(question: Question, case: Case, wanted: Iterable[Wanted]) -> list[str]:
    return [question.names.value(case, *each.names) for each in wanted]
