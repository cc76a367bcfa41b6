"""The thin rim over a store in memory: groups, repeated keys, lost races, personal values, sweeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from adapters.memory import MemoryStore
from engine import canonical
from engine.commands import Comment, Open, TakeStep
from engine.errors import CaseExists, KeyReused, StaleCase
from engine.numbering import case_number
from engine.ports import Unit
from engine.runtime import Accepted, Outcome, Refused
from engine.working_hours import BeyondCalendar
from tests.support.histories import REGION, SUBJECT
from tests.support.story import CASE, Office, a_state, a_step, a_workflow

PHONE = "13800000000"


def office(**more: Any) -> Office:
    steps = {"note": a_step(None, may=["note", "phone"]), "end": a_step()}
    return Office(a_workflow({"first": a_state("3 working days", steps=steps)}, **more))


def note(made: Office, text: str = "示例", **more: Any) -> TakeStep:
    return TakeStep(
        id=made.key(), case=CASE, actor=made.actor("head"), step="note", data={"note": text}, **more
    )


def accepted(outcome: Outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


def refused(outcome: Outcome) -> type[Exception]:
    assert isinstance(outcome, Refused), outcome
    return type(outcome.error)


def test_several_commands_on_one_case_are_decided_in_order_and_written_together() -> None:
    made = office()
    made.open()
    first, second, third = note(made, "一"), note(made, "二"), replace(note(made), step="end", data={})
    outcomes = [accepted(o) for o in made.world.handle([first, second, third])]

    assert [o.receipt["seq"] for o in outcomes] == [2, 3, 4]
    assert [o.receipt["state"] for o in outcomes] == ["first", "first", "done"]
    assert made.case.data["note"] == "二"


def test_a_refusal_in_a_group_leaves_the_others_as_they_are() -> None:
    made = office()
    made.open()
    end = replace(note(made), step="end", data={})
    outcomes = made.world.handle([end, note(made)])

    assert accepted(outcomes[0]).receipt["seq"] == 2
    assert isinstance(outcomes[1], Refused)
    assert (made.case.seq, made.case.data) == (2, {})


def test_a_case_can_be_opened_and_worked_on_in_one_group() -> None:
    made = office()
    opening = Open(
        id=made.key(), case=CASE, actor=made.actor("clerk"), workflow="sample", region=REGION, subject=SUBJECT
    )
    outcomes = made.world.handle([opening, note(made)])

    assert [accepted(o).receipt["seq"] for o in outcomes] == [1, 2]


def test_a_repeated_key_answers_the_first_answer_in_the_same_group_and_later() -> None:
    made = office()
    made.open()
    command = note(made)
    first, again = (accepted(o) for o in made.world.handle([command, command]))
    (later,) = (accepted(o) for o in made.world.handle([command]))

    assert again.receipt == later.receipt == first.receipt
    assert (first.is_repeated, again.is_repeated, later.is_repeated) == (False, True, True)
    assert len(made.events) == 2


@pytest.mark.parametrize("change", ["data", "actor", "step", "kind"])
def test_a_key_that_comes_back_with_another_request_is_refused(change: str) -> None:
    made = office()
    made.open()
    command = note(made)
    made.send(command)
    other = {
        "data": replace(command, data={"note": "别的"}),
        "actor": replace(command, actor=made.actor("head", number=2)),
        "step": replace(command, step="end"),
        "kind": Comment(id=command.id, case=CASE, actor=command.actor, text="示例"),
    }[change]

    assert refused(made.world.handle([other])[0]) is KeyReused
    assert len(made.events) == 2


def test_a_repeated_opening_answers_the_first_number_whatever_number_it_came_with() -> None:
    made = office()
    made.open()
    opening = Open(
        id=made.key(), case=case_number(2026, 7), actor=made.actor("clerk"), workflow="sample", region=REGION
    )
    first, again = (
        accepted(o) for o in made.world.handle([opening, replace(opening, case=case_number(2026, 8))])
    )

    assert again.receipt["case"] == first.receipt["case"] == case_number(2026, 7)


def test_a_refused_command_takes_no_key() -> None:
    made = office()
    made.open()
    command = note(made)
    assert isinstance(made.world.handle([replace(command, step="nowhere")])[0], Refused)

    assert not accepted(made.world.handle([command])[0]).is_repeated


def test_a_taken_number_is_refused() -> None:
    made = office()
    made.open()
    with pytest.raises(CaseExists):
        made.open()


def test_an_expected_version_is_checked_within_the_group_too() -> None:
    made = office()
    made.open()
    outcomes = made.world.handle(
        [note(made, expected_seq=1), note(made, expected_seq=1), note(made, expected_seq=2)]
    )

    assert accepted(outcomes[0]).receipt["seq"] == 2
    assert refused(outcomes[1]) is StaleCase
    assert accepted(outcomes[2]).receipt["seq"] == 3


class RacedStore(MemoryStore):
    """Before each of the first `races` writes another writer moves the case."""

    def __init__(self, made: Office, races: int) -> None:
        super().__init__()
        self.made, self.races, self.writes = made, races, 0
        self.tables = made.world.store.tables

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        with super().unit() as unit:
            yield _Raced(unit, self)


class _Raced:
    def __init__(self, unit: Any, store: RacedStore) -> None:
        self.unit, self.store = unit, store
        self.load, self.due = unit.load, unit.due

    def write(self, writes: Any) -> None:
        if self.store.writes < self.store.races:
            self.store.writes += 1
            self.store.made.world.engine.handle([note(self.store.made, "别人先写")])
        self.unit.write(writes)


def raced(made: Office, races: int) -> Any:
    return replace(made.world.engine, store=RacedStore(made, races))


def test_a_command_that_loses_a_race_is_decided_again_on_the_case_as_it_is_then() -> None:
    made = office()
    made.open()
    (outcome,) = raced(made, races=2).handle([note(made, "我")])

    assert accepted(outcome).receipt["seq"] == 4
    assert made.case.data["note"] == "我"


def test_a_command_with_an_expected_version_that_loses_a_race_is_refused() -> None:
    made = office()
    made.open()
    (outcome,) = raced(made, races=1).handle([note(made, "我", expected_seq=1)])

    assert refused(outcome) is StaleCase
    assert made.case.data["note"] == "别人先写"


def test_a_personal_value_is_nowhere_in_the_events_and_its_commitment_verifies() -> None:
    made = office()
    made.open(phone=PHONE)
    made.take("note", phone="13911111111")

    assert not [e for e in made.events if PHONE.encode() in e.data or b"13911111111" in e.data]
    secrets = list(made.world.store.tables["secret"].values())
    assert {canonical.decode(s.value) for s in secrets} == {PHONE, "13911111111"}
    assert all(canonical.commitment(s.salt, s.value) == s.commitment for s in secrets)
    sealed = made.case.data["phone"]["sealed"]
    assert sealed in {s.commitment for s in secrets}


def test_the_same_personal_value_twice_has_two_commitments() -> None:
    made = office()
    made.open(phone=PHONE)
    first = made.case.data["phone"]
    made.take("note", phone=PHONE)

    assert made.case.data["phone"] != first


@pytest.mark.parametrize("value", ["", 13800000000, "1" * 5000, {"sealed": "0" * 64}, None])
def test_a_personal_value_that_is_no_text_is_refused_and_kept_nowhere(value: Any) -> None:
    made = office()
    made.open()
    command = replace(note(made), data={"phone": value})

    assert isinstance(made.world.handle([command])[0], Refused)
    assert not made.world.store.tables["secret"]


@pytest.mark.parametrize("value", [0.5, float("nan"), "\ud800", "a\x00b", 2**53, {1: "x"}, object()])
def test_what_has_no_canonical_bytes_is_refused_at_the_border(value: Any) -> None:
    made = office()
    made.open()

    assert isinstance(made.world.handle([replace(note(made), data={"note": value})])[0], Refused)
    assert len(made.events) == 1


@pytest.mark.parametrize("year", [1, 1999, 2101, 9999])
def test_a_claimed_moment_beyond_the_calendar_is_refused(year: int) -> None:
    made = office()
    made.open()
    moment = datetime(year, 1, 1, tzinfo=timezone(timedelta(hours=8)))

    assert refused(made.world.handle([note(made, occurred_at=moment)])[0]) is BeyondCalendar


def test_text_is_brought_to_one_spelling() -> None:
    made = office()
    made.open()
    made.send(note(made, "e\u0301"))

    assert made.case.data["note"] == "\u00e9"


def test_a_sweep_fires_what_is_due_and_nothing_twice() -> None:
    made = office()
    made.open()
    assert made.ring() == []
    made.move_to("2026-03-05 17:30")
    assert [e.body["inputs"]["fired"]["rung"] for e in made.ring()] == ["due"]
    assert made.ring() == []


def test_a_case_that_cannot_ring_is_set_aside_and_the_others_ring() -> None:
    made = office()
    made.open()
    other = case_number(2026, 50)
    made.send(
        Open(
            id=made.key(),
            case=other,
            actor=made.actor("clerk"),
            workflow="sample",
            region=REGION,
            subject=SUBJECT,
        )
    )
    broken = made.world.store.tables["case"][CASE]
    body = broken.body.replace(b'"state":"first"', b'"state":"vanished"')
    made.world.store.tables["case"][CASE] = broken._replace(body=body)
    made.move_to("2026-03-05 17:30")

    assert [e.case for e in made.ring()] == [other]
