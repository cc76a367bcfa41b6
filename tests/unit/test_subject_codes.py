"""统一社会信用代码: the vectors of requirements.md §4.2, another implementation, and what each digit can find and cannot."""

from __future__ import annotations

import random

import pytest
from stdnum.cn import uscc

from adapters.subjects.codes import (
    ALPHABET,
    BadCode,
    CodeToConfirm,
    complete,
    inner_digit,
    outer_digit,
    read_code,
)

VALID = (
    "91350100M000100Y43",
    "91110000101623741K",
    "911101066976941872",
    "91340300MAY4CL128W",
    "91340100MABJ1XG60D",
    "91340100MA2DD272X5",
    "91341100MA1TJ3Y70Q",
    "91340100MAR8F86N30",
)
REAL_BUT_OUTER_DIGIT_WRONG = "91350211M0000XUF46"
BOTH_WRONG = "91310115MA1H8R7C6D"


def random_codes(number: int, seed: int) -> list[str]:
    """Any characters of the alphabet, with the outer digit of another implementation."""
    chance = random.Random(seed)
    digits = "0123456789"
    bodies = (
        "".join(
            (*chance.choices(ALPHABET, k=2), *chance.choices(digits, k=6), *chance.choices(ALPHABET, k=9))
        )
        for _ in range(number)
    )
    return [body + uscc.calc_check_digit(body) for body in bodies]


@pytest.mark.parametrize("code", VALID)
def test_a_published_code_is_valid(code: str) -> None:
    found = read_code(code)
    assert (found.verdict, found.doubt, found.code) == ("valid", "", code)


def test_a_real_code_whose_outer_digit_is_wrong_is_a_doubt_to_confirm() -> None:
    found = read_code(REAL_BUT_OUTER_DIGIT_WRONG)
    assert (found.verdict, found.doubt) == ("doubtful", "outer_check")
    assert "应为 R" in found.message
    with pytest.raises(CodeToConfirm):
        found.require()
    found.require(is_confirmed=True)


def test_a_code_with_both_digits_wrong_is_refused_with_a_reason() -> None:
    found = read_code(BOTH_WRONG)
    assert (found.verdict, found.doubt, outer_digit(BOTH_WRONG[:17])) == ("invalid", "both_checks", "7")
    with pytest.raises(BadCode) as refused:
        found.require(is_confirmed=True)
    assert refused.value.code == "bad_code"
    assert refused.value.hint


def test_the_outer_digit_agrees_with_another_implementation_on_random_codes() -> None:
    codes = random_codes(3_000, seed=31)
    assert [outer_digit(code[:17]) for code in codes] == [code[17] for code in codes]
    assert sum(code[17] == "0" for code in codes) > 60  # one in 31: the trap of `codes[31 - mod]`


def test_what_is_called_wrong_is_what_another_implementation_refuses() -> None:
    chance = random.Random(7)
    for code in random_codes(2_000, seed=8):
        body = "91" + code[2:17]  # the other implementation knows no letters in the first two places
        changed = body + chance.choice((uscc.calc_check_digit(body), *ALPHABET))
        outer_is_wrong = read_code(changed).doubt in ("outer_check", "both_checks")
        assert outer_is_wrong is not uscc.is_valid(changed)


@pytest.mark.parametrize("code", VALID)
def test_every_single_wrong_character_is_found(code: str) -> None:
    for place, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            changed = code[:place] + wrong + code[place + 1 :]
            assert outer_digit(changed[:17]) != changed[17]
            assert read_code(changed).verdict != "valid"


@pytest.mark.parametrize("code", VALID)
def test_every_swap_of_two_unlike_neighbours_is_found(code: str) -> None:
    for place in range(17):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert swapped == code or outer_digit(swapped[:17]) != swapped[17]


def test_what_the_outer_digit_does_not_promise_a_swap_of_first_and_last_passes_it() -> None:
    code = "91340100MAR8F86N30"
    swapped = code[-1] + code[1:-1] + code[0]
    assert outer_digit(swapped[:17]) == swapped[17]


def test_what_the_inner_digit_does_not_promise_characters_eleven_apart_look_alike_to_it() -> None:
    assert inner_digit("MA000000") == inner_digit("XA000000")  # M is 22, X is 33
    assert {len({inner_digit("1234567" + char) for char in group}) for group in ("0BM", "1CN", "9K")} == {1}


def test_an_error_within_nine_to_seventeen_makes_both_digits_speak_unless_eleven_apart() -> None:
    code = "91340100MABJ1XG60D"
    for place in range(8, 17):
        for wrong in set(ALPHABET) - {code[place]}:
            changed = code[:place] + wrong + code[place + 1 :]
            apart = (int(wrong, 36) - int(code[place], 36)) % 11
            if place < 16:
                assert read_code(changed).doubt == ("both_checks" if apart else "outer_check")


def test_a_wrong_inner_digit_alone_is_a_doubt() -> None:
    body = "91340100MAR8F86N4"
    found = read_code(body + outer_digit(body))
    assert (found.verdict, found.doubt) == ("doubtful", "inner_check")


def test_full_width_and_lower_case_are_read_without_a_word() -> None:
    assert read_code(" ９１３４０１００ｍａｒ８ｆ８６ｎ３０　") == read_code("91340100MAR8F86N30")


@pytest.mark.parametrize(
    "text",
    ["9134O1OOMAR8F86N3O", "9I3401OOMAR8F86N30", "'91340100MAR8F86N30", "91340100 MAR8F86N 30", "9134-0100-MAR8F86N30"],
)  # fmt: skip
def test_confusions_are_reported_with_what_may_be_meant_and_never_changed(text: str) -> None:
    found = read_code(text)
    assert (found.verdict, found.doubt, found.code) == ("invalid", "characters", text)
    assert found.suggestions == ("91340100MAR8F86N30",)
    assert "91340100MAR8F86N30" in found.hint


def test_a_zero_read_as_the_letter_that_looks_like_it_is_suggested() -> None:
    code = complete("91340100MAQ8F86N")
    assert code in read_code(code.replace("Q", "0")).suggestions


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("9.13401E+17", "number"),
        ("911101066976941872.0", "number"),
        ("MAR8F86N3", "length"),
        ("340100000012345", "length"),
        ("91340100MAR8F86N300", "length"),
        ("91340100马AR8F86N30", "characters"),
        ("913A0100MAR8F86N30", "characters"),
    ],
)
def test_what_cannot_be_a_code_says_why(text: str, doubt: str) -> None:
    found = read_code(text)
    assert (found.verdict, found.doubt, found.suggestions) == ("invalid", doubt, ())
    assert found.message


def test_a_completed_code_has_both_digits_right() -> None:
    chance = random.Random(11)
    for _ in range(200):
        code = complete("91340100" + "".join(chance.choices(ALPHABET, k=8)))
        assert read_code(code).verdict == "valid"
        assert uscc.is_valid(code)
