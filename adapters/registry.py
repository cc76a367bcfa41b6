"""What is in force: published definitions, calendars and the organisation, read from the database and kept as values.

Everything is known by its digest and never changes, so a value once read is kept. `refresh` looks for what another
process has published since; an unknown digest looks too. Whatever comes into force is told to the journal in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from adapters.calendars.loading import load_calendar
from adapters.db.database import Database
from adapters.db.rows import micros
from adapters.db.tables import CALENDAR, DEFINITION, DIRECTORY
from adapters.evidence.journal import Journal, publication
from engine import canonical
from engine.audit.journal import EntryType
from engine.calendar import Calendar
from engine.directory import Directory
from engine.errors import BihuanError, UnknownWorkflow
from engine.loading import Source, load
from engine.machine import Program


class VersionTaken(BihuanError):
    """Raised when another definition is already published under that version; a published version never changes."""

    code = "version_taken"


class UnknownCalendar(BihuanError):
    """Raised when no calendar of that id or digest is known."""

    code, kind = "unknown_calendar", "missing"


class NoDirectory(BihuanError):
    """Raised when no organisation has been loaded yet."""

    code, kind = "no_directory", "missing"


class StaleDirectory(BihuanError):
    """Raised when the organisation was changed by somebody else first; read it again and decide again."""

    code, kind = "stale_directory", "stale"


class DefinitionRegistry:
    """`engine.ports.Definitions` over the table of published versions."""

    def __init__(self, database: Database, local_date: Callable[[datetime], date], journal: Journal) -> None:
        self._database = database
        self._journal = journal
        self._local_date = local_date
        self._programs: dict[str, Program] = {}
        self._lock = Lock()

    def publish(self, source: Source, at: datetime) -> Program:
        """Publish a version; the same bytes again are welcome. Errors: `VersionTaken`."""
        definition = source.definition
        self.refresh()
        if all(_version(p) != definition.version for p in self.versions(definition.workflow)):
            with suppress(IntegrityError):  # another process was first; with what is seen next
                self._insert(source, at)
            self.refresh()
        published = self.version(definition.workflow, definition.version)
        if published.digest != source.digest:
            newest = _version(self.versions(definition.workflow)[0])
            raise VersionTaken(
                f"流程 {definition.workflow} 第 {definition.version} 版已经发布，内容不同",
                hint=f"已发布的版本不能修改；把 version 改为 {newest + 1} 再发布",
            )
        return published

    def current(self, workflow: str, at: datetime) -> Program:
        day = self._local_date(at).isoformat()
        in_force = [p for p in self.versions(workflow) if p.definition.effective <= day]
        if not in_force:
            coming = [p.definition.effective for p in self.versions(workflow)]
            since = f"，已发布的自 {min(coming)} 起施行" if coming else ""
            raise UnknownWorkflow(f"没有正在施行的流程“{workflow}”{since}", known=sorted(self._names()))
        return max(in_force, key=_version)

    def version(self, workflow: str, version: int) -> Program:
        for program in self.versions(workflow):
            if _version(program) == version:
                return program
        raise UnknownWorkflow(f"没有流程“{workflow}”第 {version} 版")

    def digest(self, digest: str) -> Program:
        if digest not in self._programs:
            self.refresh()
        try:
            return self._programs[digest]
        except KeyError:
            raise UnknownWorkflow(f"没有摘要为 {digest} 的流程定义") from None

    def versions(self, workflow: str) -> list[Program]:
        """Every published version, the newest first."""
        if not self._programs:
            self.refresh()
        found = [p for p in list(self._programs.values()) if p.definition.workflow == workflow]
        return sorted(found, key=_version, reverse=True)

    def all(self) -> list[Program]:
        """Every version of every workflow, by name, the newest first."""
        return [p for name in sorted(self._names()) for p in self.versions(name)]

    def refresh(self) -> None:
        """Read what has been published since."""
        with self._lock, self._database.reading() as connection:
            for row in connection.execute(select(DEFINITION)):
                if row.digest not in self._programs:
                    name = f"{row.workflow}@{row.version}.yaml"
                    self._programs[row.digest] = _compiled(row.source, name)

    def _names(self) -> set[str]:
        return {p.definition.workflow for p in list(self._programs.values())}

    def _insert(self, source: Source, at: datetime) -> None:
        definition = source.definition
        with self._database.writing() as connection:
            connection.execute(
                insert(DEFINITION).values(
                    digest=source.digest,
                    workflow=definition.workflow,
                    version=definition.version,
                    source=source.data,
                    effective=definition.effective,
                    published_at=micros(at),
                )
            )
            told = publication(
                "definition",
                source.digest,
                id=definition.workflow,
                version=definition.version,
                effective=definition.effective,
            )
            self._journal.append(connection, EntryType.RULES_PUBLISHED, told, actor=None, at=at)


@lru_cache(maxsize=512)
def _compiled(data: bytes, name: str) -> Program:
    """The same bytes are the same program: a process that opens several databases reads them once."""
    return Program(load(data, name=name))


def _version(program: Program) -> int:
    return program.definition.version


class CalendarRegistry:
    """`engine.ports.Calendars` over the table of calendars: what an event names by digest must be found for ever."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal
        self._current: dict[str, Calendar] = {}
        self._by_digest: dict[str, Calendar] = {}

    def current(self, calendar: str) -> Calendar:
        if calendar not in self._current:
            self.refresh(calendar)
        return self._current[calendar]

    def digest(self, digest: str) -> Calendar:
        if digest not in self._by_digest:
            self._read_digest(digest)
        return self._by_digest[digest]

    def adopt(self, calendar: Calendar, at: datetime) -> None:
        """Make a calendar the current one of its id. Open cases are recounted by the caller (`Recount`)."""
        row = {"digest": calendar.digest, "id": calendar.id, "data": canonical.encode(calendar.to_data())}
        with self._database.writing() as connection:
            if _make_current(connection, CALENDAR, CALENDAR.c.id == calendar.id, row, at):
                told = publication("calendar", calendar.digest, id=calendar.id)
                self._journal.append(connection, EntryType.RULES_PUBLISHED, told, actor=None, at=at)
        self._keep(calendar)

    def ensure(self, calendar: str, at: datetime) -> None:
        """Store the calendar that ships, unless one of that id is current already."""
        if self._stored(calendar) is None:
            with suppress(IntegrityError):  # another process was first, with the same one
                self.adopt(load_calendar(calendar), at)

    def refresh(self, calendar: str) -> None:
        """Read the current calendar of this id again. Errors: `UnknownCalendar`."""
        data = self._stored(calendar)
        if data is None:
            raise UnknownCalendar(f"没有日历“{calendar}”", hint="bihuan calendar import 载入")
        self._keep(Calendar.from_data(canonical.decode(data)))

    def _stored(self, calendar: str) -> bytes | None:
        query = select(CALENDAR.c.data).where(CALENDAR.c.id == calendar, CALENDAR.c.current)
        with self._database.reading() as connection:
            return connection.scalar(query)

    def _keep(self, calendar: Calendar) -> None:
        self._current[calendar.id] = self._by_digest[calendar.digest] = calendar

    def _read_digest(self, digest: str) -> None:
        query = select(CALENDAR.c.data).where(CALENDAR.c.digest == digest)
        with self._database.reading() as connection:
            data = connection.scalar(query)
        if data is None:
            raise UnknownCalendar(f"没有摘要为 {digest} 的日历")
        self._by_digest[digest] = Calendar.from_data(canonical.decode(data))


class DirectoryRegistry:
    """`engine.ports.Directories` over the table of organisations."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal
        self._directory: Directory | None = None

    def current(self) -> Directory:
        if self._directory is None:
            self.refresh()
        if self._directory is None:
            raise NoDirectory(
                "还没有载入组织机构",
                hint="bihuan org template 机构.xlsx 写出样表，填好后 bihuan org import 机构.xlsx --yes 载入；"
                "只是试用的，用 bihuan serve --sample",
            )
        return self._directory

    def refresh(self) -> None:
        """Read the current organisation again."""
        with self._database.reading() as connection:
            data = connection.scalar(select(DIRECTORY.c.data).where(DIRECTORY.c.current))
        self._directory = Directory.from_data(canonical.decode(data)) if data else None

    def adopt(self, directory: Directory, at: datetime) -> None:
        """Make an organisation the current one."""
        with self._database.writing() as connection:
            self._make_current(connection, directory, at)
        self._directory = directory

    def replace(self, connection: Connection, directory: Directory, at: datetime, *, expected: str) -> None:
        """Make it the current one if the current one still has the digest `expected`; `refresh` after the commit.

        Errors: `StaleDirectory`.
        """
        still = (DIRECTORY.c.digest == expected) & DIRECTORY.c.current
        if not connection.execute(update(DIRECTORY).where(still).values(current=False)).rowcount:
            raise StaleDirectory("组织机构刚被别人修改过", hint="重新读取名录，核对后再提交")
        self._make_current(connection, directory, at)

    def _make_current(self, connection: Connection, directory: Directory, at: datetime) -> None:
        digest = directory.digest()
        row = {"digest": digest, "data": canonical.encode(directory.as_data())}
        if _make_current(connection, DIRECTORY, true(), row, at):
            told = publication("organisation", digest)
            self._journal.append(connection, EntryType.RULES_PUBLISHED, told, actor=None, at=at)


def _make_current(
    connection: Connection, table: Table, rivals: ColumnElement[bool], row: Mapping[str, Any], at: datetime
) -> bool:
    """Whether it was not so before: of the `rivals` this row alone is current. A known digest keeps its first row."""
    still = select(table.c.digest).where(rivals, table.c.digest == row["digest"], table.c.current)
    if connection.scalar(still) is not None:
        return False
    connection.execute(update(table).where(rivals, table.c.current).values(current=False))
    known = update(table).where(table.c.digest == row["digest"]).values(current=True)
    if not connection.execute(known).rowcount:
        connection.execute(insert(table).values(**row, imported_at=micros(at), current=True))
    return True
