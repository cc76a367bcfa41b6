"""What the rows behind the numbers of a report are, in words: cases, spells on lists, slots of obligations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from adapters.reports.model import Detail, Figure
from adapters.reports.question import Question
from adapters.reports.sources import Heading, Member
from engine.programme.selecting import Slot

__all__ = ["details_of", "rows_of"]


def rows_of(figures: Iterable[Figure]) -> set[str]:
    return {row for figure in figures for row in figure.rows}


def details_of(question: Question, rows: Iterable[str]) -> Iterator[Detail]:
    """One for each of the rows that is known.

    The id of a row says what it is: a case (`number`, and `number/2` for the second run of its clock), `list/subject/n`, or
    `obligation/target/period`.
    """
    named = set(rows)
    of_lists = {row.partition("/")[0] for row in named if row.count("/") == 2}
    yield from _cases(question, named)
    if of_lists:
        programme = question.figuring.programme()
        lists, obligations = of_lists & set(programme.lists), of_lists & set(programme.obligations)
        for member in question.sources.members(*sorted(lists)):
            if member.row in named:
                yield _member(question, member, programme.lists[member.list].title.zh)
        for coloured in question.figuring.slots(*sorted(obligations)) if obligations else ():
            if coloured.slot.id in named:
                title = programme.obligations[coloured.slot.obligation].title.zh
                yield _slot(question, coloured.slot, title)


def _cases(question: Question, named: set[str]) -> Iterator[Detail]:
    runs: dict[str, list[str]] = {}
    for row in named:
        if row.count("/") < 2:
            runs.setdefault(row.partition("/")[0], []).append(row)
    if not runs:
        return
    describe = _described(question)
    for heading in question.sources.headings():
        yield from (describe(heading, row) for row in sorted(runs.get(heading.id, ())))


def _described(question: Question) -> Callable[[Heading, str], Detail]:
    names = question.names
    full_region, known = cache(names.full_region), cache(names.known)  # many more cases than regions

    def describe(case: Heading, row: str) -> Detail:
        run = row.partition("/")[2]
        note = f"{names.state(case)}（第{run}次计时）" if run else names.state(case)
        whose = names.subject(case.subject)
        return Detail(row, names.workflow(case), whose, full_region(case.region), note, known(case.region))

    return describe


def _member(question: Question, member: Member, title: str) -> Detail:
    until = f" 至 {member.until}" if member.until else " 起"
    return Detail(
        member.row,
        title,
        question.names.subject(member.subject),
        question.names.full_region(member.region),
        f"{member.since}{until}，数据年份 {member.year}，信用代码 {member.subject}",
        question.names.known(member.region),
    )


def _slot(question: Question, slot: Slot, title: str) -> Detail:
    names = question.names
    target = names.subject(slot.subject) if slot.subject else names.region(slot.target)
    note = f"{slot.period}，事项 {slot.case or '未生成'}"
    return Detail(slot.id, title, target, names.full_region(slot.region), note, names.known(slot.region))
