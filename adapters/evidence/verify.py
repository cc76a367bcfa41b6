"""Verify an evidence bundle of 闭环 Bihuan with Python alone: `python3 -I verify.py [BUNDLE] [--keys FILE] [--checkpoint FILE]`.

Level 1: bytes, columns and chains. Level 2: tree, signatures, witnesses, manifests, and the digests of rules and files.
Levels 3 and 4 (replay, authority) need the installed package: `bihuan audit verify` calls this file first. The format and
all classes of faults are described in docs/reference/bundle.md. Exit: 0 good, 1 tampering or breach, 2 cannot decide.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

Json = Any

FORMAT, SUITE, JOURNAL = "bihuan/bundle/v1", "sha256", "journal"
MERGE_SECONDS = (
    3600  # an event enters the tree at most so long after it was recorded; one that is older was backdated
)

# The words of every class; where a bundle shows several, the first in this order is named as the first fault.
CLASSES = {
    "moved_between_cases": "记录被移到别的事项",
    "byte_changed": "记录的字节被改",
    "reordered": "记录的次序被改",
    "event_inserted": "多出了记录",
    "case_deleted": "整个事项被删",
    "event_deleted": "中间的记录被删",
    "tail_cut": "末尾的记录被删",
    "column_changed": "数据库的列被改",
    "backdated": "记录时刻被提前",
    "definition_swapped": "流程定义被替换",
    "calendar_swapped": "日历被替换",
    "organisation_swapped": "组织机构被替换",
    "evidence_swapped": "材料被替换",
    "split_view": "同一大小有两个根",
    "rolled_back": "日志退回到了以前",
    "resigned": "历史被改写后重新签名",
    "index_changed": "证据包目录被改",
    "signature_broken": "签名不成立",
    "retired_key": "用已停用的密钥签名",
    "rewritten": "历史被改写并重算散列",
    "manifest_broken": "事项清单不符",
    "member_changed": "证据包的文件被改",
    "forged": "伪造的记录",
    "unlawful": "超越职权或违反规则",
}

# Folders of rules: the tag of their digests, and the class of a fault.
RULES = {
    "definitions": ("bihuan/definition/v1", "definition_swapped"),
    "calendars": ("bihuan/calendar/v1", "calendar_swapped"),
    "organisations": ("bihuan/organisation/v1", "organisation_swapped"),
}


class Undecided(Exception):
    """Raised when nothing can be said: the bundle cannot be read, or a key or proof is missing."""


class Finding(NamedTuple):
    """One fault; `case` is empty and `seq` 0 where it concerns no single event."""

    level: int
    kind: str
    message: str
    case: str = ""
    seq: int = 0

    def words(self) -> str:
        place = f" 事项 {self.case} 第 {self.seq} 条" if self.case else ""
        return f"L{self.level} {CLASSES[self.kind]}（{self.kind}）{place}：{self.message}"


@dataclass
class Report:
    """What was found; `facts` say what was looked at, `undecided` what could not be."""

    findings: list[Finding] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    facts: dict[str, Json] = field(default_factory=dict)

    @property
    def exit(self) -> int:
        return 1 if self.findings else 2 if self.undecided else 0

    def ranked(self) -> list[Finding]:
        order = list(CLASSES)
        return sorted(self.findings, key=lambda f: (order.index(f.kind), f.case, f.seq))

    def as_data(self) -> dict[str, Json]:
        found = [f._asdict() | {"title": CLASSES[f.kind]} for f in self.ranked()]
        return {"exit": self.exit, **self.facts, "findings": found, "undecided": self.undecided}


# Bytes (docs/reference/event-bytes.md)


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def tagged(tag: str, data: bytes) -> str:
    return hashlib.sha256(tag.encode() + b"\n" + data).hexdigest()


def canonical(data: bytes) -> dict[str, Json] | None:
    """The object of which these are the canonical bytes; None if they are not."""
    try:
        value = json.loads(data, parse_float=_refuse, parse_constant=_refuse)
        again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value if again == data and isinstance(value, dict) else None


def moment(text: Json) -> datetime | None:
    if not isinstance(text, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", text, re.ASCII
    ):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _refuse(text: str) -> Json:
    raise ValueError(text)


# Ed25519 (RFC 8032 §5.1), verification only: nothing here is secret, so nothing needs constant time

_P, _L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
Point = tuple[int, int, int, int]


def _point(data: bytes) -> Point | None:
    """A point from its 32 bytes, in extended coordinates."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def _plus(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % _P, (p[1] + p[0]) * (q[1] + q[0]) % _P
    c, d = 2 * p[3] * q[3] * _D % _P, 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


_BASE = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def ed25519_verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether [S]B = R + [k]A, as R's bytes; S must be reduced."""
    public, scalar = _point(key) if len(key) == 32 else None, int.from_bytes(signature[32:], "little")
    if public is None or _BASE is None or len(signature) != 64 or scalar >= _L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % _L
    minus: Point = (-public[0] % _P, public[1], 1, -public[3] % _P)
    both, total = _plus(_BASE, minus), (0, 1, 1, 0)
    for bit in range(max(k.bit_length(), scalar.bit_length()) - 1, -1, -1):
        total = _plus(total, total)
        pair = (scalar >> bit & 1, k >> bit & 1)
        if pair != (0, 0):
            total = _plus(total, {(1, 0): _BASE, (0, 1): minus, (1, 1): both}[pair])
    inverse = pow(total[2], -1, _P)
    x, y = total[0] * inverse % _P, total[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# Signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature)


class Key(NamedTuple):
    """A public key as `vkey` spells it: name+id+base64. `kind` is 1 of a log, 4 of a witness."""

    name: str
    id: bytes
    kind: int
    public: bytes


class Note(NamedTuple):
    """A checkpoint: the first `size` leaves have this root. `signers` are valid, `broken` are known keys with wrong lines."""

    origin: str
    size: int
    root: bytes
    signers: tuple[Key, ...]
    broken: tuple[Key, ...]


def parse_key(vkey: str) -> Key:
    name, _, rest = vkey.strip().partition("+")
    identity, _, encoded = rest.partition("+")
    data = base64.b64decode(encoded, validate=True)
    if hashlib.sha256(name.encode() + b"\n" + data).digest()[:4].hex() != identity:
        raise ValueError(f"公钥 {name} 与它的编号不符")
    return Key(name, bytes.fromhex(identity), data[0], data[1:])


def parse_note(text: str, keys: Sequence[Key]) -> Note:
    """Errors: `ValueError` if it is no checkpoint."""
    body, found, lines = text.rpartition("\n\n")
    origin, size, root, *_ = [*body.split("\n"), "", "", ""]
    if not found or not re.fullmatch("0|[1-9][0-9]*", size) or not lines.endswith("\n"):
        raise ValueError("不是检查点")
    signers: list[Key] = []
    broken: list[Key] = []
    for line in lines.splitlines():
        dash, name, encoded = [*line.split(" "), "", ""][:3]
        data = base64.b64decode(encoded, validate=True)
        if dash != "—" or len(data) < 5:
            raise ValueError("签名行的写法不对")
        for key in keys:
            if (key.name, key.id) == (name, data[:4]):
                (signers if _signed(key, body + "\n", data[4:]) else broken).append(key)
    return Note(origin, int(size), base64.b64decode(root, validate=True), tuple(signers), tuple(broken))


def _signed(key: Key, text: str, signature: bytes) -> bool:
    if key.kind == 4:
        head = f"cosignature/v1\ntime {int.from_bytes(signature[:8], 'big')}\n"
        return ed25519_verifies(key.public, (head + text).encode(), signature[8:])
    return key.kind == 1 and ed25519_verifies(key.public, text.encode(), signature)


# The tree (RFC 6962 §2.1)


class Tree:
    """Roots from some leaves and the hashes of complete subtrees that hold none of them."""

    def __init__(self, leaves: Mapping[int, bytes], nodes: Mapping[str, str]) -> None:
        self.leaves, self._order = leaves, sorted(leaves)
        self._nodes = {
            tuple(map(int, name.split(":"))): bytes.fromhex(hash_) for name, hash_ in nodes.items()
        }
        self._made: dict[tuple[int, int], bytes] = {}
        levels = {level for level, _ in self._nodes}
        # A node above another one could tell two sizes of the tree two stories.
        for level, n in self._nodes:
            if any((up, n >> (up - level)) in self._nodes for up in levels if up > level):
                raise ValueError("证明中的散列互相覆盖")

    def root(self, size: int) -> bytes:
        """Errors: `LookupError` with the index of a leaf that is missing."""
        parts, start = [], 0
        while start < size:
            level = (size - start).bit_length() - 1
            parts.append(self._node(level, start >> level))
            start += 1 << level
        root = parts.pop() if parts else hashlib.sha256().digest()
        while parts:
            root = hashlib.sha256(b"\x01" + parts.pop() + root).digest()
        return root

    def has_strays(self, size: int) -> bool:
        """Whether a leaf lies where the proof has none: beyond the end, or under a node."""
        levels = {level for level, _ in self._nodes}
        return any(
            not 0 <= i < size or any((level, i >> level) in self._nodes for level in levels)
            for i in self._order
        )

    def _node(self, level: int, n: int) -> bytes:
        if (level, n) in self._made:
            return self._made[level, n]
        at = bisect_left(self._order, n << level)
        if at == len(self._order) or self._order[at] >= (n + 1) << level:  # no leaf of ours under it
            if (level, n) in self._nodes:
                return self._nodes[level, n]
            if level == 0:
                raise LookupError(n)
        elif level == 0:
            return self.leaves[n]
        both = self._node(level - 1, 2 * n) + self._node(level - 1, 2 * n + 1)
        return self._made.setdefault((level, n), hashlib.sha256(b"\x01" + both).digest())


# What the bundle holds


class Event(NamedTuple):
    """An event as it lies in the bundle: `body` is None if the bytes are no event; `row` are its columns, None if none fit."""

    data: bytes
    hash: bytes
    body: dict[str, Json] | None
    row: dict[str, Json] | None

    @property
    def is_as_stored(self) -> bool:
        return self.row is not None and self.row.get("hash") == self.hash.hex()


@dataclass
class Contents:
    """One reading of all events: leaf hashes by index as computed and as the tree has them, and what else is compared later."""

    leaves: dict[int, bytes] = field(default_factory=dict)
    claimed: dict[int, bytes] = field(default_factory=dict)
    moments: list[tuple[int, datetime, str, int]] = field(default_factory=list)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    journal: dict[int, dict[str, Json]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    events: int = 0

    def entries(self, kind: str) -> Iterator[dict[str, Json]]:
        return (body for body in self.journal.values() if body["type"] == kind)


def history(members: Mapping[str, bytes], case: str) -> list[Event]:
    lines = members.get(f"events/{case}.jsonl", b"").split(b"\n")
    found = [_body(line) for line in lines[:-1] or lines if line]
    rows = [canonical(line) for line in members.get(f"columns/{case}.jsonl", b"").splitlines()]
    if len(rows) != len(found):
        by_seq = {row["seq"]: row for row in rows if row and "seq" in row}
        rows = [by_seq.get(body["seq"]) if body else None for body in found]
    return [
        Event(line, leaf_hash(line), body, row) for line, body, row in zip(lines, found, rows, strict=False)
    ]


def _body(data: bytes) -> dict[str, Json] | None:
    body = canonical(data)
    wanted = {"case": str, "log": str, "prev": str, "seq": int, "type": str, "actor": dict}
    is_event = (
        body and all(type(body.get(name)) is kind for name, kind in wanted.items()) and moment(body.get("at"))
    )
    return body if is_event else None


def contents(members: Mapping[str, bytes], cases: Sequence[str]) -> Contents:
    found = Contents()
    for case in [JOURNAL, *cases]:
        for event in history(members, case):
            found.events += 1
            index = event.row.get("leaf_index") if event.row else None
            if isinstance(index, int):
                found.leaves[index] = event.hash
                found.claimed[index] = _hash(event.row and event.row.get("leaf"))
            if event.body is None:
                continue
            if isinstance(index, int) and (at := moment(event.body["at"])):
                found.moments.append((index, at, case, event.body["seq"]))
            found.files.update(name.decode() for name in re.findall(rb"sha256:[0-9a-f]{64}", event.data))
            found.heads[case] = event.body["seq"], event.hash.hex()
            if case == JOURNAL:
                found.journal[event.body["seq"]] = event.body
    return found


def _hash(text: Json) -> bytes:
    return bytes.fromhex(text) if isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text) else b""


# Level 1: bytes, chain, columns


def columns(event: Event, case: str) -> dict[str, Json]:
    """The columns of the event table as the bytes have them."""
    body = event.body or {}
    at = moment(body["at"]) or datetime.min
    micros = (at - datetime.fromisoformat("1970-01-01T00:00:00+00:00")) // timedelta(microseconds=1)
    told = {name: body[name] for name in ("prev", "seq", "type")}
    command = body.get("command", f"{JOURNAL}/{body['seq']}")
    return told | {
        "actor": body["actor"].get("id"), "at": micros, "case_id": case, "command": command, "hash": event.hash.hex()
    }  # fmt: skip


def vouched(events: Sequence[Event], known: frozenset[bytes]) -> list[bool]:
    """Which events are those of the signed tree: by a leaf of their own, or by the `prev` of one that is."""
    answers, after = [], ""
    for event in reversed(events):
        answers.append(event.hash in known or after == event.hash.hex())
        after = event.body["prev"] if answers[-1] and event.body else ""
    return answers[::-1]


def first_fault(
    log: str, case: str, events: Sequence[Event], end: tuple[int, str], known: frozenset[bytes]
) -> Finding | None:
    """The first fault of one history. `end` is its last seq and hash; of the journal only some entries are there.

    `known` are the leaf hashes that the signed root vouches for, empty if it vouches for none.
    """
    (last, head), good = end, vouched(events, known)
    seqs = [event.body["seq"] if event.body else 0 for event in events]
    nexts = [(event.body["seq"], event.body["prev"]) if event.body else (0, "") for event in events[1:]] + [
        (0, head)
    ]
    prev, before = tagged("bihuan/genesis/v1", f"{log}\n{case}".encode()), ""
    for position, event in enumerate(events):
        body, seq = event.body, seqs[position] if case == JOURNAL else position + 1
        if body is None:
            return _found("byte_changed", "不是记录的规范字节", case, seq)
        follows = case != JOURNAL or seq == 1 or (position > 0 and seqs[position - 1] == seq - 1)
        is_linked = not follows or body["prev"] == prev
        is_followed = nexts[position][1] == event.hash.hex()
        if not (good[position] or event.is_as_stored or (is_linked and is_followed)):
            is_new = event.row is None and len(events) > last
            return _found("event_inserted" if is_new else "byte_changed", "不是所存、所签的字节", case, seq)
        if body["case"] != case or body["log"] != log:
            return _found("moved_between_cases", f"记录属于 {body['log']} 的事项 {body['case']}", case, seq)
        if kind := _misplaced(seqs, position, last, case == JOURNAL):
            return _found(kind, f"第 {position + 1} 条的序号是 {body['seq']}，应有 {last} 条", case, seq)
        is_cut_off = nexts[position][0] == seqs[position] + 1 and not is_followed
        if not is_linked or (is_cut_off and not good[position]):
            changed = seq if position == 0 or good[position - 1] or is_linked else seq - 1
            return _found("byte_changed", "前后两条的散列不相接", case, changed)
        if body["at"] < before:
            return _found("backdated", f"记录时刻 {body['at']} 早于前一条", case, seq)
        if fault := _column_fault(event, case, good[position], bool(known)):
            return _found(fault[0], fault[1], case, seq)
        prev, before = event.hash.hex(), body["at"]
    if case != JOURNAL and len(events) < last:
        kind = "tail_cut" if events else "case_deleted"
        return _found(kind, f"应有 {last} 条，只有 {len(events)} 条", case, len(events) + 1)
    if case != JOURNAL and prev != head:
        return _found("rewritten", "最后一条的散列不是目录所记的散列", case, last)
    return None


def _found(kind: str, message: str, case: str, seq: int) -> Finding:
    return Finding(1, kind, message, case, seq)


def _misplaced(seqs: Sequence[int], position: int, last: int, is_journal: bool) -> str:
    seq = seqs[position]
    if is_journal:
        return "reordered" if position and seq <= seqs[position - 1] else ""
    if seq == position + 1:
        return "event_inserted" if seq > last else ""
    if sorted(seqs) == list(range(1, len(seqs) + 1)) or (seq > position + 1 and position + 1 in seqs):
        return "reordered"
    return "event_deleted" if seq > position + 1 else "event_inserted"


def _column_fault(event: Event, case: str, is_vouched: bool, is_tree_known: bool) -> tuple[str, str] | None:
    if event.row is None:
        return "column_changed", "没有这条记录的列"
    wrong = [name for name, value in columns(event, case).items() if event.row.get(name, "") != value]
    if wrong:
        return "column_changed", f"列与字节不同：{'、'.join(sorted(wrong))}"
    if event.row.get("leaf") == event.hash.hex():
        return ("rewritten", "树中没有这样的叶") if is_tree_known and not is_vouched else None
    return ("column_changed", "叶的序号或散列被改") if is_vouched else ("rewritten", "入树时是另一条记录")


# Level 2: tree, signatures, witnesses, manifests, rules, files


def tree_faults(
    held: Tree | None, note: Note, earlier: Sequence[Note], outside: Sequence[Note]
) -> Iterator[Finding | str]:
    """What the roots say; a sentence alone where nothing can be decided."""
    for other, is_outside in [*((n, False) for n in earlier), *((n, True) for n in outside)]:
        where = "外部保存的检查点" if is_outside else "较早的检查点"
        if other.origin != note.origin:
            yield f"{where}属于另一个日志 {other.origin}"
        elif other.size > note.size:
            yield Finding(2, "rolled_back", f"{where}已有 {other.size} 片叶，现在只有 {note.size} 片")
        elif other.size == note.size and other.root != note.root:
            yield Finding(2, "split_view", f"{where}与现在的检查点都有 {note.size} 片叶，根不同")
        elif held is not None and (root := _root(held, other.size)) != other.root:
            unknown = f"证据包没有大小为 {other.size} 的证明：用 --checkpoint 重新导出"
            yield Finding(2, "resigned", f"前 {other.size} 片叶不是{where}所签的") if root else unknown


def _root(tree: Tree, size: int) -> bytes | None:
    try:
        return tree.root(size)
    except LookupError:
        return None


def signature_faults(
    note: Note, earlier: Sequence[Note], keys: Sequence[Key], found: Contents, *, is_trusted: bool
) -> Iterator[Finding | str]:
    """Of the latest checkpoint: the log's signature and those of witnesses; and whether the keys are those of the journal."""
    for key in note.broken:
        yield Finding(
            2, "signature_broken" if key.kind == 1 else "resigned", f"{key.name} 的签名与检查点不符"
        )
    if not any(key.kind == 1 for key in note.signers) and not note.broken:
        yield "检查点没有可信密钥的签名"
    for each in earlier:
        if each.broken or not (is_trusted or any(key.kind == 1 for key in each.signers)):
            yield Finding(2, "signature_broken", f"大小为 {each.size} 的较早检查点没有本日志的签名")
    if is_trusted and not {k for k in keys if k.kind == 4} <= {*note.signers, *note.broken}:
        yield "检查点没有所给见证方的签名：重新签名的历史只有见证或外部检查点能发现"
    added = {entry["data"].get("vkey") for entry in found.entries("key.added")}
    if not is_trusted and not {vkey(key) for key in keys} <= added:
        yield Finding(2, "index_changed", "keys.json 中有日志簿没有登记的密钥")
    at = {seq: index for index, _, case, seq in found.moments if case == JOURNAL}
    for entry in found.entries("key.retired"):
        retired, leaf = (
            (entry["data"].get("name"), entry["data"].get("key_id")),
            at.get(entry["seq"], note.size),
        )
        for signed in (note, *earlier):
            if leaf < signed.size and retired in [
                (key.name, key.id.hex()) for key in signed.signers if key.kind == 1
            ]:
                yield Finding(2, "retired_key", f"密钥 {retired[0]} 停用后还在签名", JOURNAL, entry["seq"])


def vkey(key: Key) -> str:
    return f"{key.name}+{key.id.hex()}+{base64.b64encode(bytes([key.kind]) + key.public).decode()}"


def manifest_faults(manifests: Json, index: Json, found: Contents) -> Iterator[Finding]:
    """Every case of the bundle ends where the manifests say, and the manifests are those of the journal."""
    if index["size"] not in [manifest["size"] for manifest in manifests]:
        yield Finding(2, "manifest_broken", "没有导出时的清单")
    for manifest in manifests:
        lines, entry = manifest["lines"], found.journal.get(manifest["entry"], {"type": "", "data": {}})
        told = {name: entry["data"].get(name) for name in ("cases", "events", "root", "size")}
        wanted = {name: manifest[name] for name in ("cases", "size")} | {"root": _manifest_root(manifest)}
        if entry["type"] != "heads.listed" or told != wanted | {"events": told["events"]}:
            yield Finding(2, "manifest_broken", "清单不是日志簿所记的清单", JOURNAL, manifest["entry"])
        elif told["events"] < told["size"]:
            before = [e["data"]["cases"] for e in found.entries("heads.listed") if e["seq"] < entry["seq"]]
            kind = "case_deleted" if max(before, default=0) > told["cases"] else "tail_cut"
            yield Finding(2, kind, f"树中有 {told['size'] - told['events']} 片叶已没有记录")
        for case, (_, seq, head) in lines.items():
            if found.heads.get(case, (seq, head))[0] < seq:
                yield Finding(2, "tail_cut", f"清单记到第 {seq} 条", case, seq)
        for case, end in index["cases"].items():
            if manifest["size"] == index["size"] and lines.get(case, [0, 0, ""])[1:] != end:
                yield Finding(2, "manifest_broken", "清单中没有这个事项，或末条不同", case, end[0])


def _manifests(members: Mapping[str, bytes]) -> list[dict[str, Json]]:
    """None where one of them is not spelled as it should be."""
    try:
        found = json.loads(members["heads.json"])
    except ValueError:
        return []
    wanted = {"cases", "entry", "lines", "nodes", "size"}
    return found if all(isinstance(each, dict) and each.keys() == wanted for each in found) else []


def _manifest_root(manifest: Json) -> str:
    """The root over the lines given and the hashes that stand for the others; empty if they do not suffice."""
    lines = [(at, [case, seq, head]) for case, (at, seq, head) in manifest["lines"].items()]
    spelled = {at: json.dumps(line, separators=(",", ":"), ensure_ascii=False) for at, line in lines}
    if not all(0 <= at < manifest["cases"] for at in spelled) or len(spelled) < len(lines):
        return ""
    tree = Tree({at: leaf_hash(line.encode()) for at, line in spelled.items()}, manifest["nodes"])
    root = _root(tree, manifest["cases"])
    return root.hex() if root else ""


def index_is_signed(members: Mapping[str, bytes], found: Contents) -> bool:
    digest = tagged(FORMAT, members["bundle.json"])
    return any(entry["data"].get("digest") == digest for entry in found.entries("cases.read"))


def index_faults(members: Mapping[str, bytes], index: Json, found: Contents) -> Iterator[Finding]:
    """The directory of the bundle is the one whose digest the journal recorded before the bundle was handed out."""
    is_signed = index_is_signed(members, found)
    if not is_signed:
        reads = [e["data"] for e in found.entries("cases.read") if e["data"].get("what") == "bundle"]
        is_short = bool(reads) and reads[-1]["cases"] > len(index["cases"])
        yield Finding(2, "case_deleted" if is_short else "index_changed", "日志簿没有这个目录的散列")
    present = {name for name in members if name.partition("/")[0] in RULES}
    for name in sorted(present | (index["members"].keys() if is_signed else set())):
        data, (folder, _, file) = members.get(name, b""), name.partition("/")
        is_right = not is_signed or hashlib.sha256(data).hexdigest() == index["members"].get(name)
        if not is_right or (folder in RULES and tagged(RULES[folder][0], data) != file.partition(".")[0]):
            yield Finding(2, RULES.get(folder, ("", "member_changed"))[1], f"{name} 的内容与摘要不符")


def file_faults(members: Mapping[str, bytes], found: Contents) -> Iterator[Finding]:
    listed = {file["digest"]: file["size"] for file in json.loads(members["evidence.json"])}
    for digest in sorted(found.files ^ listed.keys()):
        yield Finding(2, "evidence_swapped", f"evidence.json 与记录不符：{digest}")
    for name in (name for name in members if name.startswith("files/")):
        digest = hashlib.sha256(members[name]).hexdigest()
        if name != f"files/{digest}" or listed.get(f"sha256:{digest}") != len(members[name]):
            yield Finding(2, "evidence_swapped", f"{name} 的内容与摘要不符")


def backdated(moments: Sequence[tuple[int, datetime, str, int]]) -> Iterator[Finding]:
    """Events that say that they are much older than what was in the tree before them."""
    latest = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
    for index, at, case, seq in sorted(moments):
        if (latest - at).total_seconds() > MERGE_SECONDS:
            yield Finding(
                2, "backdated", f"第 {index} 片叶的记录时刻早于先入树的记录 {latest - at}", case, seq
            )
        latest = max(latest, at)


# The whole


def verify(members: Mapping[str, bytes], *, keys: Sequence[str] = (), outside: Sequence[str] = ()) -> Report:
    """Levels 1 and 2. `keys` are trusted vkeys, `outside` notes of checkpoints, both from elsewhere than the bundle."""
    report = Report()
    try:
        for fault in _faults(members, keys, outside, report.facts):
            report.undecided.append(fault) if isinstance(fault, str) else report.findings.append(fault)
    except Undecided as error:
        report.undecided.append(str(error))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        report.findings.append(Finding(1, "member_changed", f"文件的写法不对：{error!r}"))
    return report


def _faults(
    members: Mapping[str, bytes], given: Sequence[str], outside: Sequence[str], facts: dict[str, Json]
) -> Iterator[Finding | str]:
    if "bundle.json" not in members:
        raise Undecided("不是证据包：没有 bundle.json")
    index = canonical(members["bundle.json"])
    if index is None:
        yield Finding(2, "index_changed", "bundle.json 不是规范字节")
        return
    if (index["format"], index["suite"]) != (FORMAT, SUITE):
        raise Undecided(f"不认识的格式：{index['format']}，{index['suite']}")
    cases = sorted({*index["cases"], *(n[7:-6] for n in members if n.startswith("events/"))} - {JOURNAL})
    found = contents(members, cases)
    keys = [parse_key(key) for key in given or [key["vkey"] for key in json.loads(members["keys.json"])]]
    try:
        note = parse_note(members["checkpoint"].decode(), keys)
    except ValueError as error:
        yield Finding(2, "signature_broken", f"检查点的写法不对：{error}")
        return
    facts.update(
        log=index["log"], size=note.size, root=note.root.hex(), cases=len(index["cases"]), events=found.events
    )
    heads = "".join(
        f"{case} {seq} {head}\n" for case, (seq, head) in sorted(found.heads.items()) if case != JOURNAL
    )
    facts["digest"] = hashlib.sha256(f"{index['log']}\n{heads}".encode()).hexdigest()
    facts["levels"] = [1, 2]
    facts["signed_by"] = [vkey(key) for key in note.signers]
    tree, astray = _held(found, json.loads(members["nodes.json"]), note)
    known = frozenset(h for i, h in tree.leaves.items() if 0 <= i < note.size) if tree else frozenset()
    manifests, is_clean, is_signed = _manifests(members), True, index_is_signed(members, found)
    lines = manifests[-1]["lines"] if manifests else {}
    log = index["log"] if is_signed else note.origin
    for case in [JOURNAL, *cases]:
        line = lines.get(case) or [0, *found.heads.get(case, (0, ""))]
        seq, head = index["cases"].get(case, (0, "")) if is_signed else line[1:]
        if fault := first_fault(log, case, history(members, case), (seq, head), known):
            is_clean = False
            yield fault
    try:
        texts = notes_in(members["checkpoints.txt"].decode())
        earlier = [parse_note(text, keys) for text in texts]
    except ValueError as error:
        yield Finding(2, "signature_broken", f"较早检查点的写法不对：{error}")
        return
    if "\n".join(texts).encode() != members["checkpoints.txt"]:
        yield Finding(2, "signature_broken", "checkpoints.txt 中有不是检查点的文字")
    kept = [parse_note(text, keys) for text in outside]
    yield from signature_faults(note, earlier, keys, found, is_trusted=bool(given))
    if note.origin != index["log"]:
        yield Finding(2, "signature_broken", f"检查点属于 {note.origin}")
    if astray and note.signers and is_clean:
        yield astray
    shown = tree_faults(tree, note, [n for n in earlier if n.signers], kept)
    for told in shown if note.signers else ():
        if is_clean or isinstance(told, str) or told.kind in ("rolled_back", "split_view"):
            yield told
    yield from backdated(found.moments)
    yield from manifest_faults(manifests, index, found)
    yield from index_faults(members, index, found)
    yield from file_faults(members, found)


def _held(found: Contents, nodes: Mapping[str, str], note: Note) -> tuple[Tree | None, Finding | None]:
    """The tree of the signed root: over the leaves as computed from the bytes, or else as the log's own tree has them.

    None if neither leads there, and what is wrong then.
    """
    fault = Finding(2, "rewritten", "由记录和证明算出的根不是所签的根")
    for leaves in (found.leaves, found.claimed):
        tree = Tree(leaves, nodes)
        try:
            if tree.root(note.size) == note.root:
                return tree, None
        except LookupError as error:
            fault = Finding(2, "event_deleted", f"缺少第 {error.args[0]} 片叶的记录")
            if len(leaves) < found.events or tree.has_strays(note.size):
                fault = Finding(2, "column_changed", f"有记录的叶序号不对：缺少第 {error.args[0]} 片叶")
    return None, fault


def notes_in(text: str) -> list[str]:
    return re.findall(r"(?:[^\n]+\n)+\n(?:— [^\n]+\n)+", text)


class Zipped(Mapping[str, bytes]):
    """The members of a zip file, read when asked for."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._names = dict.fromkeys(self._zip.namelist())
        if len(self._names) != len(self._zip.infolist()):
            raise Undecided("压缩文件中有同名的文件")

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return self._zip.read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def opened(path: Path) -> Mapping[str, bytes]:
    """A bundle as a zip file, or unpacked in a folder. Errors: `Undecided`."""
    try:
        if path.is_dir():
            files = [file for file in path.rglob("*") if file.is_file()]
            return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}
        return Zipped(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise Undecided(f"打不开证据包：{error}") from error


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description="核验闭环（Bihuan）的证据包：字节、链、树、签名、见证、清单。"
    )
    parser.add_argument(
        "bundle", nargs="?", type=Path, default=Path(__file__).parent, help="证据包，或解开后的文件夹"
    )
    parser.add_argument("--keys", type=Path, help="另外取得的公钥（vkey），每行一个")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="另外保存的检查点")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    asked = parser.parse_args(arguments)
    try:
        keys = asked.keys.read_text("utf-8").split() if asked.keys else ()
        outside = [note for path in asked.checkpoint for note in notes_in(path.read_text("utf-8"))]
        report = verify(opened(asked.bundle), keys=keys, outside=outside)
    except (Undecided, OSError) as error:
        report = Report(undecided=[str(error)])
    text = json.dumps(report.as_data(), ensure_ascii=False, indent=2) if asked.json else words(report)
    sys.stdout.buffer.write(text.encode() + b"\n")
    return report.exit


def words(report: Report) -> str:
    """The report in Chinese."""
    facts, lines = report.facts, []
    if facts:
        lines += [
            f"日志 {facts['log']}，{facts['cases']} 个事项，{facts['events']} 条记录，树 {facts['size']} 片叶"
        ]
        lines += [f"历史摘要 {facts['digest']}", *(f"签名 {key}" for key in facts["signed_by"])]
    levels = "、".join(map(str, facts.get("levels", ())))
    lines.append((f"核验通过：第 {levels} 级没有发现改动", "发现改动或违规", "不能判定")[report.exit])
    return "\n".join(
        [*lines, *(f.words() for f in report.ranked()), *(f"不能判定：{u}" for u in report.undecided)]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
