"""Figures over HTTP: as many as rows, within reach, and targets that only come from above."""

from __future__ import annotations

from concurrent.futures import Future
from itertools import count
from typing import Any

import pytest

from adapters.programme.slots import Submit
from engine.commands import Command
from engine.runtime import Outcome
from tests.support.office import Office

LIAISON, CITY, PROVINCE = "p-340104-liaison-1", "p-3401-leader-1", "p-34-leader-1"


def figure(office: Office, person: str, **query: Any) -> dict[str, Any]:
    answer = office.get(person, "/indicators", indicator="issue_in_time", **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["indicators"][0]
    return found


def problem(office: Office, person: str, path: str, **query: Any) -> tuple[int, str]:
    answer = office.get(person, path, **query)
    return answer.status_code, answer.json()["code"]


def test_a_figure_equals_its_rows_and_its_parts_add_up(office: Office) -> None:
    late = office.dispatched("340104")
    office.dispatched("340102")
    office.later(days=60)

    city = figure(office, CITY, period="2026-12")
    rows = office.get(CITY, "/indicators/issue_in_time/rows", period="2026-12").json()

    assert (city["whole"]["value"], city["whole"]["denominator"], city["whole"]["words"]) == (
        "0",
        "2",
        "0.0%",
    )
    assert {p["region"]["id"]: p["figure"]["rows"] for p in city["parts"] if p["figure"]["rows"]} == {
        "340102": 1,
        "340104": 1,
    }
    assert (len(rows["rows"]), rows["part"], rows["kind"]) == (2, [], "cases")
    county = figure(office, LIAISON, period="2026-12")
    assert county["whole"]["rows"] == 1
    own = office.get(LIAISON, "/indicators/issue_in_time/rows", period="2026-12").json()
    assert own["rows"] == [late]
    assert own["region"] == {"id": "340104", "title": "蜀山区"}


@pytest.mark.parametrize(
    "path", ["/indicators", "/indicators/issue_in_time/rows", "/slots", "/ledgers/no_activity", "/targets"]
)
def test_another_region_looks_as_if_it_did_not_exist(shared_office: Office, path: str) -> None:
    for region in ("340102", "3401", "34", "99"):
        assert problem(shared_office, LIAISON, path, region=region) == (404, "region_out_of_reach")
    assert problem(shared_office, "p-client-sample-1", path) == (404, "region_out_of_reach")


def test_what_cannot_be_asked_is_said_with_a_hint(shared_office: Office) -> None:
    assert problem(shared_office, LIAISON, "/indicators", period="2026-Q9") == (422, "period_unreadable")
    assert problem(shared_office, LIAISON, "/indicators", indicator="issue_in_tim") == (
        404,
        "unknown_indicator",
    )
    assert problem(shared_office, LIAISON, "/ledgers/nothing") == (404, "unknown_list")
    assert problem(shared_office, LIAISON, "/slots", colour="blue")[0] == 422


_KEYS = count(1)


def put(office: Office, person: str, region: str, value: int, key: str = "") -> Any:
    body = {"indicator": "sme_number", "region": region, "year": 2021, "value": value}
    headers = {**office.headers(person), "Idempotency-Key": key or f"target-{next(_KEYS)}"}
    return office.client.put("/api/v1/targets", headers=headers, json=body)


def test_a_target_comes_from_above_and_its_former_values_stay(office: Office) -> None:
    assert put(office, LIAISON, "340104", 5).status_code == 403
    assert put(office, "p-340104-leader-1", "340104", 5).status_code == 403
    assert put(office, CITY, "3402", 5).status_code == 404
    assert [put(office, CITY, "340104", value).json()["n"] for value in (5, 8, 8)] == [1, 2, 2]
    assert put(office, PROVINCE, "34", 900).status_code == 200

    seen = office.get("p-340104-leader-1", "/targets").json()["targets"]
    assert [(t["region"], t["n"], t["value"], t["set_by"]) for t in seen] == [
        ("340104", 1, 5, CITY),
        ("340104", 2, 8, CITY),
    ]


def test_a_target_under_a_known_key_is_answered_as_at_first_and_sets_nothing(office: Office) -> None:
    first = put(office, CITY, "340104", 5, key="once")
    put(office, CITY, "340104", 8)
    again = put(office, CITY, "340104", 5, key="once")
    assert (again.status_code, again.json()) == (200, first.json())
    assert [t["value"] for t in office.get(CITY, "/targets").json()["targets"]] == [5, 8]
    other = put(office, CITY, "340104", 9, key="once")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    body = {"indicator": "sme_number", "region": "340104", "year": 2021, "value": 1}
    keyless = office.client.put("/api/v1/targets", headers=office.headers(CITY), json=body)
    assert (keyless.status_code, keyless.json()["code"]) == (400, "idempotency_key_missing")


def test_the_slots_of_a_month_are_opened_and_listed_by_colour(office: Office) -> None:
    container = office.container
    ran = container.slots.run(_submitting(office), container.now(), 200)
    assert ran.refused == 0

    found = office.get(PROVINCE, "/slots", period="2026-12", obligation="city_visit").json()
    assert found["counts"] == {"green": 0, "yellow": 0, "red": 0, "grey": 16}
    own = office.get(CITY, "/slots", period="2026-12", obligation="city_visit").json()["slots"]
    assert [slot["target"] for slot in own] == ["3401"]


def _submitting(office: Office) -> Submit:
    def submit(command: Command) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(office.container.engine.handle([command])[0])
        return future

    return submit
