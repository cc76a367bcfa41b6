"""One policy as SQL: what a reach or a set of grants lets through, for lists, counts, search and inboxes alike.

The same rules as `engine.access.may_read`; see `tests/contract/test_views.py` for their equality.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, ColumnElement, and_, false, or_, select

from adapters.db.tables import CASE, HOLDING, INVOLVED
from engine.access import Actor, Grant, Reach

_LAST = "\U0010ffff"


def readable(reach: Reach) -> ColumnElement[bool]:
    """Cases within reach; a reach of nothing lets nothing through."""
    parts = [under(CASE.c.region, region) for region in reach.regions if region]
    if reach.units:
        involved = select(INVOLVED.c.case_id).where(INVOLVED.c.unit.in_(reach.units))
        parts.append(CASE.c.id.in_(involved))
    if subjects := [subject for subject in reach.subjects if subject]:
        parts.append(CASE.c.subject.in_(subjects))
    return or_(false(), *parts)


def waiting_for(actor: Actor) -> ColumnElement[bool]:
    """Holdings that wait for the actor: given to them by name, or to a role that they hold there."""
    return or_(HOLDING.c.person == actor.id, *_granted(actor.grants))


def under(column: Column[str], region: str) -> ColumnElement[bool]:
    """`region` and all under it, as a range that a plain index serves."""
    return and_(column >= region, column < region + _LAST)


def _granted(grants: Iterable[Grant]) -> Iterable[ColumnElement[bool]]:
    for grant in grants:
        if grant.region:
            yield and_(HOLDING.c.role == grant.role, under(HOLDING.c.region, grant.region))
        if grant.unit:
            yield and_(HOLDING.c.role == grant.role, HOLDING.c.unit == grant.unit)
        if grant.subject:
            about = select(CASE.c.id).where(CASE.c.subject == grant.subject)
            yield and_(HOLDING.c.role == grant.role, HOLDING.c.case_id.in_(about))
