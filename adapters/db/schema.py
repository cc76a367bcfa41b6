"""All tables together: what migrations are compared with."""

from __future__ import annotations

from adapters.db import programme_tables, tables
from adapters.db.columns import METADATA

__all__ = ["METADATA", "programme_tables", "tables"]
