"""Which programme is in force: published versions, read from the database and kept as values with their compiled rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from threading import Lock

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from adapters.db.database import Database
from adapters.db.programme_tables import PROGRAMME, SUBJECT
from adapters.db.rows import micros
from adapters.evidence.journal import Journal, publication
from adapters.registry import VersionTaken
from engine.audit.journal import EntryType
from engine.errors import BihuanError
from engine.programme.facts import FactSpec
from engine.programme.judging import Judge
from engine.programme.lists import ListSpec
from engine.programme.loading import ProgrammeSource, load_programme
from engine.programme.model import Programme
from engine.programme.reconciling import Reconciler

__all__ = ["ProgrammeRegistry", "Published", "UnknownProgramme"]


class UnknownProgramme(BihuanError):
    """Raised when no programme, or no such version of it, is published or in force."""

    code, kind = "unknown_programme", "missing"


@dataclass(frozen=True, slots=True)
class Published:
    """A published version, with its rules compiled once."""

    source: ProgrammeSource
    judge: Judge
    reconciler: Reconciler

    @property
    def programme(self) -> Programme:
        return self.source.programme

    @property
    def digest(self) -> str:
        return self.source.digest


class ProgrammeRegistry:
    """One programme, in versions. A new one makes every subject dirty: each is looked at under its rules."""

    def __init__(self, database: Database, local_date: Callable[[datetime], date], journal: Journal) -> None:
        self._database = database
        self._journal = journal
        self._local_date = local_date
        self._published: dict[str, Published] = {}
        self._lock = Lock()

    def publish(self, source: ProgrammeSource, at: datetime) -> Published:
        """Publish a version; the same bytes again are welcome. Errors: `VersionTaken`."""
        programme = source.programme
        self.refresh()
        known = [p.programme.version for p in self.versions()]
        if all(version < programme.version for version in known):
            with suppress(IntegrityError):  # another process was first; with what is seen next
                self._insert(source, at)
            self.refresh()
        published = next((p for p in self.versions() if p.programme.version == programme.version), None)
        if published is None or published.digest != source.digest:
            newest = self.versions()[0].programme.version
            raise VersionTaken(
                f"工作方案第 {programme.version} 版已经发布，内容不同"
                if published
                else f"工作方案已发布到第 {newest} 版，不能再发布第 {programme.version} 版",
                hint=f"已发布的版本不能修改，一个系统只有一个工作方案；把 version 改为 {newest + 1} 再发布",
            )
        return published

    def current(self, at: datetime) -> Published:
        """The newest version in force on the local day. Errors: `UnknownProgramme`."""
        day = self._local_date(at).isoformat()
        found = next((p for p in self.versions() if p.programme.effective <= day), None)
        if found is None:
            coming = [p.programme.effective for p in self.versions()]
            since = f"，已发布的自 {min(coming)} 起施行" if coming else ""
            raise UnknownProgramme(f"没有正在施行的工作方案{since}", hint="bihuan programme publish 发布")
        return found

    def facts(self, at: datetime) -> Mapping[str, FactSpec]:
        """What may be known of subjects; nothing while no programme is in force."""
        with suppress(UnknownProgramme):
            return self.current(at).programme.facts
        return {}

    def lists(self, at: datetime) -> Mapping[str, ListSpec]:
        """Nothing while no programme is in force."""
        with suppress(UnknownProgramme):
            return self.current(at).programme.lists
        return {}

    def version(self, version: int) -> Published:
        for published in self.versions():
            if published.programme.version == version:
                return published
        raise UnknownProgramme(f"没有工作方案第 {version} 版")

    def versions(self) -> list[Published]:
        """Every published version, the newest first."""
        if not self._published:
            self.refresh()
        return sorted(self._published.values(), key=lambda each: each.programme.version, reverse=True)

    def refresh(self) -> None:
        """Read what has been published since."""
        with self._lock:
            with self._database.reading() as connection:
                new = set(connection.scalars(select(PROGRAMME.c.digest))) - set(self._published)
                query = select(PROGRAMME).where(PROGRAMME.c.digest.in_(new))
                rows = connection.execute(query).all() if new else []
            for row in rows:
                self._published = {**self._published, row.digest: _compiled(row.source, row.version)}

    def _insert(self, source: ProgrammeSource, at: datetime) -> None:
        programme = source.programme
        with self._database.writing() as connection:
            connection.execute(
                insert(PROGRAMME).values(
                    digest=source.digest,
                    programme=programme.programme,
                    version=programme.version,
                    source=source.data,
                    effective=programme.effective,
                    published_at=micros(at),
                )
            )
            # The moment moves on, too: a pass under way that goes by the former version must not make them clean.
            connection.execute(update(SUBJECT).values(dirty=True, updated_at=SUBJECT.c.updated_at + 1))
            told = publication(
                "programme",
                source.digest,
                id=programme.programme,
                version=programme.version,
                effective=programme.effective,
            )
            self._journal.append(connection, EntryType.RULES_PUBLISHED, told, actor=None, at=at)


@lru_cache(maxsize=64)
def _compiled(data: bytes, version: int) -> Published:
    source = load_programme(data, name=f"programme@{version}.yaml")
    judge = Judge(source.programme)
    return Published(source, judge, Reconciler(judge))
