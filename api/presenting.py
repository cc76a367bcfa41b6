"""A case as its readers see it: titles beside ids, clocks with their light, and the steps open to the caller.

Nothing is decided here: whether a step is open is asked of the engine, with the same code that will judge it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import orjson

from adapters.bootstrap import Container
from api.auth import Caller
from api.schemas import (
    AskedView,
    BlockerView,
    CaseNow,
    CaseSummary,
    CaseView,
    ClockView,
    FieldView,
    HolderView,
    LaneView,
    LightView,
    Named,
    OpenStep,
    OptionView,
    RelatedView,
    RemainingView,
    StepView,
    ValueView,
)
from engine import clocks, timing
from engine.blockers import AUTHORITY, Place, why_blocked
from engine.calendar import Calendar
from engine.case import Case, Clock, CommandId, Holder, Lane, Said
from engine.clocks import Light
from engine.commands import Comment
from engine.definition import Definition, FieldSpec, FieldType
from engine.directory import Directory, UnknownRegion
from engine.draft import Draft, Facts
from engine.durations import parse_duration
from engine.fields import SEALED
from engine.machine import CompiledStep, Program
from engine.recorded import parse_recorded

__all__ = [
    "CLOCK_WORDS",
    "LIGHT_WORDS",
    "OUTCOME_WORDS",
    "Presenter",
    "etag_of",
    "field_view",
    "light_view",
    "said",
]

LIGHT_WORDS: Final[Mapping[Light, Literal["绿", "黄", "红", "灰"]]] = {
    "green": "绿",
    "yellow": "黄",
    "red": "红",
    "grey": "灰",
}
_URGENCY: Final[tuple[Light, ...]] = ("grey", "green", "yellow", "red")
_CALENDAR_WORDS: Final[Mapping[str, Literal["正式", "暂定", "未公布"]]] = {
    "official": "正式",
    "provisional": "暂定",
    "missing": "未公布",
}
CLOCK_WORDS: Final = {
    "running": "计时中",
    "paused": "挂起",
    "met": "按时完成",
    "late": "超时完成",
    "cancelled": "已取消",
}
OUTCOME_WORDS: Final = {"": "办理中", "done": "已完成", "missed": "逾期未办", "withdrawn": "已撤回"}
_HIDDEN: Final = "（个人信息，已隐去）"
_ERASED: Final = "（个人信息，已清除）"
_LINE: Final = 60  # characters
_MINUTE: Final = timedelta(minutes=1)


def light_view(light: Light) -> LightView:
    return LightView(code=light, word=LIGHT_WORDS[light])


def etag_of(case: Case) -> str:
    return f'"c{case.seq}"'


def field_view(name: str, spec: FieldSpec, *, required: bool) -> FieldView:
    return FieldView(
        id=name,
        title=spec.title.zh,
        type=spec.type.value,
        required=required,
        min=spec.min,
        max=spec.max,
        options=[OptionView(id=key, title=title.zh) for key, title in spec.options.items()],
        personal=spec.personal,
        note=spec.note or "",
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    """A step as the caller finds it; `is_theirs` when nothing about their authority is in the way."""

    view: StepView
    is_theirs: bool


class Presenter:
    """Views for one caller at one moment; made for a request and thrown away."""

    def __init__(self, container: Container, caller: Caller, now: datetime) -> None:
        self._container = container
        self._caller = caller
        self._now = now
        self._directory: Directory = container.directories.current()

    # Names

    def region(self, region: str) -> Named:
        try:
            return Named(id=region, title=self._directory.region(region).title)
        except UnknownRegion:  # abolished since the case was opened
            return Named(id=region, title=region)

    def person(self, person: str) -> Named:
        known = self._directory.person(person)
        return Named(id=person, title=known.title if known else person)

    def unit(self, unit: str) -> Named:
        known = self._directory.unit(unit)
        return Named(id=unit, title=known.title if known else unit)

    def holder(self, definition: Definition, holder: Holder) -> HolderView:
        role = definition.roles.get(holder.role)
        return HolderView(
            role=Named(id=holder.role, title=role.title.zh) if role else None,
            unit=self.unit(holder.unit) if holder.unit else None,
            person=self.person(holder.person) if holder.person else None,
        )

    def program(self, case: Case) -> Program:
        return self._container.definitions.digest(case.digest)

    # Cases

    def title(self, case: Case) -> str:
        """What it is about, in a line: the first text that an opening of this workflow needs."""
        definition = self.program(case).definition
        texts = (n for n in definition.opening.needs if definition.fields[n].type is FieldType.TEXT)
        value = case.data.get(next(texts, ""), "")
        return value[:_LINE] if isinstance(value, str) else ""

    def summary(self, case: Case) -> CaseSummary:
        return CaseSummary(**self._head(case))

    def case(self, case: Case, *, as_of: datetime | None = None) -> CaseView:
        """Everything about a case; as it stood at `as_of` no step is open any more, and personal values stay hidden."""
        program, moment = self.program(case), as_of or self._now
        looked = [] if as_of else self._looked(program, case)
        secrets = self._secrets(program.definition, case, looked)
        return CaseView(
            **self._head(case, moment),
            digest=case.digest,
            as_of=moment,
            data=self.values(program.definition, case.data, secrets),
            lanes=[self._lane(program, key, lane, secrets) for key, lane in case.lanes.items()],
            clocks=[self.clock(program, case, key, moment, secrets) for key in _clocks_in_order(case)],
            related=[RelatedView(case=other, **link) for other, link in case.related.items()],
            steps=[one.view for one in looked],
        )

    def now_of(self, case: Case) -> CaseNow:
        title = self.program(case).definition.states[case.state].title.zh
        return CaseNow(id=case.id, state=case.state, state_title=title, seq=case.seq, etag=etag_of(case))

    def open_steps(self, case: Case) -> list[OpenStep]:
        views = (one.view for one in self._looked(self.program(case), case))
        return [OpenStep(step=v.step, title=v.title, lane=v.lane) for v in views if v.is_open]

    def _head(self, case: Case, moment: datetime | None = None) -> dict[str, Any]:
        definition = self.program(case).definition
        due = [
            c.due_at for k, c in case.clocks.items() if c.status == "running" and not k.startswith("lane/")
        ]
        return {
            "id": case.id,
            "title": self.title(case),
            "workflow": Named(id=case.workflow, title=definition.title.zh),
            "version": case.version,
            "region": self.region(case.region),
            "subject": case.subject,
            "state": Named(id=case.state, title=definition.states[case.state].title.zh),
            "ended": case.ended,
            "round": case.round,
            "holder": self.holder(definition, case.holder),
            "due_at": min(due, default=None),
            "light": light_view(self.light(case, moment or self._now)),
            "opened_at": case.opened_at,
            "at": case.at,
            "seq": case.seq,
        }

    def light(self, case: Case, moment: datetime) -> Light:
        """The worst of the case's clocks, those of its lanes included; 灰 once it has ended."""
        if case.ended:
            return "grey"
        calendar = self.calendar(self.program(case).definition)
        found = (clocks.light(clock, moment, calendar) for clock in case.clocks.values())
        return max(found, key=_URGENCY.index, default="grey")

    def calendar(self, definition: Definition) -> Calendar:
        return self._container.calendars.current(definition.calendar)

    def _lane(self, program: Program, key: str, lane: Lane, secrets: Mapping[str, bytes] | None) -> LaneView:
        definition = program.definition
        return LaneView(
            lane=key,
            title=self.lane_title(definition, lane, key),
            type=lane.type,
            state=Named(id=lane.state, title=definition.lanes[lane.type].states[lane.state].title.zh),
            outcome=lane.outcome,
            outcome_word=OUTCOME_WORDS[lane.outcome],
            times=lane.n,
            holder=self.holder(definition, lane.holder),
            data=self.values(definition, lane.data, secrets),
        )

    def lane_title(self, definition: Definition, lane: Lane, key: str) -> str:
        """`科室协查·示例财政局`: the lane type and whose it is."""
        parallel = definition.states[lane.group].parallel if lane.group in definition.states else None
        if parallel and key in parallel.lanes:
            return parallel.lanes[key].zh
        unit = self._directory.unit(key)
        return f"{definition.lanes[lane.type].title.zh}·{unit.title if unit else key}"

    # Clocks

    def clock(
        self,
        program: Program,
        case: Case,
        key: str,
        moment: datetime,
        secrets: Mapping[str, bytes] | None = None,
    ) -> ClockView:
        clock, calendar = case.clocks[key], self.calendar(program.definition)
        status = calendar.status(clock.started_at, clock.due_at).value
        return ClockView(
            id=key,
            title=self.clock_title(program, case, key),
            status=clock.status,
            status_word=CLOCK_WORDS[clock.status],
            limit=parse_recorded(clock.limit).zh,
            extended=[parse_duration(words).zh for words in clock.extended],
            started_at=clock.started_at,
            due_at=clock.due_at,
            calendar=status,
            calendar_word=_CALENDAR_WORDS[status],
            remaining=_remaining(clock, moment, calendar),
            light=light_view(clocks.light(clock, moment, calendar)),
            asked=self._asked(clock, secrets),
            next_at=clock.next_at,
            next_rung=clock.next_rung,
        )

    def clock_title(self, program: Program, case: Case, key: str) -> str:
        definition = program.definition
        if key.startswith("lane/"):
            name = key.removeprefix("lane/")
            return self.lane_title(definition, case.lanes[name], name)
        rule = timing.rule_of(program, case, key)
        return rule.title if rule else definition.states[case.state].title.zh

    def _asked(self, clock: Clock, secrets: Mapping[str, bytes] | None) -> AskedView | None:
        asked = clock.asked
        if asked is None:
            return None
        by = self.person(asked.by)
        reason = said(asked.reason, secrets)
        return AskedView(amount=parse_duration(asked.amount).zh, reason=reason, by=by, at=asked.at)

    # Values

    def values(
        self, definition: Definition, data: Mapping[str, Any], secrets: Mapping[str, bytes] | None
    ) -> list[ValueView]:
        """`secrets` None hides personal values."""
        return [self._value(definition.fields.get(name), name, v, secrets) for name, v in data.items()]

    def _value(
        self, spec: FieldSpec | None, name: str, value: Any, secrets: Mapping[str, bytes] | None
    ) -> ValueView:
        title = spec.title.zh if spec else name
        if isinstance(value, dict) and SEALED in value:
            shown, words = _unsealed(value[SEALED], secrets)
            return ValueView(field=name, title=title, value=shown, words=words, personal=True)
        return ValueView(field=name, title=title, value=value, words=self._words(spec, value))

    def _words(self, spec: FieldSpec | None, value: Any) -> str:
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list | tuple):
            return "、".join(self._words(spec, item) for item in value)
        kind = spec.type if spec else FieldType.TEXT
        if spec and kind in (FieldType.CHOICE, FieldType.CHOICES) and value in spec.options:
            return spec.options[value].zh
        if kind in (FieldType.UNIT, FieldType.UNITS):
            return self.unit(value).title
        if kind is FieldType.PERSON:
            return self.person(value).title
        if kind is FieldType.FILES and (file := self._container.files.find(value)):
            return file.name or value
        return str(value)

    def _secrets(
        self, definition: Definition, case: Case, looked: Iterable[_Looked]
    ) -> Mapping[str, bytes] | None:
        """Personal values are for those who handle the case now: who calls back needs the number, who reads does not.

        Who sees them stands in the journal before they do. Errors: `StoreUnavailable`.
        """
        if not any(one.is_theirs for one in looked):
            return None
        secrets = self._container.personal.of(case.id)
        if fields := _sealed_fields(case, secrets):
            self._container.reads.shown(self._caller.actor, {"case": case.id}, fields, self._now)
        return secrets

    def secrets_beside(self, case: Case) -> Mapping[str, bytes] | None:
        """For the words that people wrote beside the fields, where those are personal; to be seen, and told, as values are."""
        program = self.program(case)
        looked = self._looked(program, case) if program.definition.personal else ()
        if not any(one.is_theirs for one in looked):
            return None
        secrets = self._container.personal.of(case.id)
        if secrets:
            about = {"case": case.id}
            self._container.reads.shown(self._caller.actor, about, program.definition.personal, self._now)
        return secrets

    # Steps

    def _looked(self, program: Program, case: Case) -> list[_Looked]:
        """Every step of the present state and of the open lanes, as the caller finds it."""
        container = self._container
        probe = Comment(id=CommandId("look"), case=case.id, actor=self._caller.actor, text="")
        facts = Facts(
            now=self._now,
            calendar=self.calendar(program.definition),
            directory=self._directory,
            log=container.engine.log,
            engine=container.engine.version,
        )
        draft = Draft(program, case, probe, facts)
        open_lanes = [key for key, lane in case.lanes.items() if not lane.outcome]
        places = [Place.of(draft, lane) for lane in ("", *open_lanes)]
        return [
            self._look(draft, place, step)
            for place in places
            for step in place.chart.steps[place.state].values()
        ]

    def _look(self, draft: Draft, place: Place, step: CompiledStep) -> _Looked:
        definition, spec = draft.program.definition, step.spec
        reasons = why_blocked(draft, place, step, incoming=None)
        view = StepView(
            step=step.id,
            title=spec.title.zh,
            lane=place.lane,
            by=[definition.roles[role].title.zh for role in spec.by],
            is_open=not reasons,
            needs=[field_view(name, definition.fields[name], required=True) for name in spec.needs],
            may=[field_view(name, definition.fields[name], required=False) for name in spec.may],
            blockers=[BlockerView(**reason.as_data()) for reason in reasons],
            note=spec.note or "",
        )
        return _Looked(view, all(reason.code not in AUTHORITY for reason in reasons))


def _sealed_fields(case: Case, secrets: Mapping[str, bytes]) -> list[str]:
    """Fields of the case and of its lanes whose personal value is still there to be shown."""
    everything = (case.data, *(lane.data for lane in case.lanes.values()))
    found = {
        name
        for data in everything
        for name, value in data.items()
        if isinstance(value, dict) and value.get(SEALED) in secrets
    }
    return sorted(found)


def _clocks_in_order(case: Case) -> list[str]:
    """Open ones first, the earliest due first."""
    return sorted(case.clocks, key=lambda k: (not case.clocks[k].is_open, case.clocks[k].due_at, k))


def _remaining(clock: Clock, moment: datetime, calendar: Calendar) -> RemainingView:
    left = clocks.remaining(clock, moment, calendar)
    minutes = int(left / _MINUTE)
    here = clock.segments[-1][1] or moment
    days = sum(1 for _ in _working_days(here, clock.due_at, calendar)) if clock.is_open else 0
    return RemainingView(minutes=minutes, days=days, words=_left_words(clock, minutes, days))


def _working_days(start: datetime, end: datetime, calendar: Calendar) -> Iterator[None]:
    """One for each working day after that of `start`, up to that of `end`."""
    day, last = calendar.local_date(start), calendar.local_date(max(start, end))
    while day < last:
        day += timedelta(days=1)
        if calendar.is_working_day(day):
            yield None


def _left_words(clock: Clock, minutes: int, days: int) -> str:
    if not clock.is_open:
        return CLOCK_WORDS[clock.status]
    hours, rest = divmod(abs(minutes), 60)
    span = f"{hours}小时{rest}分" if rest else f"{hours}小时"
    if minutes < 0:
        return f"已超期，工作时间{span}"
    return f"还有{days}个工作日，工作时间{span}" if days else f"今天到期，还有工作时间{span}"


def said(words: Said, secrets: Mapping[str, bytes] | None) -> str:
    """What somebody wrote beside the fields; where that is personal, only for whoever is given the secrets."""
    return words if isinstance(words, str) else _unsealed(words[SEALED], secrets)[1]


def _unsealed(commitment: str, secrets: Mapping[str, bytes] | None) -> tuple[Any, str]:
    if secrets is None:
        return None, _HIDDEN
    if commitment not in secrets:
        return None, _ERASED
    value = orjson.loads(secrets[commitment])
    return value, str(value)
