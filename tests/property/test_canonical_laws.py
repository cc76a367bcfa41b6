"""For every value of the profile: three writers give the same bytes, and reading gives it back."""

import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import (
    INTEGER_LIMIT,
    NotCanonical,
    check,
    cleaned,
    decode,
    encode,
    instant,
    is_profile,
    normalise,
    parse_instant,
)

AWKWARD = '\x01\x08\t\n\x0b\x0c\r\x1f\x7f\x80\x9f\u2028\u2029\ufeff\uffff\U0001f600"\\/闭环é'
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00") | st.sampled_from(AWKWARD))
NFC = TEXT.map(lambda text: unicodedata.normalize("NFC", text))
KEYS = st.text([chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"\\'], min_size=1)
INTEGERS = st.integers(-INTEGER_LIMIT, INTEGER_LIMIT) | st.sampled_from([INTEGER_LIMIT, -INTEGER_LIMIT])
SCALARS = st.none() | st.booleans() | INTEGERS | NFC
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=30)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(), max_size=3), inner),
    max_leaves=10,
)
MOMENTS = st.datetimes(
    min_value=datetime(1000, 1, 2),
    max_value=datetime(9999, 12, 30),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


def plain_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(VALUES)
def test_three_writers_give_the_same_bytes(value: Any) -> None:
    check(value)
    assert encode(value) == rfc8785.dumps(value) == plain_json(value)


@given(VALUES)
def test_reading_gives_the_value_back_and_writing_it_again_the_bytes(value: Any) -> None:
    data = encode(value)
    assert decode(data) == value
    assert encode(decode(data)) == data


@given(ANY_JSON)
def test_whatever_passes_the_border_is_written_alike_by_all_three(value: Any) -> None:
    try:
        check(value)
    except NotCanonical:
        return
    assert encode(value) == rfc8785.dumps(value) == plain_json(value)


@given(ANY_JSON | VALUES | st.recursive(TEXT, st.lists, max_leaves=10))
def test_cleaning_is_normalising_and_checking(value: Any) -> None:
    def slowly(value: Any) -> Any:
        check(normal := normalise(value))
        return normal

    assert outcome(cleaned, value) == outcome(slowly, value)


def outcome(work: Callable[[Any], Any], value: Any) -> Any:
    try:
        return encode(work(value))
    except NotCanonical as fault:
        return fault.reason, fault.path


@given(st.recursive(TEXT, st.lists, max_leaves=10))
def test_normalised_text_passes_the_border_and_stays_as_it_is(value: Any) -> None:
    normal = normalise(value)
    check(normal)
    assert normalise(normal) == normal


@given(st.binary(max_size=60) | ANY_JSON.map(lambda value: json.dumps(value, ensure_ascii=True).encode()))
def test_decode_either_gives_a_value_with_these_bytes_or_refuses(data: bytes) -> None:
    try:
        value = decode(data)
    except NotCanonical:
        return
    assert rfc8785.dumps(value) == data


@given(ANY_JSON | ANY_JSON.map(lambda value: {"a": [value, ","], "记录": value}))
def test_what_is_taken_for_the_profile_at_a_glance_holds_nothing_that_it_forbids(value: Any) -> None:
    try:
        data = encode(value)
    except NotCanonical:
        return
    if is_profile(data, json.loads(data)):
        check(normalise(value))


@given(VALUES)
def test_every_value_of_the_profile_is_known_at_a_glance_unless_it_speaks_of_an_escape(value: Any) -> None:
    data = encode(value)
    assert is_profile(data, value) or b"u0000" in data


def test_the_sixty_fifth_level_is_seen_at_a_glance() -> None:
    known = {}
    for levels in (63, 64, 65):
        value: Any = 1
        for _ in range(levels):
            value = [value]
        known[levels] = is_profile(encode(value), value)

    assert known == {63: True, 64: True, 65: False}


@given(MOMENTS, MOMENTS)
def test_text_order_of_moments_is_time_order(one: datetime, other: datetime) -> None:
    assert (instant(one) < instant(other)) == (one < other)
    assert parse_instant(instant(one)) == one.astimezone(UTC)
