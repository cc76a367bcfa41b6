"""The one place that says which class fills which port."""

from __future__ import annotations

import secrets
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
    store = _store(database, settings)
    journal = Journal(database, settings.log)
    calendars = CalendarRegistry(database, journal)
    if upgrade:
        calendars.ensure(settings.calendar, now())
    directories = DirectoryRegistry(database, journal)

    def local_date(at: datetime) -> date:
        return calendars.current(settings.calendar).local_date(at)

    definitions = DefinitionRegistry(database, local_date, journal)
    engine = Engine(
        store=store,
        definitions=definitions,
        calendars=calendars,
        directories=directories,
        now=now,
        entropy=entropy,
        log=settings.log,
        version=package_version("bihuan"),
    )
    numbers = Numbers(database, local_date)
    programmes = ProgrammeRegistry(database, local_date, journal)
    profiles, memberships = Profiles(database), Memberships(database)
    subjects = Subjects(database, local_date, lambda: programmes.facts(now()))
    personal, reads = PersonalValues(database, journal), Reads(journal, local_date)
    integrator = Integrator(database)
    tiles, keys = Tiles(database), LogKeys(database, journal, settings.key)
    checkpoints = Checkpoints(database, tiles, keys, journal, CheckpointFile(settings.checkpoints))
    proofs = Proofs(database, tiles, checkpoints)
    manifests = Manifests(database, tiles, journal, local_date)
    files = Files(database, settings.files, most=settings.max_file_bytes)
    figures = Figures(
        database,
        calendars=calendars,
        definitions=definitions,
        directories=directories,
        profiles=profiles,
    )
    reports = Reports(
        database,
        definitions=definitions,
        calendars=calendars,
        directories=directories,
        personal=personal,
        reads=reads,
        calendar=settings.calendar,
        templates=settings.templates,
        programmes=programmes,
        figures=figures,
    )
    replays = Replays(database, definitions, calendars, settings.log)
    return Container(
        settings=settings,
        database=database,
        store=store,
        engine=engine,
        definitions=definitions,
        calendars=calendars,
        directories=directories,
        numbers=numbers,
        views=Views(database),
        tasks=Tasks(database),
        notices=Notices(database),
        personal=personal,
        files=files,
        tokens=Tokens(database),
        subjects=subjects,
        imports=Imports(database, subjects, local_date),
        histories=Histories(
            database,
            store,
            engine,
            subjects,
            numbers=numbers,
            local_date=local_date,
            rehearsal=lambda: replace(engine, store=MemoryStore()),
        ),
        reports=reports,
        once=Once(database),
        programmes=programmes,
        profiles=profiles,
        memberships=memberships,
        slots=Slots(
            database,
            calendars=calendars,
            definitions=definitions,
            directories=directories,
            numbers=numbers,
            in_force=in_force(database, programmes, local_date),
        ),
        proposals=Proposals(
            database,
            calendars=calendars,
            definitions=definitions,
            directories=directories,
            numbers=numbers,
            in_force=in_force(database, programmes, local_date),
        ),
        figures=figures,
        targets=Targets(database),
        journal=journal,
        what_if=WhatIf(database, definitions=definitions, calendars=calendars, directories=directories),
        formats=Formats(
            database,
            journal,
            definitions=definitions,
            calendars=calendars,
            calendar=settings.calendar,
        ),
        soundness=Soundness(database, settings.log),
        replays=replays,
        nightly=Nightly(database, replays, journal, local_date),
        lawfulness=Lawfulness(database, definitions, calendars, journal),
        integrator=integrator,
        tiles=tiles,
        keys=keys,
        checkpoints=checkpoints,
        proofs=proofs,
        manifests=manifests,
        bundles=Bundles(
            database,
            journal=journal,
            integrator=integrator,
            tiles=tiles,
            keys=keys,
            checkpoints=checkpoints,
            proofs=proofs,
            manifests=manifests,
            files=files,
        ),
        reads=reads,
        samples=Samples(database, journal, integrator, tiles),
        lists=Lists(
            database,
            programmes,
            profiles,
            memberships,
            numbers,
            definitions=definitions,
            now=now,
            local_date=local_date,
        ),
        now=now,
    )


def _store(database: Database, settings: Settings) -> SqliteStore | PostgresStore:
    if database.is_sqlite:
        return SqliteStore(database)
    return PostgresStore(database, connections=settings.writers + 2)
