"""Which subjects are looked at when a day begins, on both databases: against days by hand and against the slow oracle.

Every day of a leap year and of the year before it is the founding day of one subject; one more has no date at all. Whole months
since those days are counted by `months_between`; whoever's number changes has to be looked at on that very day.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from adapters.db.database import Database
from adapters.db.programme_tables import OBSERVATION, SUBJECT
from adapters.db.tables import COUNTER
from engine import canonical
from engine.programme.names import months_between
from tests.support.lists_office import ListsOffice, lists_office

ZONE = ZoneInfo("Asia/Shanghai")
FOUNDED = [date(2023, 1, 1) + timedelta(days=n) for n in range(731)]  # to 31 December 2024
DATELESS = "none"
ALL = {day.isoformat() for day in FOUNDED} | {DATELESS}


@pytest.fixture
def office(database: Database) -> Iterator[ListsOffice]:
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    with lists_office(url) as made:
        with made.container.database.writing() as connection:
            connection.execute(insert(SUBJECT), [_subject(id_) for id_ in sorted(ALL)])
            connection.execute(insert(OBSERVATION), [_observation(id_) for id_ in sorted(ALL)])
        yield made


def _subject(id_: str) -> dict[str, object]:
    about = {"title": f"示例{id_}", "region": "340104", "doubt": "", "dirty": False}
    return {"id": id_, **about, "created_at": 0, "updated_at": 0}


def _observation(id_: str) -> dict[str, object]:
    facts = {"staff": 31, "remark": "2024-02"} if id_ == DATELESS else {"founded": id_}
    return {
        "subject": id_,
        "n": 1,
        "year": 0,
        "vintage": "2026-01-31",
        "source": "示例",
        "verified": True,
        "entered_by": "p-34-administrator-1",
        "entered_at": 0,
        "batch": "",
        "withdrawn_at": None,
        "body": canonical.encode(facts),
    }


def begun(office: ListsOffice, last: date | None, today: date) -> set[str]:
    """Who is dirty at noon of `today`, if nobody was and lists last ran on `last`."""
    with office.container.database.writing() as connection:
        connection.execute(update(SUBJECT).values(dirty=False))
        connection.execute(COUNTER.delete().where(COUNTER.c.name == "programme/day"))
        if last:
            connection.execute(insert(COUNTER).values(name="programme/day", next=last.toordinal()))
    office.clock.move_to(datetime.combine(today, time(12), ZONE))
    office.container.lists._begin_day()
    return set(office.dirty())


def changing(last: date, today: date) -> set[str]:
    """The slow way: whose number of whole months changes from one of these days to the next."""
    days = [last + timedelta(days=n) for n in range((today - last).days + 1)]
    return {
        born.isoformat()
        for born in FOUNDED
        if any(months_between(born, one) != months_between(born, other) for one, other in pairwise(days))
    }


@pytest.mark.parametrize(
    ("last", "today", "founded_on"),
    [
        (date(2027, 3, 14), date(2027, 3, 15), {15}),
        (date(2027, 3, 12), date(2027, 3, 15), {13, 14, 15}),  # after a weekend
        (date(2027, 4, 29), date(2027, 4, 30), {30, 31}),
        (date(2027, 3, 30), date(2027, 3, 31), {31}),
        (date(2027, 2, 27), date(2027, 2, 28), {28, 29, 30, 31}),
        (date(2028, 2, 27), date(2028, 2, 28), {28}),
        (date(2028, 2, 28), date(2028, 2, 29), {29, 30, 31}),
        (date(2028, 2, 29), date(2028, 3, 1), {1}),
        (date(2027, 4, 28), date(2027, 5, 2), {29, 30, 31, 1, 2}),
        (date(2027, 12, 30), date(2027, 12, 31), {31}),
        (date(2027, 3, 15), date(2027, 3, 15), set()),  # the day has begun already
        (date(2027, 3, 16), date(2027, 3, 15), set()),  # the clock stepped back
    ],
)
def test_on_a_day_those_are_looked_at_whose_months_end_on_it(
    office: ListsOffice, last: date, today: date, founded_on: set[int]
) -> None:
    assert begun(office, last, today) == {day.isoformat() for day in FOUNDED if day.day in founded_on}


@pytest.mark.parametrize(
    ("last", "today"),
    [
        (None, date(2027, 3, 15)),
        (date(2027, 12, 31), date(2028, 1, 1)),
        (date(2027, 12, 29), date(2028, 1, 5)),
        (date(2027, 3, 1), date(2027, 3, 26)),
        (date(2027, 3, 1), date(2029, 6, 1)),
    ],
    ids=["the first day", "new year", "over new year", "after 25 days", "after years"],
)
def test_when_a_year_turns_and_after_a_gap_of_weeks_all_are_looked_at(
    office: ListsOffice, last: date | None, today: date
) -> None:
    assert begun(office, last, today) == ALL


def test_nobody_whose_months_change_is_ever_overlooked(office: ListsOffice) -> None:
    """Every day of thirteen months with a leap day and the turn of a year, and random spans from days in ten years."""
    spans = [(day - timedelta(days=1), day) for day in _days(date(2027, 12, 1), date(2028, 12, 31))]
    chance = random.Random(7)
    for _ in range(60):
        last = date(2024, 12, 31) + timedelta(days=chance.randrange(3650))
        spans.append((last, last + timedelta(days=chance.randint(1, 40))))
    overlooked = {span: lost for span in spans if (lost := changing(*span) - begun(office, *span))}
    assert overlooked == {}


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
