"""两清零 ledger: for each county what stood at the beginning, what came and went, and what remains (requirements §3.5).

closing = opening + entered + relapsed + moved in − cleared − exited − moved out; every term is a set of spells on a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from adapters.reports.model import Behind, Cell, Column, Figure, Kind, Report, Table, cells
from adapters.reports.period import Period
from adapters.reports.question import Question, member_details
from adapters.reports.sources import Member

LISTS: Final[Mapping[str, str]] = {
    "no_activity": "无研发活动（年销售收入1亿元以上）",
    "no_institution": "无研发机构（年销售收入5亿元以上）",
}


class Term(NamedTuple):
    """A term of the identity: which spells of a county belong to it in a period."""

    key: str
    title: str
    sign: int
    holds: Callable[[Member, Period], bool]


def _came(*how: str) -> Callable[[Member, Period], bool]:
    return lambda member, period: member.how_in in how and member.since in period


def _went(*how: str) -> Callable[[Member, Period], bool]:
    return lambda member, period: member.how_out in how and member.until in period


TERMS: Final = (
    Term("opening", "期初", 1, lambda m, p: m.is_on(p.first - timedelta(days=1))),
    Term("entered", "新增", 1, _came("entered")),
    Term("relapsed", "反弹", 1, _came("relapsed")),
    Term("moved_in", "迁入", 1, _came("moved_in")),
    Term("cleared", "销号", -1, _went("cleared")),
    Term("exited", "退出", -1, _went("exited")),
    Term("moved_out", "迁出", -1, _went("moved_out")),
    Term("closing", "期末", 0, lambda m, p: m.is_on(p.last)),
)
_LOWEST: Final = 2  # levels below the root: counties and zones
_AT_STAKE: Final = ("opening", "entered", "relapsed", "moved_in")  # who was on the list at any time


def clearing(question: Question) -> Report:
    members = question.sources.members(*LISTS)
    ledgers = [_ledger(question, name, title, members) for name, title in LISTS.items()]
    figures = [figure for _, made in ledgers for figure in made]
    return question.report(
        tables=[table for table, _ in ledgers],
        figures=figures,
        details=member_details(question.names, members, LISTS),
        sources=(
            "名单变动记录（纳入、反弹、迁入、销号、退出、迁出），由规则和销号事项自动登记",
            "恒等式：期末 ＝ 期初 ＋ 新增 ＋ 反弹 ＋ 迁入 － 销号 － 退出 － 迁出",
            "清零率 ＝ 销号 ÷（期初 ＋ 新增 ＋ 反弹 ＋ 迁入）",
        ),
    )


def _ledger(
    question: Question, name: str, title: str, members: Sequence[Member]
) -> tuple[Table, list[Figure]]:
    mine = [member for member in members if member.list == name]
    figures: list[Figure] = []
    rows: list[tuple[Cell, ...]] = []
    strong: set[int] = set()
    for place in _places(question, mine):
        made = [*ledger_figures(name, place.key, place.members, question.period)]
        figures += made
        if place.has_parts:
            strong.add(len(rows))
        rows.append(cells(place.key, place.title, *made))
    columns = (
        Column("region", "区划代码", width=8),
        Column("title", "区划", width=14),
        *(Column(term.key, term.title, Kind.INTEGER, 6) for term in TERMS),
        Column("rate", "清零率", Kind.PERCENT, 7),
    )
    return Table(name, title, columns, tuple(rows), frozenset(strong)), figures


def ledger_figures(name: str, key: str, here: Sequence[Member], period: Period) -> Iterator[Figure]:
    """The terms for the members of a place, and the rate of clearing."""
    found = {term.key: [m for m in here if term.holds(m, period)] for term in TERMS}
    for term in TERMS:
        rows = tuple(Behind(member.row) for member in found[term.key])
        yield Figure(f"{name}/{key}/{term.key}", term.title, rows)
    cleared = {member.row for member in found["cleared"]}
    base = {member.row for term in _AT_STAKE for member in found[term]}
    rows = tuple(Behind(row, row in cleared) for row in sorted(base))
    yield Figure(f"{name}/{key}/rate", "清零率", rows, "rate")


def under(members: Iterable[Member], region: str) -> list[Member]:
    return [member for member in members if member.region.startswith(region)]


class Place(NamedTuple):
    """A line of the ledger: a region with all under it, or what belongs to a region itself and to none of its parts."""

    key: str
    title: str
    members: Sequence[Member]
    has_parts: bool


def _places(question: Question, members: Sequence[Member]) -> Iterator[Place]:
    """The region asked for, its cities and their counties, as far as they have members; the lowest lines add up to all."""
    names, top = question.names, question.names.depth(question.region)
    lowest = frozenset(names.regions(question.region, _LOWEST))
    for depth in range(top, _LOWEST + 1):
        for region in names.regions(question.region, depth):
            here = under(members, region)
            if here or depth == top:
                yield Place(region, names.full_region(region), here, depth < _LOWEST)
    for region in sorted({m.region for m in members} - lowest):
        own = [m for m in members if m.region == region]
        yield Place(f"{region}.self", f"{names.full_region(region)}（未分到县区）", own, False)
