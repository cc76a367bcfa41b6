"""What is kept of every import, of a list or of a history: its row in the table `batch`, and how it is found again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol, TypedDict, TypeVar

import orjson
from sqlalchemy import Connection, select

from adapters.db.imported import BatchRow
from adapters.db.programme_tables import BATCH
from adapters.db.rows import micros, moment
from adapters.importing.verdicts import RowResult, UnknownBatch
from engine import canonical
from engine.directory import covers

__all__ = [
    "HISTORY",
    "LIST",
    "Batch",
    "Looked",
    "Undo",
    "Watch",
    "batch_of",
    "find_batch",
    "number_of",
    "require_batch",
    "row_of",
    "undo_of",
    "unwatched",
]

_Item = TypeVar("_Item")

LIST: Final = "list"
HISTORY: Final = "history"
SHOWN: Final = 200  # rows with a word about them that are kept; the workbook has all of them


class Undo(TypedDict, total=False):
    """`names`, `regions`: subjects and the day from which on the import gave them another one; `brought`: who was new."""

    names: dict[str, str]
    regions: dict[str, str]
    brought: list[str]


class Asked(Protocol):
    """What the person said about the file, as canonical data."""

    def as_data(self) -> dict[str, Any]: ...


class Looked(Protocol):
    """A dry run, of whatever kind."""

    @property
    def kind(self) -> str: ...

    @property
    def file(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def options(self) -> Asked: ...

    @property
    def results(self) -> Sequence[RowResult]: ...

    def summary(self) -> dict[str, Any]: ...


class Watch(Protocol):
    """Follows the work, as a progress bar does: what, which items, how many."""

    def __call__(self, title: str, items: Iterable[_Item], total: int, /) -> Iterator[_Item]: ...


def unwatched(title: str, items: Iterable[_Item], total: int, /) -> Iterator[_Item]:
    return iter(items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`committed_at` None: looked at, not imported. `summary` and `rows` (the first with a word about them) as found then."""

    id: str
    kind: str
    file: str
    digest: str
    by: str
    at: datetime
    options: Mapping[str, Any]
    summary: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    committed_at: datetime | None
    undone_at: datetime | None

    @property
    def scope(self) -> tuple[str, ...]:
        return tuple(self.options.get("scope", ()))

    def is_within(self, regions: Iterable[str]) -> bool:
        """Whether somebody responsible for `regions` may see it; nobody, where it says nothing of its own."""
        regions = tuple(regions)
        return bool(self.scope) and all(
            any(covers(mine, region) for mine in regions) for region in self.scope
        )


def number_of(looked: Looked, by: str, now: datetime, today: date) -> str:
    """`20261125-3f2a91c0`: sayable, and another one for the same file at another moment."""
    options = canonical.encode(looked.options.as_data()).decode()
    made = hashlib.sha256(f"{looked.digest}\n{options}\n{by}\n{micros(now)}".encode()).hexdigest()
    return f"{today:%Y%m%d}-{made[:8]}"


def row_of(
    looked: Looked,
    *,
    id: str,
    by: str,
    at: datetime,
    committed_at: datetime | None = None,
    undo: Undo | None = None,
) -> BatchRow:
    told = [result.as_data() for result in looked.results if result.reasons][:SHOWN]
    return BatchRow(
        id=id,
        kind=looked.kind,
        file=looked.file,
        digest=looked.digest,
        by=by,
        at=micros(at),
        options=canonical.encode(looked.options.as_data()),
        counts=canonical.encode({"summary": looked.summary(), "rows": told, "undo": undo or {}}),
        committed_at=micros(committed_at) if committed_at else None,
    )


def find_batch(connection: Connection, id: str) -> Any:
    return connection.execute(select(BATCH).where(BATCH.c.id == id)).one_or_none()


def require_batch(connection: Connection, id: str) -> Any:
    row = find_batch(connection, id)
    if row is None:
        raise UnknownBatch(f"没有批次 {id}", hint="bihuan import batches 列出各批次")
    return row


def undo_of(row: Any) -> Undo:
    """What a committed list changed, to be taken back."""
    undo: Undo = orjson.loads(row.counts)["undo"]
    return undo


def batch_of(row: Any) -> Batch:
    kept = orjson.loads(
        row.counts
    )  # canonical bytes of ours: to prove them again would cost a long list a second
    return Batch(
        id=row.id,
        kind=row.kind,
        file=row.file,
        digest=row.digest,
        by=row.by,
        at=moment(row.at),
        options=canonical.decode(row.options),
        summary=kept["summary"],
        rows=kept["rows"],
        committed_at=moment(row.committed_at) if row.committed_at is not None else None,
        undone_at=moment(row.undone_at) if row.undone_at is not None else None,
    )
