"""Events of earlier versions, read into today's shape. Their bytes stay as they were hashed: only the reading is carried over.

One entry of `UPCASTERS` for each version that is no longer written: it makes a body of version `v` into one of `v + 1`. What a
later version can only compute from the case (`after`, where the form of a case changed) it leaves out; replay then does not ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.errors import BihuanError

__all__ = ["EVENT_VERSION", "UPCASTERS", "UnknownVersion", "today"]

EVENT_VERSION: Final = 1
Body = Mapping[str, Any]
Upcaster = Callable[[Body], Body]

UPCASTERS: dict[int, Upcaster] = {}  # no release has written another version than the first


class UnknownVersion(BihuanError):
    """Raised when an event is of a version that this release cannot read; a later release wrote it."""

    code, kind = "unknown_event_version", "invalid"


def today(body: Body) -> Body:
    """The same event as a body of `EVENT_VERSION`. Errors: `UnknownVersion`."""
    while (version := body.get("v")) != EVENT_VERSION:
        if type(version) is not int or version not in UPCASTERS:
            raise UnknownVersion(f"不认识第 {version} 版的记录", hint="用写下这条记录的版本或更新的版本读取")
        body = {**UPCASTERS[version](body), "v": version + 1}
    return body
