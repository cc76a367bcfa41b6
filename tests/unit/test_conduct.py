"""Hints: what was noticed in stories told by hand, and what stays below the table of thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from engine.audit.conduct import Act, Hint, HintKind, Thresholds, acts, hints
from engine.case import CaseId
from engine.commands import AnswerExtension, AskExtension
from tests.support.histories import UNITS
from tests.support.stage import Stage, local

FULL = "tests/workflows/samples/full.yaml"
SHARED = "tests/workflows/samples/shared.yaml"
DATA = {"grade": "plain", "ward_unit": UNITS[0], "co_units": [UNITS[1]]}
FIRST, LAST = local("2026-01-01 00:00"), local("2027-01-01 00:00")


def acts_of(*stages: Stage, since: datetime = FIRST, until: datetime = LAST) -> list[Act]:
    return [
        act
        for stage in stages
        for act in acts(
            stage.history,
            stage.world.digest,
            stage.world.engine.calendars.digest,
            since=since,
            until=until,
        )
    ]


def found(kind: HintKind, *stages: Stage, table: Thresholds | None = None) -> list[Hint]:
    return [hint for hint in hints(acts_of(*stages), table or Thresholds()) if hint.kind is kind]


def events(hint: Hint) -> list[tuple[str, int]]:
    return [(act.case, act.seq) for act in hint.acts]


def several(workflow: str, count: int) -> list[Stage]:
    return [Stage(workflow, f"3420260000{n:04}") for n in range(1, count + 1)]


def an_examined_complaint(stage: Stage) -> None:
    stage.opens("desk", "2026-03-02 09:00", matter="示例投诉事项")
    stage.does("desk", "accept", "2026-03-02 10:00", **DATA)


def test_a_return_names_who_sent_what_back_to_whom_and_why() -> None:
    stage = Stage(FULL)
    an_examined_complaint(stage)
    stage.does("ward", "hand_back", "2026-03-03 10:00", reason="不属于本科室", basis=["示例依据"])
    (hint,) = found(HintKind.RETURNED, stage)
    (act,) = hint.acts
    assert (hint.about, hint.times, hint.who) == ("退回", 1, (stage.actor("ward").id,))
    assert (act.source.role, act.source.unit, act.target.role) == ("ward", UNITS[0], "desk")
    assert (act.words, events(hint)) == ("不属于本科室", [(stage.case, 3)])


def test_a_second_return_that_is_forced_on_is_counted_with_whom_it_reached() -> None:
    stage = Stage(FULL)
    an_examined_complaint(stage)
    for day in ("03", "05"):
        stage.does("ward", "hand_back", f"2026-03-{day} 10:00", reason="不属于本科室", basis=["示例依据"])
        if day == "03":
            stage.does("desk", "accept", "2026-03-04 10:00", **DATA)
    assert [(h.acts[0].target.role, h.times) for h in found(HintKind.RETURNED, stage)] == [
        ("desk", 1),
        ("president", 1),
    ]


def closed_at(stage: Stage, moment: str) -> None:
    """Of the 3 working days of this state, those of Tuesday to Thursday and what was left of Monday: 7 h + 21 h."""
    stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
    stage.does("clerk", "wait", moment)


@pytest.mark.parametrize(
    ("moment", "noticed"),
    [
        ("2026-03-05 16:06", True),  # 84 of 1,680 minutes left: 5 %
        ("2026-03-05 16:05", False),
        ("2026-03-05 17:30", True),
    ],
)
def test_a_closing_counts_as_last_minute_within_five_percent_of_the_limit(moment: str, noticed: bool) -> None:
    stage = Stage(SHARED)
    closed_at(stage, moment)
    table = Thresholds(last_minute_times=1)
    assert bool(found(HintKind.LAST_MINUTE, stage, table=table)) is noticed


def test_one_closing_near_the_end_is_no_pattern_and_three_by_the_same_person_are() -> None:
    stages = several(SHARED, 3)
    for stage in stages:
        closed_at(stage, "2026-03-05 17:00")
    assert found(HintKind.LAST_MINUTE, *stages[:2]) == []
    (hint,) = found(HintKind.LAST_MINUTE, *stages)
    assert (hint.cases, hint.times) == (3, 3)
    assert events(hint) == [(stage.case, 2) for stage in stages]


def test_the_same_words_by_one_person_in_three_cases_are_shown_whatever_the_spaces() -> None:
    stages = several(FULL, 3)
    for n, stage in enumerate(stages):
        an_examined_complaint(stage)
        words = "已经 办妥，请回访" if n else "已经办妥，请回访"
        stage.does("ward", "to_president", "2026-03-03 10:00", opinion="意见", reason=words)
    (hint,) = found(HintKind.SAME_WORDS, *stages)
    assert (hint.about, hint.cases, hint.who) == ("已经办妥，请回访", 3, (stages[0].actor("ward").id,))
    assert found(HintKind.SAME_WORDS, *stages[:2]) == []


def at_night(stage: Stage, minute: int) -> None:
    stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
    stage.does("clerk", "accept", f"2026-03-02 22:{minute:02}")


@pytest.mark.parametrize(("minutes", "noticed"), [((0, 2, 5, 9, 10), 1), ((0, 2, 5, 9, 11), 0)])
def test_five_acts_outside_working_hours_within_ten_minutes_are_a_burst(
    minutes: Sequence[int], noticed: int
) -> None:
    stages = several(SHARED, 5)
    for stage, minute in zip(stages, minutes, strict=True):
        at_night(stage, minute)
    assert [hint.times for hint in found(HintKind.NIGHT_BURST, *stages)] == [5] * noticed


def test_five_acts_in_working_hours_are_none() -> None:
    stages = several(SHARED, 5)
    for n, stage in enumerate(stages):
        stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
        stage.does("clerk", "accept", f"2026-03-02 14:0{n}")
    assert found(HintKind.NIGHT_BURST, *stages) == []


def test_a_pause_is_shown_when_a_tenth_of_the_limit_or_less_was_left() -> None:
    early, late = several(SHARED, 2)
    for stage, day in ((early, "2026-04-02 09:00"), (late, "2026-04-13 10:00")):
        stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
        stage.sweep("2026-03-02 10:00")
        stage.does("clerk", "wait", day)
    # 30 working days end on 14 April: on the 13th there are 13 of 217 hours left, on the 2nd 55.
    (hint,) = found(HintKind.LATE_PAUSE, early, late)
    (act,) = hint.acts
    assert (act.case, act.about) == (late.case, "case")
    assert (act.left, act.whole) == (13 * 3_600_000_000, 217 * 3_600_000_000)


def extended(stage: Stage) -> None:
    an_examined_complaint(stage)
    asked = {"clock": "state", "reason": f"理由{stage.case}", "amount": "5 working days"}
    ward, director = stage.actor("ward"), stage.actor("director")
    stage.send(AskExtension(id=stage.id(), case=stage.case, actor=ward, **asked), "2026-03-05 09:00")
    answer = AnswerExtension(id=stage.id(), case=stage.case, actor=director, clock="state", approve=True)
    stage.send(answer, "2026-03-06 09:00")


def test_three_extensions_that_the_same_two_agreed_on_are_shown() -> None:
    stages = several(FULL, 3)
    for stage in stages:
        extended(stage)
    (hint,) = found(HintKind.SAME_PAIR, *stages)
    assert hint.who == (stages[0].actor("ward").id, stages[0].actor("director").id)
    assert events(hint) == [(stage.case, 4) for stage in stages]
    assert found(HintKind.SAME_PAIR, *stages[:2]) == []


def test_what_lies_outside_the_period_is_not_looked_at() -> None:
    stage = Stage(FULL, CaseId("34202600000018"))
    an_examined_complaint(stage)
    stage.does("ward", "hand_back", "2026-03-03 10:00", reason="不属于本科室", basis=["示例依据"])
    moment = local("2026-03-03 10:00")
    assert [a.seq for a in acts_of(stage, since=moment) if a.kind is HintKind.RETURNED] == [3]
    assert [a for a in acts_of(stage, until=moment) if a.kind is HintKind.RETURNED] == []
