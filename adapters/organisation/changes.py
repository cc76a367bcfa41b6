"""Changes of the organisation as operations on its value: each makes a new directory, checked as a whole before it is adopted.

Who may ask for which is left to the caller; `regions_of` says whose region an operation is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from engine.directory import (
    Directory,
    Person,
    PersonId,
    Post,
    RegionId,
    SubjectId,
    Unit,
    UnitId,
)
from engine.errors import BihuanError

__all__ = [
    "JUDGING",
    "RESERVED",
    "AddPerson",
    "AddUnit",
    "Clash",
    "EndPost",
    "GivePost",
    "MovePerson",
    "Operation",
    "StandIn",
    "UnknownMember",
    "applied",
    "handover",
    "regions_of",
    "roles_of",
]

RESERVED: Final = frozenset({"administrator", "auditor", "assessor"})
"""Posts that watch over others: only an administrator gives or ends them (默认值，可配置)."""
JUDGING: Final = frozenset({"leader", "supervisor", "reviewer", "caller"})
"""Posts that judge the work of their region or to which it escalates: a level above gives and ends them (默认值，可配置)."""
_DAY: Final = timedelta(days=1)


class Clash(BihuanError):
    """Raised when a change contradicts what is there: an id that is taken, a post that is held already."""

    code = "organisation_clash"


class UnknownMember(BihuanError):
    """Raised when a change speaks of a person, unit or post that there is not."""

    code, kind = "unknown_member", "missing"


@dataclass(frozen=True, slots=True)
class AddUnit:
    unit: Unit


@dataclass(frozen=True, slots=True)
class AddPerson:
    person: Person


@dataclass(frozen=True, slots=True)
class MovePerson:
    """To another unit; posts are given and ended apart."""

    person: PersonId
    unit: UnitId


@dataclass(frozen=True, slots=True)
class GivePost:
    post: Post


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPost:
    """End a post after its last day, which may lie ahead. One that had not begun by then never was."""

    person: PersonId
    role: str
    last: date
    region: RegionId | None = None
    unit: UnitId | None = None
    subject: SubjectId | None = None

    def names(self, post: Post) -> bool:
        mine = (post.person, post.role, post.region, post.unit, post.subject)
        is_open = post.until is None or post.until > self.last
        return mine == (self.person, self.role, self.region, self.unit, self.subject) and is_open


@dataclass(frozen=True, slots=True)
class StandIn:
    """`person` looks after every post that `absent` holds from `since` to `until`."""

    person: PersonId
    absent: PersonId
    since: date
    until: date


Operation = AddUnit | AddPerson | MovePerson | GivePost | EndPost | StandIn


def applied(directory: Directory, operations: Iterable[Operation]) -> Directory:
    """The directory after all of them. Errors: `Clash`, `UnknownMember`, `engine.directory.Malformed`."""
    for operation in operations:
        directory = _applied(directory, operation)
    return directory


def regions_of(directory: Directory, operation: Operation) -> list[str]:
    """The regions whose organisation it changes; "" for a post that belongs to one subject."""
    match operation:
        case AddUnit(unit):
            return [unit.region]
        case AddPerson(person):
            return [_unit(directory, person.unit).region]
        case MovePerson(person, unit):
            return [_unit(directory, _person(directory, person).unit).region, _unit(directory, unit).region]
        case GivePost(post):
            return [_region_of(directory, post.region, post.unit)]
        case EndPost():
            return [_region_of(directory, operation.region, operation.unit)]
        case StandIn(_, absent, since):
            posts = _posts_to_look_after(directory, absent, since)
            return [_region_of(directory, post.region, post.unit) for post in posts]


def roles_of(directory: Directory, operation: Operation) -> set[str]:
    """The posts that it gives or ends."""
    match operation:
        case GivePost(post):
            return {post.role}
        case EndPost():
            return {operation.role}
        case StandIn(_, absent, since):
            return {post.role for post in _posts_to_look_after(directory, absent, since)}
        case _:  # it moves or adds people and units, no posts
            return set()


def handover(
    directory: Directory, person: PersonId, successor: PersonId, *, first: date, roles: Iterable[str] = ()
) -> list[Operation]:
    """The operations by which the successor holds from `first` on what the person held until the day before.

    `roles` names some of the posts, nothing all of them. Errors: `UnknownMember`, `Clash`.
    """
    _person(directory, person)
    _person(directory, successor)
    if person == successor:
        raise Clash("不能交接给本人", hint="写接任者的人员编号")
    wanted, found = set(roles), list(_open_posts(directory, person, first))
    posts = [post for post in found if not wanted or post.role in wanted]
    if missing := wanted - {post.role for post in posts}:
        raise UnknownMember(f"{person} 没有这些职务：{'、'.join(sorted(missing))}", hint="现任职务见名录")
    return [operation for post in posts for operation in _passed_on(directory, post, successor, first)]


# Parts


def _applied(directory: Directory, operation: Operation) -> Directory:
    match operation:
        case AddUnit(unit):
            _require_free(directory.unit(unit.id) is None, f"单位编号 {unit.id} 已有人使用")
            return replace(directory, units=(*directory.units, unit))
        case AddPerson(person):
            _require_free(directory.person(person.id) is None, f"人员编号 {person.id} 已有人使用")
            return replace(directory, people=(*directory.people, person))
        case MovePerson(person, unit):
            moved = replace(_person(directory, person), unit=_unit(directory, unit).id)
            return replace(directory, people=tuple(moved if p.id == person else p for p in directory.people))
        case GivePost(post):
            return _given(directory, post)
        case EndPost():
            return _ended(directory, operation)
        case StandIn():
            return _looked_after(directory, operation)


def _given(directory: Directory, post: Post) -> Directory:
    _person(directory, post.person)
    same = (
        other
        for other in directory.posts
        if _place(other) == _place(post) and other.stands_in_for == post.stands_in_for
    )
    _require_free(
        not any(_overlap(post, other) for other in same), f"{post.person} 已有“{post.role}”这一职务"
    )
    return replace(directory, posts=(*directory.posts, post))


def _ended(directory: Directory, ending: EndPost) -> Directory:
    if not any(ending.names(post) for post in directory.posts):
        raise UnknownMember(f"{ending.person} 没有可结束的职务“{ending.role}”", hint="现任职务见名录")
    posts = (
        replace(p, until=ending.last) if ending.names(p) else p for p in directory.posts if _begins(p, ending)
    )
    return replace(directory, posts=tuple(posts))


def _begins(post: Post, ending: EndPost) -> bool:
    return not ending.names(post) or post.since <= ending.last


def _looked_after(directory: Directory, standing: StandIn) -> Directory:
    _person(directory, standing.person)
    _person(directory, standing.absent)
    if standing.until < standing.since:
        raise Clash("代理的止期早于起期", hint="核对起止日期")
    posts = _posts_to_look_after(directory, standing.absent, standing.since)
    if not posts:
        raise UnknownMember(f"{standing.absent} 那时没有职务", hint="代理的是那人在起期当天的职务")
    for post in posts:
        until = min(standing.until, post.until or date.max)
        directory = _given(
            directory,
            replace(
                post, person=standing.person, since=standing.since, until=until, stands_in_for=standing.absent
            ),
        )
    return directory


def _posts_to_look_after(directory: Directory, absent: str, on: date) -> list[Post]:
    return [post for post in directory.posts_of(absent, on=on) if post.stands_in_for is None]


def _open_posts(directory: Directory, person: str, first: date) -> Iterator[Post]:
    for post in directory.posts:
        if post.person == person and (post.until is None or post.until >= first):
            yield post


def _passed_on(directory: Directory, post: Post, successor: PersonId, first: date) -> Iterator[Operation]:
    yield EndPost(
        person=post.person,
        role=post.role,
        last=first - _DAY,
        region=post.region,
        unit=post.unit,
        subject=post.subject,
    )
    inherited = replace(post, person=successor, since=max(first, post.since))
    is_theirs = any(_place(p) == _place(inherited) and _overlap(p, inherited) for p in directory.posts)
    if post.stands_in_for != successor and not is_theirs:
        yield GivePost(inherited)


def _place(post: Post) -> tuple[str | None, ...]:
    return (post.person, post.role, post.region, post.unit, post.subject)


def _overlap(one: Post, other: Post) -> bool:
    return one.since <= (other.until or date.max) and other.since <= (one.until or date.max)


def _region_of(directory: Directory, region: str | None, unit: str | None) -> str:
    return _unit(directory, unit).region if unit else (region or "")


def _unit(directory: Directory, unit: str) -> Unit:
    if found := directory.unit(unit):
        return found
    raise UnknownMember(f"没有这个单位：{unit}", hint="单位编号见名录")


def _person(directory: Directory, person: str) -> Person:
    if found := directory.person(person):
        return found
    raise UnknownMember(f"没有这个人员：{person}", hint="人员编号见名录")


def _require_free(is_free: bool, message: str) -> None:
    if not is_free:
        raise Clash(message, hint="核对名录后重新提交")
