"""The canonical bytes against RFC 8785 and RFC 6962 vectors, plain hashlib, and their page."""

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

import pytest

from engine import canonical
from engine.canonical import ChainFault, NotCanonical, check, decode, encode, normalise, verify_chain

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/canonical.json").read_text("utf-8"))
PAGE = (ROOT / "docs/reference/event-bytes.md").read_text("utf-8")
LOG, CASE = "sample/cases", "SAMPLE-1"


def named(vectors: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


@named(VECTORS["accepted"])
def test_a_vector_keeps_its_bytes_and_its_leaf_hash(vector: dict[str, str]) -> None:
    value, expected = json.loads(vector["input"]), vector["canonical"].encode()
    check(value)
    assert encode(value) == expected
    assert decode(expected) == value
    assert canonical.leaf_hash(expected) == vector["leaf"] == hashlib.sha256(b"\x00" + expected).hexdigest()


@named(VECTORS["refused"])
def test_a_value_outside_the_profile_is_refused_with_its_place(vector: dict[str, str]) -> None:
    with pytest.raises(NotCanonical) as refused:
        check(json.loads(vector["input"]))
    assert (refused.value.reason, refused.value.path) == (vector["reason"], vector["path"])
    assert refused.value.hint


@pytest.mark.parametrize(
    "vector", VECTORS["hashes"], ids=[vector["function"] for vector in VECTORS["hashes"]]
)
def test_each_hash_is_sha256_over_its_documented_preimage(vector: dict[str, Any]) -> None:
    arguments = vector["arguments"]
    if vector["function"] != "genesis":
        arguments = [argument.encode() for argument in arguments]
    digest = getattr(canonical, vector["function"])(*arguments)
    assert digest == vector["sha256"] == hashlib.sha256(vector["preimage"].encode()).hexdigest()


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [  # the published RFC 6962 leaf vectors of Certificate Transparency
        (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (b"L123456", "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
    ],
)
def test_the_leaf_hash_is_that_of_certificate_transparency(leaf: bytes, expected: str) -> None:
    assert canonical.leaf_hash(leaf) == expected


class Word(StrEnum):
    A = "a"


class Figure(Enum):
    A = 1


@pytest.mark.parametrize(
    "value", [Word.A, Figure.A, b"", date(2026, 1, 1), {1: 2}, {Word.A: 1}, {1}, object()]
)
def test_what_is_not_a_plain_json_value_is_refused_at_the_border(value: object) -> None:
    with pytest.raises(NotCanonical):
        check({"a": [value]})


@pytest.mark.parametrize("value", [b"", date(2026, 1, 1), datetime(2026, 1, 1), {1: 2}, 2**53, {1}, "\ud800"])
def test_encode_refuses_what_it_cannot_write_in_one_way(value: object) -> None:
    with pytest.raises(NotCanonical) as refused:
        encode({"a": value})
    assert refused.value.reason == "unencodable"


def test_tuples_are_written_as_arrays() -> None:
    check({"a": (1, 2)})
    assert encode({"a": (1, 2)}) == b'{"a":[1,2]}'


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_64_levels_are_accepted_and_hostile_nesting_is_refused_without_harm() -> None:
    check(nested(64))
    for levels in (65, 100_000):
        with pytest.raises(NotCanonical, match="64"):
            check(normalise(nested(levels)))


def test_normalise_puts_values_but_not_keys_into_nfc() -> None:
    assert normalise({"a": ["A\u030a", 1, None], "b": ("e\u0301",)}) == {
        "a": ["\u00c5", 1, None],
        "b": ["\u00e9"],
    }


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1}\n',
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000A"',
        b"-0",
        b"1.0",
        b"1e2",
        b"9007199254740992",
        b"99999999999999999999999",
        b"NaN",
        b'"\\ud800"',
        b'"\xff"',
        b"",
        b"[" * 100_000,
    ],
)
def test_decode_accepts_no_second_spelling(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        decode(data)


def test_stored_text_is_read_whatever_the_unicode_tables_of_the_day_call_normal() -> None:
    assert decode('{"t":"A\u030a"}'.encode()) == {"t": "A\u030a"}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (
            datetime(2026, 11, 23, 15, 18, 15, 232875, timezone(timedelta(hours=8))),
            "2026-11-23T07:18:15.232875Z",
        ),
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), "2026-11-23T07:00:00.000000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_a_moment_has_one_spelling(moment: datetime, text: str) -> None:
    assert canonical.instant(moment) == text
    assert canonical.parse_instant(text) == moment
    assert canonical.parse_instant(text).tzinfo == UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T07:00:00Z",
        "2026-11-23T07:00:00.000Z",
        "2026-11-23T07:00:00.000000+00:00",
        "2026-11-23 07:00:00.000000Z",
        "2026-11-23T07:00:00.000000z",
        "2026-11-23T07:00:00.000000Z\n",
        "2026-02-30T07:00:00.000000Z",
        "2026-11-23T07:00:60.000000Z",
        "２026-11-23T07:00:00.000000Z",
    ],
)
def test_a_moment_spelt_otherwise_is_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        canonical.parse_instant(text)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(NotCanonical):
        canonical.instant(datetime(2026, 11, 23))


def test_a_genesis_cannot_be_forged_by_moving_a_line_feed() -> None:
    with pytest.raises(NotCanonical):
        canonical.genesis("a\nb", "c")
    with pytest.raises(NotCanonical):
        canonical.genesis("a", "b\nc")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_salt_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(NotCanonical):
        canonical.commitment(bytes(size), b'"x"')


# Chains. Built with json and hashlib only, so that the verifier is not its own witness.


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def dump(event: dict[str, Any]) -> bytes:
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain(*changes: dict[str, Any]) -> list[bytes]:
    """A linked history, one event for each of `changes`; a change overrides what would have been right."""
    events: list[bytes] = []
    prev = sha(f"bihuan/genesis/v1\n{LOG}\n{CASE}".encode())
    for seq, change in enumerate(changes, start=1):
        at = f"2026-11-23T07:00:0{seq}.000000Z"
        events.append(dump({"at": at, "case": CASE, "log": LOG, "prev": prev, "seq": seq, **change}))
        prev = sha(b"\x00" + events[-1])
    return events


def faults(events: list[bytes]) -> list[tuple[int, str]]:
    return [(fault.position, fault.code) for fault in verify_chain(LOG, CASE, events)]


def test_an_intact_chain_has_no_faults() -> None:
    assert faults([]) == []
    assert faults(chain({}, {"data": {"t": "闭环"}}, {})) == []


def test_events_of_one_moment_are_in_order() -> None:
    assert faults(chain({}, {"at": "2026-11-23T07:00:01.000000Z"})) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"log": "other"}, [(2, "log")]),
        ({"case": "SAMPLE-2"}, [(2, "case")]),
        ({"seq": 3}, [(2, "seq")]),
        ({"seq": "2"}, [(2, "seq")]),
        ({"prev": "0" * 64}, [(2, "prev")]),
        ({"prev": None}, [(2, "prev")]),
        ({"at": None}, [(2, "at")]),
        ({"at": "2026-11-23T07:00:02Z"}, [(2, "at")]),
        ({"at": "2026-11-23T06:00:00.000000Z"}, [(2, "at_earlier")]),
        ({"at": "2026-11-23T09:00:00.000000Z"}, [(3, "at_earlier")]),
        ({"n": 1.5}, [(2, "not_canonical")]),
    ],
)
def test_a_wrong_field_is_named_at_its_event(change: dict[str, Any], found: list[tuple[int, str]]) -> None:
    assert faults(chain({}, change, {})) == found


def test_a_true_is_not_the_number_one() -> None:
    assert faults(chain({"seq": True})) == [(1, "seq")]


def test_tampering_shows_where_the_chain_parts() -> None:
    events = chain({"data": "a"}, {"data": "b"}, {"data": "c"}, {"data": "d"})
    changed = [*events[:1], events[1].replace(b'"b"', b'"x"'), *events[2:]]
    assert faults(changed) == [(3, "prev")]
    assert faults([events[0], *events[2:]]) == [(2, "seq"), (2, "prev"), (3, "seq")]
    assert faults([events[0], events[2], events[1], events[3]])[0] == (2, "seq")
    assert faults([*events[:2], events[1], *events[2:]])[0] == (3, "seq")
    assert faults(events[1:])[0] == (1, "seq")


def test_every_single_changed_bit_before_the_last_event_is_found() -> None:
    events = chain({"data": "闭环"}, {})
    for place in range(len(events[0]) * 8):
        flipped = bytearray(events[0])
        flipped[place // 8] ^= 1 << place % 8
        assert faults([bytes(flipped), events[1]]), place


def test_an_event_respelled_without_another_meaning_is_found() -> None:
    events = chain({}, {})
    assert faults([events[0].replace(b":", b": ", 1), events[1]]) == [(1, "not_canonical"), (2, "prev")]


def test_a_fault_reads_as_a_sentence() -> None:
    assert verify_chain(LOG, CASE, [b"[]"]) == [ChainFault(1, "not_canonical", "不是规范字节")]


def test_the_example_on_the_page_is_a_valid_chain_with_the_head_it_names() -> None:
    example, head = re.findall(r"```\n(.*?)\n```", PAGE, re.DOTALL)
    events = [line.encode() for line in example.splitlines()]
    assert faults(events) == []
    assert head == sha(b"\x00" + events[-1])


def test_the_page_explains_every_fault_that_the_verifier_reports() -> None:
    table = PAGE[PAGE.index("| code |") :]
    first_cells = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", first_cells)) == set(canonical._CHAIN_MESSAGES)
