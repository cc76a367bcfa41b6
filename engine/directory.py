"""The organisation as a value: regions, units, people and who holds which post on a day.

Pure and in memory; where it comes from and how it changes is left to the adapters. Region ids are prefix
paths ("34", "3401", "340102"): a region lies under every region whose id begins its own. Levels are nameless.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NewType, TypeVar

from engine.canonical import encode, tagged_digest
from engine.errors import BihuanError

__all__ = [
    "Address",
    "Directory",
    "Malformed",
    "Of",
    "Person",
    "PersonId",
    "Post",
    "Region",
    "RegionId",
    "Resolution",
    "SubjectId",
    "Unit",
    "UnitId",
    "UnknownRegion",
    "covers",
    "parse_address",
]

RegionId = NewType("RegionId", str)
UnitId = NewType("UnitId", str)
PersonId = NewType("PersonId", str)
SubjectId = NewType("SubjectId", str)

_DIGEST_TAG = "bihuan/organisation/v1"
_ADDRESS = re.compile(r"(?P<role>[a-z][a-z0-9_]*)(?P<of> of unit| above| at top|)", re.ASCII)


class Malformed(BihuanError, ValueError):
    """Raised when the data of an organisation contradict themselves; `place` names the row."""

    code, kind = "malformed_directory", "invalid"

    def __init__(self, message: str, *, place: str, hint: str = "") -> None:
        super().__init__(f"{place}：{message}", hint=hint, place=place)
        self.place = place


class UnknownRegion(BihuanError):
    """Raised when a region is asked about that the organisation does not have."""

    code, kind = "unknown_region", "invalid"


class UnknownAddress(BihuanError, ValueError):
    """Raised when the words of an address cannot be read."""

    code, kind = "unknown_address", "invalid"


def covers(scope: str, region: str) -> bool:
    """Whether `region` is `scope` or lies under it. An empty scope covers nothing."""
    return bool(scope) and region.startswith(scope)


class Of(StrEnum):
    """Where an address begins to look, relative to the case."""

    REGION = "region"
    UNIT = "unit"
    ABOVE = "above"
    TOP = "top"


_WORDS = {Of.REGION: "", Of.UNIT: " of unit", Of.ABOVE: " above", Of.TOP: " at top"}


@dataclass(frozen=True, slots=True)
class Address:
    """A role relative to the case: `leader`, `head of unit`, `liaison above`, `leader at top`."""

    role: str
    of: Of = Of.REGION

    def __str__(self) -> str:
        return self.role + _WORDS[self.of]


def parse_address(words: str) -> Address:
    """The address of its words; what `str` of an address writes."""
    found = _ADDRESS.fullmatch(" ".join(words.split()))
    if not found:
        raise UnknownAddress(
            f"看不懂的角色地址：{words}", hint="写法：leader、leader of unit、leader above、leader at top"
        )
    return Address(found["role"], next(of for of, tail in _WORDS.items() if tail == found["of"]))


@dataclass(frozen=True, slots=True)
class Region:
    id: RegionId
    title: str
    parent: RegionId | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    id: UnitId
    title: str
    region: RegionId


@dataclass(frozen=True, slots=True)
class Person:
    id: PersonId
    title: str
    unit: UnitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A role that a person holds from `since` to `until`, both days included.

    Exactly one of `region` (it and all under it), `unit` (that unit only) and `subject` (only that subject's
    cases) is given. `stands_in_for` names the person whose post is looked after meanwhile.
    """

    person: PersonId
    role: str
    since: date
    region: RegionId | None = None
    unit: UnitId | None = None
    subject: SubjectId | None = None
    until: date | None = None
    stands_in_for: PersonId | None = None

    def is_held_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who an address means on a day: `people` with the principal before stand-ins, then by id.

    `unit` is where the first of them works (for `of unit`, the unit asked for); `region` is the level that
    answered, `climbed` levels above the case's own (above the unit's own where a vacant unit sent it on).
    """

    address: Address
    people: tuple[PersonId, ...]
    unit: UnitId | None
    region: RegionId
    climbed: int

    @property
    def vacant(self) -> bool:
        return not self.people


_Key = tuple[str, str]
_Question = tuple[str, Of, str, str | None, date]
_ANSWERS_KEPT = 20_000
_Item = TypeVar("_Item", Region, Unit, Person)


@dataclass(frozen=True, slots=True)
class Directory:
    """All regions, units, people and posts, indexed once. Data that contradict themselves raise Malformed."""

    regions: tuple[Region, ...]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    posts: tuple[Post, ...]
    _regions: Mapping[str, Region] = field(init=False, repr=False, compare=False)
    _units: Mapping[str, Unit] = field(init=False, repr=False, compare=False)
    _people: Mapping[str, Person] = field(init=False, repr=False, compare=False)
    _by_region: Mapping[_Key, tuple[Post, ...]] = field(init=False, repr=False, compare=False)
    _by_unit: Mapping[_Key, tuple[Post, ...]] = field(init=False, repr=False, compare=False)
    _by_subject: Mapping[_Key, tuple[Post, ...]] = field(init=False, repr=False, compare=False)
    _by_person: Mapping[str, tuple[Post, ...]] = field(init=False, repr=False, compare=False)
    _answers: dict[_Question, Resolution] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        indexes: dict[str, object] = {
            "_regions": _by_id("regions", self.regions),
            "_units": _by_id("units", self.units),
            "_people": _by_id("people", self.people),
            "_by_region": _grouped(
                self.posts, lambda post: (post.role, post.region) if post.region else None
            ),
            "_by_unit": _grouped(self.posts, lambda post: (post.role, post.unit) if post.unit else None),
            "_by_subject": _grouped(
                self.posts, lambda post: (post.role, post.subject) if post.subject else None
            ),
            "_by_person": _grouped(self.posts, lambda post: post.person),
            "_answers": {},
        }
        for name, index in indexes.items():
            object.__setattr__(self, name, index)
        self._validate()

    # Looking up

    def region(self, region: str) -> Region:
        if region not in self._regions:
            raise UnknownRegion(f"没有这个区划：{region}", region=region)
        return self._regions[region]

    def unit(self, unit: str) -> Unit | None:
        return self._units.get(unit)

    def person(self, person: str) -> Person | None:
        return self._people.get(person)

    def upwards(self, region: str) -> Iterator[Region]:
        """The region itself, its parent, and so on to the root."""
        here: Region | None = self.region(region)
        while here:
            yield here
            here = self._regions[here.parent] if here.parent else None

    def posts_of(self, person: str, *, on: date) -> tuple[Post, ...]:
        return tuple(post for post in self._by_person.get(person, ()) if post.is_held_on(on))

    def holders(self, role: str, *, region: str, on: date) -> tuple[PersonId, ...]:
        """Who holds the role at exactly this region; nobody above or below counts."""
        return _people_of(self._by_region.get((role, region), ()), on)

    def unit_holders(self, role: str, *, unit: str, on: date) -> tuple[PersonId, ...]:
        return _people_of(self._by_unit.get((role, unit), ()), on)

    def subject_holders(self, role: str, *, subject: str, on: date) -> tuple[PersonId, ...]:
        return _people_of(self._by_subject.get((role, subject), ()), on)

    # Addresses

    def resolve(self, address: Address, *, region: str, unit: str | None, on: date) -> Resolution:
        """Who the address means for a case of `region` that `unit` holds. A vacancy goes up.

        With nobody all the way up, the resolution is `vacant` and names the root. Raises UnknownRegion.
        """
        question = (address.role, address.of, region, unit, on)
        found = self._answers.get(question)  # every step asks the same few questions all day
        if found is None:
            found = self._resolve(address, region, unit, on)
            if len(self._answers) >= _ANSWERS_KEPT:
                self._answers.clear()
            self._answers[question] = found
        return found

    def _resolve(self, address: Address, region: str, unit: str | None, on: date) -> Resolution:
        if address.of is Of.TOP:
            return self._resolve_at_top(address, region, on)
        if address.of is Of.ABOVE:
            return self._resolve_above(address, region, on)
        if address.of is Of.UNIT and unit and (home := self.unit(unit)):
            people = self.unit_holders(address.role, unit=unit, on=on)
            if people:
                return Resolution(address, people, home.id, home.region, 0)
            return self._climb(address, home.region, on)
        return self._climb(address, region, on)

    def holding_unit(self, role: str, *, region: str, on: date) -> UnitId | None:
        """The unit of the first holder that the region rule finds: the unit that then holds the case."""
        return self.resolve(Address(role), region=region, unit=None, on=on).unit

    def _climb(self, address: Address, region: str, on: date, *, skip: int = 0) -> Resolution:
        chain = list(self.upwards(region))
        start = min(skip, len(chain) - 1)  # above the root there is only the root
        for climbed, here in enumerate(chain[start:], start=start):
            if people := self.holders(address.role, region=here.id, on=on):
                return Resolution(address, people, self._people[people[0]].unit, here.id, climbed)
        return Resolution(address, (), None, chain[-1].id, len(chain) - 1)

    def _resolve_above(self, address: Address, region: str, on: date) -> Resolution:
        answering = self._climb(address, region, on).climbed
        return self._climb(address, region, on, skip=answering + 1)

    def _resolve_at_top(self, address: Address, region: str, on: date) -> Resolution:
        return self._climb(address, region, on, skip=len(list(self.upwards(region))) - 1)

    # As data

    def as_data(self) -> dict[str, Any]:
        """Canonical data, the same for every order in which the rows were given."""
        kinds: dict[str, Sequence[Region | Unit | Person | Post]] = {
            "people": self.people,
            "posts": self.posts,
            "regions": self.regions,
            "units": self.units,
        }
        return {kind: sorted((_row(item) for item in items), key=encode) for kind, items in kinds.items()}

    def digest(self) -> str:
        return tagged_digest(_DIGEST_TAG, encode(self.as_data()))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Directory:
        """The directory of `as_data`; Malformed names the row that cannot be read."""
        return cls(
            regions=_rows(data, "regions", Region),
            units=_rows(data, "units", Unit),
            people=_rows(data, "people", Person),
            posts=_rows(data, "posts", _post),
        )

    # Validation

    def _validate(self) -> None:
        for region in self.regions:
            self._validate_region(region)
        for unit in self.units:
            _require(unit.region in self._regions, f"units/{unit.id}", f"没有区划 {unit.region}")
        for person in self.people:
            _require(bool(person.unit), f"people/{person.id}", "人员没有单位")
            _require(person.unit in self._units, f"people/{person.id}", f"没有单位 {person.unit}")
        for index, post in enumerate(self.posts):
            self._validate_post(f"posts/{index}", post)

    def _validate_region(self, region: Region) -> None:
        place = f"regions/{region.id}"
        _require(
            region.parent is None or region.parent in self._regions, place, f"没有上级区划 {region.parent}"
        )
        # Reach goes by prefix and climbing by parent: they must be the same tree.
        prefixes = (region.id[:end] for end in range(len(region.id) - 1, 0, -1))
        nearest = next((prefix for prefix in prefixes if prefix in self._regions), None)
        _require(nearest == region.parent, place, f"按编码上级应为 {nearest}，写的是 {region.parent}")

    def _validate_post(self, place: str, post: Post) -> None:
        reaches = [reach for reach in (post.region, post.unit, post.subject) if reach is not None]
        _require(len(reaches) == 1 and reaches[0] != "", place, "区划、单位、服务对象须恰好写一项")
        _require(post.person in self._people, place, f"没有人员 {post.person}")
        _require(post.region is None or post.region in self._regions, place, f"没有区划 {post.region}")
        _require(post.unit is None or post.unit in self._units, place, f"没有单位 {post.unit}")
        _require(post.until is None or post.since <= post.until, place, "止期早于起期")
        replaced = post.stands_in_for
        _require(replaced is None or replaced in self._people, place, f"没有被代理人 {replaced}")
        _require(replaced != post.person, place, "不能代理自己")


def _require(holds: bool, place: str, message: str) -> None:
    if not holds:
        raise Malformed(message, place=place)


# An id also names lanes and clocks (`lane/u-3401-finance`), so it holds nothing that must be quoted anywhere.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _by_id(kind: str, items: Iterable[_Item]) -> dict[str, _Item]:
    found: dict[str, _Item] = {}
    for item in items:
        _require(bool(item.id), kind, "编号为空")
        readable = _ID.fullmatch(item.id) is not None
        _require(readable, f"{kind}/{item.id}", "编号只用字母、数字、点、下划线和连字符，最多 64 个")
        _require(item.id not in found, f"{kind}/{item.id}", "编号重复")
        found[item.id] = item
    return found


_GroupKey = TypeVar("_GroupKey", str, _Key)


def _grouped(
    posts: Iterable[Post], key: Callable[[Post], _GroupKey | None]
) -> dict[_GroupKey, tuple[Post, ...]]:
    groups: defaultdict[_GroupKey, list[Post]] = defaultdict(list)
    for post in posts:
        if (group := key(post)) is not None:
            groups[group].append(post)
    return {group: tuple(members) for group, members in groups.items()}


def _people_of(posts: Iterable[Post], on: date) -> tuple[PersonId, ...]:
    held = sorted((post.stands_in_for is not None, post.person) for post in posts if post.is_held_on(on))
    return tuple(dict.fromkeys(person for _, person in held))


def _row(item: Region | Unit | Person | Post) -> dict[str, str | None]:
    values = {name: getattr(item, name) for name in item.__slots__}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _post(*, since: str, until: str | None = None, **row: Any) -> Post:
    return Post(since=date.fromisoformat(since), until=date.fromisoformat(until) if until else None, **row)


_Row = TypeVar("_Row")


def _rows(data: Mapping[str, Any], kind: str, make: Callable[..., _Row]) -> tuple[_Row, ...]:
    rows = []
    for index, row in enumerate(data.get(kind, ())):
        try:
            rows.append(make(**_texts(row)))
        except (TypeError, ValueError, AttributeError) as error:
            raise Malformed(str(error), place=f"{kind}/{index}") from error
    return tuple(rows)


def _texts(row: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in row.items():
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} 须为文字")
    return row
