"""Anhui's divisions from `anhui.json`: province, cities, counties, zones, and names that older papers use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import orjson

from engine.directory import Region, RegionId

Kind = Literal["province", "city", "county", "zone"]


@dataclass(frozen=True, slots=True)
class Division:
    """`full_title` says a county with its city: 郊区 alone is ambiguous. Zones are not in GB/T 2260."""

    region: Region
    kind: Kind
    full_title: str


@dataclass(frozen=True, slots=True)
class OldName:
    """`title` under city `under` is called `now` since the year `since` (requirements.md §4.4)."""

    title: str
    under: str
    now: RegionId
    since: int


@cache
def divisions() -> tuple[Division, ...]:
    """All 136, parents before children."""
    return tuple(_divisions(_data()))


@cache
def old_names() -> tuple[OldName, ...]:
    return tuple(OldName(**row) for row in _data()["old_names"])


def _divisions(data: dict[str, Any]) -> Iterator[Division]:
    province = Region(**data["province"])
    yield Division(province, "province", province.title)
    for row in data["cities"]:
        city = Region(row["id"], row["title"], province.id)
        yield Division(city, "city", city.title)
        for id, title in row["counties"].items():
            yield Division(Region(id, title, city.id), "county", city.title + title)
        for id, title in row["zones"].items():
            yield Division(Region(id, title, city.id), "zone", title)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads((files(__package__) / "anhui.json").read_bytes())
    return data
