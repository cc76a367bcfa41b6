"""Targets: what is set for an indicator, a region and a year. A change adds a row; former values stay with who set them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from adapters.db.access import under
from adapters.db.database import Database
from adapters.db.programme_tables import TARGET
from adapters.db.rows import micros, moment

__all__ = ["Target", "Targets"]


@dataclass(frozen=True, slots=True)
class Target:
    """One row: the `n`-th value that was set; the highest holds."""

    indicator: str
    region: str
    year: int
    n: int
    value: int
    set_by: str
    set_at: datetime
    note: str


class Targets:
    """Who may set a target is asked by the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_in(
        self,
        connection: Connection,
        indicator: str,
        region: str,
        year: int,
        value: int,
        *,
        by: str,
        at: datetime,
        note: str = "",
    ) -> Target:
        """Set a value in the caller's transaction. The same value by whomever again changes nothing."""
        here = (TARGET.c.indicator == indicator, TARGET.c.region == region, TARGET.c.year == year)
        while True:
            last = connection.execute(
                select(TARGET).where(*here).order_by(TARGET.c.n.desc()).limit(1)
            ).first()
            if last is not None and last.value == value:
                return Target(**{**last._mapping, "set_at": moment(last.set_at)})
            target = Target(indicator, region, year, last.n + 1 if last else 1, value, by, at, note)
            row = {name: getattr(target, name) for name in Target.__slots__}
            # A savepoint, for another one may be first; this one comes after it.
            with suppress(IntegrityError), connection.begin_nested():
                connection.execute(insert(TARGET).values({**row, "set_at": micros(at)}))
                return target

    def history(self, region: str, *, indicator: str | None = None, year: int | None = None) -> list[Target]:
        """Every row of a region and all under it, in the order in which they were set."""
        query = select(TARGET).where(under(TARGET.c.region, region))
        if indicator is not None:
            query = query.where(TARGET.c.indicator == indicator)
        if year is not None:
            query = query.where(TARGET.c.year == year)
        order = (TARGET.c.indicator, TARGET.c.region, TARGET.c.year, TARGET.c.n)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(*order)).mappings().all()
        return [Target(**{**row, "set_at": moment(row["set_at"])}) for row in found]
