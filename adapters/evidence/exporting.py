"""Export evidence bundles from the database: what is handed out is told to the journal first, and signed.

The order matters: the manifest and the digest of the bundle's directory become leaves of the tree before the checkpoint is
signed that the bundle carries. So nothing can be taken out of a bundle afterwards without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import IO, Any, Final

from sqlalchemy import ColumnElement, and_, func, select, true

from adapters.db.access import readable, under
from adapters.db.database import Database
from adapters.db.evidence_tables import CHECKPOINT
from adapters.db.rows import micros
from adapters.db.tables import CALENDAR, CASE, DEFINITION, DIRECTORY, EVENT
from adapters.evidence.bundle import (
    Index,
    Parts,
    Row,
    digests,
    manifest_of,
    notes_file,
    static_members,
    write,
)
from adapters.evidence.checkpoints import Checkpoints
from adapters.evidence.integrator import Integrator
from adapters.evidence.journal import Journal
from adapters.evidence.keys import LogKeys
from adapters.evidence.manifests import Manifests
from adapters.evidence.proofs import Proofs
from adapters.evidence.tiles import HASH_BYTES, WIDTH, Tiles
from adapters.files import Files, UnknownFile
from engine import canonical, notes
from engine.access import Actor, Reach
from engine.audit.journal import JOURNAL, EntryType
from engine.audit.lawful import GRACE
from engine.directory import covers
from engine.errors import BihuanError
from engine.heads import Heads

__all__ = ["Asked", "Bundles", "Exported", "NothingToExport"]

EARLIER_NOTES: Final = 12  # in a bundle, over the time it covers
CHUNK: Final = 200  # cases of one query
PAGE: Final = 1_000  # entries of the journal of one query
ABOUT_THE_LOG: Final = (
    "key.",
    "log.",
    "rules.published",
)  # entries of these travel in every bundle
TILES_KEPT: Final = 4096  # 32 MB of leaf hashes

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
Histories = Iterator[tuple[str, Iterable[Row]]]


class NothingToExport(BihuanError):
    """Raised when no case within reach is asked for."""

    code, kind = "nothing_to_export", "missing"


class NotSigned(BihuanError):
    """Raised when the log has no checkpoint that covers what is to be handed out."""

    code, kind = "not_signed", "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One case, the cases of a region with anything recorded since a local day, or the whole log.

    `against` are sizes of trees that the auditor holds checkpoints of: the bundle proves that it continues them.
    """

    case: str = ""
    region: str = ""
    since: datetime | None = None
    whole: bool = False
    files: bool = False
    purpose: str = ""
    against: tuple[int, ...] = ()

    @property
    def scope(self) -> dict[str, str]:
        if self.case:
            return {"case": self.case, "kind": "case"}
        if self.whole:
            return {"kind": "whole"}
        since = canonical.instant(self.since) if self.since else ""
        return {"kind": "region", "region": self.region, "since": since}


@dataclass(frozen=True, slots=True)
class Exported:
    """`digest` is that of the directory, as the journal has it at `entry`; `size` that of the signed tree."""

    cases: int
    digest: str
    entry: int
    size: int

    def as_data(self) -> dict[str, Any]:
        return {"cases": self.cases, "digest": self.digest, "entry": self.entry, "size": self.size}


class Bundles:
    def __init__(
        self,
        database: Database,
        *,
        journal: Journal,
        integrator: Integrator,
        tiles: Tiles,
        keys: LogKeys,
        checkpoints: Checkpoints,
        proofs: Proofs,
        manifests: Manifests,
        files: Files,
    ) -> None:
        self._database = database
        self._journal = journal
        self._integrator = integrator
        self._tiles = tiles
        self._keys = keys
        self._checkpoints = checkpoints
        self._proofs = proofs
        self._manifests = manifests
        self._files = files

    def count(self, asked: Asked, reach: Reach) -> int:
        """How many cases would be in the bundle."""
        query = select(func.count()).select_from(CASE).where(_within(asked, reach))
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def export(
        self,
        asked: Asked,
        target: IO[bytes],
        *,
        actor: Actor,
        reach: Reach,
        now: datetime,
        progress: Progress = lambda items, total: items,
    ) -> Exported:
        """Write the bundle; when anything is written, the journal has it already.

        Errors: `NothingToExport`, `NotSigned`, and those of signing: `RolledBack`, `LogForked`, `KeyRefused`.
        """
        parts, exported = self._prepared(asked, actor, reach, now, progress)
        write(target, parts)
        return exported

    def _prepared(
        self, asked: Asked, actor: Actor, reach: Reach, now: datetime, progress: Progress
    ) -> tuple[Parts, Exported]:
        which = _within(asked, reach)
        rows = self._case_rows(which)
        if not rows and not asked.whole:
            raise NothingToExport(
                "没有可导出的事项", hint="核对事项编号、区划和日期；只能导出职责范围内的事项"
            )
        self._keys.signer(now)  # the journal names the key before the tree is listed
        self._integrator.catch_up(now)
        heads, listed = self._manifests.record(now, actor=actor)
        covered = _listed(listed.data)["size"]
        cases = _ends(rows, heads, whole=asked.whole)
        self._integrator.catch_up(now)
        static = static_members(self._rules(which))
        earlier = self._earlier(covered, asked.against)
        about = _About(
            asked.whole, frozenset(cases), self._regions(which), self._manifests_to(listed.seq), reach
        )
        index = Index(
            log=self._journal.log,
            scope=asked.scope,
            purpose=asked.purpose,
            made_at=canonical.instant(now),
            size=covered,
            cases=cases,
            journal={str(row.seq): canonical.leaf_hash(row.data) for row in self._entries(about, listed.seq)},
            members=digests(static | {"checkpoints.txt": notes_file(earlier)}),
        )
        entry = self._record(asked, index, actor, now)
        self._integrator.catch_up(now)
        grown = self._tiles.size()
        self._checkpoints.sign(now, force=True)
        size, note = self._latest(grown)
        # Also of a checkpoint that the table has lost: the auditor has it.
        kept = [each for each in asked.against if 0 < each < size]
        parts = Parts(
            index=index,
            static=static,
            note=note,
            earlier=earlier,
            keys=self._keys_in(size),
            sizes=[size, *kept, *(notes.parse_checkpoint(each).size for each in earlier)],
            histories=self._histories(replace(about, digest=index.digest), index, size, progress),
            nodes=self._proofs.nodes,
            manifests=[manifest_of(heads, cases, entry=listed.seq, size=covered)],
            evidence=self._evidence,
            content=self._content if asked.files else None,
        )
        return parts, Exported(len(cases), index.digest, entry, size)

    # What is asked for

    def _case_rows(self, which: ColumnElement[bool]) -> dict[str, tuple[int, str]]:
        """What the case rows say of their last events, read before the manifest is made."""
        query = select(CASE.c.id, CASE.c.seq, CASE.c.head).where(which).order_by(CASE.c.id)
        with self._database.reading() as connection:
            return {row.id: (row.seq, row.head) for row in connection.execute(query)}

    def _record(self, asked: Asked, index: Index, actor: Actor, now: datetime) -> int:
        told = {"cases": len(index.cases), "digest": index.digest, "purpose": asked.purpose}
        data = told | {"scope": asked.scope, "what": "bundle"}
        return self._journal.record(EntryType.CASES_READ, data, actor=actor, at=now).seq

    def _latest(self, least: int) -> tuple[int, str]:
        latest = self._checkpoints.latest()
        if latest is None or latest[0].size < least:
            raise NotSigned("还没有覆盖这些记录的检查点", hint="bihuan audit checkpoint sign")
        return latest[0].size, latest[1]

    def _earlier(self, size: int, against: Iterable[int]) -> list[str]:
        """Notes over the life of the log up to a size, those asked for, and the last that each witness cosigned."""
        witnesses = [key.name for key in self._keys.known() if key.use == "witness"]
        with self._database.reading() as connection:
            query = select(CHECKPOINT.c.size).where(CHECKPOINT.c.size <= size).order_by(CHECKPOINT.c.size)
            sizes = list(connection.scalars(query))
            step = -(-len(sizes) // EARLIER_NOTES) or 1
            last = select(func.max(CHECKPOINT.c.size)).where(CHECKPOINT.c.size <= size)
            signed = [CHECKPOINT.c.note.contains(f"\n— {name} ", autoescape=True) for name in witnesses]
            cosigned = {connection.scalar(last.where(line)) for line in signed}
            chosen = {*sizes[::-step], *against, *cosigned} & set(sizes)
            found = select(CHECKPOINT.c.note).where(CHECKPOINT.c.size.in_(chosen)).order_by(CHECKPOINT.c.size)
            return list(connection.scalars(found))

    # Histories

    def _histories(self, about: _About, index: Index, size: int, progress: Progress) -> Histories:
        leaf = _leaves(self._tiles)
        yield JOURNAL, self._journal_rows(about, size, leaf)
        cases = sorted(index.cases)
        chunks = [cases[at : at + CHUNK] for at in range(0, len(cases), CHUNK)]
        for chunk in progress(chunks, len(chunks)):
            found = self._rows(and_(EVENT.c.case_id.in_(chunk), EVENT.c.leaf_index < index.size), leaf)
            yield from groupby(found, key=lambda row: row.case_id)

    def _rows(self, which: ColumnElement[bool], leaf: Callable[[int], str]) -> Iterator[Row]:
        query = select(EVENT).where(which).order_by(EVENT.c.case_id, EVENT.c.seq)
        with self._database.reading() as connection:
            found = connection.execute(query).all()
        for row in found:
            yield Row(**{name: getattr(row, name) for name in Row._fields[:-1]}, leaf=leaf(row.leaf_index))

    def _journal_rows(self, about: _About, size: int, leaf: Callable[[int], str]) -> Iterator[Row]:
        """Those that the directory names, its own record, and what came to the log meanwhile."""
        with self._database.reading() as connection:
            last = connection.scalar(
                select(func.max(EVENT.c.seq)).where(EVENT.c.case_id == JOURNAL, EVENT.c.leaf_index < size)
            )
        for row in self._entries(about, last or 0):
            yield row._replace(leaf=leaf(row.leaf_index))

    def _entries(self, about: _About, last: int) -> Iterator[Row]:
        """Of the journal up to seq `last`."""
        for after in range(0, last, PAGE):
            page = and_(
                EVENT.c.case_id == JOURNAL, EVENT.c.seq > after, EVENT.c.seq <= min(last, after + PAGE)
            )
            for row in self._rows(page, lambda index: ""):
                if about.takes(row):
                    yield row

    def _manifests_to(self, seq: int) -> frozenset[int]:
        """The entry of the export's own manifest, and the one before, which may have had more cases."""
        query = select(EVENT.c.seq).where(
            EVENT.c.case_id == JOURNAL, EVENT.c.type == EntryType.HEADS_LISTED, EVENT.c.seq <= seq
        )
        with self._database.reading() as connection:
            return frozenset(connection.scalars(query.order_by(EVENT.c.seq.desc()).limit(2)))

    def _regions(self, which: ColumnElement[bool]) -> frozenset[str]:
        with self._database.reading() as connection:
            return frozenset(connection.scalars(select(CASE.c.region).where(which).distinct()))

    def _keys_in(self, size: int) -> list[dict[str, str]]:
        query = select(EVENT.c.data).where(
            EVENT.c.case_id == JOURNAL, EVENT.c.type == EntryType.KEY_ADDED, EVENT.c.leaf_index < size
        )
        with self._database.reading() as connection:
            added = [
                canonical.decode(data)["data"] for data in connection.scalars(query.order_by(EVENT.c.seq))
            ]
        return [{name: key[name] for name in ("name", "use", "vkey")} for key in added]

    # Rules and files

    def _rules(self, which: ColumnElement[bool]) -> dict[str, bytes]:
        """Every version of the workflows of these cases, all calendars, and the organisations while they went on."""
        found: dict[str, bytes] = {}
        with self._database.reading() as connection:
            workflows = select(CASE.c.workflow).where(which).distinct()
            for row in connection.execute(select(DEFINITION).where(DEFINITION.c.workflow.in_(workflows))):
                found[f"definitions/{row.digest}.yaml"] = bytes(row.source)
            for row in connection.execute(select(CALENDAR)):
                found[f"calendars/{row.digest}.json"] = bytes(row.data)
            wanted = _organisations(self._journal.entries(EntryType.RULES_PUBLISHED), self._begin(which))
            for row in connection.execute(select(DIRECTORY).where(DIRECTORY.c.digest.in_(wanted))):
                found[f"organisations/{row.digest}.json"] = bytes(row.data)
        return found

    def _begin(self, which: ColumnElement[bool]) -> str:
        """When the first of the cases began, as an instant."""
        cases = select(CASE.c.id).where(which)
        query = select(EVENT.c.data).where(EVENT.c.case_id.in_(cases), EVENT.c.seq == 1)
        with self._database.reading() as connection:
            data = connection.scalar(query.order_by(EVENT.c.at).limit(1))
        return str(canonical.decode(data)["at"]) if data else ""

    def _evidence(self, wanted: Iterable[str]) -> Iterator[dict[str, Any]]:
        for digest in wanted:
            file = self._files.find(digest)
            known = {"name": file.name, "size": file.size, "type": file.type} if file else {}
            yield {"digest": digest, "name": "", "size": 0, "type": "", **known}

    def _content(self, digest: str) -> bytes | None:
        try:
            return self._files.content(digest)
        except UnknownFile:
            return None


def _within(asked: Asked, reach: Reach) -> ColumnElement[bool]:
    """The cases that are asked for, as far as `reach` lets them through; the whole log is for whoever holds all of it."""
    parts = [true() if asked.whole else readable(reach)]
    if asked.case:
        parts.append(CASE.c.id == asked.case)
    if asked.region:
        parts.append(under(CASE.c.region, asked.region))
    if asked.since:
        parts.append(CASE.c.at >= micros(asked.since))
    return and_(*parts)


def _ends(
    rows: Mapping[str, tuple[int, str]], heads: Heads, *, whole: bool = False
) -> dict[str, tuple[int, str]]:
    """Where each history ends: what the manifest says, unless the case row knew of more.

    A case that moved on meanwhile has more in the manifest; one whose tail was cut has less, and the row tells.
    Of the whole log those that were opened meanwhile belong to it as well.
    """
    listed = {line.case: (line.seq, line.head) for line in heads.lines}
    known = {case: max(row, listed.get(case, row), key=lambda end: end[0]) for case, row in rows.items()}
    return {case: end for case, end in listed.items() if whole and case != JOURNAL} | known


def _listed(entry: bytes) -> dict[str, Any]:
    data: dict[str, Any] = canonical.decode(entry)["data"]
    return data


@dataclass(frozen=True, slots=True)
class _About:
    """Which entries of the journal belong into a bundle; `listed` are the seqs of its own manifest and the one before."""

    whole: bool
    cases: frozenset[str]
    regions: frozenset[str]
    listed: frozenset[int]
    reach: Reach
    digest: str = ""

    def takes(self, row: Row) -> bool:
        """One that names other cases, or regions out of `reach`, stays out: who may see these may not see those."""
        if self.whole or row.type.startswith(ABOUT_THE_LOG):
            return True
        if row.type == EntryType.HEADS_LISTED:
            return row.seq in self.listed
        data = _listed(row.data)
        if row.type == EntryType.VALUES_ERASED:
            return data.get("case") in self.cases
        return row.type == EntryType.CASES_READ and self._reads(data)

    def _reads(self, data: Mapping[str, Any]) -> bool:
        scope = data.get("scope") or {}
        named = {*scope.get("cases", ()), *([scope["case"]] if scope.get("case") else [])}
        if named:
            return named <= self.cases
        wide = [each for each in (scope.get("region"), *scope.get("regions", ())) if each]
        if self.digest and data.get("digest") == self.digest:
            return True
        is_within = all(any(covers(own, w) for own in self.reach.regions) for w in wide)
        return is_within and any(covers(w, r) for w in wide for r in self.regions)


def _organisations(published: Iterable[Mapping[str, Any]], begin: str) -> list[str]:
    """Digests of the organisations from the one in force at `begin` on."""
    found = [
        (entry["data"].get("since") or entry["at"], entry["data"]["digest"])
        for entry in published
        if entry["data"]["kind"] == "organisation"
    ]
    # Who acts a moment after a change may still act under the organisation before it (level 4).
    least_of = canonical.instant(canonical.parse_instant(begin) - GRACE) if begin else ""
    before = [at for at, _ in sorted(found) if at <= least_of]
    least = max(before, default="")
    return [digest for at, digest in found if at >= least]


def _leaves(tiles: Tiles) -> Callable[[int], str]:
    """The hash that the tree has at an index, in hexadecimal; empty where it has none."""

    @lru_cache(maxsize=TILES_KEPT)
    def tile(n: int) -> bytes:
        return tiles.tile(0, n)

    def leaf(index: int) -> str:
        n, at = divmod(index, WIDTH)
        return tile(n)[at * HASH_BYTES : (at + 1) * HASH_BYTES].hex()

    return leaf
