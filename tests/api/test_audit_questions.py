"""An auditor asks over HTTP: within the regions of the post, and nobody else asks at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.auditors import AUDITOR, COUNTY_AUDITOR, ELSEWHERE, LIAISON, with_county_auditor
from tests.support.office import Office, an_office

AT = "2026-12-01T09:00:00+08:00"
HERE, THERE = "cases here", "cases there"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with an_office(Path(tmp_path_factory.mktemp("audit"))) as made:
        with_county_auditor(made)
        yield made


@pytest.fixture(scope="module")
def cases(office: Office) -> dict[str, str]:
    """One issue of this county that was sent back with a reason, and one of another city."""
    here, there = office.dispatched(), office.open(f"p-{ELSEWHERE}-liaison-1", ELSEWHERE)
    reasons = {"return_reason": "不属于本单位（示例）", "return_basis": "示例依据文件"}
    office.took("p-340104-tax-department-1", here, "hand_back", **reasons, proposed_owner="u-340104-finance")
    office.later(minutes=1)
    return {HERE: here, THERE: there}


ONE_CASE = ("as-of?at=2026-12-01T09:00:00%2B08:00", "deadlines", "time")
MANY = ("time?since=2026-12-01", "conduct?since=2026-12-01")


def status(office: Office, person: str, path: str) -> int:
    return office.client.get(f"/api/v1/audit/{path}", headers=office.headers(person)).status_code


@pytest.mark.parametrize("path", ONE_CASE)
def test_a_case_is_open_to_auditors_of_its_region_and_looks_absent_to_others(
    office: Office, cases: dict[str, str], path: str
) -> None:
    asked = {
        who: (
            status(office, who, f"cases/{cases[HERE]}/{path}"),
            status(office, who, f"cases/{cases[THERE]}/{path}"),
        )
        for who in (AUDITOR, COUNTY_AUDITOR, LIAISON, "p-34-administrator-1")
    }
    assert asked == {
        AUDITOR: (200, 200),
        COUNTY_AUDITOR: (200, 404),
        LIAISON: (403, 403),
        "p-34-administrator-1": (200, 200),
    }


@pytest.mark.parametrize("path", MANY)
def test_a_region_is_open_to_its_auditors_only_and_counts_hold_nothing_from_elsewhere(
    office: Office, cases: dict[str, str], path: str
) -> None:
    assert status(office, LIAISON, path) == 403
    assert status(office, COUNTY_AUDITOR, f"{path}&region={ELSEWHERE}") == 403
    counted = {
        who: office.client.get(f"/api/v1/audit/{path}", headers=office.headers(who)).json()["cases"]
        for who in (AUDITOR, COUNTY_AUDITOR)
    }
    assert counted == {AUDITOR: 2, COUNTY_AUDITOR: 1}


def test_as_of_shows_what_was_known_and_what_was_claimed_later(office: Office) -> None:
    case = office.open()
    late = {"data": {"category": "general"}, "occurred_at": "2026-12-01T00:30:00Z"}
    office.later(hours=1)
    assert office.post(LIAISON, f"/cases/{case}/steps/accept", late).status_code == 200
    at = {"at": "2026-12-01T09:30:00+08:00", "occurred": "true"}
    view = office.get(AUDITOR, f"/audit/cases/{case}/as-of", **at).json()
    assert (view["known"]["state"]["id"], view["claimed"]["state"]["id"]) == ("received", "accepted")
    assert [(each["seq"], each["is_folded"]) for each in view["later"]] == [(2, True)]
    assert {"path": "state", "known": "received", "claimed": "accepted"} in view["differences"]


def test_every_deadline_is_confirmed_by_a_second_count(office: Office, cases: dict[str, str]) -> None:
    view = office.get(AUDITOR, f"/audit/cases/{cases[HERE]}/deadlines").json()
    assert view["agrees"] is True
    clocks = {each["clock"] for each in view["deadlines"]}
    assert clocks == {"state", "case", "answer", "contact"}
    assert all(each["determinations"] and each["sentences"] for each in view["deadlines"])


def test_the_time_of_a_case_adds_up_to_its_life(office: Office, cases: dict[str, str]) -> None:
    view = office.get(AUDITOR, f"/audit/cases/{cases[HERE]}/time", until="2026-12-03T09:00:00+08:00").json()
    assert sum(span["wall"] for span in view["spans"]) == view["life"] == view["total"]["wall"]
    assert view["life"] == 48 * 3_600_000_000


def test_a_return_is_a_hint_with_the_event_behind_it(office: Office, cases: dict[str, str]) -> None:
    view = office.get(AUDITOR, "/audit/conduct", since="2026-12-01").json()
    (hint,) = [each for each in view["hints"] if each["kind"] == "returned"]
    assert "退给" in hint["sentence"]
    (act,) = hint["acts"]
    assert act["case"] == cases[HERE]
    assert "不属于本单位（示例）" in act["words"]
    events = office.get(AUDITOR, act["event"].removeprefix("/api/v1").partition("#")[0]).json()["events"]
    assert next(e for e in events if e["seq"] == act["seq"])["sentence"].startswith("办理“退回”")
    assert "不是结论" in view["note"]
