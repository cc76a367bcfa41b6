"""Each rung of each clock: planned, fired, late by, how often, to whom. Days are counted by hand: 2 March 2026 is a Monday."""

from __future__ import annotations

from engine.audit.escalations import Escalation, Told, escalations
from engine.commands import AnswerExtension, AskExtension
from engine.events import read
from tests.support.story import Office, a_state, a_step, a_workflow, local
from tests.unit.test_frozen_histories import FOLDER, HISTORIES, calendar, program

EXTENSION = {"at_most": 1, "by": "2 working days", "asked_by": ["head"], "approved_by": ["clerk"]}


def an_office() -> Office:
    """Three working days with a reminder a day before; then it goes on to a state whose ladder repeats each day."""
    first = a_state(
        steps={"end": a_step()}, remind=["1 working day before"], overdue={"to": "later", "notify": ["clerk"]},
        extension=EXTENSION,
    )  # fmt: skip
    office = Office(a_workflow({"first": first, "later": a_state("1 working day", steps={"end": a_step()})}))
    office.open()
    return office


def found(office: Office) -> list[Escalation]:
    return escalations(
        [event.data for event in office.events],
        program=office.world.digest,
        calendar=office.world.engine.calendars.digest,
        now=office.now,
    )


def lines(office: Office) -> list[tuple[str, str, str]]:
    return [(each.rung, local(each.planned), each.status) for each in found(office)]


def test_before_anything_is_due_every_rung_is_planned() -> None:
    assert lines(an_office()) == [
        ("remind-1", "2026-03-04 17:30", "planned"),
        ("due", "2026-03-05 17:30", "planned"),
    ]


def test_a_rung_that_fired_says_when_how_late_whom_it_told_and_by_which_words() -> None:
    office = an_office()
    office.wait_until("2026-03-04 18:00")
    office.move_to("2026-03-05 17:31")
    office.ring()
    first, due, *ahead = found(office)

    assert (first.status, first.late_seconds, first.times, first.rule) == (
        "fired", 0, 1, "sample 1: states.first.remind[0]",
    )  # fmt: skip
    assert (due.status, due.late_seconds, due.times, due.rule) == (
        "fired", 60, 1, "sample 1: states.first.overdue[0]",
    )  # fmt: skip
    assert (due.seq, due.moved_to) == (3, "later")
    assert due.told == (Told("head", office.people("head")), Told("clerk", office.people("clerk")))
    assert [(e.rung, local(e.planned), e.status) for e in ahead] == [
        ("due", "2026-03-06 17:30", "planned"),
        ("again-1", "2026-03-09 17:30", "planned"),
    ]


def test_what_nobody_fired_is_due_and_work_that_went_on_makes_it_missed() -> None:
    office = an_office()
    office.move_to("2026-03-05 18:00")
    assert [status for *_, status in lines(office)] == ["due", "due"]
    office.take("end")
    assert [status for *_, status in lines(office)] == ["missed", "missed"]


def test_work_done_in_time_lets_the_rungs_lapse() -> None:
    office = an_office()
    office.wait_until("2026-03-04 18:00")
    office.take("end")

    assert lines(office) == [("remind-1", "2026-03-04 17:30", "fired"), ("due", "2026-03-05 17:30", "lapsed")]


def test_an_extension_lets_the_old_rungs_lapse_and_plans_new_ones() -> None:
    office = an_office()
    office.does(AskExtension, clock="state", reason="示例")
    office.does(AnswerExtension, "clerk", clock="state", approve=True)

    assert lines(office) == [
        ("remind-1", "2026-03-04 17:30", "lapsed"),
        ("due", "2026-03-05 17:30", "lapsed"),
        ("remind-1", "2026-03-06 17:30", "planned"),
        ("due", "2026-03-09 17:30", "planned"),
    ]


def test_a_repeat_is_planned_again_each_time_it_has_fired() -> None:
    office = an_office()
    office.wait_until("2026-03-10 18:00")

    assert lines(office)[-3:] == [
        ("again-1", "2026-03-09 17:30", "fired"),
        ("again-2", "2026-03-10 17:30", "fired"),
        ("again-3", "2026-03-11 17:30", "planned"),
    ]


def test_in_the_frozen_histories_every_firing_is_one_rung_that_fired_once() -> None:
    fired = 0
    for name in HISTORIES:
        history = (FOLDER / name).read_bytes().splitlines()
        rungs = escalations(history, program=program, calendar=calendar, now=read(history[-1]).at)
        firings = [event for event in map(read, history) if event.type == "clock.fired"]

        assert [rung.times for rung in rungs if rung.times] == [1] * len(firings), name
        assert {rung.seq for rung in rungs if rung.times} == {event.seq for event in firings}
        fired += len(firings)
    assert fired > 100
