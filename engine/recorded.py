"""The limit of a clock as its events record it: what a definition may say, or a day that somebody named with the most."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from engine.durations import Duration, FixedDate, parse_limit

__all__ = ["Recorded", "Until", "parse_recorded"]


@dataclass(frozen=True, slots=True)
class Until:
    """One day that somebody named, but never later than `at_most`. Only clocks hold it: a definition names the field."""

    day: date
    at_most: Duration | FixedDate

    @property
    def words(self) -> str:
        """`until 2027-03-15, at most 3 months`; `parse_recorded` reads it back."""
        return f"until {self.day.isoformat()}, at most {self.at_most.words}"

    @property
    def zh(self) -> str:
        return f"至{self.day.year}年{self.day.month}月{self.day.day}日、至多{self.at_most.zh}"

    def __str__(self) -> str:
        return self.words


Recorded = Duration | FixedDate | Until
_UNTIL_DAY: Final = re.compile(r"until (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}), at most (?P<most>.+)")


@lru_cache(maxsize=1024)  # clocks keep their limits as words, and read them at every count
def parse_recorded(text: str) -> Duration | FixedDate | Until:
    """The limit of a clock: what `parse_limit` reads, or a day with the most. Raises a `DurationError`."""
    if found := _UNTIL_DAY.fullmatch(text):
        return Until(date.fromisoformat(found["day"]), parse_limit(found["most"]))
    return parse_limit(text)
