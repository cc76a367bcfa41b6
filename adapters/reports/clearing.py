"""两清零 ledger: for each county what stood at the beginning, what came and went, and what remains (requirements §3.5).

The terms are those of the programme's ledgers: closing = opening + entered + relapsed + moved in − cleared − exited − moved out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.programme.figures import TERM_WORDS
from adapters.reports.details import details_of, rows_of
from adapters.reports.figuring import RATE, Place, Placed
from adapters.reports.model import Cell, Column, Figure, Kind, Report, Table, cells
from adapters.reports.question import Question
from engine.programme.ledger import TERMS

__all__ = ["LISTS", "clearing", "levels_of", "under_each_other"]

LISTS: Final = ("no_activity", "no_institution")
LOWEST: Final = 2  # levels below the root: counties and zones


def clearing(question: Question) -> Report:
    tables: list[Table] = []
    figures: list[Figure] = []
    for name in LISTS:
        placed = _ledger(question, name)
        tables.append(_table(question, name, placed))
        figures += [figure for found in placed.values() for figure in found.values()]
    return question.report(
        tables=tables,
        figures=figures,
        details=details_of(question, rows_of(figures)),
        sources=(
            "名单变动记录（纳入、反弹、迁入、销号、移出、迁出），由规则和销号事项自动登记",
            "恒等式：期末 ＝ 期初 ＋ 新增 ＋ 反弹 ＋ 迁入 － 销号 － 移出 － 迁出",
            "清零率 ＝ 销号 ÷（期初 ＋ 新增 ＋ 反弹 ＋ 迁入）；与指标接口同一口径",
        ),
    )


def _ledger(question: Question, name: str) -> Placed:
    """The region asked for, and its cities and counties as far as they have members."""
    found: dict[Place, Mapping[str, Figure]] = {}
    for level in levels_of(question):
        placed = question.figuring.ledger(name, level=level)
        found |= {
            place: figures
            for place, figures in placed.items()
            if place == Place(question.region)
            or (any(figures[term].rows for term in TERMS) and (level == LOWEST or not place.is_own))
        }
    return under_each_other(found)


def levels_of(question: Question) -> range:
    """From the region's parts down to counties; of a county only itself."""
    depth = question.names.depth(question.region)
    return range(min(depth + 1, LOWEST), LOWEST + 1)


def under_each_other(placed: Placed) -> Placed:
    """A city, what belongs to none of its counties, its counties; then the next city."""
    return {place: placed[place] for place in sorted(placed)}


def _table(question: Question, name: str, placed: Placed) -> Table:
    rows: list[tuple[Cell, ...]] = []
    strong: set[int] = set()
    for place, figures in placed.items():
        if question.names.depth(place.region) < LOWEST and not place.is_own:
            strong.add(len(rows))
        rows.append(cells(place.key, question.place(place), *(figures[each] for each in (*TERMS, RATE))))
    columns = (
        Column("region", "区划代码", width=8),
        Column("title", "区划", width=14),
        *(Column(term, TERM_WORDS[term], Kind.INTEGER, 6) for term in TERMS),
        Column(RATE, "清零率", Kind.PERCENT, 7),
    )
    return Table(name, question.figuring.list_title(name), columns, tuple(rows), frozenset(strong))
