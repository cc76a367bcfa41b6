"""Histories in the formats of other people's tools. Whoever takes them away is noted in the journal, with the digest of the file.

The file is written beside its place and put there once the journal knows of it: none leaves unrecorded.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TextIO
from zoneinfo import ZoneInfo

from adapters.db.database import Database
from adapters.evidence.journal import Journal
from adapters.evidence.ocel import write_ocel
from adapters.evidence.pnml import pnml
from adapters.evidence.selection import History, Selection
from adapters.evidence.xes import write_xes
from adapters.registry import CalendarRegistry, DefinitionRegistry
from engine.access import Actor
from engine.audit.journal import EntryType
from engine.audit.net import net_of
from engine.canonical import instant

__all__ = ["Exported", "Form", "Formats"]

Form = Literal["xes", "ocel"]
Progress = Callable[[int], None]
_BUFFER: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: `digest` is the SHA-256 of the file, `entry` the seq of the journal's entry about it."""

    form: str
    cases: int
    events: int
    digest: str
    entry: int


class Formats:
    """`calendar` is the one whose local time the moments are written in."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        *,
        definitions: DefinitionRegistry,
        calendars: CalendarRegistry,
        calendar: str,
    ) -> None:
        self._database = database
        self._journal = journal
        self._definitions = definitions
        self._calendars = calendars
        self._calendar = calendar

    def net(self, workflow: str, version: int | None, at: datetime) -> str:
        """PNML of a version, of the one in force where none is named. Errors: `UnknownWorkflow`."""
        if version is None:
            return pnml(net_of(self._definitions.current(workflow, at)))
        return pnml(net_of(self._definitions.version(workflow, version)))

    def export(
        self,
        form: Form,
        selection: Selection,
        target: Path,
        *,
        actor: Actor,
        purpose: str,
        now: datetime,
        progress: Progress = lambda cases: None,
    ) -> Exported:
        """Write `target`, which appears when it is whole and recorded. Errors: `OSError`."""
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as raw, _hashed(raw) as (out, digest):
                cases, events = self._write(form, selection, out, progress)
            data = _entry(form, selection, cases=cases, digest=digest(), purpose=purpose)
            entry = self._journal.record(EntryType.CASES_READ, data, actor=actor, at=now)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return Exported(form, cases, events, data["digest"], entry.seq)

    def _write(self, form: Form, selection: Selection, out: TextIO, progress: Progress) -> tuple[int, int]:
        zone = ZoneInfo(self._calendars.current(self._calendar).zone)
        histories = self._histories(selection, progress)
        if form == "xes":
            return write_xes(out, histories, zone=zone)
        return write_ocel(out, histories, zone=zone)

    def _histories(self, selection: Selection, progress: Progress) -> Iterator[History]:
        done = 0
        for chunk in selection.chunks(self._database):
            yield from chunk
            done += len(chunk)
            progress(done)


@contextmanager
def _hashed(raw: BinaryIO) -> Iterator[tuple[TextIO, Callable[[], str]]]:
    """Text that is hashed on its way into `raw`."""
    through = _Through(raw)
    out = io.TextIOWrapper(io.BufferedWriter(through, _BUFFER), encoding="utf-8", newline="\n")
    yield out, through.digest.hexdigest
    out.flush()


class _Through(io.RawIOBase):
    def __init__(self, raw: BinaryIO) -> None:
        self.raw, self.digest = raw, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.digest.update(data)
        return self.raw.write(data)


def _entry(form: str, selection: Selection, *, cases: int, digest: str, purpose: str) -> dict[str, Any]:
    """The scope names regions, so that whoever asks who read a case finds it (`reads.py`)."""
    scope = {
        "form": form,
        "regions": [selection.region] if selection.region else list(selection.reach.regions),
        "since": instant(selection.since),
        "until": instant(selection.until),
        "workflow": selection.workflow,
    }
    return {"cases": cases, "digest": digest, "purpose": purpose, "scope": scope, "what": "format"}
