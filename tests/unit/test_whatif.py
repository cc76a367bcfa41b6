"""What other limits would have shown. Expected moments are counted by hand on the calendar of 2026."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine import canonical
from engine.audit.changing import BadSetting, RulesRefused, changed, parse_setting, replaced
from engine.audit.course import Desk, recorded
from engine.audit.rerun import rerun
from engine.audit.whatif import ASSUMPTION, CaseChange, Compared, Load, compared
from engine.calendar import Calendar
from engine.commands import AnswerExtension, AskExtension
from engine.directory import Of
from engine.events import read
from engine.loading import load
from engine.machine import Program
from tests.support.histories import REGION
from tests.support.story import Office, a_state, a_step, a_workflow, at, local

FROZEN = Path(__file__).parents[1] / "vectors" / "histories"
HISTORIES = sorted(path.name for path in FROZEN.glob("*.jsonl"))
PARENTS = {"340302": "3403", "3403": "34"}


def two_desks(**more: Any) -> dict[str, Any]:
    """Three working days for the clerk, then the head has it."""
    first = {
        "title": "受理",
        "owner": "clerk",
        "due": "3 working days",
        "overdue": {"to": "second", "notify": ["head"]},
        "steps": {"reply": a_step("done", by="clerk")},
    }
    return a_workflow({"first": {**first, **more}, "second": a_state(steps={"decide": a_step("done")})})


def what_if(office: Office, *settings: str, calendar: Calendar | None = None) -> Compared:
    made = Program(replaced(office.program.source, [parse_setting(words) for words in settings]))
    calendars = office.world.engine.calendars.digest
    return compared(
        [event.data for event in office.events],
        programs=office.world.digest,
        changed=lambda digest: made,
        calendars=calendars,
        under=(lambda digest: calendar) if calendar else calendars,
        until=office.now,
        parents=PARENTS,
    )


def change_of(found: Compared) -> CaseChange:
    assert found.change is not None
    return found.change


def test_a_tighter_limit_shows_the_lateness_that_the_recorded_one_did_not() -> None:
    office = Office(two_desks())  # Monday 2 March 2026, 10:00: due Thursday the 5th, 17:30
    office.open()
    office.wait_until("2026-03-04 09:00")
    office.take("reply", by="clerk")

    found = what_if(office, "states.first.due=1 working day")

    [clock] = change_of(found).clocks
    assert clock.before is not None
    assert clock.after is not None
    assert (local(clock.before.due_at), clock.before.is_late) == ("2026-03-05 17:30", False)
    assert (local(clock.after.due_at), clock.after.is_late) == ("2026-03-03 17:30", True)
    assert [(local(moment), light) for moment, light in clock.after.turns] == [
        ("2026-03-02 10:00", "green"),
        # Worked are 9:00 to 12:00 and 13:30 to 17:30: 6 hours on Monday, 7 on Tuesday. Four fifths of 13 hours are
        # 10 hours 24 minutes, and 4 hours 24 minutes of Tuesday end at 14:54.
        ("2026-03-03 14:54", "yellow"),
        ("2026-03-03 17:30", "red"),
        ("2026-03-04 09:00", "grey"),
    ]
    assert clock.because[1][0] == "自2026年3月2日（周一）10:00起，时限为1个工作日，当日不计入。"


def test_a_move_that_the_clock_would_have_made_is_an_extra_escalation_and_the_path_stays() -> None:
    office = Office(two_desks())
    office.open()
    office.wait_until("2026-03-04 09:00")
    office.take("reply", by="clerk")

    found = what_if(office, "states.first.due=1 working day")

    [extra] = change_of(found).extra
    assert (local(extra.at), extra.rung, extra.to) == ("2026-03-03 17:30", "due", "second")
    assert extra.desks == (Desk("head", Of.REGION),)
    assert change_of(found).saved == ()
    assert found.totals.loads["after"] == {Load("head", REGION, "2026-W10", "escalation"): 1}
    assert found.totals.loads["before"] == {}
    assert found.totals.count("late", "before") == 0
    assert found.totals.count("late", "after") == 1


def test_an_escalation_that_would_not_have_come_is_saved_and_what_followed_stays() -> None:
    office = Office(two_desks())
    office.open()
    office.wait_until("2026-03-06 10:00")  # on Thursday 17:30 the clock moved it to the head
    office.take("decide", by="head")

    found = what_if(office, "states.first.due=10 working days")

    [saved] = change_of(found).saved
    assert (local(saved.at), saved.rung, saved.to) == ("2026-03-05 17:30", "due", "second")
    assert change_of(found).extra == ()
    late = {when: found.totals.count("late", when) for when in ("before", "after")}  # type: ignore[arg-type]
    assert late == {"before": 1, "after": 0}
    [first] = change_of(found).clocks
    assert first.state == "first"
    assert first.after is not None
    assert [light for _, light in first.after.turns] == ["green", "grey"]  # it ended when the head had it


def test_what_was_extended_is_extended_still_and_counts_on_from_the_other_end() -> None:
    extension = {"at_most": 1, "by": "2 working days", "asked_by": ["clerk"], "approved_by": ["head"]}
    office = Office(two_desks(extension=extension))
    office.open()
    office.wait_until("2026-03-03 10:00")
    office.does(AskExtension, "clerk", clock="state", reason="示例")
    office.does(AnswerExtension, "head", clock="state", approve=True)

    found = what_if(office, "states.first.due=4 working days")

    [clock] = change_of(found).clocks
    assert clock.before is not None
    assert clock.after is not None
    assert local(clock.before.due_at) == "2026-03-09 17:30"  # 3 + 2 working days after Monday the 2nd
    assert local(clock.after.due_at) == "2026-03-10 17:30"
    assert not change_of(found).matters


def test_another_calendar_counts_other_days() -> None:
    office = Office(two_desks())
    office.open()
    office.wait_until("2026-03-02 11:00")
    closed = office.world._calendars[1]  # off on Monday 9 March, and other days later on
    assert not closed.is_working_day(at("2026-03-10 09:00").date())

    found = what_if(office, "states.first.due=6 working days", calendar=closed)

    [clock] = change_of(found).clocks
    assert clock.after is not None
    assert local(clock.after.due_at) == "2026-03-11 17:30"


@cache
def frozen_program(digest: str) -> Program:
    return Program(load((FROZEN / "definitions" / f"{digest}.yaml").read_bytes(), name=f"{digest}.yaml"))


@cache
def frozen_calendar(digest: str) -> Calendar:
    return Calendar.from_data(canonical.decode((FROZEN / "calendars" / f"{digest}.json").read_bytes()))


@pytest.mark.parametrize("name", HISTORIES)
def test_histories_of_earlier_releases_run_again_as_they_are_recorded(name: str) -> None:
    events = [read(data) for data in (FROZEN / name).read_bytes().splitlines()]
    _, before = recorded(events, frozen_program, frozen_calendar)

    after = rerun(events, frozen_program, frozen_calendar, until=events[-1].at)

    assert after.firings == before.firings
    assert {key: run.last.clock.due_at for key, run in after.runs.items()} == {
        key: run.last.clock.due_at for key, run in before.runs.items()
    }


# Settings


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("states.first.due", "看不懂的设定"),
        ("states.first.steps.reply.to=second", "不是时限规则"),
        ("roles.clerk.title=甲", "不是时限规则"),
        ("states.first.due={", "的值看不懂"),
    ],
)
def test_a_setting_that_is_not_about_time_or_cannot_be_read_is_refused(words: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        parse_setting(words)


def test_a_place_that_is_not_there_is_named_with_what_was_probably_meant() -> None:
    source = Office(two_desks()).program.source
    with pytest.raises(BadSetting, match=r"states\.frist") as refused:
        replaced(source, [parse_setting("states.frist.due=1 working day")])
    assert refused.value.hint == "是不是 first？"


def test_rules_that_the_loader_refuses_are_refused_with_its_words_and_the_line_of_the_file() -> None:
    program = _issue()
    with pytest.raises(RulesRefused) as refused:
        replaced(program.source, [parse_setting("states.calling_back.due=P3D")])
    [reason] = refused.value.blockers
    assert reason.code == "duration_iso8601"
    line = int(reason.message.split(":")[1])
    assert program.source.data.decode().splitlines()[line - 1].strip().startswith("due: 3 working days")


def test_rules_without_a_certificate_are_refused() -> None:
    """Two leaders whose clocks send a case to and fro are no rules to compare with."""
    program, calendar = _issue(), frozen_calendar(_any_calendar())
    settings = [parse_setting("states.with_top_leader.overdue={to: with_leader}")]
    with pytest.raises(RulesRefused) as refused:
        changed(program.source, settings, calendar=calendar, today=at("2026-03-02 10:00").date())
    assert refused.value.blockers


def test_the_settings_stand_in_the_definition_and_nothing_else_is_other() -> None:
    source = _issue().source
    made = replaced(source, [parse_setting("limits.rows.general.answer=5 working days")])
    rows: Mapping[str, Any] = made.definition.limits.rows if made.definition.limits else {}
    assert rows["general"]["answer"].words == "5 working days"
    limits = made.definition.limits
    assert source.definition.limits is not None
    assert limits is not None
    restored = {**limits.rows, "general": source.definition.limits.rows["general"]}
    assert (
        made.definition.model_copy(update={"limits": limits.model_copy(update={"rows": restored})})
        == source.definition
    )


def _issue() -> Program:
    path = Path(__file__).parents[2] / "workflows" / "issue.yaml"
    return Program(load(path.read_bytes(), name="workflows/issue.yaml"))


def _any_calendar() -> str:
    return sorted(path.stem for path in (FROZEN / "calendars").glob("*.json"))[0]


def test_the_assumption_is_said_in_so_many_words() -> None:
    assert ASSUMPTION.startswith("行为不变假设")
