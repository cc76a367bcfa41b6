"""Samples over HTTP: announced with a commitment made elsewhere, drawn with the secret, checked by anybody in reach."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.auditors import AUDITOR, COUNTY, COUNTY_AUDITOR, ELSEWHERE, LIAISON, with_county_auditor
from tests.support.evidence import leaves_of
from tests.support.office import Office, an_office

SECRET = "海燕在暴风雨来临之前"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as made:
        with_county_auditor(made)
        yield made


def wanted(region: str, secret: str = SECRET, **more: object) -> dict[str, object]:
    commitment = sha256(f"bihuan/sample/secret/v1\n{secret}".encode()).hexdigest()
    body = {"region": region, "since": "2026-12-01", "until": "2026-12-01", "count": 3}
    return {**body, "commitment": commitment, **more}


def opened(office: Office, region: str, count: int) -> list[str]:
    return [office.open(f"p-{region}-liaison-1", region) for _ in range(count)]


def sign(office: Office) -> None:
    office.container.integrator.catch_up(office.clock())
    office.container.checkpoints.sign(office.clock(), force=True)


def test_a_sample_is_announced_drawn_and_found_the_same_again(office: Office) -> None:
    here, _ = opened(office, COUNTY, 6), opened(office, ELSEWHERE, 2)
    announced = office.post(COUNTY_AUDITOR, "/audit/samples", wanted(COUNTY))
    assert announced.status_code == 201, announced.text
    view = announced.json()
    assert (view["population"], view["drawn"], view["secret"]) == (6, [], "")

    path = f"/audit/samples/{view['number']}"
    wrong = {"seed": "0" * 64, "secret": SECRET}
    early = office.post(COUNTY_AUDITOR, f"{path}/draw", wrong)
    assert (early.status_code, early.json()["code"]) == (409, "sample_refused")
    seen = office.get(COUNTY_AUDITOR, path).json()
    assert (seen["seed_hash"], seen["checkpoint"]) == ("", 0)

    office.later(minutes=1)
    other = opened(office, ELSEWHERE, 1)[0]
    sign(office)
    seen = office.get(COUNTY_AUDITOR, path).json()
    leaf = next(x for x in leaves_of(office.container.database) if x["case_id"] == other)
    assert seen["seed_hash"] == sha256(b"\x00" + bytes(leaf["data"])).hexdigest()
    assert seen["checkpoint"] > leaf["leaf_index"]
    assert office.post(COUNTY_AUDITOR, f"{path}/draw", {"secret": SECRET}).status_code == 422
    assert office.post(COUNTY_AUDITOR, f"{path}/draw", wrong).status_code == 409
    right = {"seed": seen["seed_hash"], "secret": SECRET}
    drawn = office.post(COUNTY_AUDITOR, f"{path}/draw", right).json()
    assert len(set(drawn["drawn"])) == 3
    assert set(drawn["drawn"]) <= set(here)
    assert office.post(COUNTY_AUDITOR, f"{path}/draw", right).json() == drawn

    answer = office.get(COUNTY_AUDITOR, path, check="true")
    assert other not in answer.text  # the seed event is a case of another county
    checked = answer.json()
    assert checked["is_sound"] is True
    assert len(checked["checks"]) == 6


def test_samples_are_asked_for_and_seen_within_the_auditors_regions_only(office: Office) -> None:
    opened(office, COUNTY, 2)
    opened(office, ELSEWHERE, 2)
    assert office.post(LIAISON, "/audit/samples", wanted(COUNTY)).status_code == 403
    assert office.post(COUNTY_AUDITOR, "/audit/samples", wanted(ELSEWHERE)).status_code == 403
    number = office.post(AUDITOR, "/audit/samples", wanted("34")).json()["number"]
    assert office.get(COUNTY_AUDITOR, f"/audit/samples/{number}").status_code == 404
    assert office.get(COUNTY_AUDITOR, "/audit/samples").json() == {"samples": []}
    own = office.post(COUNTY_AUDITOR, "/audit/samples", wanted("", secret="另一句暗语吧吧")).json()
    assert (own["region"], own["population"], own["earlier"]) == (COUNTY, 2, 0)
    assert office.get(AUDITOR, f"/audit/samples/{own['number']}").json()["earlier"] == 1
    assert [s["number"] for s in office.get(AUDITOR, "/audit/samples").json()["samples"]] == [
        number,
        own["number"],
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"commitment": "x"}, {"count": 0}, {"stratify": "colour"}, {"since": "2026-12-02"}, {"more": 1}],
)
def test_what_cannot_be_announced_is_refused_and_leaves_nothing(
    office: Office, wrong: dict[str, object]
) -> None:
    opened(office, COUNTY, 1)
    answer = office.post(AUDITOR, "/audit/samples", wanted(COUNTY, **wrong))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert office.get(AUDITOR, "/audit/samples").json() == {"samples": []}
