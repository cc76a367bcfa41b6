"""Rows of the table `membership` as spells."""

from __future__ import annotations

from typing import Any

from adapters.db import rows
from engine import canonical
from engine.programme.spells import Spell

__all__ = ["spell_of"]


def spell_of(row: Any) -> Spell:
    """A row that was read without its evidence has none."""
    evidence = row._mapping.get("evidence")
    return Spell(
        list=row.list,
        subject=row.subject,
        n=row.n,
        region=row.region,
        since=rows.moment(row.since),
        until=rows.moment_or_none(row.until),
        how_in=row.how_in,
        how_out=row.how_out,
        reason=row.reason,
        year=row.year,
        evidence=canonical.decode(evidence) if evidence else {},
        case=row.case_id,
    )
