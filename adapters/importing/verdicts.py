"""What an import says before it does anything: a verdict for each row, with cells and reasons, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from adapters.spreadsheets.tables import Table
from engine.errors import BihuanError
from engine.subjects import Value

__all__ = [
    "Change",
    "DryRun",
    "Entry",
    "FutureList",
    "ImportMoved",
    "ListOptions",
    "NotUndoable",
    "Reason",
    "RowResult",
    "UnknownBatch",
    "Verdict",
    "Weight",
]


class UnknownBatch(BihuanError):
    """Raised when no import of that number exists within the caller's reach."""

    code, kind = "unknown_batch", "missing"


class NotUndoable(BihuanError):
    """Raised when an import is undone a second time, was never committed, or took over a history: events stay."""

    code = "not_undoable"


class FutureList(BihuanError):
    """Raised when a list says that it is of a day that has not come."""

    code, kind = "future_list", "invalid"


class ImportMoved(BihuanError):
    """Raised when what is known of the subjects changed between the dry run and the commit; run it again."""

    code, kind = "import_moved", "conflict"


class Verdict(StrEnum):
    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    TO_CONFIRM = "to_confirm"
    CONFLICT = "conflict"
    ERROR = "error"

    @property
    def zh(self) -> str:
        return _WORDS[self]


_WORDS = {
    Verdict.NEW: "新增",
    Verdict.UPDATED: "更新",
    Verdict.UNCHANGED: "无变化",
    Verdict.TO_CONFIRM: "待确认",
    Verdict.CONFLICT: "冲突",
    Verdict.ERROR: "错误",
}


class Weight(StrEnum):
    """A note lets the row pass; the others keep it out."""

    NOTE = "note"
    CONFIRM = "confirm"
    CONFLICT = "conflict"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is stable, `cell` an address such as `C17` or empty."""

    code: str
    message: str
    cell: str = ""
    weight: Weight = Weight.ERROR

    def as_data(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message, "cell": self.cell, "weight": str(self.weight)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """What the person says about the file. `scope`: the regions for which they may import.

    `trust_figures`: the units were looked at, figures that jump are right. `confirm_codes`: so were the codes of which one
    check digit is wrong. `without_county`: the list has no county, and its new subjects shall stand in none yet.
    `vintage`: the day as of which the list speaks.
    """

    scope: tuple[str, ...]
    sheet: str = ""
    year: int | None = None
    unit: str = ""
    region: str = ""
    source: str = ""
    vintage: date | None = None
    verified: bool = False
    trust_figures: bool = False
    confirm_codes: bool = False
    without_county: bool = False

    def as_data(self) -> dict[str, Any]:
        return {
            "confirm_codes": self.confirm_codes,
            "region": self.region,
            "scope": list(self.scope),
            "sheet": self.sheet,
            "source": self.source,
            "trust_figures": self.trust_figures,
            "unit": self.unit,
            "verified": self.verified,
            "vintage": self.vintage.isoformat() if self.vintage else "",
            "without_county": self.without_county,
            "year": self.year or 0,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ListOptions:
        vintage, year = data["vintage"], data["year"]
        given = {**data, "scope": tuple(data["scope"]), "year": year or None}
        return cls(**{**given, "vintage": date.fromisoformat(vintage) if vintage else None})


@dataclass(slots=True)
class Entry:
    """A row as it was read; `cells` names the column of each fact. `row` counts from 0.

    `county` is what is wrong with naming none, which counts for a new subject only.
    """

    row: int
    code: str = ""
    title: str = ""
    region: str = ""
    doubt: str = ""
    county: Reason | None = None
    facts: dict[tuple[str, int], Value] = field(default_factory=dict)
    cells: dict[tuple[str, int], int] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)

    def weighs(self, weight: Weight) -> bool:
        return any(reason.weight is weight for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Change:
    """What a good row does: `title` and `region` are empty where they stay as they are; `facts` by year."""

    is_new: bool
    title: str
    region: str
    doubt: str
    facts: Mapping[int, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class RowResult:
    """`row` as people count, from 1."""

    row: int
    verdict: Verdict
    subject: str
    title: str
    reasons: tuple[Reason, ...]
    change: Change | None = None

    def as_data(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "verdict": str(self.verdict),
            "subject": self.subject,
            "title": self.title,
            "reasons": [reason.as_data() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """`seen` is the version of each known subject that the verdicts rest on; `already` an import of the same file."""

    kind: ClassVar[str] = "list"

    file: str
    digest: str
    options: ListOptions
    vintage: date
    table: Table
    results: Sequence[RowResult]
    seen: Mapping[str, tuple[int, int]]
    already: str = ""

    @property
    def changes(self) -> list[tuple[str, Change]]:
        return [(result.subject, result.change) for result in self.results if result.change]

    def counts(self) -> dict[str, int]:
        found = Counter(result.verdict for result in self.results)
        return {str(verdict): found[verdict] for verdict in Verdict}

    def summary(self) -> dict[str, Any]:
        """Counts, columns and the worst first: canonical data, as it is kept with the batch."""
        table = self.table
        return {
            "columns": [
                {
                    "column": column.name,
                    "heading": column.heading,
                    "title": column.meaning.title if column.meaning else "",
                    "unit": column.unit,
                    "year": column.year,
                }
                for column in table.known
            ],
            "counts": self.counts(),
            "heading_rows": [table.top + 1, table.bottom + 1],
            "hidden_columns": sorted(column + 1 for column in table.sheet.hidden_columns),
            "hidden_rows": len(table.sheet.hidden_rows),
            "left_out_rows": [row + 1 for row in table.left_out()][:100],
            "rows": len(self.results),
            "sheet": table.sheet.title,
            "unknown_columns": [f"{column.name}：{column.heading}" for column in table.unknown],
            "vintage": self.vintage.isoformat(),
        }
