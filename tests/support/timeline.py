"""A history as people tell it: one line for each event, with when, who, what, why and which clock.

Reads event bodies and nothing else, so that the same lines come out of a live run and of a stored history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.canonical import parse_instant
from engine.case import CASE_CLOCK, STATE_CLOCK, Case
from engine.clocks import Rule
from engine.definition import FieldSpec, FieldType, State
from engine.directory import Directory
from engine.durations import Share, parse_duration
from engine.machine import Program
from engine.timing import rule_of

Body = Mapping[str, Any]
Change = Mapping[str, Any]

BAR = "｜"
ENDS = {"met": "按时停表", "late": "超期停表", "cancelled": "取消", "pause": "停走"}
UNTIL = frozenset({"start", "resume", "extend", "retarget", "inherit", "recount", "carry"})
PLAIN = {
    "extension.asked": "申请延期",
    "lane.added": "增加并行线",
    "lane.withdrawn": "撤回并行线",
    "case.assigned": "指派经办人",
    "case.commented": "留言",
    "case.jumped": "人工改派环节",
    "case.moved": "迁移版本",
    "deadline.revised": "重算时限",
}
NEWS = {"opened": "已开出关联事项", "ended": "关联事项办结", "merged": "并入另一事项"}


class Teller:
    """Tells the events of one case, under the words of its definition and its organisation."""

    def __init__(self, program: Program, directory: Directory, zone: str = "Asia/Shanghai") -> None:
        self._program = program
        self._directory = directory
        self._zone = ZoneInfo(zone)

    def line(self, body: Body, *, before: Case | None, after: Case) -> str:
        """`when｜who｜what｜why｜clocks`, the empty ones at the end left out."""
        at = parse_instant(body["at"])
        told = (
            self._when(at),
            self._who(body),
            self._what(body, before),
            self._why(body, before),
            self._clocks(body, at, after),
        )
        return BAR.join(told).rstrip(BAR)

    def refusal(self, at: datetime, person: str, what: str, reasons: Sequence[str]) -> str:
        """An attempt that was refused: it left nothing in the history."""
        return BAR.join((self._when(at), self._person(person), f"{what}（不准）", "；".join(reasons)))

    # Who and when

    def _when(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")

    def _until(self, moment: str, at: datetime) -> str:
        """`03-16 17:30`; with its year where that is another one."""
        local = parse_instant(moment).astimezone(self._zone)
        is_same = local.year == at.astimezone(self._zone).year
        return local.strftime("%m-%d %H:%M" if is_same else "%Y-%m-%d %H:%M")

    def _who(self, body: Body) -> str:
        actor = body["actor"]
        if actor["kind"] == "person":
            return self._person(actor["id"])
        return {"clock": "时钟", "system": "系统"}[actor["kind"]]

    def _person(self, person: str) -> str:
        known = self._directory.person(person)
        return known.title if known else person

    def _people(self, people: Sequence[str]) -> str:
        return "、".join(dict.fromkeys(map(self._person, people)))

    def _unit(self, unit: str) -> str:
        known = self._directory.unit(unit)
        return known.title if known else unit

    # What

    def _what(self, body: Body, before: Case | None) -> str:
        lane = body["asked"].get("lane", "") or self._fired_lane(body)
        where = f"【{self._lane(lane, before)}】" if lane else ""
        return where + self._deed(body, before) + self._moves(body, lane)

    def _deed(self, body: Body, before: Case | None) -> str:
        kind, asked = body["type"], body["asked"]
        if kind == "case.opened":
            return "登记"
        if kind == "step.taken":
            return self._step(asked["step"], asked["lane"], before)
        if kind == "clock.fired":
            return self._rung(body, before)
        if kind == "extension.answered":
            return "批准延期" if asked["approve"] else "不同意延期"
        if kind == "case.related":
            return NEWS[asked["news"]]
        return PLAIN[kind]

    def _state(self, lane: str, before: Case) -> State:
        chart = before.lanes[lane] if lane else None
        return self._program.definition.chart(chart.type if chart else "")[
            chart.state if chart else before.state
        ]

    def _step(self, step: str, lane: str, before: Case | None) -> str:
        return self._state(lane, before).steps[step].title.zh if before else step

    def _rung(self, body: Body, before: Case | None) -> str:
        name = body["inputs"]["fired"]["rung"]
        rule = self._rule(body, before)
        if name.startswith("remind-"):
            return "提醒"
        rung = rule.rung(name) if rule else None
        return rung.title.zh if rung and rung.title else "到期"

    def _rule(self, body: Body, before: Case | None) -> Rule | None:
        return rule_of(self._program, before, body["inputs"]["fired"]["clock"]) if before else None

    def _fired_lane(self, body: Body) -> str:
        clock = body["inputs"].get("fired", {}).get("clock", "")
        return clock.removeprefix("lane/") if clock.startswith("lane/") else ""

    def _lane(self, key: str, case: Case | None) -> str:
        for state in self._program.definition.states.values():
            if state.parallel and key in state.parallel.lanes:
                return state.parallel.lanes[key].zh
        return self._unit(key)

    def _moves(self, body: Body, lane: str) -> str:
        definition, told = self._program.definition, []
        for change in body["changes"]:
            if change["op"] == "enter":
                told.append(f" → {definition.states[change['state']].title.zh}")
            elif change["op"] == "round":
                told.append(f"（第{change['n']}轮）")
            elif change["op"] == "lane" and change["do"] == "enter" and change["outcome"] != "withdrawn":
                told.append(f" → {self._lane_state(change)}")
            elif change["op"] == "lane" and change["outcome"] == "withdrawn":
                told.append(f"，撤回【{self._lane(change['key'], None)}】")
        return "".join(told)

    def _lane_state(self, change: Change) -> str:
        lanes = self._program.definition.lanes.values()
        return next(lane.states[change["state"]].title.zh for lane in lanes if change["state"] in lane.states)

    # Why

    def _why(self, body: Body, before: Case | None) -> str:
        if body["type"] == "clock.fired":
            told = self._people([p for e in self._notices(body) for p in e["people"]])
            opened = "，开出督办单" if any(e["kind"] == "open" for e in body["effects"]) else ""
            return f"{self._cause(body, before)}，告知{told}{opened}"
        return "；".join(self._reasons(body["asked"]))

    def _notices(self, body: Body) -> Iterator[Mapping[str, Any]]:
        return (e for e in body["effects"] if e["kind"] == "notify" and e["about"] in ("reminder", "overdue"))

    def _cause(self, body: Body, before: Case | None) -> str:
        name, rule = body["inputs"]["fired"]["rung"], self._rule(body, before)
        if rule is None:
            return ""
        if name.startswith("remind-"):
            ahead = rule.remind[int(name.removeprefix("remind-")) - 1]
            if isinstance(ahead, Share):
                return f"“{rule.title}”只剩{ahead.zh}"
            return f"距“{rule.title}”到期还有{ahead.zh}"
        rung = rule.rung(name)
        if name.startswith("again-") and rung and rung.every:
            return f"“{rule.title}”每超期{rung.every.zh}"
        return f"“{rule.title}”超期{rung.after.zh}" if rung and rung.after else f"“{rule.title}”到期"

    def _reasons(self, asked: Mapping[str, Any]) -> Iterator[str]:
        """The words that were brought: texts, choices and names; files only in number."""
        if asked.get("reason"):
            yield asked["reason"]
        if asked.get("amount"):
            yield f"延长{parse_duration(asked['amount']).zh}"
        if asked.get("text"):
            yield asked["text"]
        brought = asked.get("data", {})
        for name, spec in self._program.definition.fields.items():
            if name in brought and not spec.personal and (words := self._words(spec, brought[name])):
                yield words

    def _words(self, spec: FieldSpec, value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        if spec.type is FieldType.FILES:
            return f"{spec.title.zh}{len(values)}件"
        if spec.type in (FieldType.CHOICE, FieldType.CHOICES):
            return "、".join(spec.options[v].zh for v in values)
        if spec.type in (FieldType.UNIT, FieldType.UNITS):
            return f"{spec.title.zh}{'、'.join(map(self._unit, values))}"
        if spec.type is FieldType.BOOLEAN:
            return spec.title.zh if value else ""
        if spec.type is FieldType.PERSON:
            return f"{spec.title.zh}{self._person(value)}"
        if spec.type is FieldType.INTEGER:
            return f"{spec.title.zh}{value}"
        return "、".join(values)

    # Clocks

    def _clocks(self, body: Body, at: datetime, after: Case) -> str:
        """The named clocks as the definition lists them, then the whole case, the state, the lanes."""
        order = {
            name: n for n, name in enumerate((*self._program.definition.clocks, CASE_CLOCK, STATE_CLOCK))
        }
        changes = [c for c in body["changes"] if c["op"] == "clock"]
        ordered = sorted(changes, key=lambda c: order.get(c["id"], len(order)))
        return "，".join(filter(None, (self._clock(c, at, after) for c in ordered)))

    def _clock(self, change: Change, at: datetime, after: Case) -> str:
        clock_id, do = change["id"], change["do"]
        own = clock_id == STATE_CLOCK
        provisional = "" if change["status"] == "official" else "（暂定）"
        if do in UNTIL:
            until = f"{self._until(change['clock']['due_at'], at)}{provisional}"
            return f"限 {until}" if own else f"{self._clock_title(clock_id, after)}至 {until}"
        if do in ENDS and not own and not clock_id.startswith("lane/"):
            return f"{self._clock_title(clock_id, after)}{ENDS[do]}"
        return ""

    def _clock_title(self, clock_id: str, case: Case) -> str:
        if clock_id.startswith("lane/"):
            return f"【{self._lane(clock_id.removeprefix('lane/'), case)}】"
        rule = rule_of(self._program, case, clock_id)
        return rule.title if rule else clock_id
