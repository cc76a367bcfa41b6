"""The verdict of a row: its entry beside what is known. Pure; an older word never displaces a newer one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from adapters.importing.known import State
from adapters.importing.verdicts import Change, Entry, ListOptions, Reason, RowResult, Verdict, Weight
from adapters.spreadsheets.sheets import address
from adapters.spreadsheets.tables import Table
from adapters.subjects.names import folded_name
from engine.directory import SubjectId, covers
from engine.subjects import Known, Value

__all__ = ["Judge"]

JUMP = 100  # a figure that differs from the year before by more than this has another unit, most likely


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """`names`: who goes or went by a title. `money`: the facts that are amounts, by name with title."""

    table: Table
    options: ListOptions
    vintage: date
    states: Mapping[str, State]
    names: Mapping[str, tuple[SubjectId, ...]]
    money: Mapping[str, str]

    def result(self, entry: Entry) -> RowResult:
        state = self.states.get(entry.code)
        if state is None:
            self._flag_new(entry)
        if not entry.weighs(Weight.ERROR):
            self._flag_jumps(entry, None if state and _is_elsewhere(entry, state) else state)
            self._flag_known_name(entry)
        if entry.weighs(Weight.ERROR):
            return self._result(entry, Verdict.ERROR)
        if state is None:
            return self._result(entry, Verdict.NEW, self._new(entry))
        if _is_elsewhere(entry, state):
            return self._elsewhere(entry, state)
        return self._beside(entry, state)

    def _flag_new(self, entry: Entry) -> None:
        """What only matters where the row brings somebody: their county, and a code that somebody must have looked at."""
        if entry.county:
            entry.reasons.append(entry.county)
        if entry.doubt and not self.options.confirm_codes:
            entry.reasons[:] = [
                replace(reason, weight=Weight.CONFIRM) if reason.code == "doubtful_code" else reason
                for reason in entry.reasons
            ]

    def _elsewhere(self, entry: Entry, state: State) -> RowResult:
        """To move a subject is not for a list; and nothing else is told of one that may belong to others."""
        where = state.region if self._may_see(entry.code) else "职责范围以外"
        self._object(entry, "other_region", f"已登记在别处（{where}）；迁移请先办理迁出、迁入", "region/0")
        return self._result(entry, Verdict.CONFLICT)

    def _new(self, entry: Entry) -> Change:
        return Change(True, entry.title, entry.region, entry.doubt, _by_year(entry.facts))

    def _beside(self, entry: Entry, state: State) -> RowResult:
        title = self._new_title(entry, state)
        region = self._new_region(entry, state)
        facts = {
            key: value for key, value in entry.facts.items() if self._tells_more(entry, key, value, state)
        }
        if not (title or region or facts):
            return self._result(entry, Verdict.UNCHANGED)
        return self._result(
            entry, Verdict.UPDATED, Change(False, title, region, state.doubt, _by_year(facts))
        )

    def _result(self, entry: Entry, verdict: Verdict, change: Change | None = None) -> RowResult:
        if entry.weighs(Weight.CONFLICT) and verdict is not Verdict.ERROR:
            verdict, change = Verdict.CONFLICT, None
        elif entry.weighs(Weight.CONFIRM) and verdict is not Verdict.ERROR:
            verdict, change = Verdict.TO_CONFIRM, None
        elif any(reason.code == "repeated" for reason in entry.reasons) and change:
            verdict, change = Verdict.UNCHANGED, None
        return RowResult(entry.row + 1, verdict, entry.code, entry.title, tuple(entry.reasons), change)

    def _new_title(self, entry: Entry, state: State) -> str:
        """The new name of a known subject; a name of before its present one changes nothing."""
        if not entry.title or folded_name(entry.title) == folded_name(state.title):
            return ""
        if self.vintage.isoformat() < state.named_since:
            self._note(
                entry, "old_name", f"现名“{state.title}”自 {state.named_since} 起，名单上是旧名", "name"
            )
            return ""
        if self.vintage.isoformat() == state.named_since:
            self._object(entry, "two_names", f"同一天已登记为“{state.title}”，请核对名称", "name")
            return ""
        self._note(entry, "renamed", f"更名：原为“{state.title}”", "name")
        return entry.title

    def _new_region(self, entry: Entry, state: State) -> str:
        """A county within the known city."""
        if covers(entry.region, state.region):
            return ""
        return entry.region if self.vintage.isoformat() >= state.there_since else ""

    def _tells_more(self, entry: Entry, key: tuple[str, int], value: Value, state: State) -> bool:
        known = state.facts.get(key)
        if known is None:
            return True
        if known.value == value and type(known.value) is type(value):
            return False
        if known.vintage > self.vintage or (
            known.verified and known.vintage >= self.vintage and not self.options.verified
        ):
            kept = "已核实的" if known.verified else "较新的"
            message = f"已有{kept}数据（{known.source}，{known.vintage.isoformat()}），不覆盖"
            entry.reasons.append(Reason("newer_known", message, self._cell(entry, key), Weight.CONFLICT))
            return False
        return True

    def _flag_jumps(self, entry: Entry, state: State | None) -> None:
        weight = Weight.NOTE if self.options.trust_figures else Weight.CONFLICT
        for key, value in entry.facts.items():
            name, year = key
            if name not in self.money or not year:
                continue
            before = entry.facts.get((name, year - 1))
            if before is None and state:
                known: Known | None = state.facts.get((name, year - 1))
                before = known.value if known else None
            if before is not None and _jumps(int(before), int(value)):
                message = f"“{self.money[name]}”与上年相差 {JUMP} 倍以上，请核对金额单位"
                entry.reasons.append(Reason("suspect_unit", message, self._cell(entry, key), weight))

    def _flag_known_name(self, entry: Entry) -> None:
        others = {
            other for other in self.names.get(entry.title, ()) if other != entry.code and self._may_see(other)
        }
        if others and entry.code not in self.states:
            told = "、".join(sorted(others))
            self._object(entry, "same_name_known", f"同名企业已登记，代码为 {told}，请核对是否同一家", "name")

    def _may_see(self, subject: str) -> bool:
        state = self.states.get(subject)
        return state is not None and any(covers(region, state.region) for region in self.options.scope)

    def _note(self, entry: Entry, code: str, message: str, key: str) -> None:
        entry.reasons.append(Reason(code, message, self._place(entry, key), Weight.NOTE))

    def _object(self, entry: Entry, code: str, message: str, key: str) -> None:
        entry.reasons.append(Reason(code, message, self._place(entry, key), Weight.CONFLICT))

    def _place(self, entry: Entry, key: str) -> str:
        column = self.table.first(key)
        return address(entry.row, column.index) if column else ""

    def _cell(self, entry: Entry, key: tuple[str, int]) -> str:
        return address(entry.row, entry.cells[key])


def _is_elsewhere(entry: Entry, state: State) -> bool:
    return not (covers(entry.region, state.region) or covers(state.region, entry.region))


def _jumps(before: int, now: int) -> bool:
    less, more = sorted((abs(before), abs(now)))
    return less > 0 and more > less * JUMP


def _by_year(facts: Mapping[tuple[str, int], Value]) -> dict[int, dict[str, Value]]:
    found: dict[int, dict[str, Value]] = {}
    for (name, year), value in facts.items():
        found.setdefault(year, {})[name] = value
    return found
