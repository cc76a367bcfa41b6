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
from adapters.evidence.checkpoint_file import CheckpointFile
from adapters.evidence.checkpoints import Checkpoints
from adapters.evidence.exporting import Bundles
from adapters.evidence.formats import Formats
from adapters.evidence.integrator import Integrator
from adapters.evidence.journal import Journal
from adapters.evidence.keys import LogKeys
from adapters.evidence.lawfulness import Lawfulness
from adapters.evidence.manifests import Manifests
from adapters.evidence.nightly import Nightly
from adapters.evidence.proofs import Proofs
from adapters.evidence.reads import Reads
from adapters.evidence.replaying import Replays
from adapters.evidence.samples import Samples
from adapters.evidence.sound import Soundness
from adapters.evidence.tiles import Tiles
from adapters.evidence.tree_check import TreeCheck
from adapters.evidence.whatif import WhatIf
from adapters.files import Files
from adapters.importing.batches import Imports
from adapters.importing.history import Histories
from adapters.memory import MemoryStore
from adapters.metrics import LogFigures
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
    journal: Journal
    what_if: WhatIf
    formats: Formats
    soundness: Soundness
    tree_check: TreeCheck
    replays: Replays
    nightly: Nightly
    lawfulness: Lawfulness
    integrator: Integrator
    tiles: Tiles
    keys: LogKeys
    checkpoints: Checkpoints
    proofs: Proofs
    manifests: Manifests
    bundles: Bundles
    samples: Samples
    reads: Reads
    now: Now

    def writer(self, after_commit: AfterCommit = lambda events: None) -> Writer:
        """A group writer over the engine; its maker closes it."""
        committers = 1 if self.database.is_sqlite else self.settings.writers
        return Writer(self.engine.handle, committers=committers, after_commit=after_commit)

    def log_figures(self) -> LogFigures:
        """How far the evidence log is behind now. Errors: `StoreUnavailable`."""
        now = self.now()
        run = self.nightly.latest()
        return LogFigures(
            merge_delay=self.integrator.delay(now),
            tree_size=self.tiles.size(),
            checkpoint_age=self.checkpoints.age(now),
            divergences=self.nightly.divergences(),
            replayed_at=run.started_at.timestamp() if run else 0.0,
        )

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
    journal: Journal


def build(
    settings: Settings,
    *,
    now: Now = system_now,
    entropy: Entropy = secrets.token_bytes,
    upgrade: bool = True,
    read_only: bool = False,
) -> Container:
    """Wire everything for these settings; with `upgrade` the database is brought to this release's schema first.

    `read_only`, without `upgrade`: nothing that is built here can write to the database.
    """
    if upgrade:
        migrate.upgrade(settings.database_url)
    database = Database(settings.database_url, read_only=read_only)
    base = _base(database, settings, now, entropy)
    if upgrade:
        base.calendars.ensure(settings.calendar, now())
    engine = _engine(base, entropy)
    profiles, memberships = Profiles(database), Memberships(database)
    subjects = Subjects(database, base.local_date, lambda: base.programmes.facts(now()))
    personal, reads = PersonalValues(database, base.journal), Reads(base.journal, base.local_date)
    files = Files(database, settings.files, most=settings.max_file_bytes)
    figures, tree = _figures(base, profiles), _tree(base)
    replays = Replays(database, base.definitions, base.calendars, settings.log)
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
        files=files,
        tokens=Tokens(database),
        reports=_reports(base, personal, reads, figures),
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
        journal=base.journal,
        what_if=WhatIf(
            database,
            definitions=base.definitions,
            calendars=base.calendars,
            directories=base.directories,
        ),
        formats=_formats(base),
        soundness=Soundness(database, settings.log),
        tree_check=tree.check,
        replays=replays,
        nightly=Nightly(database, replays, tree.check, base.journal, base.local_date),
        lawfulness=Lawfulness(database, base.definitions, base.calendars, base.journal),
        integrator=tree.integrator,
        tiles=tree.tiles,
        keys=tree.keys,
        checkpoints=tree.checkpoints,
        proofs=tree.proofs,
        manifests=tree.manifests,
        bundles=_bundles(base, tree, files),
        reads=reads,
        samples=_samples(base, tree),
        now=now,
    )


def _base(database: Database, settings: Settings, now: Now, entropy: Entropy) -> _Base:
    journal = Journal(database, settings.log, entropy)
    calendars = CalendarRegistry(database, journal)

    def local_date(at: datetime) -> date:
        return calendars.current(settings.calendar).local_date(at)

    return _Base(
        local_date=local_date,
        journal=journal,
        settings=settings,
        database=database,
        store=_store(database, settings),
        calendars=calendars,
        definitions=DefinitionRegistry(database, local_date, journal),
        directories=DirectoryRegistry(database, journal),
        programmes=ProgrammeRegistry(database, local_date, journal),
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


def _reports(base: _Base, personal: PersonalValues, reads: Reads, figures: Figures) -> Reports:
    return Reports(
        base.database,
        definitions=base.definitions,
        calendars=base.calendars,
        directories=base.directories,
        personal=personal,
        reads=reads,
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


@dataclass(frozen=True, slots=True)
class _Tree:
    """The parts of the evidence log that are built over each other."""

    integrator: Integrator
    tiles: Tiles
    keys: LogKeys
    checkpoints: Checkpoints
    proofs: Proofs
    manifests: Manifests
    check: TreeCheck


def _tree(base: _Base) -> _Tree:
    settings, database, journal = base.settings, base.database, base.journal
    tiles, keys = Tiles(database), LogKeys(database, journal, settings.key)
    file = CheckpointFile(settings.checkpoints)
    checkpoints = Checkpoints(database, tiles, keys, journal, file)
    return _Tree(
        integrator=Integrator(database),
        tiles=tiles,
        keys=keys,
        checkpoints=checkpoints,
        proofs=Proofs(database, tiles, checkpoints),
        manifests=Manifests(database, tiles, journal, base.local_date),
        check=TreeCheck(database, keys, file),
    )


def _formats(base: _Base) -> Formats:
    return Formats(
        base.database,
        base.journal,
        definitions=base.definitions,
        calendars=base.calendars,
        calendar=base.settings.calendar,
    )


def _bundles(base: _Base, tree: _Tree, files: Files) -> Bundles:
    return Bundles(
        base.database,
        journal=base.journal,
        integrator=tree.integrator,
        tiles=tree.tiles,
        keys=tree.keys,
        checkpoints=tree.checkpoints,
        proofs=tree.proofs,
        manifests=tree.manifests,
        files=files,
    )


def _samples(base: _Base, tree: _Tree) -> Samples:
    return Samples(
        base.database,
        journal=base.journal,
        integrator=tree.integrator,
        tiles=tree.tiles,
        checkpoints=tree.checkpoints,
    )


def _store(database: Database, settings: Settings) -> SqliteStore | PostgresStore:
    if database.is_sqlite:
        return SqliteStore(database)
    return PostgresStore(database, connections=settings.writers + 2)
