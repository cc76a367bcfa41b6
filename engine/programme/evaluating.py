"""The figures of a period: every indicator of a programme, for a region as a whole and for each of its parts.

Growth looks at other days and scores at other indicators; both come back to the same selections. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from engine.programme import figures
from engine.programme.disclosure import hidden_parts
from engine.programme.figures import Figure, Growth, Row, Selection
from engine.programme.indicators import CLEAR_RATE, MEASURES, Indicator, Over
from engine.programme.periods import Period
from engine.programme.selecting import NotKnown, Selector
from engine.programme.spells import Spell

__all__ = ["Evaluator", "Targets"]

Targets = Mapping[tuple[str, str, int], int]
"""(indicator, region, year) to the value that is set."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """A part of the rows: those whose region belongs, under the name of a region for which targets are set."""

    region: str
    belongs: Callable[[str], bool]
    is_part: bool = False


class Evaluator:
    """Figures for one period. `selector_at` gives the rows of another period, for growth from a base year.

    `group` names the part that a region belongs to. Errors: `ExpressionFailed` where a condition has no answer.
    """

    def __init__(
        self,
        selector: Selector,
        *,
        region: str,
        group: Callable[[str], str],
        targets: Targets,
        selector_at: Callable[[Period], Selector],
    ) -> None:
        self._selector = selector
        self._programme = selector.programme
        self._region = region
        self._group = group
        self._targets = targets
        self._selector_at = selector_at
        self._split: dict[tuple[int, Over], dict[str, Selection]] = {}
        self._judged: dict[tuple[int, str], tuple[frozenset[str], frozenset[str]]] = {}
        self._hidden: dict[tuple[int, str], frozenset[str]] = {}

    def whole(self, name: str) -> Figure:
        """The figure of the region as a whole."""
        return self._figure(name, _Scope(self._region, lambda region: True), self._selector)

    def part(self, name: str, part: str) -> Figure:
        """The figure of one part of it."""
        return self._figure(name, self._scope_of(part), self._selector)

    def _scope_of(self, part: str) -> _Scope:
        return _Scope(part, lambda region: self._group(region) == part, is_part=True)

    def _figure(self, name: str, scope: _Scope, selector: Selector) -> Figure:
        indicator = self._programme.indicators[name]
        found = _KINDS[indicator.kind](self, name, indicator, scope, selector)
        if scope.is_part and scope.region in self._hidden_parts(name, indicator, selector):
            found = figures.suppressed(found)
        target = self._target(name, scope, selector.period)
        return replace(found, target=target) if target is not None else found

    def _target(self, name: str, scope: _Scope, period: Period) -> int | None:
        return self._targets.get((name, scope.region, period.year))

    def _hidden_parts(self, name: str, indicator: Indicator, selector: Selector) -> frozenset[str]:
        """Here, and not where tables are made, so that a score cannot tell what the table keeps back."""
        if not indicator.suppress_below or indicator.over is None:
            return frozenset()
        key = (id(selector), name)
        if key not in self._hidden:
            sizes = {
                part: int(
                    _KINDS[indicator.kind](self, name, indicator, self._scope_of(part), selector).denominator
                    or 0
                )
                for part in self._parts(indicator.over, selector)
            }
            self._hidden[key] = hidden_parts(sizes, indicator.suppress_below)
        return self._hidden[key]

    # Rows

    def _selection(self, over: Over, scope: _Scope, selector: Selector) -> Selection:
        if scope.region == self._region:
            return selector.select(over).within(lambda row: scope.belongs(row.region))
        return self._parts(over, selector).get(scope.region, Selection())

    def _parts(self, over: Over, selector: Selector) -> dict[str, Selection]:
        """All parts at once: a walk over the rows for each part would cost as many walks as there are parts."""
        key = (id(selector), over)
        if key not in self._split:
            self._split[key] = _grouped(selector.select(over), self._group)
        return self._split[key]

    def _holding(self, indicator: Indicator, over: Over, selector: Selector) -> Callable[[Row], bool]:
        condition = selector.condition(over, indicator.part)
        if indicator.having is None:
            return condition
        having = indicator.having
        subjects = {row.subject for row in selector.select(having).rows}
        return lambda row: row.subject in subjects and condition(row)

    def _certain(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> _Certain:
        """The rows of which it is known whether they count for the part; the others are set apart."""
        selection = self._selection(_over(indicator), scope, selector)
        key = (id(selector), name)
        if key not in self._judged:
            self._judged[key] = self._judge(indicator, selector)
        part, unknown = self._judged[key]
        if unknown:
            doubtful = tuple(row for row in selection.rows if row.id in unknown)
            together = (*selection.apart.get("unknown", ()), *doubtful)
            rows = tuple(row for row in selection.rows if row.id not in unknown)
            selection = Selection(rows, {**selection.apart, "unknown": together})
        return _Certain(selection, part)

    def _judge(self, indicator: Indicator, selector: Selector) -> tuple[frozenset[str], frozenset[str]]:
        """Of all rows, once: those that count for the part, and those of which it cannot be said."""
        over = _over(indicator)
        holds = self._holding(indicator, over, selector)
        part, unknown = set(), set()
        for row in selector.select(over).rows:
            try:
                if holds(row):
                    part.add(row.id)
            except NotKnown:
                unknown.add(row.id)
        return frozenset(part), frozenset(unknown)

    # Kinds

    def _rate(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> Figure:
        found = self._certain(name, indicator, scope, selector)
        return figures.rate(found.selection, found.holds, suppress_below=indicator.suppress_below)

    def _count(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> Figure:
        found = self._certain(name, indicator, scope, selector)
        return figures.counted(found.selection, found.holds)

    def _average(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> Figure:
        selection = self._certain(name, indicator, scope, selector).selection
        return figures.average(
            selection,
            indicator.value or "",
            middle=indicator.kind == "median",
            suppress_below=indicator.suppress_below,
        )

    def _ledger(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> Figure:
        def belongs(spell: Spell) -> bool:
            return scope.belongs(spell.region)

        ledger = selector.ledger(_over(indicator).members or "", belongs)
        return figures.of_ledger(ledger, None if indicator.value == CLEAR_RATE else indicator.value)

    def _growth(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> Figure:
        of, base_year, until = indicator.of or "", indicator.base_year or 0, indicator.until_year or 0
        here = self._figure(of, scope, selector)
        base = self._base(of, base_year, scope)
        day = min(selector.period.last, selector.today)
        elapsed = Fraction((day.year - base_year - 1) * 12 + day.month, 12)
        if here.value is None or base is None or elapsed <= 0:
            return Figure(part=here.part, rows=here.rows)
        growth = figures.growth_of(
            here.value,
            base,
            factor=indicator.factor or 2,
            years=Fraction(until - base_year),
            elapsed=elapsed,
        )
        measures = {measure: getattr(growth, measure) for measure in MEASURES}
        return Figure(
            value=measures[indicator.value or "factor"],
            numerator=here.value,
            denominator=base,
            part=here.part,
            rows=here.rows,
            measures=measures,
            warning=_advice(growth, indicator) if base else f"没有 {base_year} 年的基数，在目标表中填写",
        )

    def _base(self, of: str, year: int, scope: _Scope) -> Fraction | None:
        """What is set for the base year; else what the rows of that year's end give."""
        period = Period(year, "year")
        if (given := self._target(of, scope, period)) is not None:
            return Fraction(given)
        return self._figure(of, scope, self._selector_at(period)).value

    def _score(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> Figure:
        parts = {
            each.indicator: figures.points(self._figure(each.indicator, scope, selector), each.full)
            for each in indicator.parts
        }
        score = figures.score_of([(each.weight, parts[each.indicator]) for each in indicator.parts])
        without = [self._title(part) for part, found in parts.items() if found is None]
        return Figure(
            value=score,
            measures=parts,
            band=figures.band_of(score, indicator.bands),
            warning=f"没有数据，未计入：{'、'.join(without)}" if without else "",
        )

    def _set_alone(self, name: str, indicator: Indicator, scope: _Scope, selector: Selector) -> Figure:
        target = self._target(name, scope, selector.period)
        return Figure() if target is not None else Figure(warning="未设定目标值")

    def _title(self, name: str) -> str:
        return self._programme.indicators[name].title.zh


@dataclass(frozen=True, slots=True)
class _Certain:
    selection: Selection
    part: frozenset[str]

    def holds(self, row: Row) -> bool:
        return row.id in self.part


_Kind = Callable[[Evaluator, str, Indicator, _Scope, Selector], Figure]
_KINDS: Final[Mapping[str, _Kind]] = {
    "rate": Evaluator._rate,
    "count": Evaluator._count,
    "mean": Evaluator._average,
    "median": Evaluator._average,
    "ledger": Evaluator._ledger,
    "growth": Evaluator._growth,
    "score": Evaluator._score,
    "target": Evaluator._set_alone,
}


def _over(indicator: Indicator) -> Over:
    if indicator.over is None:
        raise ValueError("an indicator of rows without rows")  # refused at load
    return indicator.over


def _grouped(selection: Selection, group: Callable[[str], str]) -> dict[str, Selection]:
    rows = _by_group(selection.rows, group)
    apart = {why: _by_group(each, group) for why, each in selection.apart.items()}
    parts = {*rows, *(part for each in apart.values() for part in each)}
    return {
        part: Selection(tuple(rows.get(part, ())), {w: tuple(e.get(part, ())) for w, e in apart.items()})
        for part in parts
    }


def _by_group(rows: Iterable[Row], group: Callable[[str], str]) -> dict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[group(row.region)].append(row)
    return found


def _advice(growth: Growth, indicator: Indicator) -> str:
    if indicator.advisory is None or growth.annual is None:
        return ""
    if growth.annual * 100 >= indicator.advisory:
        return ""
    return f"年均增长率低于建议的 {indicator.advisory}%（建议值，不作为未完成）"
