"""Keys: the log's own in a file, and which public keys the journal says are good for what.

A private key never enters the database. Hardware and other algorithms come in as another `engine.notes.Signer`.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from adapters.db.database import Database
from adapters.evidence.journal import Journal
from engine import notes
from engine.access import Actor
from engine.audit.journal import EntryType
from engine.errors import BihuanError
from engine.notes import COSIGNATURE, ED25519, CosignatureVerifier, Signer, Verifier

__all__ = [
    "Ed25519Key",
    "Ed25519Verifier",
    "KeyRefused",
    "LogKeys",
    "TrustedKey",
    "key_name",
    "make_key",
    "read_key",
    "verifier_of",
]

ALGORITHM: Final = "ed25519"
Use = Literal["log", "witness"]
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_NO_NAME = re.compile(r"[\s+]+")


class KeyRefused(BihuanError):
    """Raised when a key cannot be used: missing, unreadable, of another kind, or not the one that the journal names."""

    code, kind = "key_refused", "conflict"


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """`engine.notes.Signer` with a private key in memory; `algorithm` says what it signs: notes, or cosignatures."""

    name: str
    private: Ed25519PrivateKey
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        return notes.key_id(self.name, self.algorithm, self._public)

    @property
    def vkey(self) -> str:
        return notes.vkey(self.name, self.algorithm, self._public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    @property
    def _public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Ed25519Verifier:
    """`engine.notes.Verifier` of a public key."""

    name: str
    key_id: bytes
    public_key: bytes

    def verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that the journal named, and whether it still signs."""

    name: str
    vkey: str
    use: str
    since: str
    retired: str = ""


def key_name(log: str) -> str:
    """The name of a log's key: the log's, without blanks and plus signs, which a key name may not have."""
    return _NO_NAME.sub("-", log.strip()) or "log"


def verifier_of(vkey: str) -> Verifier:
    """Errors: `engine.notes.Malformed`, `KeyRefused` for an algorithm that this release does not know."""
    key = notes.parse_vkey(vkey)
    plain = Ed25519Verifier(key.name, key.key_id, key.public_key)
    if key.algorithm == ED25519:
        return plain
    if key.algorithm == COSIGNATURE:
        return CosignatureVerifier(key.name, key.key_id, plain)
    raise KeyRefused(f"不认识公钥 {key.name} 的算法 {key.algorithm:#04x}", hint="本版本使用 Ed25519")


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new key in a file that only its owner may read. Errors: `FileExistsError`, `OSError`."""
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # mkstemp makes it 0600; linked when it is whole, for another process may read it at once.
    opened, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)
    finally:
        os.unlink(fresh)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Errors: `KeyRefused`."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyRefused(
            f"不能读取密钥 {path}：{error}", hint="检查文件和权限；密钥为 PKCS8 格式的 Ed25519"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused(f"密钥 {path} 不是 Ed25519", hint="bihuan audit key rotate 换一把")
    return key


class LogKeys:
    """The log's key at `path`, checked against the journal."""

    def __init__(self, database: Database, journal: Journal, path: Path) -> None:
        self._database = database
        self._journal = journal
        self._path = path
        self._name = key_name(journal.log)
        self._read: tuple[tuple[int, int], Ed25519Key] | None = None

    def signer(self, now: datetime) -> Signer:
        """The key that the journal names; made and told to the journal where it names none yet. Errors: `KeyRefused`."""
        active = self.active()
        if active is None:
            active = self._first(now)
        found = self._own()
        if found.vkey != active.vkey:
            raise self._another(active)
        return found

    def fault(self) -> str:
        """Why this process cannot sign; empty if it can, or will when it first needs to. Changes nothing."""
        active = self.active()
        if active is None:
            return ""
        try:
            return "" if self._own().vkey == active.vkey else self._another(active).message
        except KeyRefused as error:
            return error.message

    def known(self) -> list[TrustedKey]:
        """Every key that the journal ever named, in that order."""
        return _known(self._journal.entries(EntryType.KEY_ADDED, EntryType.KEY_RETIRED))

    def active(self) -> TrustedKey | None:
        """The log's key that signs now."""
        return _active(self.known())

    def verifiers(self, *uses: Use) -> list[Verifier]:
        """Of every key for these uses, retired ones too: what they signed stays signed."""
        return [verifier_of(key.vkey) for key in self.known() if key.use in (uses or ("log", "witness"))]

    def rotate(self, now: datetime, *, actor: Actor, reason: str) -> TrustedKey:
        """A new key takes over; the old file stays beside it under the old key's id. Errors: `KeyRefused`."""
        old = self.active()
        if old is None:
            self.signer(now)
            return self._required()
        id_ = notes.parse_vkey(old.vkey).key_id.hex()
        # A name of its own: another process may rotate at the same time.
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}.new")
        new = Ed25519Key(self._name, make_key(fresh))
        retired = {"key_id": id_, "name": old.name, "reason": reason}
        added = _addition(new.name, new.vkey, "log")
        try:
            with self._database.writing() as connection:
                self._journal.lock(connection)
                if _active(self._known_in(connection)) != old:
                    raise KeyRefused(
                        "另一个操作刚换过密钥", hint="bihuan audit key list 核对，确需再换的重来"
                    )
                self._journal.append(connection, EntryType.KEY_RETIRED, retired, actor=actor, at=now)
                self._journal.append(connection, EntryType.KEY_ADDED, added, actor=actor, at=now)
                # Before the commit: the journal must never name a key whose file could be missing.
                if self._path.exists():
                    os.replace(self._path, self._path.with_name(f"{self._path.name}.{id_}"))
                os.replace(fresh, self._path)
        finally:
            fresh.unlink(missing_ok=True)
        return self._required()

    def remark(self) -> str:
        """What is unwise about the file of the key, though it signs; empty if nothing is, or there is none."""
        try:
            mode = self._path.stat().st_mode
        except OSError:
            return ""
        if not mode & _OTHERS:
            return ""
        return f"日志密钥 {self._path} 不只属主可以读写（{stat.S_IMODE(mode):04o}）：chmod 600，并考虑换一把"

    def trust(self, vkey: str, now: datetime, *, actor: Actor) -> TrustedKey:
        """A witness's public key. Errors: `engine.notes.Malformed`, `KeyRefused`."""
        key = notes.parse_vkey(vkey)
        if key.algorithm != COSIGNATURE:
            raise KeyRefused(
                f"{key.name} 不是见证方的公钥（类型须为 0x04）", hint="请见证方运行 bihuan audit witness key"
            )
        verifier_of(vkey)
        with self._database.writing() as connection:
            self._journal.lock(connection)
            if _standing(self._known_in(connection), vkey.strip()) is None:
                added = _addition(key.name, vkey.strip(), "witness")
                self._journal.append(connection, EntryType.KEY_ADDED, added, actor=actor, at=now)
        return next(k for k in self.known() if k.vkey == vkey.strip() and not k.retired)

    def distrust(self, vkey: str, now: datetime, *, actor: Actor, reason: str) -> None:
        """From now on the witness's key signs nothing more. Errors: `KeyRefused`."""
        known = _standing(self.known(), vkey.strip())
        if known is None or known.use != "witness":
            raise KeyRefused("没有这把见证公钥", hint="bihuan audit key list 列出公钥")
        retired = {
            "key_id": notes.parse_vkey(vkey).key_id.hex(),
            "name": known.name,
            "reason": reason,
        }
        self._journal.record(EntryType.KEY_RETIRED, retired, actor=actor, at=now)

    def _first(self, now: datetime) -> TrustedKey:
        """Two processes may begin at once: the journal's lock lets one name its key, and the other finds it named."""
        own = self._own(make=True)
        with self._database.writing() as connection:
            self._journal.lock(connection)
            if _active(self._known_in(connection)) is None:
                added = _addition(own.name, own.vkey, "log")
                self._journal.append(connection, EntryType.KEY_ADDED, added, actor=None, at=now)
        return self._required()

    def _own(self, *, make: bool = False) -> Ed25519Key:
        if make and not self._path.exists():
            try:
                make_key(self._path)
            except FileExistsError:
                pass  # another process of this machine was first
            except OSError as error:
                raise KeyRefused(f"不能建立密钥 {self._path}：{error}", hint="检查 BIHUAN_LOG_KEY") from error
        try:
            status = self._path.stat()
        except OSError as error:
            raise KeyRefused(
                f"没有日志密钥 {self._path}", hint="放回密钥，或 bihuan audit key rotate 换一把"
            ) from error
        stamp = (status.st_ino, status.st_mtime_ns)
        if self._read is None or self._read[0] != stamp:
            self._read = (stamp, Ed25519Key(self._name, read_key(self._path)))
        return self._read[1]

    def _known_in(self, connection: Any) -> list[TrustedKey]:
        return _known(self._journal.entries_in(connection, EntryType.KEY_ADDED, EntryType.KEY_RETIRED))

    def _required(self) -> TrustedKey:
        found = self.active()
        if found is None:
            raise KeyRefused("日志没有签名密钥", hint="bihuan audit key rotate")
        return found

    def _another(self, active: TrustedKey) -> KeyRefused:
        return KeyRefused(
            f"密钥 {self._path} 不是日志正在使用的密钥 {active.vkey}",
            hint="放回原来的密钥；确需更换，运行 bihuan audit key rotate",
        )


def _addition(name: str, vkey: str, use: Use) -> dict[str, str]:
    return {"algorithm": ALGORITHM, "name": name, "use": use, "vkey": vkey}


def _known(entries: Iterable[dict[str, Any]]) -> list[TrustedKey]:
    found: list[TrustedKey] = []
    for entry in entries:
        data = entry["data"]
        if entry["type"] == EntryType.KEY_ADDED:
            found.append(TrustedKey(data["name"], data["vkey"], data["use"], entry["at"]))
            continue
        ids = [(key.name, notes.parse_vkey(key.vkey).key_id.hex()) for key in found]
        for at, id_ in enumerate(ids):
            if id_ == (data["name"], data["key_id"]) and not found[at].retired:
                key = found[at]
                found[at] = TrustedKey(key.name, key.vkey, key.use, key.since, entry["at"])
    return found


def _active(keys: Iterable[TrustedKey]) -> TrustedKey | None:
    return next((key for key in keys if key.use == "log" and not key.retired), None)


def _standing(keys: Iterable[TrustedKey], vkey: str) -> TrustedKey | None:
    return next((key for key in keys if key.vkey == vkey and not key.retired), None)
