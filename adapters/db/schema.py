"""All tables together: what migrations are compared with."""

from __future__ import annotations

from adapters.db import evidence_tables, programme_tables, tables
from adapters.db.columns import METADATA

__all__ = ["METADATA", "evidence_tables", "programme_tables", "tables"]
