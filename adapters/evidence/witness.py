"""A witness: the next level up, which looks whether a log only grew since it looked last, and cosigns (C2SP tlog-cosignature).

It works from the log's public pages or from files, keeps its own state and needs neither the log's database nor its word.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from adapters.evidence.keys import Ed25519Key, KeyRefused, make_key, read_key, verifier_of
from engine import notes, tree
from engine.errors import BihuanError
from engine.notes import COSIGNATURE, Checkpoint, Malformed, Signature, Signer

__all__ = [
    "Advance",
    "LogUnreachable",
    "NotWitnessed",
    "Seen",
    "Witness",
    "advance_text",
    "fetched",
    "parse_advance",
    "seen_by",
    "send",
    "witness_key",
]

_MOST_BYTES: Final = 256 * 1024
_SECONDS: Final = 30
_DECIMAL: Final = re.compile("[0-9]{1,19}", re.ASCII)


class NotWitnessed(BihuanError):
    """Raised when a log cannot be cosigned: it went back, shows two trees, or does not prove that it only grew."""

    code, kind = "not_witnessed", "conflict"


class LogUnreachable(BihuanError):
    """Raised when the pages of a log cannot be read."""

    code, kind = "log_unreachable", "unavailable"


@dataclass(frozen=True, slots=True)
class Advance:
    """A checkpoint, and that its tree begins with the one of `old` leaves: what a witness is asked to look at."""

    old: int
    proof: tuple[bytes, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The last checkpoint of a log that the witness cosigned."""

    size: int
    root: bytes
    note: str


def witness_key(path: Path, name: str = "") -> Ed25519Key:
    """The witness's key, made where there is none yet; its name stands beside it in a file that may be handed on.

    Errors: `KeyRefused`, `Malformed`.
    """
    public = path.with_name(f"{path.name}.vkey")
    if path.exists():
        known = notes.parse_vkey(public.read_text("utf-8"))
        return Ed25519Key(known.name, read_key(path), COSIGNATURE)
    if not name:
        raise KeyRefused(f"没有见证方的密钥 {path}", hint="bihuan audit witness key --name 名称")
    notes.require_name(name)  # before anything is written
    made = Ed25519Key(name, make_key(path), COSIGNATURE)
    public.write_text(f"{made.vkey}\n", encoding="utf-8")
    return made


def seen_by(state: Path) -> dict[str, Seen]:
    """What a witness last cosigned, by log. Errors: `Malformed`."""
    return _read(state)


def advance_text(advance: Advance) -> str:
    """As a file: the body of `add-checkpoint` of C2SP tlog-witness."""
    hashes = "".join(f"{base64.b64encode(hash_).decode()}\n" for hash_ in advance.proof)
    return f"old {advance.old}\n{hashes}\n{advance.note}"


def parse_advance(text: str) -> Advance:
    """Errors: `Malformed`."""
    head, found, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, number = first.partition(" ")
    if not found or word != "old" or not _DECIMAL.fullmatch(number):
        raise Malformed("第一行须为 old 和树的大小", hint="由 bihuan audit checkpoint show --since 生成")
    try:
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except binascii.Error as error:
        raise Malformed("证明须为 base64", hint="原样传送文件") from error
    return Advance(int(number), proof, note)


@dataclass(frozen=True, slots=True)
class Witness:
    """`state` is the witness's own file; `trusted` are the vkeys of the logs that it looks after."""

    signer: Signer
    state: Path
    trusted: Sequence[str]

    def seen(self, origin: str) -> Seen | None:
        """What it last cosigned of this log. Errors: `Malformed` for a state file that cannot be read."""
        return _read(self.state).get(origin)

    def cosign(self, advance: Advance, now: datetime) -> Signature:
        """Look, remember, then sign. Errors: `Unsigned`, `Malformed`, `NotWitnessed`."""
        text = notes.opened(advance.note, [verifier_of(vkey) for vkey in self.trusted]).text
        found = notes.parse_checkpoint(text)
        with _locked(self.state):
            state = _read(self.state)
            _require_grown(state.get(found.origin), found, advance)
            # Written down first: a signature that the witness forgot could be followed by another tree of that size.
            _write(self.state, {**state, found.origin: Seen(found.size, found.root, advance.note)})
        return notes.cosignature_line(text, self.signer, int(now.timestamp()))


def fetched(address: str, witness: Witness) -> Advance:
    """The last checkpoint of the log at this address, with the proof from what the witness saw.

    Errors: `LogUnreachable`, `Malformed`.
    """
    note = _text(_get(f"{address}/checkpoint"), address)
    found = notes.parse_checkpoint(note)
    seen = witness.seen(found.origin)
    old = seen.size if seen else 0
    if old > found.size:
        return Advance(old, (), note)  # refused by `cosign`, with the reason
    answer = _get(f"{address}/proof/consistency?old={old}&new={found.size}")
    return Advance(old, _proof(answer, address), note)


def send(address: str, note: str) -> None:
    """Hand the cosigned note to the log. Errors: `LogUnreachable`."""
    _get(f"{address}/cosignatures", note.encode())


def _require_grown(seen: Seen | None, found: Checkpoint, advance: Advance) -> None:
    """Errors: `NotWitnessed`."""
    old, root = (seen.size, seen.root) if seen else (0, tree.EMPTY_ROOT)
    if found.size < old:
        raise NotWitnessed(
            f"日志“{found.origin}”退回到 {found.size} 条，上次见证时有 {old} 条：记录被删除或数据库被恢复",
            hint="不要见证；请日志所在单位说明，并保存两份检查点",
            size=found.size,
            seen=old,
        )
    if advance.old != old:
        raise NotWitnessed(
            f"证明从 {advance.old} 条算起，上次见证时有 {old} 条",
            hint=f"请对方给出从 {old} 起的证明",
            seen=old,
        )
    if found.size == old and found.root != root:
        raise NotWitnessed(
            f"日志“{found.origin}”的 {old} 条记录有两个不同的树根：记录被改写，或对不同的人出示不同的日志",
            hint="不要见证；保存两份检查点，它们本身就是证据",
            seen=old,
        )
    if not tree.is_consistent(old, root, found.size, found.root, advance.proof):
        raise NotWitnessed(
            f"日志“{found.origin}”没有证明它只是增加了记录", hint="不要见证；请对方重新给出证明", seen=old
        )


# The state file


def _read(path: Path) -> dict[str, Seen]:
    try:
        data = json.loads(path.read_text("utf-8"))
        return {
            origin: Seen(each["size"], bytes.fromhex(each["root"]), each["note"])
            for origin, each in data.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed(
            f"见证方的状态文件 {path} 不能读取", hint="从备份恢复；它是见证方的记忆，不可丢"
        ) from error


def _write(path: Path, state: dict[str, Seen]) -> None:
    data = {
        origin: {"note": seen.note, "root": seen.root.hex(), "size": seen.size}
        for origin, seen in state.items()
    }
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One look at a time, or a later one could be forgotten for an earlier."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# The pages of a log


def _text(answer: bytes, address: str) -> str:
    try:
        return answer.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"{address} 的检查点不是文字", hint="核对网址") from error


def _proof(answer: bytes, address: str) -> tuple[bytes, ...]:
    try:
        found: Any = json.loads(answer)
        return tuple(bytes.fromhex(hash_) for hash_ in found["proof"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(f"{address} 给出的证明不能读取", hint="核对网址；请日志所在单位检查") from error


def _get(address: str, body: bytes | None = None) -> bytes:
    if not address.startswith(("http://", "https://")):
        raise LogUnreachable(f"{address} 不是网址", hint="写 https://主机/api/v1/log")
    request = urllib.request.Request(
        address, data=body, headers={"Content-Type": "text/plain; charset=utf-8"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            found: bytes = answer.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise LogUnreachable(
            f"{address} 回答 {error.code}：{error.read(2000).decode(errors='replace')}", hint="核对网址"
        ) from error
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise LogUnreachable(f"不能读取 {address}：{error}", hint="核对网址和网络") from error
    if len(found) > _MOST_BYTES:
        raise LogUnreachable(f"{address} 的回答过长", hint="核对网址")
    return found
