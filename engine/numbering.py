"""Case numbers that people can say: year, seven digits, a check digit. `2026 0000123 4`.

The check digit is ISO/IEC 7064 MOD 11,10: it finds every wrong digit and nearly every swap of two neighbours, so a number
misheard on the telephone is refused instead of opening another case.
"""

from __future__ import annotations

from engine.case import CaseId
from engine.errors import InvalidData

SERIAL_DIGITS = 7
SERIAL_MAX = 10**SERIAL_DIGITS - 1


def case_number(year: int, serial: int) -> CaseId:
    """The number of the `serial`-th case of a year. Errors: `InvalidData` past 9,999,999 in one year."""
    if not 1 <= serial <= SERIAL_MAX:
        raise InvalidData("一年之内的编号已用完", hint=f"每年至多 {SERIAL_MAX} 件")
    digits = f"{year:04d}{serial:0{SERIAL_DIGITS}d}"
    return CaseId(digits + check_digit(digits))


def check_digit(digits: str) -> str:
    """ISO/IEC 7064 MOD 11,10."""
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def is_case_number(text: str) -> bool:
    return (
        len(text) == 4 + SERIAL_DIGITS + 1
        and text.isascii()
        and text.isdigit()
        and check_digit(text[:-1]) == text[-1]
    )
