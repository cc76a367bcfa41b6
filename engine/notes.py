"""Signed notes: checkpoints, cosignatures of witnesses and proofs as text (C2SP signed-note, tlog-checkpoint,
tlog-cosignature, tlog-proof). Pure: keys are handed in as `Signer` and `Verifier`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from engine.errors import BihuanError

__all__ = [
    "COSIGNATURE",
    "ED25519",
    "Checkpoint",
    "CosignatureVerifier",
    "Malformed",
    "Opened",
    "Signature",
    "Signer",
    "TlogProof",
    "Unsigned",
    "Verifier",
    "VerifierKey",
    "cosignature_line",
    "cosignature_message",
    "cosigned",
    "key_id",
    "opened",
    "parse_checkpoint",
    "parse_proof",
    "parse_vkey",
    "proof_text",
    "require_name",
    "signatures",
    "signed",
    "text_of",
    "vkey",
]

ED25519: Final = 0x01  # signed-note, "Signature types": a note signature
COSIGNATURE: Final = 0x04  # a timestamped Ed25519 cosignature of a witness

HASH_BYTES: Final = 32
MOST_SIGNATURES: Final = 64
PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"

_DASH = "— "
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(
    r"0|[1-9][0-9]{0,18}", re.ASCII
)  # no tree has more leaves: below 2**63, and never slow to read


class Malformed(BihuanError, ValueError):
    """Raised when text is no signed note, checkpoint, proof or key of the format it should have."""

    code, kind = "malformed_note", "invalid"


class Unsigned(BihuanError):
    """Raised when a note carries no signature of a trusted key, or a wrong one."""

    code, kind = "unsigned_note", "forbidden"


class Signer(Protocol):
    """Whatever holds a private key: a file, a hardware module, an SM2 signature server."""

    @property
    def name(self) -> str: ...

    @property
    def key_id(self) -> bytes:
        """Four bytes, which say the algorithm as well: see `key_id`."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The raw signature."""
        ...


class Verifier(Protocol):
    """Whatever knows a public key."""

    @property
    def name(self) -> str: ...

    @property
    def key_id(self) -> bytes: ...

    def verifies(self, message: bytes, signature: bytes) -> bool: ...


class Signature(NamedTuple):
    """A signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        return f"{_DASH}{self.name} {_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """A note whose signatures were verified: the text, and the names of the keys that signed, in the order of lines."""

    text: str
    signed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's statement about its first `size` leaves. `extensions` are further lines that others may add."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        lines = (self.origin, str(self.size), _base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a note's text, or of a whole note. Nothing is verified. Errors: `Malformed`."""
    body = text_of(text) if "\n\n" in text else text
    if not body.endswith("\n") or _CONTROL.search(body):
        raise Malformed(
            "检查点须以换行结尾，不能有控制字符", hint="原样保存检查点文件，不要用会改换行的编辑器"
        )
    origin, *rest = body[:-1].split("\n")
    if len(rest) < 2 or not origin or not all(rest) or not _DECIMAL.fullmatch(rest[0]):
        raise Malformed("检查点前三行须为：日志名、树的大小、根散列", hint="原样保存检查点文件")
    return Checkpoint(origin, int(rest[0]), _hash(rest[1]), tuple(rest[2:]))


def signed(text: str, signer: Signer) -> str:
    """The note: the text, an empty line and one signature. Errors: `Malformed`."""
    _require_text(text)
    raw = signer.sign(text.encode())
    return text + "\n" + Signature(require_name(signer.name), signer.key_id, raw).line


def opened(note: str, verifiers: Iterable[Verifier]) -> Opened:
    """The text, if at least one of `verifiers` signed it. Lines of other keys say nothing.

    Errors: `Malformed`; `Unsigned` if none signed, or if a line of a known key is wrong.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    text, signed_by = text_of(note), []
    for signature in signatures(note):
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.verifies(text.encode(), signature.signature):
            raise Unsigned(f"{signature.name} 的签名不对", hint="内容或签名被改动过", name=signature.name)
        signed_by.append(signature.name)
    if not signed_by:
        raise Unsigned("没有可信密钥的签名", hint="核对公钥（vkey）", known=sorted(name for name, _ in known))
    return Opened(text, tuple(signed_by))


def text_of(note: str) -> str:
    """The text before the signatures, with its last line feed. Errors: `Malformed`."""
    return _divided(note)[0]


def signatures(note: str) -> list[Signature]:
    """The signature lines, unverified. Errors: `Malformed`."""
    lines = _divided(note)[1][:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise Malformed(f"签名多于 {MOST_SIGNATURES} 个", hint="去掉不认识的签名行")
    return [_signature(line) for line in lines]


def vkey(name: str, algorithm: int, public_key: bytes) -> str:
    """How a public key is written down: name, key id, and algorithm with key (signed-note, "Verifier keys")."""
    id_ = key_id(name, algorithm, public_key).hex()
    return f"{require_name(name)}+{id_}+{_base64(bytes([algorithm]) + public_key)}"


def key_id(name: str, algorithm: int, public_key: bytes) -> bytes:
    """The first four bytes of SHA-256 over name, line feed, algorithm and public key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:4]


class VerifierKey(NamedTuple):
    """A public key as `vkey` writes it."""

    name: str
    key_id: bytes
    algorithm: int
    public_key: bytes


def parse_vkey(text: str) -> VerifierKey:
    """Errors: `Malformed`, also where the id is not that of the key."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise Malformed("公钥须写作：名称+八位十六进制+base64", hint="bihuan audit key list 列出公钥")
    name, id_, data = require_name(parts[0]), bytes.fromhex(parts[1]), _bytes(parts[2])
    if len(data) < 2 or key_id(name, data[0], data[1:]) != id_:
        raise Malformed(f"公钥 {name} 与它的编号不符", hint="抄写时有误；请对方重新给出公钥")
    return VerifierKey(name, id_, data[0], data[1:])


# Cosignatures


def cosignature_message(text: str, seconds: int) -> bytes:
    """What a witness signs: that at this moment (seconds since 1970) it saw no larger tree of this log."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosignature_line(text: str, signer: Signer, seconds: int) -> Signature:
    """`signer` has the key id of a cosigning key (`COSIGNATURE`)."""
    raw = signer.sign(cosignature_message(text, seconds))
    return Signature(require_name(signer.name), signer.key_id, seconds.to_bytes(8, "big") + raw)


def cosigned(note: str, signature: Signature) -> str:
    """The note with one more line; in the place of an earlier one of the same key."""
    others = [line for line in signatures(note) if line[:2] != signature[:2]]
    return text_of(note) + "\n" + "".join(line.line for line in [*others, signature])


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """Of a witness: `plain` verifies the raw signature over the message with its time."""

    name: str
    key_id: bytes
    plain: Verifier

    def verifies(self, message: bytes, signature: bytes) -> bool:
        seconds = int.from_bytes(signature[:8], "big")
        return len(signature) > 8 and self.plain.verifies(
            cosignature_message(message.decode(), seconds), signature[8:]
        )


# Proofs


@dataclass(frozen=True, slots=True)
class TlogProof:
    """That an entry stands at `index` of the tree of a checkpoint, given as a note."""

    index: int
    path: tuple[bytes, ...]
    note: str


def proof_text(index: int, path: Sequence[bytes], note: str) -> str:
    """The proof as text: what an auditor keeps with one event."""
    hashes = "".join(f"{_base64(hash_)}\n" for hash_ in path)
    return f"{PROOF_HEADER}\nindex {index}\n{hashes}\n{note}"


def parse_proof(text: str) -> TlogProof:
    """Errors: `Malformed`."""
    head, found, note = text.partition("\n\n")
    lines = head.split("\n")
    if not found or lines[0] != PROOF_HEADER:
        raise Malformed(f"证明的第一行须为 {PROOF_HEADER}", hint="原样保存证明文件")
    rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
    word, _, number = rest[0].partition(" ") if rest else ("", "", "")
    if word != "index" or not _DECIMAL.fullmatch(number):
        raise Malformed("证明缺少 index 一行", hint="原样保存证明文件")
    return TlogProof(int(number), tuple(_hash(line) for line in rest[1:]), note)


# Parts


def _divided(note: str) -> tuple[str, str]:
    text, found, lines = note.rpartition("\n\n")
    if not found or not lines.endswith("\n"):
        raise Malformed("不是签名文本：缺少空行和签名行", hint="原样保存签名文本，连同最后的换行")
    _require_text(text + "\n")
    return text + "\n", lines


def _require_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Malformed("签名的文字须以换行结尾，不能有控制字符", hint="原样保存签名文本")


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _NAME.fullmatch(name):
        raise Malformed("签名行须写作：— 名称 base64", hint="原样保存签名文本")
    data = _bytes(encoded)
    if len(data) < 5:
        raise Malformed(f"{name} 的签名太短", hint="原样保存签名文本")
    return Signature(name, data[:4], data[4:])


def require_name(name: str) -> str:
    """The name, if a key may have it. Errors: `Malformed`."""
    if not _NAME.fullmatch(name):
        raise Malformed(f"密钥名“{name}”不能为空，不能有空白和加号", hint="例如 kjt.example.gov.cn/bihuan")
    return name


def _hash(text: str) -> bytes:
    data = _bytes(text)
    if len(data) != HASH_BYTES:
        raise Malformed(f"散列须为 {HASH_BYTES} 字节的 base64", hint="原样保存文件")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("不是 base64", hint="原样保存文件") from error
    if _base64(data) != text:  # one spelling only: spare bits may hide nothing
        raise Malformed("base64 的写法不唯一", hint="原样保存文件")
    return data
