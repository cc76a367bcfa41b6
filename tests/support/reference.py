"""A second reading of the workflow language: plain YAML, no engine. It predicts where a case is, not when anything is due.

Written from the language guide: state, open lanes, round, how often steps were taken, and whether a step is refused. It
reads conditions with a small evaluator of its own for the forms that the workflows use. What rings when, who may,
what day it is and which days are worked are told to it by the caller.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

EMPTY = {"integer": 0, "boolean": False, "texts": [], "choices": [], "units": [], "files": []}


def as_list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def routes(value: Any) -> list[dict[str, Any]]:
    return [{"to": value}] if isinstance(value, str) else as_list(value)


@dataclass
class Lane:
    group: str
    state: str
    n: int = 1
    outcome: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Reference:
    """One case under one definition, as a plain dictionary would have it."""

    spec: Any  # the definition as YAML gives it
    state: str = ""
    day: str = ""  # the local date, moved by the caller
    is_worked: Callable[[date], bool] = lambda day: day.weekday() < 5
    round: int = 1
    data: dict[str, Any] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=dict)
    times: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    last: dict[str, str] = field(default_factory=dict)
    by: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    related: dict[str, str] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, path: Path) -> Reference:
        return cls(YAML(typ="safe").load(path.read_text()))

    # What is seen

    def picture(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "round": self.round,
            "lanes": {k: (v.state, v.outcome, v.n) for k, v in self.lanes.items()},
            "data": self.data,
        }

    def here(self, lane: str) -> Any:
        if not lane:
            return self.spec["states"][self.state]
        group = self.spec["states"][self.lanes[lane].group]["parallel"]
        return self.spec["lanes"][group["lane"]]["states"][self.lanes[lane].state]

    def steps(self, lane: str) -> dict[str, Any]:
        """The steps that are written for the place, with those that are written for everywhere."""
        here, everywhere = self.here(lane), self.spec.get("everywhere", {})
        spared = lane or here.get("final") or self.state in as_list(everywhere.get("except"))
        written = "settled" if here.get("settled") else "steps"
        return {**here.get("steps", {}), **({} if spared else everywhere.get(written, {}))}

    def lane_type(self, lane: str) -> str:
        return str(self.spec["states"][self.lanes[lane].group]["parallel"]["lane"])

    def scope(self, group: str) -> set[str]:
        return {group, *as_list(self.spec["states"][group]["parallel"].get("lasts"))}

    # Conditions

    def value(self, name: str, lane: str, incoming: dict[str, Any]) -> Any:
        family, _, rest = name.partition(".")
        if name == "round":
            return self.round
        if family == "taken":
            return self.times[rest]
        if family == "late":
            return rest in self.late
        if family == "related":
            return sum(news == {"open": "opened", "ended": "ended"}[rest] for news in self.related.values())
        if family == "lanes":
            groups = {s for s, spec in self.spec["states"].items() if "parallel" in spec}
            groups = {g for g in groups if self.state in self.scope(g)} or groups
            seen = [v for v in self.lanes.values() if v.group in groups]
            return len(seen) if rest == "total" else sum(v.outcome == rest.replace("open", "") for v in seen)
        data = {**self.data, **(self.lanes[lane].data if lane else {}), **incoming}
        if family == "ahead" and rest:
            return self.days_ahead(data.get(rest) or self.day)
        return data.get(name, EMPTY.get(self.spec["fields"][name]["type"], ""))

    def days_ahead(self, last: str) -> int:
        """The worked days after today, one by one."""
        today = date.fromisoformat(self.day)
        span = (date.fromisoformat(last) - today).days
        return sum(self.is_worked(today + timedelta(days=n)) for n in range(1, span + 1))

    def holds(self, text: str, lane: str, incoming: dict[str, Any]) -> bool:
        """CEL's `&& || ! size() in` are Python's `and or not len() in`; every name is looked up first."""
        seen: dict[str, Any] = {}

        def name(found: re.Match[str]) -> str:
            word = found[0]
            if word.startswith(("'", '"')) or word in ("and", "or", "not", "in", "len", "True", "False"):
                return word
            seen[f"v{len(seen)}"] = self.value(word, lane, incoming)
            return f"v{len(seen) - 1}"

        for cel, python in (
            ("&&", " and "),
            ("||", " or "),
            ("size(", "len("),
            ("true", "True"),
            ("false", "False"),
        ):
            text = text.replace(cel, python)
        text = re.sub(r"!(?!=)", " not ", text)
        text = re.sub(r"'[^']*'|\"[^\"]*\"|[A-Za-z_][\w.]*", name, text)
        return bool(eval(text, {"__builtins__": {}, "len": len}, seen))

    def first(self, ways: list[dict[str, Any]], lane: str, incoming: dict[str, Any]) -> str:
        return next((w["to"] for w in ways if "when" not in w or self.holds(w["when"], lane, incoming)), "")

    # What happens

    def open(self, data: dict[str, Any]) -> None:
        self.data.update(data)
        self.enter(self.spec["start"])

    def step(self, step: str, lane: str, data: dict[str, Any], who: str) -> str:
        """Take the step; why not, if it is refused for a reason other than a role or a field."""
        data = {name: value for name, value in data.items() if value is not None}  # left out, not emptied
        if lane and (lane not in self.lanes or self.lanes[lane].outcome):
            return "lane"
        spec = self.steps(lane).get(step)
        if spec is None:
            return "wrong_state"
        ref = f"{self.lane_type(lane)}.{step}" if lane else step
        key = f"{ref}@{lane}#{self.lanes[lane].n}" if lane else ref
        if reason := self.refusal(spec, key, lane, data, who):
            return reason
        forced = "then" in spec and self.times[key] + 1 == spec["at_most"]
        to = (
            spec["then"] if forced else "" if spec.get("stay") else self.first(routes(spec["to"]), lane, data)
        )
        if not to and not spec.get("stay"):
            return "no_route"
        self.times[key] += 1
        self.last[key] = self.day
        self.by[ref].add(who)
        (self.lanes[lane].data if lane else self.data).update({**data, **spec.get("sets", {})})
        if to:
            self.enter_lane(lane, to) if lane else self.enter(to)
        return ""

    def refusal(self, spec: dict[str, Any], key: str, lane: str, data: dict[str, Any], who: str) -> str:
        for ref in (*as_list(self.here(lane).get("not_by")), *as_list(spec.get("not_by"))):
            if who in self.by[ref]:
                return "separation"
        if "at_most" in spec and self.times[key] >= spec["at_most"]:
            return "limit"
        if spec.get("once_per") == "day" and self.last.get(key) == self.day:
            return "too_soon"
        failed = [g for g in as_list(spec.get("when")) if not self.holds(g["check"], lane, data)]
        return "guard" if failed else ""

    def rung(self, clock: str, name: str) -> None:
        """A clock has rung: `due` at its end, `late-n` on its ladder."""
        lane = clock.removeprefix("lane/") if clock.startswith("lane/") else ""
        own = clock == "state" or lane
        if not own and name == "due":
            self.late.add(clock)
        if clock == "case":
            to, free = self.spec["case_due"]["to"] if name == "due" else "", True
        else:
            spec = self.here(lane) if own else self.spec["clocks"][clock]
            ladder = as_list(spec.get("overdue"))
            late = [r for r in ladder if "after" in r]
            at_once = [r for r in ladder if "after" not in r]
            rungs = {"due": at_once[0] if at_once else {}, **{f"late-{i}": r for i, r in enumerate(late, 1)}}
            to, free = rungs.get(name, {}).get("to", ""), not own
        if not to:
            return
        if lane:
            self.enter_lane(lane, to)
        elif not (free and (to == self.state or self.spec["states"][self.state].get("settled"))):
            self.enter(to)

    def enter(self, to: str) -> None:
        while to:
            before, self.state = self.state, to
            was, now = (self.spec["states"].get(s, {}) for s in (before, to))
            ended = now.get("final") or now.get("settled")
            if (was.get("final") or was.get("settled")) and not ended:
                self.round += 1
                self.times.clear()
                self.by.clear()
                self.late.discard("case")
            for lane in self.lanes.values():
                if not lane.outcome and to not in self.scope(lane.group):
                    lane.outcome = "withdrawn"
            if "parallel" in now and before not in self.scope(to):
                self.open_lanes(to, now["parallel"])
            to = self.joined()

    def open_lanes(self, group: str, parallel: dict[str, Any]) -> None:
        wanted = list(self.data.get(parallel["each"], [])) if "each" in parallel else list(parallel["lanes"])
        here_before = any(v.group == group for v in self.lanes.values())
        if "again" in parallel and "each" not in parallel:
            if here_before:
                wanted = [k for k in wanted if k in self.data.get(parallel["again"], [])]
        else:
            for key, lane in self.lanes.items():
                if lane.group == group and key not in wanted:
                    lane.group = lane.group if lane.outcome == "" else ""
        for key in wanted:
            self.open_lane(group, key)

    def open_lane(self, group: str, key: str) -> None:
        start = self.spec["lanes"][self.spec["states"][group]["parallel"]["lane"]]["start"]
        self.lanes[key] = Lane(group, start, self.lanes[key].n + 1 if key in self.lanes else 1)

    def enter_lane(self, key: str, to: str) -> None:
        lane = self.lanes[key]
        lane.state = to
        spec = self.here(key)
        if spec.get("final"):
            lane.outcome = spec.get("outcome", "done")
            if onward := self.joined():
                self.enter(onward)

    def withdraw(self, key: str) -> None:
        self.lanes[key].outcome = "withdrawn"
        if onward := self.joined():
            self.enter(onward)

    def joined(self) -> str:
        parallel = self.spec["states"][self.state].get("parallel", {})
        if not parallel.get("then"):
            return ""
        lanes = [v for v in self.lanes.values() if v.group == self.state]
        wanted = {"all": 10**6, "any": 1}.get(parallel.get("done_when", "all"), parallel.get("done_when"))
        met = all(v.outcome for v in lanes) or sum(v.outcome == "done" for v in lanes) >= wanted
        return self.first(routes(parallel["then"]), "", {}) if met else ""
