"""How cases were handled, seen from outside: returns, closings at the last minute, the same words again, bursts at night,
pauses just before the end, extensions that always the same two agree on.

What is found is a hint where to look (提示), never a finding against anybody: each names the events behind it, and each has
honest explanations. The thresholds stand in one table. Small counts are not hidden: whoever audits sees single cases anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, TypeVar

from engine import clocks
from engine.calendar import Calendar
from engine.case import STATE_CLOCK, Case, CaseId, Holder, lane_of
from engine.definition import Definition, FieldType, State, Step
from engine.events import Event, apply, read
from engine.machine import Program

__all__ = ["THRESHOLDS", "Act", "Hint", "HintKind", "Thresholds", "acts", "hints"]

_MICROSECOND: Final = timedelta(microseconds=1)
NOBODY: Final = Holder()


class HintKind(StrEnum):
    RETURNED = "returned"  # 退单: a counted return (`at_most` with `then`) sent the work back
    LAST_MINUTE = "last_minute"  # the clock was stopped with next to nothing left of its limit
    SAME_WORDS = "same_words"  # one person wrote the same into several cases
    NIGHT_BURST = "night_burst"  # many acts outside working hours within minutes
    LATE_PAUSE = "late_pause"  # a clock was made to stand still shortly before its end
    SAME_PAIR = "same_pair"  # the same two asked for and approved extensions


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is shown. Defaults; a percentage is one of the limit in working time."""

    returned_times: int = 1
    last_minute_percent: int = 5
    last_minute_times: int = 3
    same_words_cases: int = 3
    same_words_least: int = 4  # characters; "同意" says nothing
    night_acts: int = 5
    night_minutes: int = 10
    late_pause_percent: int = 10
    late_pause_times: int = 1
    same_pair_times: int = 3


THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person did and that a kind of hint looks at.

    `who` is the person, `unit` the one they acted for; `about` is what is compared (the words, the step, the other person);
    `left` and `whole` are working microseconds of a limit; `words` are what was written.
    """

    kind: HintKind
    case: CaseId
    seq: int
    at: datetime
    who: str
    unit: str
    about: str = ""
    source: Holder = NOBODY
    target: Holder = NOBODY
    left: int = 0
    whole: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What was noticed: how often, in how many cases, and the acts behind it in the order of time."""

    kind: HintKind
    who: tuple[str, ...]
    unit: str
    about: str
    cases: int
    acts: tuple[Act, ...]

    @property
    def times(self) -> int:
        return len(self.acts)


# What people did


def acts(
    history: Iterable[bytes],
    program: Callable[[str], Program],
    calendar: Callable[[str], Calendar],
    *,
    since: datetime,
    until: datetime,
    thresholds: Thresholds = THRESHOLDS,
) -> list[Act]:
    """All acts of one case that were recorded from `since` to before `until`."""
    found: list[Act] = []
    case: Case | None = None
    for event in map(read, history):
        if event.at >= until:
            break
        before, case = case, apply(case, event)
        if before and event.at >= since and event.body["actor"]["kind"] == "person":
            own, hours = program(before.digest), calendar(event.body["calendar"]["digest"])
            found += _Looked(event, before, case, own.definition, hours, thresholds).acts()
    return found


@dataclass(frozen=True, slots=True)
class _Looked:
    """One event by a person, with the case before and after it."""

    event: Event
    before: Case
    after: Case
    definition: Definition
    calendar: Calendar
    thresholds: Thresholds

    def acts(self) -> Iterator[Act]:
        yield from self._returned()
        yield from self._stopped()
        yield from self._words()
        yield from self._at_night()
        yield from self._approved()

    def _act(self, kind: HintKind, **more: Any) -> Act:
        grant = self.event.body["actor"]["grant"] or {}
        unit = grant.get("unit") or self._held().unit
        return Act(kind, self.event.case, self.event.seq, self.event.at, self.event.actor, unit, **more)

    @property
    def _asked(self) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = self.event.body["asked"]
        return asked

    def _held(self, case: Case | None = None) -> Holder:
        here, lane = case or self.before, self._asked.get("lane", "")
        return here.lanes[lane].holder if lane in here.lanes else here.holder

    def _place(self, lane: str) -> State:
        case, definition = self.before, self.definition
        if not lane:
            return definition.states[case.state]
        return definition.lanes[case.lanes[lane].type].states[case.lanes[lane].state]

    def _step(self) -> Step | None:
        if self.event.type != "step.taken":
            return None
        return self._place(self._asked["lane"]).steps[self._asked["step"]]

    def _returned(self) -> Iterator[Act]:
        """The language counts returns: a step with `at_most` and a forced continuation, that leads away."""
        step = self._step()
        if step and step.then and self._has_moved():
            yield self._act(
                HintKind.RETURNED,
                about=step.title.zh,
                source=self._held(),
                target=self._held(self.after),
                words="；".join(text for _, text in self._texts()),
            )

    def _has_moved(self) -> bool:
        return any(change["op"] in ("enter", "lane") for change in self.event.body["changes"])

    def _stopped(self) -> Iterator[Act]:
        """Of several clocks that one event stopped, or made stand still, the one with the least left."""
        percents = {"met": self.thresholds.last_minute_percent, "pause": self.thresholds.late_pause_percent}
        kinds = {"met": HintKind.LAST_MINUTE, "pause": HintKind.LATE_PAUSE}
        for did, percent in percents.items():
            near = [
                (Fraction(left, whole), clock_id, left, whole)
                for clock_id, left, whole in self._measured(did)
                if 0 <= left * 100 <= whole * percent
            ]
            if near:
                _, clock_id, left, whole = min(near)
                yield self._act(kinds[did], about=clock_id, left=left, whole=whole)

    def _measured(self, did: str) -> Iterator[tuple[str, int, int]]:
        """Clocks to which this was done: id, what was left of the limit, and the whole of it."""
        for change in self.event.body["changes"]:
            if change["op"] != "clock" or change["do"] != did or self._may_elapse(change["id"]):
                continue
            if clock := self.before.clocks.get(change["id"]):
                left = clocks.remaining(clock, self.event.at, self.calendar) // _MICROSECOND
                whole = left + clocks.worked(clock, self.event.at, self.calendar) // _MICROSECOND
                if whole > 0:
                    yield change["id"], left, whole

    def _may_elapse(self, clock_id: str) -> bool:
        """A term that runs out is nobody's closing."""
        lane = lane_of(clock_id)
        if not lane and clock_id != STATE_CLOCK:
            return False
        state = self._place(lane)
        return state.term or state.settled

    def _texts(self) -> Iterator[tuple[str, str]]:
        """What the person wrote by hand; personal values are not in the log."""
        if isinstance(reason := self._asked.get("reason"), str) and reason:
            yield "reason", reason
        for name, value in self._asked.get("data", {}).items():
            spec = self.definition.fields.get(name)
            if spec and spec.type is FieldType.TEXT and isinstance(value, str) and value:
                yield name, value

    def _words(self) -> Iterator[Act]:
        for _, text in self._texts():
            folded = "".join(text.split()).casefold()
            if len(folded) >= self.thresholds.same_words_least:
                yield self._act(HintKind.SAME_WORDS, about=folded, words=text)

    def _at_night(self) -> Iterator[Act]:
        if not self.calendar.working_time(self.event.at, self.event.at + _MICROSECOND):
            yield self._act(HintKind.NIGHT_BURST)

    def _approved(self) -> Iterator[Act]:
        if self.event.type == "extension.answered" and self._asked["approve"]:
            asked = self.before.clocks[self._asked["clock"]].asked
            yield self._act(HintKind.SAME_PAIR, about=asked.by if asked else "")


# What is noticed in them


def hints(found: Iterable[Act], thresholds: Thresholds = THRESHOLDS) -> list[Hint]:
    """By kind, the most frequent first."""
    by_kind: dict[HintKind, list[Act]] = {kind: [] for kind in HintKind}
    for act in sorted(found, key=lambda act: (act.at, act.case, act.seq)):
        by_kind[act.kind].append(act)
    noticed = [hint for kind in HintKind for hint in _NOTICED[kind](by_kind[kind], thresholds)]
    order = list(HintKind)
    return sorted(noticed, key=lambda h: (order.index(h.kind), -h.times, h.who, h.about))


def _returns(found: Sequence[Act], thresholds: Thresholds) -> Iterator[Hint]:
    """Who sent what back to whom: by the step, the holder who did it and the one who got it."""
    for group in _groups(found, lambda a: (a.about, a.source, a.target)):
        if len(group) >= thresholds.returned_times:
            yield _hint(group, about=group[0].about)


def _closings(found: Sequence[Act], thresholds: Thresholds) -> Iterator[Hint]:
    for group in _groups(found, lambda a: a.who):
        if len(group) >= thresholds.last_minute_times:
            yield _hint(group)


def _same_words(found: Sequence[Act], thresholds: Thresholds) -> Iterator[Hint]:
    for group in _groups(found, lambda a: (a.who, a.about)):
        if len({act.case for act in group}) >= thresholds.same_words_cases:
            yield _hint(group, about=group[0].words)


def _bursts(found: Sequence[Act], thresholds: Thresholds) -> Iterator[Hint]:
    """Runs of one person that fit into the window; a run is told once, from its first act."""
    window = timedelta(minutes=thresholds.night_minutes)
    for group in _groups(found, lambda a: a.who):
        start = 0
        while start < len(group):
            run = [act for act in group[start:] if act.at - group[start].at <= window]
            is_burst = len(run) >= thresholds.night_acts
            if is_burst:
                yield _hint(run)
            start += len(run) if is_burst else 1


def _pauses(found: Sequence[Act], thresholds: Thresholds) -> Iterator[Hint]:
    for group in _groups(found, lambda a: a.who):
        if len(group) >= thresholds.late_pause_times:
            yield _hint(group)


def _pairs(found: Sequence[Act], thresholds: Thresholds) -> Iterator[Hint]:
    for group in _groups(found, lambda a: (a.about, a.who)):
        if len(group) >= thresholds.same_pair_times:
            yield _hint(group, who=(group[0].about, group[0].who))


_NOTICED: Final[Mapping[HintKind, Callable[[Sequence[Act], Thresholds], Iterator[Hint]]]] = {
    HintKind.RETURNED: _returns,
    HintKind.LAST_MINUTE: _closings,
    HintKind.SAME_WORDS: _same_words,
    HintKind.NIGHT_BURST: _bursts,
    HintKind.LATE_PAUSE: _pauses,
    HintKind.SAME_PAIR: _pairs,
}

_Key = TypeVar("_Key", bound=Hashable)


def _groups(found: Iterable[Act], key: Callable[[Act], _Key]) -> Iterable[list[Act]]:
    groups: dict[_Key, list[Act]] = {}
    for act in found:
        groups.setdefault(key(act), []).append(act)
    return groups.values()


def _hint(group: Sequence[Act], *, about: str = "", who: tuple[str, ...] = ()) -> Hint:
    people = who or tuple(dict.fromkeys(act.who for act in group))
    units = {act.unit for act in group}
    unit = units.pop() if len(units) == 1 else ""
    return Hint(group[0].kind, people, unit, about, len({act.case for act in group}), tuple(group))
