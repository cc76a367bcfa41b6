"""达标差距清单: for each subject and rule set what is not reached, by how much, and which figures are not known yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from adapters.reports.assessments import Assessment, Verdict
from adapters.reports.model import Behind, Cell, Column, Detail, Figure, Kind, Light, Report, Table, cells
from adapters.reports.question import Question

__all__ = ["gaps"]

WORDS: Final[dict[Verdict, str]] = {"pass": "符合", "fail": "不符合", "unknown": "存疑（缺数据）"}
LIGHTS: Final[dict[Verdict, Light]] = {"pass": "green", "fail": "red", "unknown": "yellow"}
VERDICTS: Final[tuple[Verdict, ...]] = ("pass", "unknown", "fail")


_COLUMNS: Final = (
    Column("code", "统一社会信用代码", width=11),
    Column("title", "企业名称", width=14),
    Column("region", "区划", width=9),
    Column("rule_set", "评价或认定", width=9),
    Column("year", "数据年份", width=5),
    Column("verdict", "结论", width=7),
    Column("failed", "未达条件（项）", Kind.INTEGER, 5),
    Column("gap", "差距", width=22),
    Column("missing", "缺少的数据（下次走访询问）", width=16),
)


def gaps(question: Question) -> Report:
    """Those that pass already are counted and not listed; the nearest to passing come first."""
    found = sorted(
        question.sources.assessments(question.period.year, question.now),
        key=lambda a: (a.rule_set, len(a.failed), len(a.missing), a.region, a.subject),
    )
    figures = [*_figures(found)]
    rows = tuple(_row(question, each) for each in found if each.verdict != "pass")
    return question.report(
        tables=[Table("gaps", "差距清单", _COLUMNS, rows), _summary(found, figures)],
        figures=figures,
        details=[
            Detail(
                each.row, each.title, question.names.subject(each.subject),
                question.names.full_region(each.region), WORDS[each.verdict],
            )
            for each in found
        ],
        sources=("企业数据（按来源、年份取最新有效值）与评价、认定条件（当日施行的版本）逐项对照",),
    )  # fmt: skip


def _row(question: Question, each: Assessment) -> tuple[Cell, ...]:
    gap = "；".join(f"{c.title}{f'（{c.lacks}）' if c.lacks else ''}" for c in each.failed)
    return cells(
        each.subject,
        question.names.subject(each.subject),
        question.names.full_region(each.region),
        each.title,
        str(each.year),
        Cell(WORDS[each.verdict], LIGHTS[each.verdict]),
        len(each.failed),
        gap,
        "、".join(each.missing),
    )


def _figures(found: Iterable[Assessment]) -> Iterable[Figure]:
    mine = list(found)
    for rule_set in sorted({each.rule_set for each in mine}):
        for verdict in VERDICTS:
            rows = [e.row for e in mine if e.rule_set == rule_set and e.verdict == verdict]
            yield Figure(f"gaps/{rule_set}/{verdict}", WORDS[verdict], tuple(map(Behind, sorted(rows))))


def _summary(found: Iterable[Assessment], figures: list[Figure]) -> Table:
    titles = {each.rule_set: each.title for each in found}
    by_key = {figure.key: figure for figure in figures}
    rows = tuple(
        cells(title, *(by_key[f"gaps/{rule_set}/{verdict}"] for verdict in VERDICTS))
        for rule_set, title in sorted(titles.items())
    )
    columns = (
        Column("rule_set", "评价或认定", width=18),
        *(Column(verdict, WORDS[verdict], Kind.INTEGER, 10) for verdict in VERDICTS),
    )
    return Table("summary", "汇总", columns, rows)
