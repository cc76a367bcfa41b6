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

__all__ = ["keeps", "may_change_posts", "subject_reach", "today"]

_KEEPERS: Final = ("liaison", "coordinator")
_HANDLER: Final = "handler"
_ADMINISTRATOR: Final = "administrator"


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


def may_change_posts(caller: Caller, regions: Iterable[str]) -> bool:
    """An administrator everywhere below their region; a liaison in their own region and below (默认值，可配置)."""
    held = {g.region for g in caller.actor.grants if g.region and g.role in (_ADMINISTRATOR, "liaison")}
    return all(any(covers(own, region) for own in held) for region in regions)


def is_administrator(caller: Caller) -> bool:
    return any(grant.role == _ADMINISTRATOR for grant in caller.actor.grants)


def _handled_regions(directory: Directory, grants: Iterable[Grant], day: date) -> Iterator[str]:
    for grant in grants:
        unit = directory.unit(grant.unit) if grant.role == _HANDLER and grant.unit else None
        if unit and _keeps_figures(directory, unit.id, unit.region, day):
            yield unit.region


def _keeps_figures(directory: Directory, unit: str, region: str, day: date) -> bool:
    people = (person for role in _KEEPERS for person in directory.holders(role, region=region, on=day))
    return any((known := directory.person(person)) and known.unit == unit for person in people)
