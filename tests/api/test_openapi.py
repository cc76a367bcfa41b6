"""The OpenAPI document is complete: a generated client finds every answer and every problem declared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import jsonschema
import pytest

from adapters.bootstrap import Container
from adapters.subjects.writing import NewSubject
from api.walk import walk_of
from engine.directory import RegionId, SubjectId
from tests.corpus.dirt import listed, row
from tests.support.office import MORNING, Office
from tests.support.profiles import shipped_programme

OPERATIONS = {
    "add_lane", "answer_extension", "ask_extension", "assign", "batch", "comment", "count_cases", "explain_deadline",
    "get_case", "get_certificate", "get_indicator_rows", "get_indicators", "get_ledger", "get_slots", "get_targets",
    "get_diagram_mermaid", "get_diagram_svg", "get_file", "get_history", "get_inbox",
    "get_notices", "get_source", "get_status", "get_workflow", "jump", "list_cases", "list_workflows", "livez",
    "metrics", "move_version", "open_case", "put_target", "read_notice", "readyz", "take_lane_step", "take_step", "upload_file",
    "who_am_i", "withdraw_lane",
}  # fmt: skip
REGISTRY = {
    "change_organisation", "get_directory", "get_subject", "get_teams", "get_vacancies", "hand_over", "list_subjects",
    "move_subject", "observe_subject", "register_subject", "rename_subject",
}  # fmt: skip
PROGRAMME = {
    "get_eligibility",
    "get_programme",
    "list_lists",
    "list_members",
    "list_proposals",
    "put_on_list",
    "take_off_list",
}
IMPORTS = {
    "commit_import",
    "dry_run_import",
    "get_import",
    "get_import_errors",
    "list_imports",
    "undo_import",
}
REPORTS = {"export_report", "list_reports"}
AUDIT = {
    "announce_sample", "audit_as_of", "audit_case_time", "audit_conduct", "audit_deadlines", "audit_escalations",
    "audit_lawful", "audit_time", "draw_sample", "erase_personal_values", "export_bundle", "export_log", "get_net",
    "get_sample", "list_reads", "list_samples", "what_if",
}  # fmt: skip
LOG = {
    "add_cosignatures",
    "get_checkpoint",
    "get_consistency",
    "get_event_proof",
    "get_tile",
    "list_log_keys",
}
# The log is open to everybody, so that a witness needs no account.
OPEN_LOG = {
    f"/api/v1/log/{name}"
    for name in ("checkpoint", "cosignatures", "keys", "proof/consistency", "tile/{level}/{place}")
}
OPEN_PATHS = {"/livez", "/readyz", "/metrics"} | OPEN_LOG


@pytest.fixture(scope="module")
def document(shared_office: Office) -> dict[str, Any]:
    answer = shared_office.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_names_of_operations_are_these_and_stay(document: dict[str, Any]) -> None:
    named = {operation["operationId"] for _, _, operation in operations(document)}
    assert named == OPERATIONS | PROGRAMME | REGISTRY | IMPORTS | REPORTS | LOG | AUDIT


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= set(document["components"]["schemas"])


def test_every_operation_declares_its_answer_and_its_problems(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        responses = operation["responses"]
        good = [responses[status] for status in responses if status.startswith("2")]
        assert good, (path, method)
        assert all("content" in answer or status == "204" for status, answer in responses.items()), (
            path,
            method,
        )
        if path in OPEN_PATHS:
            continue
        assert {"401", "403", "500", "503"} <= set(responses), (path, method)
        for status, answer in responses.items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (path, method, status)
        assert operation["security"], (path, method)
        assert operation["summary"], (path, method)


# Uploading the same content twice is once, like reading a notice or handing in a cosignature; every export is one of its own in
# the log. A sample is known by its commitment, its draw by its number, and what is erased is gone.
NOT_COMMANDS = (
    "/api/v1/files",
    "/api/v1/reports/{kind}",
    "/api/v1/notices/{notice}/read",
    "/api/v1/log/cosignatures",
    "/api/v1/audit/bundles",
    "/api/v1/audit/samples",
    "/api/v1/audit/samples/{number}/draw",
    "/api/v1/audit/cases/{case}/erasures",
    "/api/v1/audit/whatif",
)


def test_every_command_asks_for_an_idempotency_key_and_describes_its_body(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if method in ("post", "put") and path not in NOT_COMMANDS:
            headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
            assert "Idempotency-Key" in headers, path
            assert "application/json" in operation["requestBody"]["content"], path


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    checked = 0
    for name, schema in schemas.items():
        for example in schema.get("examples", ()):
            whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            jsonschema.validate(example, whole)
            checked += 1
    assert checked >= 4


def test_answers_fit_their_schemas(document: dict[str, Any], shared_office: Office) -> None:
    person = "p-340104-liaison-1"
    case = shared_office.dispatched(co_units=("u-340104-finance",))
    subject = known_subject(shared_office.container)
    fills = {
        "case": case,
        "clock": "answer",
        "workflow": "issue",
        "version": "1",
        "list": "no_activity",
        "subject": subject,
        "name": "no_activity",
        "indicator": "issue_in_time",
        "batch": looked_at(shared_office, person),
        "number": announced(shared_office),
    }
    asked = {
        "at": "2027-01-01T09:00:00+08:00",
        "since": "2026-12-01",
    }  # what the questions of auditors cannot do without
    seen = set()
    for path, method, operation in operations(document):
        content = operation["responses"].get("200", {}).get("content", {})
        if method != "get" or "application/json" not in content or path in OPEN_PATHS:
            continue
        headers = shared_office.headers("p-34-auditor-1" if path.startswith("/api/v1/audit") else person)
        needed = {
            p["name"]: asked[p["name"]]
            for p in operation.get("parameters", [])
            if p["in"] == "query" and p["required"]
        }
        answer = shared_office.client.get(path.format(**fills), headers=headers, params=needed)
        assert answer.status_code == 200, (path, answer.text)
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        jsonschema.validate(answer.json(), schema)
        seen.add(path)
    assert len(seen) >= 10
    problem = shared_office.step(person, case, "sign")
    jsonschema.validate(
        problem.json(), {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    )


def looked_at(office: Office, person: str) -> str:
    """An import that was tried and not committed."""
    headers = office.headers(person)
    sent = office.client.post("/api/v1/files?name=a.xlsx", headers=headers, content=listed(row()))
    found: str = office.post(person, "/imports", {"digest": sent.json()["digest"]}).json()["id"]
    return found


def announced(office: Office) -> int:
    body = {"since": "2026-01-01", "until": "2027-12-31", "count": 1, "commitment": "0" * 64}
    number: int = office.post("p-34-auditor-1", "/audit/samples", body).json()["number"]
    return number


def known_subject(container: Container) -> str:
    """A subject of the region, under the programme in force."""
    container.programmes.publish(shipped_programme(), MORNING)
    new = NewSubject(
        id=SubjectId("91340100MA2DD272X5"),
        title="示例企业",
        region=RegionId("340104"),
        since=MORNING.date(),
        doubt="",
    )
    container.subjects.register_many([new], MORNING)
    return new.id


def test_the_first_page_shows_the_walk_that_the_readme_shows(shared_office: Office) -> None:
    page = unescape(shared_office.client.get("/").text)
    walk = walk_of(shared_office.container.settings.database_url)
    assert walk in page
    assert walk.count("curl ") == 5


def test_the_root_of_the_api_leads_to_its_description(shared_office: Office) -> None:
    assert shared_office.client.get("/api/v1").url.path == "/api/v1/openapi.json"


def test_no_page_loads_anything_from_elsewhere(shared_office: Office) -> None:
    page = shared_office.client.get("/").text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "width=device-width" in page
    assert shared_office.client.get("/docs").status_code == 404
