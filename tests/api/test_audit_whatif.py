"""What if, and event logs, over HTTP: within the auditor's regions, bounded, and each log taken is told of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.audit.journal import EntryType
from tests.support.auditors import AUDITOR, COUNTY, COUNTY_AUDITOR, ELSEWHERE, LIAISON, with_county_auditor
from tests.support.office import Office, an_office

SINCE = "2026-12-01"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Two issues of one county and one of another, accepted and dispatched at once on Tuesday morning."""
    with an_office(Path(tmp_path_factory.mktemp("whatif"))) as made:
        with_county_auditor(made)
        for region in (COUNTY, COUNTY, ELSEWHERE):
            made.dispatched(region)
        yield made


def asked(**more: object) -> dict[str, object]:
    return {"workflow": "issue", "since": SINCE, **more}


def test_the_answer_begins_with_the_assumption_and_counts_what_would_differ(office: Office) -> None:
    answer = office.post(AUDITOR, "/audit/whatif", asked(set=["limits.rows.general.sign=4 working days"]))
    assert answer.status_code == 200, answer.text
    view = answer.json()
    assert next(iter(view)) == "assumption"
    assert view["assumption"].startswith("行为不变假设")
    assert (view["cases"], view["cases_changed"], view["totals"]["late"]) == (3, 3, {"before": 0, "after": 0})


def test_without_other_rules_nothing_differs(office: Office) -> None:
    view = office.post(AUDITOR, "/audit/whatif", asked()).json()
    assert (view["cases"], view["cases_changed"], view["loads"], view["changes"]) == (3, 0, [], [])


def test_an_auditor_of_a_county_sees_its_cases_only_and_others_none(office: Office) -> None:
    assert office.post(COUNTY_AUDITOR, "/audit/whatif", asked()).json()["cases"] == 2
    elsewhere = office.post(COUNTY_AUDITOR, "/audit/whatif", asked(region=ELSEWHERE))
    nobody = office.post(LIAISON, "/audit/whatif", asked())
    assert (elsewhere.status_code, nobody.status_code) == (403, 403)


def test_more_cases_than_one_answer_may_take_are_refused_with_the_command(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.audit.whatif.MOST_CASES", 2)
    refused = office.post(AUDITOR, "/audit/whatif", asked())
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_cases")
    assert "bihuan audit whatif" in refused.json()["hint"]
    assert office.post(COUNTY_AUDITOR, "/audit/whatif", asked()).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"set": ["limits.rows.general.sign=P1D"]}, "rules_refused"),
        ({"set": ["states.received.steps=1"]}, "bad_setting"),
        ({"workflow": "nothing"}, "unknown_workflow"),
        ({"calendar": "xx"}, "unknown_calendar"),
        ({"region": "99"}, "unknown_region"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_code(
    office: Office, body: dict[str, object], code: str
) -> None:
    refused = office.post(AUDITOR, "/audit/whatif", asked(**body))
    assert refused.json()["code"] in (code, "forbidden"), refused.text
    assert refused.status_code in (403, 404, 422)


@pytest.mark.parametrize("form", ["xes", "ocel"])
def test_a_log_holds_the_cases_of_the_auditor_and_stands_in_the_journal(office: Office, form: str) -> None:
    before = len(office.container.journal.entries(EntryType.CASES_READ))
    answer = office.get(COUNTY_AUDITOR, f"/audit/formats/{form}", since=SINCE, purpose="示例审计")

    assert answer.status_code == 200, answer.text
    count = answer.text.count("<trace>") if form == "xes" else _cases(answer.text)
    assert count == 2
    entries = office.container.journal.entries(EntryType.CASES_READ)
    assert len(entries) == before + 1
    told = entries[-1]
    assert told["actor"]["id"] == COUNTY_AUDITOR
    assert told["data"]["digest"] == hashlib.sha256(answer.content).hexdigest()
    assert told["data"]["digest"] == answer.headers["X-Digest-SHA256"]
    assert (told["data"]["cases"], told["data"]["purpose"]) == (2, "示例审计")
    assert told["data"]["scope"]["regions"] == [COUNTY]


def _cases(text: str) -> int:
    return sum(each["type"] == "case" for each in json.loads(text)["objects"])


def test_who_is_no_auditor_gets_no_log_but_everybody_may_read_a_net(office: Office) -> None:
    before = len(office.container.journal.entries(EntryType.CASES_READ))
    assert office.get(LIAISON, "/audit/formats/xes", since=SINCE).status_code == 403
    assert len(office.container.journal.entries(EntryType.CASES_READ)) == before
    net = office.get(LIAISON, "/audit/formats/pnml/issue")
    assert (net.status_code, net.text.count("<net ")) == (200, 1)
    assert office.get(LIAISON, "/audit/formats/pnml/nothing").json()["code"] == "unknown_workflow"
    assert office.get(LIAISON, "/audit/formats/csv", since=SINCE).status_code == 422
