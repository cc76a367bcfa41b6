"""Names and regions of subjects from a day to another: the next begins where the present one is closed, and can be taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, delete, select, update

from adapters.db.bulk import insert_rows, portions
from adapters.db.programme_tables import SUBJECT, SUBJECT_NAME, SUBJECT_REGION
from adapters.subjects.names import folded_name
from engine.directory import SubjectId
from engine.errors import BihuanError

__all__ = ["NAMES", "REGIONS", "Change", "SpellKind", "TooEarly"]

_DAY: Final = timedelta(days=1)


class TooEarly(BihuanError):
    """Raised when a name or region would begin before the present one did, or in the future."""

    code, kind = "too_early", "invalid"


@dataclass(frozen=True, slots=True)
class Change:
    subject: SubjectId
    value: str
    since: date

    @property
    def first(self) -> str:
        return self.since.isoformat()


@dataclass(frozen=True, slots=True)
class _Present:
    since: str
    value: str


@dataclass(frozen=True, slots=True)
class SpellKind:
    """`table` holds the spells; the column `value` of the same name in `subject` repeats the present one."""

    table: Table
    value: str

    def row(self, change: Change) -> dict[str, Any]:
        return {"subject": change.subject, "since": change.first, "until": None, **self._words(change.value)}

    def needed(self, connection: Connection, changes: Sequence[Change]) -> list[Change]:
        """Those that change anything. Errors: `TooEarly`."""
        present = self._present(connection, {change.subject for change in changes})
        found = [c for c in changes if c.value != present[c.subject].value]
        for change in found:
            if change.first < present[change.subject].since:
                _refuse(change, present[change.subject])
        return found

    def begin(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Close the present spell the day before and begin the next; one that began on that very day is corrected."""
        present = self._present(connection, {change.subject for change in changes})
        corrected = [c for c in changes if c.first == present[c.subject].since]
        begun = [c for c in changes if c.first != present[c.subject].since]
        self._update(connection, [(c.subject, c.first, self._words(c.value)) for c in corrected])
        ends = [(c.subject, present[c.subject].since, {"until": (c.since - _DAY).isoformat()}) for c in begun]
        self._update(connection, ends)
        insert_rows(connection, self.table, [self.row(change) for change in begun])
        self._repeat(connection, {change.subject: change.value for change in changes})

    def begun_on(self, connection: Connection, subjects: Mapping[SubjectId, date]) -> list[SubjectId]:
        """Of these subjects those whose present spell began on that day and had one before it."""
        present = self._present(connection, subjects)
        began = [s for s, day in subjects.items() if s in present and present[s].since == day.isoformat()]
        return sorted(self._last_closed(connection, began))

    def take_back(self, connection: Connection, subjects: Collection[SubjectId]) -> None:
        """Remove the present spell of each and let the one before it go on."""
        before, present = self._last_closed(connection, subjects), self._present(connection, subjects)
        for subject in before:
            this = (self.table.c.subject == subject) & (self.table.c.since == present[subject].since)
            connection.execute(delete(self.table).where(this))
        self._update(connection, [(s, spell.since, {"until": None}) for s, spell in before.items()])
        self._repeat(connection, {subject: spell.value for subject, spell in before.items()})

    def _words(self, value: str) -> dict[str, str]:
        words = {self.value: value}
        return {**words, "folded": folded_name(value)} if "folded" in self.table.c else words

    def _present(self, connection: Connection, subjects: Collection[SubjectId]) -> dict[SubjectId, _Present]:
        return self._read(connection, subjects, self.table.c.until.is_(None))

    def _last_closed(
        self, connection: Connection, subjects: Collection[SubjectId]
    ) -> dict[SubjectId, _Present]:
        return self._read(connection, subjects, self.table.c.until.is_not(None))

    def _read(
        self, connection: Connection, subjects: Collection[SubjectId], condition: Any
    ) -> dict[SubjectId, _Present]:
        """The latest spell of each that meets the condition."""
        table, found = self.table, {}
        for part in portions(sorted(subjects)):
            query = select(table.c.subject, table.c.since, table.c[self.value])
            rows = connection.execute(
                query.where(table.c.subject.in_(part), condition).order_by(table.c.since)
            )
            found.update({SubjectId(subject): _Present(since, value) for subject, since, value in rows})
        return found

    def _update(self, connection: Connection, rows: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        if not rows:
            return
        table, names = self.table, list(rows[0][2])
        this = (table.c.subject == bindparam("of_subject")) & (table.c.since == bindparam("of_since"))
        statement = update(table).where(this).values({name: bindparam(f"new_{name}") for name in names})
        values = [
            {"of_subject": subject, "of_since": since, **{f"new_{name}": new[name] for name in names}}
            for subject, since, new in rows
        ]
        connection.execute(statement, values)

    def _repeat(self, connection: Connection, values: Mapping[SubjectId, str]) -> None:
        if values:
            statement = (
                update(SUBJECT).where(SUBJECT.c.id == bindparam("of")).values({self.value: bindparam("new")})
            )
            connection.execute(statement, [{"of": s, "new": v} for s, v in sorted(values.items())])


NAMES: Final = SpellKind(SUBJECT_NAME, "title")
REGIONS: Final = SpellKind(SUBJECT_REGION, "region")


def _refuse(change: Change, present: _Present) -> None:
    raise TooEarly(
        f"{change.subject} 自 {present.since} 起为“{present.value}”，不能从更早的 {change.first} 改起",
        hint="起始日期写在那一天（更正）或以后（变更）",
    )
