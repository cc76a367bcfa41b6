"""Histories as they are stored, each with the row of its case, streamed in the order of cases and all as of one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.rows import CaseRow
from adapters.evidence.snapshot import WHOLE, Part, snapshot
from engine.audit.journal import JOURNAL
from engine.audit.soundness import COLUMNS, Row
from engine.case import CaseId

__all__ = ["EVERYTHING", "CaseRow", "Stored", "Wanted", "bytes_of", "stored_case", "stored_cases"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases: of a region and all under it, of a workflow, changed since a moment. What is empty asks nothing."""

    region: str = ""
    workflow: str = ""
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return self == Wanted()

    def conditions(self) -> list[tuple[str, str | int]]:
        """SQL over the row `c` of a case, each with its parameter."""
        found: list[tuple[str, str | int]] = []
        if self.region:
            # In byte order everything under 3401 lies between 3401 and 3402: regions nest by their beginnings.
            found += [("c.region >= ?", self.region), ("c.region < ?", _after_all(self.region))]
        if self.workflow:
            found.append(("c.workflow = ?", self.workflow))
        if self.since:
            found.append(("c.at >= ?", rows.micros(self.since)))
        return found


def _after_all(prefix: str) -> str:
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


EVERYTHING: Final = Wanted()


class Stored(NamedTuple):
    """A case with its history; `row` is None where no case has it, `history` empty where the case has none."""

    case: str
    history: list[Row]
    row: CaseRow | None


def bytes_of(history: Iterable[Row]) -> list[bytes]:
    """The bytes of each event; none where SQLite was given something else to keep."""
    return [data if type(data) is bytes else b"" for *_, data in history]


def stored_case(database: Database, case: CaseId) -> Iterator[Stored]:
    """The one case, if there is anything of it. Errors: `StoreUnavailable`."""
    return _read(database, [("c.id = ?", case)], [("e.case_id = ?", case)])


def stored_cases(database: Database, part: Part = WHOLE, wanted: Wanted = EVERYTHING) -> Iterator[Stored]:
    """Histories without a case come where everything is wanted; the journal never. Errors: `StoreUnavailable`."""
    inside = [("{} > ?", part.after), *([("{} <= ?", part.until)] if part.until is not None else [])]
    cases = [*((text.format("c.id"), value) for text, value in inside), *wanted.conditions()]
    if not wanted.is_everything:
        return _read(database, cases, None)
    return _read(database, cases, [(text.format("e.case_id"), value) for text, value in inside])


Conditions = Sequence[tuple[str, Any]]
_CASES: Final = f'SELECT {", ".join(f"c.{name}" for name in CaseRow._fields)} FROM "case" c'
_EVENT: Final = ", ".join(f"e.{name}" for name in COLUMNS)
_EVENTS: Final = f"SELECT {_EVENT} FROM event e"
_EVENTS_OF: Final = f'SELECT {_EVENT} FROM "case" c JOIN event e ON e.case_id = c.id'


def _read(database: Database, cases: Conditions, events: Conditions | None) -> Iterator[Stored]:
    """`events` None: the events of these cases alone."""
    own = _query(_EVENTS_OF, cases, "c.id, e.seq")
    query = own if events is None else _query(_EVENTS, events, "e.case_id, e.seq")
    with snapshot(database) as found:
        histories = groupby(found.rows(*query), key=_case)
        for stored in _together(histories, found.rows(*_query(_CASES, cases, "c.id"))):
            if stored.case != JOURNAL:
                yield stored


def _case(row: Row) -> str:
    return row[0] if type(row[0]) is str else repr(row[0])


def _query(query: str, conditions: Conditions, order: str) -> tuple[str, list[Any]]:
    where = " AND ".join(text for text, _ in conditions) or "TRUE"
    return f"{query} WHERE {where} ORDER BY {order}", [value for _, value in conditions]


def _together(
    histories: Iterable[tuple[str, Iterable[Row]]], stored: Iterable[tuple[Any, ...]]
) -> Iterator[Stored]:
    cases = iter(stored)
    row = _next(cases)
    for case, history in histories:
        while row and row.id < case:
            yield Stored(row.id, [], row)
            row = _next(cases)
        if row and row.id == case:
            yield Stored(case, list(history), row)
            row = _next(cases)
        else:
            yield Stored(case, list(history), None)
    while row:
        yield Stored(row.id, [], row)
        row = _next(cases)


def _next(cases: Iterator[tuple[Any, ...]]) -> CaseRow | None:
    found = next(cases, None)
    return None if found is None else CaseRow(*found)
