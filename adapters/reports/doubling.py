"""双倍增 progress: how many there are now and were in the base year, where an even growth would be, and what is needed from here.

Base 2021, factor two, end of 2025 (一、工作目标). Growth of a fifth a year is recommended: less is a warning (四（一）).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from adapters.reports.model import Behind, Cell, Column, Figure, Kind, Report, Table, cells, shown
from adapters.reports.question import Question, member_details
from adapters.reports.sources import Member, Target

BASE_YEAR: Final = 2021
UNTIL_YEAR: Final = 2025
FACTOR: Final = 2
ADVISED: Final = Fraction(20, 100)


class Counted(NamedTuple):
    """What is counted: the members of a list. `indicator` names the target rows with the base value, where one was set."""

    key: str
    title: str
    list: str
    indicator: str


COUNTED: Final = (
    Counted("sme", "科技型中小企业", "filed_sme", "sme_number"),
    Counted("high_tech", "高新技术企业", "certified_high_tech", "high_tech_number"),
)
_COLUMNS: Final = (
    Column("region", "区划代码", width=8),
    Column("title", "区划", width=14),
    Column("base", f"{BASE_YEAR}年基数", Kind.INTEGER, 8),
    Column("target", "倍增目标", Kind.INTEGER, 8),
    Column("now", "现有", Kind.INTEGER, 8),
    Column("factor", "倍数", Kind.RATIO, 6),
    Column("progress", "增长", Kind.PERCENT, 8),
    Column("path", "按匀速应达到", Kind.NUMBER, 9),
    Column("ahead", "与匀速相比", Kind.NUMBER, 9),
    Column("annual", "年均增长", Kind.PERCENT, 8),
    Column("required", "此后每年须增长", Kind.PERCENT, 9),
)


def doubling(question: Question) -> Report:
    members = question.sources.members(*(counted.list for counted in COUNTED))
    targets = question.sources.targets(*(counted.indicator for counted in COUNTED))
    made = [_progress(question, counted, members, targets) for counted in COUNTED]
    return question.report(
        tables=[table for table, _ in made],
        figures=[figure for _, figures in made for figure in figures],
        details=member_details(question.names, members, {c.list: c.title for c in COUNTED}),
        sources=(
            f"现有数：{question.cutoff} 在册的名单成员；基数：{BASE_YEAR} 年基数（目标表），未设的取当年年末在册数",
            f"倍增目标 ＝ 基数 × {FACTOR}，到 {UNTIL_YEAR} 年底",
            f"匀速 ＝ 基数 × {FACTOR} 的（已过年数 ÷ {UNTIL_YEAR - BASE_YEAR}）次方",
            "黄色：年均增长低于 20%（方案“建议”，只作提示）；红色：低于匀速应达到的数",
        ),
    )


def _progress(
    question: Question, counted: Counted, members: Sequence[Member], targets: Sequence[Target]
) -> tuple[Table, list[Figure]]:
    mine = [m for m in members if m.list == counted.list]
    bases = {t.region: t for t in targets if t.indicator == counted.indicator and t.year == BASE_YEAR}
    top, rows = question.names.depth(question.region), []
    figures: list[Figure] = []
    for depth in range(top, 3):
        for region in question.names.regions(question.region, depth):
            found = {f.key.rsplit("/", 1)[1]: f for f in _figures(question, counted, region, mine, bases)}
            if depth > top and not found["now"].rows and not found["base"].rows:
                continue
            figures += found.values()
            rows.append(_row(question, region, found))
    return Table(counted.key, f"{counted.title}双倍增", _COLUMNS, tuple(rows), frozenset({0})), figures


def _figures(
    question: Question,
    counted: Counted,
    region: str,
    members: Sequence[Member],
    bases: Mapping[str, Target],
) -> Iterator[Figure]:
    """From the same rows: those of now count, those of the base year do not."""
    now = tuple(Behind(m.row, amount=1) for m in _on(members, region, question.cutoff))
    then = _base(region, members, bases)
    years = (min(question.cutoff.year, UNTIL_YEAR) - BASE_YEAR, UNTIL_YEAR - BASE_YEAR)
    key = f"{counted.key}/{region}"
    yield Figure(f"{key}/base", f"{BASE_YEAR}年基数", then, "sum")
    yield Figure(f"{key}/now", "现有", now)
    for name, title, measure in (
        ("factor", "倍数", "ratio"),
        ("progress", "增长", "growth"),
        ("path", "按匀速应达到", "path"),
        ("annual", "年均增长", "annual"),
        ("required", "此后每年须增长", "required"),
    ):
        yield Figure(f"{key}/{name}", title, (*now, *then), measure, 0, FACTOR, years)  # type: ignore[arg-type]


def _base(region: str, members: Sequence[Member], bases: Mapping[str, Target]) -> tuple[Behind, ...]:
    if region in bases:
        return (Behind(bases[region].row, False, bases[region].value),)
    end = date(BASE_YEAR, 12, 31)
    return tuple(Behind(m.row, False, 1) for m in _on(members, region, end))


def _on(members: Sequence[Member], region: str, day: date) -> list[Member]:
    """One spell for each subject that was on the list that day."""
    return [m for m in members if m.region.startswith(region) and m.is_on(day)]


def _row(question: Question, region: str, found: Mapping[str, Figure]) -> tuple[Cell, ...]:
    base, now, path = (found[name].value for name in ("base", "now", "path"))
    ahead = now - path if now is not None and path is not None else None
    annual = found["annual"].value
    return cells(
        region,
        question.names.full_region(region),
        found["base"],
        base * FACTOR if base else None,
        found["now"],
        found["factor"],
        found["progress"],
        found["path"],
        Cell(ahead, "red" if ahead is not None and ahead < 0 else ""),
        shown(found["annual"], "yellow" if annual is not None and annual < ADVISED else ""),
        found["required"],
    )
