"""Every refusal is a problem document, and what is refused leaves nothing behind."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import adapters
import api
import engine
import workers
from adapters.db.errors import unavailable
from api.errors import STATUS, TITLES, problem_of
from engine.errors import BihuanError
from tests.support.office import API, Office

LIAISON, TAX, OTHER = "p-340104-liaison-1", "p-340104-tax-department-1", "p-340103-liaison-1"
ANSWER = {"answer": "已解决（示例）", "basis": "依据（示例）"}


def error_classes() -> list[type[BihuanError]]:
    for package in (engine, adapters, api, workers):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith(".env"):  # alembic runs it by itself
                importlib.import_module(module.name)

    def below(cls: type[BihuanError]) -> Iterator[type[BihuanError]]:
        for child in cls.__subclasses__():
            yield child
            yield from below(child)

    return [BihuanError, *below(BihuanError)]


def test_every_error_has_a_status_a_title_and_a_code_of_its_own() -> None:
    classes = error_classes()
    assert len(classes) > 30
    assert {cls.__name__: cls.kind for cls in classes if cls.kind not in STATUS} == {}
    assert set(STATUS.values()) <= set(TITLES)
    codes: dict[str, set[str]] = {}
    for cls in classes:
        codes.setdefault(cls.code, set()).add(f"{cls.__module__}.{cls.__name__}")
    assert {code: names for code, names in codes.items() if len(names) > 1} == {}


def test_what_is_told_of_a_sick_database_does_not_show_its_inside() -> None:
    problem = problem_of(unavailable(RuntimeError("host=10.0.0.1 password=x")), "/")
    assert problem.status == 503
    assert "password" not in problem.model_dump_json()


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:bihuan:problem:{code}" or problem["type"] == "about:blank"
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


@pytest.fixture(scope="module")
def case(shared_office: Office) -> str:
    """An issue in the hands of the tax office; the tests of bad input never move it."""
    case = shared_office.dispatched()
    shared_office.took(TAX, case, "sign")
    return case


BAD_STEPS = [
    ("an unknown step", TAX, "no_such_step", {"data": {}}, 422, "unknown_step"),
    ("a step of another state", TAX, "approve", {"data": {}}, 409, "blocked"),
    ("a missing field", TAX, "contact", {"data": {}}, 422, "invalid_data"),
    ("an ill-typed field", TAX, "contact", {"data": {"contact_note": 7}}, 422, "invalid_data"),
    (
        "a field that is not asked for",
        TAX,
        "contact",
        {"data": {"contact_note": "已联系", "rating": "satisfied"}},
        422,
        "invalid_data",
    ),
    (
        "a field that does not exist",
        TAX,
        "contact",
        {"data": {"contact_note": "已联系", "nothing": 1}},
        422,
        "invalid_data",
    ),
    ("a role that may not", LIAISON, "contact", {"data": {"contact_note": "已联系"}}, 403, "forbidden"),
    (
        "another unit of the same region",
        "p-340104-finance-department-1",
        "contact",
        {"data": {"contact_note": "已联系"}},
        404,
        "unknown_case",
    ),
    ("another region", OTHER, "contact", {"data": {"contact_note": "已联系"}}, 404, "unknown_case"),
    (
        "evidence that was never uploaded",
        TAX,
        "answer",
        {"data": {**ANSWER, "proof": ["sha256:" + "0" * 64]}},
        422,
        "invalid_data",
    ),
    (
        "evidence that is no digest",
        TAX,
        "answer",
        {"data": {**ANSWER, "proof": ["../../etc/passwd"]}},
        422,
        "invalid_data",
    ),
    (
        "a date beyond the calendar",
        TAX,
        "ask_parking",
        {"data": {"progress": "受政策所限", "plan": "分期推进", "review_date": "2999-01-01"}},
        422,
        "invalid_data",
    ),
    (
        "a date that does not exist",
        TAX,
        "ask_parking",
        {"data": {"progress": "受政策所限", "plan": "分期推进", "review_date": "2026-02-30"}},
        422,
        "invalid_data",
    ),
    ("a fraction", TAX, "contact", {"data": {"contact_note": 0.5}}, 422, "not_canonical"),
    ("a NUL", TAX, "contact", {"data": {"contact_note": "已联\u0000系"}}, 422, "not_canonical"),
    ("a number too large", TAX, "contact", {"data": {"contact_note": 2**60}}, 422, "not_canonical"),
    ("an unknown key beside data", TAX, "contact", {"data": {}, "dta": 1}, 422, "invalid_request"),
    ("data that is a list", TAX, "contact", {"data": []}, 422, "invalid_request"),
    (
        "a moment without a zone",
        TAX,
        "contact",
        {"data": {"contact_note": "已联系"}, "occurred_at": "2026-11-30T09:00:00"},
        422,
        "invalid_request",
    ),
    (
        "a moment ahead",
        TAX,
        "contact",
        {"data": {"contact_note": "已联系"}, "occurred_at": "2027-11-30T09:00:00Z"},
        422,
        "invalid_request",
    ),
    (
        "a moment long ago",
        TAX,
        "contact",
        {"data": {"contact_note": "已联系"}, "occurred_at": "1970-01-01T00:00:00Z"},
        422,
        "invalid_request",
    ),
]


@pytest.mark.parametrize(
    ("what", "person", "step", "body", "status", "code"), BAD_STEPS, ids=[b[0] for b in BAD_STEPS]
)
def test_a_bad_step_is_refused_and_leaves_nothing_behind(
    *, shared_office: Office, case: str, what: str, person: str, step: str, body: Any, status: int, code: str
) -> None:
    before = shared_office.rows()
    problem = refused(shared_office.post(person, f"/cases/{case}/steps/{step}", body), status, code)
    assert shared_office.rows() == before
    if status in (403, 409):
        assert problem["blockers"]
        assert problem["case"]["state"] == "handling"
    if code == "invalid_data":
        assert all(blocker["message"] for blocker in problem["blockers"])
    if status == 404:
        assert problem["case"] is None


RAW_BODIES = [
    ("malformed JSON", b'{"data": ', 400, "malformed_json"),
    ("not JSON at all", b"\xff\xfe\x00", 400, "malformed_json"),
    ("JSON nested without end", b'{"data":' + b'{"a":' * 100_000, 400, "malformed_json"),
    ("a lone surrogate", b'{"data": {"contact_note": "\\ud800"}}', 400, "malformed_json"),
    ("a list", b"[]", 422, "invalid_request"),
    ("null", b"null", 422, "invalid_request"),
    ("not a number", b'{"data": {"contact_note": NaN}}', 422, "not_canonical"),
    (
        "nesting beyond the profile",
        b'{"data": {"contact_note": ' + b"[" * 90 + b"]" * 90 + b"}}",
        422,
        "not_canonical",
    ),
    ("a body over 1 MB", b'{"data": {"contact_note": "' + b"a" * 1_100_000 + b'"}}', 413, "body_too_large"),
]


@pytest.mark.parametrize(("what", "content", "status", "code"), RAW_BODIES, ids=[b[0] for b in RAW_BODIES])
def test_a_bad_body_is_refused_and_leaves_nothing_behind(
    *, shared_office: Office, case: str, what: str, content: bytes, status: int, code: str
) -> None:
    before = shared_office.rows()
    refused(shared_office.post(TAX, f"/cases/{case}/steps/contact", content=content), status, code)
    assert shared_office.rows() == before


def test_a_large_body_of_unknown_length_is_refused_too(shared_office: Office, case: str) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(40):
            yield b"a" * 65_536

    headers = shared_office.headers(TAX, **{"Idempotency-Key": "large"})
    answer = shared_office.client.post(f"{API}/cases/{case}/steps/contact", headers=headers, content=parts())
    refused(answer, 413, "body_too_large")


OPENINGS = [
    ("an unknown workflow", {"workflow": "no_such"}, 404, "unknown_workflow"),
    ("an unknown version", {"version": 99}, 404, "unknown_workflow"),
    ("an unknown region", {"region": "999999"}, 422, "unknown_region"),
    ("a region of somebody else", {"region": "340103"}, 403, "forbidden"),
    ("no data", {"data": {}}, 422, "invalid_data"),
    (
        "an option that is not one",
        {"data": {"summary": "示例问题一则", "source": "rumour"}},
        422,
        "invalid_data",
    ),
    ("a workflow name that is none", {"workflow": "../issue"}, 422, "invalid_request"),
    ("a subject that is too long", {"subject": "x" * 101}, 422, "invalid_request"),
]


@pytest.mark.parametrize(("what", "change", "status", "code"), OPENINGS, ids=[o[0] for o in OPENINGS])
def test_a_bad_opening_is_refused_and_leaves_nothing_behind(
    shared_office: Office, what: str, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"workflow": "issue", "region": "340104", "data": {"summary": "示例问题一则", "source": "visit"}}
    before = shared_office.rows()
    refused(shared_office.post(LIAISON, "/cases", {**body, **change}), status, code)
    assert shared_office.rows() == before


@pytest.mark.parametrize("key", [None, "a b", "键", "x" * 201])
def test_a_command_without_a_usable_key_is_refused(shared_office: Office, case: str, key: str | None) -> None:
    headers = shared_office.headers(TAX)
    if key is not None:
        headers["Idempotency-Key"] = key.encode()  # type: ignore[assignment]
    answer = shared_office.client.post(
        f"{API}/cases/{case}/steps/contact", headers=headers, json={"data": {}}
    )
    refused(answer, 400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        ('"c1"', 412, "stale_case"),
        ("c1", 400, "malformed_request"),
        ('W/"c3"', 400, "malformed_request"),
        ('"c1", "c2"', 400, "malformed_request"),
    ],
)
def test_a_version_that_is_stale_or_unreadable_is_refused(
    shared_office: Office, case: str, if_match: str, status: int, code: str
) -> None:
    before = shared_office.rows()
    body = {"data": {"contact_note": "已联系"}}
    answer = shared_office.post(TAX, f"/cases/{case}/steps/contact", body, headers={"If-Match": if_match})
    refused(answer, status, code)
    assert shared_office.rows() == before


@pytest.mark.parametrize("path", ["jump", "move-version"])
def test_an_administrator_must_say_on_which_version_they_decided(
    shared_office: Office, case: str, path: str
) -> None:
    refused(shared_office.post("p-34-administrator-1", f"/cases/{case}/{path}", {}), 428, "if_match_missing")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer bh_wrong", "Bearer " + "x" * 5000, "bh_x"],
)
def test_without_a_valid_token_nothing_is_told(
    shared_office: Office, case: str, method: str, authorization: str | None
) -> None:
    headers = {"Idempotency-Key": "k"} | (
        {"Authorization": authorization} if authorization is not None else {}
    )
    path = f"{API}/cases/{case}" + ("/comments" if method == "POST" else "")
    answer = shared_office.client.request(method, path, headers=headers)
    refused(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_address_that_there_is_not_and_a_method_that_it_has_not(shared_office: Office) -> None:
    refused(shared_office.client.get("/api/v1/nothing"), 404, "no_such_address")
    answer = shared_office.client.delete("/api/v1/cases", headers=shared_office.headers(LIAISON))
    refused(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "invalid_request"),
        ("limit=x", 422, "invalid_request"),
        ("limit=100000", 422, "invalid_request"),
        ("cursor=nonsense", 422, "invalid_cursor"),
        ("cursor=WzEsMl0", 422, "invalid_cursor"),
        ("open=perhaps", 422, "invalid_request"),
        ("ended=yes", 422, "invalid_request"),
        ("text=%00", 400, "malformed_request"),
        ("region=" + "3" * 200, 422, "invalid_request"),
    ],
)
def test_a_bad_query_is_refused(shared_office: Office, query: str, status: int, code: str) -> None:
    answer = shared_office.client.get(f"{API}/cases?{query}", headers=shared_office.headers(LIAISON))
    refused(answer, status, code)


@pytest.mark.parametrize(
    "number", ["1", "202600000019999", "..%2f..", "%00", "' OR 1=1 --", "事项", "x" * 3000]
)
def test_a_number_that_no_case_has_is_not_found(shared_office: Office, number: str) -> None:
    answer = shared_office.client.get(f"{API}/cases/{number}", headers=shared_office.headers(LIAISON))
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("lanes", {"lane": "u-340104-labour"}, 403, "forbidden"),
        ("lanes/u-none/withdraw", {}, 404, "unknown_lane"),
        ("lanes/u-none/steps/sign", {"data": {}}, 404, "unknown_lane"),
        ("comments", {"text": " "}, 422, "invalid_data"),
        ("comments", {"text": "好", "files": ["sha256:" + "1" * 64]}, 422, "invalid_data"),
        ("comments", {"text": "好", "files": ["x"]}, 422, "invalid_request"),
        ("assign", {"person": "p-nobody"}, 422, "invalid_data"),
        ("assign", {"person": "p-340103-liaison-1"}, 409, "blocked"),
        ("extensions", {"clock": "none", "reason": "待检测"}, 404, "unknown_clock"),
        ("extensions", {"clock": "answer", "reason": "待检测", "amount": "P5D"}, 422, "invalid_data"),
        ("extensions", {"clock": "answer", "reason": "待检测", "amount": "99 working days"}, 409, "blocked"),
        ("extensions/answer", {"clock": "answer", "approve": True}, 409, "blocked"),
        ("extensions/answer", {"clock": "answer", "approve": "yes"}, 422, "invalid_request"),
    ],
)
def test_every_other_command_refuses_bad_input_and_leaves_nothing_behind(
    *, shared_office: Office, case: str, path: str, body: Any, status: int, code: str
) -> None:
    before = shared_office.rows()
    person = "p-340104-supervisor-1" if path == "lanes" else TAX
    refused(shared_office.post(person, f"/cases/{case}/{path}", body), status, code)
    assert shared_office.rows() == before


def test_a_fault_nobody_foresaw_is_told_without_its_inside(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(type(office.container.views), "list_cases", broken)
    answer = office.get(LIAISON, "/cases")
    refused(answer, 500, "internal_error")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ({"workflow": "isue", "region": "340104"}, "unknown_workflow", "/api/v1/workflows"),
        ({"workflow": "issue", "region": "999999"}, "unknown_region", "340104"),
    ],
)
def test_a_name_that_is_not_known_is_refused_with_where_to_look(
    shared_office: Office, body: dict[str, str], code: str, named: str
) -> None:
    wanted = {**body, "subject": "sample-1", "data": {}}
    problem = shared_office.post("p-340104-liaison-1", "/cases", wanted).json()
    assert problem["code"] == code
    assert named in problem["hint"]


def test_who_may_not_is_told_where_it_stands_who_may(shared_office: Office) -> None:
    case = shared_office.open()
    problem = shared_office.step("p-340104-leader-1", case, "accept", category="simple").json()
    assert (problem["code"], problem["open_steps"]) == ("forbidden", [])
    assert "steps" in problem["hint"]


@pytest.mark.parametrize(
    ("path", "misspelt", "meant"),
    [
        ("/cases", "stat", "state"),
        ("/cases", "bogus", ""),
        ("/cases/counts", "regoin", "region"),
        ("/inbox", "limits", "limit"),
    ],
)
def test_a_query_parameter_that_the_address_does_not_know_is_refused_with_those_it_knows(
    shared_office: Office, path: str, misspelt: str, meant: str
) -> None:
    refused = shared_office.get("p-340104-liaison-1", path, **{misspelt: "1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    [reason] = refused.json()["blockers"]
    assert (reason["code"], reason["params"]["place"]) == ("unknown_parameter", misspelt)
    assert (f"是不是 {meant}？" in reason["message"]) == bool(meant)
    assert "limit" in refused.json()["hint"] or path == "/cases/counts"


def test_json_that_cannot_be_read_says_at_which_line_and_column(shared_office: Office) -> None:
    body = b'{\n  "workflow": "issue",\n  "region" "340104"\n}'
    refused = shared_office.post("p-340104-liaison-1", "/cases", content=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_json")
    assert refused.json()["params"] == {"line": 3, "column": 12}
    assert "第 3 行第 12 列" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"workflow": "issue", "regoin": "340104"}, "是不是 region？"),
        (
            {"workflow": "issue", "region": "340104", "data": {"sumary": "示例问题一件", "source": "visit"}},
            "是不是 summary？",
        ),
    ],
)
def test_a_misspelt_field_is_told_with_the_one_that_was_meant(
    shared_office: Office, body: dict[str, Any], said: str
) -> None:
    refused = shared_office.post("p-340104-liaison-1", "/cases", body)
    assert refused.status_code == 422
    assert any(said in blocker["message"] for blocker in refused.json()["blockers"])
