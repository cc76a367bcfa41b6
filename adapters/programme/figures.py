"""Figures of a programme for a region and its parts, the rows behind each, the ledgers of lists and the colours of slots.

Everything is read for one region and all under it; whether the caller may see that region is asked here, once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.db.database import Database
from adapters.programme.material import (
    Needed,
    needed,
    read_material,
    read_spells,
    read_targets,
)
from adapters.registry import CalendarRegistry, DefinitionRegistry, DirectoryRegistry
from adapters.subjects.profiles import Profiles
from engine.access import Reach
from engine.directory import Directory, covers
from engine.errors import BihuanError
from engine.lookups import nearest
from engine.programme.evaluating import Evaluator
from engine.programme.figures import Figure
from engine.programme.indicators import Over
from engine.programme.ledger import Ledger, ledger_of
from engine.programme.model import Programme
from engine.programme.obligations import Colour
from engine.programme.periods import Period
from engine.programme.selecting import Material, Selector, Slot

__all__ = [
    "TERM_WORDS",
    "Coloured",
    "FigureSuppressed",
    "Figures",
    "LedgerTable",
    "RegionOutOfReach",
    "Table",
    "UnknownIndicator",
    "UnknownList",
    "UnknownObligation",
    "nearest_above",
]


TERM_WORDS: Final[Mapping[str, str]] = {
    "opening": "期初",
    "entered": "新增",
    "relapsed": "反弹",
    "moved_in": "迁入",
    "cleared": "销号",
    "exited": "移出",
    "moved_out": "迁出",
    "closing": "期末",
}


class UnknownIndicator(BihuanError):
    """Raised when the programme has no indicator of that name."""

    code, kind = "unknown_indicator", "missing"


class UnknownList(BihuanError):
    """Raised when the programme in force has no list of that name."""

    code, kind = "unknown_list", "missing"


class UnknownObligation(BihuanError):
    """Raised when the programme in force has no obligation of that name."""

    code, kind = "unknown_obligation", "missing"


class RegionOutOfReach(BihuanError):
    """Raised when the caller may not read all of a region; one that does not exist looks alike."""

    code, kind = "region_out_of_reach", "missing"


class FigureSuppressed(BihuanError):
    """Raised when the rows behind a figure are asked for that has too few of them to be shown."""

    code, kind = "figure_suppressed", "forbidden"


@dataclass(frozen=True, slots=True)
class Table:
    """Indicators by region: the region as a whole and each of its parts."""

    period: Period
    region: str
    parts: tuple[str, ...]
    whole: Mapping[str, Figure]
    by_part: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class LedgerTable:
    """A list's stock and flow, as a whole and by part."""

    period: Period
    region: str
    whole: Ledger
    by_part: Mapping[str, Ledger]


@dataclass(frozen=True, slots=True)
class Coloured:
    """A slot with its colour on the day that was asked about."""

    slot: Slot
    colour: Colour
    done: bool


class Figures:
    """Reads anew for each question: a figure always equals the rows that are there."""

    def __init__(
        self,
        database: Database,
        *,
        calendars: CalendarRegistry,
        definitions: DefinitionRegistry,
        directories: DirectoryRegistry,
        profiles: Profiles,
    ) -> None:
        self._database = database
        self._calendars = calendars
        self._definitions = definitions
        self._directories = directories
        self._profiles = profiles

    def table(
        self,
        programme: Programme,
        period: Period,
        now: datetime,
        *,
        reach: Reach,
        region: str = "",
        level: int | None = None,
        names: Iterable[str] = (),
    ) -> Table:
        """Figures of these indicators (all, if none are named). `level` is how many levels below the root the parts lie.

        Errors: `RegionOutOfReach`, `UnknownIndicator`.
        """
        region = self.region(reach, region)
        wanted = list(names) or list(programme.indicators)
        _require(wanted, programme.indicators)
        places = _Places(self._directories.current(), region, level)
        evaluator = self._evaluator(programme, period, now, places, wanted)
        parts = {part: {name: evaluator.part(name, part) for name in wanted} for part in places.parts}
        shown = {part: found for part, found in parts.items() if places.is_asked(part) or _has_rows(found)}
        return Table(
            period,
            region,
            tuple(shown),
            {name: evaluator.whole(name) for name in wanted},
            shown,
        )

    def rows(
        self,
        programme: Programme,
        name: str,
        period: Period,
        now: datetime,
        *,
        reach: Reach,
        region: str = "",
    ) -> Table:
        """One figure of a whole region, for the ids of the rows behind it. Errors: as `table`, and `FigureSuppressed`."""
        table = self.table(programme, period, now, reach=reach, region=region, level=0, names=[name])
        if table.whole[name].suppressed:
            least = programme.indicators[name].suppress_below
            raise FigureSuppressed(f"样本不足 {least} 个，不显示明细", hint="选择更长的时期或更大的区划")
        return table

    def ledger(
        self,
        programme: Programme,
        list_name: str,
        period: Period,
        now: datetime,
        *,
        reach: Reach,
        region: str = "",
        level: int | None = None,
    ) -> LedgerTable:
        """Errors: `RegionOutOfReach`, `UnknownList`."""
        region = self.region(reach, region)
        _require([list_name], programme.lists, UnknownList, "名单")
        calendar = self._calendars.current(programme.calendar)
        start, end = calendar.start_of(period.first), calendar.start_of(period.next.first)
        places = _Places(self._directories.current(), region, level)
        spells = read_spells(self._database, list_name, region=region, before=end)
        by_part = {
            part: ledger_of([s for s in spells if places.group(s.region) == part], start, end)
            for part in places.parts
        }
        shown = {p: each for p, each in by_part.items() if places.is_asked(p) or any(each.terms.values())}
        return LedgerTable(period, region, ledger_of(spells, start, end), shown)

    def slots(
        self,
        programme: Programme,
        period: Period,
        now: datetime,
        *,
        reach: Reach,
        region: str = "",
        names: Iterable[str] = (),
    ) -> list[Coloured]:
        """The slots whose own period lies in this one. Errors: `RegionOutOfReach`, `UnknownObligation`."""
        region = self.region(reach, region)
        wanted = list(names) or list(programme.obligations)
        _require(wanted, programme.obligations, UnknownObligation, "定期事项")
        overs = [Over(slots=name) for name in wanted]
        material = self._material(programme, overs, region, period)
        selector = Selector(programme, material, period, now, self._calendars.current(programme.calendar))
        return [
            Coloured(slot, words["colour"], words["done"])
            for name in wanted
            for slot in material.slots[name]
            if selector.is_in_period(slot) and (words := selector.slot_words(slot))
        ]

    def _evaluator(
        self, programme: Programme, period: Period, now: datetime, places: _Places, names: list[str]
    ) -> Evaluator:
        overs = needed(programme, names).overs
        material = self._material(programme, overs, places.region, period)
        calendar = self._calendars.current(programme.calendar)
        others: dict[Period, Selector] = {}

        def selector_at(other: Period) -> Selector:
            if other not in others:
                others[other] = Selector(programme, material, other, now, calendar)
            return others[other]

        return Evaluator(
            selector_at(period),
            region=places.region,
            group=places.group,
            targets=read_targets(self._database),
            selector_at=selector_at,
        )

    def _material(self, programme: Programme, overs: Iterable[Over], region: str, period: Period) -> Material:
        calendar = self._calendars.current(programme.calendar)
        return read_material(
            self._database,
            programme,
            Needed(tuple(overs)),
            region=region,
            before=calendar.start_of(period.next.first),
            versions=self._definitions.versions,
            day=calendar.local_date,
            profiles=self._profiles,
        )

    def region(self, reach: Reach, region: str) -> str:
        """The region that is asked about, or the caller's own. Errors: `RegionOutOfReach`."""
        wanted = region or next(iter(reach.regions), "")
        known = any(each.id == wanted for each in self._directories.current().regions)
        if not known or not any(covers(scope, wanted) for scope in reach.regions):
            raise RegionOutOfReach(
                f"没有区划 {wanted or '（未指定）'}，或不在您的职责范围内",
                hint="region 写您职责范围内的区划编码",
            )
        return wanted


class _Places:
    """The parts of a region at a level: deeper regions count in the one above them, higher ones for themselves."""

    def __init__(self, directory: Directory, region: str, level: int | None) -> None:
        self.region = region
        chains: dict[str, list[str]] = {
            r.id: [str(each.id) for each in directory.upwards(r.id)][::-1] for r in directory.regions
        }
        self._level = len(chains[region]) if level is None else level
        inside = {r: chain for r, chain in chains.items() if covers(region, r)}
        self._group = {r: chain[min(self._level, len(chain) - 1)] for r, chain in inside.items()}
        self._asked = {r for r, chain in inside.items() if len(chain) == self._level + 1}
        higher = {r for r, chain in inside.items() if len(chain) <= self._level}
        self.parts = tuple(sorted(self._asked | higher)) if self._asked else ()

    def group(self, region: str) -> str:
        """A region that was abolished since counts in the one above it."""
        return self._group.get(nearest_above(region, self._group), region)

    def is_asked(self, part: str) -> bool:
        """Of the level itself; a higher one is shown only where it has rows of its own."""
        return part in self._asked


def nearest_above(region: str, known: Container[str]) -> str:
    """The region itself if it is known, else the nearest one whose id begins its own; empty where there is none."""
    return next((region[:end] for end in range(len(region), 0, -1) if region[:end] in known), "")


def _has_rows(found: Mapping[str, Figure]) -> bool:
    return any(figure.rows or figure.part or figure.apart for figure in found.values())


def _require(
    names: Iterable[str],
    declared: Mapping[str, object],
    unknown: type[BihuanError] = UnknownIndicator,
    what: str = "指标",
) -> None:
    for name in names:
        if name not in declared:
            near = nearest(name, declared)
            hint = f"是不是 {near}？" if near else f"现有：{'、'.join(declared)}"
            raise unknown(f"工作方案里没有{what} {name}", hint=hint)
