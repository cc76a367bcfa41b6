"""What limits say besides a length (`until quarter end`, `since`, `until` a day, `term`, `ahead`) while clocks stand still, under
another version, and under another calendar. Days are counted by hand on the notice for 2026.

A working day has seven hours, 09:00 to 12:00 and 13:30 to 17:30. Off are 4 to 6 April; 28 February is worked.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from adapters.calendars import load_calendar
from engine.calendar import Calendar, Override
from engine.commands import MoveVersion, Recount
from engine.errors import Blocked
from engine.replay import replay
from tests.support.histories import SYSTEM
from tests.support.story import CASE, Office, a_state, a_step, a_workflow, local

CN = load_calendar("cn")


def due(office: Office, clock: str = "state") -> str:
    return local(office.clock(clock).due_at)


def replays(office: Office) -> bool:
    events = office.world.store.history(office.case.id)
    return replay(events, office.world.digest, office.world.engine.calendars.digest).divergences == ()


def with_a_day(day: str, kind: str) -> tuple[Calendar, Calendar]:
    notice = Override(date=date.fromisoformat(day), kind=kind, reason="示例调整")  # type: ignore[arg-type]
    return CN, CN.with_overrides([notice], id=CN.id, title=CN.title)


def recount(office: Office) -> None:
    office.world.change_calendar("cn")
    office.send(Recount(id=office.key(), case=CASE, actor=SYSTEM, reason="示例"))


def second_version(workflow: dict[str, Any], **move: str) -> dict[str, Any]:
    return {**workflow, "version": 2, "replaces": {"version": 1, "move": move}}


def move_on(office: Office) -> None:
    office.does(MoveVersion, version=2, reason="示例")


def waiting_for(limit: Any, *, starts: str = "open", **fields: Any) -> dict[str, Any]:
    """A clock `whole` that stands still in `waiting`."""
    workflow = a_workflow(
        {
            "first": a_state(
                "60 working days",
                steps={"pass": a_step(None), "begin": a_step(None), "hold": a_step("waiting")},
            ),
            "waiting": a_state(
                "60 working days", pauses=["whole"], steps={"go_on": a_step("first"), "end": a_step()}
            ),
        },
        clocks={
            "whole": {
                "title": "全程",
                "due": limit,
                "starts": [starts],
                "stops": ["end"],
                "overdue": [{"notify": ["head"]}],
            }
        },
    )
    workflow["fields"] |= fields
    return workflow


def stood_still(office: Office, since: str, until: str) -> None:
    office.move_to(since)
    office.take("hold")
    office.move_to(until)
    office.take("go_on")


# Until the end of a quarter or a month


@pytest.mark.parametrize("limit", ["until quarter end", "until month end"])
def test_the_end_of_a_period_stays_where_it_is_while_the_clock_stands_still(limit: str) -> None:
    office = Office(waiting_for(limit))
    office.open()
    stood_still(office, "2026-03-03 10:00", "2026-03-20 10:00")

    assert due(office, "whole") == "2026-03-31 17:30"
    assert replays(office)


def test_a_period_that_ended_while_the_clock_stood_still_rings_as_soon_as_it_runs() -> None:
    office = Office(waiting_for("until quarter end"))
    office.open()
    stood_still(office, "2026-03-30 10:00", "2026-04-02 10:00")

    assert due(office, "whole") == "2026-03-31 17:30"
    assert office.wait_until("2026-04-02 10:00") == ["whole due"]


@pytest.mark.parametrize(
    ("limit", "now", "day", "kind", "before", "after"),
    [
        (
            "until quarter end",
            "2026-03-02 10:00",
            "2026-03-31",
            "off",
            "2026-03-31 17:30",
            "2026-04-01 00:00",
        ),
        ("until month end", "2026-05-11 10:00", "2026-05-31", "work", "2026-06-01 00:00", "2026-05-31 17:30"),
        ("until month end", "2026-02-25 10:00", "2026-02-28", "off", "2026-02-28 17:30", "2026-03-01 00:00"),
    ],
    ids=["a Tuesday becomes free", "a Sunday is worked", "a make-up day is taken back"],
)
def test_under_another_calendar_a_period_ends_on_the_same_day_at_the_hour_of_that_day(
    limit: str, now: str, *, day: str, kind: str, before: str, after: str
) -> None:
    office = Office(a_workflow({"first": a_state(limit)}), now=now, both=with_a_day(day, kind))
    office.open()
    assert due(office) == before
    recount(office)

    assert due(office) == after
    assert replays(office)


def test_under_another_version_the_period_that_runs_is_kept_and_the_next_one_is_new() -> None:
    """Opened on Friday 10 April: the month ends on Thursday the 30th, the quarter on Tuesday 30 June."""
    steps = {"again": a_step("first")}
    old, new = (
        a_workflow({"first": a_state(limit, steps=steps)})
        for limit in ("until month end", "until quarter end")
    )
    office = Office(old, now="2026-04-10 10:00", later=second_version(new))
    office.open()
    move_on(office)
    assert due(office) == "2026-04-30 17:30"

    office.take("again")
    assert due(office) == "2026-06-30 17:30"
    assert replays(office)


# Since a step


def test_what_counts_since_a_step_is_put_off_by_what_the_clock_stood_still() -> None:
    """A month since 2 March is 2 April; five days more are 7 April, the first working day after the holidays."""
    office = Office(waiting_for({"within": "1 month", "since": "pass"}, starts="begin"))
    office.open()
    office.take("pass")
    office.move_to("2026-03-16 10:00")
    office.take("begin")
    assert due(office, "whole") == "2026-04-02 17:30"
    stood_still(office, "2026-03-20 10:00", "2026-03-25 10:00")

    assert due(office, "whole") == "2026-04-07 17:30"
    assert replays(office)


def test_working_days_since_a_step_are_put_off_by_the_working_time_of_the_pause() -> None:
    """Ten working days since Monday the 2nd end on Monday the 16th; from Tuesday to Thursday are two."""
    office = Office(waiting_for({"within": "10 working days", "since": "pass"}, starts="begin"))
    office.open()
    office.take("pass")
    office.move_to("2026-03-09 10:00")
    office.take("begin")
    assert due(office, "whole") == "2026-03-16 17:30"
    stood_still(office, "2026-03-10 09:00", "2026-03-12 09:00")

    assert due(office, "whole") == "2026-03-18 17:30"


def since(step: str, name: str) -> dict[str, Any]:
    return a_workflow(
        {
            "first": a_state("20 working days", steps={"pass": a_step("checked")}),
            "checked": a_state("20 working days", steps={"hold": a_step(name)}),
            name: a_state(due={"within": "1 month", "since": step}, steps={"back": a_step("checked")}),
        }
    )


def held_since_pass(**more: Any) -> Office:
    """Passed on 2 March, held on 16 March."""
    office = Office(since("pass", "kept"), **more)
    office.open()
    office.take("pass")
    office.move_to("2026-03-16 10:00")
    office.take("hold")
    return office


def test_under_another_version_a_clock_since_a_step_keeps_its_start_and_the_next_counts_as_that_says() -> (
    None
):
    office = held_since_pass(later=second_version(since("hold", "held"), kept="held"))
    move_on(office)
    assert (office.case.state, due(office)) == ("held", "2026-04-02 17:30")

    office.take("back")
    office.move_to("2026-03-17 10:00")
    office.take("hold")
    assert due(office) == "2026-04-17 17:30"  # a month since that very step
    assert replays(office)


def test_under_another_calendar_it_still_counts_since_the_step() -> None:
    """2 April becomes free, 3 April is a Friday."""
    office = held_since_pass(both=with_a_day("2026-04-02", "off"))
    recount(office)

    assert due(office) == "2026-04-03 17:30"
    assert office.clock().started_at == office.events[1].at
    assert replays(office)


# Until a day that was named

DAY = {"title": "复核日期", "type": "date"}


def until_a_day(day: str) -> Office:
    workflow = waiting_for({"until": "day", "at_most": "1 month"}, day=DAY)
    workflow["opening"]["may"].append("day")
    office = Office(workflow)
    office.open(**({"day": day} if day else {}))
    return office


@pytest.mark.parametrize(
    ("day", "ends"),
    [("2026-03-27", "2026-03-27 17:30"), ("2026-12-31", "2026-04-07 17:30"), ("", "2026-04-07 17:30")],
    ids=["the day", "the most, before a day far off", "the most without a day"],
)
def test_a_named_day_stays_while_the_clock_stands_still_and_the_most_is_put_off_with_and_without_one(
    day: str, ends: str
) -> None:
    """A month after 2 March, and five days."""
    office = until_a_day(day)
    stood_still(office, "2026-03-20 10:00", "2026-03-25 10:00")

    assert due(office, "whole") == ends
    assert replays(office)


# A term


def posted(*, term: bool, day: str = "10 days") -> dict[str, Any]:
    """`posted` lasts ten days and then goes back to `first`; the case stands still meanwhile."""
    state = a_state(day, pauses=["case"], steps={"end": a_step()}, overdue={"to": "first"}, term=term)
    return a_workflow(
        {"first": a_state("60 working days", steps={"post": a_step("posted")}), "posted": state},
        case_due={"within": "20 working days", "to": "first"},
    )


def posted_on_tuesday(workflow: dict[str, Any], **more: Any) -> Office:
    """Opened on Monday the 2nd, posted on the 3rd: ten days later is Friday the 13th."""
    office = Office(workflow, **more)
    office.open()
    office.move_to("2026-03-03 10:00")
    office.take("post")
    return office


def ended(office: Office) -> tuple[list[str], list[str]]:
    """How the last event ended the clock of the state, and what people were told of it."""
    event = office.events[-1]
    clocks = [c["do"] for c in event.body["changes"] if c.get("id") == "state" and c["do"] in ("met", "late")]
    return clocks, sorted({e["about"] for e in event.effects if e.get("clock") == "state"})


def test_a_term_runs_on_while_it_makes_the_case_stand_still_and_nobody_is_late_by_it() -> None:
    """Of the case's time six hours and nineteen days are left on the 3rd at 10:00. From the 13th at 17:30 on, the
    nineteenth working day is 10 April, and six hours into Monday the 13th is 16:30.
    """
    office = posted_on_tuesday(posted(term=True))
    assert due(office, "case") == "2026-03-30 17:30"

    assert office.wait_until("2026-03-13 17:30") == ["state due"]
    assert office.case.state == "first"
    assert ended(office) == (["met"], ["elapsed"])
    assert due(office, "case") == "2026-04-13 16:30"
    assert replays(office)


@pytest.mark.parametrize(
    ("before", "after", "clock", "told"),
    [(False, True, "met", "elapsed"), (True, False, "late", "overdue")],
    ids=["becomes a term", "is one no longer"],
)
def test_whether_it_is_a_term_says_the_version_under_which_it_ends(
    before: bool, after: bool, clock: str, told: str
) -> None:
    office = posted_on_tuesday(posted(term=before), later=second_version(posted(term=after, day="20 days")))
    move_on(office)
    assert due(office) == "2026-03-13 17:30"

    office.wait_until("2026-03-13 17:30")
    assert ended(office) == ([clock], [told])
    assert replays(office)


def test_under_another_calendar_a_term_runs_out_with_the_next_working_day() -> None:
    """Friday the 13th becomes free."""
    office = posted_on_tuesday(posted(term=True), both=with_a_day("2026-03-13", "off"))
    recount(office)

    assert office.wait_until("2026-03-16 17:29") == []
    assert office.wait_until("2026-03-16 17:30") == ["state due"]
    assert ended(office) == (["met"], ["elapsed"])
    assert replays(office)


# Days ahead


def calling(least: int) -> dict[str, Any]:
    check = {"check": f"ahead.on >= {least}", "else": "离走访太近"}
    call = a_step(None, may=["on"], when=[check])
    workflow = a_workflow(
        {
            "first": a_state("60 working days", steps={"call": call, "hold": a_step("waiting")}),
            "waiting": a_state("20 working days", pauses=["case"], steps={"call": call}),
        },
        case_due={"within": "20 working days", "to": "first"},
    )
    workflow["fields"]["on"] = {"title": "日期", "type": "date"}
    return workflow


def may_call(office: Office, on: str) -> bool:
    try:
        office.take("call", on=on)
    except Blocked:
        return False
    return True


def test_days_ahead_are_those_of_the_calendar_of_that_moment() -> None:
    """From Monday the 2nd the Wednesday is two working days ahead, and one once the Tuesday is free."""
    office = Office(calling(2), both=with_a_day("2026-03-03", "off"))
    office.open()
    assert may_call(office, "2026-03-04")
    recount(office)

    assert not may_call(office, "2026-03-04")
    assert may_call(office, "2026-03-05")
    assert replays(office)


def test_how_many_days_ahead_it_takes_says_the_version_of_that_moment() -> None:
    office = Office(calling(2), later=second_version(calling(3)))
    office.open()
    assert may_call(office, "2026-03-04")
    move_on(office)

    assert not may_call(office, "2026-03-04")
    assert may_call(office, "2026-03-05")
    assert replays(office)


def test_days_ahead_go_by_although_the_clock_stands_still() -> None:
    office = Office(calling(2))
    office.open()
    office.take("hold")
    assert may_call(office, "2026-03-05")
    office.move_to("2026-03-04 10:00")

    assert not may_call(office, "2026-03-05")
    assert may_call(office, "2026-03-06")
    assert replays(office)
