"""A log in memory, as a database would hold it, and bundles of it: rows that can be tampered with, a tree that remembers.

Histories are random ones of shipped workflows; nothing here is read by the product. The tree is the slow, obvious one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.db.rows import micros
from adapters.evidence.bundle import (
    Index,
    Parts,
    Row,
    digests,
    manifest_of,
    members,
    notes_file,
    static_members,
)
from adapters.evidence.journal import publication
from engine import canonical, notes
from engine.audit.journal import JOURNAL, EntryType, entry
from engine.directory import Directory
from engine.heads import Heads
from engine.loading import load
from engine.machine import Program
from engine.tree import needed_nodes, node_hash
from tests.support.histories import (
    FILES,
    ROOT,
    MemoryWorld,
    calendars,
    drive,
    next_version,
    organisation_for,
)

LOG = "示例"
WORKFLOWS = (
    "tests/workflows/samples/minimal.yaml",
    "tests/workflows/samples/full.yaml",
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
)
LEAFLESS = -1
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    """A software key, of the log (`ED25519`) or of a witness (`COSIGNATURE`)."""

    name: str
    private: Ed25519PrivateKey
    kind: int = notes.ED25519

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return notes.key_id(self.name, self.kind, self.public)

    @property
    def vkey(self) -> str:
        return notes.vkey(self.name, self.kind, self.public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def a_key(seed: int, name: str = "log.example", kind: int = notes.ED25519) -> Key:
    return Key(name, Ed25519PrivateKey.from_private_bytes(Random(seed).randbytes(32)), kind)


class Levels:
    """Every complete subtree over some leaf hashes, each hashed once."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            self._levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def node(self, level: int, n: int) -> bytes:
        return self._levels[level][n]

    def nodes(self, indices: Iterable[int], sizes: Iterable[int]) -> Mapping[tuple[int, int], bytes]:
        return {place: self.node(*place) for place in needed_nodes(indices, sizes)}

    def root(self, size: int) -> bytes:
        parts, start = [], 0
        while start < size:
            level = (size - start).bit_length() - 1
            parts.append(self.node(level, start >> level))
            start += 1 << level
        root = parts.pop()
        while parts:
            root = node_hash(parts.pop(), root)
        return root


@dataclass
class MemoryLog:
    """`rows` is the event table, `tiles` the leaves of the tree, `ends` what the case rows say, `notes` signed checkpoints."""

    key: Key
    rules: dict[str, bytes] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    tiles: list[bytes] = field(default_factory=list)
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)
    keys: list[dict[str, str]] = field(default_factory=list)
    witnesses: list[Key] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    now: datetime = LONG_AGO

    def copy(self) -> MemoryLog:
        """Another log with the same contents: what is changed in one is not in the other."""
        other = copy(self)
        for name in ("rules", "rows", "tiles", "ends", "notes", "keys", "witnesses", "files"):
            setattr(other, name, copy(getattr(self, name)))
        return other

    # What the writer, the journal, the integrator and the signer do

    def add(self, data: bytes) -> None:
        """An event as the writer stores it: row and case row."""
        row = row_of(data)
        self.rows.append(row)
        self.now = max(self.now, row_moment(row))
        if row.case_id != JOURNAL:
            self.ends[row.case_id] = row.seq, row.hash

    def append(self, type: EntryType, data: Mapping[str, Any], at: datetime) -> int:
        """The seq of the new entry."""
        last = max((r for r in self.rows if r.case_id == JOURNAL), key=lambda r: r.seq, default=None)
        sealed = entry(
            type,
            data,
            actor={"id": "system", "kind": "system"},
            at=at,
            log=LOG,
            seq=last.seq + 1 if last else 1,
            prev=last.hash if last else canonical.genesis(LOG, JOURNAL),
            salt=len(self.rows).to_bytes(16),
        )
        self.add(sealed.data)
        return sealed.seq

    def integrate(self) -> None:
        waiting = [i for i, row in enumerate(self.rows) if row.leaf_index == LEAFLESS]
        for i in sorted(waiting, key=lambda i: (self.rows[i].at, self.rows[i].case_id, self.rows[i].seq)):
            self.rows[i] = self.rows[i]._replace(leaf_index=len(self.tiles))
            self.tiles.append(bytes.fromhex(self.rows[i].hash))

    def sign(self) -> str:
        """A checkpoint of everything integrated, cosigned by the witnesses."""
        size = len(self.tiles)
        note = notes.signed(notes.Checkpoint(LOG, size, Levels(self.tiles).root(size)).text, self.key)
        for witness in self.witnesses:
            line = notes.cosignature_line(notes.text_of(note), witness, 1_790_000_000 + size)
            note = notes.cosigned(note, line)
        self.notes.append((size, note))
        return note

    def list_heads(self, at: datetime) -> tuple[int, int, Heads]:
        """The manifest of the tree as it stands, recorded: its entry, the size it covers, its lines."""
        size = len(self.tiles)
        heads, events = self.heads_at(size), sum(0 <= row.leaf_index < size for row in self.rows)
        told = {"cases": heads.size, "day": at.date().isoformat(), "events": events}
        seq = self.append(EntryType.HEADS_LISTED, told | {"root": heads.root.hex(), "size": size}, at)
        return seq, size, heads

    def heads_at(self, size: int) -> Heads:
        last: dict[str, tuple[int, str]] = {}
        for row in sorted(self.rows, key=lambda row: row.seq):
            if 0 <= row.leaf_index < size:
                last[row.case_id] = row.seq, row.hash
        return Heads((case, *end) for case, end in last.items())

    # Bundles

    def resigned(self, parts: Parts, index: Index) -> Parts:
        """The parts under another directory, which the journal has been told already."""
        note = self.sign()
        sizes = [notes.parse_checkpoint(each).size for each in (*parts.earlier, note)]
        histories = [(case, self._rows(case)) for case in (JOURNAL, *index.cases)]
        nodes = Levels(self.tiles).nodes
        return replace(parts, index=index, note=note, sizes=sizes, histories=histories, nodes=nodes)

    def parts(self, cases: Iterable[str] = (), *, with_files: bool = True) -> Parts:
        """An honest export of these cases, all by default: whatever was done to the rows is what it finds."""
        self.integrate()
        scope = {"kind": "cases" if cases else "whole"}
        cases = sorted(cases or self.ends)
        at = self.now
        earlier_entry = next((row.seq for row in reversed(self.rows) if row.type == "heads.listed"), None)
        manifest, size, heads = self.list_heads(at)
        static = static_members(self.rules)
        earlier = [note for _, note in self.notes][-3:]
        index = Index(
            log=LOG,
            scope=scope,
            purpose="示例核验",
            made_at=canonical.instant(at),
            size=size,
            cases={case: self.ends[case] for case in cases if case in self.ends},
            journal={str(row.seq): row.hash for row in self.rows if row.case_id == JOURNAL},
            members=digests(static | {"checkpoints.txt": notes_file(earlier)}),
        )
        read = {"what": "bundle", "cases": len(cases), "scope": "cases", "purpose": "示例核验"}
        self.append(EntryType.CASES_READ, read | {"digest": index.digest}, at)
        self.integrate()
        note = self.sign()
        sizes = [notes.parse_checkpoint(each).size for each in (*earlier, note)]
        assert earlier_entry is None or earlier_entry < manifest
        return Parts(
            index=index,
            static=static,
            note=note,
            earlier=earlier,
            keys=self.keys,
            sizes=sizes,
            histories=[(case, self._rows(case)) for case in (JOURNAL, *cases)],
            nodes=Levels(self.tiles).nodes,
            manifests=[manifest_of(heads, cases, entry=manifest, size=size)],
            evidence=lambda found: [self._file(digest) for digest in found],
            content=self.files.get if with_files and self.files else None,
        )

    def bundle(self, cases: Iterable[str] = ()) -> dict[str, bytes]:
        return dict(members(self.parts(cases)))

    def _file(self, digest: str) -> dict[str, Any]:
        size = len(self.files.get(digest, b""))
        return {"digest": digest, "name": "示例.txt", "size": size, "type": "text/plain"}

    def _rows(self, case: str) -> Iterator[Row]:
        known = len(self.tiles)
        for row in sorted((r for r in self.rows if r.case_id == case), key=lambda r: r.seq):
            if 0 <= row.leaf_index < known:
                yield row._replace(leaf=self.tiles[row.leaf_index].hex())


def row_of(data: bytes) -> Row:
    """The row that the write path makes of an event."""
    body = canonical.decode(data)
    return Row(
        case_id=body["case"],
        seq=body["seq"],
        type=body["type"],
        at=micros(canonical.parse_instant(body["at"])),
        actor=body["actor"]["id"],
        command=body.get("command", f"{JOURNAL}/{body['seq']}"),
        hash=canonical.leaf_hash(data),
        prev=body["prev"],
        data=data,
        leaf_index=LEAFLESS,
        leaf="",
    )


def row_moment(row: Row) -> datetime:
    return canonical.parse_instant(canonical.decode(row.data)["at"])


@lru_cache(maxsize=4)
def town() -> tuple[Directory, tuple[Program, ...]]:
    """The workflows of the random histories and the organisation that serves all of them."""
    programs = tuple(_in_force(ROOT / path) for path in WORKFLOWS)
    return organisation_for(*(program.definition for program in programs)), programs


@lru_cache(maxsize=4)
def strangers() -> Directory:
    """The same organisation, but of people whom the published one does not know."""
    told = canonical.encode(town()[0].as_data()).replace(b'"p-', b'"x-')
    return Directory.from_data(canonical.decode(told))


def _in_force(path: Path) -> Program:
    """The workflow, in force while the histories run: level 4 asks for that."""
    data = re.sub(rb"^effective: .*$", b'effective: "2025-01-01"', path.read_bytes(), flags=re.MULTILINE)
    return Program(load(data, name=path.name))


def histories_of(
    program: Program, seed: int, steps: int, directory: Directory | None = None
) -> list[list[bytes]]:
    """The histories of one drive in the town, or in another organisation: the case and its sibling."""
    directory = directory or town()[0]
    world = MemoryWorld((program, next_version(program)), directory, seed=seed)
    drive(world, program, directory, seed=seed, steps=steps)
    cases = sorted({row.case_id for row in world.store.tables["event"].values()})
    return [world.store.history(case) for case in cases]


def random_log(seed: int, *, cases: int = 3, steps: int = 12, witnessed: bool = False) -> MemoryLog:
    """Random cases side by side, integrated and signed several times while they went on."""
    random = Random(f"log/{seed}")
    log = MemoryLog(
        a_key(seed), witnesses=[a_key(seed + 1, "witness.example", notes.COSIGNATURE)] * witnessed
    )
    events: list[bytes] = []
    for n in range(cases):
        program = random.choice(town()[1])
        log.rules |= rules_of(program)
        for history in histories_of(program, seed * 10 + n, steps):
            events += history
    _publish(log, min(map(_at, events)) - timedelta(days=1))
    events.sort(key=_at)
    cuts = sorted(random.sample(range(1, len(events)), min(3, len(events) - 1)))
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        for data in events[start:end]:
            log.add(data)
        log.integrate()
        log.list_heads(_at(events[end - 1]))
        log.integrate()
        log.sign()
    return log


def _publish(log: MemoryLog, at: datetime) -> None:
    log.append(EntryType.LOG_OPENED, {"suite": "sha256", "tree": "rfc6962"}, at)
    for key, use in [(log.key, "log"), *((key, "witness") for key in log.witnesses)]:
        told = {"algorithm": "ed25519", "name": key.name, "use": use, "vkey": key.vkey}
        log.append(EntryType.KEY_ADDED, told, at)
        log.keys.append({"name": key.name, "use": use, "vkey": key.vkey})
    for name in sorted(log.rules):
        folder, _, file = name.partition("/")
        log.append(EntryType.RULES_PUBLISHED, publication(folder[:-1], file.partition(".")[0]), at)


def rules_of(program: Program) -> dict[str, bytes]:
    """The rules under which a history of this program runs, by their names in a bundle."""
    directory = town()[0]
    found = {f"definitions/{p.digest}.yaml": p.source.data for p in (program, next_version(program))}
    found |= {f"calendars/{c.digest}.json": canonical.encode(c.to_data()) for c in calendars()}
    return found | {f"organisations/{directory.digest()}.json": canonical.encode(directory.as_data())}


def _at(data: bytes) -> datetime:
    return canonical.parse_instant(canonical.decode(data)["at"])
