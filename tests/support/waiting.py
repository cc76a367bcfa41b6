"""Wait for something that another thread or process does: asked again and again, with an end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from threading import Event
from typing import TypeVar

T = TypeVar("T")

_PAUSE = 0.02
_never = Event()


class NotYet(AssertionError):
    """Raised when what was waited for did not happen in time."""


def wait_until(what: Callable[[], T], *, seconds: float = 30) -> T:
    """The first truthy answer. A machine that is merely slow has `seconds` and more: only the pauses are counted."""
    for asked in count():
        if answer := what():
            return answer
        if asked * _PAUSE >= seconds:
            raise NotYet(f"still {answer!r} after {seconds} s")
        _never.wait(_PAUSE)
    raise AssertionError("unreachable")
