"""Freeze histories: the exact bytes of events, with the definitions and calendars that they name, for ever.

    python -m tests.vectors.freeze

adds what is not there yet under `tests/vectors/histories` and never writes a file anew: event bytes cannot change, so a
history that would come out differently today is named and left as it is. `SHA256SUMS` pins each file (`sha256sum -c` reads it).
The proof is tests/unit/test_frozen_histories.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from api.demo.stories import STORIES
from engine import canonical
from engine.calendar import Calendar
from engine.machine import Program
from tests.support.histories import calendars, next_version, program_of, random_history
from tests.support.story_office import StoryOffice, calendar, programs
from tests.vectors.tales import TALES

FOLDER: Final = Path(__file__).parent / "histories"
PINS: Final = FOLDER / "SHA256SUMS"
STEPS: Final = 60
# Seeds whose histories show most: every type of event, every change of a clock and of a lane, both calendars.
RANDOM: Final[Mapping[str, tuple[int, ...]]] = {
    "tests/workflows/samples/minimal.yaml": (9,),
    "tests/workflows/samples/full.yaml": (6, 8, 45, 56, 59),
    "workflows/issue.yaml": (3, 51, 52),
    "workflows/rd_institution.yaml": (9, 13, 33),
    "workflows/rd_activity.yaml": (8,),
    "workflows/platform_use.yaml": (10,),
    "workflows/high_tech.yaml": (5,),
    "workflows/january_package.yaml": (15,),
    "workflows/visit.yaml": (19,),
}


def main() -> None:
    """Add what is missing, with what it names, and say of each file what became of it."""
    for name, events in histories():
        told = put(name, lines(events))
        print(f"{told}  {name}")
        if told == "added":
            for needed, data in named_by(events):
                print(f"{put(needed, data)}  {needed}")


def histories() -> Iterator[tuple[str, list[bytes]]]:
    """(file name, events) of everything that is frozen."""
    for path, seeds in RANDOM.items():
        for seed in seeds:
            history, _ = random_history(program_of(path), seed, STEPS)
            yield f"random-{Path(path).stem}-{seed}.jsonl", history.events
    for letter, tell in STORIES.items():
        office = StoryOffice()
        tell(office)
        yield from _told(f"story-{letter}", office)
    for name, (place, tale) in TALES.items():
        office = StoryOffice(**place)
        tale(office)
        yield from _told(f"tale-{name}", office)


def _told(name: str, office: StoryOffice) -> Iterator[tuple[str, list[bytes]]]:
    for number, events in office.histories.items():
        yield f"{name}-{number}.jsonl", [event.data for event in events]


def named_by(events: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Definitions and calendars that a history cannot be replayed without."""
    bodies = [canonical.decode(event) for event in events]
    definitions, days = {b["def"]["digest"] for b in bodies}, {b["calendar"]["digest"] for b in bodies}
    for digest, program in _programs().items():
        if digest in definitions:
            yield f"definitions/{digest}.yaml", program.source.data
    for each in {each.digest: each for each in (*calendars(), calendar())}.values():
        if each.digest in days:
            yield f"calendars/{each.digest}.json", _calendar_bytes(each)


@cache
def _programs() -> Mapping[str, Program]:
    """By digest, whatever a history may name."""
    random = [program_of(path) for path in RANDOM]
    found = (*random, *map(next_version, random), *programs().values())
    return {program.digest: program for program in found}


def _calendar_bytes(calendar: Calendar) -> bytes:
    return canonical.encode(calendar.to_data())


def lines(events: Iterable[bytes]) -> bytes:
    """One event in a line: canonical bytes hold no line break."""
    return b"".join(event + b"\n" for event in events)


def put(name: str, data: bytes) -> str:
    """`added`, `there` already, or `differs`: then the old bytes stay."""
    path = FOLDER / name
    if path.exists():
        return "there" if path.read_bytes() == data else "differs"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    with PINS.open("a", encoding="utf-8") as pins:
        pins.write(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
    return "added"


if __name__ == "__main__":
    main()
