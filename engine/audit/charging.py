"""Why is it late: every microsecond of a case's life charged to one holder, and to one of running, paused, unaccepted.

The rules, in words that an auditor can check by hand:

- *Life* is the time in which the case is open, from its opening. Settled time is nobody's; a case that is opened again lives on.
- A moment belongs to whoever held the case then. Where the state waits for its lanes (it has a join, and a lane of it is open),
  it belongs to the holders of the open lanes: of those microseconds number n since the opening goes to lane n mod k, in the
  order of their keys. So k lanes share evenly, to the microsecond, and a sum never depends on where an interval is cut.
- *Paused*: the clock of the whole case stands still; where there is none, all open clocks that span states do.
- *Unaccepted*: not paused, nobody assigned by name, and since it came to this role and unit nobody in that role has acted.
- *Running*: everything else.
- What a case was before it was taken over (`case.imported`) is charged to nobody by name, as running.
- Working time is that of the calendar that the last event before it names.

The sums equal the life exactly. See tests/property/test_charging.py, which does it again second by second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from engine.calendar import Calendar
from engine.canonical import parse_instant
from engine.case import CASE_CLOCK, Case, Holder
from engine.events import Event, apply, read
from engine.machine import Program
from engine.timing import spans_states

__all__ = ["Charged", "Kind", "Span", "charge", "totals"]

Kind = Literal["running", "paused", "unaccepted"]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Time charged to one holder. `state` is that of the case; `lane` names the lane that it waits for, if it does.

    `wall` and `working` are microseconds. Without a lane `wall` is the whole of it; lanes that are waited for together have spans
    of the same bounds, and each its part.
    """

    since: datetime
    until: datetime
    state: str
    lane: str
    holder: Holder
    kind: Kind
    wall: int
    working: int


@dataclass(frozen=True, slots=True)
class Charged:
    """`life` is the wall time of the case while it was open, in microseconds: what the spans add up to."""

    case: str
    workflow: str
    digest: str
    region: str
    opened_at: datetime
    until: datetime
    life: int
    spans: tuple[Span, ...]


def charge(
    history: Iterable[bytes],
    program: Callable[[str], Program],
    calendar: Callable[[str], Calendar],
    *,
    until: datetime,
    since: datetime | None = None,
) -> Charged | None:
    """One case as of `until`; with `since` only what lies after it. None if there was no case by then."""
    meter: _Meter | None = None
    for data in history:
        event = read(data)
        if event.at > until:
            break
        meter = meter or _Meter(event, since)
        meter.take(event, program, calendar)
    return meter.charged(until) if meter else None


def totals(spans: Iterable[Span], key: Callable[[Span], str]) -> dict[str, dict[str, int]]:
    """Microseconds by `key`, each with `wall`, `working`, and the wall time of each kind."""
    found: dict[str, dict[str, int]] = {}
    for span in spans:
        sums = found.setdefault(
            key(span), {"wall": 0, "working": 0, "running": 0, "paused": 0, "unaccepted": 0}
        )
        sums["wall"] += span.wall
        sums["working"] += span.working
        sums[span.kind] += span.wall
    return found


@dataclass
class _Held:
    """One holding, of the case or of a lane: to whom it came, and whether they have taken it up."""

    role: str
    unit: str
    is_accepted: bool = False


@dataclass
class _Meter:
    """Walks over the events of one case; mutable while it does, then thrown away."""

    first: Event
    since: datetime | None
    case: Case | None = None
    calendar: Calendar | None = None
    program: Program | None = None
    at: datetime = EPOCH  # up to where it is charged
    opened: datetime = EPOCH
    held: dict[str, _Held] = field(default_factory=dict)  # by lane; "" is the case itself
    life: int = 0
    spans: list[Span] = field(default_factory=list)

    def take(
        self, event: Event, program: Callable[[str], Program], calendar: Callable[[str], Calendar]
    ) -> None:
        before = self.case
        if before:
            self._charge(before, event.at)
            self._accept(event, before)
        self.case = after = apply(before, event)
        self.program = program(after.digest)
        self.calendar = calendar(event.body["calendar"]["digest"])
        if before is None:
            self._open(event, after)
        self.at = event.at
        self._hold(after)

    def charged(self, until: datetime) -> Charged:
        case = self._charge_to(until)
        return Charged(
            case=case.id,
            workflow=case.workflow,
            digest=case.digest,
            region=case.region,
            opened_at=self.opened,
            until=until,
            life=self.life,
            spans=tuple(self.spans),
        )

    def _charge_to(self, until: datetime) -> Case:
        if self.case is None:
            raise ValueError("no event was taken")
        self._charge(self.case, until)
        self.at = until
        return self.case

    # Whose it is

    def _open(self, event: Event, case: Case) -> None:
        """Of a case that was taken over the time before its state began belongs to nobody known."""
        self.opened = self.at = case.opened_at
        if event.type != "case.imported":
            return
        began = parse_instant(event.body["asked"]["since"])
        self._live(began)
        self._put(began, state="", lane="", holder=Holder(), kind="running")
        self.at = began
        if not case.ended:
            self._hold(case)
            self._charge(case, event.at)

    def _hold(self, case: Case) -> None:
        """A holding begins when the role or the unit changes, and for a lane when it is opened anew."""
        holders = {
            "": case.holder,
            **{key: lane.holder for key, lane in case.lanes.items() if not lane.outcome},
        }
        if case.ended:
            holders = {}
        kept = {}
        for lane, holder in holders.items():
            before = self.held.get(lane)
            is_same = before is not None and (before.role, before.unit) == (holder.role, holder.unit)
            kept[lane] = before if before and is_same else _Held(holder.role, holder.unit)
            if holder.person:
                kept[lane].is_accepted = True
        self.held = kept

    def _accept(self, event: Event, before: Case) -> None:
        """A step by somebody in the holder's own role takes it up; what others do to it does not."""
        body = event.body
        if event.type != "step.taken" or body["actor"]["kind"] != "person" or self.program is None:
            return
        held, grant = self.held.get(body["asked"]["lane"]), body["actor"]["grant"]
        if held is None or not grant or held.role not in self.program.definition.roles:
            return
        if grant["role"] == self.program.post(held.role):
            held.is_accepted = True

    # How much it is

    def _charge(self, case: Case, until: datetime) -> None:
        if case.ended or until <= self.at:
            return
        self._live(until)
        is_paused, lanes = _stands_still(case), self._waited_for(case)
        if not lanes:
            self._put(until, state=case.state, lane="", holder=case.holder, kind=self._kind("", is_paused))
        for n, key in enumerate(lanes):
            self._put(
                until,
                state=case.state,
                lane=key,
                holder=case.lanes[key].holder,
                kind=self._kind(key, is_paused),
                share=(n, len(lanes)),
            )

    def _live(self, until: datetime) -> None:
        """Counted apart from the spans, which must add up to it."""
        self.life += max(0, _micros(until) - _micros(self._begun()))

    def _begun(self) -> datetime:
        return max(self.at, self.since) if self.since else self.at

    def _waited_for(self, case: Case) -> list[str]:
        """The lanes that the state cannot go on without, in the order of their keys."""
        entry = self.program.parallels.get(case.state) if self.program else None
        if entry is None or not entry[0].then:
            return []
        return [
            key for key, lane in sorted(case.lanes.items()) if lane.group == case.state and not lane.outcome
        ]

    def _kind(self, lane: str, is_paused: bool) -> Kind:
        if is_paused:
            return "paused"
        held = self.held.get(lane)
        return "running" if held is None or held.is_accepted else "unaccepted"

    def _put(
        self,
        until: datetime,
        *,
        state: str,
        lane: str,
        holder: Holder,
        kind: Kind,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        begun = self._begun()
        if until <= begun:
            return
        wall, working = self._share(begun, until, share), self._working(begun, until, share)
        self.spans.append(Span(begun, until, state, lane, holder, kind, wall, working))

    def _share(self, begun: datetime, until: datetime, share: tuple[int, int]) -> int:
        """How many of the microseconds from `begun` to before `until` are this lane's, counted from the opening."""
        n, of = share
        start, end = _micros(begun) - _micros(self.opened), _micros(until) - _micros(self.opened)
        return _below(end, n, of) - _below(start, n, of)

    def _working(self, begun: datetime, until: datetime, share: tuple[int, int]) -> int:
        if self.calendar is None:
            raise ValueError("an event names the calendar before anything is charged")
        if share[1] == 1:
            return self.calendar.working_time(begun, until) // _MICROSECOND
        return sum(self._share(s.start, s.end, share) for s in self.calendar.spans(begun, until).counted)


def _below(end: int, n: int, of: int) -> int:
    """How many numbers from 0 to before `end` leave the remainder `n`."""
    return (end - n + of - 1) // of


def _stands_still(case: Case) -> bool:
    spanning: Mapping[str, str] = {
        clock_id: clock.status
        for clock_id, clock in case.clocks.items()
        if clock.is_open and spans_states(clock_id)
    }
    if CASE_CLOCK in spanning:
        return spanning[CASE_CLOCK] == "paused"
    return bool(spanning) and all(status == "paused" for status in spanning.values())


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // _MICROSECOND
