"""统一社会信用代码 (GB 32100-2015): read one, with both of its check digits.

The outer digit (18) finds every single wrong character and every swap of two neighbours. It does not find a swap of the first
and the last, and lets one in 31 of other errors pass. The inner digit (17, GB 11714, over 9 to 16) counts modulo 11: a
character and one that stands 11, 22 or 33 after it look alike to it. There are real enterprises whose outer digit is wrong
(requirements.md §4.2), so that one wrong digit is a doubt to confirm and only two are an error.

Characters 3 to 8 name the office that registered, often long renamed: no region is ever read from a code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Final, Literal

from engine.errors import BihuanError

__all__ = [
    "ALPHABET",
    "BadCode",
    "CodeReading",
    "CodeToConfirm",
    "complete",
    "inner_digit",
    "outer_digit",
    "read_code",
]

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_INNER_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
# What a character may have been meant for; those outside the alphabet cannot stay as they are.
_MEANT: Final = {
    **{"O": "0QD", "I": "1L", "S": "5", "Z": "2", "V": "UY"},
    **{"0": "QD", "1": "L", "8": "B", "B": "8", "D": "0", "L": "1", "Q": "0", "U": "Y", "Y": "U"},
}
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?E\+?[0-9]+|[0-9]{15,}\.0*")
_NOISE: Final = re.compile(r"[\s'’‘`\"“”\-—_.·]")

Verdict = Literal["valid", "doubtful", "invalid"]


class BadCode(BihuanError):
    """Raised when a 统一社会信用代码 cannot be one: wrong characters, wrong length, or both check digits wrong."""

    code, kind = "bad_code", "invalid"


class CodeToConfirm(BihuanError):
    """Raised when one check digit of a code is wrong: there are such enterprises, but somebody must have looked."""

    code, kind = "code_to_confirm", "invalid"


@dataclass(frozen=True, slots=True)
class CodeReading:
    """`code` is the text in half width and upper case, changed in nothing else.

    `doubt` is stable: outer_check, inner_check, both_checks, length, characters, number, empty; empty for a valid one.
    `suggestions` are codes with both digits right that differ by characters people mix up, or by stray spaces and quotes.
    """

    code: str
    verdict: Verdict
    doubt: str = ""
    message: str = ""
    suggestions: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        if self.suggestions:
            return f"是否为 {'、'.join(self.suggestions)}？请核对营业执照"
        return "请核对营业执照上的统一社会信用代码"

    def require(self, *, is_confirmed: bool = False) -> None:
        """A valid code, or a doubtful one that somebody confirmed. Errors: `BadCode`, `CodeToConfirm`."""
        details = {"value": self.code, "doubt": self.doubt, "suggestions": list(self.suggestions)}
        if self.verdict == "invalid":
            raise BadCode(self.message, hint=self.hint, **details)
        if self.verdict == "doubtful" and not is_confirmed:
            raise CodeToConfirm(
                self.message,
                hint=f"{self.hint}；核对无误的，注明已确认（命令行加 --confirm，接口写 confirm: true）",
                **details,
            )


def read_code(text: str) -> CodeReading:
    """What `text` is as a code; never raises, never guesses."""
    code = unicodedata.normalize("NFKC", text).strip().upper()
    if not code:
        return CodeReading(code, "invalid", "empty", "没有填写统一社会信用代码")
    if _NUMBER.fullmatch(code):
        return CodeReading(
            code,
            "invalid",
            "number",
            f"{code} 是按数字保存的代码，后几位已经丢失，无法恢复，请按文本重新填写",
        )
    if wrong := _misshapen(code):
        return CodeReading(code, "invalid", *wrong, _suggestions(code))
    return _checked(code)


def outer_digit(body: str) -> str:
    """The 18th character for the first 17."""
    total = sum(ALPHABET.index(char) * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]  # not 31 - total % 31: that is 31 for one code in 31


def inner_digit(body: str) -> str:
    """The check character of an organisation code (GB 11714) for its eight characters."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, _INNER_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def complete(sixteen: str) -> str:
    """The code that begins with these 16 characters, both check digits right."""
    body = sixteen + inner_digit(sixteen[8:])
    return body + outer_digit(body)


def _misshapen(code: str) -> tuple[str, str] | None:
    """Doubt and message, where it has not 18 characters of the alphabet."""
    if foreign := sorted(set(code) - set(ALPHABET)):
        shown = "、".join("空格" if char.isspace() else char for char in foreign)
        return "characters", f"统一社会信用代码中不会有 {shown}（不用 I、O、S、V、Z）"
    if len(code) == 18:
        office = code[2:8]
        return None if office.isdigit() else ("characters", f"第 3 至 8 位应为数字，现为 {office}")
    told = {9: "，像是组织机构代码", 15: "，像是旧的注册号或税号"}.get(len(code), "")
    return "length", f"统一社会信用代码应为 18 位，现为 {len(code)} 位{told}"


def _checked(code: str) -> CodeReading:
    outer, inner = outer_digit(code[:17]) == code[17], inner_digit(code[8:16]) == code[16]
    if outer and inner:
        return CodeReading(code, "valid")
    suggestions = _suggestions(code)
    if inner:
        message = f"代码 {code} 的校验码不符（第 18 位应为 {outer_digit(code[:17])}），但组织机构代码部分相符，请人工确认"
        return CodeReading(code, "doubtful", "outer_check", message, suggestions)
    if outer:
        message = (
            f"代码 {code} 的组织机构代码部分校验不符（第 17 位应为 {inner_digit(code[8:16])}），请人工确认"
        )
        return CodeReading(code, "doubtful", "inner_check", message, suggestions)
    message = f"代码 {code} 的两个校验码都不符，一定有错"
    return CodeReading(code, "invalid", "both_checks", message, suggestions)


_MOST_FOREIGN: Final = 4
_MOST_SUGGESTIONS: Final = 3


def _suggestions(code: str) -> tuple[str, ...]:
    """Sound codes that the writer may have meant: without stray signs, and with characters read as what they look like."""
    cleaned = _NOISE.sub("", code)
    if len(cleaned) != 18:
        return ()
    sound = (each for each in dict.fromkeys(_meant(cleaned)) if each != code and _is_sound(each))
    return tuple(islice(sound, _MOST_SUGGESTIONS))


def _meant(code: str) -> Iterator[str]:
    foreign = [char for char in code if char not in ALPHABET]
    if not all(char in _MEANT for char in foreign) or len(foreign) > _MOST_FOREIGN:
        return
    yield from map("".join, product(*(char if char in ALPHABET else _MEANT[char] for char in code)))
    if not foreign:
        for place, char in enumerate(code):
            yield from (code[:place] + other + code[place + 1 :] for other in _MEANT.get(char, ""))


def _is_sound(code: str) -> bool:
    if not code[2:8].isdigit():
        return False
    return outer_digit(code[:17]) == code[17] and inner_digit(code[8:16]) == code[16]
