"""A longer limit: asked for before the end, within what is allowed, approved by somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands import AnswerExtension, AskExtension
from engine.errors import Blocked, Forbidden, InvalidData, UnknownClock
from tests.support.story import Office, a_state, a_step, a_workflow, local


def office_with(**extension: Any) -> Office:
    rule = {
        "at_most": 2,
        "by": "5 working days",
        "asked_by": ["clerk"],
        "approved_by": ["head"],
        **extension,
    }
    office = Office(a_workflow({"first": a_state("3 working days", extension=rule, steps={"end": a_step()})}))
    office.open()
    return office


def ask(office: Office, by: str = "clerk", number: int = 1, **asked: Any) -> None:
    office.does(AskExtension, by, number, **{"clock": "state", "reason": "示例理由", **asked})


def answer(office: Office, by: str = "head", *, number: int = 1, approve: bool = True) -> None:
    office.does(AnswerExtension, by, number, clock="state", approve=approve)


def refusal(office: Office, **asked: Any) -> list[str]:
    with pytest.raises((Blocked, InvalidData)) as caught:
        ask(office, **asked)
    return [blocker.code for blocker in caught.value.blockers]


def test_an_approved_extension_counts_on_from_the_old_end() -> None:
    office = office_with()
    ask(office)
    assert local(office.clock().due_at) == "2026-03-05 17:30"  # nothing moves before the answer
    answer(office)

    assert local(office.clock().due_at) == "2026-03-12 17:30"
    assert office.clock().asked is None


def test_less_than_the_most_may_be_asked_for() -> None:
    office = office_with()
    ask(office, amount="1个工作日")
    answer(office)

    assert local(office.clock().due_at) == "2026-03-06 17:30"


def test_a_refused_extension_leaves_the_end_and_may_be_asked_for_again() -> None:
    office = office_with()
    ask(office)
    answer(office, approve=False)
    assert local(office.clock().due_at) == "2026-03-05 17:30"
    ask(office)


def test_asking_at_the_very_end_is_in_time_and_a_second_later_too_late() -> None:
    office = office_with()
    office.move_to("2026-03-05 17:31")
    assert refusal(office) == ["extension_too_late"]

    office = office_with()
    office.move_to("2026-03-05 17:30")
    ask(office)


def test_more_than_is_allowed_another_unit_or_nonsense_is_refused() -> None:
    office = office_with()

    assert refusal(office, amount="6 working days") == ["extension_too_long"]
    assert refusal(office, amount="1 month") == ["extension_too_long"]
    assert refusal(office, amount="P1D") == ["bad_field"]
    assert refusal(office, reason=" ") == ["missing_field"]


def test_one_at_a_time_and_so_many_in_all() -> None:
    office = office_with(at_most=1)
    ask(office)
    assert refusal(office) == ["extension_pending"]
    answer(office)
    assert refusal(office) == ["limit"]


def test_nobody_approves_their_own_request() -> None:
    office = office_with(asked_by=["head"])
    ask(office, "head")

    with pytest.raises(Blocked) as caught:
        answer(office)
    assert [b.code for b in caught.value.blockers] == ["separation"]
    answer(office, number=2)


def test_only_the_named_roles_ask_and_approve() -> None:
    office = office_with()
    with pytest.raises(Forbidden):
        ask(office, "head")
    ask(office)
    with pytest.raises(Forbidden):
        answer(office, "clerk", number=2)


def test_the_second_extension_may_need_someone_else() -> None:
    office = office_with(approved_by=["clerk"], later_approved_by=["head"])
    ask(office)
    answer(office, "clerk", number=2)
    ask(office)
    with pytest.raises(Forbidden):
        answer(office, "clerk", number=2)
    answer(office, "head")

    assert local(office.clock().due_at) == "2026-03-19 17:30"  # 3 + 5 + 5 working days


def test_an_answer_without_a_request_and_a_clock_that_does_not_run_are_refused() -> None:
    office = office_with()
    with pytest.raises(Blocked) as caught:
        answer(office)
    assert [b.code for b in caught.value.blockers] == ["nothing_asked"]
    with pytest.raises(UnknownClock):
        ask(office, clock="case")


def test_a_request_ends_with_its_clock() -> None:
    office = office_with()
    ask(office)
    office.take("end")

    assert office.clock().asked is None
    with pytest.raises(UnknownClock):
        answer(office)


def test_those_who_decide_are_told_and_so_is_the_one_who_asked() -> None:
    office = office_with()
    ask(office)
    assert office.events[-1].effects[0]["people"] == list(office.people("head"))
    answer(office)
    assert office.events[-1].effects[0]["people"] == [office.people("clerk")[0]]
