"""The programme over HTTP: its lists within reach, eligibility in words, and nominations by those whose list it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.subjects.writing import NewSubject
from engine.directory import RegionId, SubjectId
from engine.subjects import Observation
from tests.support.office import MORNING, Office, an_office
from tests.support.profiles import WAN, shipped_programme

YI = 10_000 * WAN
CODE, OTHER = "91340100MA2DD272X5", "91340300MAY4CL128W"
IDLE: dict[str, Any] = {"revenue": 6 * YI, "above_scale": True, "has_rd_institution": False}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with an_office(tmp_path_factory.mktemp("programme")) as made:
        container = made.container
        container.programmes.publish(shipped_programme(), MORNING)
        register(container, CODE, "340104")
        register(container, OTHER, "340202")
        writer = container.writer()
        container.lists.run_all(writer.submit)
        writer.close()
        yield made


def register(container: Any, code: str, region: str) -> None:

    day = MORNING.date()
    new = NewSubject(
        id=SubjectId(code), title=f"示例企业{region}", region=RegionId(region), since=day, doubt=""
    )
    container.subjects.register_many([new], MORNING)
    said = Observation(
        subject=SubjectId(code),
        year=2025,
        facts=IDLE,
        source="示例",
        vintage=day,
        entered_by="p-1",
        entered_at=MORNING,
    )
    container.subjects.observe_many([said], MORNING)


def members(office: Office, person: str, list_: str = "no_institution") -> list[str]:
    answer = office.get(person, f"/lists/{list_}/members")
    assert answer.status_code == 200, answer.text
    return [member["subject"]["id"] for member in answer.json()["members"]]


def test_the_programme_in_force_is_told(office: Office) -> None:
    told = office.get("p-340104-liaison-1", "/programme").json()
    assert told["version"] == 2
    assert {"id": "no_institution", "title": "5 亿元以上无研发机构的规上工业企业"} in told["lists"]


def test_members_and_counts_are_those_within_reach(office: Office) -> None:
    assert members(office, "p-340104-liaison-1") == [CODE]
    assert members(office, "p-340202-liaison-1") == [OTHER]
    assert members(office, "p-34-leader-1") == [CODE, OTHER]
    counts = {
        person: {each["id"]: each["members"] for each in office.get(person, "/lists").json()["lists"]}
        for person in ("p-340104-liaison-1", "p-34-leader-1")
    }
    assert (counts["p-340104-liaison-1"]["no_institution"], counts["p-34-leader-1"]["no_institution"]) == (
        1,
        2,
    )


def test_a_list_that_there_is_not_is_said(office: Office) -> None:
    answer = office.get("p-340104-liaison-1", "/lists/nothing/members")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_list")


def test_eligibility_says_what_is_met_what_is_missed_and_what_to_ask(office: Office) -> None:
    told = office.get("p-340104-liaison-1", f"/subjects/{CODE}/eligibility").json()
    sme = next(each for each in told["rule_sets"] if each["rule_set"] == "sme")
    criteria = {each["id"]: each for each in sme["criteria"]}
    assert sme["verdict"] == "fail"
    assert criteria["revenue"]["measures"][0] == {
        "of": "revenue", "value": "60,000 万元", "threshold": "20,000 万元", "operator": "<=", "lacks": "差 40,000 万元",
    }  # fmt: skip
    assert {"fact": "assets", "title": "资产总额", "year": 2025} in sme["missing"]
    standing = next(each for each in told["lists"] if each["id"] == "no_institution")
    assert (standing["on"], standing["verdict"], standing["year"]) == (True, "pass", 2025)


def test_eligibility_of_another_region_is_not_told(office: Office) -> None:
    answer = office.get("p-340202-liaison-1", f"/subjects/{CODE}/eligibility")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_subject")


def test_a_nomination_puts_on_the_list_once_and_a_removal_takes_off(office: Office) -> None:
    path, liaison = f"/lists/key_subjects/members/{CODE}", "p-3401-liaison-1"
    first = office.post(liaison, path, {"note": "龙头示例"}, key="n1")
    same = office.post(liaison, path, {"note": "龙头示例"}, key="n1")
    office.post(liaison, path, {"note": "再报一次"})
    assert (first.status_code, first.json()) == (same.status_code, same.json())
    (member,) = office.get("p-340104-liaison-1", "/lists/key_subjects/members").json()["members"]
    assert (member["subject"]["id"], member["evidence"]) == (CODE, {"by": liaison, "note": "龙头示例"})

    assert remove(office, liaison, path, "n2").status_code == 200
    assert members(office, "p-340104-liaison-1", "key_subjects") == []
    absent = remove(office, liaison, path, "n3")
    assert (absent.status_code, absent.json()["code"]) == (404, "not_on_list")


def remove(office: Office, person: str, path: str, key: str) -> Any:
    headers = {**office.headers(person), "Idempotency-Key": key}
    return office.client.request("DELETE", f"/api/v1{path}", headers=headers, json={"reason": "示例理由"})


@pytest.mark.parametrize(
    ("person", "list_", "subject", "code"),
    [
        ("p-340104-leader-1", "key_subjects", CODE, "forbidden"),
        ("p-340202-liaison-1", "key_subjects", CODE, "unknown_subject"),
        ("p-340104-liaison-1", "no_institution", CODE, "blocked"),
        ("p-340104-liaison-1", "nothing", CODE, "unknown_list"),
    ],
)
def test_who_may_not_nominate_is_refused(
    office: Office, person: str, list_: str, subject: str, code: str
) -> None:
    assert office.post(person, f"/lists/{list_}/members/{subject}", {}).json()["code"] == code


def test_a_nomination_is_answered_again_when_the_subject_has_moved_away_since(office: Office) -> None:
    path, liaison = f"/lists/key_subjects/members/{CODE}", "p-340104-liaison-1"
    first = office.post(liaison, path, {"note": "示例"}, key="n9")
    headers = office.headers(liaison, **{"Idempotency-Key": "n10"})
    away = {"region": "340103", "since": MORNING.date().isoformat()}
    moved = office.client.put(f"/api/v1/subjects/{CODE}/region", headers=headers, json=away)
    again = office.post(liaison, path, {"note": "示例"}, key="n9")
    assert [answer.status_code for answer in (first, moved, again)] == [200, 200, 200]
    assert (first.json(), again.headers["Idempotent-Replayed"]) == (again.json(), "true")


def test_proposals_are_for_those_whose_regions_hold_all_their_cases(office: Office) -> None:
    topic = {"topic": "land", "source": "visit"}
    cases = [
        office.open(person=f"p-{region}-liaison-1", region=region, data={**topic, "summary": text})
        for text, region in (
            ("中试用地指标不足", "340104"),
            ("园区中试用地指标不足", "340104"),
            ("中试用地指标一直不足", "340102"),
        )
    ]

    def told(person: str) -> list[list[str]]:
        answer = office.get(person, "/proposals")
        assert answer.status_code == 200, answer.text
        return [sorted(each["cases"]) for each in answer.json()["proposals"]]

    assert told("p-34-coordinator-1") == told("p-3401-liaison-1") == [cases]
    assert told("p-340104-liaison-1") == told("p-3402-liaison-1") == []
