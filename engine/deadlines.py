"""Does everything lead somewhere that a definition says of time: limits, what they count from, ladders and extensions?

The part of `references.py` that looks at clocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from engine.definition import Definition, Extension, FieldType, Opens, Rung
from engine.durations import Duration, same_kind
from engine.lookups import Fault, Faults, Path, addresses, field_of, known, refs, roles
from engine.spelling import Due, LimitRef

__all__ = ["due_faults", "extension_faults", "ladder_faults", "limit_faults", "opens_faults"]

NO_CLOCK: Final = "none"  # in a limits table: this class has no such clock


def ladder_faults(definition: Definition, chart: str, ladder: tuple[Rung, ...], owner: Path) -> Faults:
    for index, rung in enumerate(ladder):
        path = (*owner, "overdue", index)
        if index and rung.after is None:
            message = "第二级起须写明超期后多久（after）"
            yield Fault("rung_without_after", message, path, "例如 after: 1 working day")
        if rung.to:
            yield from known("state", "环节", rung.to, definition.chart(chart), (*path, "to"))
        if rung.to and rung.stay:
            yield Fault("rung_target", "to（去往）和 stay（不动）只能写一个", path)
        if not (rung.to or rung.stay or rung.notify or rung.opens):
            yield Fault("empty_rung", "这一级什么也不做", path, "写明 notify、to 或 opens")
        if rung.every and not rung.stay:
            yield Fault("every_without_stay", "every（重复）须与 stay: true 一起写", (*path, "every"))
        yield from addresses(definition, rung.notify, (*path, "notify"))
        yield from opens_faults(definition, rung.opens, path)


def limit_faults(definition: Definition, limit: object, path: Path) -> Faults:
    if isinstance(limit, LimitRef):
        rows = definition.limits.rows if definition.limits else {}
        columns = dict.fromkeys(column for row in rows.values() for column in row)
        yield from known("limit_column", "时限", limit.column, columns, path)


def due_faults(definition: Definition, chart: str, steps: Mapping[str, None], due: Due, path: Path) -> Faults:
    """A length, perhaps since a step; or a day that a field names, with the most that it may be."""
    if (due.within is None) == (due.until is None) or (due.until is None) != (due.at_most is None):
        message = "时限或者写 within，或者写 until 和 at_most"
        yield Fault("due_form", message, path, "例如 {until: review_date, at_most: 3 months}")
        return
    if due.until and (due.since or due.same_moment == "same moment"):
        yield Fault("due_form", "until 是到某一天为止，不能与 from、since 一起写", path, "去掉 from 和 since")
    yield from limit_faults(definition, due.longest, (*path, "within" if due.within else "at_most"))
    day = {"code": "until_not_date", "zh": "日期（date）"}
    yield from field_of(definition, due.until, (FieldType.DATE,), (*path, "until"), **day)
    if (spec := definition.fields.get(due.until or "")) and spec.personal:
        yield Fault("personal_in_limits", f"个人信息 {due.until} 不能决定时限", (*path, "until"))
    if due.since:
        yield from (replace(fault, path=(*path, "since")) for fault in refs(steps, (due.since,), path))
        lane = due.since.rpartition(".")[0]
        if due.since in steps and lane not in ("", chart):
            message = f"{due.since} 是另一种并行线里的动作，这里看不到它何时办的"
            yield Fault("since_elsewhere", message, (*path, "since"), "写事项自己的，或本并行线的动作")


def extension_faults(
    definition: Definition, extension: Extension | None, due: Due | None, owner: Path
) -> Faults:
    if extension is None:
        return
    path = (*owner, "extension")
    for word in ("asked_by", "approved_by", "later_approved_by"):
        yield from roles(definition, getattr(extension, word), (*path, word))
    yield from limit_faults(definition, extension.by, (*path, "by"))
    if due is None:
        yield Fault("extension_without_due", "没有时限（due），无从延期", path)
        return
    if due.until:
        message = "到某一天为止的时限（until）不能延期"
        yield Fault("extension_of_date", message, path, "让一个动作改写这一天")
    if due.within is None:
        return
    for length, more in _in_each_row(definition, due.within, extension.by):
        if not (isinstance(length, Duration) and isinstance(more, Duration) and same_kind(length, more)):
            message = f"{_zh(length)}不能延长{_zh(more)}：两者须是同一单位的时长"
            yield Fault("extension_unit", message, (*path, "by"))
            return


def _in_each_row(definition: Definition, due: object, more: object) -> Iterator[tuple[object, object]]:
    """The two lengths for each class of case that has both."""
    rows = list(definition.limits.rows.values()) if definition.limits else [{}]
    for row in rows:
        pair = tuple(row.get(each.column) if isinstance(each, LimitRef) else each for each in (due, more))
        if NO_CLOCK not in pair and None not in pair:
            yield pair[0], pair[1]


def _zh(limit: object) -> str:
    return str(getattr(limit, "zh", limit))


def opens_faults(definition: Definition, opens: Opens | None, path: Path) -> Faults:
    for theirs, ours in opens.bring.items() if opens else ():
        yield from known("field", "字段", ours, definition.fields, (*path, "opens", "with", theirs))
