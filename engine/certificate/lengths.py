"""Lengths of time in a certificate: which row of the limits table is the worst, how lengths compare, and their sum.

Lengths of different units are ordered by an average only; what they come to in days is left to the calendar.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.definition import Definition, Extension, LimitTable, Rung
from engine.durations import Duration, FixedDate, Unit, plus, same_kind
from engine.spelling import Due, Limit, LimitRef

Length = Duration | FixedDate

_WORKING_DAY: Final = 480
_DAY: Final = _WORKING_DAY * 5 / 7
_MINUTES: Final = {
    Unit.WORKING_MINUTE: 1,
    Unit.WORKING_HOUR: 60,
    Unit.WORKING_DAY: _WORKING_DAY,
    Unit.DAY: _DAY,
    Unit.WEEK: 7 * _DAY,
    Unit.MONTH: 31 * _DAY,
    Unit.YEAR: 366 * _DAY,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One length that is waited for; `same_moment` as the definition says it of a limit."""

    length: Length
    same_moment: bool = False


def weight(length: Length) -> float:
    """About how many working minutes: only to say which of two lengths is longer."""
    if isinstance(length, FixedDate):
        return _MINUTES[Unit.YEAR] * length.every / 12
    return length.amount * _MINUTES[length.unit]


def total(parts: Iterable[Part]) -> float:
    return sum(weight(part.length) for part in parts)


def rows_of(limit: Limit, table: LimitTable | None) -> dict[str, Length | None]:
    """The length for each row of the limits table; None where the row has no such clock. One nameless row without it."""
    if not isinstance(limit, LimitRef):
        return {"": limit}
    rows = table.rows if table else {}
    found: dict[str, Length | None] = {}
    for row, cells in rows.items():
        length = cells[limit.column]
        found[row] = None if isinstance(length, str) else length
    return found


def worst(limit: Limit, table: LimitTable | None) -> Length | None:
    """The longest of all rows; None if none has the clock."""
    lengths = [length for length in rows_of(limit, table).values() if length]
    return max(lengths, key=weight, default=None)


def ladder_end(ladder: tuple[Rung, ...]) -> Rung | None:
    """The first rung that moves: what stands after it never fires."""
    return next((rung for rung in ladder if rung.to), None)


def waited(
    definition: Definition, due: Due | None, ladder: tuple[Rung, ...], extension: Extension | None = None
) -> tuple[Part, ...]:
    """How long a state can last by its own clock: the limit, all extensions, and the wait until the rung that moves."""
    length = worst(due.longest, definition.limits) if due else None
    if due is None or length is None:
        return ()
    parts = [Part(_extended(definition, length, extension), due.same_moment == "same moment")]
    end = ladder_end(ladder)
    if end and end.after:
        parts.append(Part(end.after, True))
    return tuple(parts)


def _extended(definition: Definition, length: Length, extension: Extension | None) -> Length:
    if extension is None or not isinstance(length, Duration):
        return length
    more = worst(extension.by, definition.limits)
    for _ in range(extension.at_most):
        if isinstance(more, Duration) and same_kind(length, more):
            length = plus(length, more)
    return length


def words_zh(parts: Iterable[Part]) -> str:
    """The sum, unit by unit, the largest first: 13个工作日＋4个工作小时."""
    return "＋".join(_summed(part.length for part in parts)) or "0"


def _summed(lengths: Iterable[Length]) -> Iterator[str]:
    amounts: Counter[Unit] = Counter()
    dates: Counter[FixedDate] = Counter()
    for length in lengths:
        if isinstance(length, FixedDate):
            dates[length] += 1
        else:
            amounts[length.unit] += length.amount
    for unit in (
        Unit.YEAR,
        Unit.MONTH,
        Unit.WEEK,
        Unit.DAY,
        Unit.WORKING_DAY,
        Unit.WORKING_HOUR,
        Unit.WORKING_MINUTE,
    ):
        if amounts[unit]:
            yield _zh(amounts[unit], unit)
    for fixed, times in dates.items():
        yield fixed.zh if times == 1 else f"{fixed.zh}（{times}次）"


def _zh(amount: int, unit: Unit) -> str:
    """A sum may be longer than any one limit, so it is no `Duration`."""
    return Duration(1, unit).zh.replace("1", str(amount), 1)
