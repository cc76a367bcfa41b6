"""Case numbers and published definitions, when several processes begin at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from adapters.db.database import Database
from adapters.evidence.journal import Journal
from adapters.numbers import Numbers
from adapters.registry import DefinitionRegistry, VersionTaken
from engine.loading import load
from workflows import shipped

CHINA = timezone(timedelta(hours=8))
MORNING = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
SUPERVISION = next(data for name, data in shipped() if name == "supervision.yaml")


def local_date(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def test_processes_that_begin_a_year_together_never_give_a_number_twice(database: Database) -> None:
    processes = [Numbers(database, local_date, block=3) for _ in range(8)]

    def take(numbers: Numbers) -> list[str]:
        return [numbers.next(MORNING) for _ in range(10)]

    with ThreadPoolExecutor(8) as threads:
        given = [number for taken in threads.map(take, processes) for number in taken]
    assert len(set(given)) == 80
    serials = {int(number[4:-1]) for number in given}
    assert (min(serials), max(serials) <= 8 * 12) == (1, True)


def test_a_number_bears_the_year_that_people_write_that_day(database: Database) -> None:
    numbers = Numbers(database, local_date)
    eve = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert numbers.next(eve)[:4] == "2026"
    assert numbers.next(eve + timedelta(minutes=1))[:4] == "2027"  # midnight in China
    assert numbers.next(eve + timedelta(minutes=2))[4:11] == "0000002"


def test_processes_that_publish_the_same_bytes_together_all_find_them(database: Database) -> None:
    source = load(SUPERVISION, name="supervision.yaml")
    with ThreadPoolExecutor(6) as threads:
        published = list(
            threads.map(
                lambda _: DefinitionRegistry(database, local_date, Journal(database, "test")).publish(
                    source, MORNING
                ),
                range(6),
            )
        )
    assert {program.digest for program in published} == {source.digest}


def test_a_published_version_is_never_published_with_other_bytes(database: Database) -> None:
    first, second = (DefinitionRegistry(database, local_date, Journal(database, "test")) for _ in range(2))
    assert first.all() == second.all() == []
    first.publish(load(SUPERVISION, name="supervision.yaml"), MORNING)
    with pytest.raises(VersionTaken):
        second.publish(load(SUPERVISION + b"# other\n", name="supervision.yaml"), MORNING)
    assert len(second.all()) == 1
