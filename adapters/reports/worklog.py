"""工作台账: a line for each visit, each problem raised there, and each that came in otherwise (requirements §4.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from adapters.reports.details import details_of, rows_of
from adapters.reports.fields import ISSUE, VISIT_FORM, Wanted
from adapters.reports.limits import ANSWER, answer_due
from adapters.reports.model import Cell, Column, Kind, Report, Table, cells, counted
from adapters.reports.question import Question
from engine import clocks
from engine.case import Case, Clock
from engine.programme.selecting import ended_at

FINISH: Final = "finish"  # the step by which a visit took place

_ISSUE_COLUMNS: Final = (
    Column("problem", "反映问题", width=11),
    Column("topic", "问题类别", width=7),
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
    visits = made_visits(question)
    issues: dict[str, Case] = {case.id: case for case in question.sources.cases("issue")}
    entries: list[tuple[datetime, str, list[tuple[Cell, ...]]]] = []
    problems: list[str] = []
    for visit in visits:
        raised = [issues[other] for other in sorted(visit.related) if other in issues]
        problems += [case.id for case in raised]
        entries.append((visit.taken[FINISH].last_at, visit.id, [*_lines(question, visit, raised)]))
    for issue in set(issues) - set(problems):
        if question.names.day(issues[issue].opened_at) in question.period:
            problems.append(issue)
            entries.append((issues[issue].opened_at, issue, [_issue_line(question, issues[issue])]))
    rows = [row for _, _, lines in sorted(entries, key=lambda entry: entry[:2]) for row in lines]
    region = question.region
    total = counted("visits/all", "走访次数", (v.id for v in visits), column="走访次数", region=region)
    figures = [
        total,
        counted("problems/all", "反映问题", sorted(set(problems)), column="反映问题", region=region),
    ]
    table = Table(
        "worklog",
        "工作台账",
        _COLUMNS,
        tuple(rows),
        note=f"共走访 {total.value} 次，反映问题 {figures[1].value} 件",
    )
    return question.report(
        tables=[table],
        figures=figures,
        details=details_of(question, rows_of(figures)),
        sources=("走访事项及其关联的问题事项；不是走访中提出的问题事项另列，台账编号为事项编号",),
        conditions=(("走访日期或登记日期", "在期间内"),),
    )


def made_visits(question: Question) -> list[Case]:
    """The visits that took place in the period."""
    return [v for v in question.sources.cases("visit") if happened(question, v) in question.period]


def happened(question: Question, visit: Case) -> date | None:
    """The day on which the visit took place; None if it has not."""
    taken = visit.taken.get(FINISH)
    return question.names.day(taken.last_at) if taken else None


def _lines(question: Question, visit: Case, raised: Sequence[Case]) -> Iterator[tuple[Cell, ...]]:
    """One line for each problem; one for a visit without any. What is of the visit is said once."""
    head = _visit_cells(question, visit, len(raised))
    blank = cells(*([""] * len(head)))
    for number, issue in enumerate(raised):
        yield (*(blank[: len(head)] if number else head), *_issue_cells(question, issue))
    if not raised:
        note = "逾期补访" if "make_up" in visit.taken else ""
        yield (*head, *cells(*([""] * (len(_ISSUE_COLUMNS) - 1)), note))


def _visit_cells(question: Question, visit: Case, problems: int) -> tuple[Cell, ...]:
    names = question.names
    is_subject = bool(visit.subject)
    return cells(
        visit.id,
        names.unit(visit.holder.unit) if visit.holder.unit else names.units_of(visit.taken[FINISH].by),
        happened(question, visit),
        names.subject(visit.subject) if is_subject else names.full_region(visit.region),
        visit.subject,
        *said(question, visit, VISIT_FORM),
        problems,
    )


def _issue_line(question: Question, issue: Case) -> tuple[Cell, ...]:
    """A problem that no visit raised: how it came in stands where the way of a visit does."""
    names = question.names
    opened = names.day(issue.opened_at)
    whose = names.subject(issue.subject) if issue.subject else names.full_region(issue.region)
    head = cells(issue.id, _unit(question, issue), opened, whose, issue.subject, names.value(issue, "source"))
    rest = len(_COLUMNS) - len(_ISSUE_COLUMNS) - len(head) - 1
    return (*head, *cells(*([""] * rest), 1), *_issue_cells(question, issue))


def _unit(question: Question, issue: Case) -> str:
    """Who answers for it: the unit in charge, else who holds it, else who settled it."""
    names = question.names
    held = names.unit(issue.holder.unit) if issue.holder.unit else ""
    return names.value(issue, "lead_unit") or held or names.units_of(_settlers(issue))


def _settlers(issue: Case) -> Sequence[str]:
    taken = (issue.taken.get(step) for step in ("answer", "close_on_site", "accept"))
    return next((each.by for each in taken if each), ())


def _issue_cells(question: Question, issue: Case) -> tuple[Cell, ...]:
    names = question.names
    words = dict(zip((w.key for w in ISSUE), said(question, issue, ISSUE), strict=True))
    person = [issue.holder.person] if issue.holder.person else _settlers(issue)
    return cells(
        words["summary"],
        words["topic"],
        "是" if "close_on_site" in issue.taken else "否",
        words["advice"],
        words["lead"] or _unit(question, issue),
        words["co"],
        "、".join(map(names.person, person)),
        names.day(answer_due(names, issue)),
        words["progress"] or names.state(issue),
        names.day(ended_at(issue)),
        _result(question, issue),
        words["rating"],
        words["callback"],
        "是" if issue.ended else "否",
        issue.id,
        _note(question, issue),
    )


def _result(question: Question, issue: Case) -> str:
    """How it ended, as its path says; that it was archived since is no result."""
    if not issue.ended:
        return ""
    return question.names.value(issue, "result") or question.names.state(issue)


def _note(question: Question, issue: Case) -> str:
    """What the other columns do not say: longer limits, lateness, another round, where it went."""
    clock = issue.clocks.get(ANSWER)
    notes = [
        f"第 {issue.round} 轮办理" if issue.round > 1 else "",
        f"经批准延期 {len(clock.extended)} 次" if clock and clock.extended else "",
        "超过答复时限" if clock and _is_late(question, clock) else "",
        f"并入 {issue.data['merged_into']}" if issue.data.get("merged_into") else "",
        question.names.value(issue, "reject_reason"),
    ]
    return "；".join(filter(None, notes))


def _is_late(question: Question, clock: Clock) -> bool:
    return clock.status == "late" or clocks.light(clock, question.now, question.names.calendar) == "red"


def said(question: Question, case: Case, wanted: Iterable[Wanted]) -> list[str]:
    return [question.names.value(case, *each.names) for each in wanted]
