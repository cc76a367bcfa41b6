"""The journal on both databases: one chain, whoever writes, and what is published is told in the same transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy

from adapters.calendars.loading import load_calendar
from adapters.db.database import Database
from adapters.db.history import history
from adapters.db.rows import moment
from adapters.evidence.journal import Journal
from adapters.organisation.sample import sample_directory
from adapters.programme.registry import ProgrammeRegistry
from adapters.registry import CalendarRegistry, DefinitionRegistry, DirectoryRegistry
from engine import canonical
from engine.access import Actor
from engine.audit.journal import JOURNAL, EntryType
from engine.loading import load
from tests.support.profiles import shipped_programme
from tests.support.stores import stored_rows
from workflows import shipped

LOG = "test/cases"
MORNING = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SUPERVISION = load(
    next(data for name, data in shipped() if name == "supervision.yaml"), name="supervision.yaml"
)


def local_date(moment: datetime) -> date:
    return moment.date()


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database, LOG, lambda size: bytes(range(size)))


def told(journal: Journal) -> list[tuple[str, str, str]]:
    return [
        (e["data"]["kind"], e["data"]["id"], e["data"]["digest"])
        for e in journal.entries(EntryType.RULES_PUBLISHED)
    ]


def test_the_first_entry_opens_the_log_and_names_its_suite(journal: Journal) -> None:
    journal.record(EntryType.CASES_READ, {"what": "bundle"}, at=MORNING)
    first, second = journal.entries()
    assert (first["seq"], first["type"], first["data"]) == (
        1,
        "log.opened",
        {"suite": "sha256", "tree": "rfc6962"},
    )
    assert (second["seq"], second["type"], second["data"]) == (2, "cases.read", {"what": "bundle"})
    assert first["log"] == second["log"] == LOG


def test_entries_are_one_chain_however_many_threads_write(journal: Journal, database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda n: journal.record(EntryType.CASES_READ, {"n": n}, at=MORNING + n * HOUR), range(40)
            )
        )
    chain = history(database, JOURNAL)
    assert canonical.verify_chain(LOG, JOURNAL, chain) == []
    assert sorted(entry["data"]["n"] for entry in journal.entries(EntryType.CASES_READ)) == list(range(40))
    assert len(chain) == 41


def test_an_entry_is_never_earlier_than_the_one_before(journal: Journal) -> None:
    journal.record(EntryType.CASES_READ, {}, at=MORNING)
    assert journal.record(EntryType.CASES_READ, {}, at=MORNING - HOUR).at == MORNING


def test_the_columns_are_a_reading_of_the_bytes(journal: Journal, database: Database) -> None:
    made = journal.record(EntryType.KEY_ADDED, {"name": "k"}, actor=Actor(id="p-1"), at=MORNING)
    row = stored_rows(database, "event")[-1]
    assert canonical.decode(row["data"]) == {
        "actor": {"id": "p-1", "kind": "person"},
        "at": "2026-12-01T01:00:00.000000Z",
        "case": "journal",
        "data": {"name": "k"},
        "log": LOG,
        "prev": canonical.leaf_hash(history(database, JOURNAL)[0]),
        "salt": "000102030405060708090a0b0c0d0e0f",
        "seq": 2,
        "type": "key.added",
        "v": 1,
    }
    assert (row["case_id"], row["seq"], row["type"], row["actor"]) == ("journal", 2, "key.added", "p-1")
    assert (row["hash"], moment(row["at"]), row["leaf_index"]) == (made.hash, MORNING, None)


def test_the_hash_of_an_entry_cannot_be_guessed_from_what_it_says(database: Database) -> None:
    one, other = (Journal(database, LOG).record(EntryType.CASES_READ, {}, at=MORNING) for _ in range(2))
    salts = [canonical.decode(made.data)["salt"] for made in (one, other)]
    assert [len(bytes.fromhex(salt)) for salt in salts] == [16, 16]
    assert salts[0] != salts[1]


def test_an_entry_of_a_transaction_that_fails_was_never_written(journal: Journal, database: Database) -> None:
    def fail() -> None:
        with database.writing() as connection:
            journal.append(connection, EntryType.CASES_READ, {}, actor=None, at=MORNING)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert journal.entries() == []


def test_whatever_comes_into_force_is_told_once(journal: Journal, database: Database) -> None:
    definitions = DefinitionRegistry(database, local_date, journal)
    calendars, directories = CalendarRegistry(database, journal), DirectoryRegistry(database, journal)
    programmes = ProgrammeRegistry(database, local_date, journal)
    directory, programme, calendar = sample_directory(), shipped_programme(), load_calendar("cn")
    for _ in range(2):
        calendars.ensure("cn", MORNING)
        definitions.publish(SUPERVISION, MORNING)
        directories.adopt(directory, MORNING)
        programmes.publish(programme, MORNING)
    assert told(journal) == [
        ("calendar", "cn", calendar.digest),
        ("definition", "supervision", SUPERVISION.digest),
        ("organisation", "", directory.digest()),
        ("programme", programme.programme.programme, programme.digest),
    ]


def test_an_organisation_that_returns_is_told_again(journal: Journal, database: Database) -> None:
    directories, first = DirectoryRegistry(database, journal), sample_directory()
    second = replace(first, people=first.people[:-1], posts=())
    for each in (first, second, first):
        directories.adopt(each, MORNING)
    assert [digest for _, _, digest in told(journal)] == [first.digest(), second.digest(), first.digest()]


def test_processes_that_publish_together_tell_it_once(database: Database, journal: Journal) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(
            threads.map(
                lambda _: DefinitionRegistry(database, local_date, journal).publish(SUPERVISION, MORNING),
                range(6),
            )
        )
    assert told(journal) == [("definition", "supervision", SUPERVISION.digest)]


def test_a_log_that_is_opened_late_tells_what_was_published_before(
    journal: Journal, database: Database
) -> None:
    """A database of an earlier release: the rules are there, the journal is not."""
    DefinitionRegistry(database, local_date, journal).publish(SUPERVISION, MORNING)
    DirectoryRegistry(database, journal).adopt(sample_directory(), MORNING)
    forget_the_journal(database)
    CalendarRegistry(database, journal).ensure("cn", MORNING + HOUR)
    assert [kind for kind, _, _ in told(journal)] == ["definition", "organisation", "calendar"]
    opened, definition, _, calendar = journal.entries()
    assert (opened["type"], definition["at"]) == ("log.opened", "2026-12-01T02:00:00.000000Z")
    assert definition["data"]["since"] == "2026-12-01T01:00:00.000000Z"
    assert "since" not in calendar["data"]


def test_what_is_published_after_a_clock_ran_ahead_tells_its_real_moment(
    journal: Journal, database: Database
) -> None:
    CalendarRegistry(database, journal).ensure("cn", MORNING + 60 * 24 * HOUR)
    DirectoryRegistry(database, journal).adopt(sample_directory(), MORNING)

    organisation = journal.entries()[-1]

    assert organisation["at"] == canonical.instant(MORNING + 60 * 24 * HOUR)
    assert organisation["data"]["since"] == canonical.instant(MORNING)


def forget_the_journal(database: Database) -> None:
    guards = (
        ["DROP TRIGGER event_no_delete"] if database.is_sqlite else ["ALTER TABLE event DISABLE TRIGGER USER"]
    )
    with database.writing() as connection:
        for statement in [*guards, "DELETE FROM event"]:
            connection.execute(sqlalchemy.text(statement))
