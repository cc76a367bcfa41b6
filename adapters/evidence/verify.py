"""Verify an evidence bundle of 闭环 Bihuan with Python alone: `python3 -I verify.py [BUNDLE] [--keys FILE] [--checkpoint FILE]`.

Level 1: bytes, columns and chains. Level 2: tree, signatures, witnesses, manifests, and the digests of rules and files.
Levels 3 and 4 (replay, authority) need the installed package: `bihuan audit verify` calls this file first. The format and
all classes of faults are described in docs/reference/bundle.md. Exit: 0 good, 1 tampering or breach, 2 cannot decide.

To read it: `verify` and the two levels after it decide good or bad, over the tree (RFC 6962), the signed notes and Ed25519
(RFC 8032) that follow. What comes under “Naming” only tells the class of a fault that has been found, the rest reads and prints.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

Json = Any

FORMAT, SUITE, JOURNAL = "bihuan/bundle/v1", "sha256", "journal"
MERGE_TIME = timedelta(hours=1)  # between recording and tree, at most: an event that is older was backdated
MOST_BYTES, MOST_RATIO = 2 << 30, 200  # of all members together; of a member to its compressed bytes
MOST_DEEP = 100  # JSON within JSON
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, MemoryError, RecursionError, OverflowError),
    *(NotImplementedError, RuntimeError, ValueError, LookupError),
)
SPELLED = {
    "nodes.json": "rewritten",
    "keys.json": "index_changed",
    "heads.json": "manifest_broken",
    "evidence.json": "evidence_swapped",
}
NODE, HASH = re.compile("(?:0|[1-9][0-9]*):(?:0|[1-9][0-9]*)", re.ASCII), re.compile("[0-9a-f]{64}")
FILE = re.compile("sha256:[0-9a-f]{64}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

# The words of every class; where a bundle shows several, the first in this order is named as the first fault.
CLASSES = {
    "moved_between_cases": "记录被移到别的事项", "byte_changed": "记录的字节被改", "reordered": "记录的次序被改",
    "event_inserted": "多出了记录", "case_deleted": "整个事项被删", "event_deleted": "中间的记录被删",
    "tail_cut": "末尾的记录被删", "column_changed": "数据库的列被改", "backdated": "记录时刻被提前",
    "definition_swapped": "流程定义被替换", "calendar_swapped": "日历被替换", "organisation_swapped": "组织机构被替换",
    "evidence_swapped": "材料被替换", "split_view": "同一大小有两个根", "rolled_back": "日志退回到了以前",
    "resigned": "历史被改写后重新签名", "index_changed": "证据包目录被改", "signature_broken": "签名不成立",
    "retired_key": "用已停用的密钥签名", "rewritten": "历史被改写并重算散列", "manifest_broken": "事项清单不符",
    "member_changed": "证据包的文件被改", "forged": "伪造的记录", "unlawful": "超越职权或违反规则",
}  # fmt: skip

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


Fault = Finding | str  # a sentence where nothing can be decided


def verify(members: Mapping[str, bytes], *, keys: Sequence[str] = (), outside: Sequence[str] = ()) -> Report:
    """Levels 1 and 2. `keys` are trusted vkeys, `outside` notes of checkpoints, both from elsewhere than the bundle."""
    report = Report()
    try:
        for fault in _faults(members, keys, outside, report.facts):
            report.undecided.append(fault) if isinstance(fault, str) else report.findings.append(fault)
    except Undecided as error:
        report.undecided.append(str(error))
    except (RecursionError, MemoryError, OverflowError) as error:
        report.undecided.append(f"证据包过大或嵌套过深：{error!r}")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        report.findings.append(Finding(1, "member_changed", f"文件的写法不对：{error!r}"))
    return report


def _faults(
    members: Mapping[str, bytes], given: Sequence[str], outside: Sequence[str], facts: dict[str, Json]
) -> Iterator[Fault]:
    if "bundle.json" not in members:
        raise Undecided("不是证据包：没有 bundle.json")
    if (index := canonical(members["bundle.json"])) is None:
        yield Finding(2, "index_changed", "bundle.json 不是规范字节")
        return
    if (index["format"], index["suite"]) != (FORMAT, SUITE):
        raise Undecided(f"不认识的格式：{index['format']}，{index['suite']}")
    if unread := [(name, kind) for name, kind in SPELLED.items() if _unreadable(members[name])]:
        yield from (Finding(2, kind, f"{name} 读不出") for name, kind in unread)
        return
    try:
        keys = [parse_key(key) for key in given or [key["vkey"] for key in json.loads(members["keys.json"])]]
    except (ValueError, LookupError, TypeError) as error:
        yield (
            f"公钥读不出：{error}"
            if given
            else Finding(2, "index_changed", f"keys.json 的公钥读不出：{error}")
        )
        return
    try:
        note = parse_note(members["checkpoint"].decode(), keys)
        texts = notes_in(members["checkpoints.txt"].decode())
        earlier = [parse_note(text, keys) for text in texts]
        if "\n".join(texts).encode() != members["checkpoints.txt"]:
            raise ValueError("checkpoints.txt 中有不是检查点的文字")
    except ValueError as error:
        yield Finding(2, "signature_broken", f"检查点的写法不对：{error}")
        return
    if note.size >> 62 or (not note.signers and note.size > MOST_BYTES):
        raise Undecided("检查点没有可信密钥的签名，大小也不可信")
    found, nodes = read(members, index, note), json.loads(members["nodes.json"])
    facts.update(_facts(index, note, found))
    facts["witnessed"] = {key.name: witnessed(key, note, earlier) for key in keys if key.kind == 4}
    facts["outside"] = {"keys": len(given), "notes": len(outside)}
    yield from signature_faults(note, earlier, keys, found, is_trusted=bool(given))
    yield from spelling_faults(members)
    if note.origin != index["log"]:
        yield Finding(2, "signature_broken", f"检查点属于 {note.origin}")
    if found.suspects:
        yield from first_faults(members, found, nodes, note)
    kept = [parse_note(text, keys) for text in outside]
    whole = index["size"] if index["scope"].get("kind") == "whole" else 0
    yield from tree_faults(found, nodes, note, [n for n in earlier if n.signers], kept, whole=whole)
    yield from backdated(found.moments)
    yield from manifest_faults(members, index, found)
    yield from index_faults(members, index, found)
    yield from file_faults(members, found)


def _facts(index: Json, note: Note, found: Contents) -> dict[str, Json]:
    ends = sorted((case, end) for case, end in found.heads.items() if case != JOURNAL)
    heads = "".join(f"{case} {seq} {head}\n" for case, (seq, head) in ends)
    digest = hashlib.sha256(f"{index['log']}\n{heads}".encode()).hexdigest()
    facts = {"log": index["log"], "size": note.size, "root": note.root.hex(), "cases": len(index["cases"])}
    signers = [vkey(key) for key in note.signers]
    return facts | {"events": found.events, "digest": digest, "levels": [1, 2], "signed_by": signers}


# Level 1: bytes, chains, columns
class Event(NamedTuple):
    """An event as it lies in the bundle: `body` is None if the bytes are no event; `row` are its columns, None if none fit."""

    data: bytes
    hash: bytes
    body: dict[str, Json] | None
    row: dict[str, Json] | None


@dataclass
class Contents:
    """What one reading of all events leaves to compare.

    `leaves` are the hashes of the events by their index in the tree, `claimed` those that the log's own tree has there;
    `suspects` the histories that do not hold, with the seq and hash where they should end.
    """

    log: str
    is_signed: bool  # the journal has the digest of bundle.json
    events: int = 0
    leaves: dict[int, bytes] = field(default_factory=dict)
    claimed: dict[int, bytes] = field(default_factory=dict)
    moments: list[tuple[int, datetime, str, int]] = field(default_factory=list)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    journal: dict[int, dict[str, Json]] = field(default_factory=dict)
    entry_hashes: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    suspects: dict[str, tuple[int, str]] = field(default_factory=dict)

    def are_leaves_of(self, size: int) -> bool:
        """Whether each event has a place of its own among the first `size` leaves."""
        return len(self.leaves) == self.events and all(0 <= index < size for index in self.leaves)

    def entries(self, kind: str) -> Iterator[dict[str, Json]]:
        return (body for body in self.journal.values() if body["type"] == kind)

    def add(self, case: str, event: Event) -> None:
        self.events += 1
        row, body = event.row or {}, event.body
        index, leaf = row.get("leaf_index"), str(row.get("leaf"))
        if type(index) is int:
            self.leaves[index] = event.hash
            self.claimed[index] = bytes.fromhex(leaf) if re.fullmatch("[0-9a-f]{64}", leaf) else b""
        if body is None:
            return
        if type(index) is int and (at := moment(body["at"])):
            self.moments.append((index, at, case, body["seq"]))
        self.files.update(files_of(body))
        self.heads[case] = body["seq"], event.hash.hex()
        if case == JOURNAL:
            self.journal[body["seq"]] = body
            self.entry_hashes[str(body["seq"])] = event.hash.hex()


def read(members: Mapping[str, bytes], index: Json, note: Note) -> Contents:
    """Every history once."""
    journal, digest = history(members, JOURNAL), tagged(FORMAT, members["bundle.json"])
    reads = [event.body["data"] for event in journal if event.body and event.body["type"] == "cases.read"]
    is_signed = any(told.get("digest") == digest for told in reads)
    found = Contents(log=index["log"] if is_signed else note.origin, is_signed=is_signed)
    cases = {*index["cases"], *(name[7:-6] for name in members if name.startswith("events/"))} - {JOURNAL}
    for case in [JOURNAL, *sorted(cases)]:
        events = journal if case == JOURNAL else history(members, case)
        for event in events:
            found.add(case, event)
        last, head = index["cases"].get(case, (0, "")) if is_signed else found.heads.get(case, (0, ""))
        if not holds(found.log, case, events, (last, head)):
            found.suspects[case] = last, head
    return found


def history(members: Mapping[str, bytes], case: str) -> list[Event]:
    data = members.get(f"events/{case}.jsonl", b"")
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    bodies = [event_body(line) for line in lines]
    rows = [canonical(line) for line in members.get(f"columns/{case}.jsonl", b"").splitlines()]
    if len(rows) != len(bodies):
        by_seq = {row["seq"]: row for row in rows if row and "seq" in row}
        rows = [by_seq.get(body["seq"]) if body else None for body in bodies]
    return [Event(*each) for each in zip(lines, map(leaf_hash, lines), bodies, rows, strict=True)]


def event_body(data: bytes) -> dict[str, Json] | None:
    body = canonical(data) or {}
    wanted = {"case": str, "log": str, "prev": str, "seq": int, "type": str, "actor": dict}
    is_event = all(type(body.get(name)) is kind for name, kind in wanted.items()) and moment(body.get("at"))
    return body if is_event else None


def files_of(body: Mapping[str, Json]) -> set[str]:
    """The files that an event names: beside a comment, and in fields of files, which are lists of digests and nothing else.

    A digest in what somebody wrote is words, and pulls nobody's file into a bundle.
    """
    asked = body.get("asked")
    fields = asked.get("data") if isinstance(asked, dict) else None
    lists = [asked.get("files"), *(fields.values() if isinstance(fields, dict) else ())] if asked else []
    whole = [each for each in lists if isinstance(each, list) and all(map(_is_file, each))]
    return {digest for each in whole for digest in each}


def _is_file(value: Json) -> bool:
    return isinstance(value, str) and bool(FILE.fullmatch(value))


def holds(log: str, case: str, events: Sequence[Event], end: tuple[int, str]) -> bool:
    """Whether a history is whole: `seq` from 1 without gaps, linked, no moment before the last, columns as the bytes say.

    Of the journal only some entries are here: each is held against the tree, and linked where its neighbour is here too.
    """
    prev, at, last = genesis(log, case), "", 0
    for event in events:
        body, row = event.body, event.row
        if body is None or row is None or (body["case"], body["log"]) != (case, log) or body["at"] < at:
            return False
        is_next = body["seq"] == last + 1
        if (is_next and body["prev"] != prev) or not (is_next or (case == JOURNAL and body["seq"] > last)):
            return False
        if row.get("leaf") != event.hash.hex() or wrong_columns(event, case):
            return False
        prev, at, last = event.hash.hex(), body["at"], body["seq"]
    return case == JOURNAL or (last, prev) == end


def genesis(log: str, case: str) -> str:
    return tagged("bihuan/genesis/v1", f"{log}\n{case}".encode())


def wrong_columns(event: Event, case: str) -> list[str]:
    row = event.row or {}
    return [name for name, value in columns(event, case).items() if row.get(name, "") != value]


def columns(event: Event, case: str) -> dict[str, Json]:
    """The columns of the event table as the bytes have them."""
    body = event.body or {}
    command = body.get("command", f"{JOURNAL}/{body['seq']}")
    micros = ((moment(body["at"]) or EPOCH) - EPOCH) // timedelta(microseconds=1)
    return {name: body[name] for name in ("prev", "seq", "type")} | {
        "actor": body["actor"].get("id"), "at": micros, "case_id": case, "command": command, "hash": event.hash.hex()
    }  # fmt: skip


# Level 2: tree, signatures, witnesses, manifests, rules, files
def tree_faults(
    found: Contents,
    nodes: Mapping[str, str],
    note: Note,
    earlier: Sequence[Note],
    outside: Sequence[Note],
    *,
    whole: int = 0,
) -> Iterator[Fault]:
    """Every event is a leaf under the signed root, and the roots signed before are of the same leaves.

    Where a history does not hold, no root can: it has been named already. Of the first `whole` leaves none may be missing.
    """
    tree, is_asked = Tree(found.leaves, nodes), bool(note.signers and not found.suspects)
    if is_asked and (tree.proven(note.size) != note.root or not found.are_leaves_of(note.size)):
        yield astray(found, tree, note)
        is_asked = False
    gone = next((leaf for leaf in range(whole) if leaf not in found.leaves), None)
    if is_asked and gone is not None:
        yield absent(found, whole, gone)
    named = [*((n, "较早的检查点") for n in earlier), *((n, "外部保存的检查点") for n in outside)]
    for other, where in named:
        if other.origin != note.origin:
            yield f"{where}属于另一个日志 {other.origin}"
        elif other.size > note.size:
            yield Finding(2, "rolled_back", f"{where}已有 {other.size} 片叶，现在只有 {note.size} 片")
        elif other.size == note.size and other.root != note.root:
            yield Finding(2, "split_view", f"{where}与现在的检查点都有 {note.size} 片叶，根不同")
        elif is_asked and (root := tree.proven(other.size)) != other.root:
            unknown = f"证据包没有大小为 {other.size} 的证明：用 --checkpoint 重新导出"
            yield Finding(2, "resigned", f"前 {other.size} 片叶不是{where}所签的") if root else unknown


def signature_faults(
    note: Note, earlier: Sequence[Note], keys: Sequence[Key], found: Contents, *, is_trusted: bool
) -> Iterator[Fault]:
    """The log's signatures and those of witnesses; and whether the keys are those of the journal, in their time."""
    for key in note.broken:
        kind = "signature_broken" if key.kind == 1 else "resigned"
        yield Finding(2, kind, f"{key.name} 的签名与检查点不符")
    if not note.logs and not note.broken:
        yield "检查点没有可信密钥的签名"
    for each in earlier:
        if each.broken or not (is_trusted or each.logs):
            yield Finding(2, "signature_broken", f"大小为 {each.size} 的较早检查点没有本日志的签名")
    for key in [key for key in keys if key.kind == 4] if is_trusted else ():
        if not witnessed(key, note, earlier) and key not in note.broken:
            yield f"没有一个检查点有见证方 {key.name} 的签名：重新签名的历史只有见证或外部检查点能发现"
    added = {entry["data"].get("vkey") for entry in found.entries("key.added")}
    if not is_trusted and not set(map(vkey, keys)) <= added:
        yield Finding(2, "index_changed", "keys.json 中有日志簿没有登记的密钥")
    leaf_of = {seq: index for index, _, case, seq in found.moments if case == JOURNAL}
    for entry in found.entries("key.retired"):
        name, key_id = entry["data"].get("name"), entry["data"].get("key_id")
        later = [each for each in (note, *earlier) if each.size > leaf_of.get(entry["seq"], note.size)]
        if any((key.name, key.id.hex()) == (name, key_id) for each in later for key in each.logs):
            yield Finding(2, "retired_key", f"密钥 {name} 停用后还在签名", JOURNAL, entry["seq"])


def witnessed(key: Key, note: Note, earlier: Sequence[Note]) -> int:
    """The size of the largest checkpoint of this log that the witness cosigned; 0 if there is none.

    The newest has just been signed: what came after the last one that the witness saw, it does not vouch for.
    """
    return max((n.size for n in (note, *earlier) if key in n.signers and n.logs), default=0)


def backdated(moments: Sequence[tuple[int, datetime, str, int]]) -> Iterator[Finding]:
    """Events of cases that say that they are much older than those of cases that were in the tree before them.

    The journal is left out: it tells what was done beside the cases, and one entry of a wrong clock is no fault of theirs.
    """
    latest = EPOCH
    for index, at, case, seq in sorted(each for each in moments if each[2] != JOURNAL):
        if latest - at > MERGE_TIME:
            message = f"第 {index} 片叶的记录时刻早于先入树的记录 {latest - at}"
            yield Finding(2, "backdated", message, case, seq)
        latest = max(latest, at)


def spelling_faults(members: Mapping[str, bytes]) -> Iterator[Finding]:
    """What is read as JSON has one spelling, and beside an event stands one row: no byte of a bundle says nothing."""
    for name, kind in SPELLED.items():
        value = json.loads(members[name])
        if spelled(value) != members[name] or (name == "nodes.json" and not are_nodes(value)):
            yield Finding(2, kind, f"{name} 不是规范字节")
        if name == "heads.json" and not all(are_nodes(each["nodes"]) for each in value):
            yield Finding(2, kind, f"{name} 的散列不是规范写法")
    for name in (name for name in members if name.startswith("columns/")):
        lines = members.get(f"events/{name[8:]}", b"").count(b"\n")
        if members[name].count(b"\n") != lines or members[name][-1:] not in (b"", b"\n"):
            yield Finding(2, "column_changed", f"{name} 与记录不是一行对一行")


def _unreadable(data: bytes) -> bool:
    try:
        return json.loads(data) is None
    except ValueError:
        return True


def are_nodes(nodes: Mapping[str, Json]) -> bool:
    return all(NODE.fullmatch(name) and HASH.fullmatch(hash_) for name, hash_ in nodes.items())


class Manifest(NamedTuple):
    """The last event of every case, of which there are so many: `lines` has those of this bundle, `nodes` prove them."""

    cases: int
    entry: int
    lines: dict[str, tuple[int, int, str]]
    nodes: dict[str, str]
    size: int

    def root(self) -> str:
        """Empty if lines and nodes do not suffice."""
        told = [(at, [case, seq, head]) for case, (at, seq, head) in self.lines.items()]
        data = {at: json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() for at, line in told}
        if len(data) < len(told) or not all(0 <= at < self.cases for at in data):
            return ""
        return (
            Tree({at: leaf_hash(line) for at, line in data.items()}, self.nodes).proven(self.cases) or b""
        ).hex()


def manifest_faults(members: Mapping[str, bytes], index: Json, found: Contents) -> Iterator[Finding]:
    """Every case of the bundle ends where the manifests say, and the manifests are those of the journal."""
    try:
        manifests = [Manifest(**each) for each in json.loads(members["heads.json"])]
    except (ValueError, TypeError):
        manifests = []
    if index["size"] not in [manifest.size for manifest in manifests]:
        yield Finding(2, "manifest_broken", "没有导出时的清单")
    for manifest in manifests:
        entry, lines = found.journal.get(manifest.entry, {"type": "", "data": {}}), manifest.lines
        cases, events, root, size = map(entry["data"].get, ("cases", "events", "root", "size"))
        if entry["type"] != "heads.listed" or (cases, root, size) != (
            manifest.cases,
            manifest.root(),
            manifest.size,
        ):
            yield Finding(2, "manifest_broken", "清单不是日志簿所记的清单", JOURNAL, manifest.entry)
        elif events < size:
            before = [e["data"]["cases"] for e in found.entries("heads.listed") if e["seq"] < entry["seq"]]
            kind = "case_deleted" if max(before, default=0) > cases else "tail_cut"
            yield Finding(2, kind, f"树中有 {size - events} 片叶已没有记录")
        for case, (_, seq, head) in lines.items():
            if case not in index["cases"]:
                yield Finding(2, "case_deleted", "清单有这个事项，目录没有", case, seq)
            elif found.heads.get(case, (seq, head))[0] < seq:
                yield Finding(2, "tail_cut", f"清单记到第 {seq} 条", case, seq)
        for case, end in index["cases"].items():
            if manifest.size == index["size"] and lines.get(case, [0, 0, ""])[1:] != end:
                yield Finding(2, "manifest_broken", "清单中没有这个事项，或末条不同", case, end[0])


def index_faults(members: Mapping[str, bytes], index: Json, found: Contents) -> Iterator[Finding]:
    """The directory of the bundle is the one whose digest the journal recorded before the bundle was handed out."""
    if not found.is_signed:
        reads = [e["data"] for e in found.entries("cases.read") if e["data"].get("what") == "bundle"]
        is_short = bool(reads) and reads[-1]["cases"] > len(index["cases"])
        yield Finding(2, "case_deleted" if is_short else "index_changed", "日志簿没有这个目录的散列")
    elif JOURNAL not in found.suspects:
        for seq, hash_ in index["journal"].items():
            if found.entry_hashes.get(seq) != hash_:
                yield Finding(2, "event_deleted", "目录所列的日志簿记录不在", JOURNAL, int(seq))
    present = {name for name in members if name.partition("/")[0] in RULES}
    for name in sorted(present | (index["members"].keys() if found.is_signed else set())):
        data, (folder, _, file) = members.get(name, b""), name.partition("/")
        tag, kind = RULES.get(folder, ("", "member_changed"))
        is_right = not found.is_signed or hashlib.sha256(data).hexdigest() == index["members"].get(name)
        if not is_right or (tag and tagged(tag, data) != file.partition(".")[0]):
            yield Finding(2, kind, f"{name} 的内容与摘要不符")


def file_faults(members: Mapping[str, bytes], found: Contents) -> Iterator[Finding]:
    listed = {file["digest"]: file["size"] for file in json.loads(members["evidence.json"])}
    for digest in sorted(found.files ^ listed.keys()):
        yield Finding(2, "evidence_swapped", f"evidence.json 与记录不符：{digest}")
    for name in (name for name in members if name.startswith("files/")):
        digest = hashlib.sha256(members[name]).hexdigest()
        if name != f"files/{digest}" or listed.get(f"sha256:{digest}") != len(members[name]):
            yield Finding(2, "evidence_swapped", f"{name} 的内容与摘要不符")


# Bytes (docs/reference/event-bytes.md)
def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def tagged(tag: str, data: bytes) -> str:
    return hashlib.sha256(tag.encode() + b"\n" + data).hexdigest()


def canonical(data: bytes) -> dict[str, Json] | None:
    """The object of which these are the canonical bytes; None if they are not."""
    try:
        value = json.loads(data, parse_float=_refuse, parse_constant=_refuse)
        again = spelled(value)
    except (ValueError, RecursionError):
        return None
    return value if again == data and isinstance(value, dict) and _is_shallow(data) else None


def spelled(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _is_shallow(data: bytes) -> bool:
    """Whether nothing lies deeper than `MOST_DEEP`, so that whatever reads it next need not fear for its stack."""
    if data.count(b"[") + data.count(b"{") <= MOST_DEEP:
        return True
    depth = deepest = 0
    for mark in re.findall(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', data):
        depth += (mark in b"[{") - (mark in b"]}")
        deepest = max(deepest, depth)
    return deepest <= MOST_DEEP


def moment(text: Json) -> datetime | None:
    is_spelled = isinstance(text, str) and MOMENT.fullmatch(text)
    try:
        return datetime.fromisoformat(text) if is_spelled else None
    except ValueError:
        return None


def _refuse(text: str) -> Json:
    raise ValueError(text)


# The tree (RFC 6962 §2.1)
class Tree:
    """Roots from some leaves and the hashes of complete subtrees that hold none of them."""

    def __init__(self, leaves: Mapping[int, bytes], nodes: Mapping[str, str]) -> None:
        self.leaves, self._order = leaves, sorted(leaves)
        self.nodes = {tuple(map(int, name.split(":"))): bytes.fromhex(hash_) for name, hash_ in nodes.items()}
        self._made: dict[tuple[int, int], bytes] = {}
        levels = {level for level, _ in self.nodes}
        # A node above another one could tell two sizes of the tree two stories.
        for level, n in self.nodes:
            if any((up, n >> (up - level)) in self.nodes for up in levels if up > level):
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

    def proven(self, size: int) -> bytes | None:
        """The root, None if a leaf is missing."""
        try:
            return self.root(size)
        except LookupError:
            return None

    def _node(self, level: int, n: int) -> bytes:
        if (level, n) in self._made:
            return self._made[level, n]
        at = bisect_left(self._order, n << level)
        if at == len(self._order) or self._order[at] >= (n + 1) << level:  # no leaf of ours under it
            if (level, n) in self.nodes:
                return self.nodes[level, n]
            if level == 0:
                raise LookupError(n)
        elif level == 0:
            return self.leaves[n]
        both = self._node(level - 1, 2 * n) + self._node(level - 1, 2 * n + 1)
        return self._made.setdefault((level, n), hashlib.sha256(b"\x01" + both).digest())


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

    @property
    def logs(self) -> list[Key]:
        return [key for key in self.signers if key.kind == 1]


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
    if not found or not re.fullmatch("0|[1-9][0-9]{0,18}", size) or not lines.endswith("\n"):
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


def vkey(key: Key) -> str:
    return f"{key.name}+{key.id.hex()}+{base64.b64encode(bytes([key.kind]) + key.public).decode()}"


def notes_in(text: str) -> list[str]:
    """Line by line: a text, an empty line, lines of signatures."""
    found: list[str] = []
    body: list[str] = []
    signatures: list[str] = []
    for line in [*text.split("\n"), ""]:
        is_signature = len(body) > 1 and body[-1] == "" and line.startswith("— ")
        if is_signature:
            signatures.append(line)
            continue
        if signatures:
            found.append("\n".join([*body, *signatures, ""]))
            body, signatures = [], []
        if line:
            if body and body[-1] == "":
                body = []
            body.append(line)
        elif body:
            body = [] if body[-1] == "" else [*body, ""]
    return found


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


# Naming: only what is known to be bad comes here, to be called by what was done to it
def first_faults(
    members: Mapping[str, bytes], found: Contents, nodes: Mapping[str, str], note: Note
) -> Iterator[Finding]:
    """The first fault of each history that does not hold."""
    trees = [Tree(leaves, nodes) for leaves in (found.leaves, found.claimed)]
    signed = next((tree.leaves for tree in trees if tree.proven(note.size) == note.root), {})
    known = {hash_ for index, hash_ in signed.items() if 0 <= index < note.size}
    for case, end in found.suspects.items():
        kind, message, seq = first_fault(found.log, case, history(members, case), end, known)
        yield Finding(1, kind, message, case, seq)


def first_fault(
    log: str, case: str, events: Sequence[Event], end: tuple[int, str], known: set[bytes]
) -> tuple[str, str, int]:
    """Class, words and seq. `known` are the leaves under the signed root, as the bytes or else as the log's tree has them."""
    (last, head), seqs = end, [event.body["seq"] if event.body else 0 for event in events]
    prevs = [*(event.body["prev"] if event.body else "" for event in events), head]
    prev, before = genesis(log, case), ""
    for n, event in enumerate(events):
        body, row, hash_ = event.body, event.row or {}, event.hash.hex()
        seq = seqs[n] if case == JOURNAL else n + 1
        if body is None:
            return "byte_changed", "不是记录的规范字节", seq
        is_signed = event.hash in known if known else row.get("leaf", hash_) == hash_
        is_next = case != JOURNAL or seq == 1 or (n > 0 and seqs[n - 1] == seq - 1)
        is_rewritten = row.get("hash") == hash_ and (case == JOURNAL or prevs[n + 1] == hash_)
        if not is_signed and not is_rewritten:
            return "event_inserted" if len(events) > last > 0 else "byte_changed", "不是所存、所签的字节", seq
        if (body["case"], body["log"]) != (case, log):
            return "moved_between_cases", f"记录属于 {body['log']} 的事项 {body['case']}", seq
        if kind := misplaced(seqs, n, last, case):
            return kind, f"第 {n + 1} 条的序号是 {body['seq']}，应有 {last} 条", seq
        if is_next and body["prev"] != prev:
            return "byte_changed", "与前一条的散列不相接", seq
        if body["at"] < before:
            return "backdated", f"记录时刻 {body['at']} 早于前一条", seq
        if wrong := wrong_columns(event, case):
            return "column_changed", f"列与字节不同：{'、'.join(sorted(wrong))}", seq
        if row.get("leaf") != hash_:
            return "column_changed" if is_signed else "rewritten", "入树的是另一片叶", seq
        prev, before = hash_, body["at"]
    if len(events) < last:
        kind = "tail_cut" if events else "case_deleted"
        return kind, f"应有 {last} 条，只有 {len(events)} 条", len(events) + 1
    return "rewritten", "最后一条的散列不是目录所记的散列", last


def misplaced(seqs: Sequence[int], n: int, last: int, case: str) -> str:
    """What was done where event `n` has not the seq of its place; empty if it has."""
    if case == JOURNAL:
        return "reordered" if n and seqs[n] <= seqs[n - 1] else ""
    if seqs[n] == n + 1:
        return "event_inserted" if seqs[n] > last else ""
    if sorted(seqs) == list(range(1, len(seqs) + 1)) or (seqs[n] > n + 1 and n + 1 in seqs):
        return "reordered"
    return "event_deleted" if seqs[n] > n + 1 else "event_inserted"


def astray(found: Contents, tree: Tree, note: Note) -> Finding:
    """What is wrong where every history holds, and yet they do not lead to the signed root."""
    above = {(level, i >> level) for i in found.leaves for level in range(note.size.bit_length())}
    is_moved = not found.are_leaves_of(note.size) or not above.isdisjoint(tree.nodes)
    try:
        kind, why = "column_changed" if tree.root(note.size) == note.root else "rewritten", "叶或证明不对"
    except LookupError as error:
        kind, why = "column_changed" if is_moved else "event_deleted", f"缺少第 {error.args[0]} 片叶的记录"
    return Finding(2, kind, f"由记录和证明得不到所签的根：{why}")


def absent(found: Contents, size: int, gone: int) -> Finding:
    """What is missing from a bundle that should have all of the first `size` leaves."""
    listed = [e["data"]["cases"] for e in found.entries("heads.listed") if e["data"]["size"] == size]
    is_case = max(listed, default=0) > len({JOURNAL, *found.heads})
    is_gap = len(found.journal) < max(found.journal, default=0)
    kind = "case_deleted" if is_case else "event_deleted" if is_gap else "tail_cut"
    return Finding(2, kind, f"整个日志的证据包缺少第 {gone} 片叶的记录")


# Opening a bundle, and the command line
class Zipped(Mapping[str, bytes]):
    """The members of a zip file, read when asked for. What it says of their size is held against `MOST_BYTES` first."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._names = dict.fromkeys(self._zip.namelist())
        if len(self._names) != len(self._zip.infolist()):
            raise Undecided("压缩文件中有同名的文件")
        told = self._zip.infolist()
        if sum(each.file_size for each in told) > MOST_BYTES or any(map(_is_bomb, told)):
            raise Undecided("压缩文件解开后过大")

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        try:
            return self._zip.read(name)
        except UNREADABLE as error:
            raise Undecided(f"读不出 {name}：{error}") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _is_bomb(told: zipfile.ZipInfo) -> bool:
    return told.file_size > MOST_RATIO * max(told.compress_size, 1 << 18)


def opened(path: Path) -> Mapping[str, bytes]:
    """A bundle as a zip file, or unpacked in a folder. Errors: `Undecided`."""
    try:
        if path.is_dir():
            files = [file for file in path.rglob("*") if file.is_file()]
            if sum(file.stat().st_size for file in files) > MOST_BYTES:
                raise Undecided("证据包过大")
            return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}
        return Zipped(path)
    except UNREADABLE as error:
        raise Undecided(f"打不开证据包：{error}") from error


def keys_from(path: Path | None) -> list[str]:
    """Public keys, one a line. Errors: `Undecided` where a line is none, or the file has none."""
    if path is None:
        return []
    lines = [line.strip() for line in _text(path).splitlines() if line.strip()]
    try:
        for line in lines:
            parse_key(line)
    except (ValueError, IndexError) as error:
        raise Undecided(f"{path} 中有不是公钥的文字：{error}") from error
    if not lines:
        raise Undecided(f"{path} 中没有公钥（vkey）")
    return lines


def notes_from(paths: Sequence[Path]) -> list[str]:
    """The checkpoints in some files, whatever ends their lines. Errors: `Undecided` where a file has none."""
    found: list[str] = []
    for path in paths:
        text = "".join(f"{line.rstrip()}\n" for line in _text(path).splitlines())
        notes = notes_in(text)
        if not notes or any(not _is_note(each) for each in notes):
            raise Undecided(f"{path} 中没有读得出的检查点")
        found += notes
    return found


def _is_note(text: str) -> bool:
    try:
        return bool(parse_note(text, ()))
    except ValueError:
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise Undecided(f"读不出 {path}：{error}") from error


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description="核验闭环（Bihuan）的证据包：字节、链、树、签名、见证、清单。"
    )
    here = Path(__file__).parent
    parser.add_argument("bundle", nargs="?", type=Path, default=here, help="证据包，或解开后的文件夹")
    parser.add_argument("--keys", type=Path, help="另外取得的公钥（vkey），每行一个")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], help="另外保存的检查点")
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    asked = parser.parse_args(arguments)
    try:
        keys, outside = keys_from(asked.keys), notes_from(asked.checkpoint)
        report = verify(opened(asked.bundle), keys=keys, outside=outside)
    except (Undecided, *UNREADABLE) as error:
        report = Report(undecided=[str(error) or repr(error)])
    text = json.dumps(report.as_data(), ensure_ascii=False, indent=2) if asked.json else words(report)
    sys.stdout.buffer.write(text.encode() + b"\n")
    return report.exit


def words(report: Report) -> str:
    """The report in Chinese."""
    lines, told = [], report.facts
    if told:
        lines += [
            f"日志 {told['log']}，{told['cases']} 个事项，{told['events']} 条记录，树 {told['size']} 片叶"
        ]
        lines += [f"历史摘要 {told['digest']}", *(f"签名 {key}" for key in told["signed_by"])]
        lines += [f"见证 {name} 至 {size} 片叶" for name, size in told["witnessed"].items()]
        lines += [f"另外取得的公钥 {told['outside']['keys']} 个，检查点 {told['outside']['notes']} 个"]
    levels = "、".join(map(str, told.get("levels", ())))
    lines.append((f"核验通过：第 {levels} 级没有发现改动", "发现改动或违规", "不能判定")[report.exit])
    return "\n".join(
        [*lines, *(f.words() for f in report.ranked()), *(f"不能判定：{u}" for u in report.undecided)]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
