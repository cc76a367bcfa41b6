"""What would take too long or cannot be computed is refused in words before any work is done."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from api.routes.audit import bundles, formats, questions, samples
from tests.support.auditors import AUDITOR, COUNTY
from tests.support.office import Office

REGION = {"region": COUNTY}
COMMITMENT = sha256("bihuan/sample/secret/v1\n自己想的一句话".encode()).hexdigest()
Ask = Callable[[Office, str, str], Any]


def a_period(path: str) -> Ask:
    return lambda office, since, until: office.get(
        AUDITOR, f"/audit/{path}", since=since, until=until, **REGION
    )


def a_bundle(office: Office, since: str, until: str) -> Any:
    return office.post(AUDITOR, "/audit/bundles", {**REGION, "since": since, "purpose": "示例"})


def a_sample(office: Office, since: str, until: str) -> Any:
    more = {"count": 1, "stratify": "unit", "commitment": COMMITMENT}
    return office.post(AUDITOR, "/audit/samples", {**REGION, "since": since, "until": until, **more})


ASKED = {
    "time": (a_period("time"), questions, "bihuan audit late"),
    "conduct": (a_period("conduct"), questions, "bihuan audit conduct"),
    "formats": (a_period("formats/xes"), formats, "bihuan audit formats"),
    "bundles": (a_bundle, bundles, "bihuan audit export"),
    "samples": (a_sample, samples, "bihuan audit sample"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_more_cases_than_one_answer_may_take_are_refused_with_the_command(
    office: Office, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    ask, module, command = ASKED[asked]
    limit = "MOST_BY_UNIT" if asked == "samples" else "MOST_CASES"
    monkeypatch.setattr(module, limit, 1)
    office.open()
    assert ask(office, "2026-12-01", "2026-12-01").status_code in (200, 201)
    before = len(office.container.journal.entries())
    office.open()
    refused = ask(office, "2026-12-01", "2026-12-01")
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_cases")
    assert command in refused.json()["hint"]
    assert len(office.container.journal.entries()) == before


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(
    ("since", "until"),
    [("0001-01-01", "2026-12-01"), ("2026-12-01", "9999-12-31"), ("9999-12-31", "9999-12-31")],
)
def test_days_that_no_calendar_reaches_are_refused_in_words(
    office: Office, asked: str, since: str, until: str
) -> None:
    if asked == "bundles" and since == "2026-12-01":
        pytest.skip("a bundle has no last day")
    refused = ASKED[asked][0](office, since, until)
    assert (refused.status_code, refused.json()["code"]) == (422, "wrong_period")
    assert "1900" in refused.json()["hint"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_moments_that_no_clock_reaches_are_answered_in_words(office: Office, moment: str) -> None:
    path = f"/audit/cases/{office.open()}"
    answers = [
        office.get(AUDITOR, f"{path}/as-of", at=moment),
        office.get(AUDITOR, f"{path}/time", until=moment),
    ]
    assert [answer.status_code for answer in answers if answer.status_code not in (200, 400, 422)] == []
