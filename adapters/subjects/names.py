"""Names of subjects: what may be one, and the form in which two spellings of the same name are equal."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from engine.errors import BihuanError

__all__ = ["MOST_CHARACTERS", "BadName", "checked_name", "folded_name"]

MOST_CHARACTERS: Final = 200
# Not told apart by people who write a name from memory: brackets, spaces, the form of the company.
_SIGNS: Final = re.compile(r"[\s()\[\]{}<>《》〈〉【】「」·.,、\-—_'\"“”‘’&]")
_FORM: Final = re.compile("(股份有限公司|有限责任公司|有限公司|股份公司|公司)$")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class BadName(BihuanError):
    """Raised when a text cannot be the name of a subject."""

    code, kind = "bad_name", "invalid"


def checked_name(title: str) -> str:
    """The name in Unicode NFC without spaces around it; brackets and width stay as written. Errors: `BadName`."""
    name = unicodedata.normalize("NFC", title).strip()
    if not name or len(name) > MOST_CHARACTERS or _CONTROL.search(name):
        raise BadName(
            f"名称须为 1 至 {MOST_CHARACTERS} 个字，不含控制字符", hint="按营业执照写全称", value=title[:80]
        )
    return name


def folded_name(title: str) -> str:
    """安徽示例集团 of `安徽示例（集团）有限公司`: width, case, brackets and the form of the company are left out."""
    plain = _SIGNS.sub("", unicodedata.normalize("NFKC", title)).lower()
    return _FORM.sub("", plain) or plain
