"""The one place that says which class fills which port."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.metadata import version as package_version

from adapters.clock import system_now
from adapters.db import migrate
from adapters.db.database import Database
from adapters.db.once import Once
from adapters.db.postgres import PostgresStore
from adapters.db.sqlite import SqliteStore
from adapters.db.tasks import Tasks
from adapters.db.views import Views
from adapters.files import Files
from adapters.importing.batches import Imports
from adapters.importing.history import Histories
from adapters.memory import MemoryStore
from adapters.notices import Notices
from adapters.numbers import Numbers
from adapters.personal import PersonalValues
from adapters.programme.figures import Figures
from adapters.programme.in_force import in_force
from adapters.programme.lists import Lists
from adapters.programme.memberships import Memberships
from adapters.programme.proposals import Proposals
from adapters.programme.registry import ProgrammeRegistry
from adapters.programme.slots import Slots
from adapters.programme.targets import Targets
from adapters.registry import CalendarRegistry, DefinitionRegistry, DirectoryRegistry
from adapters.reports.service import Reports
from adapters.settings import Settings
from adapters.subjects.profiles import Profiles
from adapters.subjects.registry import Subjects
from adapters.tokens import Tokens
from adapters.writer import AfterCommit, Writer
from engine.ports import Entropy, Now
from engine.runtime import Engine


@dataclass(frozen=True, slots=True)
class Container:
    """Everything that runs, built once and handed down. Close it when done."""

    settings: Settings
    database: Database
    store: SqliteStore | PostgresStore
    engine: Engine
    definitions: DefinitionRegistry
    calendars: CalendarRegistry
    directories: DirectoryRegistry
    numbers: Numbers
    views: Views
    tasks: Tasks
    notices: Notices
    personal: PersonalValues
    files: Files
    tokens: Tokens
    reports: Reports
    subjects: Subjects
    imports: Imports
    histories: Histories
    once: Once
    programmes: ProgrammeRegistry
    profiles: Profiles
    memberships: Memberships
    lists: Lists
    slots: Slots
    proposals: Proposals
    figures: Figures
    targets: Targets
    now: Now

    def writer(self, after_commit: AfterCommit = lambda events: None) -> Writer:
        """A group writer over the engine; its maker closes it."""
        committers = 1 if self.database.is_sqlite else self.settings.writers
        return Writer(self.engine.handle, committers=committers, after_commit=after_commit)

    def close(self) -> None:
        self.store.close()
        self.database.close()


@dataclass(frozen=True, slots=True)
class _Base:
    """What everything else is built over."""

    settings: Settings
    database: Database
    store: SqliteStore | PostgresStore
    calendars: CalendarRegistry
    definitions: DefinitionRegistry
    directories: DirectoryRegistry
    programmes: ProgrammeRegistry
    numbers: Numbers
    now: Now
    local_date: Callable[[datetime], date]


def build(
    settings: Settings, *, now: Now = system_now, entropy: Entropy = secrets.token_bytes, upgrade: bool = True
) -> Container:
    """Wire everything for these settings; with `upgrade` the database is brought to this release's schema first."""
    if upgrade:
        migrate.upgrade(settings.database_url)
    database = Database(settings.database_url)
    base = _base(database, settings, now)
    if upgrade:
        base.calendars.ensure(settings.calendar, now())
    engine = _engine(base, entropy)
    profiles, memberships = Profiles(database), Memberships(database)
    subjects = Subjects(database, base.local_date, lambda: base.programmes.facts(now()))
    personal, figures = PersonalValues(database), _figures(base, profiles)
    return Container(
        settings=settings,
        database=database,
        store=base.store,
        engine=engine,
        definitions=base.definitions,
        calendars=base.calendars,
        directories=base.directories,
        numbers=base.numbers,
        views=Views(database),
        tasks=Tasks(database),
        notices=Notices(database),
        personal=personal,
        files=Files(database, settings.files, most=settings.max_file_bytes),
        tokens=Tokens(database),
        reports=_reports(base, personal, figures),
        subjects=subjects,
        imports=Imports(database, subjects, base.local_date),
        histories=_histories(base, engine, subjects),
        once=Once(database),
        programmes=base.programmes,
        profiles=profiles,
        memberships=memberships,
        lists=_lists(base, profiles, memberships),
        slots=_slots(base),
        proposals=_proposals(base),
        figures=figures,
        targets=Targets(database),
        now=now,
    )


def _base(database: Database, settings: Settings, now: Now) -> _Base:
    calendars = CalendarRegistry(database)

    def local_date(at: datetime) -> date:
        return calendars.current(settings.calendar).local_date(at)

    return _Base(
        local_date=local_date,
        settings=settings,
        database=database,
        store=_store(database, settings),
        calendars=calendars,
        definitions=DefinitionRegistry(database, local_date),
        directories=DirectoryRegistry(database),
        programmes=ProgrammeRegistry(database, local_date),
        numbers=Numbers(database, local_date),
        now=now,
    )


def _engine(base: _Base, entropy: Entropy) -> Engine:
    return Engine(
        store=base.store,
        definitions=base.definitions,
        calendars=base.calendars,
        directories=base.directories,
        now=base.now,
        entropy=entropy,
        log=base.settings.log,
        version=package_version("bihuan"),
    )


def _histories(base: _Base, engine: Engine, subjects: Subjects) -> Histories:
    return Histories(
        base.database,
        base.store,
        engine,
        subjects,
        numbers=base.numbers,
        local_date=base.local_date,
        rehearsal=lambda: replace(engine, store=MemoryStore()),
    )


def _figures(base: _Base, profiles: Profiles) -> Figures:
    return Figures(
        base.database,
        calendars=base.calendars,
        definitions=base.definitions,
        directories=base.directories,
        profiles=profiles,
    )


def _reports(base: _Base, personal: PersonalValues, figures: Figures) -> Reports:
    return Reports(
        base.database,
        definitions=base.definitions,
        calendars=base.calendars,
        directories=base.directories,
        personal=personal,
        calendar=base.settings.calendar,
        templates=base.settings.templates,
        programmes=base.programmes,
        figures=figures,
        in_force=in_force(base.database, base.programmes, base.local_date),
    )


def _lists(base: _Base, profiles: Profiles, memberships: Memberships) -> Lists:
    return Lists(
        base.database,
        base.programmes,
        profiles,
        memberships,
        base.numbers,
        definitions=base.definitions,
        now=base.now,
        local_date=base.local_date,
    )


def _slots(base: _Base) -> Slots:
    return Slots(
        base.database,
        calendars=base.calendars,
        definitions=base.definitions,
        directories=base.directories,
        numbers=base.numbers,
        in_force=in_force(base.database, base.programmes, base.local_date),
    )


def _proposals(base: _Base) -> Proposals:
    return Proposals(
        base.database,
        calendars=base.calendars,
        definitions=base.definitions,
        directories=base.directories,
        numbers=base.numbers,
        in_force=in_force(base.database, base.programmes, base.local_date),
    )


def _store(database: Database, settings: Settings) -> SqliteStore | PostgresStore:
    if database.is_sqlite:
        return SqliteStore(database)
    return PostgresStore(database, connections=settings.writers + 2)
