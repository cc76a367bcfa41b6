"""The tamper matrix: whatever somebody with the database, the files or the bundle in hand may do, one function a class.

Each takes an untouched log and leaves a bundle with the class of fault that a verifier must name, and what the auditor had
kept elsewhere, if only that shows it. Some act on the rows of the database, and the bundle is an honest export of them;
the others act on the members of a finished bundle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Any

from adapters.evidence.bundle import Row
from engine import canonical, notes
from engine.audit.journal import JOURNAL, EntryType
from tests.support.histories import altered, leaves
from tests.support.memory_log import MemoryLog, a_key, histories_of, row_moment, row_of, strangers, town

Members = dict[str, bytes]


@dataclass(frozen=True)
class Tampered:
    members: Members
    kind: str
    outside: tuple[str, ...] = ()
    how: str = ""


class Impossible(Exception):
    """Raised when this log has nothing that could be tampered with in this way."""


Way = Callable[[MemoryLog, Random], Tampered]
WAYS: list[Way] = []


def _way(function: Way) -> Way:
    WAYS.append(function)
    return function


def tampered(log: MemoryLog, random: Random) -> Tampered:
    """A copy of the log, tampered with in a way chosen at random."""
    while True:
        way = random.choice(WAYS)
        try:
            found = way(log.copy(), random)
        except Impossible:
            continue
        return Tampered(found.members, found.kind, found.outside, way.__name__)


# Rows of the database


def _places(log: MemoryLog, *, least: int = 1) -> list[int]:
    """Indices of rows of cases with at least so many events."""
    found = [
        i for i, row in enumerate(log.rows) if row.case_id != JOURNAL and log.ends[row.case_id][0] >= least
    ]
    if not found:
        raise Impossible
    return found


def _case(log: MemoryLog, case: str) -> list[int]:
    return sorted((i for i, r in enumerate(log.rows) if r.case_id == case), key=lambda i: log.rows[i].seq)


def _some_case(log: MemoryLog, random: Random, *, least: int) -> tuple[str, list[int]]:
    case = log.rows[random.choice(_places(log, least=least))].case_id
    return case, _case(log, case)


def _flipped(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


@_way
def a_byte_of_an_event(log: MemoryLog, random: Random) -> Tampered:
    at = random.choice(_places(log))
    log.rows[at] = log.rows[at]._replace(data=_flipped(log.rows[at].data, random))
    return Tampered(log.bundle(), "byte_changed")


@_way
def a_field_of_an_event(log: MemoryLog, random: Random) -> Tampered:
    """In canonical bytes, with or without the column of its hash."""
    case, places = _some_case(log, random, least=2)
    at = random.choice(places[:-1])
    data = _changed(log.rows[at].data, random)
    hash_ = random.choice([log.rows[at].hash, canonical.leaf_hash(data)])
    row = row_of(data) if canonical.decode(data)["case"] == case else log.rows[at]
    changed = log.rows[at]._replace(data=data, hash=hash_)
    log.rows[at] = (
        changed if random.random() < 0.5 else row._replace(hash=hash_, leaf_index=changed.leaf_index)
    )
    return Tampered(log.bundle(), "byte_changed")


def _changed(data: bytes, random: Random) -> bytes:
    """The same event with one thing in it changed, still an event of this case at this place."""
    body = canonical.decode(data)
    paths = [
        path for path in leaves(body) if path[0] not in ("at", "case", "log", "prev", "seq", "occurred_at")
    ]
    return altered(data, random.choice(paths))


@_way
def a_column(log: MemoryLog, random: Random) -> Tampered:
    at = random.choice(_places(log))
    row = log.rows[at]
    name = random.choice(["type", "at", "actor", "command", "hash", "prev"])
    value: Any = row.at + random.choice([-1, 1, 3_600_000_000]) if name == "at" else f"{getattr(row, name)}x"
    if name in ("hash", "prev") and random.random() < 0.5:
        value = random.randbytes(32).hex()
    log.rows[at] = row._replace(**{name: value})
    return Tampered(log.bundle(), "column_changed")


@_way
def the_index_of_a_leaf(log: MemoryLog, random: Random) -> Tampered:
    """Two events change places in the tree, by their columns only."""
    one, other = random.sample(_places(log), 2)
    _swap(log, one, other, "leaf_index")
    return Tampered(log.bundle(), "column_changed")


def _swap(log: MemoryLog, one: int, other: int, *names: str) -> None:
    first, second = log.rows[one], log.rows[other]
    log.rows[one] = first._replace(**{name: getattr(second, name) for name in names})
    log.rows[other] = second._replace(**{name: getattr(first, name) for name in names})


@_way
def an_event_deleted(log: MemoryLog, random: Random) -> Tampered:
    """From the middle; the events after it may move up by their column."""
    _, places = _some_case(log, random, least=2)
    n = random.randrange(len(places) - 1)
    if random.random() < 0.5:
        for at in places[n + 1 :]:
            log.rows[at] = log.rows[at]._replace(seq=log.rows[at].seq - 1)
    del log.rows[places[n]]
    return Tampered(log.bundle(), "event_deleted")


@_way
def an_event_inserted(log: MemoryLog, random: Random) -> Tampered:
    """In the middle, well linked to the event before it; those after it move down by their column."""
    case, places = _some_case(log, random, least=2)
    n = random.randrange(1, len(places))
    forged = row_of(altered(log.rows[places[n]].data, ("after",)))
    for at in places[n:]:
        log.rows[at] = log.rows[at]._replace(seq=log.rows[at].seq + 1)
    log.rows.append(forged)
    if random.random() < 0.5:
        log.ends[case] = log.ends[case][0] + 1, log.ends[case][1]
    return Tampered(log.bundle(), "event_inserted")


@_way
def two_events_change_places(log: MemoryLog, random: Random) -> Tampered:
    _, places = _some_case(log, random, least=2)
    one, other = random.sample(places, 2)
    if random.random() < 0.5:
        _swap(log, one, other, "seq")
    else:
        _swap(log, one, other, *(name for name in Row._fields if name not in ("seq", "case_id")))
    return Tampered(log.bundle(), "reordered")


@_way
def an_event_moved_to_another_case(log: MemoryLog, random: Random) -> Tampered:
    case, places = _some_case(log, random, least=1)
    other = random.choice([c for c in log.ends if c != case])
    if random.random() < 0.5:
        taken = random.choice(places)
        log.rows[taken] = log.rows[taken]._replace(case_id=other, seq=log.ends[other][0] + 1)
    else:
        names = [name for name in Row._fields if name not in ("seq", "case_id")]
        _swap(log, random.choice(places), random.choice(_case(log, other)), *names)
    return Tampered(log.bundle(), "moved_between_cases")


@_way
def a_tail_cut(log: MemoryLog, random: Random) -> Tampered:
    """The case row may be made to fit, in the way of somebody who knows the tables."""
    case, places = _some_case(log, random, least=2)
    n = random.randrange(1, len(places))
    if random.random() < 0.5:
        log.ends[case] = log.rows[places[n - 1]].seq, log.rows[places[n - 1]].hash
    gone = set(places[n:])
    log.rows = [row for i, row in enumerate(log.rows) if i not in gone]
    return Tampered(log.bundle(), "tail_cut")


@_way
def a_case_deleted(log: MemoryLog, random: Random) -> Tampered:
    case, _ = _some_case(log, random, least=1)
    log.rows = [row for row in log.rows if row.case_id != case]
    if random.random() < 0.5:
        del log.ends[case]
    return Tampered(log.bundle(), "case_deleted")


@_way
def a_rule_swapped(log: MemoryLog, random: Random) -> Tampered:
    name = random.choice(sorted(log.rules))
    log.rules[name] = _flipped(log.rules[name], random)
    return Tampered(log.bundle(), f"{name.partition('/')[0][:-1]}_swapped")


@_way
def a_file_swapped(log: MemoryLog, random: Random) -> Tampered:
    members = log.bundle()
    files = [name for name in members if name.startswith("files/")]
    if not files:
        raise Impossible
    chosen = "sha256:" + random.choice(files).removeprefix("files/")
    log.files[chosen] = random.choice([_flipped(log.files[chosen], random), b"", log.files[chosen] + b"x"])
    return Tampered(log.bundle(), "evidence_swapped")


# Histories made anew


def _rewrite(log: MemoryLog, random: Random) -> list[int]:
    """Change an event and hash everything after it again, columns and case row included; the places that changed."""
    case, places = _some_case(log, random, least=1)
    n = random.randrange(len(places))
    data = _changed(log.rows[places[n]].data, random)
    for at in places[n:]:
        if at != places[n]:
            body = canonical.decode(log.rows[at].data)
            data = canonical.encode(body | {"prev": canonical.leaf_hash(data)})
        log.rows[at] = row_of(data)._replace(leaf_index=log.rows[at].leaf_index)
    log.ends[case] = log.rows[places[-1]].seq, log.rows[places[-1]].hash
    return places[n:]


def _rewrite_tree(log: MemoryLog, places: list[int]) -> None:
    for at in places:
        log.tiles[log.rows[at].leaf_index] = bytes.fromhex(log.rows[at].hash)


@_way
def rewritten_from_an_event_on(log: MemoryLog, random: Random) -> Tampered:
    _rewrite(log, random)
    return Tampered(log.bundle(), "rewritten")


@_way
def rewritten_with_the_tree(log: MemoryLog, random: Random) -> Tampered:
    """Everything but the signature, which needs the key."""
    honest = log.copy()
    _rewrite_tree(log, _rewrite(log, random))
    members = log.bundle()
    members["checkpoint"] = honest.bundle()["checkpoint"]
    members["checkpoints.txt"] = random.choice([b"", honest.bundle()["checkpoints.txt"]])
    return Tampered(members, "rewritten")


@_way
def rewritten_and_signed_again(log: MemoryLog, random: Random) -> Tampered:
    """With the key. Within the bundle nothing is wrong; somebody has kept a checkpoint."""
    kept = [note for _, note in log.notes]
    places = _rewrite(log, random)
    covering = [n for n in kept if notes.parse_checkpoint(n).size > log.rows[places[0]].leaf_index]
    _rewrite_tree(log, places)
    sizes = [size for size, _ in log.notes]
    log.notes.clear()
    whole = list(log.tiles)
    for size in sizes:
        log.tiles = whole[:size]
        log.sign()
    log.tiles = whole
    if not covering:
        raise Impossible
    return Tampered(log.bundle(), "resigned", (random.choice(covering),))


@_way
def an_older_checkpoint_shown(log: MemoryLog, random: Random) -> Tampered:
    """The log went back to a backup; somebody has a checkpoint of later."""
    members = log.bundle()
    log.append(EntryType.LOG_RESTORED, {"from": "示例", "size": 1, "root": ""}, log.now)
    log.integrate()
    return Tampered(members, "rolled_back", (log.sign(),))


@_way
def two_roots_for_one_size(log: MemoryLog, random: Random) -> Tampered:
    other = log.copy()
    _rewrite_tree(other, _rewrite(other, random))
    members = log.bundle()
    other.bundle()
    return Tampered(members, "split_view", (other.notes[-1][1],))


@_way
def an_event_that_is_older_than_it_can_be(log: MemoryLog, random: Random) -> Tampered:
    """Written today through the database, dated weeks ago, before it came into the tree; its digests are right."""
    _, places = _some_case(log, random, least=1)
    last = log.rows[places[-1]]
    body = canonical.decode(last.data)
    latest = log.now
    if random.random() < 0.5:  # before the one it follows
        at = row_moment(last) - timedelta(minutes=random.randrange(1, 60 * 24 * 30))
    else:  # after that, yet long before what the tree knew already
        at = row_moment(last) + timedelta(seconds=random.randrange(60))
        if latest - at < timedelta(hours=2):
            raise Impossible
    forged = body | {"at": canonical.instant(at), "prev": last.hash, "seq": last.seq + 1}
    log.add(canonical.encode(forged))
    return Tampered(log.bundle(), "backdated")


@_way
def a_result_forged_before_it_came_into_the_tree(log: MemoryLog, random: Random) -> Tampered:
    """The application was passed by: bytes, chain, tree and signature are right, but nobody could have decided this."""
    _, places = _some_case(log, random, least=1)
    last = log.rows[places[-1]]
    body = canonical.decode(last.data)
    at = log.now + timedelta(minutes=1)
    forged = body | {
        "at": canonical.instant(at),
        "prev": last.hash,
        "seq": last.seq + 1,
        "command": "示例-forged",
    }
    log.add(canonical.encode(forged))
    return Tampered(log.bundle(), "forged")


@_way
def a_case_by_people_who_hold_no_post(log: MemoryLog, random: Random) -> Tampered:
    """Decided by the engine itself, over an organisation that was never published: it replays, and nobody was entitled."""
    later = [history for history in strange_histories() if row_moment(row_of(history[0])) > log.now]
    if not later:
        raise Impossible  # it would be backdated as well
    for data in random.choice(later):
        log.add(data)
    return Tampered(log.bundle(), "forged")


@lru_cache(maxsize=1)
def strange_histories() -> list[list[bytes]]:
    issue = next(p for p in town()[1] if p.definition.workflow == "issue")
    return [histories_of(issue, 900_000 + seed, 6, strangers())[0] for seed in range(12)]


# Members of a bundle


def _lines(members: Members, name: str) -> list[bytes]:
    return members[name].splitlines(keepends=True)


def _some_history(members: Members, random: Random, *, least: int) -> str:
    found = [
        name.removeprefix("events/")
        for name in sorted(members)
        if name.startswith("events/") and JOURNAL not in name and len(_lines(members, name)) >= least
    ]
    if not found:
        raise Impossible
    return random.choice(found)


@_way
def a_byte_of_a_member(log: MemoryLog, random: Random) -> Tampered:
    members = log.bundle()
    kinds = {
        "events/": "byte_changed",
        "columns/": "column_changed",
        "bundle.json": "index_changed",
        "heads.json": "manifest_broken",
        "nodes.json": "rewritten",
        "keys.json": "index_changed",
        "checkpoint": "signature_broken",  # and checkpoints.txt
        "definitions/": "definition_swapped",
        "calendars/": "calendar_swapped",
        "organisations/": "organisation_swapped",
        "files/": "evidence_swapped",
        "verify.py": "member_changed",
        "README.txt": "member_changed",
    }
    names = [
        (name, kind) for name in sorted(members) for start, kind in kinds.items() if name.startswith(start)
    ]
    names = [(name, kind) for name, kind in names if members[name]]
    name, kind = random.choice(names)
    members[name] = _flipped(members[name], random)
    return Tampered(members, kind)


@_way
def lines_of_a_bundle(log: MemoryLog, random: Random) -> Tampered:
    members = log.bundle()
    what = random.choice(["event_deleted", "reordered", "tail_cut", "event_inserted"])
    name = _some_history(members, random, least=2)
    for file in (f"events/{name}", f"columns/{name}"):
        lines = _lines(members, file)
        dice = Random(f"{name}/{len(lines)}/{len(members)}")  # the same lines in both
        n = dice.randrange(len(lines) - 1)
        if what == "event_deleted":
            del lines[n]
        elif what == "tail_cut":
            del lines[n + 1 :]
        elif what == "reordered":
            lines[n], lines[n + 1] = lines[n + 1], lines[n]
        else:
            lines.insert(n + 1, lines[n])
        members[file] = b"".join(lines)
    return Tampered(members, what)


@_way
def a_line_moved_within_a_bundle(log: MemoryLog, random: Random) -> Tampered:
    members = log.bundle()
    name = _some_history(members, random, least=1)
    other = _some_history(members, random, least=1)
    if other == name:
        raise Impossible
    at = random.randrange(len(_lines(members, f"events/{name}")))
    for folder in ("events", "columns"):
        source, target = _lines(members, f"{folder}/{name}"), _lines(members, f"{folder}/{other}")
        target.append(source.pop(at))
        members[f"{folder}/{name}"], members[f"{folder}/{other}"] = b"".join(source), b"".join(target)
    return Tampered(members, "moved_between_cases")


@_way
def a_case_taken_out_of_a_bundle(log: MemoryLog, random: Random) -> Tampered:
    members = log.bundle()
    name = _some_history(members, random, least=1)
    del members[f"events/{name}"], members[f"columns/{name}"]
    if random.random() < 0.5:
        index = json.loads(members["bundle.json"])
        del index["cases"][name.removesuffix(".jsonl")]
        members["bundle.json"] = canonical.encode(index)
    return Tampered(members, "case_deleted")


@_way
def an_event_beside_the_tree(log: MemoryLog, random: Random) -> Tampered:
    """Well linked at the end of a history, with a leaf index that no checkpoint covers."""
    members = log.bundle()
    case, places = _some_case(log, random, least=1)
    last = log.rows[places[-1]]
    body = canonical.decode(last.data) | {"prev": last.hash, "seq": last.seq + 1, "command": "示例-forged"}
    forged = row_of(canonical.encode(body))
    columns = {name: value for name, value in forged._asdict().items() if name != "data"}
    columns |= {"leaf": forged.hash, "leaf_index": len(log.tiles) + random.randrange(9)}
    members[f"events/{case}.jsonl"] += forged.data + b"\n"
    members[f"columns/{case}.jsonl"] += canonical.encode(columns) + b"\n"
    return Tampered(members, "event_inserted")


@_way
def signed_by_another_key(log: MemoryLog, random: Random) -> Tampered:
    """A whole new checkpoint over the same tree, under the name of the log but with a key of one's own."""
    members = log.bundle()
    other = a_key(random.randrange(10**6), log.key.name)
    members["checkpoint"] = notes.signed(notes.text_of(members["checkpoint"].decode()), other).encode()
    members["keys.json"] = canonical.encode([{"name": other.name, "use": "log", "vkey": other.vkey}])
    return Tampered(members, "index_changed")


def every_way() -> Iterator[tuple[str, Way]]:
    return ((way.__name__, way) for way in WAYS)
