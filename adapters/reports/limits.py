"""The limits of a matter in words: how each is called and whose it is, and how far from its end, in working days or hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from adapters.reports.model import Cell, Column, Table, cells
from adapters.reports.naming import Names
from adapters.reports.question import Question
from adapters.reports.wording import moment_words
from engine import clocks
from engine.case import STATE_CLOCK, Case, Clock, lane_of
from engine.clocks import Light

__all__ = [
    "ANSWER",
    "answer_due",
    "clock_holder",
    "clock_table",
    "clock_title",
    "late_days",
    "left_words",
    "limits",
]

ANSWER: Final = "answer"
ACCEPT: Final = "accept"
_HOUR: Final = timedelta(hours=1)


class _Lit(NamedTuple):
    case: Case
    name: str
    clock: Clock
    light: Light


def clock_title(question: Question, case: Case, clock: str) -> str:
    """答复时限; of a lane, whose limit it is: 协办时限（某某局）."""
    definition = question.names.definition(case.digest)
    if clock in definition.clocks:
        return definition.clocks[clock].title.zh
    if lane := lane_of(clock):
        return f"{definition.lanes[case.lanes[lane].type].title.zh}时限（{question.names.lane(case, lane)}）"
    return "环节时限" if clock == STATE_CLOCK else "全程时限"


def clock_holder(question: Question, case: Case, clock: str) -> str:
    """Who has to act before it ends: whoever holds the lane, else the case."""
    lane = lane_of(clock)
    return question.names.held_by(case, case.lanes[lane].holder if lane else case.holder)


def answer_due(names: Names, case: Case) -> datetime | None:
    """By when a matter had to be answered; of one that was settled before it was handed out, by when it had to be taken up."""
    answer, state = case.clocks.get(ANSWER), case.clocks.get(STATE_CLOCK)
    if answer and answer.status != "cancelled":
        return answer.due_at
    if not case.ended:
        return state.due_at if state else None
    return _intake_due(names, case)


def _intake_due(names: Names, case: Case) -> datetime | None:
    """The limit of the state from which it was settled. Its own clock is gone: a state's clock gives way to the next one's."""
    definition, accepted = names.definition(case.digest), case.taken.get(ACCEPT)
    since = accepted.last_at if accepted else case.opened_at
    state = definition.states.get("accepted" if accepted else definition.start)
    if state is None or state.due is None:
        return None
    table = definition.limits
    choice = str(case.data.get(table.by, "")) if table else ""
    length, _ = clocks.resolve_limit(state.due.longest, table, choice)
    return names.calendar.limit_end(length, since, same_moment=False) if length else None


def limits(question: Question, case: Case) -> dict[str, str]:
    """When the most urgent clock of the case is due, and how late it is."""
    running = [clock for clock in case.clocks.values() if clock.status == "running"]
    first = min(running, key=lambda clock: clock.due_at, default=None)
    if first is None:
        return {"due": "", "late": ""}
    is_late = question.now > first.due_at
    return {
        "due": moment_words(first.due_at, question.names.calendar),
        "late": _late_words(question, first).strip() if is_late else "未超期",
    }


def left_words(question: Question, clock: Clock) -> str:
    """超期 2 个工作日; 超期不足 1 个工作日（3 个工作小时）; 剩余 5 个工作小时."""
    if question.now > clock.due_at:
        return f"超期{_late_words(question, clock)}"
    return f"剩余{_hours(question, clock)}"


def late_days(clock: Clock, question: Question) -> int:
    """Working days after the one on which the clock ended, up to today."""
    calendar = question.names.calendar
    if not clock.is_open or question.now <= clock.due_at:
        return 0
    day, days = calendar.local_date(clock.due_at), 0
    while day < question.today:
        day += timedelta(days=1)
        days += calendar.is_working_day(day)
    return days


def clock_table(question: Question, cases: Iterable[Case], shown: Iterable[Light] = ()) -> Table:
    """The open clocks of these cases, the most urgent first; only those of the lights `shown`, if any are named."""
    wanted = frozenset(shown)
    lit = (each for case in cases for each in _open_clocks(question, case))
    found = sorted((each for each in lit if not wanted or each.light in wanted), key=lambda e: e.clock.due_at)
    columns = (
        Column("case", "事项编号", width=14),
        Column("clock", "时限", width=18),
        Column("due", "到期时间", width=16),
        Column("late", "超期或剩余", width=16),
    )
    return Table("clocks", "时限", columns, tuple(_row(question, each) for each in found))


def _open_clocks(question: Question, case: Case) -> Iterable[_Lit]:
    for name, clock in case.clocks.items():
        if clock.is_open:
            yield _Lit(case, name, clock, clocks.light(clock, question.now, question.names.calendar))


def _row(question: Question, each: _Lit) -> tuple[Cell, ...]:
    case, clock = each.case, each.clock
    due = moment_words(clock.due_at, question.names.calendar)
    return cells(
        case.id, clock_title(question, case, each.name), due, Cell(left_words(question, clock), each.light)
    )


def _late_words(question: Question, clock: Clock) -> str:
    """Past the end: whole working days, or hours where not one is over."""
    if days := late_days(clock, question):
        return f" {days} 个工作日"
    return f"不足 1 个工作日（{_hours(question, clock).strip()}）"


def _hours(question: Question, clock: Clock) -> str:
    """Working hours between now and the end, on either side of it."""
    hours = abs(clocks.remaining(clock, question.now, question.names.calendar)) // _HOUR
    return f" {hours} 个工作小时" if hours else "不足 1 个工作小时"
