"""The rows of a table as entries: who, where, and facts by year; what is wrong with a cell is a reason with its address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final

from adapters.importing.verdicts import Entry, ListOptions, Reason, Weight
from adapters.organisation.places import Place, find_place, has_counties, says_itself
from adapters.spreadsheets.cleaning import clean, clean_code, clean_name, clean_text
from adapters.spreadsheets.sheets import Raw, address
from adapters.spreadsheets.tables import Column, Table
from adapters.subjects.codes import read_code
from adapters.subjects.names import folded_name
from engine.directory import covers
from engine.errors import BihuanError
from engine.subjects import TIMELESS

__all__ = ["entries_of", "flag_duplicates", "flag_excess"]


def entries_of(table: Table, options: ListOptions, on: date) -> Iterator[Entry]:
    """`on` is the day of the list: old names of places are read as of it."""
    reader = _Reader(table, options, on)
    return (reader.entry(number, row) for number, row in table.rows())


_COUNTY_HINT: Final = "改列名为“县区”，或确定先不分县区的，加 --without-county（接口写 without_county）"
_NOWHERE: Final = frozenset({"", "-", "—", "——", "/", "无", "否"})


class _Reader:
    def __init__(self, table: Table, options: ListOptions, on: date) -> None:
        self._sheet = table.sheet
        self._options = options
        self._code = table.first("id")
        self._name = table.first("name")
        self._regions = [c for c in table.known if c.meaning and c.meaning.key.startswith("region/")]
        self._facts = [c for c in table.known if c.meaning and c.meaning.is_fact]
        self._has_counties = any(c.meaning and c.meaning.level for c in self._regions)
        self._places: dict[tuple[str, str], Place | BihuanError] = {}
        self._unknown = [f"{column.name} {column.heading}" for column in table.unknown]
        self._on = on

    def entry(self, number: int, row: Sequence[Raw]) -> Entry:
        entry = Entry(number)
        self._read_code(entry, row)
        self._read_name(entry, row)
        self._read_region(entry, row)
        for column in self._facts:
            self._read_fact(entry, row[column.index], column)
        if number in self._sheet.hidden_rows:
            entry.reasons.append(Reason("hidden_row", "这一行在文件中是隐藏的", "", Weight.NOTE))
        return entry

    def _read_code(self, entry: Entry, row: Sequence[Raw]) -> None:
        if self._code is None:
            return
        cell = address(entry.row, self._code.index)
        found = clean_code(row[self._code.index])
        if found.is_fault:
            entry.reasons.append(Reason(found.code, found.message, cell))
        elif found.value is None:
            entry.reasons.append(Reason("code_missing", "没有填写统一社会信用代码", cell))
        else:
            reading = read_code(str(found.value))
            entry.code = reading.code
            if reading.verdict == "invalid":
                entry.reasons.append(Reason("bad_code", f"{reading.message}；{reading.hint}", cell))
            elif reading.verdict == "doubtful":
                entry.doubt = reading.doubt
                entry.reasons.append(Reason("doubtful_code", reading.message, cell, Weight.NOTE))

    def _read_name(self, entry: Entry, row: Sequence[Raw]) -> None:
        if self._name is None:
            return
        entry.title = clean_name(row[self._name.index])
        cell = address(entry.row, self._name.index)
        if not entry.title:
            entry.reasons.append(Reason("name_missing", "没有填写企业名称", cell))
        elif len(entry.title) > 200:
            entry.reasons.append(Reason("name_too_long", "名称超过 200 字", cell))

    def _read_region(self, entry: Entry, row: Sequence[Raw]) -> None:
        words = ["", ""]  # of the city, and of the county or, where one is named, the zone
        for column in self._regions:
            assert column.meaning is not None
            if (said := clean_text(row[column.index])) not in _NOWHERE:
                words[min(column.meaning.level, 1)] = said
        cell = address(entry.row, self._regions[-1].index) if self._regions else ""
        place = self._place(*words)
        if isinstance(place, BihuanError):
            hint = f"；{place.hint}" if place.hint else ""
            entry.reasons.append(Reason(place.code, f"{place.message}{hint}", cell))
            return
        entry.region = place.region
        if has_counties(place.region) and not says_itself(words[1]):
            entry.county = self._no_county(cell)
        if place.note:
            entry.reasons.append(Reason("old_place_name", place.note, cell, Weight.NOTE))
        if not any(covers(region, place.region) for region in self._options.scope):
            entry.reasons.append(Reason("out_of_reach", f"{place.title}不在您的职责范围内", cell))

    def _no_county(self, cell: str) -> Reason | None:
        """What is wrong with a row that names no county, if its enterprise is new; None where that was chosen."""
        if self._has_counties:
            return Reason("county_missing", "没有填写县区；确属市直的写“市本级”", cell)
        if self._options.without_county:
            return None
        unknown = "、".join(self._unknown) or "无"
        message = f"名单没有认得的县区列（不认得的列：{unknown}）；{_COUNTY_HINT}"
        return Reason("no_county_column", message, "", Weight.CONFLICT)

    def _place(self, city: str, county: str) -> Place | BihuanError:
        if (city, county) not in self._places:
            within = self._options.region or _common(self._options.scope)
            try:
                self._places[city, county] = find_place(city, county, on=self._on, within=within)
            except BihuanError as error:
                self._places[city, county] = error
        return self._places[city, county]

    def _read_fact(self, entry: Entry, raw: Raw, column: Column) -> None:
        if fault := self._sheet.faults.get((entry.row, column.index)):
            entry.reasons.append(Reason("broken_cell", fault, address(entry.row, column.index)))
            return
        if raw == "":
            return
        meaning = column.meaning
        assert meaning is not None
        assert meaning.fact is not None
        found = clean(meaning.fact, raw, unit=column.unit)
        if found.code:
            weight = Weight.ERROR if found.is_fault else Weight.NOTE
            message = f"“{column.heading}”：{found.message}"
            entry.reasons.append(Reason(found.code, message, address(entry.row, column.index), weight))
        if found.value is not None and column.year > self._on.year:
            message = f"“{column.heading}”：{column.year} 年晚于名单的日期 {self._on.isoformat()}"
            entry.reasons.append(Reason("year_ahead", message, address(entry.row, column.index)))
        elif found.value is not None:
            key = (meaning.key, column.year if meaning.yearly else TIMELESS)
            entry.facts[key] = found.value
            entry.cells[key] = column.index


def _common(scope: Sequence[str]) -> str:
    return scope[0] if len(scope) == 1 else ""


# What rows say of each other


def flag_duplicates(entries: Sequence[Entry], table: Table) -> None:
    """One code twice, or one name under two codes: both rows are kept out, unless they say the same."""
    by_code: dict[str, list[Entry]] = defaultdict(list)
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.code and not entry.weighs(Weight.ERROR):
            by_code[entry.code].append(entry)
            by_name[folded_name(entry.title)].append(entry)
    for same in by_code.values():
        if len(same) > 1:
            _flag_same_code(same, _cell(table, "id"))
    for alike in by_name.values():
        if len({entry.code for entry in alike}) > 1:
            for entry in alike:
                rows = _rows(alike, entry)
                message = f"与第 {rows} 行同名而代码不同，请核对"
                entry.reasons.append(
                    Reason("same_name", message, _cell(table, "name")(entry), Weight.CONFLICT)
                )


def _flag_same_code(same: Sequence[Entry], cell: Callable[[Entry], str]) -> None:
    first = same[0]
    for entry in same[1:]:
        if (entry.title, entry.region, entry.facts) == (first.title, first.region, first.facts):
            entry.reasons.append(Reason("repeated", f"与第 {first.row + 1} 行相同", cell(entry), Weight.NOTE))
    if all((e.title, e.region, e.facts) == (first.title, first.region, first.facts) for e in same):
        return
    for entry in same:
        others = [other for other in same if other is not entry]
        entry.reasons.append(Reason(*_difference(entry, others), cell(entry), Weight.CONFLICT))


def _difference(entry: Entry, others: Sequence[Entry]) -> tuple[str, str]:
    rows = "、".join(str(other.row + 1) for other in others)
    if any(other.region != entry.region for other in others):
        return "two_regions", f"与第 {rows} 行代码相同而所在区县不同"
    if any(other.title != entry.title for other in others):
        return "two_names", f"与第 {rows} 行代码相同而名称不同（可能是更名前后），只留一行"
    return "two_figures", f"与第 {rows} 行代码相同而数据不同，只留一行"


def _rows(entries: Sequence[Entry], but: Entry) -> str:
    return "、".join(str(entry.row + 1) for entry in entries if entry.code != but.code)


def _cell(table: Table, key: str) -> Callable[[Entry], str]:
    column = table.first(key)
    return lambda entry: address(entry.row, column.index) if column else ""


def flag_excess(entries: Sequence[Entry], pairs: Sequence[tuple[str, str]], weight: Weight) -> None:
    """Of each pair of facts the first cannot exceed the second in a year: one of the two has another unit."""
    for entry in entries:
        for (name, year), value in entry.facts.items():
            for part, whole in pairs:
                most = entry.facts.get((whole, year)) if name == part else None
                if most is not None and int(value) > int(most) >= 0:
                    message = f"研发费用大于营业收入（{year} 年），请核对金额单位"
                    cell = address(entry.row, entry.cells[name, year])
                    entry.reasons.append(Reason("suspect_unit", message, cell, weight))
