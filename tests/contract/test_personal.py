"""Erasing on both databases: values, request digests and the entry that tells of it go together or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.db.database import Database
from adapters.evidence.journal import Journal
from adapters.personal import PersonalValues
from engine.access import Actor
from engine.audit.journal import EntryType
from engine.canonical import NotCanonical, commitment, encode
from engine.case import CaseId
from engine.errors import InvalidData
from engine.ports import Secret
from tests.support.builders import LOG, MORNING, opened, written
from tests.support.stores import store_of, stored_rows

CASE, OTHER = CaseId("34202600000018"), CaseId("34202600000026")
ADMIN = Actor(id="p-admin")


def secret(case: CaseId, value: str) -> Secret:
    salt = value.encode().ljust(32, b"0")[:32]
    return Secret(case, commitment(salt, encode(value)), "contact_phone", salt, encode(value))


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database, LOG)


@pytest.fixture
def personal(database: Database, journal: Journal) -> PersonalValues:
    """Two values of one case and one of another."""
    store = store_of(database)
    secrets = [secret(CASE, "055100000001"), secret(CASE, "055100000002"), secret(OTHER, "055100000003")]
    with store.unit() as unit:
        unit.write(replace(written(opened(CASE), opened(OTHER)), secrets=secrets))
    store.close()
    return PersonalValues(database, journal)


def requests(database: Database) -> dict[str, str]:
    return {row["case_id"]: row["request"] for row in stored_rows(database, "receipt")}


def test_the_values_of_one_case_go_with_its_request_digests_and_are_told(
    database: Database, personal: PersonalValues, journal: Journal
) -> None:
    expected = sorted(personal.of(CASE))
    assert personal.erase(CASE, reason="当事人要求（示例）", actor=ADMIN, at=MORNING) == 2
    assert personal.of(CASE) == {}
    assert list(personal.of(OTHER).values()) == [encode("055100000003")]
    assert requests(database) == {CASE: "", OTHER: "r" * 64}
    (entry,) = journal.entries(EntryType.VALUES_ERASED)
    assert entry["data"] == {"case": CASE, "commitments": expected, "reason": "当事人要求（示例）"}
    assert entry["actor"] == {"id": "p-admin", "kind": "person"}


def test_what_cannot_be_told_is_not_erased(
    database: Database, personal: PersonalValues, journal: Journal
) -> None:
    for reason, refusal in (("", InvalidData), ("不能写\x00", NotCanonical)):
        with pytest.raises(refusal):
            personal.erase(CASE, reason=reason, actor=ADMIN, at=MORNING)
    assert len(personal.of(CASE)) == 2
    assert requests(database)[CASE] == "r" * 64
    assert journal.entries() == []


def test_a_case_without_values_leaves_no_entry(personal: PersonalValues, journal: Journal) -> None:
    assert personal.erase(CaseId("34202600000034"), reason="示例", actor=ADMIN, at=MORNING) == 0
    assert journal.entries() == []
