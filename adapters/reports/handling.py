"""Which cases a reader handles, so that personal values are shown in full: those that wait for them, or for their post here.

A county's matter is not the province's to handle, although the province may act on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from engine.access import Actor, Grant
from engine.directory import Directory
from engine.machine import Program

__all__ = ["as_handler"]


def as_handler(actor: Actor, directory: Directory, programs: Iterable[Program], today: date) -> Actor:
    """The actor with grants by unit and in the words of the workflows, whose roles may bear other names than the posts."""
    stood_in_for = (post.stands_in_for for post in directory.posts_of(actor.id, on=today))
    people = [
        person for each in (actor.id, *filter(None, stood_in_for)) if (person := directory.person(each))
    ]
    roles = {(program.post(role), role) for program in programs for role in program.definition.roles}
    grants = _grants(actor.grants, {person.unit for person in people}, roles)
    return replace(actor, grants=tuple(grants))


def _grants(held: Iterable[Grant], units: Iterable[str], roles: Iterable[tuple[str, str]]) -> Iterator[Grant]:
    for grant in held:
        for _, role in sorted(pair for pair in roles if pair[0] == grant.role):
            if grant.region:
                yield from (Grant(role=role, unit=unit) for unit in sorted(units))
            else:
                yield replace(grant, role=role)
