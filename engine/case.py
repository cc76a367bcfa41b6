"""A case as a value: where it is, who holds it, its lanes, clocks and data; and its one-to-one JSON form.

The JSON form is what is hashed into every event (`after`) and stored beside the case row. Pure data: rules live in
`decide.py`, the fold in `events.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NewType, Self, TypeVar

from engine.canonical import encode, instant, parse_instant

CaseId = NewType("CaseId", str)
CommandId = NewType("CommandId", str)

Said = str | Mapping[str, str]
"""What a person wrote beside the fields; where that is personal, `{"sealed": <commitment>}` (`sealing.py`)."""

STATE_CLOCK = "state"
CASE_CLOCK = "case"


_Entry = TypeVar("_Entry")


def with_entry(entries: Mapping[str, _Entry], key: str, entry: _Entry) -> dict[str, _Entry]:
    """`entries` with one put in or put anew, in the order of keys: the order in which a case is stored and read back.

    Decisions walk over lanes and clocks, and must walk alike before and after a case was stored.
    """
    together = {**entries, key: entry}
    return together if key in entries else dict(sorted(together.items()))


def lane_clock(key: str) -> str:
    """The clock of lane `key`'s current state."""
    return f"lane/{key}"


def lane_of(clock_id: str) -> str:
    """The lane that a clock belongs to; empty for the clocks of the case itself."""
    return clock_id.removeprefix("lane/") if clock_id.startswith("lane/") else ""


_KEPT: Final = "_kept"  # beside the fields: not compared, not copied


class _Copied:
    """A frozen value of which every event makes changed copies. Not slotted: so a copy costs an eighth of `replace`."""

    def changed(self, **fields: Any) -> Self:
        """`dataclasses.replace`, for fields that exist. See tests/unit/test_case.py."""
        values = self.__dict__ | fields
        values.pop(_KEPT, None)
        copy = object.__new__(type(self))
        object.__setattr__(copy, "__dict__", values)
        return copy


class _Part(_Copied):
    """A part of a case: its JSON form, asked for at every event, is kept with it. Nobody changes what `as_data` returns."""

    def as_data(self) -> Mapping[str, Any]:
        kept: Mapping[str, Any] | None = self.__dict__.get(_KEPT)
        if kept is None:
            kept = self.__dict__[_KEPT] = self._as_data()
        return kept

    def _as_data(self) -> Mapping[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True)
class Holder(_Part):
    """Who has it now: a role always, a unit where one is resolved, a person once assigned."""

    role: str = ""
    unit: str = ""
    person: str = ""

    def _as_data(self) -> dict[str, str]:
        return {"person": self.person, "role": self.role, "unit": self.unit}


@dataclass(frozen=True)
class Lane(_Part):
    """One lane. `n` counts how often a lane of this key was opened; `outcome` is empty while it is open."""

    type: str
    group: str  # the state whose `parallel` opened it; empty once a later entry there has left it behind
    state: str
    n: int = 1
    outcome: Literal["", "done", "missed", "withdrawn"] = ""
    holder: Holder = Holder()
    data: Mapping[str, Any] = field(default_factory=dict)

    def _as_data(self) -> dict[str, Any]:
        return {
            "data": self.data,
            "group": self.group,
            "holder": self.holder.as_data(),
            "n": self.n,
            "outcome": self.outcome,
            "state": self.state,
            "type": self.type,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Lane:
        return cls(**{**data, "holder": Holder(**data["holder"])})


@dataclass(frozen=True, slots=True)
class Asked:
    """An extension that waits for approval; `amount` in the words of a limit."""

    amount: str
    reason: Said
    by: str
    at: datetime

    def as_data(self) -> dict[str, Said]:
        return {"amount": self.amount, "at": instant(self.at), "by": self.by, "reason": self.reason}


@dataclass(frozen=True)
class Clock(_Part):
    """Working time counted against a limit, as intervals; never as a total.

    `segments` are the running intervals, the last one open (end None) while it runs. `due_at`, `next_at` and `next_rung`
    are caches of `clocks.refresh` under the calendar named in the event that wrote them. `cycle` counts starts of this
    clock in the case, `stretch` its extensions and limit changes: a rung fires once per (cycle, stretch).
    """

    cycle: int
    limit: str
    started_at: datetime
    segments: tuple[tuple[datetime, datetime | None], ...]
    due_at: datetime
    status: Literal["running", "paused", "met", "late", "cancelled"] = "running"
    same_moment: bool = False
    column: str = ""  # `limits.<column>` that gave the limit, if one did
    stretch: int = 0
    extended: tuple[str, ...] = ()
    asked: Asked | None = None
    not_after: datetime | None = None  # earliest due moment inherited from a merged case
    fired: tuple[str, ...] = ()
    next_at: datetime | None = None
    next_rung: str = ""

    @property
    def is_open(self) -> bool:
        return self.status in ("running", "paused")

    def _as_data(self) -> dict[str, Any]:
        """What is empty or as usual is left out: most clocks are never paused, extended or merged."""
        data: dict[str, Any] = {
            "cycle": self.cycle,
            "due_at": instant(self.due_at),
            "limit": self.limit,
            "segments": [[instant(a), instant(b) if b else None] for a, b in self.segments],
            "started_at": instant(self.started_at),
            "status": self.status,
        }
        if self.next_at:
            data |= {"next_at": instant(self.next_at), "next_rung": self.next_rung}
        if self.fired:
            data["fired"] = list(self.fired)
        if self.column:
            data["column"] = self.column
        if self.same_moment:
            data["same_moment"] = True
        if self.stretch:
            data["stretch"] = self.stretch
        if self.extended:
            data["extended"] = list(self.extended)
        if self.asked:
            data["asked"] = self.asked.as_data()
        if self.not_after:
            data["not_after"] = instant(self.not_after)
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Clock:
        asked, next_at, not_after = data.get("asked"), data.get("next_at"), data.get("not_after")
        return cls(
            cycle=data["cycle"],
            limit=data["limit"],
            started_at=parse_instant(data["started_at"]),
            segments=tuple((parse_instant(a), parse_instant(b) if b else None) for a, b in data["segments"]),
            due_at=parse_instant(data["due_at"]),
            status=data["status"],
            same_moment=data.get("same_moment", False),
            column=data.get("column", ""),
            stretch=data.get("stretch", 0),
            extended=tuple(data.get("extended", ())),
            asked=Asked(**{**asked, "at": parse_instant(asked["at"])}) if asked else None,
            not_after=parse_instant(not_after) if not_after else None,
            fired=tuple(data.get("fired", ())),
            next_at=parse_instant(next_at) if next_at else None,
            next_rung=data.get("next_rung", ""),
        )


@dataclass(frozen=True)
class Taken(_Part):
    """How often a step was taken: `times` in the round `round`, `total` ever, by whom in this round, and when last."""

    total: int
    round: int
    times: int
    by: tuple[str, ...]
    last_at: datetime

    def _as_data(self) -> dict[str, Any]:
        return {
            "by": list(self.by),
            "last_at": instant(self.last_at),
            "round": self.round,
            "times": self.times,
            "total": self.total,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Taken:
        return cls(**{**data, "by": tuple(data["by"]), "last_at": parse_instant(data["last_at"])})


@dataclass(frozen=True)
class Case(_Copied):
    """One running instance of a workflow version, as of event `seq` whose hash is `head`."""

    id: CaseId
    workflow: str
    version: int
    digest: str
    region: str
    subject: str
    state: str
    opened_at: datetime
    at: datetime
    seq: int = 0
    head: str = ""
    round: int = 1
    holder: Holder = Holder()
    ended: Literal["", "settled", "final"] = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    taken: Mapping[str, Taken] = field(default_factory=dict)
    related: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return not self.ended

    @property
    def wake_at(self) -> datetime | None:
        """The next moment at which a clock of this case acts by itself."""
        moments = [c.next_at for c in self.clocks.values() if c.next_at and c.status == "running"]
        return min(moments, default=None)

    @property
    def units(self) -> frozenset[str]:
        """Every unit that holds or held a part of it: they may read the case."""
        held = [self.holder.unit, *(lane.holder.unit for lane in self.lanes.values())]
        return frozenset(u for u in held if u)

    def holder_of(self, clock_id: str) -> Holder:
        """Who answers for what the clock counts: the holder of its lane, or of the case."""
        lane = lane_of(clock_id)
        return self.lanes[lane].holder if lane else self.holder

    def with_clock(self, clock_id: str, clock: Clock) -> Case:
        return self.changed(clocks=with_entry(self.clocks, clock_id, clock))

    def with_head(self, head: str) -> Case:
        """The case as of the event whose hash is `head`. Its bytes are the same, for they leave the head out."""
        copy = self.changed(head=head)
        copy.__dict__[_KEPT] = self.encoded
        return copy

    @property
    def encoded(self) -> bytes:
        """The canonical bytes of `as_data`: hashed for the event and stored with the case row, spelled once."""
        kept: bytes | None = self.__dict__.get(_KEPT)
        if kept is None:
            kept = self.__dict__[_KEPT] = encode(self.as_data())
        return kept

    def as_data(self) -> dict[str, Any]:
        """The canonical value whose digest stands in every event; the head hash is left out (it covers this)."""
        return {
            "at": instant(self.at),
            "clocks": {k: c.as_data() for k, c in self.clocks.items()},
            "data": self.data,
            "digest": self.digest,
            "ended": self.ended,
            "holder": self.holder.as_data(),
            "id": self.id,
            "lanes": {k: v.as_data() for k, v in self.lanes.items()},
            "opened_at": instant(self.opened_at),
            "region": self.region,
            "related": self.related,
            "round": self.round,
            "seq": self.seq,
            "state": self.state,
            "subject": self.subject,
            "taken": {k: t.as_data() for k, t in self.taken.items()},
            "version": self.version,
            "workflow": self.workflow,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any], *, head: str) -> Case:
        return cls(
            **{
                **data,
                "head": head,
                "at": parse_instant(data["at"]),
                "opened_at": parse_instant(data["opened_at"]),
                "holder": Holder(**data["holder"]),
                "clocks": {k: Clock.from_data(v) for k, v in data["clocks"].items()},
                "lanes": {k: Lane.from_data(v) for k, v in data["lanes"].items()},
                "taken": {k: Taken.from_data(v) for k, v in data["taken"].items()},
            }
        )
