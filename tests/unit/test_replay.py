"""Replay decides every event again from its own inputs and says where the record differs."""

from __future__ import annotations

from typing import Any

from engine import canonical
from engine.replay import Replayed, command_of, replay
from tests.support.story import Office, a_state, a_step, a_workflow


def story() -> Office:
    office = Office(
        a_workflow({"first": a_state(steps={"note": a_step(None, may=["note"]), "end": a_step()})})
    )
    office.open()
    office.take("note", note="示例")
    office.wait_until("2026-03-05 18:00")
    office.take("end")
    return office


def replayed(office: Office, history: list[bytes]) -> Replayed:
    return replay(history, office.world.digest, office.world.engine.calendars.digest)


def history_of(office: Office) -> list[bytes]:
    return [event.data for event in office.events]


def changed(data: bytes, **body: Any) -> bytes:
    return canonical.encode({**canonical.decode(data), **body})


def test_a_true_history_has_no_divergence() -> None:
    office = story()
    result = replayed(office, history_of(office))

    assert (result.events, result.divergences, result.case) == (4, (), office.case)


def test_an_empty_history_is_no_case() -> None:
    office = story()

    assert replayed(office, []) == Replayed(0, None, ())


def test_an_event_whose_result_was_changed_is_named_with_what_differs() -> None:
    office = story()
    *before, last = history_of(office)
    result = replayed(office, [*before, changed(last, state="first")])

    assert [(d.seq, d.kind) for d in result.divergences] == [(4, "decision")]
    assert "state" in result.divergences[0].message


def test_a_changed_state_digest_is_a_state_divergence() -> None:
    office = story()
    *before, last = history_of(office)
    result = replayed(office, [*before, changed(last, after="0" * 64)])

    assert {d.kind for d in result.divergences} == {"state", "decision"}


def test_an_event_that_the_rules_of_the_day_do_not_allow_is_found() -> None:
    office = story()
    *before, last = history_of(office)
    actor = {**canonical.decode(last)["actor"], "grant": None}
    result = replayed(office, [*before, changed(last, actor=actor)])

    assert [d.kind for d in result.divergences] == ["decision"]


def test_a_clock_that_rang_before_its_time_is_found() -> None:
    office = story()
    opened, noted, rang, _ = history_of(office)
    result = replayed(office, [opened, noted, changed(rang, at="2026-03-05T09:29:59.000000Z")])

    assert result.divergences


def test_the_command_of_an_event_is_the_command_that_made_it() -> None:
    office = story()
    command = command_of(office.events[1])

    assert (command.kind, command.asked()) == ("step", {"step": "note", "lane": "", "data": {"note": "示例"}})
    assert command.actor.id == office.people("head")[0]
