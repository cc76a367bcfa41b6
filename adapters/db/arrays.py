"""Columns of rows as binary PostgreSQL arrays of a fixed type.

psycopg picks the type of a list by looking at its values, so that one statement is prepared again for each mix of
small numbers, big numbers and NULLs, and it escapes text arrays element by element (measured: three times the time).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_NULL = b"\xff\xff\xff\xff"
_BIGINT = struct.Struct("!q")
_BOOLEAN = struct.Struct("!?")


class Texts:
    """A `text[]`. Nothing is copied; the values are read when the statement is sent."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values


class Bigints(Texts):
    """A `bigint[]`; elements may be None."""

    __slots__ = ()


class Booleans(Texts):
    """A `boolean[]`."""

    __slots__ = ()


class Byteas(Texts):
    """A `bytea[]`."""

    __slots__ = ()


def register(connection: Connection[Any]) -> None:
    """Teach the connection the four arrays."""
    for array, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(array, dumper)


def _encode(element_oid: int, values: Sequence[Any], element: Callable[[Any], bytes]) -> bytes:
    """PostgreSQL's `array_recv` format: dimensions, has-nulls, element type, (length, lower bound), elements."""
    if not values:
        return struct.pack("!iii", 0, 0, element_oid)
    parts = [struct.pack("!iiiii", 1, int(None in values), element_oid, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            data = element(value)
            parts.append(len(data).to_bytes(4, "big"))
            parts.append(data)
    return b"".join(parts)


class _TextsDumper(Dumper):
    format, oid = Format.BINARY, 1009

    def dump(self, obj: Texts) -> bytes:
        return _encode(25, obj.values, str.encode)


class _BigintsDumper(Dumper):
    format, oid = Format.BINARY, 1016

    def dump(self, obj: Bigints) -> bytes:
        return _encode(20, obj.values, _BIGINT.pack)


class _BooleansDumper(Dumper):
    format, oid = Format.BINARY, 1000

    def dump(self, obj: Booleans) -> bytes:
        return _encode(16, obj.values, _BOOLEAN.pack)


class _ByteasDumper(Dumper):
    format, oid = Format.BINARY, 1001

    def dump(self, obj: Byteas) -> bytes:
        return _encode(17, obj.values, bytes)


_DUMPERS: dict[type[Texts], type[Dumper]] = {
    Texts: _TextsDumper,
    Bigints: _BigintsDumper,
    Booleans: _BooleansDumper,
    Byteas: _ByteasDumper,
}
