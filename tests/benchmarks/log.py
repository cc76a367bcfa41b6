"""A log of many events, for those who read all of it: level 1 beside a bare loop that reads the stored bytes and hashes them,
level 3 beside the rate at which the same events were committed in groups.

The many events are the frozen histories of `tests/vectors`, copied under new numbers, with chains of their own and as
interleaved as work is: level 1 asks for no more. What level 3 replays was written by the engine just before.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from sqlalchemy import insert

from adapters.bootstrap import build
from adapters.db import rows
from adapters.db.database import Database
from adapters.db.tables import CASE, EVENT
from adapters.evidence.parallel import PARTS_OF_EACH, cores, spread
from adapters.evidence.replaying import Verified
from adapters.evidence.snapshot import parts, snapshot
from adapters.evidence.sound import Sound
from adapters.settings import Settings
from api.commands.audit.replaying import replayed_all, sound
from engine.canonical import decode, genesis, leaf_hash, parse_instant
from tests.benchmarks.load import bench, databases, groups, must, steps

LOG = "示例"
FROZEN = Path(__file__).parents[1] / "vectors/histories"
_TOGETHER = 200  # cases that are worked on side by side


class Rates(NamedTuple):
    """Events per second, one for each time it was measured, and the size of the largest process in MB."""

    ours: list[float]
    beside: list[float]
    largest: int


def level_one(kind: str, *, events: int, times: int) -> Rates:
    """`events` stored events, read `times` times by each in turns; the first of each warms the cache and is not counted."""
    ours, bare = [], []
    with databases(kind, 1) as ((url, folder),):
        settings = Settings(database_url=url, files=folder, log=LOG)
        build(settings).close()
        database = Database(url)
        stored = fill(database, events)
        for time in range(times + 1):
            beside = stored / _seconds(lambda: _bare(database))
            todo = parts(database, cores() * PARTS_OF_EACH)
            found = Sound()
            begun = perf_counter()
            for part in spread(settings, sound, todo, processes=cores()):
                found += part
            rate = stored / (perf_counter() - begun)
            if not found.is_sound or found.events < stored:
                raise AssertionError(found)
            if time:
                ours.append(rate)
                bare.append(beside)
        database.close()
    return Rates(ours, bare, _largest())


def level_three(kind: str, *, cases: int, times: int) -> Rates:
    """Chunks of two steps on each of `cases` cases, committed in groups of a hundred; all there is is replayed after each."""
    ours, live = [], []
    with databases(kind, 1) as ((url, folder),), bench(url, cases=cases, folder=folder) as us:
        for chunk in range(times + 1):
            commands = steps(us.cases, rounds=2, seed=chunk)
            begun = perf_counter()
            for group in groups(commands, 100):
                must(us.container, group)
            beside = len(commands) / (perf_counter() - begun)
            todo = parts(us.container.database, cores() * PARTS_OF_EACH)
            found = Verified()
            begun = perf_counter()
            for part in spread(us.container.settings, replayed_all, todo, processes=cores()):
                found += part
            rate = found.events / (perf_counter() - begun)
            if not found.is_sound:
                raise AssertionError(found)
            if chunk:
                ours.append(rate)
                live.append(beside)
    return Rates(ours, live, _largest())


def fill(database: Database, events: int) -> int:
    """Store at least so many events; how many there are then."""
    histories = [path.read_bytes().splitlines() for path in sorted(FROZEN.glob("*.jsonl"))]
    stored, number = 0, 0
    while stored < events:
        copies = [
            _copied(histories[n % len(histories)], f"2099{n:08}") for n in range(number, number + _TOGETHER)
        ]
        number += _TOGETHER
        turns = max(map(len, copies))
        mixed = [copy[turn] for turn in range(turns) for copy in copies if turn < len(copy)]
        with database.writing() as connection:
            connection.execute(insert(EVENT), [row._asdict() for row in mixed])
            connection.execute(insert(CASE), [_case(copy[-1]) for copy in copies])
        stored += len(mixed)
    return stored


def _copied(history: list[bytes], number: str) -> list[rows.EventRow]:
    """The same events under another number, chained anew; states and decisions are those of the first."""
    old, prev = decode(history[0])["case"], genesis(LOG, number)
    made = []
    for data in history:
        body = decode(data)
        copy = data.replace(f'"case":"{old}"'.encode(), f'"case":"{number}"'.encode())
        copy = copy.replace(f'"prev":"{body["prev"]}"'.encode(), f'"prev":"{prev}"'.encode())
        hash_ = leaf_hash(copy)
        at = rows.micros(parse_instant(body["at"]))
        made.append(
            rows.EventRow(
                number, body["seq"], body["type"], at, body["actor"]["id"], body["command"], hash_, prev, copy
            )
        )
        prev = hash_
    return made


def _case(last: rows.EventRow) -> dict[str, Any]:
    texts = (
        "workflow",
        "digest",
        "region",
        "subject",
        "state",
        "ended",
        "holder_role",
        "holder_unit",
        "holder_person",
    )
    return {
        **dict.fromkeys(texts, ""),
        **{"version": 1, "round": 1, "opened_at": last.at, "at": last.at, "late": False, "body": b"{}"},
        **{"id": last.case_id, "seq": last.seq, "head": last.hash},
    }


def _bare(database: Database) -> None:
    """What reading and hashing cost: no column but the bytes, nothing compared."""
    with snapshot(database) as found:
        for (data,) in found.rows("SELECT data FROM event"):
            sha256(b"\x00" + data).digest()


def _seconds(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun


def _largest() -> int:
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        // 1024
    )
