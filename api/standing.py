"""What a post lets somebody do beside the cases: whose subjects they see and keep, whose organisation they change.

Reading follows the reach. Figures are kept by the liaisons and coordinators of the region, and by the handlers of the unit that
one of them belongs to; a department that only answers its share of a case sees no figures by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from adapters.bootstrap import Container
from api.auth import Caller
from engine.access import Grant, Reach
from engine.directory import Directory, covers

__all__ = ["administers", "keeps", "may_change_posts", "stands_above", "subject_reach", "today"]

_KEEPERS: Final = ("liaison", "coordinator")
_HANDLER: Final = "handler"
_ADMINISTRATOR: Final = "administrator"
_LIAISON: Final = "liaison"


def today(container: Container) -> date:
    return container.calendars.current(container.settings.calendar).local_date(container.now())


def subject_reach(container: Container, caller: Caller) -> Reach:
    """Regions of the caller's posts, those of the unit for which they handle, and the subject whose contact they are."""
    directory, day = container.directories.current(), today(container)
    handled = _handled_regions(directory, caller.reader.grants, day)
    own = caller.reach
    return Reach(regions=(*own.regions, *handled), subjects=own.subjects)


def keeps(container: Container, caller: Caller, region: str) -> bool:
    """Whether the caller may register subjects of the region and add to what is known of them."""
    directory, day = container.directories.current(), today(container)
    grants = caller.actor.grants
    regions = {grant.region for grant in grants if grant.role in _KEEPERS and grant.region}
    return any(covers(each, region) for each in (*regions, *_handled_regions(directory, grants, day)))


def administers(caller: Caller, regions: Iterable[str]) -> bool:
    """An administrator of each of the regions, or of one above it."""
    held = _regions_held(caller, _ADMINISTRATOR)
    return all(any(covers(own, region) for own in held) for region in regions)


def may_change_posts(caller: Caller, regions: Iterable[str]) -> bool:
    """An administrator or a liaison in their own region and below (默认值，可配置)."""
    held = _regions_held(caller, _ADMINISTRATOR, _LIAISON)
    return all(any(covers(own, region) for own in held) for region in regions)


def stands_above(caller: Caller, regions: Iterable[str]) -> bool:
    """A liaison of a region above each of them, never of the region itself."""
    held = _regions_held(caller, _LIAISON)
    return all(any(own != region and covers(own, region) for own in held) for region in regions)


def _regions_held(caller: Caller, *roles: str) -> set[str]:
    return {grant.region for grant in caller.actor.grants if grant.region and grant.role in roles}


def _handled_regions(directory: Directory, grants: Iterable[Grant], day: date) -> Iterator[str]:
    for grant in grants:
        unit = directory.unit(grant.unit) if grant.role == _HANDLER and grant.unit else None
        if unit and _keeps_figures(directory, unit.id, unit.region, day):
            yield unit.region


def _keeps_figures(directory: Directory, unit: str, region: str, day: date) -> bool:
    people = (person for role in _KEEPERS for person in directory.holders(role, region=region, on=day))
    return any((known := directory.person(person)) and known.unit == unit for person in people)
