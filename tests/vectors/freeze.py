"""Freeze histories: the exact bytes of events, with the definitions and calendars that they name, for ever.

    python -m tests.vectors.freeze

adds what is not there yet under `tests/vectors/histories` and never writes a file anew: event bytes cannot change, so a
history that would come out differently today is named and left as it is. `SHA256SUMS` pins each file (`sha256sum -c` reads it).
The proof is tests/unit/test_frozen_histories.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from api.demo.stories import STORIES
from engine import canonical
from engine.calendar import Calendar
from engine.machine import Program
from tests.support.histories import calendars, next_version, program_of, random_history
from tests.support.story_office import StoryOffice, calendar, programs

FOLDER: Final = Path(__file__).parent / "histories"
PINS: Final = FOLDER / "SHA256SUMS"
STEPS: Final = 60
# Seeds whose histories show most: every type of event, every change of a clock and of a lane, both calendars.
RANDOM: Final[Mapping[str, tuple[int, ...]]] = {
    "tests/workflows/samples/minimal.yaml": (9,),
    "tests/workflows/samples/full.yaml": (6, 8, 45, 56, 59),
    "workflows/issue.yaml": (3, 51, 52),
    "workflows/rd_institution.yaml": (9, 13, 33),
}


def main() -> None:
    """Add what is missing, and say of each file what became of it."""
    for name, data in files():
        print(f"{put(name, data)}  {name}")


def files() -> Iterator[tuple[str, bytes]]:
    """(path below the folder, bytes) of everything that is frozen."""
    for program in _programs():
        yield f"definitions/{program.digest}.yaml", program.source.data
    for each in (*calendars(), calendar()):
        yield f"calendars/{each.digest}.json", _calendar_bytes(each)
    for path, seeds in RANDOM.items():
        for seed in seeds:
            history, _ = random_history(program_of(path), seed, STEPS)
            yield f"random-{Path(path).stem}-{seed}.jsonl", lines(history.events)
    for letter, tell in STORIES.items():
        office = StoryOffice()
        tell(office)
        for number, events in office.histories.items():
            yield f"story-{letter}-{number}.jsonl", lines(event.data for event in events)


def _programs() -> Iterator[Program]:
    for path in RANDOM:
        yield program_of(path)
        yield next_version(program_of(path))
    yield from programs().values()


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
