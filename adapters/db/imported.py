"""What was imported, one row of the table `batch`: written with the cases that it brought, or by the small writes."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BatchRow", "remembering"]


class BatchRow(NamedTuple):
    """Field names are column names; moments are microseconds. `committed_at` None: looked at, not imported."""

    id: str
    kind: str
    file: str
    digest: str
    by: str
    at: int
    options: bytes
    counts: bytes
    committed_at: int | None
    undone_at: int | None = None


def remembering(mark: str) -> str:
    """With the driver's mark for a parameter. What was only looked at becomes what was imported; what was imported stays."""
    names = ", ".join(f'"{name}"' for name in BatchRow._fields)
    new = ", ".join(f'"{name}" = excluded."{name}"' for name in BatchRow._fields[1:])
    return (
        f"INSERT INTO batch ({names}) VALUES ({', '.join([mark] * len(BatchRow._fields))})"
        f" ON CONFLICT (id) DO UPDATE SET {new} WHERE batch.committed_at IS NULL"
    )
