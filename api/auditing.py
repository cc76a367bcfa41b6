"""Answers to an auditor's questions, in words, for the API and the command line alike; and whom they are given to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from adapters.bootstrap import Container
from adapters.evidence.selection import Selection
from api.audit_schemas import (
    ActView,
    AsOfView,
    CaseTimeView,
    ChargeView,
    DeadlinesView,
    DeadlineView,
    DeterminationView,
    DifferenceView,
    HintsView,
    HintView,
    LaterView,
    PlaceTimeView,
    TimesView,
    TimeView,
)
from api.auth import Caller
from api.history import TITLES
from api.presenting import CLOCK_WORDS, Presenter
from api.schemas import Named
from api.standing import today
from engine.access import Reach
from engine.audit.asof import as_of
from engine.audit.charging import Charged, Span, charge, totals
from engine.audit.conduct import THRESHOLDS, Act, Hint, HintKind, acts, hints
from engine.audit.deadlines import Deadline, deadlines
from engine.case import CaseId, Holder
from engine.directory import covers
from engine.errors import BihuanError, Blocker, Forbidden
from engine.machine import Program

__all__ = [
    "KIND_WORDS",
    "Scope",
    "Working",
    "as_of_view",
    "audit_reach",
    "case_time_view",
    "deadlines_view",
    "hints_view",
    "require_possible",
    "scope_of",
    "times_view",
]

FIRST_YEAR, LAST_YEAR = 1900, 2999
AUDITORS: Final = frozenset({"auditor", "administrator"})
KIND_WORDS: Final = {"running": "办理", "paused": "挂起", "unaccepted": "未接手"}
BEFORE: Final = "导入以前"
NOTE: Final = "以下是提示，不是结论：每条都列出所依据的记录，请先看记录、听取说明，再作判断。"

Working = Callable[[Iterable[tuple[CaseId, list[bytes]]], int], Iterable[tuple[CaseId, list[bytes]]]]
"""Goes through the histories, perhaps with a progress bar; the number is how many there are."""


class WrongPeriod(BihuanError):
    """Raised when a period ends before it begins, or lies where no calendar reaches."""

    code, kind = "wrong_period", "invalid"


def audit_reach(caller: Caller, region: str = "") -> Reach:
    """The regions in which the caller is an auditor or an administrator, narrowed to `region`. Errors: `Forbidden`."""
    regions = {g.region for g in caller.reader.grants if g.role in AUDITORS and g.region}
    if not regions:
        reason = Blocker("role_missing", "只有审计员和管理员可以查问", {"roles": sorted(AUDITORS)})
        raise Forbidden("只有审计员和管理员可以查问", reasons=[reason], hint="由管理员任命审计员")
    if not region:
        return Reach(regions=tuple(sorted(regions)))
    if not any(covers(own, region) for own in regions):
        reason = Blocker("other_region", f"您的职责范围不包括区划 {region}", {"region": region})
        raise Forbidden(
            f"您的职责范围不包括区划 {region}",
            reasons=[reason],
            hint=f"您的区划：{'、'.join(sorted(regions))}",
        )
    return Reach(regions=(region,))


@dataclass(frozen=True, slots=True)
class Scope:
    """Cases of a region (empty: all of the reach) and local days, both included; `end` is the first moment after them."""

    reach: Reach
    region: str
    first: date
    last: date
    begin: datetime
    end: datetime

    def selection(self, workflow: str = "") -> Selection:
        return Selection(
            reach=self.reach, region=self.region, workflow=workflow, since=self.begin, until=self.end
        )


def scope_of(container: Container, reach: Reach, region: str, since: date, until: date | None) -> Scope:
    """Up to today where no end is said. Errors: `WrongPeriod`, `UnknownRegion`."""
    if region:
        container.directories.current().region(region)
    require_possible(since)
    last = require_possible(until or today(container))
    if last < since:
        raise WrongPeriod(f"期间有误：{since} 至 {last}", hint="起日不晚于止日")
    calendar = container.calendars.current(container.settings.calendar)
    end = calendar.start_of(last + timedelta(days=1))
    return Scope(reach, region, since, last, calendar.start_of(since), end)


def require_possible(day: date) -> date:
    """The day, if moments around it can be computed in every time zone. Errors: `WrongPeriod`."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise WrongPeriod(f"日期有误：{day}", hint=f"写 {FIRST_YEAR} 年至 {LAST_YEAR} 年之间的日期")
    return day


# As of


def as_of_view(
    container: Container, names: Presenter, case: CaseId, moment: datetime, *, occurred: bool
) -> AsOfView:
    found = as_of(container.views.history(case), moment)
    is_other = occurred and found.claimed is not None and found.claimed != found.known
    return AsOfView(
        case=case,
        at=moment,
        known=names.case(found.known, as_of=moment) if found.known else None,
        claimed=names.case(found.claimed, as_of=moment) if is_other and found.claimed else None,
        later=[
            LaterView(
                seq=each.seq,
                type=each.type,
                title=TITLES.get(each.type, each.type),
                at=each.at,
                occurred_at=each.occurred_at,
                actor=names.person(each.actor),
                is_folded=each.is_folded,
            )
            for each in found.later
            if occurred
        ],
        differences=[DifferenceView(**asdict(each)) for each in found.differences if occurred],
    )


# Deadlines


def deadlines_view(container: Container, names: Presenter, case: CaseId, clock: str = "") -> DeadlinesView:
    found = deadlines(
        container.views.history(case), container.definitions.digest, container.calendars.digest, clock=clock
    )
    return DeadlinesView(
        case=case,
        agrees=all(each.agrees for each in found),
        deadlines=[_deadline_view(container, names, case, each) for each in found],
    )


def _deadline_view(container: Container, names: Presenter, case: CaseId, found: Deadline) -> DeadlineView:
    clock = found.clock
    return DeadlineView(
        clock=found.id,
        title=found.title,
        cycle=found.cycle,
        stretch=found.stretch,
        holder=names.holder(container.definitions.digest(found.digest).definition, found.holder),
        limit=found.explanation.limit,
        started_at=clock.started_at,
        due_at=clock.due_at,
        status=clock.status,
        status_word=CLOCK_WORDS[clock.status],
        fired=[rung for rung, _ in found.fired],
        ended_seq=found.ended_seq,
        determinations=[
            DeterminationView(**asdict(each), agrees=each.agrees) for each in found.determinations
        ],
        agrees=found.agrees,
        sentences=list(found.explanation.sentences),
    )


# Where the time goes


def case_time_view(
    container: Container, names: Presenter, case: CaseId, until: datetime
) -> CaseTimeView | None:
    """None where there was no such case by then."""
    found = _charged(container, container.views.history(case), until=until)
    if found is None:
        return None
    program = container.definitions.digest(found.digest)
    whole = totals(found.spans, lambda span: "")
    return CaseTimeView(
        case=case,
        opened_at=found.opened_at,
        until=found.until,
        life=found.life,
        total=TimeView(**whole.get("", _NOTHING)),
        spans=[_charge_view(names, program, span) for span in found.spans],
    )


_NOTHING: Final = {"wall": 0, "working": 0, "running": 0, "paused": 0, "unaccepted": 0}


def _charged(container: Container, history: Iterable[bytes], **period: Any) -> Charged | None:
    return charge(history, container.definitions.digest, container.calendars.digest, **period)


def _charge_view(names: Presenter, program: Program, span: Span) -> ChargeView:
    return ChargeView(
        since=span.since,
        until=span.until,
        state=_state(program, span.state),
        lane=span.lane,
        holder=names.holder(program.definition, span.holder),
        kind=span.kind,
        kind_word=KIND_WORDS[span.kind],
        wall=span.wall,
        working=span.working,
    )


def _state(program: Program, state: str) -> Named:
    known = program.definition.states.get(state)
    return Named(id=state, title=known.title.zh if known else state or BEFORE)


def times_view(container: Container, names: Presenter, scope: Scope, working: Working) -> TimesView:
    """By unit and state over all cases there, the most time first."""
    until = min(scope.end, container.now())
    asked = replace(scope.selection(), until=until)
    cases = asked.count(container.database)
    rows: dict[tuple[str, str, str], PlaceTimeView] = {}
    life = 0
    for _, history in working(asked.histories(container.database), cases):
        if found := _charged(container, history, since=scope.begin, until=until):
            life += found.life
            for row in _places(container, names, found):
                key = (row.unit.id, row.workflow.id, row.state.id)
                rows[key] = _added(rows[key], row) if key in rows else row
    return TimesView(
        region=scope.region,
        since=scope.first,
        until=scope.last,
        cases=cases,
        life=life,
        rows=sorted(rows.values(), key=lambda r: (-r.time.wall, r.unit.id, r.workflow.id, r.state.id)),
    )


def _places(container: Container, names: Presenter, found: Charged) -> Iterator[PlaceTimeView]:
    """The time of one case by who held it and where."""
    program = container.definitions.digest(found.digest)
    an_example = {_place_of(span): span for span in found.spans}
    for place, sums in totals(found.spans, _place_of).items():
        span = an_example[place]
        shown = names.holder(program.definition, span.holder)
        yield PlaceTimeView(
            unit=shown.unit or shown.role or Named(id="", title=BEFORE),
            workflow=Named(id=found.workflow, title=program.definition.title.zh),
            state=_state(program, span.state),
            cases=1,
            time=TimeView(**sums),
        )


def _place_of(span: Span) -> str:
    return f"{span.holder.unit or span.holder.role}/{span.state}"


def _added(one: PlaceTimeView, other: PlaceTimeView) -> PlaceTimeView:
    sums = {name: getattr(one.time, name) + getattr(other.time, name) for name in _NOTHING}
    return one.model_copy(update={"cases": one.cases + other.cases, "time": TimeView(**sums)})


# Hints


def hints_view(container: Container, names: Presenter, scope: Scope, working: Working) -> HintsView:
    asked = scope.selection()
    cases = asked.count(container.database)
    found: list[Act] = []
    for _, history in working(asked.histories(container.database), cases):
        found += acts(
            history,
            container.definitions.digest,
            container.calendars.digest,
            since=scope.begin,
            until=scope.end,
        )
    return HintsView(
        note=NOTE,
        region=scope.region,
        since=scope.first,
        until=scope.last,
        cases=cases,
        thresholds=asdict(THRESHOLDS),
        hints=[_hint_view(names, hint) for hint in hints(found)],
    )


def _hint_view(names: Presenter, hint: Hint) -> HintView:
    return HintView(
        kind=hint.kind.value,
        title=_HINTS[hint.kind][0],
        sentence=_HINTS[hint.kind][1](names, hint),
        who=[names.person(person) for person in hint.who],
        unit=names.unit(hint.unit) if hint.unit else None,
        times=hint.times,
        cases=hint.cases,
        acts=[_act_view(names, act) for act in hint.acts],
    )


def _act_view(names: Presenter, act: Act) -> ActView:
    return ActView(
        case=act.case,
        seq=act.seq,
        at=act.at,
        who=names.person(act.who),
        words=act.words,
        event=f"/api/v1/cases/{act.case}/history#{act.seq}",
    )


def _people(names: Presenter, people: Sequence[str]) -> str:
    return "、".join(names.person(person).title for person in people)


def _held(names: Presenter, holder: Holder) -> str:
    return names.unit(holder.unit).title if holder.unit else holder.role


def _returned(names: Presenter, hint: Hint) -> str:
    first = hint.acts[0]
    source, target = _held(names, first.source), _held(names, first.target)
    return f"{source}经“{hint.about}”退给{target}，{hint.times}次，涉及{hint.cases}件"


_HINTS: Final[dict[HintKind, tuple[str, Callable[[Presenter, Hint], str]]]] = {
    HintKind.RETURNED: ("退单", _returned),
    HintKind.LAST_MINUTE: (
        "临期办结",
        lambda names, hint: (
            f"{_people(names, hint.who)}有{hint.times}次在时限只剩{THRESHOLDS.last_minute_percent}%以内时办结"
        ),
    ),
    HintKind.SAME_WORDS: (
        "同样文字",
        lambda names, hint: f"{_people(names, hint.who)}在{hint.cases}件事项中写了同样的话：“{hint.about}”",
    ),
    HintKind.NIGHT_BURST: (
        "非工作时间集中办理",
        lambda names, hint: (
            f"{_people(names, hint.who)}在非工作时间{THRESHOLDS.night_minutes}分钟内办了{hint.times}步"
        ),
    ),
    HintKind.LATE_PAUSE: (
        "临期挂起",
        lambda names, hint: (
            f"{_people(names, hint.who)}有{hint.times}次在时限只剩{THRESHOLDS.late_pause_percent}%以内时使时钟停走"
        ),
    ),
    HintKind.SAME_PAIR: (
        "延期的申请与审批总是同两人",
        lambda names, hint: (
            f"{names.person(hint.who[0]).title}申请、{names.person(hint.who[1]).title}同意的延期共{hint.times}次"
        ),
    ),
}
