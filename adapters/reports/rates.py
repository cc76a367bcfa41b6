"""Rates of handling, as reports show them: which matters are in a period's cohort, and what is counted of them.

A matter belongs to the period in which its answer falls due, extensions included, so that a late one cannot leave the statistics
(requirements §3.7). Not accepted, withdrawn and merged ones are left out, as are those settled on the spot, which had no limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from adapters.reports.lights import ANSWER
from adapters.reports.model import Behind, Figure, Measure
from adapters.reports.naming import Names
from adapters.reports.period import Period
from engine import clocks
from engine.calendar import Calendar
from engine.case import Case

__all__ = ["RATES", "due_in", "figures_of", "opened_in", "settled_on_site"]

LEFT_OUT: Final = frozenset({"rejected", "withdrawn", "merged"})
FEW: Final = 5  # rates of fewer ratings are not shown


class Rate(NamedTuple):
    """`row` says whether a case belongs to the whole and, if so, whether it counts; None leaves it out."""

    key: str
    title: str
    row: Callable[[Case, Calendar], bool | None]
    suppress_below: int = 0
    note: str = ""


def _answered(case: Case) -> bool:
    """In time by the end that holds, extensions included."""
    return case.clocks[ANSWER].status == "met"


def _answered_originally(case: Case, calendar: Calendar) -> bool:
    clock = case.clocks[ANSWER]
    if not clock.extended:
        return _answered(case)
    end = clocks.due_moment(clock.changed(extended=()), calendar)
    stopped = clock.segments[-1][1]
    return clock.status == "met" and stopped is not None and stopped <= end


def _is(field: str, *values: str) -> Callable[[Case, Calendar], bool | None]:
    return lambda case, _: case.data[field] in values if case.data.get(field) else None


def _taken(step: str) -> Callable[[Case, Calendar], bool]:
    return lambda case, _: step in case.taken


RATES: Final = (
    Rate("closed", "办结率", lambda case, _: bool(case.ended)),
    Rate("on_time", "按时办结率", lambda case, _: _answered(case), note="按经批准延期后的时限"),
    Rate("on_time_original", "按原时限办结率", _answered_originally, note="不计延期，与按时办结率对照"),
    Rate("solved", "解决率", _is("solved", "solved"), note="以回访结果为准"),
    Rate(
        "satisfied",
        "满意率",
        _is("rating", "satisfied", "fairly"),
        FEW,
        note=f"有效评价不足 {FEW} 件的不显示",
    ),
    Rate("extended", "延期率", lambda case, _: bool(case.clocks[ANSWER].extended)),
    Rate("handed_back", "退回率", _taken("hand_back")),
    Rate("redone", "重办率", _taken("redo")),
)


def opened_in(cases: Iterable[Case], period: Period, names: Names) -> list[Case]:
    return [case for case in cases if names.day(case.opened_at) in period]


def due_in(cases: Iterable[Case], period: Period, names: Names, now: datetime) -> list[Case]:
    """The cohort of the period, of those whose end is past."""
    return [c for c in cases if c.state not in LEFT_OUT and due_day(c, names, now) in period]


def due_day(case: Case, names: Names, now: datetime) -> date | None:
    """The day by which it was to be answered; None before that, while the clock stands still, and where none ran."""
    clock = case.clocks.get(ANSWER)
    if clock is None or clock.status in ("paused", "cancelled") or clock.due_at > now:
        return None
    return names.day(clock.due_at)


def settled_on_site(cases: Iterable[Case], period: Period, names: Names) -> list[Case]:
    """Settled at once, without a limit for the answer: counted apart."""
    found = ((case, case.taken.get("close_on_site")) for case in cases)
    return [case for case, taken in found if taken and names.day(taken.last_at) in period]


def figures_of(scope: str, cohort: Sequence[Case], calendar: Calendar) -> Iterator[Figure]:
    """All rates of a cohort, keyed `rates/<scope>/<rate>`."""
    for rate in RATES:
        counted = ((case, rate.row(case, calendar)) for case in cohort)
        rows = tuple(Behind(case.id, counts) for case, counts in counted if counts is not None)
        yield _figure(f"rates/{scope}/{rate.key}", rate.title, rows, "rate", rate.suppress_below)
    yield _hours(scope, cohort, calendar)


def _hours(scope: str, cohort: Sequence[Case], calendar: Calendar) -> Figure:
    """Whole working hours until the answer, pauses left out."""
    stopped = [(case, clock) for case in cohort if not (clock := case.clocks[ANSWER]).is_open]
    rows = tuple(
        Behind(case.id, amount=int(clocks.worked(clock, case.at, calendar).total_seconds() // 3600))
        for case, clock in stopped
    )
    return _figure(f"rates/{scope}/hours", "平均办理时长（工作小时）", rows, "mean")


def _figure(
    key: str, title: str, rows: tuple[Behind, ...], measure: Measure, suppress_below: int = 0
) -> Figure:
    return Figure(key, title, rows, measure, suppress_below)
