"""How the migrations spell columns, tables and indexes; the same on both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, _TEXT, **{"nullable": False, **options})


def integer(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), **{"nullable": False, **options})


def binary(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def boolean(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def create(table: str, *columns: Any, key: tuple[str, ...]) -> None:
    op.create_table(table, *columns, sa.PrimaryKeyConstraint(*key, name=f"{table}_pkey"))


def index(name: str, table: str, *columns: str, where: str = "", unique: bool = False) -> None:
    clause = sa.text(where) if where else None
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=clause, postgresql_where=clause)
