"""Imports over HTTP: upload, look, commit, undo; each for the regions that one answers for."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from engine.programme.loading import load_programme
from tests.corpus.dirt import HEAD, A, B, listed, row
from tests.support.office import MORNING, SUBJECT, Office, an_office
from workflows import programme

LIAISON, NEIGHBOUR, CITY, HANDLER = (
    "p-340104-liaison-1",
    "p-340111-liaison-1",
    "p-3401-coordinator-1",
    "p-340104-handler-1",
)
GOOD = listed(row())
MIXED = listed(row(), row(B, "示例乙公司", ("合肥市", "包河区")))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as made:
        name, data = programme()
        made.container.programmes.publish(load_programme(data, name=name), MORNING)
        yield made


def uploaded(office: Office, data: bytes, person: str = LIAISON) -> str:
    answer = office.client.post("/api/v1/files?name=list.xlsx", headers=office.headers(person), content=data)
    assert answer.status_code == 201
    digest: str = answer.json()["digest"]
    return digest


def tried(office: Office, data: bytes, person: str = LIAISON, **more: Any) -> Any:
    return office.post(person, "/imports", {"digest": uploaded(office, data, person), **more})


def known(office: Office, person: str = LIAISON) -> list[str]:
    found = (subject["id"] for subject in office.get(person, "/subjects").json()["subjects"])
    return [each for each in found if each != SUBJECT]  # of the contact that every office has


def test_a_list_is_looked_at_then_imported_once_then_undone(desk: Office) -> None:
    looked = tried(desk, GOOD).json()
    assert looked["counts"] == {
        "new": 1,
        "updated": 0,
        "unchanged": 0,
        "to_confirm": 0,
        "conflict": 0,
        "error": 0,
    }
    assert (looked["committed_at"], known(desk)) == (None, [])

    for _ in range(2):
        done = desk.post(LIAISON, f"/imports/{looked['id']}/commit", {})
        assert (done.status_code, done.json()["id"]) == (200, looked["id"])
        assert done.json()["committed_at"]
    assert known(desk) == [A]

    for _ in range(2):
        undone = desk.post(LIAISON, f"/imports/{looked['id']}/undo", {})
        assert (undone.status_code, bool(undone.json()["undone_at"])) == (200, True)
    assert known(desk) == []


def test_rows_of_another_county_are_errors_and_come_back_in_the_workbook(desk: Office) -> None:
    looked = tried(desk, MIXED).json()
    assert [
        (r["row"], r["verdict"], r["reasons"][0]["code"], r["reasons"][0]["cell"]) for r in looked["rows"]
    ] == [(3, "error", "out_of_reach", "D3")]

    book = desk.get(LIAISON, f"/imports/{looked['id']}/errors")
    page = openpyxl.load_workbook(BytesIO(book.content)).active
    assert page is not None
    assert [line[0].value for line in page.iter_rows()] == ["行号", 3]
    desk.post(LIAISON, f"/imports/{looked['id']}/commit", {})
    assert known(desk, CITY) == [A]


def test_undoing_a_list_takes_whom_it_alone_brought_off_the_lists_and_ends_their_cases(desk: Office) -> None:
    idle = listed([*row(revenue=60_000), "是", "否"], head=(*HEAD, "2025年是否规上", "2025年是否有研发活动"))
    id = tried(desk, idle).json()["id"]
    writer = desk.container.writer()
    try:
        desk.post(LIAISON, f"/imports/{id}/commit", {})
        desk.container.lists.run_all(writer.submit)
        listed_on = {each["list"]["id"]: each["case"] for each in lists_of_a(desk)}
        assert set(listed_on) == {"no_activity", "service_objects"}
        assert [ended(desk, case) for case in listed_on.values()] == ["", ""]

        desk.post(LIAISON, f"/imports/{id}/undo", {})
        desk.container.lists.run_all(writer.submit)
    finally:
        writer.close()

    assert [bool(each["until"]) for each in lists_of_a(desk)] == [True, True]
    assert [ended(desk, case) for case in listed_on.values()] == ["final", "final"]


def lists_of_a(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.get(LIAISON, f"/subjects/{A}").json()["lists"]
    return found


def ended(office: Office, case: str) -> str:
    found: str = office.get(LIAISON, f"/cases/{case}").json()["ended"]
    return found


def test_what_was_found_is_kept_and_the_file_is_not_read_again_to_show_it(
    desk: Office, tmp_path: Path
) -> None:
    looked = tried(desk, MIXED).json()
    desk.post(CITY, "/subjects", {"id": A, "title": "示例甲公司", "region": "340104", "since": "2026-01-01"})
    shown = desk.get(LIAISON, f"/imports/{looked['id']}").json()
    assert (shown["counts"], shown["rows"]) == (looked["counts"], looked["rows"])
    assert [row["verdict"] for row in shown["rows"]] == ["error"]

    moved = desk.post(LIAISON, f"/imports/{looked['id']}/commit", {})
    assert (moved.status_code, moved.json()["code"]) == (409, "import_moved")
    for file in desk.container.settings.files.rglob(looked["digest"].removeprefix("sha256:") + "*"):
        file.unlink()
    assert desk.get(LIAISON, f"/imports/{looked['id']}").json() == shown
    assert desk.get(LIAISON, f"/imports/{looked['id']}/errors").status_code != 200


def test_a_neighbour_neither_sees_nor_commits_it_and_the_city_sees_it(desk: Office) -> None:
    id = tried(desk, GOOD).json()["id"]

    assert desk.get(NEIGHBOUR, f"/imports/{id}").json()["code"] == "unknown_batch"
    assert desk.post(NEIGHBOUR, f"/imports/{id}/commit", {}).status_code == 404
    assert [len(desk.get(person, "/imports").json()["imports"]) for person in (NEIGHBOUR, LIAISON, CITY)] == [
        0,
        1,
        1,
    ]


def test_the_rows_to_put_right_are_for_those_who_import(desk: Office) -> None:
    id = tried(desk, MIXED).json()["id"]
    assert desk.get("p-340104-leader-1", f"/imports/{id}").status_code == 200
    assert desk.get("p-340104-leader-1", f"/imports/{id}/errors").json()["code"] == "forbidden"


def test_whoever_is_neither_liaison_nor_coordinator_imports_nothing(desk: Office) -> None:
    assert tried(desk, GOOD, HANDLER).status_code == 403
    id = tried(desk, GOOD).json()["id"]
    assert desk.post(HANDLER, f"/imports/{id}/commit", {}).status_code in (403, 404)


def test_a_liaison_does_not_import_for_the_whole_city(desk: Office) -> None:
    assert tried(desk, GOOD, region="3401").status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"digest": "sha256:" + "0" * 64}, 404),
        ({"digest": "x"}, 422),
        ({}, 422),
        ({"digest": "sha256:" + "0" * 64, "unheard": 1}, 422),
    ],
)
def test_what_cannot_be_imported_is_refused(desk: Office, body: dict[str, Any], status: int) -> None:
    assert desk.post(LIAISON, "/imports", body).status_code == status


def test_a_file_that_is_no_list_is_refused_with_a_code(desk: Office) -> None:
    answer = tried(desk, listed([1, 2], head=("甲", "乙")))
    assert (answer.status_code, answer.json()["code"]) == (422, "no_table")
