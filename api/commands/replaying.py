"""Replay stored histories: the chain of hashes, the fold, and every decision again. For commands and the demo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from adapters.bootstrap import Container
from api.commands.opening import everything
from engine.canonical import verify_chain
from engine.case import Case, CaseId
from engine.replay import replay


@dataclass(frozen=True, slots=True)
class Verified:
    """What a replay found. `faults` are sentences that each name a case and an event; none of them is a sound history."""

    cases: int = 0
    events: int = 0
    chains: int = 0
    divergences: int = 0
    faults: tuple[str, ...] = field(default=())

    @property
    def is_sound(self) -> bool:
        return not self.faults

    def __add__(self, other: Verified) -> Verified:
        return Verified(
            self.cases + other.cases,
            self.events + other.events,
            self.chains + other.chains,
            self.divergences + other.divergences,
            self.faults + other.faults,
        )

    def as_data(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "chains_intact": self.chains,
            "divergences": self.divergences,
            "events": self.events,
            "faults": list(self.faults),
        }

    def words(self) -> str:
        return (
            f"{self.cases} cases, {self.events} events: {self.chains} chains intact, "
            f"{self.divergences} divergences between live and replay"
        )

    def show(self, console: Console) -> None:
        console.print(self.words(), style="green" if self.is_sound else "red")
        for fault in self.faults:
            console.print(f"  {fault}")


def replayed(made: Container, case: CaseId) -> Verified:
    """One case: what its bytes say against what deciding again gives, and against the stored case row."""
    stored, row = _stored(made, case)
    broken = verify_chain(made.settings.log, case, stored)
    again = replay(stored, made.definitions.digest, made.calendars.digest)
    faults = [f"{case}#{f.position}: {f.message} ({f.code})" for f in broken]
    faults += [f"{case}#{d.seq}: {d.message} ({d.kind})" for d in again.divergences]
    is_whole = _head(row) == _head(again.case)
    if not is_whole:
        faults.append(f"{case}#{len(stored)}: 散列不是事项所记的最后一条的散列 (head)")
    is_same = not is_whole or _data(row) == _data(again.case)
    if not is_same:
        faults.append(f"{case}: 事项现状与按记录推得的不同 (row)")
    divergences = len(again.divergences) + (not is_same)
    return Verified(1, again.events, int(is_whole and not broken), divergences, tuple(faults))


def _stored(made: Container, case: CaseId) -> tuple[list[bytes], Case | None]:
    """The history and the row, of the same moment although people go on working meanwhile."""
    stored, row = made.views.history(case), made.views.case(case, everything(made))
    if row and row.seq > len(stored):
        stored = made.views.history(case, until=row.seq)
    return stored, row


def _head(case: Case | None) -> str:
    return case.head if case else ""


def _data(case: Case | None) -> Mapping[str, Any] | None:
    return case.as_data() if case else None


def every_case(made: Container) -> Iterator[CaseId]:
    """All cases in the order of their numbers."""
    page = made.views.case_ids()
    while page:
        yield from page
        page = made.views.case_ids(after=page[-1])
