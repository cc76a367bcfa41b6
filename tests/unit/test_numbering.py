"""Case numbers carry the check digit of ISO/IEC 7064 MOD 11,10."""

from __future__ import annotations

import pytest

from engine.errors import InvalidData
from engine.numbering import SERIAL_MAX, case_number, check_digit, is_case_number


def test_the_example_of_the_standard_has_its_check_digit() -> None:
    assert check_digit("0794") == "5"  # ISO/IEC 7064:2003, 8.3


def test_a_number_is_year_serial_and_check_digit() -> None:
    assert case_number(2026, 1) == "202600000015"
    assert is_case_number("202600000015")


@pytest.mark.parametrize("serial", [1, 123, 4_567_890, SERIAL_MAX])
def test_every_single_wrong_digit_is_found(serial: int) -> None:
    number = case_number(2026, serial)
    for place, digit in enumerate(number):
        for other in set("0123456789") - {digit}:
            assert not is_case_number(number[:place] + other + number[place + 1 :])


def test_what_is_no_number_is_none() -> None:
    for text in ("", "20260000001", "2026000000150", "20260000001x", "２０２６００００００１５"):
        assert not is_case_number(text)


def test_a_year_has_room_for_so_many_and_no_more() -> None:
    with pytest.raises(InvalidData):
        case_number(2026, SERIAL_MAX + 1)
    with pytest.raises(InvalidData):
        case_number(2026, 0)
