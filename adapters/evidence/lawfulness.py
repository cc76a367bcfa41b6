"""Level 4 over the database: which organisation was in force when, as the journal tells, and what was unlawful under it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from adapters.db.database import Database
from adapters.db.tables import DIRECTORY
from adapters.evidence.journal import Journal
from adapters.evidence.snapshot import WHOLE, Part
from adapters.evidence.sound import FAULTS_KEPT
from adapters.evidence.stored import EVERYTHING, Stored, Wanted, bytes_of, stored_case, stored_cases
from adapters.registry import CalendarRegistry, DefinitionRegistry
from engine import canonical
from engine.audit.journal import EntryType
from engine.audit.lawful import GRACE, Finding, judge
from engine.case import CaseId
from engine.directory import Directory

__all__ = ["Lawful", "Lawfulness", "Organisations"]


@dataclass(frozen=True, slots=True)
class Lawful:
    """What level 4 found. `found` counts all findings, `findings` are the first of them, in the order of cases."""

    cases: int = 0
    events: int = 0
    found: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.found

    def __add__(self, other: Lawful) -> Lawful:
        return Lawful(
            self.cases + other.cases,
            self.events + other.events,
            self.found + other.found,
            (*self.findings, *other.findings)[:FAULTS_KEPT],
        )

    def as_data(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "events": self.events,
            "findings": [finding.as_data() for finding in self.findings],
            "found": self.found,
        }


class Organisations:
    """Every organisation that was ever in force, by the moment from which it was. Read once; make it anew to see later ones."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._by_digest: dict[str, Directory] = {}
        told = [
            (canonical.parse_instant(entry["data"].get("since") or entry["at"]), entry["data"]["digest"])
            for entry in journal.entries(EntryType.RULES_PUBLISHED)
            if entry["data"]["kind"] == "organisation"
        ]
        self._since = sorted(told, key=lambda pair: pair[0])
        self._moments = [moment for moment, _ in self._since]

    def in_force(self, at: datetime) -> list[Directory]:
        """At the moment, and in the `GRACE` before it; none before the first. One whose data are gone is left out."""
        last = bisect_right(self._moments, at)
        first = max(0, bisect_right(self._moments, at - GRACE) - 1)
        digests = dict.fromkeys(digest for _, digest in self._since[first:last])
        return [directory for digest in digests if (directory := self._directory(digest))]

    def _directory(self, digest: str) -> Directory | None:
        if digest not in self._by_digest:
            with self._database.reading() as connection:
                data = connection.scalar(select(DIRECTORY.c.data).where(DIRECTORY.c.digest == digest))
            if data is None:
                return None
            self._by_digest[digest] = Directory.from_data(canonical.decode(data))
        return self._by_digest[digest]


class Lawfulness:
    """Reads while others write: each part is judged as of one moment."""

    def __init__(
        self,
        database: Database,
        definitions: DefinitionRegistry,
        calendars: CalendarRegistry,
        journal: Journal,
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._calendars = calendars
        self._journal = journal

    def case(self, case: CaseId) -> Lawful:
        return self._sum(stored_case(self._database, case))

    def of(self, part: Part = WHOLE, wanted: Wanted = EVERYTHING) -> Lawful:
        """Errors: `StoreUnavailable`."""
        return self._sum(stored_cases(self._database, part, wanted))

    def _sum(self, found: Iterator[Stored]) -> Lawful:
        organisations = Organisations(self._database, self._journal)
        return sum((self._one(each, organisations) for each in found), Lawful())

    def _one(self, stored: Stored, organisations: Organisations) -> Lawful:
        findings = judge(
            bytes_of(stored.history),
            program=self._definitions.digest,
            calendar=self._calendars.digest,
            organisation=organisations.in_force,
        )
        return Lawful(1, len(stored.history), len(findings), tuple(findings[:FAULTS_KEPT]))
