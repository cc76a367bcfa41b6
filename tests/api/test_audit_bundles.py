"""Evidence bundles over HTTP: who may have them, what is in them, and that the journal has it."""

from __future__ import annotations

import io
import zipfile

import httpx
import pytest

from adapters.evidence.levels import verify_all
from engine import canonical
from engine.audit.journal import EntryType
from tests.support.auditors import COUNTY, COUNTY_AUDITOR, with_county_auditor
from tests.support.office import Office

AUDITOR, LIAISON = "p-34-auditor-1", "p-340104-liaison-1"


def members_of(answer: httpx.Response) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_an_auditor_gets_a_bundle_of_a_case_that_verifies_at_all_levels(office: Office) -> None:
    case = office.open()
    office.took(LIAISON, case, "accept", category="general")

    answer = office.post(AUDITOR, "/audit/bundles", {"case": case, "purpose": "年度审计（示例）"})

    assert answer.status_code == 200, answer.text
    report = verify_all(members_of(answer))
    assert report.as_data()["findings"] == []
    assert (report.exit, report.facts["cases"], report.facts["levels"]) == (0, 1, [1, 2, 3, 4])
    assert answer.headers["content-type"] == "application/zip"


def test_the_export_is_in_the_journal_with_its_purpose_and_who_asked(office: Office) -> None:
    case = office.open()

    answer = office.post(AUDITOR, "/audit/bundles", {"case": case, "purpose": "年度审计（示例）"})

    read = office.container.journal.entries(EntryType.CASES_READ)[-1]
    assert read["actor"] == {"id": AUDITOR, "kind": "person"}
    assert read["data"] == {
        "cases": 1,
        "digest": answer.headers["x-bundle-digest"],
        "purpose": "年度审计（示例）",
        "scope": {"case": case, "kind": "case"},
        "what": "bundle",
    }
    assert str(read["seq"]) == answer.headers["x-journal-entry"]


def test_a_bundle_of_a_region_holds_its_cases_and_no_other(office: Office) -> None:
    here, elsewhere = office.open(), office.open("p-340102-liaison-1", "340102")

    answer = office.post(AUDITOR, "/audit/bundles", {"region": "340104", "purpose": "抽查（示例）"})

    members = members_of(answer)
    assert list(canonical.decode(members["bundle.json"])["cases"]) == [here]
    assert not [name for name in members if elsewhere in name]
    assert elsewhere.encode() not in b"".join(members.values())
    assert verify_all(members).exit == 0


def test_who_is_no_auditor_gets_none_and_nothing_is_recorded(office: Office) -> None:
    case = office.open()

    answer = office.post(LIAISON, "/audit/bundles", {"case": case, "purpose": "好奇（示例）"})

    assert answer.status_code == 403
    assert office.container.journal.entries(EntryType.CASES_READ) == []


def test_a_case_that_does_not_exist_is_not_found(office: Office) -> None:
    answer = office.post(AUDITOR, "/audit/bundles", {"case": "209900000011", "purpose": "抽查（示例）"})

    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_to_export")
    assert office.container.journal.entries(EntryType.CASES_READ) == []


@pytest.mark.parametrize(
    "body",
    [
        {"purpose": "抽查（示例）"},
        {"case": "1", "region": "34", "purpose": "抽查（示例）"},
        {"case": "1", "since": "2026-01-01", "purpose": "抽查（示例）"},
        {"region": "34", "since": "昨天", "purpose": "抽查（示例）"},
        {"region": "34"},
        {"region": "34", "purpose": ""},
    ],
)
def test_a_request_that_does_not_say_what_and_why_is_refused(office: Office, body: dict[str, str]) -> None:
    answer = office.post(AUDITOR, "/audit/bundles", body)

    assert answer.status_code in (400, 422)
    assert office.container.journal.entries(EntryType.CASES_READ) == []


def test_the_bundle_of_a_county_does_not_tell_what_else_the_province_took(office: Office) -> None:
    with_county_auditor(office)
    office.open()
    office.open("p-340102-liaison-1", "340102")
    for who, body in (
        (AUDITOR, {"region": "34", "purpose": "全省专项（示例）"}),
        (COUNTY_AUDITOR, {"region": COUNTY, "purpose": "本县自查（示例）"}),
    ):
        answer = office.post(who, "/audit/bundles", body)
    members = members_of(answer)
    entries = map(canonical.decode, members["events/journal.jsonl"].splitlines())
    told = [entry["data"]["purpose"] for entry in entries if entry["type"] == "cases.read"]
    assert told == ["本县自查（示例）"]
    assert "全省专项" not in b"".join(members.values()).decode(errors="ignore")
    assert verify_all(members).exit == 0


def test_a_bundle_tells_who_had_its_cases_before_and_nothing_of_other_cases(office: Office) -> None:
    here, elsewhere = office.open(), office.open("p-340102-liaison-1", "340102")
    for case in (here, elsewhere):
        office.post(AUDITOR, "/audit/bundles", {"case": case, "purpose": f"核查 {case}"})
    office.post(AUDITOR, "/audit/bundles", {"region": "3401", "purpose": "全市抽查（示例）"})

    members = members_of(office.post(AUDITOR, "/audit/bundles", {"case": here, "purpose": "复核（示例）"}))

    entries = map(canonical.decode, members["events/journal.jsonl"].splitlines())
    purposes = [entry["data"]["purpose"] for entry in entries if entry["type"] == "cases.read"]
    assert purposes == [f"核查 {here}", "全市抽查（示例）", "复核（示例）"]
    assert elsewhere.encode() not in b"".join(members.values())
    assert verify_all(members).exit == 0
