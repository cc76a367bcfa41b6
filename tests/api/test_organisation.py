"""The organisation over HTTP: the directory, changes by those who may, and the handover with open cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapters.organisation import sample_directory
from tests.support.office import MORNING, SUBJECT, Office, an_office

ADMINISTRATOR, LIAISON, CITY = "p-34-administrator-1", "p-340104-liaison-1", "p-3401-liaison-1"
JUDGES = ("leader", "supervisor", "reviewer", "caller")  # who judges, and to whom it escalates
HANDLER, COORDINATOR = "p-340104-tax-department-1", "p-340104-coordinator-1"
NEW = {"do": "add_person", "id": "p-340104-new-1", "title": "示例新人", "unit": "u-340104-tax"}


@pytest.fixture(scope="module")
def one_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with an_office(tmp_path_factory.mktemp("office")) as made:
        yield made


@pytest.fixture
def office(one_office: Office) -> Office:
    """The same application for all, each time with the organisation and the moment of the beginning."""
    one_office.clock.move_to(MORNING)
    one_office.container.directories.adopt(sample_directory([SUBJECT]), MORNING)
    return one_office


def change(office: Office, person: str, *changes: dict[str, Any], **more: Any) -> httpx.Response:
    key = more.pop("key", "")
    body = {"changes": list(changes), "reason": "示例调整", **more}
    return office.post(person, "/organisation/changes", body, key=key)


def give(person: str, role: str, region: str | None, **more: Any) -> dict[str, Any]:
    return {
        "do": "give_post",
        "person": person,
        "role": role,
        "region": region,
        "since": "2026-12-01",
        **more,
    }


def end(person: str, role: str, region: str) -> dict[str, Any]:
    return {"do": "end_post", "person": person, "role": role, "region": region, "last": "2026-11-30"}


def stand_in(person: str, absent: str) -> dict[str, Any]:
    return {
        "do": "stand_in",
        "person": person,
        "absent": absent,
        "since": "2026-12-01",
        "until": "2026-12-05",
    }


def digest(office: Office) -> str:
    found: str = office.get(ADMINISTRATOR, "/organisation/directory").json()["digest"]
    return found


def handover(office: Office, by: str = ADMINISTRATOR, key: str = "", **body: Any) -> httpx.Response:
    asked = {"first": "2026-12-01", "reason": "岗位调整（示例）", **body}
    return office.post(by, "/organisation/handover", asked, key=key)


def test_the_directory_shows_names_and_posts_to_every_tier_and_no_contacts_of_subjects(
    office: Office,
) -> None:
    for person in (LIAISON, "p-340202-handler-1", CITY, ADMINISTRATOR):
        found = office.get(person, "/organisation/directory", region="340104").json()
        units = {unit["unit"]["id"]: unit for unit in found["units"]}
        people = {p["person"]["id"]: p["posts"] for p in units["u-340104-science"]["people"]}
        assert people[LIAISON][0]["role"] == "liaison"
        assert people[LIAISON][0]["region"] == {"id": "340104", "title": "蜀山区"}
    below = office.get(LIAISON, "/organisation/directory", region="3401", below="true")
    assert len(below.json()["units"]) > 80
    assert "p-client-sample-1" not in office.get(LIAISON, "/organisation/directory", below="true").text
    assert office.get(LIAISON, "/organisation/directory", region="9").json()["code"] == "unknown_region"


@pytest.mark.parametrize("path", ["directory", "vacancies", "teams"])
def test_the_organisation_is_shown_to_officials_and_not_to_the_contact_of_a_subject(
    office: Office, path: str
) -> None:
    for person in (LIAISON, HANDLER, "p-34-auditor-1"):
        assert office.get(person, f"/organisation/{path}").status_code == 200
    refused = office.get("p-client-sample-1", f"/organisation/{path}")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert refused.json()["blockers"][0]["code"] == "officials_only"
    assert "示例" not in refused.text


@pytest.mark.parametrize(
    ("person", "asked", "status"),
    [
        (LIAISON, [NEW], 200),
        (LIAISON, [give(COORDINATOR, "handler", None, unit="u-340104-tax")], 200),
        *((LIAISON, [give(COORDINATOR, role, "340104")], 403) for role in JUDGES),
        *((CITY, [give(COORDINATOR, role, "340104")], 200) for role in JUDGES),
        *((LIAISON, [end(f"p-340104-{role}-1", role, "340104")], 403) for role in JUDGES),
        *((CITY, [end(f"p-340104-{role}-1", role, "340104")], 200) for role in JUDGES),
        (CITY, [end("p-3401-leader-1", "leader", "3401")], 403),
        ("p-34-liaison-1", [end("p-3401-leader-1", "leader", "3401")], 200),
        ("p-34-liaison-1", [end("p-34-leader-1", "leader", "34")], 403),
        (ADMINISTRATOR, [end("p-34-leader-1", "leader", "34")], 200),
        (LIAISON, [stand_in(COORDINATOR, "p-340104-leader-1")], 403),
        (CITY, [stand_in(COORDINATOR, "p-340104-leader-1")], 200),
        (ADMINISTRATOR, [give(COORDINATOR, "assessor", "34")], 200),
        (
            ADMINISTRATOR,
            [{"do": "add_unit", "id": "u-340104-new", "title": "示例新局", "region": "340104"}],
            200,
        ),
        (LIAISON, [{"do": "add_unit", "id": "u-340104-new", "title": "示例新局", "region": "340104"}], 403),
        (LIAISON, [give(COORDINATOR, "administrator", "340104")], 403),
        (LIAISON, [give(COORDINATOR, "reviewer", "340103")], 403),
        (LIAISON, [give(LIAISON, "leader", "3401")], 403),
        (LIAISON, [give(LIAISON, "leader", "340104")], 403),
        (
            LIAISON,
            [stand_in(LIAISON, "p-340104-leader-1")],
            403,
        ),
        (LIAISON, [NEW, give(LIAISON, "leader", "34")], 403),
        (LIAISON, [{"do": "move_person", "person": LIAISON, "unit": "u-3401-science"}], 403),
        (COORDINATOR, [NEW], 403),
        ("p-34-auditor-1", [NEW], 403),
        ("p-client-sample-1", [NEW], 403),
    ],
)
def test_an_administrator_changes_everything_a_liaison_the_posts_of_the_own_region(
    office: Office, person: str, asked: list[dict[str, Any]], status: int
) -> None:
    before = digest(office)
    answer = change(office, person, *asked)
    assert answer.status_code == status, answer.text
    assert (digest(office) == before) is (status != 200)


def test_changes_take_effect_together_or_not_at_all(office: Office) -> None:
    before = digest(office)
    refused = change(office, ADMINISTRATOR, NEW, give("nobody", "leader", "34"))
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_member")
    assert digest(office) == before
    malformed = change(
        office, ADMINISTRATOR, {"do": "give_post", "person": LIAISON, "role": "x", "since": "2026-12-01"}
    )
    assert malformed.json()["code"] == "malformed_directory"


def test_a_change_decided_on_an_older_organisation_is_refused_and_one_key_changes_once(
    office: Office,
) -> None:
    before = digest(office)
    first, again = (change(office, LIAISON, NEW, expected=before, key="changes-once") for _ in range(2))
    assert first.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["before"], first.json()["digest"]) == (before, digest(office))
    late = change(office, LIAISON, give("p-340104-new-1", "coordinator", "340104"), expected=before)
    assert (late.status_code, late.json()["code"]) == (412, "stale_directory")
    clash = change(office, LIAISON, NEW)
    assert (clash.status_code, clash.json()["code"]) == (409, "organisation_clash")


def test_a_new_post_lets_its_holder_act_at_once(office: Office) -> None:
    change(office, LIAISON, NEW, give("p-340104-new-1", "liaison", "340104"))
    assert office.get("p-340104-new-1", "/me").json()["roles"] == ["liaison"]


def assigned(office: Office) -> str:
    """An issue that lies with the tax office and was given to its handler by name."""
    case = office.dispatched()
    office.took(HANDLER, case, "sign")
    answer = office.post(HANDLER, f"/cases/{case}/assign", {"person": HANDLER, "reason": "本人办理"})
    assert answer.status_code == 200, answer.text
    return case


def holder(office: Office, case: str) -> str:
    found: str = office.get(CITY, f"/cases/{case}").json()["holder"]["person"]["id"]
    return found


def test_a_handover_passes_on_the_posts_and_the_open_cases(office: Office) -> None:
    change(office, ADMINISTRATOR, NEW)
    cases = sorted(assigned(office) for _ in range(3))
    answers = [
        handover(office, key="hand-over", person=HANDLER, successor="p-340104-new-1") for _ in range(2)
    ]
    assert answers[0].status_code == 200, answers[0].text
    assert answers[0].json() == answers[1].json()
    found = answers[0].json()
    assert (sorted(held["case"] for held in found["handed"]), found["remaining"]) == (cases, [])
    assert {holder(office, case) for case in cases} == {"p-340104-new-1"}
    assert office.get(HANDLER, "/me").json()["roles"] == []
    assert set(office.get("p-340104-new-1", "/me").json()["roles"]) == {"department", "handler"}
    told = office.get(ADMINISTRATOR, f"/cases/{cases[0]}/history").json()["events"][-1]
    assert told["actor"]["id"] == "handover"
    assert ADMINISTRATOR in told["reason"]


def test_cases_that_the_successor_may_not_hold_yet_remain_and_are_told(office: Office) -> None:
    change(office, ADMINISTRATOR, NEW)
    case = assigned(office)
    early = handover(office, person=HANDLER, successor="p-340104-new-1", first="2026-12-10").json()
    assert (early["handed"], [held["case"] for held in early["remaining"]]) == ([], [case])
    assert early["remaining"][0]["code"] == "blocked"
    office.later(days=9)
    later = handover(office, person=HANDLER, successor="p-340104-new-1", first="2026-12-10").json()
    assert [held["case"] for held in later["handed"]] == [case]
    assert later["before"] == later["digest"]


@pytest.mark.parametrize(
    ("person", "status"),
    [
        (ADMINISTRATOR, 200),
        (LIAISON, 200),
        ("p-340103-liaison-1", 403),
        (HANDLER, 403),
        ("p-client-sample-1", 403),
    ],
)
def test_who_may_not_change_the_posts_hands_nothing_over_even_when_only_cases_are_left(
    office: Office, person: str, status: int
) -> None:
    change(office, ADMINISTRATOR, NEW)
    case = assigned(office)
    ending = {"person": HANDLER, "unit": "u-340104-tax", "last": "2026-11-30", "do": "end_post"}
    change(office, ADMINISTRATOR, {**ending, "role": "department"}, {**ending, "role": "handler"})
    answer = handover(office, person, person=HANDLER, successor="p-340104-new-1")
    assert answer.status_code == status
    assert holder(office, case) == HANDLER


@pytest.mark.parametrize(("by", "status"), [(LIAISON, 403), (CITY, 200)])
def test_the_posts_of_a_leader_are_handed_over_by_a_level_above(office: Office, by: str, status: int) -> None:
    leader = "p-340104-leader-1"
    answer = handover(office, by, person=leader, successor=COORDINATOR)
    assert answer.status_code == status, answer.text
    assert ("leader" in office.get(COORDINATOR, "/me").json()["roles"]) is (status == 200)


def test_a_vacancy_is_told_with_its_day_and_its_light(office: Office) -> None:
    filled = office.get(LIAISON, "/organisation/vacancies", region="340104").json()
    assert (filled["seats"], filled["vacant"], filled["red"]) == (2, 0, 0)
    ending = {**end(LIAISON, "liaison", "340104"), "last": "2026-11-24"}
    assert change(office, ADMINISTRATOR, ending).status_code == 200
    found = office.get(CITY, "/organisation/vacancies", vacant="true").json()
    assert [
        (s["region"]["id"], s["role"], s["vacant_since"], s["light"]["word"]) for s in found["lines"]
    ] == [("340104", "liaison", "2026-11-25", "红")]
    assert (found["vacant"], found["red"]) == (1, 1)


def test_teams_are_shown_and_key_subjects_are_counted_within_reach_only(office: Office) -> None:
    teams = office.get(CITY, "/organisation/teams").json()
    assert len(teams["pairs"]) == 16
    counted = [pair["city"]["id"] for pair in teams["pairs"] if pair["key_subjects"] is not None]
    assert counted == ["3401"]
    assert teams["serving"] == 32
    assert "p-34-liaison-1" in {person["id"] for person in teams["not_serving"]}
