"""Subjects over HTTP: who sees and keeps which, what is shown of one, and that nothing happens twice or by halves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from adapters.db.programme_tables import OBSERVATION, SUBJECT, SUBJECT_NAME, SUBJECT_REGION
from adapters.subjects.codes import complete
from engine.programme.loading import load_programme
from tests.support.office import MORNING, Office, an_office
from workflows import programme

LIAISON, HANDLER = "p-340104-liaison-1", "p-340104-handler-1"
CODE, SECOND, FOREIGN = (complete(f"913401000000000{n}") for n in "123")
DOUBTFUL = "91350211M0000XUF46"
FIGURES = {"year": 2025, "source": "统计年报（示例）", "vintage": "2026-03-01"}


@pytest.fixture(scope="module")
def one_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with an_office(tmp_path_factory.mktemp("desk")) as made:
        name, data = programme()
        made.container.programmes.publish(load_programme(data, name=name), MORNING)
        yield made


@pytest.fixture
def desk(one_desk: Office) -> Office:
    """The same application for all, each time without any subject and at the moment of the beginning."""
    one_desk.clock.move_to(MORNING)
    with one_desk.container.database.writing() as connection:
        for table in (SUBJECT, SUBJECT_NAME, SUBJECT_REGION, OBSERVATION):
            connection.execute(delete(table))
    return one_desk


def register(
    office: Office, person: str = LIAISON, code: str = CODE, region: str = "340104", **more: Any
) -> httpx.Response:
    body = {"id": code, "title": f"示例{code[-4:]}有限公司", "region": region, "since": "2020-03-01", **more}
    return office.post(person, "/subjects", body)


def put(office: Office, person: str, path: str, body: Any, key: str) -> httpx.Response:
    headers = office.headers(person, **{"Idempotency-Key": key})
    answer: httpx.Response = office.client.put(f"/api/v1{path}", headers=headers, json=body)
    return answer


def filled(office: Office) -> None:
    """One in 蜀山, one in 庐阳, one in 芜湖."""
    for person, code, region in (
        (LIAISON, CODE, "340104"),
        ("p-340103-liaison-1", SECOND, "340103"),
        ("p-340202-coordinator-1", FOREIGN, "340202"),
    ):
        assert register(office, person, code, region).status_code == 201


def listed(office: Office, person: str, **query: Any) -> list[str]:
    answer = office.get(person, "/subjects", **query).json()
    assert answer["total"] == len(answer["subjects"])
    return [subject["id"] for subject in answer["subjects"]]


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        (LIAISON, {CODE}),
        (HANDLER, {CODE}),
        ("p-340104-leader-1", {CODE}),
        ("p-340103-liaison-1", {SECOND}),
        ("p-3401-coordinator-1", {CODE, SECOND}),
        ("p-3401-team-1", {CODE, SECOND}),
        ("p-3402-liaison-1", {FOREIGN}),
        ("p-34-leader-1", {CODE, SECOND, FOREIGN}),
        ("p-34-auditor-1", {CODE, SECOND, FOREIGN}),
        ("p-340104-tax-department-1", set()),
        ("p-34-finance-head-1", set()),
        ("p-client-sample-1", set()),
    ],
)
def test_everybody_sees_the_subjects_of_their_own_region_and_no_others(
    desk: Office, person: str, seen: set[str]
) -> None:
    filled(desk)
    assert set(listed(desk, person)) == seen
    assert set(listed(desk, person, text="示例")) == seen
    for code in (CODE, SECOND, FOREIGN):
        found = desk.get(person, f"/subjects/{code}")
        assert found.status_code == (200 if code in seen else 404)
    absent = desk.get(person, "/subjects/91340100MAR8F86N30")
    assert absent.json()["code"] == "unknown_subject"


def test_outside_of_reach_a_subject_looks_like_one_that_does_not_exist(desk: Office) -> None:
    filled(desk)

    def told(code: str) -> list[str]:
        answers = [
            desk.get(LIAISON, f"/subjects/{code}"),
            put(
                desk,
                LIAISON,
                f"/subjects/{code}/name",
                {"title": "新名", "since": "2026-01-01"},
                f"name-{code}",
            ),
            put(
                desk,
                LIAISON,
                f"/subjects/{code}/region",
                {"region": "340104", "since": "2026-01-01"},
                f"region-{code}",
            ),
            desk.post(LIAISON, f"/subjects/{code}/observations", {**FIGURES, "facts": {"staff": 1}}),
        ]
        assert {answer.status_code for answer in answers} == {404}
        return [f"{a.json()['detail']} {a.json()['hint']}".replace(code, "N") for a in answers]

    assert told(SECOND) == told("91340100MAR8F86N30")


@pytest.mark.parametrize(
    ("person", "status"),
    [
        (LIAISON, 201),
        ("p-340104-coordinator-1", 201),
        (HANDLER, 201),
        ("p-3401-liaison-1", 201),
        ("p-34-coordinator-1", 201),
        ("p-340104-leader-1", 403),
        ("p-340104-tax-department-1", 403),
        ("p-340103-liaison-1", 403),
        ("p-3401-team-1", 403),
        ("p-client-sample-1", 403),
        ("p-34-auditor-1", 403),
    ],
)
def test_those_who_keep_the_region_register_its_subjects(desk: Office, person: str, status: int) -> None:
    answer = register(desk, person)
    assert answer.status_code == status
    assert desk.rows("subject")["subject"] == (1 if status == 201 else 0)


def test_a_doubtful_code_must_be_confirmed_and_a_wrong_one_is_refused(desk: Office) -> None:
    asked = register(desk, code=DOUBTFUL)
    assert (asked.status_code, asked.json()["code"]) == (422, "code_to_confirm")
    assert register(desk, code=DOUBTFUL, confirm=True).status_code == 201
    assert desk.get(LIAISON, f"/subjects/{DOUBTFUL}").json()["doubt"] == "outer_check"
    assert listed(desk, LIAISON, doubtful="true") == [DOUBTFUL]
    wrong = register(desk, code="91310115MA1H8R7C6D", confirm=True)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_code")
    full_width = register(desk, code="９１340100mar8f86n30")
    assert full_width.json()["subject"] == "91340100MAR8F86N30"


def test_a_region_that_is_not_there_and_a_subject_that_is_are_refused(desk: Office) -> None:
    assert register(desk, region="349999").json()["code"] == "unknown_region"
    assert register(desk).status_code == 201
    again = register(desk)
    assert (again.status_code, again.json()["code"]) == (409, "subject_exists")


def test_one_key_registers_and_observes_once(desk: Office) -> None:
    body = {"id": CODE, "title": "示例有限公司", "region": "340104", "since": "2020-03-01"}
    first, second = (desk.post(LIAISON, "/subjects", body, key="once") for _ in range(2))
    assert first.content == second.content
    assert (second.status_code, second.headers["Idempotent-Replayed"]) == (201, "true")
    other = desk.post(LIAISON, "/subjects", {**body, "title": "另一个名称"}, key="once")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    figures = {**FIGURES, "facts": {"staff": 7}}
    for _ in range(2):
        assert desk.post(LIAISON, f"/subjects/{CODE}/observations", figures, key="figures").status_code == 201
    assert desk.rows("observation")["observation"] == 1
    assert desk.post(LIAISON, "/subjects", body, key=None).json()["code"] == "idempotency_key_missing"


def test_a_subject_is_shown_with_its_names_regions_and_figures_as_of_a_moment(desk: Office) -> None:
    register(desk)
    figures = {
        **FIGURES,
        "facts": {"revenue": 12_345_678_900_00, "staff": 320, "contact": "示例联系人"},
        "verified": True,
    }
    assert desk.post(LIAISON, f"/subjects/{CODE}/observations", figures).status_code == 201
    before = "2026-12-01T12:00:00+08:00"
    desk.later(hours=24)
    newer = {**FIGURES, "vintage": "2026-11-01", "facts": {"staff": 350}}
    assert desk.post(HANDLER, f"/subjects/{CODE}/observations", newer).status_code == 201
    renamed = put(
        desk,
        LIAISON,
        f"/subjects/{CODE}/name",
        {"title": "示例新名有限公司", "since": "2026-11-01"},
        "rename",
    )
    assert renamed.status_code == 200, renamed.text

    now = desk.get(LIAISON, f"/subjects/{CODE}").json()
    then = desk.get(LIAISON, f"/subjects/{CODE}", as_of=before).json()
    staff = {key: fact for key, fact in ((f["fact"], f) for f in now["facts"]) if key == "staff"}["staff"]
    assert (staff["value"], staff["words"], staff["verified"]) == (350, "350 人", False)
    assert {f["fact"]: f["value"] for f in then["facts"]}["staff"] == 320
    assert {f["fact"]: f["words"] for f in now["facts"]}["revenue"] == "1,234,567.89 万元"
    assert {f["fact"]: f["year"] for f in now["facts"]} == {"revenue": 2025, "staff": 2025, "contact": 0}
    assert [(n["value"]["title"], n["until"]) for n in now["names"]] == [
        ("示例新名有限公司", None),
        (f"示例{CODE[-4:]}有限公司", "2026-10-31"),
    ]
    assert [r["value"] for r in now["regions"]] == [{"id": "340104", "title": "蜀山区"}]
    assert listed(desk, LIAISON, text="新名") == [CODE]


def test_whoever_only_reads_sees_personal_values_masked(desk: Office) -> None:
    register(desk)
    facts = {"contact": "示例联系人", "phone": "13800001234"}
    desk.post(LIAISON, f"/subjects/{CODE}/observations", {**FIGURES, "year": 0, "facts": facts})

    def seen(person: str) -> dict[str, Any]:
        return {f["fact"]: f["value"] for f in desk.get(person, f"/subjects/{CODE}").json()["facts"]}

    assert seen(LIAISON) == seen(HANDLER) == facts
    assert seen("p-3401-team-1") == {"contact": "示**", "phone": "138****1234"}
    assert "13800001234" not in desk.get("p-34-auditor-1", f"/subjects/{CODE}").text
    assert "13800001234" not in desk.get(LIAISON, "/subjects").text


def test_a_subject_that_moved_is_kept_by_the_other_county(desk: Office) -> None:
    register(desk)
    moved = put(
        desk, LIAISON, f"/subjects/{CODE}/region", {"region": "340103", "since": "2026-11-20"}, "move"
    )
    assert moved.status_code == 200
    assert (listed(desk, LIAISON), listed(desk, "p-340103-liaison-1")) == ([], [CODE])
    again = put(
        desk, LIAISON, f"/subjects/{CODE}/region", {"region": "340103", "since": "2026-11-20"}, "move-again"
    )
    assert again.status_code == 404
    repeated = put(
        desk, LIAISON, f"/subjects/{CODE}/region", {"region": "340103", "since": "2026-11-20"}, "move"
    )
    assert (repeated.status_code, repeated.json()) == (200, moved.json())
    other = put(desk, LIAISON, f"/subjects/{FOREIGN}/name", {"title": "示例", "since": "2026-11-20"}, "move")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"revenue": 1.5}, "facts"),
        ({"unheard": 1}, "unheard"),
        ({"staff": "七"}, "职工总数"),
        ({}, "facts"),
        ({"contact": "甲\u0000"}, "联系人"),
    ],
)
def test_figures_that_do_not_fit_are_refused_by_name_and_leave_nothing(
    desk: Office, facts: dict[str, Any], said: str
) -> None:
    register(desk)
    before = desk.rows("observation", "receipt")
    answer = desk.post(LIAISON, f"/subjects/{CODE}/observations", {**FIGURES, "facts": facts})
    assert answer.status_code == 422
    assert any(said in str(blocker) for blocker in answer.json()["blockers"])
    assert desk.rows("observation", "receipt") == before


def test_the_cases_of_a_subject_are_shown_within_reach_and_visits_are_counted_over_all_tiers(
    desk: Office,
) -> None:
    register(desk)
    register(desk, "p-340103-liaison-1", SECOND, "340103")
    own = desk.open(subject=CODE)
    city = desk.open("p-3401-liaison-1", "3401", subject=CODE)
    desk.open("p-3401-liaison-1", "3401", subject=SECOND)
    assert [c["id"] for c in desk.get(LIAISON, f"/subjects/{CODE}").json()["cases"]] == [own]
    seen = desk.get("p-3401-liaison-1", f"/subjects/{CODE}").json()
    assert {c["id"] for c in seen["cases"]} == {own, city}
    assert (seen["contacts"]["number"], seen["contacts"]["warning"], seen["contacts"]["days"]) == (0, "", 30)


def visited(office: Office, person: str, region: str) -> None:
    """A visit to the subject, from opening to its end a week later."""
    body = {"workflow": "visit", "region": region, "subject": CODE, "data": {"kind": "other"}}
    case = office.post(person, "/cases", body).json()["case"]
    day = office.container.now() + timedelta(days=7)
    office.took(person, case, "schedule", visit_on=f"{day:%Y-%m-%d}")
    office.took(person, case, "notify", notice="电话告知（示例）")
    office.clock.move_to(day)
    arrival = "check_in" if "-team-" in person else "check_in_local"
    office.took(person, case, arrival, place="示例园区", visitors=["示例走访人"])
    office.took(person, case, "finish", method="onsite", cost=0, declared=True)


def test_a_third_visit_by_whichever_tier_is_warned_of_and_forgotten_after_thirty_days(desk: Office) -> None:
    register(desk)
    visited(desk, LIAISON, "340104")
    visited(desk, "p-3401-liaison-1", "3401")
    assert desk.get(LIAISON, f"/subjects/{CODE}").json()["contacts"]["warning"] == ""
    visited(desk, "p-3401-team-1", "3401")
    contacts = desk.get(LIAISON, f"/subjects/{CODE}").json()["contacts"]
    assert contacts["number"] == 3
    assert "无事不扰" in contacts["warning"]
    assert {visit["region"]["id"] for visit in contacts["visits"]} == {"340104", "3401"}
    desk.clock.move_to(MORNING + timedelta(days=21 + 31))
    assert desk.get(LIAISON, f"/subjects/{CODE}").json()["contacts"]["number"] == 0
