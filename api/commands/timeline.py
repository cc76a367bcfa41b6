"""A history as people tell it: who did what, when in working time, why, and what that did to which clock.

One reading of the event bytes for `bihuan demo` and `bihuan case history`. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console

from api.commands.output import row, table
from api.history import NEWS, TITLES
from api.presenting import said
from engine import timing
from engine.calendar import Calendar
from engine.canonical import instant, parse_instant
from engine.case import STATE_CLOCK, Case
from engine.definition import FieldSpec, FieldType, State
from engine.directory import Directory
from engine.durations import parse_duration
from engine.events import Event, apply, read
from engine.machine import Program
from engine.recorded import parse_recorded

WEEKDAYS: Final = "一二三四五六日"
CLOCK: Final = "时钟"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline. `worked` is working time since the case was opened; `told` whom the clock notifies.

    A refused attempt is no event: its `seq` is 0.
    """

    seq: int
    when: str
    worked: str
    who: str
    what: str
    why: str
    clocks: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Lookups:
    """Where the names that stand in events are found."""

    program: Callable[[str], Program]
    calendar: Callable[[str], Calendar]
    directory: Directory


def timeline(history: Iterable[bytes], lookups: Lookups) -> Iterator[Line]:
    """One line for each event, seq ascending."""
    case: Case | None = None
    for data in history:
        event = read(data)
        before, case = case, apply(case, event)
        yield line_of(event, before, case, lookups)


def line_of(event: Event, before: Case | None, after: Case, lookups: Lookups) -> Line:
    """One event, with the case before and after it."""
    return _Reading(event, before, after, lookups).line()


def refusal(at: datetime, case: Case, calendar: Calendar, *, who: str, what: str, why: str) -> Line:
    """An attempt that was refused, for stories: the log holds none of it."""
    worked = working_words(calendar.working_time(case.opened_at, at), calendar)
    return Line(0, moment(at, calendar), worked, who, f"✗ {what}", why)


class _Reading:
    """One event, with the case before and after it."""

    def __init__(self, event: Event, before: Case | None, after: Case, lookups: Lookups) -> None:
        self.event, self.before, self.after = event, before, after
        self.asked: Mapping[str, Any] = event.body["asked"]
        self.calendar = lookups.calendar(event.body["calendar"]["digest"])
        self.program = lookups.program(event.body["def"]["digest"])
        # A step is named by the version that it was taken under, which a migration changes only afterwards.
        self.own = lookups.program(before.digest) if before else self.program
        self.directory = lookups.directory

    def line(self) -> Line:
        elapsed = self.calendar.working_time(self.after.opened_at, self.event.at)
        return Line(
            seq=self.event.seq,
            when=moment(self.event.at, self.calendar),
            worked=working_words(elapsed, self.calendar),
            who=self._who(),
            what=" → ".join((self._what(), *self._moves())),
            why=self._why(),
            clocks=tuple(self._clocks()),
            told=self._told() if self.event.type == "clock.fired" else (),
        )

    # Who and what

    def _who(self) -> str:
        actor = self.event.body["actor"]
        name = {"clock": CLOCK, "system": "系统"}.get(actor["kind"]) or self._person(actor["id"])
        return f"{name}（代 {self._person(actor['for'])}）" if actor["for"] else name

    def _person(self, person: str) -> str:
        found = self.directory.person(person)
        return found.title if found else person

    def _what(self) -> str:
        asked, kind = self.asked, self.event.type
        if kind == "case.opened":
            return f"登记 {self.program.definition.title.zh}"
        if kind == "clock.fired":
            return self._rung()
        words = TITLES.get(kind, kind)
        lane = f"［{self._lane(asked['lane'])}］" if asked.get("lane") else ""
        if kind == "step.taken":
            words = self._place(asked["lane"]).steps[asked["step"]].title.zh
        if kind == "extension.answered":
            words = "同意延期" if asked["approve"] else "不同意延期"
        return lane + words

    def _rung(self) -> str:
        fired = self.event.body["inputs"]["fired"]
        clock, name = fired["clock"], fired["rung"]
        rule = timing.rule_of(self.own, self._before(), clock)
        title = rule.title if rule else clock
        lane = f"［{self._lane(clock.removeprefix('lane/'))}］" if clock.startswith("lane/") else ""
        if name.startswith("remind-"):
            return f"{lane}提醒：{title}"
        rung = rule.rung(name) if rule else None
        return f"{lane}{rung.title.zh if rung and rung.title else f'{title}到期'}"

    def _moves(self) -> Iterator[str]:
        """Where it led: states of the case, of the lane that moved, and a new round."""
        definition = self.program.definition
        for change in self.event.body["changes"]:
            if change["op"] == "enter":
                yield definition.states[change["state"]].title.zh
            elif change["op"] == "lane" and change["do"] == "enter":
                lane = self.after.lanes[change["key"]]
                yield definition.lanes[lane.type].states[change["state"]].title.zh
            elif change["op"] == "round":
                yield f"第{change['n']}轮"

    def _lane(self, key: str) -> str:
        if unit := self.directory.unit(key):
            return unit.title.removesuffix("（示例）")
        lane = self.after.lanes.get(key)
        parallel = self.program.definition.states[lane.group].parallel if lane else None
        return parallel.lanes[key].zh if parallel and key in parallel.lanes else key

    def _place(self, lane: str) -> State:
        before, definition = self._before(), self.own.definition
        if not lane:
            return definition.states[before.state]
        here = before.lanes[lane]
        return definition.lanes[here.type].states[here.state]

    def _before(self) -> Case:
        return self.before or self.after

    # Why

    def _why(self) -> str:
        if self.event.type == "clock.fired":
            return self._limit_words()
        if self.event.type == "case.related":
            return f"事项 {self.asked['other']} {NEWS.get(self.asked['news'], '')}".strip()
        if reason := self.asked.get("reason") or self.asked.get("text"):
            return said(reason, None)
        fields = self.own.definition.fields
        data = self.asked.get("data", {})
        shown = (
            _shown(fields[name], value, self.directory) for name, value in data.items() if name in fields
        )
        return "；".join(words for words in shown if words)

    def _limit_words(self) -> str:
        fired = self.event.body["inputs"]["fired"]
        clock = self._before().clocks[fired["clock"]]
        late = int(fired["late_seconds"])
        tail = f"，迟 {late} 秒触发" if late else ""
        longer = "".join(f"，延长{parse_duration(amount).zh}" for amount in clock.extended)
        rule = timing.rule_of(self.own, self._before(), fired["clock"])
        title = self._of_lane(fired["clock"]) + (rule.title if rule else "时限")
        until = self._due(instant(clock.due_at))
        return f"“{title}”{parse_recorded(clock.limit).zh}{longer}，{until} 止{tail}"

    def _told(self) -> tuple[str, ...]:
        people = (p for e in self.event.effects if e["kind"] == "notify" for p in e["people"])
        return tuple(dict.fromkeys(self._person(p) for p in people))

    # Clocks

    def _clocks(self) -> Iterator[str]:
        for change in self.event.body["changes"]:
            if change["op"] != "clock" or change["do"] == "fire" or self._is_routine(change):
                continue
            words, has_end = _DONE_TO_CLOCK.get(change["do"], (change["do"], True))
            until = f"至{self._due(change['clock']['due_at'])}" if has_end else ""
            provisional = "（暂定）" if has_end and change["status"] != "official" else ""
            yield f"{words}“{self._clock_title(change)}”{until}{provisional}"

    def _is_routine(self, change: Mapping[str, Any]) -> bool:
        """A state that was left in time, or by its own clock, needs no word: the line says where it led."""
        is_own = change["id"] == STATE_CLOCK or change["id"].startswith("lane/")
        return is_own and (
            change["do"] == "met" or (change["do"] == "late" and self.event.type == "clock.fired")
        )

    def _due(self, due_at: str) -> str:
        """Without the year where it is that of the event."""
        zone, at = ZoneInfo(self.calendar.zone), parse_instant(due_at)
        due, here = at.astimezone(zone), self.event.at.astimezone(zone)
        return f"{due:%m-%d %H:%M}" if due.year == here.year else f"{due:%Y-%m-%d %H:%M}"

    def _clock_title(self, change: Mapping[str, Any]) -> str:
        """A state's clock has the name of its state: of the one left when it stops, of the one entered when it starts."""
        clock_id = change["id"]
        has_stopped = change["clock"]["status"] in ("met", "late", "cancelled")
        case, program = (self._before(), self.own) if has_stopped else (self.after, self.program)
        rule = timing.rule_of(program, case, clock_id)
        return self._of_lane(clock_id) + (rule.title if rule else "时限")

    def _of_lane(self, clock: str) -> str:
        return f"{self._lane(clock.removeprefix('lane/'))}·" if clock.startswith("lane/") else ""


_DONE_TO_CLOCK: Final[Mapping[str, tuple[str, bool]]] = {
    "start": ("起算", True),
    "resume": ("恢复", True),
    "extend": ("延长", True),
    "retarget": ("改为", True),
    "recount": ("重算", True),
    "carry": ("沿用", True),
    "inherit": ("承接", True),
    "ask": ("申请延长", False),
    "refuse": ("不延长", False),
    "pause": ("暂停", False),
    "met": ("按时停", False),
    "late": ("超期停", False),
    "cancelled": ("取消", False),
}


def moment(at: datetime, calendar: Calendar) -> str:
    """`2026-12-02 周三 09:30`, local."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    return f"{local:%Y-%m-%d} 周{WEEKDAYS[local.weekday()]} {local:%H:%M}"


def working_words(length: timedelta, calendar: Calendar) -> str:
    """Working time as days of this calendar's length, hours and minutes: `2日3时30分`; with a minus when it is past."""
    sign, minutes = ("-" if length < timedelta(0) else ""), abs(int(length.total_seconds())) // 60
    a_day = max(sum(end - begin for begin, end in hours) for hours in calendar.week)
    days, minutes = divmod(minutes, a_day)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{days}日" if days else "", f"{hours}时" if hours else "", f"{minutes}分" if minutes else ""]
    return sign + ("".join(parts) or "0分")


def show_lines(console: Console, lines: Iterable[Line]) -> None:
    """A table on a terminal; one line for each event anywhere else, so that it can be searched and compared."""
    if not console.is_terminal:
        for line in lines:
            console.out("｜".join(_cells(line, "，")).rstrip("｜"), highlight=False)
        return
    shown = table("时间", "历时", "何人", "办理", "内容", "时钟")
    for line in lines:
        row(
            shown,
            *_cells(line, "\n"),
            style="red" if line.seq == 0 else "yellow" if line.who == CLOCK else "",
        )
    console.print(shown)


def _cells(line: Line, between: str) -> tuple[str, ...]:
    why = "，告知".join(filter(None, (line.why, "、".join(line.told))))
    return line.when, line.worked, line.who, line.what, why, between.join(line.clocks)


def _shown(spec: FieldSpec, value: Any, directory: Directory) -> str:
    """What a field says, in words; files and personal fields are left out."""
    if spec.personal or spec.type is FieldType.FILES or value in ("", [], None):
        return ""
    return f"{spec.title.zh}：{_value_words(spec, value, directory)}"


def _value_words(spec: FieldSpec, value: Any, directory: Directory) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_value_words(spec, each, directory) for each in value)
    if spec.type in (FieldType.CHOICE, FieldType.CHOICES):
        return str(spec.options[value])
    if spec.type in (FieldType.UNIT, FieldType.UNITS):
        unit = directory.unit(value)
        return unit.title.removesuffix("（示例）") if unit else str(value)
    if spec.type is FieldType.PERSON and (person := directory.person(value)):
        return person.title
    return str(value)
