"""Replay decides every event again from its own inputs and says where the record differs."""

from __future__ import annotations

from typing import Any

import pytest

from engine import canonical, upcasting
from engine.events import read
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


def test_bytes_that_are_no_event_end_a_replay_and_are_named() -> None:
    office = story()
    opened, *_ = history_of(office)
    result = replayed(office, [opened, b'{"v":1}', opened])

    assert [(d.case, d.seq, d.kind) for d in result.divergences] == [(office.case.id, 2, "unreadable")]


def test_a_number_with_a_fraction_in_what_was_asked_is_no_event_although_it_is_decided_to_the_same_bytes() -> (
    None
):
    office = story()
    opened, noted, *_ = history_of(office)
    body = canonical.decode(opened)
    forged = canonical.encode({**body, "asked": {**body["asked"], "cause": {"relation": 0.5}}})
    result = replayed(office, [forged, noted])

    assert [(d.seq, d.kind) for d in result.divergences] == [(1, "unreadable")]


def test_a_story_of_an_earlier_version_is_read_in_todays_shape_and_replays_with_its_own_hashes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An invented version 0 that called `asked` `request`; its bytes are chained and hashed as they were written."""
    monkeypatch.setitem(
        upcasting.UPCASTERS,
        0,
        lambda body: {"asked" if key == "request" else key: value for key, value in body.items()},
    )
    office = story()
    old: list[bytes] = []
    for data in history_of(office):
        body = canonical.decode(data)
        prev = canonical.leaf_hash(old[-1]) if old else body["prev"]
        earlier = {**body, "request": body["asked"], "v": 0, "prev": prev}
        del earlier["asked"]
        old.append(canonical.encode(earlier))

    result = replayed(office, old)

    assert canonical.verify_chain("示例", office.case.id, old) == []
    assert result.divergences == ()
    assert result.case is not None
    assert result.case.head == canonical.leaf_hash(old[-1]) != office.case.head
    assert result.case.as_data() == office.case.as_data()
    assert read(old[1]).body["asked"] == office.events[1].body["asked"]


def test_a_changed_result_in_an_event_of_an_earlier_version_is_found_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(upcasting.UPCASTERS, 0, dict)
    office = story()
    *before, last = history_of(office)

    result = replayed(office, [*before, changed(last, v=0, state="first")])

    assert [(d.seq, d.kind, "state" in d.message) for d in result.divergences] == [(4, "decision", True)]


def test_an_event_of_a_later_version_is_not_guessed_at() -> None:
    office = story()
    first, *_ = history_of(office)

    with pytest.raises(upcasting.UnknownVersion):
        read(changed(first, v=2))


def test_the_command_of_an_event_is_the_command_that_made_it() -> None:
    office = story()
    command = command_of(office.events[1])

    assert (command.kind, command.asked()) == ("step", {"step": "note", "lane": "", "data": {"note": "示例"}})
    assert command.actor.id == office.people("head")[0]
