"""Histories over HTTP: the same way as lists, for the office that holds the work orders, and nobody's telephone is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from engine.case import CaseId
from tests.corpus.dirt import sheet
from tests.support.office import Office, an_office

LIAISON, NEIGHBOUR, CITY, HANDLER = (
    "p-340104-liaison-1",
    "p-340111-liaison-1",
    "p-3401-coordinator-1",
    "p-340104-handler-1",
)
HEAD = ("工单编号", "工单状态", "标题", "被反映区", "来电时间", "来电人", "来电人电话/账号")
PHONE = "0551-00000000"


def order(number: str, county: str = "蜀山区", state: str = "待受理") -> list[str]:
    return [number, state, "示例：高企认定材料咨询", county, "2026-11-26 09:30", "示例来电人", PHONE]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as made:
        yield made


def tried(office: Office, *orders: Sequence[str], person: str = LIAISON, **more: Any) -> Any:
    answer = office.client.post(
        "/api/v1/files?name=orders.xlsx", headers=office.headers(person), content=sheet(HEAD, *orders)
    )
    body = {"kind": "history", "digest": answer.json()["digest"], **more}
    return office.post(person, "/imports", body)


def cases(office: Office, person: str = LIAISON) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.get(person, "/cases").json()["cases"]
    return found


def test_work_orders_are_looked_at_then_taken_over_once(desk: Office) -> None:
    looked = tried(desk, order("示例-001"), order("示例-002", state="没听说过")).json()
    assert (looked["kind"], looked["counts"]["new"], looked["counts"]["error"]) == ("history", 1, 1)
    assert [(r["row"], r["verdict"], r["reasons"][0]["cell"]) for r in looked["rows"]] == [(3, "error", "B3")]
    assert cases(desk) == []

    for _ in range(2):
        done = desk.post(LIAISON, f"/imports/{looked['id']}/commit", {})
        assert (done.status_code, done.json()["id"]) == (200, looked["id"])
        assert done.json()["committed_at"]
    (case,) = cases(desk)
    history = desk.get(LIAISON, f"/cases/{case['id']}/history").json()
    assert "示例联络员" in str(history["events"][0])

    again = tried(desk, order("示例-001")).json()
    assert again["counts"]["unchanged"] == 1
    assert desk.post(LIAISON, f"/imports/{again['id']}/commit", {}).json()["committed_at"] is None
    assert len(cases(desk)) == 1


def test_the_same_key_answers_the_same_and_a_history_is_not_undone(desk: Office) -> None:
    id = tried(desk, order("示例-001")).json()["id"]
    answers = [desk.post(LIAISON, f"/imports/{id}/commit", {}, key="once").json() for _ in range(2)]
    assert answers[0] == answers[1]
    other = tried(desk, order("示例-002")).json()["id"]
    assert desk.post(LIAISON, f"/imports/{other}/commit", {}, key="once").json()["code"] == "key_reused"
    assert len(cases(desk)) == 1
    assert desk.post(LIAISON, f"/imports/{id}/undo", {}).json()["code"] == "not_undoable"


def test_rows_of_another_county_are_errors_and_come_back_without_personal_columns(desk: Office) -> None:
    looked = tried(desk, order("示例-001"), order("示例-002", "包河区")).json()
    assert [(r["row"], r["reasons"][0]["code"], r["reasons"][0]["cell"]) for r in looked["rows"]] == [
        (3, "out_of_reach", "D3")
    ]
    book = desk.get(LIAISON, f"/imports/{looked['id']}/errors")
    page = openpyxl.load_workbook(BytesIO(book.content)).active
    assert page is not None
    (line,) = list(page.iter_rows(min_row=2, values_only=True))
    assert line[4:] == (
        "示例-002",
        "待受理",
        "示例：高企认定材料咨询",
        "包河区",
        "2026-11-26 09:30",
        None,
        None,
    )


def test_nobodys_telephone_is_in_an_answer_the_log_or_the_history(
    desk: Office, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    looked = tried(desk, order("示例-001"), order("示例-002", "包河区"), order("", "蜀山区"))
    done = desk.post(LIAISON, f"/imports/{looked.json()['id']}/commit", {})
    found = desk.get(LIAISON, f"/imports/{looked.json()['id']}")
    (case,) = cases(desk)
    events = b"".join(desk.container.store.history(CaseId(case["id"]))).decode()

    said = looked.text + done.text + found.text + events + caplog.text + "".join(capfd.readouterr())
    assert PHONE not in said
    assert "示例来电人" not in said


def test_only_liaisons_and_coordinators_of_the_region_import_and_see_it(desk: Office) -> None:
    assert tried(desk, order("示例-001"), person=HANDLER).status_code == 403
    assert tried(desk, order("示例-001"), region="3401").status_code == 403
    id = tried(desk, order("示例-001")).json()["id"]
    assert desk.get(NEIGHBOUR, f"/imports/{id}").json()["code"] == "unknown_batch"
    assert desk.post(NEIGHBOUR, f"/imports/{id}/commit", {}).status_code == 404
    assert desk.post(CITY, f"/imports/{id}/commit", {}).status_code == 200


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"mapping": "workflow: ["}, "bad_mapping"),
        ({"workflow": "unheard"}, "unknown_workflow"),
        ({"kind": "unheard"}, "invalid_request"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(desk: Office, more: dict[str, Any], code: str) -> None:
    answer = tried(desk, order("示例-001"), **more)
    assert answer.json()["code"] == code
    assert answer.status_code in (404, 422)


def test_a_dry_run_that_no_longer_holds_is_not_committed(desk: Office) -> None:
    first, second = (tried(desk, order("示例-001")).json()["id"] for _ in range(2))
    assert desk.post(LIAISON, f"/imports/{first}/commit", {}).status_code == 200
    assert (
        first == second
        or desk.post(LIAISON, f"/imports/{second}/commit", {}).json()["code"] == "import_moved"
    )
