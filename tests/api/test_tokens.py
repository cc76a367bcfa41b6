"""Tokens: the secret is shown once, ends when it says, and never gives more than its person has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.tokens import narrow
from engine.access import Grant
from tests.support.office import API, MORNING, Office

LIAISON = "p-3401-liaison-1"


def status(office: Office, secret: str) -> int:
    return office.client.get(f"{API}/cases", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_the_secret_is_not_in_the_database(office: Office) -> None:
    _, secret = office.container.tokens.create(LIAISON, "示例", MORNING, days=1)
    office.container.database.close()
    folder = office.container.settings.files.parent
    stored = b"".join(path.read_bytes() for path in folder.glob("bihuan.db*"))
    assert secret.startswith("bh_")
    assert secret.encode() not in stored


def test_a_token_ends_at_its_hour_and_at_once_when_it_is_revoked(office: Office) -> None:
    tokens = office.container.tokens
    _, short = tokens.create(LIAISON, "一天", MORNING, days=1)
    long_id, long = tokens.create(LIAISON, "一月", MORNING, days=30)
    assert (status(office, short), status(office, long)) == (200, 200)
    office.clock.advance(timedelta(days=1))
    assert (status(office, short), status(office, long)) == (401, 200)
    assert tokens.revoke(long_id, office.clock()) is True
    assert tokens.revoke(long_id, office.clock()) is False
    assert status(office, long) == 401
    listed = {token.title: token.revoked_at for token in tokens.list()}
    assert listed == {"一天": None, "一月": office.clock()}


def test_a_narrowed_token_sees_and_does_only_what_it_was_narrowed_to(office: Office) -> None:
    here, there = office.open(), office.open("p-340103-liaison-1", "340103")
    narrowed = [Grant("liaison", region="340104")]
    _, secret = office.container.tokens.create(LIAISON, "窄", MORNING, days=1, narrowed=narrowed)
    headers = {"Authorization": f"Bearer {secret}"}
    seen = {c: office.client.get(f"{API}/cases/{c}", headers=headers).status_code for c in (here, there)}
    assert seen == {here: 200, there: 404}


def test_a_person_without_a_post_today_sees_nothing(office: Office) -> None:
    case = office.open()
    _, secret = office.container.tokens.create("p-nobody", "示例", MORNING, days=1)
    headers = {"Authorization": f"Bearer {secret}"}
    assert office.client.get(f"{API}/cases/{case}", headers=headers).status_code == 404
    assert office.client.get(f"{API}/cases", headers=headers).json()["cases"] == []


WIDE, CITY, COUNTY = (Grant("liaison", region=r) for r in ("34", "3401", "340104"))
UNIT = Grant("handler", unit="u-1")


@pytest.mark.parametrize(
    ("held", "narrowed", "left"),
    [
        ([CITY], [], [CITY]),
        ([CITY], [COUNTY], [COUNTY]),
        ([CITY], [WIDE], [CITY]),
        ([CITY], [Grant("leader", region="340104")], []),
        ([CITY], [Grant("liaison", region="3402")], []),
        ([CITY, UNIT], [UNIT], [UNIT]),
        ([UNIT], [Grant("handler", unit="u-2")], []),
        ([UNIT], [Grant("handler", region="34")], []),
        ([], [COUNTY], []),
    ],
)
def test_narrowing_never_gives_more_than_is_held(held: list, narrowed: list, left: list) -> None:
    assert list(narrow(held, narrowed)) == left
