"""Finding subjects: who they are, were called and where they belonged, what was said of them, which lists they are on.

Whatever lists or counts takes the caller's reach; outside of it a subject looks as if it did not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, false, func, or_, select, text

from adapters.db.access import under
from adapters.db.bulk import portions
from adapters.db.cursor import after, cursor
from adapters.db.programme_tables import (
    MEMBERSHIP,
    MEMBERSHIP_IS_OPEN,
    OBSERVATION,
    SUBJECT,
    SUBJECT_NAME,
    SUBJECT_REGION,
)
from adapters.db.rows import moment
from adapters.db.spells import spell_of
from adapters.subjects.names import folded_name
from adapters.subjects.profiles import observation_of
from engine.access import Reach
from engine.directory import RegionId, SubjectId
from engine.programme.spells import Spell
from engine.subjects import Observation

__all__ = ["Dated", "Page", "Subject", "SubjectFilter"]

_CODE_PART: Final = re.compile(r"[0-9A-Za-z._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A subject as it is now; `doubt` is what is odd about its id, empty for nothing."""

    id: SubjectId
    title: str
    region: RegionId
    doubt: str
    dirty: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Dated:
    """A name or a region from a day to another, both included; `until` None is the present one."""

    value: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFilter:
    """None is "any". `text` is a part of the code, or of a name that it has or had; `list` one that it is on now."""

    text: str | None = None
    region: str | None = None
    list: str | None = None
    doubtful: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is where the following page begins; empty on the last one."""

    subjects: tuple[Subject, ...]
    next: str = ""


def readable(reach: Reach) -> ColumnElement[bool]:
    """Subjects within reach: of its regions, or its own; units take part in cases and see no figures by that."""
    parts = [under(SUBJECT.c.region, region) for region in reach.regions if region]
    if own := [subject for subject in reach.subjects if subject]:
        parts.append(SUBJECT.c.id.in_(own))
    return or_(false(), *parts)


def page(connection: Connection, reach: Reach, wanted: SubjectFilter, *, limit: int, start: str) -> Page:
    """By id. Errors: `InvalidCursor`."""
    query = select(SUBJECT).where(*_conditions(reach, wanted)).order_by(SUBJECT.c.id)
    if start:
        query = query.where(SUBJECT.c.id > after(start, str)[0])
    found = [_subject(row) for row in connection.execute(query.limit(limit + 1))]
    shown = tuple(found[:limit])
    return Page(shown, cursor(shown[-1].id) if len(found) > limit else "")


def count(connection: Connection, reach: Reach, wanted: SubjectFilter) -> int:
    return (
        connection.scalar(select(func.count()).select_from(SUBJECT).where(*_conditions(reach, wanted))) or 0
    )


def one(connection: Connection, subject: str, reach: Reach) -> Subject | None:
    if "\x00" in subject:
        return None
    row = connection.execute(select(SUBJECT).where(SUBJECT.c.id == subject, readable(reach))).one_or_none()
    return _subject(row) if row else None


def many(connection: Connection, subjects: Iterable[str]) -> dict[SubjectId, Subject]:
    """Those that are registered, without asking for a reach."""
    found: dict[SubjectId, Subject] = {}
    for part in portions({each for each in subjects if "\x00" not in each}):
        rows = connection.execute(select(SUBJECT).where(SUBJECT.c.id.in_(part)))
        found.update((row.id, _subject(row)) for row in rows)
    return found


def named(connection: Connection, titles: Iterable[str]) -> dict[str, tuple[SubjectId, ...]]:
    """For each title the subjects that go or went by it, however it is spelled."""
    folded = {title: folded_name(title) for title in titles}
    owners: dict[str, set[SubjectId]] = {}
    for part in portions(set(folded.values()) - {""}):
        query = select(SUBJECT_NAME.c.folded, SUBJECT_NAME.c.subject).where(SUBJECT_NAME.c.folded.in_(part))
        for name, subject in connection.execute(query):
            owners.setdefault(name, set()).add(SubjectId(subject))
    return {title: tuple(sorted(owners[name])) for title, name in folded.items() if name in owners}


def names(connection: Connection, subject: str) -> list[Dated]:
    """The newest first."""
    return _dated(connection, SUBJECT_NAME, SUBJECT_NAME.c.title, subject)


def regions(connection: Connection, subject: str) -> list[Dated]:
    """The newest first."""
    return _dated(connection, SUBJECT_REGION, SUBJECT_REGION.c.region, subject)


def observations(connection: Connection, subjects: Iterable[str]) -> dict[SubjectId, list[Observation]]:
    """All that was said, withdrawn or not, in the order in which it was entered."""
    found: dict[SubjectId, list[Observation]] = {}
    for part in portions(set(subjects)):
        query = select(OBSERVATION).where(OBSERVATION.c.subject.in_(part))
        for row in connection.execute(query.order_by(OBSERVATION.c.subject, OBSERVATION.c.n)):
            found.setdefault(SubjectId(row.subject), []).append(observation_of(row))
    return found


def memberships(connection: Connection, subject: str) -> list[Spell]:
    """Present and past, the newest first."""
    query = select(MEMBERSHIP).where(MEMBERSHIP.c.subject == subject)
    rows = connection.execute(
        query.order_by(MEMBERSHIP.c.since.desc(), MEMBERSHIP.c.list, MEMBERSHIP.c.n.desc())
    )
    return [spell_of(row) for row in rows]


def members_by_region(connection: Connection, name: str) -> dict[str, int]:
    query = select(MEMBERSHIP.c.region, func.count()).where(
        MEMBERSHIP.c.list == name, text(MEMBERSHIP_IS_OPEN)
    )
    rows = connection.execute(query.group_by(MEMBERSHIP.c.region))
    return {region: int(number) for region, number in rows}


def _conditions(reach: Reach, wanted: SubjectFilter) -> list[ColumnElement[bool]]:
    if any("\x00" in word for word in (wanted.text, wanted.region, wanted.list) if word):
        return [false()]  # no such row can exist, and PostgreSQL would refuse the question
    conditions = [readable(reach)]
    if wanted.region is not None:
        conditions.append(under(SUBJECT.c.region, wanted.region))
    if wanted.doubtful is not None:
        conditions.append(SUBJECT.c.doubt != "" if wanted.doubtful else SUBJECT.c.doubt == "")
    if wanted.list is not None:
        on_it = select(MEMBERSHIP.c.subject).where(
            MEMBERSHIP.c.list == wanted.list, MEMBERSHIP.c.until.is_(None)
        )
        conditions.append(SUBJECT.c.id.in_(on_it))
    if wanted.text and wanted.text.strip():
        conditions.append(_matches(wanted.text.strip()))
    return conditions


def _matches(text: str) -> ColumnElement[bool]:
    folded = folded_name(text)
    owners = select(SUBJECT_NAME.c.subject).where(SUBJECT_NAME.c.folded.contains(folded, autoescape=True))
    named = SUBJECT.c.id.in_(owners) if folded else false()
    if not _CODE_PART.fullmatch(text):
        return named
    parts = (SUBJECT.c.id.contains(part, autoescape=True) for part in {text, text.upper()})
    return or_(named, *parts)


def _dated(connection: Connection, table: Table, value: Any, subject: str) -> list[Dated]:
    query = select(value, table.c.since, table.c.until).where(table.c.subject == subject)
    rows = connection.execute(query.order_by(table.c.since.desc()))
    return [Dated(word, date.fromisoformat(since), _day(until)) for word, since, until in rows]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _subject(row: Any) -> Subject:
    values: Mapping[str, Any] = row._mapping
    moments = {name: moment(values[name]) for name in ("created_at", "updated_at")}
    return Subject(**{**values, "dirty": bool(row.dirty), **moments})
