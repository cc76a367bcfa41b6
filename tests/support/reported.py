"""The programme's figures over a small world: its rows are put into a database of the sample organisation, and counted there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Table, delete, insert

from adapters.bootstrap import Container, build
from adapters.db.programme_tables import MEMBERSHIP, SLOT, TARGET
from adapters.db.rows import micros
from adapters.db.tables import CASE
from adapters.reports.figuring import Figuring
from adapters.reports.period import Period
from adapters.reports.sources import Member
from adapters.sample import load_sample
from adapters.settings import Settings
from engine.access import Reach
from engine.case import Case, CaseId
from engine.programme.model import Programme
from engine.programme.selecting import Slot
from tests.support.profiles import shipped_programme
from tests.support.story_office import ZONE

BEGUN = date(2026, 1, 1)


class Target(NamedTuple):
    indicator: str
    region: str
    year: int
    value: int


class World(Protocol):
    """The rows, whatever their region; what a reader reaches is asked of the figures."""

    @property
    def all_cases(self) -> Sequence[Case]: ...

    @property
    def all_members(self) -> Sequence[Member]: ...

    @property
    def all_slots(self) -> Sequence[Slot]: ...

    @property
    def all_targets(self) -> Sequence[Target]: ...


@cache
def _office() -> tuple[Container, TemporaryDirectory[str]]:
    """Once for a test process: the folder goes with it."""
    folder = TemporaryDirectory(prefix="bihuan-reports-")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    container = build(Settings(database_url=f"sqlite:///{Path(folder.name)}/reports.db"), now=lambda: at)
    load_sample(container.definitions, container.calendars, container.directories, at, container.programmes)
    return container, folder


def figuring_over(world: World, *, period: Period, region: str, reach: Reach, now: datetime) -> Figuring:
    """The rows are put in place when they are first asked for."""
    container, _ = _office()

    def programme() -> Programme:
        _fill(container, world)
        return container.programmes.current(now).programme

    depth = container.directories.current()
    return Figuring(
        container.figures,
        programme,
        period,
        region,
        reach,
        now,
        lambda each: len(list(depth.upwards(each))) - 1,
        dict.fromkeys(shipped_programme().programme.obligations, BEGUN).get,
    )


def a_slot(
    obligation: str,
    target: str,
    period: str,
    last: str,
    *,
    region: str = "",
    case: str = "",
    opened: str = "",
) -> Slot:
    end = date.fromisoformat(last)
    first = end.replace(day=1)
    # Of a region, or of a subject in one.
    begun = date.fromisoformat(opened) if opened else first
    subject = target if region else ""
    return Slot(obligation, target, period, region or target, first, end, CaseId(case), begun, subject)


def _fill(container: Container, world: World) -> None:
    rows: Mapping[Table, Iterable[dict[str, Any]]] = {
        CASE: map(_case, world.all_cases),
        MEMBERSHIP: map(_spell, world.all_members),
        SLOT: map(_slot, world.all_slots),
        TARGET: (
            {**each._asdict(), "n": n, "set_by": "p", "set_at": 0, "note": ""}
            for n, each in enumerate(world.all_targets)
        ),
    }
    with container.database.writing() as connection:
        for table, each in rows.items():
            _replace(connection, table, list(each))


def _replace(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(delete(table))
    if rows:
        connection.execute(insert(table), rows)


def _case(case: Case) -> dict[str, Any]:
    holder = {"holder_role": "", "holder_unit": "", "holder_person": ""}
    columns = ("id", "workflow", "version", "digest", "region", "subject", "state", "ended", "round", "seq")
    plain = {name: getattr(case, name) for name in columns}
    moments = {"opened_at": micros(case.opened_at), "at": micros(case.at)}
    return {**plain, **holder, **moments, "head": "h", "late": False, "body": case.encoded}


def _spell(member: Member) -> dict[str, Any]:
    until = None if member.until is None else _morning(member.until)
    told = {"how_in": member.how_in, "how_out": member.how_out, "reason": member.reason, "year": member.year}
    whose = {"list": member.list, "subject": member.subject, "n": member.n, "region": member.region}
    when = {"since": _morning(member.since), "until": until}
    return {**whose, **when, **told, "evidence": b"{}", "case_id": member.case}


def _slot(slot: Slot) -> dict[str, Any]:
    whose = {"obligation": slot.obligation, "target": slot.target, "period": slot.period}
    days = {"first": slot.first.isoformat(), "last": slot.last.isoformat()}
    return {
        **whose,
        **days,
        "region": slot.region,
        "case_id": slot.case,
        "opened_at": _morning(slot.opened_on),
    }


def _morning(day: date) -> int:
    return micros(datetime.combine(day, time(10), ZONE))
