"""Which subjects a new day makes dirty: those for whom something may be different although nobody said anything new."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from sqlalchemy import text

from adapters.db.database import Database

__all__ = ["all_dirty", "begin_day"]

_GAP: Final = 25  # days: after a longer silence everything is looked at

_DAY: Final = text("SELECT next FROM counter WHERE name = 'programme/day'")
# One statement, so that of several processes that see the day begin only one marks the subjects.
_NEW_DAY: Final = text("""
    INSERT INTO counter (name, next) VALUES ('programme/day', :day)
    ON CONFLICT (name) DO UPDATE SET next = :day WHERE counter.next < :day
""")
# The moment moves on, too: a pass that is under way elsewhere, and decided before, must not make them clean.
_ALL_DIRTY: Final = text("UPDATE subject SET dirty = :yes, updated_at = updated_at + 1")
# A date of a fact stands in the canonical body as "2020-05-31".
_WITH_A_DATE: Final = """
    UPDATE subject SET dirty = :yes, updated_at = updated_at + 1 WHERE id IN
        (SELECT subject FROM observation WHERE withdrawn_at IS NULL AND {body} LIKE :words)
"""
_BODY_AS_TEXT: Final = {True: "CAST(body AS TEXT)", False: "convert_from(body, 'UTF8')"}


def all_dirty(database: Database) -> None:
    """Every subject is looked at under the rules of today."""
    with database.writing() as connection:
        connection.execute(_ALL_DIRTY, {"yes": True})


def begin_day(database: Database, today: date, *, begun: Collection[str]) -> None:
    """What depends on the day is looked at when it may change: all of them when a year turns or a programme comes into
    force (`begun`: the days on which one did), after a gap of weeks, and at the first time; else those with a date on this day
    of the month, for only then do whole months since it change.
    """
    with database.reading() as connection:
        last = connection.scalar(_DAY) or 0
    if last >= today.toordinal():
        return
    days = [date.fromordinal(n) for n in range(last + 1, today.toordinal() + 1)] if last else []
    with database.writing() as connection:
        if not connection.execute(_NEW_DAY, {"day": today.toordinal()}).rowcount:
            return
        if _changes_all(days, begun):
            connection.execute(_ALL_DIRTY, {"yes": True})
            return
        with_a_date = text(_WITH_A_DATE.format(body=_BODY_AS_TEXT[database.is_sqlite]))
        for words in sorted({f'%"____-__-{n:02}"%' for day in days for n in _days_of_the_month(day)}):
            connection.execute(with_a_date, {"yes": True, "words": words})


def _changes_all(days: Collection[date], begun: Collection[str]) -> bool:
    if not 0 < len(days) < _GAP:
        return True
    return any(day.month == day.day == 1 or day.isoformat() in begun for day in days)


def _days_of_the_month(day: date) -> range:
    """The days whose whole months end on this one: the last of a month also ends those that it has not."""
    is_last = (day + timedelta(days=1)).day == 1
    return range(day.day, 32 if is_last else day.day + 1)
