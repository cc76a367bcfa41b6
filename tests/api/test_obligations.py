"""The shipped obligations open the shipped workflows: every slot of a new year, with what the workflow asks for."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future

from sqlalchemy import insert, select

from adapters.db.programme_tables import MEMBERSHIP, SLOT
from adapters.db.rows import micros
from engine.case import CaseId
from engine.commands import Command
from engine.runtime import Outcome
from tests.support.office import MORNING, SUBJECT, Office


def submitting(office: Office, command: Command) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(office.container.engine.handle([command])[0])
    return future


def run(office: Office) -> tuple[int, int]:
    opened = refused = 0
    more = True
    while more:
        ran = office.container.slots.run(lambda c: submitting(office, c), office.container.now(), 50)
        opened, refused, more = opened + ran.opened, refused + ran.refused, ran.more
    return opened, refused


def nominate(office: Office) -> None:
    row = {"list": "key_subjects", "subject": SUBJECT, "n": 1, "region": "340104", "since": micros(MORNING)}
    more = {"until": None, "how_in": "entered", "how_out": "", "reason": "", "year": 0, "case_id": ""}
    with office.container.database.writing() as connection:
        connection.execute(insert(MEMBERSHIP).values(**row, **more, evidence=b"{}"))


def test_a_new_year_opens_every_slot_with_its_case(office: Office) -> None:
    nominate(office)
    opened, refused = run(office)
    assert (opened, refused) == (
        16 + 16 + 1,
        0,
    )  # visits of December, schemes of the assessment, one key visit

    office.later(days=34)  # 4 January 2027
    opened, refused = run(office)

    with office.container.database.reading() as connection:
        slots = connection.execute(select(SLOT).where(SLOT.c.first >= "2027-01-01")).all()
    assert refused == 0
    assert Counter((slot.obligation, slot.period) for slot in slots) == {
        ("city_visit", "2027-01"): 16,
        ("key_visit", "2027-Q1"): 1,
        ("annual_plan", "2027"): 16,
        ("target_setting", "2027"): 16,
        ("january_package", "2027"): 16,
    }
    (package,) = [s for s in slots if (s.obligation, s.target) == ("january_package", "3403")]
    with office.container.store.unit() as unit:
        case = unit.load({CaseId(package.case_id)}, ()).cases[CaseId(package.case_id)]
    assert package.last == "2027-01-31"
    assert case.data["period_end"] == "2027-01-31"
    assert len(case.data["counties"]) == 9  # seven counties and two zones
    assert "u-340371-science" in case.data["counties"]


def test_what_was_not_visited_is_red_after_its_month_and_counted(office: Office) -> None:
    run(office)
    office.later(days=34)

    found = office.get("p-34-leader-1", "/indicators", period="2026-12", indicator="city_visits").json()

    (figure,) = found["indicators"]
    assert (figure["whole"]["numerator"], figure["whole"]["denominator"]) == ("0", "16")
    slots = office.get("p-34-leader-1", "/slots", period="2026-12", obligation="city_visit").json()
    assert slots["counts"]["red"] == 16
