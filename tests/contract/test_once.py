"""Small writes on both databases: done once for each key, and the organisation changed by whoever saw it last."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from adapters.db.database import Database
from adapters.db.once import Once
from adapters.db.tables import COUNTER
from adapters.evidence.journal import Journal
from adapters.organisation import sample_directory
from adapters.registry import DirectoryRegistry, StaleDirectory
from engine.directory import Directory, PersonId, Post, RegionId
from engine.errors import KeyReused
from tests.support.stores import stored_rows

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def writing(name: str, answer: str = "done") -> Any:
    def write(connection: Connection) -> Mapping[str, Any]:
        connection.execute(insert(COUNTER).values(name=name, next=1))
        return {"z": answer, "a": 1}

    return write


def test_under_one_key_a_write_happens_once_and_is_answered_alike(database: Database) -> None:
    once = Once(database)
    assert not once.is_known("k")
    first = once.do("k", {"x": 1}, MORNING, writing("one"))
    again = once.do("k", {"x": 1}, MORNING, writing("two"))
    assert (first.answer, first.is_repeated) == (again.answer, False)
    assert (again.is_repeated, list(first.answer)) == (True, ["a", "z"])
    assert [row["name"] for row in stored_rows(database, "counter")] == ["one"]
    assert once.is_known("k")
    with pytest.raises(KeyReused):
        once.do("k", {"x": 2}, MORNING, writing("three"))


def test_a_write_that_fails_leaves_no_receipt(database: Database) -> None:
    def fail(connection: Connection) -> Mapping[str, Any]:
        writing("half")(connection)
        raise StaleDirectory("示例")

    once = Once(database)
    with pytest.raises(StaleDirectory):
        once.do("k", {}, MORNING, fail)
    assert stored_rows(database, "counter") == stored_rows(database, "receipt") == []


def test_requests_that_come_together_under_one_key_write_once(database: Database) -> None:
    once = Once(database)
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda n: once.do("k", {}, MORNING, writing(f"row {n}", "same")), range(6)))
    assert sorted(done.is_repeated for done in found) == [False] + [True] * 5
    assert len(stored_rows(database, "counter")) == 1


def with_post(directory: Directory, n: int) -> Directory:
    post = Post(
        person=PersonId("p-340104-liaison-1"),
        role=f"extra_{n}",
        since=date(2026, 1, 1),
        region=RegionId("340104"),
    )
    return replace(directory, posts=(*directory.posts, post))


def test_the_organisation_is_changed_by_whoever_saw_it_last(database: Database) -> None:
    first, second = (DirectoryRegistry(database, Journal(database, "test")) for _ in range(2))
    start = sample_directory()
    first.adopt(start, MORNING)
    with database.writing() as connection:
        first.replace(connection, with_post(start, 1), MORNING, expected=start.digest())
    with pytest.raises(StaleDirectory), database.writing() as connection:
        second.replace(connection, with_post(start, 2), MORNING, expected=start.digest())
    second.refresh()
    assert second.current().digest() == with_post(start, 1).digest()


def test_of_changes_that_come_together_exactly_one_is_adopted(database: Database) -> None:
    registry, start = DirectoryRegistry(database, Journal(database, "test")), sample_directory()
    registry.adopt(start, MORNING)

    def change(n: int) -> bool:
        try:
            with database.writing() as connection:
                registry.replace(connection, with_post(start, n), MORNING, expected=start.digest())
        except StaleDirectory:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(change, range(4))) == 1
    assert sum(row["current"] for row in stored_rows(database, "directory")) == 1
