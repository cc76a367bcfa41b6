"""Whether every post that must be filled is: who is primary and deputy, vacant since when, and the pairs of teams and cities.

安排专人 (四(三)): exactly one primary liaison in every region; 16 teams, one for each city; 全员参与 (四(一)).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from engine.calendar import Calendar
from engine.directory import Directory, Person, PersonId, Region, RegionId, UnitId

__all__ = ["KEY_SUBJECTS", "Pair", "Participant", "Seat", "pairs", "participation", "seats"]

REQUIRED: Final = ("liaison", "leader")
TEAM_ROLES: Final = ("team_liaison", "team")
RED_AFTER: Final = 3  # working days of a vacancy (默认值，可配置)
KEY_SUBJECTS: Final = 10  # 四（一）1：每团一对一联系不少于 10 家重点企业
_DAY: Final = timedelta(days=1)

Light = Literal["green", "yellow", "red"]


@dataclass(frozen=True, slots=True)
class Seat:
    """A post that must be filled, on a day. `vacant_since` None while filled, or where it never was filled (`ever` False)."""

    region: RegionId
    role: str
    primary: PersonId | None
    deputies: tuple[PersonId, ...]
    others: tuple[PersonId, ...]
    vacant_since: date | None
    ever: bool
    light: Light

    @property
    def is_vacant(self) -> bool:
        return self.primary is None


@dataclass(frozen=True, slots=True)
class Pair:
    """A city and the teams whose people hold posts in it; `since` is the first day of the oldest post that holds."""

    city: RegionId
    units: tuple[UnitId, ...]
    liaison: PersonId | None
    members: tuple[PersonId, ...]
    since: date | None
    key_subjects: int

    @property
    def has_enough_key_subjects(self) -> bool:
        return self.key_subjects >= KEY_SUBJECTS


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody of the province and the cities for which they serve in a team."""

    person: PersonId
    unit: UnitId
    cities: tuple[RegionId, ...]


def seats(directory: Directory, calendar: Calendar, on: date) -> list[Seat]:
    """Every required post of every region, and the team posts of every city, by region."""
    return [
        _seat(directory, calendar, region.id, role, on)
        for region in sorted(directory.regions, key=lambda each: each.id)
        for role in (*REQUIRED, *(TEAM_ROLES if _is_city(directory, region) else ()))
    ]


def pairs(directory: Directory, on: date, key_subjects: Mapping[str, int]) -> list[Pair]:
    """One for each city; `key_subjects` counts by region those that are on the list."""
    return [
        _pair(
            directory,
            region.id,
            on,
            sum(n for where, n in key_subjects.items() if where.startswith(region.id)),
        )
        for region in sorted(directory.regions, key=lambda each: each.id)
        if _is_city(directory, region)
    ]


def participation(directory: Directory, on: date) -> list[Participant]:
    """Everybody of the province's own units: those of its liaisons and leaders, and the teams."""
    root = next(region.id for region in directory.regions if region.parent is None)
    serving: defaultdict[str, set[RegionId]] = defaultdict(set)
    for post in directory.posts:
        if post.role in TEAM_ROLES and post.region and post.is_held_on(on):
            serving[post.person].add(post.region)
    units = _own_units(directory, root, on) | {person.unit for person in _people(directory, serving)}
    return [
        Participant(person.id, person.unit, tuple(sorted(serving[person.id])))
        for person in sorted(directory.people, key=lambda each: each.id)
        if person.unit in units
    ]


def _seat(directory: Directory, calendar: Calendar, region: RegionId, role: str, on: date) -> Seat:
    posts = [p for p in directory.posts if p.role == role and p.region == region]
    held = [post for post in posts if post.is_held_on(on)]
    principals = sorted({post.person for post in held if post.stands_in_for is None})
    ends = [post.until for post in posts if post.stands_in_for is None and post.until and post.until < on]
    vacant_since = max(ends) + _DAY if ends and not principals else None
    return Seat(
        region=region,
        role=role,
        primary=principals[0] if principals else None,
        deputies=tuple(sorted({post.person for post in held if post.stands_in_for is not None})),
        others=tuple(principals[1:]),
        vacant_since=vacant_since,
        ever=bool(ends or principals),
        light=_light(calendar, principals, role, vacant_since, on),
    )


def _light(
    calendar: Calendar, principals: list[PersonId], role: str, vacant_since: date | None, on: date
) -> Light:
    """Exactly one primary is green; a team has several members. A vacancy turns red after three working days."""
    if principals:
        return "green" if len(principals) == 1 or role == "team" else "yellow"
    if vacant_since is None:
        return "red"
    days = sum(calendar.is_working_day(vacant_since + _DAY * n) for n in range((on - vacant_since).days + 1))
    return "red" if days > RED_AFTER else "yellow"


def _pair(directory: Directory, city: RegionId, on: date, key_subjects: int) -> Pair:
    posts = [p for p in directory.posts if p.region == city and p.role in TEAM_ROLES and p.is_held_on(on)]
    liaisons = sorted(post.person for post in posts if post.role == "team_liaison" and not post.stands_in_for)
    units = {person.unit for person in _people(directory, {post.person for post in posts})}
    return Pair(
        city=city,
        units=tuple(sorted(units)),
        liaison=liaisons[0] if liaisons else None,
        members=tuple(sorted({post.person for post in posts if post.role == "team"})),
        since=min((post.since for post in posts), default=None),
        key_subjects=key_subjects,
    )


def _own_units(directory: Directory, root: str, on: date) -> set[UnitId]:
    people = (p for role in REQUIRED for p in directory.holders(role, region=root, on=on))
    return {person.unit for person in _people(directory, people)}


def _people(directory: Directory, ids: Iterable[str]) -> Iterator[Person]:
    return (person for each in ids if (person := directory.person(each)))


def _is_city(directory: Directory, region: Region) -> bool:
    """A region right below the root."""
    return region.parent is not None and directory.region(region.parent).parent is None
