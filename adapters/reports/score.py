"""City score sheet, in two steps: freeze the figures with the rows behind them, then compute the sheet from what was frozen.

The sheet follows from the frozen bytes alone, so that anybody can compute it again years later. Weights and bands are defaults
of this file, frozen with the figures (默认值，可配置).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from adapters.reports import rates
from adapters.reports.clearing import LISTS, ledger_figures, under
from adapters.reports.coverage import CITY, KEY, TITLES, kept_rate
from adapters.reports.january import JANUARY, SUBMIT
from adapters.reports.model import Behind, Cell, Column, Detail, Figure, Kind, Report, Table, cells
from adapters.reports.period import parse_period
from adapters.reports.question import Question, case_details, member_details, slot_details
from engine import canonical

__all__ = ["BANDS", "SCORED", "freeze", "score_sheet"]


class Scored(NamedTuple):
    key: str
    title: str
    weight: int


SCORED: Final = (
    Scored("on_time", "按时办结率", 20),
    Scored("solved", "解决率", 15),
    Scored("satisfied", "满意率", 10),
    Scored("city_visit", "省团月访按期率", 15),
    Scored("key_visit", "重点企业季访按期率", 15),
    Scored("clearing", "两清零清零率", 15),
    Scored("january", "元月按时报送", 10),
)
BANDS: Final = ((90, "优秀"), (80, "良好"), (60, "合格"), (0, "不合格"))

Frozen = Mapping[str, Any]


def freeze(question: Question) -> Frozen:
    """Everything that the sheet follows from, as canonical data."""
    names, sources, region = question.names, question.sources, question.region
    issues, visits = sources.cases("issue"), sources.cases("visit")
    slots = [slot for slot in sources.slots(CITY, KEY) if slot.last in question.period]
    members = sources.members(*LISTS)
    packages = [c for c in sources.cases("january_package") if c.data.get("year") == question.period.year]
    cohort = rates.due_in(issues, question.period, names)
    details = [
        *case_details(names, [*cohort, *packages]),
        *slot_details(names, slots, TITLES),
        *member_details(names, members, LISTS),
    ]
    by_city = {}
    for city in names.regions(region, 1):
        figures = rates.by_key(
            rates.figures_of(city, [c for c in cohort if c.region.startswith(city)], names.calendar)
        )
        rows = {key: figures[f"rates/{city}/{key}"].rows for key in ("on_time", "solved", "satisfied")}
        here = [slot for slot in slots if slot.region.startswith(city)]
        for obligation in TITLES:
            rows[obligation] = kept_rate(question, obligation, here, {c.id: c for c in visits}).rows
        rows["clearing"] = tuple(
            behind
            for name in LISTS
            for figure in ledger_figures(
                name, city, under((m for m in members if m.list == name), city), question.period
            )
            if figure.measure == "rate"
            for behind in figure.rows
        )
        rows["january"] = tuple(_in_january(c) for c in packages if c.region == city)
        by_city[city] = {
            "title": names.region(city),
            "rows": {key: _packed(some) for key, some in rows.items()},
        }
    return {
        "title": question.title,
        "period": question.period.words,
        "region": region,
        "region_title": names.full_region(region),
        "as_of": canonical.instant(question.now),
        "parts": [[part.key, part.title, part.weight] for part in SCORED],
        "few": {"satisfied": rates.FEW},
        "bands": [list(band) for band in BANDS],
        "cities": by_city,
        "details": {d.row: [d.what, d.title, d.region, d.note] for d in details},
    }


def _in_january(package: Any) -> Behind:
    clock = package.clocks.get(JANUARY)
    return Behind(package.id, SUBMIT in package.taken and (clock is None or clock.status == "met"))


def _packed(rows: Sequence[Behind]) -> list[list[Any]]:
    return [[behind.row, behind.counts] for behind in rows]


# From the frozen figures alone


def score_sheet(frozen: Frozen, digest: str) -> Report:
    """The same frozen figures give the same sheet."""
    period, parts = parse_period(frozen["period"]), [Scored(*part) for part in frozen["parts"]]
    figures, rows = [], []
    for city, told in sorted(frozen["cities"].items()):
        mine = {part.key: _part(frozen, city, part) for part in parts}
        total = _total(city, parts, mine)
        figures += [*mine.values(), total]
        rows.append((city, told["title"], mine, total))
    rows.sort(key=lambda row: (-(row[3].value or 0), row[0]))
    lines = tuple(
        cells(rank, title, *(mine[part.key] for part in parts), total, _band(frozen, total))
        for rank, (_, title, mine, total) in enumerate(rows, start=1)
    )
    columns = (
        Column("rank", "位次", Kind.INTEGER, 4),
        Column("city", "市", width=7),
        *(Column(part.key, f"{part.title}（权重{part.weight}）", Kind.PERCENT, 7) for part in parts),
        Column("score", "得分", Kind.NUMBER, 8),
        Column("band", "等次", width=7),
    )
    return Report(
        kind="score",
        title=f"{frozen['region_title']}{period.title}{frozen['title']}",
        period=period.words,
        region=frozen["region"],
        as_of=canonical.parse_instant(frozen["as_of"]),
        tables=(Table("score", "考核得分", columns, lines, note="没有可计事项的指标不计权重"),),
        figures=tuple(figures),
        details={row: Detail(row, *told) for row, told in frozen["details"].items()},
        sources=(
            "得分 ＝ Σ（指标值 × 100 × 权重）÷ Σ（有值的指标的权重）；权重和等次为默认值，可配置，年初冻结",
            f"由冻结的数据重算：bihuan report score --from-snapshot {digest}",
        ),
        conditions=(
            ("期间", period.title),
            ("区划", frozen["region_title"]),
            ("快照", digest),
        ),
    )


def _part(frozen: Frozen, city: str, part: Scored) -> Figure:
    packed = frozen["cities"][city]["rows"].get(part.key, ())
    rows = tuple(Behind(row, counts) for row, counts in packed)
    few = frozen["few"].get(part.key, 0)
    return Figure(f"score/{city}/{part.key}", part.title, rows, "rate", few)


def _total(city: str, parts: Sequence[Scored], mine: Mapping[str, Figure]) -> Figure:
    return Figure(f"score/{city}/total", "得分", tuple(_weighed(parts, mine)), "ratio")


def _weighed(parts: Sequence[Scored], mine: Mapping[str, Figure]) -> Iterator[Behind]:
    """For each part that has a value its points, and its weight to divide by."""
    for part in parts:
        figure = mine[part.key]
        if figure.value is not None:
            yield Behind(figure.key, True, Fraction(figure.value) * 100 * part.weight)
            yield Behind(figure.key, False, part.weight)


def _band(frozen: Frozen, total: Figure) -> Cell:
    if total.value is None:
        return Cell("—", "grey")
    light = {90: "green", 80: "green", 60: "yellow", 0: "red"}
    least, title = next((least, title) for least, title in frozen["bands"] if total.value >= least)
    return Cell(title, light.get(least, ""))  # type: ignore[arg-type]
