"""Run the stories on a private temporary database, and verify everything they left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.evidence.replaying import Verified
from adapters.sample import load_sample
from adapters.settings import Settings
from api.commands.timeline import Line
from api.demo.office import Entropy, Office
from api.demo.stories import STORIES, TITLES
from engine.case import CaseId

BEGINNING: Final = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """One story with the timeline of each of its cases."""

    letter: str
    title: str
    cases: tuple[tuple[CaseId, tuple[Line, ...]], ...]

    def as_data(self) -> dict[str, Any]:
        return {
            "letter": self.letter,
            "title": self.title,
            "cases": [
                {"case": case, "lines": [line.as_data() for line in lines]} for case, lines in self.cases
            ],
        }


class Performance:
    """The stories one after another, each told when it is asked for; then `verified` over all of them."""

    def __init__(self, made: Container, clock: MovedClock) -> None:
        self._made = made
        self._office = Office(made, clock.move_to)

    def stories(self) -> Iterator[Told]:
        for letter, tell in STORIES.items():
            begun = len(self._office.lines)
            tell(self._office)
            yield Told(letter, TITLES[letter], _by_case(self._office.lines[begun:]))

    def verified(self) -> Verified:
        """Chains, folds and decisions of every case, from the stored bytes."""
        return self._made.replays.of()


@contextmanager
def performance() -> Iterator[Performance]:
    """On a database that is gone afterwards; nothing of the user's is read or written."""
    with TemporaryDirectory(prefix="bihuan-demo-") as folder:
        settings = Settings(
            database_url=f"sqlite:///{Path(folder) / 'demo.db'}",
            redis_url=None,
            files=Path(folder),
            log="bihuan-demo",
        )
        clock = MovedClock(BEGINNING)
        made = build(settings, now=clock, entropy=Entropy())
        try:
            load_sample(made.definitions, made.calendars, made.directories, clock())
            yield Performance(made, clock)
        finally:
            made.close()


def _by_case(lines: list[tuple[CaseId, Line]]) -> tuple[tuple[CaseId, tuple[Line, ...]], ...]:
    """The timeline of each case that this story opened; what older cases did meanwhile is theirs."""
    opened = [case for case, line in lines if line.seq == 1]
    return tuple((case, tuple(line for owner, line in lines if owner == case)) for case in opened)
