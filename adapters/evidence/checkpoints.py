"""Checkpoints: what the log says of itself and signs, every ten seconds or thousand events, in a table and then in a file.

Nothing is signed that does not continue what was signed before. A database that is older than the file was restored: that is
reported, and nothing is signed until somebody says so (`acknowledge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Select, func, select
from sqlalchemy.dialects import postgresql, sqlite

from adapters.db.database import Database
from adapters.db.evidence_tables import CHECKPOINT
from adapters.db.rows import micros, moment
from adapters.evidence.checkpoint_file import CheckpointFile
from adapters.evidence.journal import Journal
from adapters.evidence.keys import LogKeys
from adapters.evidence.tiles import Tiles
from engine import notes
from engine.access import Actor
from engine.audit.journal import Entry, EntryType
from engine.errors import BihuanError
from engine.notes import Checkpoint, Signature, Verifier

__all__ = ["EVERY", "EVERY_LEAVES", "Checkpoints", "LogForked", "RolledBack", "Standing"]

EVERY: Final = timedelta(seconds=10)
EVERY_LEAVES: Final = 1_000

log = structlog.get_logger()


class RolledBack(BihuanError):
    """Raised when the database holds fewer events than a checkpoint that was signed before: it was restored, or cut."""

    code, kind = "log_rolled_back", "conflict"


class LogForked(BihuanError):
    """Raised when the tree of the database is not the one that an earlier checkpoint signed."""

    code, kind = "log_forked", "conflict"


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of the table: the checkpoint, when it was signed, and the note with all signatures."""

    checkpoint: Checkpoint
    at: datetime
    note: str


class Checkpoints:
    def __init__(
        self, database: Database, tiles: Tiles, keys: LogKeys, journal: Journal, file: CheckpointFile
    ) -> None:
        self._database = database
        self._tiles = tiles
        self._keys = keys
        self._journal = journal
        self._file = file
        self._agreed = ""  # the last note of the file that was found to agree with the tree

    def sign(self, now: datetime, *, force: bool = False) -> Checkpoint | None:
        """The new checkpoint, if one is due or forced and the tree has grown.

        Errors: `RolledBack`, `LogForked`, `KeyRefused`, `StoreUnavailable`, `OSError` of the file.
        """
        signed, last = self._from_file(), self._last()  # before the size: others go on signing
        size = self._tiles.size()
        if not _is_due(last, size, now, force=force):
            return None
        self._require_continued(last, signed, size)
        signer = self._keys.signer(now)
        new = Checkpoint(self._journal.log, size, self._tiles.root(size))
        self._insert(Standing(new, now, notes.signed(new.text, signer)))
        self._write_file()
        return new

    def latest(self) -> tuple[Checkpoint, str] | None:
        """The checkpoint of the largest tree, with its note."""
        last = self._last()
        return (last.checkpoint, last.note) if last else None

    def standing(self, *, least: int = 0, most: int | None = None) -> list[Standing]:
        """Those of trees of `least` to `most` leaves, by size."""
        query = _BY_SIZE.where(CHECKPOINT.c.size >= least)
        if most is not None:
            query = query.where(CHECKPOINT.c.size <= most)
        with self._database.reading() as connection:
            return [_standing(row) for row in connection.execute(query)]

    def covering(self, index: int) -> int:
        """The size of the smallest signed tree that holds this leaf; 0 where none does."""
        query = select(func.min(CHECKPOINT.c.size)).where(CHECKPOINT.c.size > index)
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def fault(self) -> str:
        """What is wrong between table, file and tree; empty if they agree. Changes nothing."""
        try:
            signed, last = self._from_file(), self._last()
            self._require_continued(last, signed, self._tiles.size())
        except (RolledBack, LogForked, notes.Malformed) as error:
            return error.message
        except OSError as error:
            return f"检查点文件 {self._file.path} 不能读取：{error.strerror}"
        return ""

    def remark(self) -> str:
        """What the next signing will put right by itself; empty if nothing."""
        try:
            return self._file.rest()
        except (notes.Malformed, OSError):
            return ""  # `fault` says it

    def age(self, now: datetime) -> float:
        """Seconds since the last checkpoint was signed; 0.0 where none was."""
        last = self._last()
        return max(0.0, (now - last.at).total_seconds()) if last else 0.0

    def unsigned(self) -> int:
        """How many leaves no checkpoint covers yet."""
        last = self._last()
        return self._tiles.size() - (last.checkpoint.size if last else 0)

    def add_cosignatures(self, note: str) -> list[str]:
        """Keep what trusted witnesses signed of a checkpoint of ours, which bears the log's own line, too; their names.

        Errors: `engine.notes.Malformed`, `engine.notes.Unsigned`, `LogForked` for a checkpoint that is not ours.
        """
        notes.opened(note, self._keys.verifiers("log"))
        witnesses = self._keys.verifiers("witness")
        found = notes.parse_checkpoint(note)
        added = [line for line in notes.signatures(note) if _is_of(line, witnesses)]
        if not added:
            raise notes.Unsigned(
                "没有可信见证方的签名", hint="先用 bihuan audit key trust 登记见证方的公钥（vkey）"
            )
        notes.opened(note, witnesses)
        if merged := self._merge(found, added):
            # The file never goes back: of an older checkpoint the table alone keeps the witnesses.
            self._file.append(lambda last: [merged] if last and last.size == found.size else [])
        return [line.name for line in added]

    def acknowledge(self, now: datetime, *, actor: Actor, source: str) -> Entry | None:
        """Say in the journal that the database was restored from `source` (a backup's moment), and begin a new file.

        The old file is kept aside: whoever holds one of its checkpoints will see that the log was cut. None if nothing was lost.
        """
        found = self._file.last()
        size = self._tiles.size()
        if found is None or not self._is_lost(found[0], size):
            return None
        lost = found[0]
        data = {"from": source, "root": lost.root.hex(), "size": lost.size}
        made = self._journal.record(EntryType.LOG_RESTORED, data, actor=actor, at=now)
        log.warning("log_restored", lost=lost.size, size=size, kept=str(self._file.set_aside(lost.size)))
        return made

    def _merge(self, found: Checkpoint, lines: list[Signature]) -> str:
        """The stored note with these lines; empty where it had them already. Errors: `LogForked`."""
        with self._database.writing() as connection:
            stored = _one(connection, found.size)
            if stored is None or stored.checkpoint != found:
                raise LogForked("这个检查点不是本日志的", hint="核对是哪个日志的检查点", size=found.size)
            merged = _merged(stored.note, lines)
            if merged == stored.note:
                return ""
            connection.execute(CHECKPOINT.update().where(CHECKPOINT.c.size == found.size).values(note=merged))
            return merged

    def _require_continued(self, last: Standing | None, signed: Checkpoint | None, size: int) -> None:
        """Errors: `RolledBack`, `LogForked`."""
        for found in (last.checkpoint if last else None, signed):
            if found is not None:
                self._require_in_tree(found, size)

    def _from_file(self) -> Checkpoint | None:
        found = self._file.last()
        return found[0] if found else None

    def _require_in_tree(self, found: Checkpoint, size: int) -> None:
        if found.origin != self._journal.log:
            raise LogForked(
                f"检查点文件 {self._file.path} 属于日志“{found.origin}”，不是“{self._journal.log}”",
                hint="每个日志用自己的 BIHUAN_LOG_FOLDER",
            )
        if found.size > size:
            raise RolledBack(
                f"数据库只有 {size} 条记录进入日志，而已签发的检查点到第 {found.size} 条：数据库被恢复到较早的时候，或记录被删除",
                hint="核对备份；确属恢复的，运行 bihuan audit log restored",
                size=size,
                signed=found.size,
            )
        if self._agreed != found.text:
            if self._tiles.root(found.size) != found.root:
                raise LogForked(
                    f"前 {found.size} 条记录的树根与已签发的检查点不同：记录被改写",
                    hint="停止写入，保存现场，用审计核验程序查明从哪一条起不同；确属恢复备份的，运行 bihuan audit log restored",
                    size=found.size,
                )
            self._agreed = found.text

    def _is_lost(self, found: Checkpoint, size: int) -> bool:
        return found.size > size or self._tiles.root(found.size) != found.root

    def _last(self) -> Standing | None:
        with self._database.reading() as connection:
            row = connection.execute(_BY_SIZE.order_by(None).order_by(CHECKPOINT.c.size.desc()).limit(1))
            found = row.first()
        return _standing(found) if found else None

    def _insert(self, new: Standing) -> None:
        """Another process may have signed the same tree: one of the two stands, and both say the same."""
        values = {
            "size": new.checkpoint.size,
            "root": new.checkpoint.root.hex(),
            "at": micros(new.at),
            "note": new.note,
        }
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        with self._database.writing() as connection:
            connection.execute(insert(CHECKPOINT).values(values).on_conflict_do_nothing())

    def _write_file(self) -> None:
        """What the table has beyond the file: also what another machine signed, or a process that was killed here."""
        self._file.append(
            lambda last: [each.note for each in self.standing(least=last.size + 1 if last else 0)]
        )


def _is_due(last: Standing | None, size: int, now: datetime, *, force: bool) -> bool:
    if last is None:
        return size > 0
    if size <= last.checkpoint.size:
        return size < last.checkpoint.size  # cut: signing is refused, with the reason
    has_waited = now < last.at or now - last.at >= EVERY  # also after the clock stepped back
    return force or has_waited or size - last.checkpoint.size >= EVERY_LEAVES


def _merged(note: str, lines: list[Signature]) -> str:
    """With those lines that are newer than what the note has of the same key: what was handed in before changes nothing."""
    known = {(line.name, line.key_id): line.signature[:8] for line in notes.signatures(note)}
    for line in lines:
        if line.signature[:8] > known.get((line.name, line.key_id), b""):
            note = notes.cosigned(note, line)
    return note


def _is_of(line: Signature, verifiers: list[Verifier]) -> bool:
    return any((line.name, line.key_id) == (verifier.name, verifier.key_id) for verifier in verifiers)


_BY_SIZE: Final[Select[Any]] = select(CHECKPOINT).order_by(CHECKPOINT.c.size)


def _one(connection: Connection, size: int) -> Standing | None:
    row = connection.execute(_BY_SIZE.where(CHECKPOINT.c.size == size)).first()
    return _standing(row) if row else None


def _standing(row: Any) -> Standing:
    return Standing(notes.parse_checkpoint(row.note), moment(row.at), row.note)
