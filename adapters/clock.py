"""The one place that reads the wall clock; everything else is told the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def system_now() -> datetime:
    return datetime.now(UTC)


class MovedClock:
    """A clock that stands still until it is moved: for the demo and for tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        self._now = moment

    def advance(self, length: timedelta) -> None:
        self._now += length
