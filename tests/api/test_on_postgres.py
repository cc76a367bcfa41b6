"""The same addresses over PostgreSQL: opening, steps, lists, the inbox, refusals and a race."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.office import Office, an_office

LIAISON, TAX, OTHER = "p-340104-liaison-1", "p-340104-tax-department-1", "p-340103-liaison-1"


@pytest.fixture
def office(tmp_path: Path, postgres_url: str) -> Iterator[Office]:
    with an_office(tmp_path, postgres_url) as made:
        yield made


def test_a_case_is_opened_worked_on_listed_and_hidden_as_on_sqlite(office: Office) -> None:
    case = office.dispatched(co_units=("u-340104-finance",))
    proof = office.upload(LIAISON)
    assert (
        office.post(LIAISON, f"/cases/{case}/comments", {"text": "附件", "files": [proof]}).status_code == 200
    )
    assert office.get(TAX, "/inbox").json()["lines"][0]["case"] == case
    assert [c["id"] for c in office.get(LIAISON, "/cases", text=case[-4:], open="true").json()["cases"]] == [
        case
    ]
    assert office.get(OTHER, f"/cases/{case}").status_code == 404
    assert office.get(OTHER, "/cases/counts").json()["total"] == 0
    assert office.get(LIAISON, f"/cases/{case}/files/{proof}").status_code == 200
    assert office.get(LIAISON, "/cases", cursor="nonsense").status_code == 422
    office.took(TAX, case, "sign")
    before = office.rows()
    for bad in ({"data": {"contact_note": "已\u0000系"}}, {"data": {}}, {"dta": 1}):
        assert office.post(TAX, f"/cases/{case}/steps/contact", bad).status_code == 422
    assert office.rows() == before
    assert len(office.get(LIAISON, f"/cases/{case}/history", raw="true").json()["events"]) == 5


def test_a_step_raced_by_fifty_clients_succeeds_once(office: Office) -> None:
    case = office.open()

    def attempt(n: int) -> int:
        body = {"data": {"category": "general"}}
        return office.post(LIAISON, f"/cases/{case}/steps/accept", body, key=f"race-{n}").status_code

    with ThreadPoolExecutor(50) as pool:
        assert Counter(pool.map(attempt, range(50))) == {200: 1, 409: 49}
