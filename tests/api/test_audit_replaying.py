"""An auditor asks of one case whether it replays and was lawful, and what its clocks did, within the regions of the post."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.auditors import AUDITOR, COUNTY_AUDITOR, ELSEWHERE, LIAISON, with_county_auditor
from tests.support.office import Office, an_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with an_office(Path(tmp_path_factory.mktemp("replaying"))) as made:
        with_county_auditor(made)
        yield made


def changed_behind_the_log(office: Office) -> str:
    case = office.dispatched()
    with office.container.database.writing() as connection:
        connection.exec_driver_sql(
            """UPDATE "case" SET body = CAST(replace(body, '"round":1', '"round":2') AS BLOB) WHERE id = ?""",
            (case,),
        )
    return case


@pytest.mark.parametrize("question", ["lawful", "escalations"])
def test_a_case_is_open_to_auditors_of_its_region_and_looks_absent_to_others(
    office: Office, question: str
) -> None:
    here, there = office.dispatched(), office.open(f"p-{ELSEWHERE}-liaison-1", ELSEWHERE)
    asked = {
        who: tuple(office.get(who, f"/audit/cases/{case}/{question}").status_code for case in (here, there))
        for who in (AUDITOR, COUNTY_AUDITOR, LIAISON)
    }

    assert asked == {AUDITOR: (200, 200), COUNTY_AUDITOR: (200, 404), LIAISON: (403, 403)}


def test_a_case_that_went_its_way_replays_and_is_lawful(office: Office) -> None:
    case = office.dispatched()
    found = office.get(AUDITOR, f"/audit/cases/{case}/lawful").json()

    assert (found["is_sound"], found["divergences"], found["faults"], found["findings"]) == (True, 0, [], [])
    assert found["events"] == len(office.get(AUDITOR, f"/cases/{case}/history").json()["events"])


def test_a_row_that_was_changed_behind_the_log_is_told(office: Office) -> None:
    case = changed_behind_the_log(office)
    found = office.get(AUDITOR, f"/audit/cases/{case}/lawful").json()

    assert (found["is_sound"], found["divergences"], found["findings"]) == (False, 1, [])
    assert found["faults"] == [f"{case}: 事项现状与按记录推得的不同 (row)"]


def test_each_rung_of_a_running_clock_says_when_it_will_fire_and_by_which_words(office: Office) -> None:
    case = office.dispatched()
    rungs = office.get(AUDITOR, f"/audit/cases/{case}/escalations").json()["escalations"]

    state = office.get(AUDITOR, f"/cases/{case}").json()["state"]["id"]
    ahead = [rung for rung in rungs if rung["clock"] == "state" and rung["status"] == "planned"]
    assert ahead
    assert {rung["rule"].split(":")[1].split(".")[1] for rung in ahead} == {state}
    assert all(rung["times"] == 0 and rung["fired_at"] is None for rung in ahead)


def test_readiness_and_status_say_what_the_nightly_replay_found_and_work_goes_on(tmp_path: Path) -> None:
    with an_office(tmp_path) as office:
        changed_behind_the_log(office)
        _is_told_after_the_night(office)


def _is_told_after_the_night(office: Office) -> None:
    made = office.container
    while made.nightly.run(made.now(), worker="test"):
        pass
    run = made.nightly.latest()
    checks = {check["name"]: check for check in office.client.get("/readyz").json()["checks"]}
    metrics = office.client.get("/metrics").text

    assert run is not None
    assert run.divergences == 1
    assert checks["replay"] == {
        "name": "replay",
        "ok": True,
        "detail": "夜间重放发现 1 处不一致：运行 bihuan status",
    }
    assert "bihuan_replay_divergences 1.0" in metrics
    assert office.get(AUDITOR, "/status").json()["system"]["replay"]["divergences"] == 1
