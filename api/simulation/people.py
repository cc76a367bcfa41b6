"""Who acts: the person in a role for a case, found as the organisation finds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from engine.access import Actor, grants_of
from engine.case import Case
from engine.definition import RoleOf
from engine.directory import Address, Directory, Of
from engine.machine import Program

__all__ = ["People"]


class People:
    """Actors by role, on a day; posts do not change while a province is played."""

    def __init__(self, directory: Directory, day: date) -> None:
        self.directory = directory
        self._day = day
        self._actors: dict[str, Actor] = {}

    def actor(self, program: Program, case: Case, role: str, unit: str) -> Actor | None:
        """None where nobody holds the role for this case, or it is the system's."""
        spec, post = program.role(role), program.post(role)
        found: Sequence[str]
        if spec.of is RoleOf.SYSTEM:
            return None
        if spec.of is RoleOf.SUBJECT:
            found = self.directory.subject_holders(post, subject=case.subject, on=self._day)
        elif spec.of is RoleOf.UNIT:
            found = self.directory.unit_holders(post, unit=unit, on=self._day) if unit else ()
        else:
            found = self._in_region(program.address(role), case.region)
        return self._acting(found[0]) if found else None

    def _in_region(self, address: Address, region: str) -> Sequence[str]:
        plain = Address(address.role) if address.of is Of.UNIT else address
        return self.directory.resolve(plain, region=region, unit=None, on=self._day).people

    def _acting(self, person: str) -> Actor:
        if person not in self._actors:
            grants = grants_of(self.directory.posts_of(person, on=self._day))
            self._actors[person] = Actor(id=person, grants=grants, channel="simulation")
        return self._actors[person]
