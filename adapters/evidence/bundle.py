"""Write an evidence bundle: which member holds what, in which bytes. Pure but for the stream it writes to.

`exporting.py` gathers the parts from the database; `verify.py`, which travels in the bundle, reads them. The layout is
described in docs/reference/bundle.md. Names, order and times of the members are the same for the same parts.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from adapters.evidence.verify import event_body, files_of
from engine import canonical, tree
from engine.heads import Heads

__all__ = ["Ends", "Index", "Parts", "Row", "manifest_of", "notes_file", "static_members", "write"]

FORMAT: Final = "bihuan/bundle/v1"
SUITE: Final = "sha256"
HERE: Final = Path(__file__).parent

_WHEN: Final = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # the first moment a zip file can name: the same parts give the same bytes

Ends = Mapping[str, tuple[int, str]]  # of each case the last seq and the hash of that event
Nodes = Callable[[Iterable[int], Iterable[int]], Mapping[tuple[int, int], bytes]]


class Row(NamedTuple):
    """A row of the event table as stored, and the hash that the tree has at its leaf index."""

    case_id: str
    seq: int
    type: str
    at: int
    actor: str
    command: str
    hash: str
    prev: str
    data: bytes
    leaf_index: int
    leaf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What the bundle holds, as it is recorded in the journal before the bundle is handed out.

    `size` is that of the tree which the manifest covers; `journal` has the hashes by seq of the
    entries that travel, up to the manifest's own; `members` are the files that never change, with their SHA-256.
    """

    log: str
    scope: Mapping[str, str]
    purpose: str
    made_at: str
    size: int
    cases: Ends
    journal: Mapping[str, str]
    members: Mapping[str, str]

    @property
    def data(self) -> bytes:
        body = {name: getattr(self, name) for name in self.__slots__}
        body["cases"] = {case: list(end) for case, end in self.cases.items()}
        return canonical.encode(
            body
            | {
                "format": FORMAT,
                "journal": dict(self.journal),
                "members": dict(self.members),
                "scope": dict(self.scope),
                "suite": SUITE,
            }
        )

    @property
    def digest(self) -> str:
        """Stands in the journal's entry `cases.read`."""
        return canonical.tagged_digest(FORMAT, self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that goes into a bundle. `histories` are read once, the journal's among them."""

    index: Index
    static: Mapping[str, bytes]
    note: str
    earlier: Sequence[str]
    keys: Sequence[Mapping[str, str]]
    sizes: Sequence[int]
    histories: Iterable[tuple[str, Iterable[Row]]]
    nodes: Nodes
    manifests: Sequence[Mapping[str, Any]]
    evidence: Callable[[Iterable[str]], Iterable[Mapping[str, Any]]]
    content: Callable[[str], bytes | None] | None = field(default=None)


def static_members(rules: Mapping[str, bytes]) -> dict[str, bytes]:
    """The verifier and its instructions, and the rules by their names in the bundle."""
    own = {name: (HERE / name).read_bytes() for name in ("README.txt", "verify.py")}
    return own | dict(rules)


def notes_file(earlier: Iterable[str]) -> bytes:
    return "\n".join(earlier).encode()


def digests(members: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}


def manifest_of(heads: Heads, cases: Iterable[str], *, entry: int, size: int) -> dict[str, Any]:
    """The lines of these cases with what proves them; `entry` is the seq of the journal's `heads.listed`."""
    places = {line.case: at for at, line in enumerate(heads.lines)}
    listed = {case: places[case] for case in cases if case in places}
    leaves = [line.leaf for line in heads.lines]

    def node(level: int, n: int) -> bytes:
        return tree.root_of(leaves[n << level : (n + 1) << level])

    return {
        "cases": heads.size,
        "entry": entry,
        "lines": {case: [at, heads.lines[at].seq, heads.lines[at].head] for case, at in listed.items()},
        "nodes": spelled({place: node(*place) for place in tree.needed_nodes(listed.values(), [heads.size])}),
        "size": size,
    }


def spelled(nodes: Mapping[tuple[int, int], bytes]) -> dict[str, str]:
    return {f"{level}:{n}": hash_.hex() for (level, n), hash_ in sorted(nodes.items())}


def write(target: IO[bytes], parts: Parts) -> None:
    """Write the zip file. Histories stream through; of each event only its leaf index is kept."""
    with ZipFile(target, "w") as bundle:
        for name, data in members(parts):
            _add(bundle, name, data)


def members(parts: Parts) -> Iterator[tuple[str, bytes]]:
    """Every member with its bytes, in the order in which they are written."""
    yield from sorted(parts.static.items())
    yield "bundle.json", parts.index.data
    yield "checkpoint", parts.note.encode()
    yield "checkpoints.txt", notes_file(parts.earlier)
    yield "keys.json", canonical.encode([dict(key) for key in parts.keys])
    yield "heads.json", canonical.encode([dict(manifest) for manifest in parts.manifests])
    leaves, files = array("q"), set[str]()
    for case, rows in parts.histories:
        events, columns = bytearray(), bytearray()
        for row in rows:
            leaves.append(row.leaf_index)
            files.update(files_of(event_body(row.data) or {}))
            events += row.data + b"\n"
            columns += canonical.encode(_columns(row)) + b"\n"
        yield f"events/{case}.jsonl", bytes(events)
        yield f"columns/{case}.jsonl", bytes(columns)
    yield "nodes.json", canonical.encode(spelled(parts.nodes(leaves, parts.sizes)))
    evidence = [dict(file) for file in parts.evidence(sorted(files))]
    yield "evidence.json", canonical.encode(evidence)
    for file in evidence if parts.content else ():
        if parts.content and (content := parts.content(file["digest"])) is not None:
            yield f"files/{file['digest'].removeprefix('sha256:')}", content


def _columns(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row._asdict().items() if name != "data"}


def _add(bundle: ZipFile, name: str, data: bytes) -> None:
    told = ZipInfo(name, _WHEN)
    told.compress_type = ZIP_DEFLATED
    told.external_attr = 0o644 << 16
    bundle.writestr(told, data)
