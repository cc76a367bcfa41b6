"""Everything that changes subjects, many at a time, inside one transaction of the caller.

Each change makes its subjects dirty, so that the programme looks at them again. Rows of subjects are locked in the order of
their ids: two writers wait for each other in one order only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from adapters.db.bulk import insert_rows, portions
from adapters.db.programme_tables import MEMBERSHIP, OBSERVATION, SUBJECT, SUBJECT_NAME, SUBJECT_REGION
from adapters.db.rows import micros
from adapters.db.tables import CASE
from adapters.subjects.names import checked_name
from adapters.subjects.spells import NAMES, REGIONS, Change, SpellKind, TooEarly
from adapters.subjects.values import check_observation
from engine.canonical import encode
from engine.directory import RegionId, SubjectId
from engine.errors import BihuanError
from engine.programme.facts import FactSpec
from engine.subjects import Observation

__all__ = [
    "BadSubjectId",
    "Moving",
    "NewSubject",
    "Renaming",
    "SubjectExists",
    "SubjectUnit",
    "TooEarly",
    "UnknownSubject",
]

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAMED: Final = 5  # ids that an error lists


class UnknownSubject(BihuanError):
    """Raised when there is no such subject, or none within the caller's reach; the two look alike on purpose."""

    code, kind = "unknown_subject", "missing"


class SubjectExists(BihuanError):
    """Raised when a subject is registered under an id that is taken."""

    code = "subject_exists"


class BadSubjectId(BihuanError):
    """Raised when an id could not stand in an address or in a command."""

    code, kind = "bad_subject_id", "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubject:
    """`doubt` is what `read_code` found odd about the id, and was confirmed; empty for nothing."""

    id: SubjectId
    title: str
    region: RegionId
    since: date
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Renaming:
    subject: SubjectId
    title: str
    since: date


@dataclass(frozen=True, slots=True)
class Moving:
    subject: SubjectId
    region: RegionId
    since: date


class SubjectUnit:
    """Changes of one transaction, all at the moment `at`. Regions are taken as given: whoever calls knows the organisation."""

    def __init__(
        self, connection: Connection, *, at: datetime, today: date, specs: Mapping[str, FactSpec]
    ) -> None:
        self.connection = connection
        self.at = at
        self._today = today
        self._specs = specs

    def register_many(self, subjects: Iterable[NewSubject]) -> None:
        """All or none. Errors: `SubjectExists`, `BadSubjectId`, `BadName`, `TooEarly`."""
        new = sorted(subjects, key=lambda each: each.id)
        self._require_new(new)
        titles = [checked_name(each.title) for each in new]
        pairs = list(zip(new, titles, strict=True))
        try:
            insert_rows(self.connection, SUBJECT, [self._row(each, title) for each, title in pairs])
        except IntegrityError as error:  # another writer was first
            raise SubjectExists("其中有已登记的服务对象", hint="重新核对后再提交") from error
        insert_rows(self.connection, SUBJECT_NAME, [NAMES.row(Change(n.id, t, n.since)) for n, t in pairs])
        regions = [REGIONS.row(Change(each.id, each.region, each.since)) for each in new]
        insert_rows(self.connection, SUBJECT_REGION, regions)

    def rename_many(self, changes: Iterable[Renaming]) -> None:
        """New names from a day on; on the day on which the present one began it is corrected. The same name changes nothing.

        Errors: `UnknownSubject`, `TooEarly`, `BadName`.
        """
        self._begin(NAMES, [Change(c.subject, checked_name(c.title), c.since) for c in changes])

    def move_many(self, changes: Iterable[Moving]) -> None:
        """New regions from a day on, as `rename_many`. Errors: `UnknownSubject`, `TooEarly`."""
        self._begin(REGIONS, [Change(c.subject, c.region, c.since) for c in changes])

    def observe_many(self, observations: Iterable[Observation]) -> None:
        """Add what was said; `n` and `entered_at` are given here. Errors: `UnknownSubject`, `InvalidFacts`."""
        said = list(observations)
        for each in said:
            check_observation(self._specs, each, self._today)
        ids = {each.subject for each in said}
        self.touch(ids)
        last, rows = self._last_numbers(ids), []
        for each in said:
            last[each.subject] = n = last.get(each.subject, 0) + 1
            rows.append(_observation_row(each, n, self.at))
        insert_rows(self.connection, OBSERVATION, rows)

    def withdraw_batch(self, batch: str) -> list[SubjectId]:
        """Withdraw what a batch said; whose figures changed by it. The rows stay, and count for earlier moments."""
        if not batch:
            return []
        held = (OBSERVATION.c.batch == batch) & OBSERVATION.c.withdrawn_at.is_(None)
        said = self.connection.scalars(select(OBSERVATION.c.subject).where(held).distinct())
        ids = sorted(map(SubjectId, said))
        self.touch(ids)
        self.connection.execute(update(OBSERVATION).where(held).values(withdrawn_at=micros(self.at)))
        return ids

    def take_back_names(self, subjects: Mapping[SubjectId, date]) -> list[SubjectId]:
        """Undo renamings that began on these days, where they still stand; a first name stays. Whose names changed by it."""
        return self._take_back(NAMES, subjects)

    def take_back_regions(self, subjects: Mapping[SubjectId, date]) -> list[SubjectId]:
        """Undo moves, as `take_back_names`."""
        return self._take_back(REGIONS, subjects)

    def forget_many(self, subjects: Iterable[SubjectId]) -> list[SubjectId]:
        """Remove those of whom nothing is known or held: no figure that counts, no case, no list. Which ones were removed."""
        wanted = sorted(set(subjects))
        ids = sorted(self._lock(wanted) - self._in_use(wanted))
        for part in portions(ids):
            self.connection.execute(delete(SUBJECT).where(SUBJECT.c.id.in_(part)))
            for table in (SUBJECT_NAME, SUBJECT_REGION, OBSERVATION):
                self.connection.execute(delete(table).where(table.c.subject.in_(part)))
        return ids

    def touch(self, subjects: Collection[SubjectId]) -> None:
        """Lock the subjects and make them dirty. Errors: `UnknownSubject`."""
        self._require(subjects)
        for part in portions(sorted(set(subjects))):
            changed = update(SUBJECT).where(SUBJECT.c.id.in_(part))
            self.connection.execute(changed.values(dirty=True, updated_at=self._next_moment()))

    def _next_moment(self) -> ColumnElement[int]:
        """This moment, or just after the last change: two changes never look like one to whoever looked in between."""
        now = micros(self.at)
        return case((SUBJECT.c.updated_at < now, now), else_=SUBJECT.c.updated_at + 1)

    def _begin(self, kind: SpellKind, changes: Sequence[Change]) -> None:
        for change in changes:
            self._require_past(change.since)
        self._require({change.subject for change in changes})
        needed = kind.needed(self.connection, changes)
        self.touch({change.subject for change in needed})
        kind.begin(self.connection, needed)

    def _take_back(self, kind: SpellKind, subjects: Mapping[SubjectId, date]) -> list[SubjectId]:
        self._lock(subjects)
        ids = kind.begun_on(self.connection, subjects)
        self.touch(ids)
        kind.take_back(self.connection, ids)
        return ids

    def _require_new(self, new: Sequence[NewSubject]) -> None:
        for each in new:
            if not _ID.fullmatch(each.id):
                raise BadSubjectId(f"编号“{each.id[:80]}”不可用", hint="用统一社会信用代码")
            self._require_past(each.since)
        taken = {str(each.id) for each, other in pairwise(new) if each.id == other.id}
        for part in portions(each.id for each in new):
            taken.update(self.connection.scalars(select(SUBJECT.c.id).where(SUBJECT.c.id.in_(part))))
        if taken:
            raise SubjectExists(f"已经登记：{_listed(taken)}", hint="更名、迁移、补充数据不需要重新登记")

    def _require_past(self, since: date) -> None:
        if since > self._today:
            raise TooEarly(f"{since.isoformat()} 还没有到", hint="到那一天再办")

    def _require(self, subjects: Collection[SubjectId]) -> None:
        missing = set(subjects) - self._lock(subjects)
        if missing:
            raise UnknownSubject(
                f"没有登记的服务对象：{_listed(missing)}", hint="核对编号；新的服务对象先登记"
            )

    def _lock(self, subjects: Collection[SubjectId]) -> set[SubjectId]:
        """Those that there are; SQLite has one writer and needs no locks."""
        found: set[SubjectId] = set()
        for part in portions(sorted(set(subjects))):
            rows = select(SUBJECT.c.id).where(SUBJECT.c.id.in_(part)).order_by(SUBJECT.c.id).with_for_update()
            found.update(map(SubjectId, self.connection.scalars(rows)))
        return found

    def _row(self, new: NewSubject, title: str) -> dict[str, Any]:
        now = micros(self.at)
        return {
            "id": new.id,
            "title": title,
            "region": new.region,
            "doubt": new.doubt,
            "dirty": True,
            "created_at": now,
            "updated_at": now,
        }

    def _last_numbers(self, subjects: Collection[SubjectId]) -> dict[SubjectId, int]:
        found: dict[SubjectId, int] = {}
        for part in portions(sorted(subjects)):
            query = select(OBSERVATION.c.subject, func.max(OBSERVATION.c.n)).where(
                OBSERVATION.c.subject.in_(part)
            )
            rows = self.connection.execute(query.group_by(OBSERVATION.c.subject))
            found.update({SubjectId(subject): n for subject, n in rows})
        return found

    def _in_use(self, subjects: Sequence[SubjectId]) -> set[SubjectId]:
        used: set[SubjectId] = set()
        for part in portions(subjects):
            counts = select(OBSERVATION.c.subject).where(OBSERVATION.c.withdrawn_at.is_(None))
            used.update(
                map(SubjectId, self.connection.scalars(counts.where(OBSERVATION.c.subject.in_(part))))
            )
            for table in (CASE, MEMBERSHIP):
                query = select(table.c.subject).where(table.c.subject.in_(part))
                used.update(map(SubjectId, self.connection.scalars(query)))
        return used


def _observation_row(observation: Observation, n: int, at: datetime) -> dict[str, Any]:
    return {
        "subject": observation.subject,
        "n": n,
        "year": observation.year,
        "vintage": observation.vintage.isoformat(),
        "source": observation.source,
        "verified": observation.verified,
        "entered_by": observation.entered_by,
        "entered_at": micros(at),
        "batch": observation.batch,
        "withdrawn_at": None,
        "body": encode(dict(observation.facts)),
    }


def _listed(ids: Iterable[str]) -> str:
    shown = sorted(ids)
    return "、".join(shown[:_NAMED]) + (f" 等 {len(shown)} 个" if len(shown) > _NAMED else "")
