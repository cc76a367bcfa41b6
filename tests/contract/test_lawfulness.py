"""Which organisation was in force when is read from the journal; level 4 over a database judges by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.db.database import Database
from adapters.evidence.lawfulness import Organisations
from adapters.organisation import sample_directory
from adapters.settings import Settings
from engine.access import Actor, Grant
from engine.case import CaseId, CommandId
from engine.commands import Open, TakeStep
from engine.directory import Directory
from engine.loading import load
from engine.runtime import Accepted
from tests.benchmarks.load import PING

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CLERK = Actor(id="p-34-liaison-1", grants=(Grant(role="liaison", region="34"),), channel="test")
CASE = CaseId("202600000015")


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(START)


@pytest.fixture
def made(database: Database, tmp_path: Path, clock: MovedClock) -> Iterator[Container]:
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    container = build(Settings(database_url=url, files=tmp_path), now=clock)
    container.directories.adopt(sample_directory(), START)
    container.definitions.publish(load(PING.read_bytes(), name=PING.name), START)
    yield container
    container.close()


def without_clerk(directory: Directory) -> Directory:
    return replace(directory, posts=tuple(post for post in directory.posts if post.person != CLERK.id))


def take(made: Container, step: str) -> None:
    (outcome,) = made.engine.handle([TakeStep(id=CommandId(step), case=CASE, actor=CLERK, step=step)])
    assert isinstance(outcome, Accepted)


def test_a_change_of_the_organisation_leaves_both_in_force_for_a_minute(made: Container) -> None:
    before, after = made.directories.current(), without_clerk(made.directories.current())
    made.directories.adopt(after, START + timedelta(hours=1))
    organisations = Organisations(made.database, made.journal)

    def digests(at: datetime) -> list[str]:
        return [directory.digest() for directory in organisations.in_force(at)]

    changed = START + timedelta(hours=1)
    assert digests(START - timedelta(seconds=1)) == []
    assert digests(changed - timedelta(seconds=1)) == [before.digest()]
    assert digests(changed) == [before.digest(), after.digest()]
    assert digests(changed + timedelta(seconds=59)) == [before.digest(), after.digest()]
    assert digests(changed + timedelta(seconds=61)) == [after.digest()]


def test_who_went_on_after_losing_the_post_is_found_with_the_event(
    made: Container, clock: MovedClock
) -> None:
    """The grant is handed to the engine as if a token still gave it: what the API refuses, a forged command need not ask."""
    opening = Open(id=CommandId("open"), case=CASE, actor=CLERK, workflow="ping", region="34")
    assert isinstance(made.engine.handle([opening])[0], Accepted)
    clock.move_to(START + timedelta(hours=1))
    take(made, "go")
    assert made.lawfulness.of().findings == ()

    made.directories.adopt(without_clerk(made.directories.current()), clock())
    clock.move_to(START + timedelta(hours=2))
    take(made, "back")
    found = made.lawfulness.case(CASE)

    assert made.replays.case(CASE).is_sound
    assert [(f.seq, f.kind) for f in found.findings] == [(3, "authority")]
    assert found.findings[0].message == "p-34-liaison-1 当时没有liaison（34）的职权"
    assert made.lawfulness.of() == found
