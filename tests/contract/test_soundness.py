"""Level 1 over both databases: in one process or two, part by part, it finds the same; every kind of tampering is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Container, build
from adapters.db.database import Database
from adapters.evidence.parallel import spread
from adapters.evidence.snapshot import parts
from adapters.evidence.sound import Sound
from adapters.settings import Settings
from api.commands.audit.replaying import sound
from engine.case import CaseId
from tests.benchmarks.log import LOG, fill


@pytest.fixture
def made(database: Database, tmp_path: Path) -> Iterator[Container]:
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    container = build(Settings(database_url=url, files=tmp_path, log=LOG))
    fill(container.database, 300)
    yield container
    container.close()


def tampered(made: Container, *statements: str) -> None:
    """By one who owns the database: the triggers are gone first."""
    with made.database.writing() as connection:
        if made.database.is_sqlite:
            for trigger in ("event_no_update", "event_no_delete"):
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        else:
            connection.exec_driver_sql("ALTER TABLE event DISABLE TRIGGER ALL")
        for statement in statements:
            connection.exec_driver_sql(statement)


def named(found: Sound) -> list[tuple[str, int, str]]:
    return [(fault.case, fault.seq, fault.code) for fault in found.faults]


FIRST, SECOND, THIRD = "209900000000", "209900000001", "209900000002"


def test_a_whole_log_is_sound_in_one_part_and_in_many_and_in_two_processes(made: Container) -> None:
    whole = made.soundness.of()
    many = parts(made.database, 7)
    apart = sum((made.soundness.of(part) for part in many), Sound())
    spread_out = sum(spread(made.settings, sound, many, processes=2), Sound())

    assert whole.is_sound
    assert len(many) == 7
    assert whole == apart == spread_out
    assert whole.cases == len(made.views.case_ids()) + 1  # and the journal


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (f"UPDATE event SET actor = 'x' WHERE case_id = '{FIRST}' AND seq = 2", [(FIRST, 2, "column_actor")]),
        (
            f"DELETE FROM event WHERE case_id = '{FIRST}' AND seq = 2",
            [(FIRST, 3, "prev"), (FIRST, 3, "seq")],
        ),
        (f"DELETE FROM event WHERE case_id = '{FIRST}'", [(FIRST, 0, "history")]),
        (f"UPDATE \"case\" SET head = 'x' WHERE id = '{FIRST}'", [(FIRST, 47, "head")]),
        (f"UPDATE \"case\" SET seq = 99 WHERE id = '{FIRST}'", [(FIRST, 47, "cut")]),
        (f"DELETE FROM \"case\" WHERE id = '{FIRST}'", [(FIRST, 47, "row")]),
        (
            f"UPDATE event SET at = {2**63 - 1} WHERE case_id = '{FIRST}' AND seq = 47",
            [(FIRST, 47, "column_at")],
        ),
        (
            "UPDATE event SET prev = 'x' WHERE case_id = 'journal' AND seq = 1",
            [("journal", 1, "column_prev")],
        ),
    ],
)
def test_what_was_done_to_the_rows_is_named_where_it_was_done(
    made: Container, statement: str, expected: list[tuple[str, int, str]]
) -> None:
    tampered(made, statement)

    assert named(made.soundness.of()) == expected


def test_two_events_that_changed_places_are_named(made: Container) -> None:
    tampered(
        made,
        f"UPDATE event SET seq = 999 WHERE case_id = '{FIRST}' AND seq = 2",
        f"UPDATE event SET seq = 2 WHERE case_id = '{FIRST}' AND seq = 3",
        f"UPDATE event SET seq = 3 WHERE case_id = '{FIRST}' AND seq = 999",
    )

    assert (FIRST, 2, "column_seq") in named(made.soundness.of())
    assert (FIRST, 2, "prev") in named(made.soundness.of())


def test_of_very_many_faults_the_first_hundred_are_named_and_all_are_counted(made: Container) -> None:
    tampered(made, "UPDATE event SET type = 'x' WHERE case_id <> 'journal'")
    found = made.soundness.of()

    assert (found.found, len(found.faults)) == (found.events - len(made.journal.entries()), 100)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("at", "'x'", "unreadable"),
        ("at", "x'00'", "unreadable"),
        ("data", "CAST(data AS TEXT)", "unreadable"),
        ("data", "x'ff'", "unreadable"),
        ("actor", "CAST(x'ff' AS TEXT)", "column_actor"),
        ("hash", "x'00'", "unreadable"),
    ],
)
def test_what_sqlite_keeps_of_another_type_is_a_fault_and_ends_no_check(
    sqlite_database: Database, tmp_path: Path, column: str, value: str, code: str
) -> None:
    made = build(Settings(database_url=f"sqlite:///{sqlite_database.path}", files=tmp_path, log=LOG))
    fill(made.database, 300)
    tampered(made, f"UPDATE event SET {column} = {value} WHERE case_id = '{FIRST}' AND seq = 2")

    assert (FIRST, 2, code) in named(made.soundness.of())
    assert not made.replays.case(CaseId(FIRST)).is_sound
    made.lawfulness.case(CaseId(FIRST))
    made.close()
