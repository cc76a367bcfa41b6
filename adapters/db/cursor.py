"""Where a page begins: the sort key of the last row before it, as one opaque word that survives a URL."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

import orjson

from engine.errors import BihuanError


class InvalidCursor(BihuanError):
    """Raised when a cursor is not one that a page gave out."""

    code, kind = "invalid_cursor", "invalid"


def cursor(*key: int | str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def after(words: str, *kinds: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The key of `cursor`, checked against the types that the list sorts by."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(words + "=" * (-len(words) % 4)))
    except (ValueError, binascii.Error) as error:
        raise _invalid() from error
    if (
        not isinstance(key, list)
        or [type(part) for part in key] != list(kinds)
        or not all(map(_can_be_bound, key))
    ):
        raise _invalid()
    return tuple(key)


def _can_be_bound(part: int | str) -> bool:
    return -(2**63) <= part < 2**63 if isinstance(part, int) else "\x00" not in part


def _invalid() -> InvalidCursor:
    return InvalidCursor("分页标记无效", hint="请使用上一页返回的 next")
