"""Which region a list means by its words for a place: 合肥 and 蜀山, 合肥市高新区, 繁昌县 of before 2020.

A county is looked for in its city and never alone: 黄山 is a city and a district, 郊区 is everywhere. What stays open is refused
with the candidates; whoever reads one city's list says so (`within`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from adapters.organisation.divisions import Division, divisions, old_names
from engine.directory import RegionId
from engine.errors import BihuanError

__all__ = ["AmbiguousPlace", "Place", "UnknownPlace", "find_place", "has_counties", "says_itself"]

_ITSELF: Final = frozenset({"", "本级", "市本级", "市直", "市属", "市辖区", "全市", "无"})
_PROVINCE_WORDS: Final = frozenset({"安徽", "安徽省", "省直", "省本级", "省属"})
_NOISE: Final = re.compile(r"[\s·,，、.。()（）\-—/]")
_CODE: Final = re.compile(r"34[0-9]{0,10}")
# The long words for zones and the ones that people write for them; the longest first.
_ZONE_WORDS: Final = (
    (re.compile("国家级?(?=高新|经济|经开)"), ""),
    (re.compile("高新技术(产业)?开发区|高新技术产业园?区"), "高新区"),
    (re.compile("经济技术(开发)?区|经济开发区"), "经开区"),
    (re.compile("(现代)?产业园区?"), "产业园"),
)
# How people call zones, beside what follows from their titles.
_ZONE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "340171": ("高新",),
    "340172": ("经开",),
    "340173": ("新站", "新站区"),
    "340271": ("经开",),
    "340272": ("三山",),
    "340371": ("高新",),
    "340372": ("经开",),
    "340871": ("经开",),
    "341171": ("苏滁高新区", "苏滁产业园", "苏滁"),
    "341172": ("经开",),
    "341271": ("阜合产业园", "阜合"),
    "341272": ("经开",),
    "341371": ("宿马产业园", "宿马园区", "宿马"),
    "341372": ("经开",),
    "341871": ("经开",),
}


class UnknownPlace(BihuanError):
    """Raised when no region goes by these words there."""

    code, kind = "unknown_place", "invalid"


class AmbiguousPlace(BihuanError):
    """Raised when the words fit several regions, or name a county without its city; `candidates` are in the params."""

    code, kind = "ambiguous_place", "invalid"


@dataclass(frozen=True, slots=True)
class Place:
    """The region of today; `note` says that the words are an older name for it."""

    region: RegionId
    title: str
    note: str = ""


def find_place(city: str, county: str = "", *, on: date, within: str = "") -> Place:
    """The region that a row of `on` means by its city and county; `within` is the region of whoever sent the list.

    Either text may be empty, a code, or name province and city before the county. Errors: `UnknownPlace`, `AmbiguousPlace`.
    """
    first, second = _folded(city), _folded(county)
    if first in _PROVINCE_WORDS and not second:
        return _place(RegionId("34"))
    if _CODE.fullmatch(second) or (_CODE.fullmatch(first) and not second):
        return _coded(first, second)
    home, rest = _split(first)
    if home in _cities() or (home and second):
        return _in_city(home, second or rest, on)
    if first and second:
        raise UnknownPlace(f"没有“{city}”这个市", hint="写市的全称，例如 合肥市")
    return _without_city(first or second, on, within)


def has_counties(region: str) -> bool:
    """Whether a region is above the counties: an enterprise that stands there stands in none of them."""
    return any(division.region.parent == region for division in divisions())


def says_itself(words: str) -> bool:
    """Whether the words say that the city itself is meant (市本级, 市直), and not just no county."""
    return bool(words) and words != "无" and _folded(words) in _ITSELF


# Looking


@dataclass(frozen=True, slots=True)
class _Name:
    """One of the words for a region inside a city; `since` is the year in which it ceased to be right."""

    region: RegionId
    is_full: bool
    since: int = 0


_Names = Mapping[str, tuple[_Name, ...]]


def _in_city(home: str, words: str, on: date) -> Place:
    """`home` is the title of a city, perhaps of one that is no more."""
    if words in _ITSELF and home in _cities():
        return _place(_cities()[home])
    own, rest = _split(words)
    found = _named(home, words) or (_named(home, rest) if own == home else ())
    if len({name.region for name in found}) == 1:
        return _place(found[0].region, words, since=found[0].since, on=on)
    if found:
        raise _ambiguous(f"{home}的“{words}”", {name.region for name in found})
    elsewhere = _everywhere(rest if own else words)
    hint = f"这个名称在：{_listed(elsewhere)}" if elsewhere else "核对县（市、区）名称，或直接写区划代码"
    raise UnknownPlace(f"{home}没有“{words}”", hint=hint, candidates=sorted(elsewhere))


def _without_city(words: str, on: date, within: str) -> Place:
    """Where no city is said: the sender's own, or one that the words begin with."""
    if len(within) >= 4:
        home = _title_of(within[:4])
        return _place(RegionId(within)) if not words else _in_city(home, words, on)
    own, rest = _split(words)
    if own and rest and _named(own, rest):
        return _in_city(own, rest, on)
    found = _everywhere(words)
    if len(found) == 1 and (only := next(iter(found))) in _cities().values():
        return _place(only)
    if found:
        raise _ambiguous(f"“{words}”没有写所在市", found)
    raise UnknownPlace(
        f"没有叫“{words}”的地方" if words else "没有写所在市和县（市、区）", hint="写市和县（市、区）两栏"
    )


def _coded(first: str, second: str) -> Place:
    code = second or first
    region = re.sub("(00)+$", "", code[:6]) if len(code) >= 6 else code
    home, _ = _split(first)
    if region not in _divisions():
        raise UnknownPlace(f"没有区划代码 {code}", hint="写六位区划代码，例如 340104")
    if home and _cities().get(home, "") != region[:4]:
        raise UnknownPlace(
            f"区划代码 {code} 不属于{home}", hint=f"{code} 是{_divisions()[region].full_title}"
        )
    return _place(RegionId(region))


def _named(home: str, words: str) -> tuple[_Name, ...]:
    """What the words may mean there; a full name leaves no room for short ones."""
    found = _names(home).get(_zone_folded(words), ())
    return tuple(name for name in found if name.is_full) or found


def _everywhere(words: str) -> set[RegionId]:
    return {name.region for home in (*_cities(), *_former_cities()) for name in _named(home, words)}


def _ambiguous(what: str, regions: Collection[RegionId]) -> AmbiguousPlace:
    return AmbiguousPlace(
        f"{what}，不能确定是哪里",
        hint=f"可能是：{_listed(regions)}；请写明市和县（市、区）",
        candidates=sorted(regions),
    )


def _listed(regions: Collection[RegionId]) -> str:
    return "、".join(f"{_divisions()[region].full_title}（{region}）" for region in sorted(regions))


def _place(region: RegionId, words: str = "", *, since: int = 0, on: date | None = None) -> Place:
    title = _divisions()[region].full_title
    note = f"“{words}”是旧名称，{since} 年起为{title}" if since and on and on.year >= since else ""
    return Place(region, title, note)


# Words


def _folded(text: str) -> str:
    words = _NOISE.sub("", unicodedata.normalize("NFKC", text))
    return words if words in _PROVINCE_WORDS else words.removeprefix("安徽省")


def _zone_folded(words: str) -> str:
    for long, short in _ZONE_WORDS:
        words = long.sub(short, words)
    return words


def _short(title: str) -> str:
    """蜀山 of 蜀山区; 和县 and 郊区 have no shorter name."""
    return title[:-1] if len(title) > 2 and title[-1] in "市县区" else title


def _split(words: str) -> tuple[str, str]:
    """The city that the words begin with, and what follows; ("", words) where they begin with none."""
    for home in (*_cities(), *_former_cities()):
        for name in (home, _short(home)):
            if words.startswith(name):
                return home, words.removeprefix(name)
    return "", words


# The names of a city, once


@cache
def _divisions() -> Mapping[str, Division]:
    return {division.region.id: division for division in divisions()}


@cache
def _cities() -> Mapping[str, RegionId]:
    return {d.region.title: d.region.id for d in divisions() if d.kind == "city"}


@cache
def _former_cities() -> tuple[str, ...]:
    return tuple(sorted({old.under for old in old_names()} - set(_cities())))


def _title_of(city: str) -> str:
    return _divisions()[city].region.title if city in _divisions() else ""


@cache
def _names(home: str) -> _Names:
    found: defaultdict[str, list[_Name]] = defaultdict(list)
    for words, name in _named_in(home):
        if all(other.region != name.region for other in found[words]):
            found[words].append(name)
    return {words: tuple(names) for words, names in found.items()}


def _named_in(home: str) -> Iterator[tuple[str, _Name]]:
    city = _cities().get(home)
    for division in divisions():
        if city and division.region.id.startswith(city):
            yield from _names_of(division, home)
    for old in old_names():
        if old.under == home:
            yield old.title, _Name(old.now, True, old.since)
            yield _short(old.title), _Name(old.now, False, old.since)


def _names_of(division: Division, home: str) -> Iterator[tuple[str, _Name]]:
    region, title = division.region.id, _zone_folded(division.region.title)
    yield title, _Name(region, True)
    if division.kind == "zone":
        bare = title.removeprefix(home).removeprefix(_short(home))
        yield bare, _Name(region, True)
        yield from ((words, _Name(region, False)) for words in _ZONE_NAMES.get(region, ()))
    else:
        yield _short(title), _Name(region, False)
