"""Who sees what: the permission matrix generated over roles and regions, and probes for leaks at every address that reads.

The expected table is written from the organisation's numbering and the rule of design §10, not from `engine/access.py`:
a post in a region sees that region and all under it; a post in a unit sees what that unit holds or held; a contact sees
the cases of their own subject.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.office import ISSUE, Office, an_office

HOME = "340104"
RELATIONS = {  # region of the caller relative to the case's
    "the same county": HOME,
    "another county of the city": "340103",
    "its city": "3401",
    "another city": "3402",
    "a county of another city": "340202",
    "its province": "34",
}
REGION_ROLES = ("liaison", "coordinator", "leader", "supervisor", "reviewer", "caller")
ABOVE_OR_SAME = {"the same county", "its city", "its province"}


@dataclass(frozen=True)
class Scene:
    office: Office
    case: str  # in HOME, held by its tax office, with its finance office in a lane


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with an_office(Path(tmp_path_factory.mktemp("access"))) as office:
        proof = office.upload("p-340104-liaison-1")
        case = office.dispatched(HOME, co_units=(f"u-{HOME}-finance",))
        office.post(f"p-{HOME}-liaison-1", f"/cases/{case}/comments", {"text": "附件", "files": [proof]})
        yield Scene(office, case)


def people() -> Iterator[tuple[str, bool]]:
    """(person, whether they may read the case)."""
    for relation, region in RELATIONS.items():
        for role in REGION_ROLES:
            yield f"p-{region}-{role}-1", relation in ABOVE_OR_SAME
        for unit in ("tax", "finance", "labour"):
            holds = region == HOME and unit in ("tax", "finance")
            yield f"p-{region}-{unit}-department-1", holds
            yield f"p-{region}-{unit}-head-1", holds
    yield "p-34-administrator-1", True
    yield "p-34-auditor-1", True
    yield "p-client-sample-1", True


MATRIX = list(people())


def reads(office: Office, person: str, case: str) -> dict[str, int]:
    """The status of every address that reads one case."""
    comment = office.get("p-340104-liaison-1", f"/cases/{case}/history").json()["events"]
    digest = next(file for event in comment for file in event["files"])
    paths = (
        "",
        "/history",
        "/explain/answer",
        f"/files/{digest}",
        "?at=2026-12-01T09:00:00%2B08:00",
        "/history?raw=true",
    )
    headers = office.headers(person)
    return {p: office.client.get(f"/api/v1/cases/{case}{p}", headers=headers).status_code for p in paths}


@pytest.mark.parametrize(("person", "may_read"), MATRIX, ids=[person for person, _ in MATRIX])
def test_a_case_is_there_for_those_within_reach_and_nowhere_for_others(
    scene: Scene, person: str, may_read: bool
) -> None:
    office, case = scene.office, scene.case
    assert set(reads(office, person, case).values()) == {200 if may_read else 404}
    listed = [c["id"] for c in office.get(person, "/cases").json()["cases"]]
    found = [c["id"] for c in office.get(person, "/cases", text=case).json()["cases"]]
    by_region = [c["id"] for c in office.get(person, "/cases", region=HOME).json()["cases"]]
    counts = office.get(person, "/cases/counts").json()
    expected = [case] if may_read else []
    assert listed == found == by_region == expected
    assert (counts["total"], sum(s["count"] for s in counts["states"])) == (len(expected), len(expected))
    assert office.get(person, "/status").json()["open_cases"] == len(expected)
    assert (case in office.get(person, "/inbox", all="true").text) <= may_read


WRITES = (
    ("/steps/sign", {"data": {}}),
    (f"/lanes/u-{HOME}-finance/steps/sign", {"data": {}}),
    ("/lanes", {"lane": f"u-{HOME}-labour"}),
    (f"/lanes/u-{HOME}-finance/withdraw", {}),
    ("/comments", {"text": "看得到吗"}),
    ("/assign", {"person": "p-340104-liaison-1"}),
    ("/extensions", {"clock": "answer", "reason": "待检测"}),
    ("/extensions/answer", {"clock": "answer", "approve": True}),
)


@pytest.mark.parametrize("person", [person for person, may_read in MATRIX if not may_read])
def test_outside_of_reach_every_command_looks_like_one_for_a_case_that_does_not_exist(
    scene: Scene, person: str
) -> None:
    office, case = scene.office, scene.case
    before = office.rows()
    for path, body in WRITES:
        real = office.post(person, f"/cases/{case}{path}", body)
        absent = office.post(person, f"/cases/202699999997{path}", body)
        assert (real.status_code, absent.status_code) == (404, 404)
        assert _told(real.json(), case) == _told(absent.json(), "202699999997")
    batch = office.post(
        person, "/commands:batch", {"commands": [{"do": "comment", "case": case, "text": "好"}]}
    )
    assert batch.json()["results"][0]["problem"]["code"] == "unknown_case"
    assert office.rows() == before


def _told(problem: dict, case: str) -> dict:
    """The problem without what differs between any two requests."""
    return {k: str(v).replace(case, "N") for k, v in problem.items() if k != "request_id"}


STEPS = {  # who may sign for the tax office, who for the finance office in its lane
    "sign": {f"p-{HOME}-tax-department-1"},
    "lane": {f"p-{HOME}-finance-department-1"},
}


@pytest.mark.parametrize("person", [person for person, may_read in MATRIX if may_read])
def test_reading_is_not_acting_a_step_is_open_to_those_alone_whose_it_is(scene: Scene, person: str) -> None:
    steps = scene.office.get(person, f"/cases/{scene.case}").json()["steps"]
    sign = next(s for s in steps if s["step"] == "sign" and not s["lane"])
    lane = next(s for s in steps if s["step"] == "sign" and s["lane"])
    assert (sign["is_open"], lane["is_open"]) == (person in STEPS["sign"], person in STEPS["lane"])
    if not sign["is_open"]:
        refused = scene.office.step(person, scene.case, "sign")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_merging_into_a_case_out_of_reach_tells_nothing_about_it(scene: Scene) -> None:
    office = scene.office
    foreign = office.open("p-340202-liaison-1", "340202")
    own = office.open()

    def answer(target: str) -> tuple[int, str]:
        body = {"data": {"merged_into": target, "merge_reason": "重复（示例）"}}
        refused = office.post("p-340104-liaison-1", f"/cases/{own}/steps/merge", body)
        return refused.status_code, refused.text.replace(target, "N").replace(
            refused.json()["request_id"], ""
        )

    assert answer(foreign) == answer("202699999997")
    assert answer(foreign)[0] == 422


def test_a_contact_opens_and_sees_the_cases_of_their_own_subject_only(scene: Scene) -> None:
    office, client = scene.office, "p-client-sample-1"
    opening = {"workflow": "issue", "region": "340111", "data": ISSUE}
    assert office.post(client, "/cases", {**opening, "subject": "sample-1"}).status_code == 201
    other = office.post(client, "/cases", {**opening, "subject": "sample-2"})
    assert (other.status_code, other.json()["blockers"][0]["code"]) == (403, "other_subject")


def test_a_unit_that_once_took_part_still_reads_the_case(scene: Scene) -> None:
    office = scene.office
    case = office.dispatched(HOME, co_units=(f"u-{HOME}-labour",))
    office.post(f"p-{HOME}-liaison-1", f"/cases/{case}/lanes/u-{HOME}-labour/withdraw", {"reason": "不必"})
    assert office.get(f"p-{HOME}-labour-department-1", f"/cases/{case}").status_code == 200


def test_notices_of_others_are_not_shown(scene: Scene) -> None:
    assert scene.office.get("p-340103-liaison-1", "/notices").json() == {"notices": []}
