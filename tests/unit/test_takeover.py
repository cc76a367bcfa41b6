"""A case that was worked on elsewhere begins where it stood: its clocks count from then, and its history replays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.access import Actor
from engine.canonical import instant, verify_chain
from engine.case import Case, CommandId
from engine.commands import Import
from engine.errors import BihuanError, Forbidden, InvalidData, KeyReused
from engine.replay import replay
from engine.runtime import Accepted, Refused
from tests.support.histories import REGION, SUBJECT
from tests.support.story import CASE, Office, a_state, a_step, a_workflow, at, local

OPERATOR = Actor(id="operator", kind="system", channel="cli")
PAST = (
    {"at": instant(at("2026-03-02 09:00")), "what": "登记"},
    {"at": instant(at("2026-03-03 10:00")), "what": "转办", "step": "dispatch", "who": "示例热线"},
)


def workflow() -> dict[str, Any]:
    return a_workflow(
        {
            "first": a_state(steps={"dispatch": a_step("handling")}),
            "handling": a_state(
                "5 working days", steps={"ask": a_step("waiting"), "finish": a_step("closed")}
            ),
            "waiting": a_state("5 working days", pauses=["answer"], steps={"supply": a_step("handling")}),
            "closed": a_state(
                "2 working days", settled=True, overdue={"to": "done"}, steps={"reopen": a_step("handling")}
            ),
        },
        clocks={
            "answer": {
                "title": "答复",
                "due": "10 working days",
                "starts": ["dispatch"],
                "stops": ["finish"],
                "overdue": {"stay": True, "every": "1 working day", "notify": ["head"]},
            }
        },
        case_due={"within": "30 working days", "to": "handling", "notify": ["head"]},
    )


def office(now: str = "2026-03-11 10:00") -> Office:
    return Office(workflow(), now=now)


def import_(office: Office, state: str = "handling", since: str = "2026-03-03 10:00", **more: Any) -> Case:
    given: dict[str, Any] = {
        "opened": instant(at("2026-03-02 09:00")),
        "number": "示例-0001",
        "past": PAST,
        "data": {"note": "示例诉求"},
        "id": CommandId("import/示例-0001"),
        "actor": OPERATOR,
        **more,
    }
    command = Import(
        case=CASE,
        workflow="sample",
        region=REGION,
        subject=SUBJECT,
        state=state,
        since=instant(at(since)),
        occurred_at=at("2026-03-02 09:00"),
        **given,
    )
    office.send(command)
    return office.case


def dues(case: Case) -> Mapping[str, str]:
    return {name: local(clock.due_at) for name, clock in case.clocks.items()}


def test_open_cases_owe_what_they_owed_where_they_came_from() -> None:
    case = import_(office())

    assert (case.state, case.ended, case.holder.role) == ("handling", "", "head")
    assert local(case.opened_at) == "2026-03-02 09:00"
    # Counted by hand: the day after the start is the first, the last one ends at 17:30.
    assert dues(case) == {
        "answer": "2026-03-17 17:30",
        "case": "2026-04-14 17:30",
        "state": "2026-03-10 17:30",
    }


def test_what_was_overdue_on_arrival_rings_at_once_and_what_was_not_rings_in_its_time() -> None:
    told = office()
    import_(told)

    assert told.wait_until("2026-03-11 10:00") == ["state due"]
    assert "answer due" not in told.wait_until("2026-03-17 17:29")
    assert "answer due" in told.wait_until("2026-03-17 17:31")


def test_a_clock_stands_still_since_the_case_began_to_wait() -> None:
    case = import_(office(), "waiting", "2026-03-05 09:00")

    assert case.clocks["answer"].status == "paused"
    assert [[local(a), local(b) if b else ""] for a, b in case.clocks["answer"].segments] == [
        ["2026-03-03 10:00", "2026-03-05 09:00"]
    ]
    assert dues(case)["state"] == "2026-03-12 17:30"


def test_a_closed_case_has_met_its_clocks_or_not_and_runs_out_as_any_other() -> None:
    finished = ({"at": instant(at("2026-03-09 16:00")), "what": "办结", "step": "finish"},)
    told = office()
    case = import_(told, "closed", "2026-03-09 16:00", past=(*PAST, *finished))

    assert (case.ended, case.clocks["answer"].status, case.clocks["case"].status) == ("settled", "met", "met")
    assert told.wait_until("2026-03-12 09:00") == ["state due"]
    assert told.case.state == "done"


def test_an_answer_that_came_too_late_stays_late() -> None:
    finished = ({"at": instant(at("2026-03-20 10:00")), "what": "办结", "step": "finish"},)
    case = import_(office("2026-03-25 10:00"), "done", "2026-03-20 10:00", past=(*PAST, *finished))

    assert (case.ended, case.clocks["answer"].status) == ("final", "late")
    assert "state" not in case.clocks


def test_work_goes_on_as_with_any_case_and_all_of_it_replays_to_the_same_bytes() -> None:
    told = office()
    import_(told, data={"note": "示例诉求", "phone": "0551-00000000"})
    told.take("ask")
    told.take("supply")
    told.take("finish")
    history = [event.data for event in told.events]

    assert verify_chain(told.world.engine.log, CASE, history) == []
    replayed = replay(history, lambda digest: told.program, lambda digest: told.world.calendar("cn"))
    assert replayed.divergences == ()
    assert replayed.case == told.case
    assert told.events[0].type == "case.imported"
    assert told.events[0].body["asked"]["past"] == [dict(each) for each in PAST]


def test_personal_values_are_sealed() -> None:
    told = office()
    case = import_(told, data={"phone": "0551-00000000"})

    assert "0551" not in told.events[0].data.decode()
    assert set(case.data["phone"]) == {"sealed"}


def test_the_same_number_again_is_the_same_case_and_other_content_is_refused() -> None:
    told = office()
    import_(told)
    command = told.events[0].body["asked"]
    again = Import(
        id=CommandId("import/示例-0001"),
        case=CASE,
        actor=OPERATOR,
        **{**command, "past": tuple(command["past"])},
    )

    (first,) = told.world.handle([again])
    assert isinstance(first, Accepted)
    assert first.is_repeated
    (second,) = told.world.handle([_other(again)])
    assert isinstance(second, Refused)
    assert isinstance(second.error, KeyReused)
    assert len(told.events) == 1


def _other(command: Import) -> Import:
    return Import(
        id=command.id,
        case=command.case,
        actor=command.actor,
        workflow=command.workflow,
        region=command.region,
        number=command.number,
        state="first",
        opened=command.opened,
        since=command.since,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "nowhere"},
        {"since": "2026-03-12 10:00"},
        {"since": "2026-03-01 10:00"},
        {"number": " "},
        {"past": PAST[::-1]},
        {"past": ({"at": "yesterday", "what": "登记"},)},
        {"past": ({"at": PAST[0]["at"], "what": "", "step": "dispatch"},)},
        {"past": ({"at": PAST[0]["at"], "what": "x", "step": "no_such_step"},)},
        {"past": PAST[:1] * 201},
        {"data": {"unheard": "x"}},
        {"data": {"note": 7}},
        {"opened": "2026-03-02"},
    ],
)
def test_what_cannot_have_been_is_refused(wrong: dict[str, Any]) -> None:
    told = office()
    with pytest.raises(InvalidData) as refused:
        import_(told, **wrong)
    assert refused.value.blockers
    assert refused.value.message


def test_people_import_only_where_they_administer() -> None:
    told = office()
    with pytest.raises(Forbidden):
        import_(told, actor=told.actor("clerk"))
    assert import_(told, actor=told.actor("head")).state == "handling"


def test_a_taken_number_is_refused() -> None:
    told = office()
    import_(told)
    with pytest.raises(BihuanError) as refused:
        import_(told, id=CommandId("import/示例-0002"), number="示例-0002")
    assert refused.value.code == "case_exists"
