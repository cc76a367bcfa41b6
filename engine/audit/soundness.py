"""Level 1: stored rows against the bytes beside them, and the chain of each case. Every column is a reading of the bytes.

`Examiner` takes rows in the order of case and seq, as many as there are, and keeps none. It looks at the bytes in their known
order of keys and parses nothing: a row that it finds in order is in order, and one that it doubts is read as JSON and judged part
by part (tests/unit/test_soundness.py). Whether the bytes are the one spelling of what they say is asked where they are read
again: by `canonical.verify_chain`, and by replay, which must come to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from engine.audit.journal import JOURNAL
from engine.canonical import LEAF_PREFIX, NotCanonical, genesis, loose

__all__ = ["COLUMNS", "Examiner", "Fault", "Head", "Row", "against_cases", "fault"]

COLUMNS: Final = ("case_id", "seq", "type", "at", "actor", "command", "hash", "prev", "data")
Row = tuple[str, int, str, int, str, str, str, str, bytes]
"""The columns of one event in this order; `at` in microseconds since 1970 UTC."""


class Head(NamedTuple):
    """The last event of a case: what the row of the case must name."""

    case: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one event, or with a whole case (`seq` is then that of its last event, or 0)."""

    case: str
    seq: int
    code: str
    message: str

    def as_data(self) -> dict[str, str | int]:
        return {"case": self.case, "code": self.code, "message": self.message, "seq": self.seq}

    def __str__(self) -> str:
        return f"{self.case}#{self.seq}: {self.message} ({self.code})"


MESSAGES: Final = {
    "at_earlier": "记录时刻早于前一条",
    "case": "字节中写的是另一事项",
    "checkpoint_file": "检查点文件损坏或不能读取",
    "cut": "末尾缺少记录：事项记着更后的一条",
    "column_actor": "经办人一栏与字节不同",
    "column_at": "时刻一栏与字节不同",
    "column_command": "指令一栏与字节不同",
    "column_hash": "散列一栏不是这些字节的散列",
    "column_prev": "前一条散列一栏与字节不同",
    "column_seq": "序号一栏与字节不同",
    "column_type": "种类一栏与字节不同",
    "heads": "各事项的末条与所记的清单不同：有事项被删除、截短或改写",
    "head": "散列不是事项所记的最后一条的散列",
    "history": "事项没有任何记录",
    "leaf": "不是进入日志时的那一条：记录被改写或调换",
    "leaf_missing": "日志中这一序号的记录已不存在：被删除",
    "leaf_order": "进入日志的先后与序号不合",
    "leaf_unknown": "日志的树里没有这一条",
    "log": "不属于这个日志",
    "prev": "与前一条记录的散列不相接",
    "root": "日志的树根与已签发的检查点不同，或记录少于检查点所签",
    "row": "有记录而没有这件事项",
    "signature": "检查点没有日志密钥的有效签名",
    "seq": "序号不是从 1 起逐一递增",
    "tile": "瓦片缺失、残缺或多余",
    "tile_root": "上一层瓦片不是由这一片算得的",
    "unreadable": "不是可以读取的记录",
}


def fault(case: str, seq: int, code: str) -> Fault:
    return Fault(case, seq, code, MESSAGES[code])


class Examiner:
    """Counts the `events` it has seen and the faults it has `found`, of which it keeps the first. One for each run."""

    def __init__(self, log: str, *, keep: int) -> None:
        self.events = 0
        self.found = 0
        self.faults: list[Fault] = []
        self._log = log
        self._keep = keep

    def heads(self, rows: Iterable[Row]) -> Iterator[Head]:
        """The last event of each case, as soon as the next case begins."""
        log, surely = self._log, _surely(self._log)
        current, expected, due, before = "", "", 1, 0
        for row in rows:
            case, seq, _, at, _, _, hash_, prev, data = row
            if not _is_readable(row):
                self.events += 1
                self._note([_unreadable(row)])
                continue
            if case != current:
                if current:
                    yield Head(current, due - 1, expected)
                current, expected, due, before = case, genesis(log, case), 1, -_FOREVER
            self.events += 1
            digest = sha256(LEAF_PREFIX + data).hexdigest()
            chained = prev == expected and seq == due and at >= before
            if not (chained and digest == hash_ and surely(row)):
                self._note(_doubted(row, digest, log, _Expected(expected, due, before)))
            expected, due, before = digest, seq + 1, max(before, at)
        if current:
            yield Head(current, due - 1, expected)

    def _note(self, faults: list[Fault]) -> None:
        self.found += len(faults)
        self.faults += faults[: max(0, self._keep - len(self.faults))]


def against_cases(heads: Iterable[Head], cases: Iterable[Head]) -> Iterator[Fault | None]:
    """Where histories and the rows of cases disagree, both in the order of cases; None for each case in which they agree."""
    left, right = iter(heads), iter(cases)
    head, row = next(left, None), next(right, None)
    while head or row:
        if row is None or (head and head.case < row.case):
            assert head is not None
            yield None if head.case == JOURNAL else fault(head.case, head.seq, "row")
            head = next(left, None)
        elif head is None or row.case < head.case:
            yield fault(row.case, 0, "history")
            row = next(right, None)
        else:
            yield (
                None
                if head == row
                else fault(
                    head.case, head.seq, "cut" if type(row.seq) is int and row.seq > head.seq else "head"
                )
            )
            head, row = next(left, None), next(right, None)


_FOREVER: Final = 2**62
_TYPES: Final = (str, int, str, int, str, str, str, str, bytes)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = 60_000_000
_FIRST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def _unreadable(row: Row) -> Fault:
    case, seq, *_ = row
    return fault(case if type(case) is str else repr(case), seq if type(seq) is int else 0, "unreadable")


def _is_readable(row: Row) -> bool:
    """Whether each column has its type: SQLite keeps whatever is put into it."""
    return tuple(map(type, row)) == _TYPES


class _Expected(NamedTuple):
    prev: str
    seq: int
    at: int


# The quick look. Keys are sorted, so an event reads:
# {"actor":{…},"after":…,"asked":…,"at":…,"calendar":{…},"case":…,"changes":[…],"command":…,"def":{…},…,
#  "log":…,"occurred_at":…,"prev":…,"seq":…,"state":…,"type":…,"v":1}

_AFTER: Final = b'},"after":"'
_CALENDAR: Final = b',"calendar":{"digest":"'
_MOMENT: Final = len("2026-11-23T07:18:15.232875Z")


def _surely(log: str) -> Callable[[Row], bool]:
    """A function that says of a row of this log whether its columns surely are what its bytes say.

    It remembers how the last event of a case and of an actor read, for the next one mostly reads alike.
    """
    log_part = f',"log":"{log}","occurred_at":"'.encode()
    whole = len(log_part) + _MOMENT
    current, own, calendar, beginnings = "", _NEVER, _NEVER, dict[str, bytes]()

    def surely(row: Row) -> bool:
        nonlocal current, own, calendar
        case, seq, type_, at, actor, command, _, prev, data = row
        # From the end: plain members only, so that the last `log` is the event's own.
        state = data.rfind(log_part) + whole
        linked = f'","prev":"{prev}","seq":{seq},"state":"'.encode()
        ending = f'","type":"{type_}","v":1}}'.encode()
        if not (
            data.startswith(linked, state)
            and data.endswith(ending)
            and data.find(b'"', state + len(linked)) == len(data) - len(ending)
        ):
            return False
        # In the middle, each from behind: what somebody asked, which may hold anything, stands before `calendar`; what the
        # engine wrote stands after it, and none of that has members of these names in a row.
        asked = data.rfind(f'],"command":"{command}","def":{{"digest":"'.encode())
        if case != current:
            current, own = case, _own(calendar, case)
        middle = data.rfind(own, 0, asked)
        if middle < 0:
            calendar = _member(data, asked)
            own = _own(calendar, case)
            middle = data.rfind(own, 0, asked)
        if min(asked, middle) < 0 or not data.endswith(f',"at":"{_instant(at)}"'.encode(), 0, middle):
            return False
        if data.startswith(beginnings.get(actor, _NEVER)):
            return True
        beginning = data[: data.find(_AFTER) + len(_AFTER)]
        if _actor(beginning) != actor:
            return False
        beginnings[actor] = beginning
        return True

    return surely


_NEVER: Final = b"\x00"  # no event begins so


def _own(calendar: bytes, case: str) -> bytes:
    return calendar + f',"case":"{case}","changes":['.encode()


def _member(data: bytes, until: int) -> bytes:
    """The last member `calendar` before `until`: two plain texts."""
    begun = data.rfind(_CALENDAR, 0, max(0, until))
    return data[begun : data.find(b"}", begun) + 1] if begun >= 0 else _NEVER


def _actor(beginning: bytes) -> str | None:
    """The id in the first member of an event; None for what is no such member."""
    try:
        known = loose(beginning.removesuffix(_AFTER) + b"}}")
    except NotCanonical:
        return None
    actor = known.get("actor")
    return actor.get("id") if known.keys() == {"actor"} and type(actor) is dict else None


def _instant(micros: int) -> str:
    """As the bytes spell it; empty for what is no moment of the calendar."""
    if not _FIRST <= micros <= _LAST:
        return ""
    minute, rest = divmod(micros, _MINUTE)
    return f"{_until_minute(minute)}{rest // 1_000_000:02}.{rest % 1_000_000:06}Z"


@lru_cache(maxsize=10_000)
def _until_minute(minute: int) -> str:
    return f"{_EPOCH + timedelta(minutes=minute):%Y-%m-%dT%H:%M:}"


# The slow look: every part by itself.


def _doubted(row: Row, digest: str, log: str, expected: _Expected) -> list[Fault]:
    case, seq, _, at, _, _, hash_, _, data = row
    try:
        body = loose(data)
    except NotCanonical:
        return [fault(case, seq, "unreadable")]
    if type(body) is not dict:
        return [fault(case, seq, "unreadable")]
    codes = [code for code, differs in _compared(row, body, log).items() if differs]
    if digest != hash_:
        codes.append("column_hash")
    if body.get("prev") != expected.prev:
        codes.append("prev")
    if body.get("seq") != expected.seq:
        codes.append("seq")
    if at < expected.at:
        codes.append("at_earlier")
    return [fault(case, seq, code) for code in codes]


def _compared(row: Row, body: dict[str, Any], log: str) -> dict[str, bool]:
    case, seq, type_, at, actor, command, _, prev, _ = row
    who = body.get("actor")
    # No command asks for an entry of the journal: its column says where it stands.
    own_command = f"{JOURNAL}/{seq}" if case == JOURNAL else body.get("command")
    return {
        "case": body.get("case") != case,
        "log": body.get("log") != log,
        "column_seq": type(body.get("seq")) is not int or body["seq"] != seq,
        "column_type": body.get("type") != type_,
        "column_at": body.get("at") != _instant(at),
        "column_actor": type(who) is not dict or who.get("id") != actor,
        "column_command": own_command != command,
        "column_prev": body.get("prev") != prev,
    }
