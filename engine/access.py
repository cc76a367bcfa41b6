"""Who may read and who may act. One policy: the same reach decides on a case and filters lists.

Grants are facts handed in (posts of the day, scopes of a token); separation of duties belongs to the
definition. Everything fails closed: an empty region, unit or subject matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from engine.directory import Post, covers
from engine.errors import Blocker

__all__ = [
    "Actor",
    "Grant",
    "Reach",
    "Refusal",
    "RoleKind",
    "grants_of",
    "may_act",
    "may_read",
    "reach",
    "reaches",
]

RoleKind = Literal["region", "unit", "subject"]
ActorKind = Literal["person", "clock", "system"]
Refusal = Blocker


@dataclass(frozen=True, slots=True)
class Grant:
    """A role with its reach: a region and all under it, one unit, or one subject."""

    role: str
    region: str | None = None
    unit: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as the event records it; `channel` is the door they came through (api, console, cli)."""

    id: str
    kind: ActorKind = "person"
    grants: tuple[Grant, ...] = ()
    stands_in_for: str | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be read: cases of these regions and all under them, of these units, about these subjects."""

    regions: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


def grants_of(posts: Iterable[Post]) -> tuple[Grant, ...]:
    """The grants that posts give; the caller picks those held on the day."""
    return tuple(Grant(post.role, post.region, post.unit, post.subject) for post in posts)


def reach(actor: Actor) -> Reach:
    """The actor's reach, sorted and without regions that another one covers, ready to become a filter."""
    regions = {grant.region for grant in actor.grants if grant.region}
    return Reach(
        regions=tuple(sorted(r for r in regions if not any(covers(other, r) for other in regions - {r}))),
        units=tuple(sorted({grant.unit for grant in actor.grants if grant.unit})),
        subjects=tuple(sorted({grant.subject for grant in actor.grants if grant.subject})),
    )


def may_read(reach: Reach, *, region: str, units: Iterable[str], subject: str | None) -> bool:
    """Whether a case of `region` about `subject`, in which `units` take or took part, lies within reach."""
    return (
        any(covers(scope, region) for scope in reach.regions)
        or any(unit in reach.units for unit in units)
        or (subject is not None and subject in reach.subjects)
    )


_REFUSALS: dict[RoleKind, tuple[str, str]] = {
    "region": ("other_region", "您的职责范围不包括本事项所属区划"),
    "unit": ("other_unit", "本事项现由其他单位经办"),
    "subject": ("other_subject", "本事项属于其他服务对象"),
}


def may_act(
    actor: Actor,
    *,
    role: str,
    region: str,
    holder_unit: str | None,
    subject: str | None,
    role_kind: RoleKind,
) -> Refusal | None:
    """None if the actor may act as `role` on this case, else why not: role_missing or other_<role_kind>."""
    held = [grant for grant in actor.grants if grant.role == role]
    if not held:
        return Refusal("role_missing", "您没有办理这一步所需的角色", {"role": role})
    if any(
        reaches(grant, role_kind, region=region, holder_unit=holder_unit, subject=subject) for grant in held
    ):
        return None
    code, message = _REFUSALS[role_kind]
    return Refusal(code, message, {"role": role})


def reaches(
    grant: Grant, role_kind: RoleKind, *, region: str, holder_unit: str | None, subject: str | None
) -> bool:
    """Whether the grant, of the right role, holds for a case of `region` about `subject` that `holder_unit` has."""
    if role_kind == "region":
        return grant.region is not None and covers(grant.region, region)
    if role_kind == "unit":
        return bool(holder_unit) and grant.unit == holder_unit
    return bool(subject) and grant.subject == subject
