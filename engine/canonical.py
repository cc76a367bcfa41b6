"""The bytes that stay for ever: one spelling for each value, and the hashes over them.

A restricted profile of RFC 8785 (see docs/reference/event-bytes.md). What events mean is said elsewhere.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from engine.errors import BihuanError

__all__ = [
    "INTEGER_LIMIT",
    "SALT_BYTES",
    "ChainFault",
    "NotCanonical",
    "check",
    "cleaned",
    "commitment",
    "decode",
    "definition_digest",
    "encode",
    "genesis",
    "instant",
    "is_profile",
    "leaf_hash",
    "loose",
    "normalise",
    "parse_instant",
    "state_digest",
    "tagged_digest",
    "verify_chain",
]

Json = Any  # a JSON value; a recursive alias costs more in casts than it finds

INTEGER_LIMIT: Final = 2**53 - 1
DEPTH_LIMIT: Final = 64
SALT_BYTES: Final = 32

LEAF_PREFIX: Final = b"\x00"  # RFC 6962 §2.1: a leaf; 0x01 is an inner node of the tree
GENESIS_TAG: Final = "bihuan/genesis/v1"
STATE_TAG: Final = "bihuan/state/v1"
DEFINITION_TAG: Final = "bihuan/definition/v1"
COMMITMENT_TAG: Final = "bihuan/commitment/v1"

_SHORT = 64
_KEY = re.compile(r"[ !#-\[\]-~]+")  # printable ASCII without " and \: every JSON writer spells it alike
_SURROGATE = re.compile("[\ud800-\udfff]")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_KEYS: Final[set[str]] = set()  # keys that were found to be of the profile
_KEYS_KEPT: Final = 10_000
_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


class NotCanonical(BihuanError, ValueError):
    """Raised when a value has no canonical bytes, or bytes are not the canonical spelling of a value."""

    code, kind = "not_canonical", "invalid"

    def __init__(self, reason: str, path: str, hint: str) -> None:
        super().__init__(f"{path or '/'}：{hint}", hint=hint, reason=reason, path=path)
        self.reason, self.path = reason, path


_HINTS: Final = {
    "float": '不能使用小数；请写成整数，或写成文字（例如 "0.25"）',
    "integer_range": "整数超出 ±(2^53-1)；请写成文字",
    "key": "键只能使用可打印的 ASCII 字符，不含引号和反斜杠",
    "not_nfc": "文字须先规范化为 Unicode NFC",
    "null_character": "文字中不能有 U+0000，PostgreSQL 无法保存",
    "surrogate": "文字中有不成对的代理码位，不是合法的 Unicode",
    "too_deep": f"嵌套超过 {DEPTH_LIMIT} 层",
    "type": "只能使用对象、数组、文字、整数、布尔值和空值",
}


def encode(value: Json) -> bytes:
    """The one canonical spelling. Fast, and so trusting: floats pass; values from outside meet `check` first.

    Raises NotCanonical for what cannot be written at all: datetime, bytes, subclasses, integers out of range.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError as error:
        raise NotCanonical("unencodable", "", str(error)) from error


def decode(data: bytes) -> Json:
    """The value of stored canonical bytes; NotCanonical if any other spelling of that value was handed in.

    NFC is a rule of the border and is not asked again here: it depends on the Unicode tables of the running
    Python, and an old event must decode for ever.
    """
    value = loose(data)
    is_spelled = _is_spelling(data, value)
    if not is_spelled or not is_profile(data, value):
        _refuse(_first_fault(value, incoming=False))
    if not is_spelled:
        raise NotCanonical("respelled", "", "不是规范字节：空格、键的次序、重复的键或转义不同")
    return value


def loose(data: bytes) -> Json:
    """The value of JSON in any spelling; NotCanonical if it is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NotCanonical("malformed", "", str(error)) from error


def _is_spelling(data: bytes, value: Json) -> bool:
    try:
        return encode(value) == data
    except NotCanonical:
        return False


def is_profile(data: bytes, value: Json) -> bool:
    """Whether a value read from `data`, which `encode` spells alike, holds nothing that the profile forbids.

    True is certain; False may be a mere doubt, which a walk over the value settles. See tests/property/test_canonical_laws.py.
    """
    return b"\\u0000" not in data and _is_sound([value], DEPTH_LIMIT)


def _is_sound(values: Iterable[Json], depth: int) -> bool:
    """Neither a fraction, nor a key outside the profile, nor more than `depth` levels. Integers and text are the speller's."""
    for value in values:
        kind = type(value)
        if kind is dict:
            if not depth or not (_KEYS.issuperset(value) or _are_keys(value)):
                return False
            if not _is_sound(value.values(), depth - 1):
                return False
        elif kind is float or (kind is list and not (depth and _is_sound(value, depth - 1))):
            return False
    return True


def _are_keys(keys: Iterable[str]) -> bool:
    """Asked once of each key: the few hundred words of events and definitions come again and again."""
    if not all(map(_is_key, keys)):
        return False
    if len(_KEYS) < _KEYS_KEPT:
        _KEYS.update(keys)
    return True


def check(value: Json) -> None:
    """Refuse what has no place in the profile, at the border, before anything is decided or hashed."""
    _refuse(_first_fault(value, incoming=True))


def normalise(value: Json, *, depth: int = 0) -> Json:
    """The same value with all text in NFC, keys aside. Used on input, before `check`, which refuses the rest.

    What lies deeper than DEPTH_LIMIT is left as it is: hostile nesting must not exhaust the stack.
    """
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if depth < DEPTH_LIMIT and isinstance(value, dict):
        return {key: normalise(item, depth=depth + 1) for key, item in value.items()}
    if depth < DEPTH_LIMIT and isinstance(value, list | tuple):
        return [normalise(item, depth=depth + 1) for item in value]
    return value


def cleaned(value: Json) -> Json:
    """`normalise` and `check` in one pass. Errors: `NotCanonical`."""
    try:
        return _plain(value, DEPTH_LIMIT)
    except _NotPlain:
        normal = normalise(value)
        check(normal)
        return normal


class _NotPlain(Exception):
    """Raised where a value is more than `_plain` knows; the slow way finds out whether and where it is at fault."""


def _plain(value: Json, depth: int) -> Json:
    """A copy of what is canonical as it stands, which is nearly everything that comes."""
    kind = type(value)
    if kind is str:
        if _text_fault(value, incoming=True):
            raise _NotPlain
        return value
    if value is None or kind is bool or (kind is int and -INTEGER_LIMIT <= value <= INTEGER_LIMIT):
        return value
    if kind is dict and depth and all(map(_is_key, value)):
        return {key: _plain(item, depth - 1) for key, item in value.items()}
    if kind is list and depth:
        return [_plain(item, depth - 1) for item in value]
    raise _NotPlain


def _is_key(key: object) -> bool:
    if type(key) is not str:
        return False
    # The same few keys come again and again; a long one is not kept, since it may come from anybody.
    return _is_short_key(key) if len(key) < _SHORT else _KEY.fullmatch(key) is not None


@lru_cache(maxsize=1024)
def _is_short_key(key: str) -> bool:
    return _KEY.fullmatch(key) is not None


def _refuse(fault: tuple[str, str] | None) -> None:
    if fault:
        code, path = fault
        raise NotCanonical(code, path, _HINTS[code])


def _first_fault(value: Json, *, incoming: bool, depth: int = 0) -> tuple[str, str] | None:
    """The code and path of the first thing outside the profile, keys before their values."""
    # Exact types: a subclass (an enum, an OrderedDict) may be spelt differently by another writer.
    kind = type(value)
    if kind is str:
        code = _text_fault(value, incoming=incoming)
        return (code, "") if code else None
    if value is None or kind is bool:
        return None
    if kind is int:
        return None if -INTEGER_LIMIT <= value <= INTEGER_LIMIT else ("integer_range", "")
    if kind is not dict and kind is not list and kind is not tuple:
        return ("float" if kind is float else "type"), ""
    if depth == DEPTH_LIMIT:
        return "too_deep", ""
    for key, item in value.items() if kind is dict else enumerate(value):
        if kind is dict and not _is_key(key):
            return "key", f"/{key!r}"
        if item is None or (simple := type(item)) is bool:  # most values are: spares a call for each
            continue
        if simple is int and -INTEGER_LIMIT <= item <= INTEGER_LIMIT:
            continue
        if fault := _first_fault(item, incoming=incoming, depth=depth + 1):
            return fault[0], f"/{key}{fault[1]}"
    return None


def _text_fault(text: str, *, incoming: bool) -> str | None:
    if "\x00" in text:
        return "null_character"
    if text.isascii():
        return None
    if _SURROGATE.search(text):
        return "surrogate"
    if incoming and not unicodedata.is_normalized("NFC", text):
        return "not_nfc"
    return None


@lru_cache(maxsize=16_384)  # one step writes the same few moments many times
def instant(moment: datetime) -> str:
    """`2026-11-23T07:18:15.232875Z`: UTC, always six digits, so that text order is time order."""
    if moment.utcoffset() is None:
        raise NotCanonical("naive_instant", "", "时刻必须带时区")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


@lru_cache(maxsize=16_384)
def parse_instant(text: str) -> datetime:
    """The UTC moment of exactly the spelling that `instant` writes."""
    if not _INSTANT.fullmatch(text):
        raise NotCanonical("instant", "", "时刻须写作 2026-11-23T07:18:15.232875Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise NotCanonical("instant", "", str(error)) from error


def leaf_hash(event_bytes: bytes) -> str:
    """The hash of one event: leaf of the tree (RFC 6962 §2.1), and `prev` of the next event of the case."""
    return hashlib.sha256(LEAF_PREFIX + event_bytes).hexdigest()


def tagged_digest(tag: str, data: bytes) -> str:
    """SHA-256 over `tag`, a line feed and `data`; a digest of one purpose never equals one of another."""
    return hashlib.sha256(tag.encode() + b"\n" + data).hexdigest()


def genesis(log: str, case: str) -> str:
    """The `prev` of the first event of a case. Neither name may hold a line feed, or two pairs could meet."""
    if "\n" in log or "\n" in case:
        raise NotCanonical("line_feed", "", "日志名和事项编号中不能有换行")
    return tagged_digest(GENESIS_TAG, f"{log}\n{case}".encode())


def state_digest(state_bytes: bytes) -> str:
    """The digest of a case after an event; replay compares it event by event."""
    return tagged_digest(STATE_TAG, state_bytes)


def definition_digest(definition_bytes: bytes) -> str:
    """The digest by which a published version of a workflow is known."""
    return tagged_digest(DEFINITION_TAG, definition_bytes)


def commitment(salt: bytes, value_bytes: bytes) -> str:
    """Stands in an event for personal data; erasing salt and value leaves the chain valid and says nothing.

    `salt` is SALT_BYTES random bytes from the caller: the fixed length keeps salt and value apart.
    """
    if len(salt) != SALT_BYTES:
        raise NotCanonical("salt", "", f"盐须为 {SALT_BYTES} 字节")
    return tagged_digest(COMMITMENT_TAG, salt + value_bytes)


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One thing wrong with one event; `position` counts the events handed in from 1."""

    position: int
    code: str
    message: str


def verify_chain(log: str, case: str, events: Iterable[bytes]) -> list[ChainFault]:
    """All faults of one case's history, in order; empty when it holds.

    A history cut at its end is a valid shorter one: only an outside copy of the head shows that.
    """
    faults: list[ChainFault] = []
    prev, before = genesis(log, case), ""
    for position, data in enumerate(events, start=1):
        found, at = _event_faults(data, {"log": log, "case": case, "seq": position, "prev": prev}, before)
        faults.extend(ChainFault(position, code, _CHAIN_MESSAGES[code]) for code in found)
        prev, before = leaf_hash(data), at
    return faults


_CHAIN_MESSAGES: Final = {
    "not_canonical": "不是规范字节",
    "log": "不属于这个日志",
    "case": "不属于这个事项",
    "seq": "序号不是从 1 起逐一递增",
    "prev": "与前一条记录的散列不相接",
    "at": "没有记录时刻，或时刻写法不对",
    "at_earlier": "记录时刻早于前一条",
}


def _event_faults(data: bytes, expected: dict[str, str | int], before: str) -> tuple[list[str], str]:
    """Fault codes of one event, and the moment that the next one must not precede (both as text)."""
    try:
        event = decode(data)
    except NotCanonical:
        return ["not_canonical"], before
    if type(event) is not dict:
        return ["not_canonical"], before
    found = [name for name, value in expected.items() if not _same(event.get(name), value)]
    at = _instant_in(event)
    if at is None:
        return [*found, "at"], before
    if at < before:
        found.append("at_earlier")
    return found, max(at, before)


def _same(actual: object, expected: str | int) -> bool:
    return type(actual) is type(expected) and actual == expected  # True == 1 in Python


def _instant_in(event: dict[str, Json]) -> str | None:
    match event.get("at"):
        case str(text):
            try:
                parse_instant(text)
            except NotCanonical:
                return None
            return text
    return None
