"""Commands under repetition, in races, on versions and in batches."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.directory import PersonId, Post, RegionId
from tests.support.office import ISSUE, Office

LIAISON, TAX = "p-340104-liaison-1", "p-340104-tax-department-1"
OPENING = {"workflow": "issue", "region": "340104", "subject": "sample-1", "data": ISSUE}


def test_a_repeated_key_gets_the_first_answer_and_nothing_happens_again(office: Office) -> None:
    first = office.post(LIAISON, "/cases", OPENING, key="same")
    before = office.rows()
    office.clock.advance(timedelta(minutes=1))
    again = office.post(LIAISON, "/cases", OPENING, key="same")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert again.headers["etag"] == first.headers["etag"] == '"c1"'
    assert office.rows() == before


def test_a_repeated_step_gets_the_first_answer_even_after_the_case_has_moved_on(office: Office) -> None:
    case = office.open()
    body = {"data": {"category": "general"}}
    first = office.post(LIAISON, f"/cases/{case}/steps/accept", body, key="a")
    office.took(LIAISON, case, "dispatch", lead_unit="u-340104-tax")
    assert office.post(LIAISON, f"/cases/{case}/steps/accept", body, key="a").content == first.content


def test_a_key_reused_for_another_request_is_refused_and_leaves_nothing_behind(office: Office) -> None:
    office.post(LIAISON, "/cases", OPENING, key="same")
    before = office.rows()
    other = office.post(LIAISON, "/cases", {**OPENING, "subject": ""}, key="same")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert office.rows() == before


def test_a_case_is_about_a_registered_subject_or_about_none(office: Office) -> None:
    before = office.rows()
    unknown = office.post(LIAISON, "/cases", {**OPENING, "subject": "nobody"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_subject")
    assert "登记" in unknown.json()["hint"]
    in_batch = office.post(
        LIAISON, "/commands:batch", {"commands": [{"do": "open", **OPENING, "subject": "nobody"}]}
    )
    assert in_batch.json()["results"][0]["problem"]["code"] == "unknown_subject"
    assert office.rows() == before
    assert office.post(LIAISON, "/cases", {**OPENING, "subject": ""}).status_code == 201
    assert office.post(LIAISON, "/cases", OPENING).status_code == 201


def test_two_people_may_use_the_same_key(office: Office) -> None:
    assert office.post(LIAISON, "/cases", OPENING, key="1").status_code == 201
    other = office.post("p-340103-liaison-1", "/cases", {**OPENING, "region": "340103"}, key="1")
    assert other.status_code == 201


def test_a_step_decided_on_the_version_that_was_read_goes_through_and_a_second_one_is_stale(
    office: Office,
) -> None:
    case = office.open()
    etag = office.get(LIAISON, f"/cases/{case}").headers["ETag"]
    assert etag == '"c1"'
    body = {"data": {"category": "general"}}
    done = office.post(LIAISON, f"/cases/{case}/steps/accept", body, headers={"If-Match": etag})
    assert (done.status_code, done.headers["ETag"]) == (200, '"c2"')
    stale = office.post(LIAISON, f"/cases/{case}/comments", {"text": "好"}, headers={"If-Match": etag})
    problem = stale.json()
    assert (stale.status_code, problem["code"], problem["case"]["etag"]) == (412, "stale_case", '"c2"')
    assert [s["step"] for s in problem["open_steps"]] == ["close_on_site", "dispatch", "merge"]


@pytest.mark.parametrize("round_", range(3))
def test_a_step_raced_by_fifty_clients_succeeds_once_and_is_refused_cleanly_forty_nine_times(
    shared_office: Office, round_: int
) -> None:
    office = shared_office
    case = office.open()
    office.token(LIAISON)
    before = office.rows("event", "receipt")

    def attempt(n: int) -> tuple[int, str]:
        body = {"data": {"category": "general"}}
        answer = office.post(LIAISON, f"/cases/{case}/steps/accept", body, key=f"race-{round_}-{n}")
        return answer.status_code, answer.json().get("code", "")

    with ThreadPoolExecutor(50) as pool:
        outcomes = Counter(pool.map(attempt, range(50)))
    assert outcomes == {(200, ""): 1, (409, "blocked"): 49}
    after = office.rows("event", "receipt")
    assert {name: after[name] - before[name] for name in after} == {"event": 1, "receipt": 1}


def test_a_batch_answers_each_command_for_itself_and_a_bad_one_spoils_no_other(office: Office) -> None:
    case, foreign = office.open(), office.open("p-340103-liaison-1", "340103")
    body = {
        "commands": [
            {"do": "step", "case": case, "step": "accept", "data": {"category": "general"}},
            {"do": "step", "case": case, "step": "no_such", "data": {}},
            {"do": "comment", "case": foreign, "text": "看得到吗"},
            {"do": "dance", "case": case},
            7,
            {"do": "comment", "case": case, "text": "好", "if_match": '"c1"'},
            {"do": "step", "case": case, "step": "dispatch", "data": {"lead_unit": "u-340104-tax"}},
            {"do": "open", **OPENING},
        ]
    }
    answer = office.post(LIAISON, "/commands:batch", body, key="batch")
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(r["status"], r["problem"] and r["problem"]["code"]) for r in results] == [
        (200, None),
        (422, "unknown_step"),
        (404, "unknown_case"),
        (422, "invalid_request"),
        (422, "invalid_request"),
        (412, "stale_case"),
        (200, None),
        (201, None),
    ]
    assert office.get(LIAISON, f"/cases/{case}").json()["state"]["id"] == "dispatched"
    before = office.rows()
    again = office.post(LIAISON, "/commands:batch", body, key="batch").json()["results"]
    assert [r["receipt"] for r in again] == [r["receipt"] for r in results]
    assert office.rows() == before


def test_keys_of_a_batch_may_be_as_long_as_any_and_meet_no_single_command(office: Office) -> None:
    case = office.open()
    comment = {"do": "comment", "case": case, "text": "好"}
    longest = "k" * 200
    for key, at in (("a", 1), (longest, 0)):
        alone = {f"{key}.{at}", f"{at}/{key}", f"{key}/{at}"}
        for single in sorted(name for name in alone if len(name) <= 200):
            assert office.post(LIAISON, f"/cases/{case}/comments", {"text": single}, key=single).is_success
        results = office.post(LIAISON, "/commands:batch", {"commands": [comment, comment]}, key=key).json()
        assert [result["status"] for result in results["results"]] == [200, 200]
    assert office.get(LIAISON, f"/cases/{case}").headers["ETag"] == '"c8"'


@pytest.mark.parametrize(
    ("body", "status"),
    [({"commands": []}, 422), ({"commands": [{}] * 101}, 422), ({}, 422), ({"commands": "x"}, 422)],
)
def test_a_batch_that_is_none_is_refused_whole(shared_office: Office, body: dict, status: int) -> None:
    assert shared_office.post(LIAISON, "/commands:batch", body).status_code == status
    assert shared_office.post(LIAISON, "/commands:batch", {"commands": [{}]}, key=None).status_code == 400


def test_a_stand_in_acts_under_both_names_and_only_when_they_say_so(office: Office) -> None:
    directory = office.container.directories.current()
    stand_in = PersonId("p-340103-liaison-1")
    post = Post(
        person=stand_in,
        role="liaison",
        region=RegionId("340104"),
        since=date(2026, 12, 1),
        until=date(2026, 12, 1),
        stands_in_for=PersonId(LIAISON),
    )
    office.container.directories.adopt(replace(directory, posts=(*directory.posts, post)), office.clock())
    case = office.open()
    body = {"data": {"category": "general"}}
    own = office.post(stand_in, f"/cases/{case}/steps/accept", body)
    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    nobody_named = office.post(
        LIAISON, f"/cases/{case}/comments", {"text": "好"}, headers={"X-Acting-For": ""}
    )
    assert nobody_named.status_code == 200
    acting = {"X-Acting-For": LIAISON}
    assert office.post(stand_in, f"/cases/{case}/steps/accept", body, headers=acting).status_code == 200
    event = office.get(LIAISON, f"/cases/{case}/history").json()["events"][-1]
    assert (event["actor"]["id"], event["on_behalf_of"]["id"]) == (stand_in, LIAISON)
    assert [line["case"] for line in office.get(stand_in, "/inbox").json()["lines"]] == [case]
    nobody = office.post(stand_in, f"/cases/{case}/comments", {"text": "好"}, headers={"X-Acting-For": TAX})
    assert (nobody.status_code, nobody.json()["blockers"][0]["code"]) == (403, "no_stand_in")
    office.clock.advance(timedelta(days=1))
    assert office.get(stand_in, f"/cases/{case}").status_code == 404


def test_a_number_misheard_is_told_apart_from_one_out_of_reach(office: Office) -> None:
    number = office.open("p-340103-liaison-1", "340103")
    misheard = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert office.get(LIAISON, f"/cases/{number}").json()["hint"] == "核对编号，或检查您的职责范围"
    assert office.get(LIAISON, f"/cases/{misheard}").json()["hint"] == "编号有误，请核对"
