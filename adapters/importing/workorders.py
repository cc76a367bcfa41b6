"""Rows of an export as commands that take cases over: what each column says, in the words of a workflow.

Everything that the file says and no field takes is kept as it stands in the first entry of the past, but for personal columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from adapters.importing.mapping import FieldFrom, HistoryMapping
from adapters.importing.verdicts import Reason, Weight
from adapters.organisation.places import find_place
from adapters.spreadsheets.cleaning import clean_code, clean_day, clean_name, clean_text, plain_text
from adapters.spreadsheets.headings import Meaning, Vocabulary, fold
from adapters.spreadsheets.sheets import Raw, address
from adapters.spreadsheets.tables import Table
from adapters.subjects.codes import read_code
from adapters.subjects.names import folded_name
from engine.access import Actor
from engine.canonical import instant
from engine.case import CaseId, CommandId
from engine.commands import Import
from engine.definition import Definition, FieldType
from engine.directory import Directory, covers
from engine.errors import BihuanError
from engine.fields import TEXT_MAX

__all__ = ["Setting", "WorkOrder", "columns_of", "command_id", "work_orders"]

_TIME: Final = re.compile(r"^(.*?)[ T]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$")
_MORNING: Final = time(9)
_ORIGINAL_MAX: Final = 4_000  # characters of one cell that are kept
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What rows are read against. `region`: where the office is; a row may lie below it. `named` finds subjects by title."""

    mapping: HistoryMapping
    definition: Definition
    directory: Directory
    region: str
    zone: ZoneInfo
    today: date
    actor: Actor
    named: Mapping[str, Sequence[str]]
    known: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """`command` is None where a reason keeps the row out. `row` as people count."""

    row: int
    number: str
    command: Import | None
    reasons: tuple[Reason, ...]


def command_id(number: str) -> CommandId:
    """The key under which a work order is taken over once, and found again."""
    return CommandId(f"import/{number}")


def columns_of(mapping: HistoryMapping) -> Vocabulary:
    """Every heading that the mapping names; the number is what identifies a row."""
    groups = [
        mapping.code,
        mapping.name,
        mapping.city,
        mapping.county,
        mapping.opened,
        mapping.state.headings,
    ]
    groups += [each.headings for each in mapping.past]
    groups += [each.headings for each in mapping.fields.values()]
    found = {fold(word): (Meaning(f"column/{fold(word)}", word),) for group in groups for word in group}
    numbers = {fold(word): (Meaning("id", word, rank=n),) for n, word in enumerate(mapping.number)}
    return {**found, **numbers}


def work_orders(table: Table, setting: Setting) -> Iterator[WorkOrder]:
    reader = _Reader(table, setting)
    seen: dict[str, int] = {}
    for number, row in table.rows():
        order = _Row(reader, number, row).read()
        if order.number in seen:
            reason = Reason("doubled_number", f"原编号与第 {seen[order.number]} 行相同", "", Weight.ERROR)
            order = WorkOrder(order.row, order.number, None, (*order.reasons, reason))
        seen.setdefault(order.number, order.row)
        yield order


class _Reader:
    """The columns of the table, once."""

    def __init__(self, table: Table, setting: Setting) -> None:
        self.setting = setting
        self.headings = {column.index: column.heading for column in table.columns}
        self._index = {fold(column.heading): column.index for column in reversed(table.columns)}
        fields, mapping = setting.definition.fields, setting.mapping
        personal = [f for name, f in mapping.fields.items() if name in fields and fields[name].personal]
        self.personal = {self._index.get(fold(word)) for each in personal for word in each.headings}

    def column(self, headings: Sequence[str]) -> int | None:
        return next((self._index[fold(word)] for word in headings if fold(word) in self._index), None)


class _Row:
    """One row while it is read; what is wrong with it is collected."""

    def __init__(self, reader: _Reader, number: int, row: Sequence[Raw]) -> None:
        self._reader = reader
        self._setting = reader.setting
        self._mapping = reader.setting.mapping
        self._number = number
        self._row = row
        self._reasons: list[Reason] = []

    def read(self) -> WorkOrder:
        mapping = self._mapping
        number = self._text(mapping.number)
        if not number or len(number) > 100:
            self._object("number_missing", "没有原编号，或超过 100 字", mapping.number)
        state = self._state()
        opened, past = self._past(state)
        region, subject = self._region(), self._subject()
        data = {
            name: value
            for name, each in mapping.fields.items()
            if (value := self._field(name, each)) is not None
        }
        self._require_holder(state, data)
        command = None
        if not any(reason.weight is Weight.ERROR for reason in self._reasons) and opened:
            command = Import(
                id=command_id(number),
                case=CaseId(""),
                actor=self._setting.actor,
                occurred_at=opened,
                workflow=mapping.workflow,
                region=region,
                subject=subject,
                number=number,
                state=state,
                opened=instant(opened),
                since=past[-1]["at"],
                data=data,
                past=past,
            )
        return WorkOrder(self._number + 1, number, command, tuple(self._reasons))

    def _state(self) -> str:
        said = self._text(self._mapping.state.headings)
        state = self._mapping.state.values.get(said, "")
        if not state:
            known = "、".join(self._mapping.state.values)
            self._object(
                "unknown_state", f"不认得的工单状态“{said}”；认得：{known}", self._mapping.state.headings
            )
        return state

    def _past(self, state: str) -> tuple[datetime | None, list[dict[str, Any]]]:
        """When it began, and what happened then and since, in order."""
        happened = [
            (moment, each)
            for each in self._mapping.past
            if (moment := self._moment(each.headings)) is not None
        ]
        opened = self._moment(self._mapping.opened)
        if opened is None and happened and state in self._mapping.state.ended:
            opened = min(moment for moment, _ in happened)
            self._note("opened_assumed", "没有登记时间，按最早的办理时间计", self._mapping.opened)
        if opened is None:
            self._object("opened_missing", "没有登记（来电）时间，不能起算时限", self._mapping.opened)
            return None, []
        first: dict[str, Any] = {"at": instant(opened), "what": "登记", "original": self._original()}
        past = [first]
        for moment, each in sorted(happened, key=lambda pair: pair[0]):
            entry = {"at": instant(max(moment, opened)), "what": each.what}
            past.append({**entry, "step": each.step} if each.step else entry)
        return opened, past

    def _original(self) -> list[list[str]]:
        """Every filled cell that is not personal, under its heading."""
        return [
            [heading, said[:_ORIGINAL_MAX]]
            for index, heading in self._reader.headings.items()
            if index not in self._reader.personal and (said := plain_text(self._row[index]))
        ]

    def _region(self) -> str:
        setting = self._setting
        city, county = self._text(self._mapping.city), self._text(self._mapping.county)
        if not city and not county:
            return setting.region
        try:
            place = find_place(city, county, on=setting.today, within=setting.region)
        except BihuanError as error:
            self._object(error.code, f"{error.message}；{error.hint}", self._mapping.county)
            return ""
        if not covers(setting.region, place.region):
            self._object("out_of_reach", f"{place.title}不在导入的范围内", self._mapping.county)
        return place.region

    def _subject(self) -> str:
        """By its code, else by a name that only one subject has; nobody is guessed."""
        found = self._cell(self._mapping.code)
        code = clean_code(found).value if found != "" else None
        if code is not None:
            reading = read_code(str(code))
            if reading.verdict != "invalid" and self._setting.known(reading.code):
                return reading.code
            self._note("unknown_subject", f"没有登记过代码为 {code} 的企业", self._mapping.code)
        name = clean_name(self._cell(self._mapping.name))
        owners = self._setting.named.get(name, ())
        if len(owners) == 1:
            return owners[0]
        if name:
            self._note("unknown_subject", f"“{name}”没有登记，或不止一家；事项不挂企业", self._mapping.name)
        return ""

    def _field(self, name: str, each: FieldFrom) -> Any:
        spec = self._setting.definition.fields.get(name)
        if spec is None or each.value is not None:
            return each.value if spec else None
        said = self._text(each.headings)
        if not said:
            return None
        if each.values:
            if said not in each.values:
                self._note("unknown_word", f"不认得“{said}”，没有导入", each.headings)
            return each.values.get(said)
        if spec.type is FieldType.UNIT:
            return self._unit(said, each.headings)
        if spec.type is FieldType.DATE:
            return clean_day(said).value
        most = spec.max or TEXT_MAX
        if len(said) > most:
            self._note("cut", f"“{spec.title.zh}”至多 {most} 字，余下的留在原始记录中", each.headings)
        return said[:most]

    def _unit(self, said: str, headings: Sequence[str]) -> str | None:
        wanted = folded_name(said)
        found = [
            unit.id
            for unit in self._setting.directory.units
            if said == unit.id
            or (folded_name(unit.title) == wanted and covers(self._setting.region, unit.region))
        ]
        if len(found) == 1:
            return found[0]
        self._object("unknown_unit", f"没有“{said}”这个单位，或不止一个", headings)
        return None

    def _require_holder(self, state: str, data: Mapping[str, Any]) -> None:
        spec = self._setting.definition.states.get(state)
        if spec and spec.holder and not data.get(spec.holder):
            title = self._setting.definition.fields[spec.holder].title.zh
            message = f"环节“{spec.title.zh}”须有{title}，否则没有人负责"
            self._object(
                "holder_missing", message, self._mapping.fields.get(spec.holder, FieldFrom()).headings
            )

    def _moment(self, headings: Sequence[str]) -> datetime | None:
        cell = self._cell(headings)
        if isinstance(cell, float) and not cell.is_integer():
            cell = _EXCEL_EPOCH + timedelta(seconds=round(cell * 86_400))
        if isinstance(cell, datetime):
            return cell.replace(tzinfo=self._setting.zone).astimezone(UTC)
        if cell == "":
            return None
        text = clean_text(cell)
        found = _TIME.fullmatch(text)
        day = clean_day(found[1] if found else cell)
        if day.is_fault:
            self._object(day.code, day.message, headings)
        if day.value is None:
            return None
        clock = time(int(found[2]) % 24, int(found[3]) % 60, int(found[4] or 0) % 60) if found else _MORNING
        if not found:
            self._note("time_assumed", "只写到日，按 9:00 计", headings)
        whole = datetime.combine(date.fromisoformat(str(day.value)), clock)
        return whole.replace(tzinfo=self._setting.zone).astimezone(UTC)

    def _cell(self, headings: Sequence[str]) -> Raw:
        index = self._reader.column(headings)
        return self._row[index] if index is not None else ""

    def _text(self, headings: Sequence[str]) -> str:
        """Of the first of the columns that says something, as it is written."""
        for word in headings:
            said = plain_text(self._cell((word,)))
            if said and said not in self._mapping.unsaid:
                return said
        return ""

    def _object(self, code: str, message: str, headings: Sequence[str]) -> None:
        self._say(code, message, headings, Weight.ERROR)

    def _note(self, code: str, message: str, headings: Sequence[str]) -> None:
        self._say(code, message, headings, Weight.NOTE)

    def _say(self, code: str, message: str, headings: Sequence[str], weight: Weight) -> None:
        index = self._reader.column(headings)
        cell = address(self._number, index) if index is not None else ""
        self._reasons.append(Reason(code, message, cell, weight))
