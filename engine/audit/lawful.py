"""Level 4: was it lawful under the rules and the organisation of its day? Asked of a history whose bytes, chain and replay hold.

Replay takes what an event says of the organisation for true: who held which role, whom an address meant. Here that is compared
with the organisation as it was published. What a definition demands of people (separation of duties, how often, how long) is
counted again from the events alone, without the counters of the case. Whatever cannot be read is left to level 3, which names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from engine import clocks, timing
from engine.calendar import Calendar
from engine.canonical import NotCanonical, instant, parse_instant
from engine.case import Case, lane_of
from engine.definition import Step, step_ref
from engine.directory import Directory, Post, covers, parse_address
from engine.durations import Duration, is_longer, parse_duration, same_kind
from engine.errors import BihuanError
from engine.events import Event, apply, read
from engine.machine import Program

__all__ = ["GRACE", "Finding", "Kind", "judge"]

Kind = Literal["authority", "duties", "limit", "escalation", "rule"]
Organisation = Callable[[datetime], Sequence[Directory]]

GRACE: Final = timedelta(seconds=60)
"""How long another process may go on with what was in force before, and how long a sweep may take to fire what is due."""

_UNREADABLE: Final = (NotCanonical, BihuanError, LookupError, TypeError, ValueError, AttributeError)

# What the system does by itself or for an operator; everything else is a person's, or the clock's.
_OF_THE_SYSTEM: Final = frozenset(
    {
        *("case.opened", "case.imported", "case.related", "case.moved", "case.assigned"),
        *("deadline.revised", "step.taken", "case.commented"),
    }
)
_FIRED: Final = "clock.fired"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach, of one event: nobody need have changed a byte for it."""

    case: str
    seq: int
    kind: Kind
    message: str

    def as_data(self) -> dict[str, str | int]:
        return {"case": self.case, "kind": self.kind, "message": self.message, "seq": self.seq}

    def __str__(self) -> str:
        return f"{self.case}#{self.seq}: {self.message} ({self.kind})"


_Found = Iterator[tuple[Kind, str]]


def judge(
    history: Sequence[bytes],
    *,
    program: Callable[[str], Program],
    calendar: Callable[[str], Calendar],
    organisation: Organisation,
) -> list[Finding]:
    """Everything unlawful in one case's history, seq ascending.

    `organisation` gives the organisations that were in force at a moment or within `GRACE` before it; where it knows none,
    authority is not judged. A definition or calendar that is not known is a finding, and ends the judging.
    """
    findings: list[Finding] = []
    past = _Past()
    case: Case | None = None
    for data in history:
        try:
            event = read(data)
            after = apply(case, event)
        except _UNREADABLE:
            break
        try:
            rules = program(case.digest if case else event.body["def"]["digest"])
            days = calendar(event.body["calendar"]["digest"])
            entered = program(event.body["def"]["digest"])
        except _UNREADABLE as error:
            findings.append(Finding(event.case, event.seq, "rule", f"所依据的流程定义或日历不在案：{error}"))
            break
        deed = _Deed(event, case, after, rules, entered, days, tuple(organisation(event.at)))
        findings += [Finding(event.case, event.seq, kind, words) for kind, words in _judged(deed, past)]
        past.note(deed)
        case = after
    return findings


@dataclass(frozen=True, slots=True)
class _Deed:
    """One event with the case before and after it, and what was in force then."""

    event: Event
    before: Case | None
    after: Case
    program: Program
    entered: Program  # what the event says it was decided under; another one where the case is moved
    calendar: Calendar
    organisations: tuple[Directory, ...]

    @property
    def actor(self) -> Mapping[str, Any]:
        actor: Mapping[str, Any] = self.event.body["actor"]
        return actor

    @property
    def asked(self) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = self.event.body["asked"]
        return asked

    @property
    def inputs(self) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self.event.body["inputs"]
        return inputs

    @property
    def day(self) -> date:
        return self.calendar.local_date(self.event.at)

    @property
    def step(self) -> tuple[str, str, str, frozenset[str], Step] | None:
        """(ref, lane, key under which it is counted, steps whose takers may not take it, the step) of a step that was taken."""
        if self.event.type != "step.taken" or self.before is None:
            return None
        key, name = self.asked["lane"], self.asked["step"]
        lane = self.before.lanes[key] if key else None
        states = self.program.definition.chart(lane.type if lane else "")
        state = states.get(lane.state if lane else self.before.state)
        step = state.steps.get(name) if state else None
        if state is None or step is None:
            return None
        ref = step_ref(lane.type if lane else "", name)
        counted = f"{ref}@{key}#{lane.n}" if lane else ref
        return ref, key, counted, frozenset({*state.not_by, *step.not_by}), step


@dataclass(slots=True)
class _Past:
    """What the events so far have shown: counted here, not read from the counters of the case."""

    takers: dict[str, set[str]] = field(default_factory=dict)  # by step, in this round
    times: Counter[str] = field(default_factory=Counter)  # by step and lane, in this round
    last: dict[str, date] = field(default_factory=dict)
    rung: set[tuple[Any, ...]] = field(default_factory=set)
    armed: dict[str, datetime] = field(default_factory=dict)  # when each clock was last set
    missed: set[tuple[Any, ...]] = field(default_factory=set)

    def note(self, deed: _Deed) -> None:
        if step := deed.step:
            ref, _, counted, _, _ = step
            self.takers.setdefault(ref, set()).add(deed.actor["id"])
            self.times[counted] += 1
            self.last[counted] = deed.day
        for change in deed.event.body["changes"]:
            if change["op"] == "round":
                self.takers.clear()
                self.times.clear()
            elif change["op"] == "clock":
                self.armed[change["id"]] = deed.event.at
        if fired := deed.inputs.get("fired"):
            self.rung.add(_rung_of(fired))


def _judged(deed: _Deed, past: _Past) -> _Found:
    yield from _who(deed)
    yield from _organisation(deed)
    yield from _duties(deed, past)
    yield from _step_limits(deed, past)
    yield from _extension(deed)
    yield from _fired(deed, past)
    yield from _missed(deed, past)
    yield from _in_force(deed)


# Authority


def _who(deed: _Deed) -> _Found:
    actor, kind = deed.actor, deed.event.type
    if (actor["kind"] == "clock") != (kind == _FIRED):
        yield "authority", "只有时钟能触发时限，时钟也只能触发时限"
    elif actor["kind"] == "system" and kind not in _OF_THE_SYSTEM:
        yield "authority", f"系统不能自行办理“{kind}”"
    elif actor["kind"] == "person" and actor["grant"] is None:
        yield "authority", f"{actor['id']} 办理时没有写明职权"
    elif actor["kind"] == "person" and deed.organisations and not _is_held(deed):
        grant = actor["grant"]
        reach = grant["region"] or grant["unit"] or grant["subject"]
        behalf = f"代理 {actor['for']} " if actor["for"] else ""
        yield "authority", f"{actor['id']} 当时没有{behalf}{grant['role']}（{reach}）的职权"


def _is_held(deed: _Deed) -> bool:
    actor = deed.actor
    days = {deed.day, deed.calendar.local_date(deed.event.at - GRACE)}
    posts = (
        post for known in deed.organisations for day in days for post in known.posts_of(actor["id"], on=day)
    )
    return any(_gives(post, actor["grant"], actor["for"]) for post in posts)


def _gives(post: Post, grant: Mapping[str, Any], stands_in_for: str | None) -> bool:
    """A token may narrow a region, never widen it."""
    if post.role != grant["role"] or post.stands_in_for != stands_in_for:
        return False
    if grant["region"]:
        return post.region is not None and covers(post.region, grant["region"])
    return (post.unit, post.subject) == (grant["unit"], grant["subject"]) and post.region is None


def _organisation(deed: _Deed) -> _Found:
    """Whom the event says its addresses meant, against the organisations of the day."""
    kind: Kind = "escalation" if deed.event.type == _FIRED else "authority"
    known = deed.organisations
    if not known:
        return
    for key, found in deed.inputs.get("addresses", {}).items():
        if not any(_resolves(each, key, found, deed.day) for each in known):
            yield kind, f"记录的“{key}”是 {'、'.join(found['people']) or '无人'}，与当时的机构不符"
    for role, people in deed.inputs.get("subject", {}).items():
        if not any(_speaks(each, role, deed.after.subject, people, deed.day) for each in known):
            yield kind, f"记录的服务对象代表“{role}”与当时的机构不符"
    for name, lookup in (("people", Directory.person), ("units", Directory.unit)):
        for each, said in deed.inputs.get(name, {}).items():
            if not any((lookup(directory, each) is not None) == said for directory in known):
                yield kind, f"记录的“{each}”在册与否，与当时的机构不符"


def _resolves(directory: Directory, key: str, found: Mapping[str, Any], day: date) -> bool:
    words, region, unit = key.rsplit("|", 2)
    try:
        meant = directory.resolve(parse_address(words), region=region, unit=unit or None, on=day)
    except BihuanError:
        return False
    answer = (list(meant.people), meant.region, meant.unit or "", meant.climbed)
    return answer == (found["people"], found["region"], found["unit"], found["climbed"])


def _speaks(directory: Directory, role: str, subject: str, people: list[str], day: date) -> bool:
    return list(directory.subject_holders(role, subject=subject, on=day)) == people


# What the definition demands of people


def _duties(deed: _Deed, past: _Past) -> _Found:
    person = deed.actor["id"]
    if step := deed.step:
        taken = sorted(ref for ref in step[3] if person in past.takers.get(ref, ()))
        if taken:
            yield "duties", f"{person} 办过“{'、'.join(taken)}”，按流程不能再办“{step[0]}”"
    if deed.event.type == "case.jumped" and deed.asked["second"] == person:
        yield "duties", f"{person} 人工改派，第二责任人仍是本人"
    if deed.event.type == "extension.answered" and deed.before:
        clock = deed.before.clocks.get(deed.asked["clock"])
        if clock and clock.asked and clock.asked.by == person:
            yield "duties", f"{person} 审批自己的延期申请"


def _step_limits(deed: _Deed, past: _Past) -> _Found:
    if not (step := deed.step):
        return
    ref, _, counted, _, spec = step
    if spec.at_most and past.times[counted] >= spec.at_most:
        yield "limit", f"“{ref}”本轮至多 {spec.at_most} 次，这是第 {past.times[counted] + 1} 次"
    if spec.once_per and past.last.get(counted) == deed.day:
        yield "limit", f"“{ref}”每天至多一次，当天已经办过"


def _extension(deed: _Deed) -> _Found:
    if deed.event.type not in ("extension.asked", "extension.answered") or deed.before is None:
        return
    clock_id = deed.asked["clock"]
    clock, rule = deed.before.clocks.get(clock_id), timing.rule_of(deed.program, deed.before, clock_id)
    if clock is None or rule is None or rule.extension is None:
        yield "limit", f"时钟“{clock_id}”不能延期"
        return
    if len(clock.extended) >= rule.extension.at_most:
        yield "limit", f"时钟“{clock_id}”至多延期 {rule.extension.at_most} 次"
    if deed.event.type == "extension.asked" and deed.event.at > clock.due_at:
        yield "limit", f"时钟“{clock_id}”已于 {instant(clock.due_at)} 到期，到期后不能申请延期"
    # Its length is asked of the limit at the time of asking: the answer may come after another limit holds.
    asked = deed.after.clocks[clock_id].asked if deed.event.type == "extension.asked" else None
    if asked and _is_too_long(deed, rule, asked.amount):
        yield "limit", f"时钟“{clock_id}”一次延长 {asked.amount}，超过流程规定"


def _is_too_long(deed: _Deed, rule: clocks.Rule, amount: str) -> bool:
    table = deed.program.definition.limits
    choice = deed.before.data.get(table.by, "") if table and deed.before else ""
    if rule.extension is None:
        return True
    most, _ = clocks.resolve_limit(rule.extension.by, table, choice)
    asked = parse_duration(amount)
    return not isinstance(most, Duration) or not same_kind(asked, most) or is_longer(asked, most)


# Clocks


def _rung_of(fired: Mapping[str, Any]) -> tuple[Any, ...]:
    return fired["clock"], fired["cycle"], fired["stretch"], fired["rung"]


def _fired(deed: _Deed, past: _Past) -> _Found:
    fired = deed.inputs.get("fired")
    if not fired or deed.before is None:
        return
    name, planned = fired["clock"], parse_instant(fired["planned"])
    if deed.event.at < planned:
        yield "limit", f"时钟“{name}”定于 {fired['planned']}，提前触发"
    if _rung_of(fired) in past.rung:
        yield "escalation", f"时钟“{name}”的“{fired['rung']}”触发了两次"
    clock = deed.before.clocks.get(name)
    if clock is None or (clock.next_at, clock.next_rung) != (planned, fired["rung"]):
        yield "limit", f"时钟“{name}”当时该触发的不是 {fired['planned']} 的“{fired['rung']}”"


def _missed(deed: _Deed, past: _Past) -> _Found:
    """Rungs that were due before somebody went on as if nothing were. While the clock rings, it catches up in order."""
    if deed.before is None or deed.event.type == _FIRED:
        return
    for name, clock in deed.before.clocks.items():
        if clock.status != "running" or clock.next_at is None:
            continue
        due = max(clock.next_at, past.armed.get(name, clock.next_at))
        rung = (name, clock.cycle, clock.stretch, clock.next_rung)
        if deed.event.at - due > GRACE and rung not in past.missed:
            past.missed.add(rung)
            place = f"并行线“{lane_of(name)}”" if lane_of(name) else f"时钟“{name}”"
            yield "escalation", f"{place}的“{clock.next_rung}”定于 {instant(clock.next_at)}，至此未触发"


# Rules


def _in_force(deed: _Deed) -> _Found:
    if deed.event.type not in ("case.opened", "case.imported", "case.moved"):
        return
    definition = deed.entered.definition
    if definition.effective > deed.day.isoformat():
        yield (
            "rule",
            f"{definition.workflow} 第 {definition.version} 版自 {definition.effective} 起施行，当时尚未施行",
        )
