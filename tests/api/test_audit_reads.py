"""Who looked at a case is told before they see it; and erasing leaves every proof valid and is itself told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.db.history import history
from engine import canonical, tree
from engine.access import Actor
from engine.audit.journal import JOURNAL, EntryType
from engine.case import CaseId
from engine.loading import load
from engine.replay import replay
from tests.support.auditors import AUDITOR, COUNTY, COUNTY_AUDITOR, ELSEWHERE, LIAISON, with_county_auditor
from tests.support.evidence import leaves_of, plain_leaf, plain_root
from tests.support.office import ISSUE, Office, an_office
from workflows import shipped

PHONE = "055188888888"
ADMIN = "p-34-administrator-1"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as made:
        with_county_auditor(made)
        yield made


@pytest.fixture
def case(office: Office) -> str:
    return office.open(data={**ISSUE, "contact_phone": PHONE, "contact_name": "示例联系人"})


def told(office: Office, case: str, who: str = AUDITOR) -> list[tuple[str, str, bool]]:
    answer = office.get(who, f"/audit/cases/{case}/reads")
    assert answer.status_code == 200, answer.text
    return [(each["by"]["id"], each["what"], each["is_certain"]) for each in answer.json()["reads"]]


def test_who_is_shown_personal_values_stands_in_the_journal_once_a_day(office: Office, case: str) -> None:
    assert told(office, case) == []
    for _ in range(3):
        assert PHONE in office.get(LIAISON, f"/cases/{case}").text
    assert PHONE not in office.get("p-340104-supervisor-1", f"/cases/{case}").text
    assert told(office, case) == [(LIAISON, "personal", True)]
    (entry,) = office.container.journal.entries(EntryType.CASES_READ)
    assert entry["data"]["scope"] == {"case": case, "fields": ["contact_name", "contact_phone"]}
    assert PHONE not in str(entry)

    office.later(days=1)
    office.get(LIAISON, f"/cases/{case}")
    assert told(office, case) == [(LIAISON, "personal", True)] * 2


def test_a_case_without_personal_values_leaves_no_trace_of_its_readers(office: Office) -> None:
    plain = office.open()
    office.get(LIAISON, f"/cases/{plain}")
    assert told(office, plain) == []


def test_a_report_on_a_region_may_hold_each_case_of_it_and_none_of_another(office: Office, case: str) -> None:
    there = office.open(f"p-{ELSEWHERE}-liaison-1", ELSEWHERE)
    body = {"period": "2026-12", "region": COUNTY, "reason": "工作调度（示例）", "form": "xlsx"}
    assert office.post(LIAISON, "/reports/worklog", body).status_code == 200
    assert told(office, case) == [(LIAISON, "report", False)]
    assert told(office, there) == []


def test_the_reads_of_a_case_are_open_to_auditors_of_its_region_only(office: Office, case: str) -> None:
    there = office.open(f"p-{ELSEWHERE}-liaison-1", ELSEWHERE)
    statuses = {
        who: [office.get(who, f"/audit/cases/{each}/reads").status_code for each in (case, there)]
        for who in (AUDITOR, COUNTY_AUDITOR, LIAISON)
    }
    assert statuses == {AUDITOR: [200, 200], COUNTY_AUDITOR: [200, 404], LIAISON: [403, 403]}


def test_a_county_sees_that_the_province_read_its_case_but_not_of_what_else_nor_why(
    office: Office, case: str
) -> None:
    office.open(f"p-{ELSEWHERE}-liaison-1", ELSEWHERE)
    body = {"region": "34", "purpose": "全省专项（示例）"}
    assert office.post(AUDITOR, "/audit/bundles", body).status_code == 200
    own = {"region": COUNTY, "purpose": "本县自查（示例）"}
    assert office.post(COUNTY_AUDITOR, "/audit/bundles", own).status_code == 200
    path = f"/audit/cases/{case}/reads"
    wide, narrow = office.get(COUNTY_AUDITOR, path).json()["reads"]
    assert (wide["by"]["id"], wide["what"], wide["is_wider"]) == (AUDITOR, "bundle", True)
    assert (wide["scope"], wide["cases"], wide["purpose"], wide["digest"]) == ({}, 0, "", "")
    assert (narrow["is_wider"], narrow["cases"], narrow["purpose"]) == (False, 1, "本县自查（示例）")
    first = office.get(AUDITOR, path).json()["reads"][0]
    assert (first["is_wider"], first["cases"], first["purpose"]) == (False, 2, "全省专项（示例）")


def test_an_export_of_the_whole_log_is_a_read_of_each_case(office: Office, case: str) -> None:
    office.container.reads.told(
        "bundle", {"kind": "whole"}, actor=Actor(id=ADMIN), at=office.clock(), cases=9, purpose="示例"
    )
    assert told(office, case) == [(ADMIN, "bundle", False)]
    (seen,) = office.get(AUDITOR, f"/audit/cases/{case}/reads").json()["reads"]
    assert (seen["is_wider"], seen["cases"], seen["purpose"]) == (True, 0, "")


def erased(office: Office, case: str, who: str = ADMIN) -> int:
    answer = office.post(who, f"/audit/cases/{case}/erasures", {"reason": "当事人要求（示例）"})
    assert answer.status_code == 200, answer.text
    count: int = answer.json()["erased"]
    return count


def test_erasing_leaves_chain_tree_and_replay_as_they_were_and_is_told(office: Office, case: str) -> None:
    container = office.container
    container.integrator.catch_up(container.now())
    before, size = history(container.database, CaseId(case)), container.tiles.size()
    root = container.tiles.root(size)

    assert erased(office, case) == 2

    after = history(container.database, CaseId(case))
    assert after == before
    assert canonical.verify_chain(container.settings.log, case, after) == []
    assert replay(after, container.definitions.digest, container.calendars.digest).divergences == ()
    container.integrator.catch_up(container.now())
    size_now = container.tiles.size()
    proof = container.proofs.consistency(size, size_now)
    assert tree.is_consistent(size, root, size_now, container.tiles.root(size_now), proof)
    assert root == plain_root([plain_leaf(row["data"]) for row in leaves_of(container.database)[:size]])

    (entry,) = container.journal.entries(EntryType.VALUES_ERASED)
    commitments = {
        v["sealed"] for v in canonical.decode(before[0])["asked"]["data"].values() if isinstance(v, dict)
    }
    assert set(entry["data"]["commitments"]) == commitments
    assert (entry["data"]["case"], entry["data"]["reason"]) == (case, "当事人要求（示例）")
    assert entry["actor"]["id"] == ADMIN
    assert canonical.verify_chain(container.settings.log, JOURNAL, history(container.database, JOURNAL)) == []
    assert (ADMIN, "erased", True) in told(office, case)


def test_erasing_again_erases_nothing_and_tells_nothing(office: Office, case: str) -> None:
    assert (erased(office, case), erased(office, case)) == (2, 0)
    assert len(office.container.journal.entries(EntryType.VALUES_ERASED)) == 1


def test_only_an_administrator_erases_and_only_with_a_reason(office: Office, case: str) -> None:
    path = f"/audit/cases/{case}/erasures"
    assert office.post(LIAISON, path, {"reason": "示例"}).status_code == 403
    assert office.post(AUDITOR, path, {"reason": "示例"}).status_code == 403
    assert [office.post(ADMIN, path, body).status_code for body in ({}, {"reason": ""}, {"reason": " "})] == [
        422
    ] * 3
    assert PHONE in office.get(LIAISON, f"/cases/{case}").text


def test_after_erasing_no_byte_of_the_value_is_left_in_the_files_of_the_database(
    office: Office, case: str, tmp_path: Path
) -> None:
    files = [path for path in tmp_path.glob("bihuan.db*") if path.is_file()]
    assert any(PHONE.encode() in path.read_bytes() for path in files)
    erased(office, case)
    assert [path.name for path in files if path.exists() and PHONE.encode() in path.read_bytes()] == []


def test_after_erasing_a_repeated_request_gets_its_first_answer(office: Office) -> None:
    body = {
        "workflow": "issue",
        "region": COUNTY,
        "subject": "sample-1",
        "data": {**ISSUE, "contact_phone": PHONE},
    }
    first = office.post(LIAISON, "/cases", body, key="same")
    erased(office, first.json()["case"])
    again = office.post(LIAISON, "/cases", body, key="same")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"


def test_personal_comments_are_shown_to_who_handles_the_case_and_that_is_told(office: Office) -> None:
    source = next(data for name, data in shipped() if name == "issue.yaml").decode()
    personal = source.replace("version: 1\n", "version: 2\n", 1)
    personal = personal.replace("administrators:", "personal: [comments, reasons]\nadministrators:", 1)
    office.container.definitions.publish(load(personal.encode(), name="issue.yaml"), office.clock())
    case = office.open()
    words = "当事人身体不便，请上门（示例）"
    assert office.post(LIAISON, f"/cases/{case}/comments", {"text": words}).status_code == 200

    assert f"留言：{words}" in office.get(LIAISON, f"/cases/{case}/history").text
    assert told(office, case) == [(LIAISON, "personal", True)]
    supervisor = office.get("p-340104-supervisor-1", f"/cases/{case}/history", raw="true").text
    assert words not in supervisor
    assert "留言：（个人信息，已隐去）" in supervisor
    assert erased(office, case) == 1
    assert "留言：（个人信息，已清除）" in office.get(LIAISON, f"/cases/{case}/history").text
