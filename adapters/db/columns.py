"""How tables are spelled: columns, keys and partial indexes that SQLite and PostgreSQL store, order and compare alike."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects import postgresql
from sqlmodel import Field, SQLModel

__all__ = ["METADATA", "Rows", "binary", "integer", "key", "partial_index", "table", "text_column"]

METADATA: Final = MetaData(
    naming_convention={"pk": "%(table_name)s_pkey", "uq": "%(table_name)s_%(column_0_N_name)s_key"}
)

# Byte order also lets a plain index serve prefixes of regions: no text_pattern_ops needed.
_TEXT: Final = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def key(type_: Any = _TEXT) -> Any:
    return Field(primary_key=True, sa_type=type_, sa_column_kwargs={"autoincrement": False})


def _column(type_: Any, **options: Any) -> Any:
    return Field(sa_type=type_, **options)


def text_column(**options: Any) -> Any:
    return _column(_TEXT, **options)


def integer(**options: Any) -> Any:
    return _column(BigInteger, **options)


def binary(**options: Any) -> Any:
    return _column(LargeBinary, **options)


def partial_index(name: str, *columns: str, condition: str, unique: bool = False) -> Index:
    """A partial index: only the rows that a sweep or a rule is about."""
    clause = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=clause, postgresql_where=clause)


class Rows(SQLModel):
    metadata: ClassVar[MetaData] = METADATA


def table(name: str) -> Table:
    return METADATA.tables[name]
