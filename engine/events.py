"""Events: what happened, in the bytes that stay for ever, and the fold that turns them back into a case.

An event is one accepted command with its inputs and its results. `changes` are the results; `fold` applies one change and is
the only code that moves a case, live and in replay alike. The byte profile is described in `docs/reference/event-bytes.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import canonical
from engine.case import Case, CaseId, Clock, Holder, Lane, Taken, with_entry
from engine.upcasting import EVENT_VERSION, today

__all__ = ["EVENT_VERSION", "Change", "Event", "apply", "fold", "read", "seal", "state_digest"]

Change = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A sealed event: `data` are the hashed bytes, `hash` their leaf hash, everything else a reading of them."""

    case: CaseId
    seq: int
    type: str
    at: datetime
    command: str
    actor: str
    data: bytes
    hash: str
    prev: str
    body: Mapping[str, Any]

    @property
    def effects(self) -> list[Mapping[str, Any]]:
        effects: list[Mapping[str, Any]] = self.body["effects"]
        return effects

    def receipt(self) -> dict[str, Any]:
        """What the caller is answered; the same for ever under the same idempotency key."""
        return {
            "at": self.body["at"],
            "case": self.case,
            "hash": self.hash,
            "seq": self.seq,
            "state": self.body["state"],
            "type": self.type,
        }


def read(data: bytes) -> Event:
    """An event from its stored bytes, in today's shape.

    Errors: `NotCanonical` if they are not JSON of the profile, `UnknownVersion`.
    """
    return _event(today(canonical.decode(data)), data)


def seal(body: dict[str, Any]) -> Event:
    """Encode and hash a finished body. What came from outside was checked at the border (`runtime.py`)."""
    return _event(body, canonical.encode(body))


def _event(body: Mapping[str, Any], data: bytes) -> Event:
    return Event(
        case=CaseId(body["case"]),
        seq=body["seq"],
        type=body["type"],
        at=canonical.parse_instant(body["at"]),
        command=body["command"],
        actor=body["actor"]["id"],
        data=data,
        hash=canonical.leaf_hash(data),
        prev=body["prev"],
        body=body,
    )


def state_digest(case: Case) -> str:
    return canonical.state_digest(case.encoded)


def apply(case: Case | None, event: Event) -> Case:
    """The case after `event`. Does not decide anything: see `tests/property/test_replay.py` for the equality with live."""
    body = event.body
    for change in body["changes"]:
        case = fold(case, change, event.at)
    if case is None:
        raise ValueError("the first event of a case must open it")
    return case.changed(seq=event.seq, at=event.at, head=event.hash)


def fold(case: Case | None, change: Change, at: datetime) -> Case:
    """Apply one change made at the moment `at`."""
    if case is None:
        return _opened(change, at)
    return _FOLDS[change["op"]](case, change, at)


def _opened(change: Change, at: datetime) -> Case:
    return Case(
        id=CaseId(change["case"]),
        workflow=change["workflow"],
        version=change["version"],
        digest=change["digest"],
        region=change["region"],
        subject=change["subject"],
        state="",
        opened_at=_moment_of(change, at),
        at=at,
    )


def _moment_of(change: Change, at: datetime) -> datetime:
    """Of what happened before it was recorded the change says when (`takeover.py`)."""
    return canonical.parse_instant(change["at"]) if "at" in change else at


def _data(case: Case, change: Change, at: datetime) -> Case:
    key = change["lane"]
    if not key:
        return case.changed(data={**case.data, **change["set"]})
    lane = case.lanes[key]
    return _with_lane(case, key, lane.changed(data={**lane.data, **change["set"]}))


def _enter(case: Case, change: Change, at: datetime) -> Case:
    return case.changed(state=change["state"], ended=change["ended"], holder=Holder(**change["holder"]))


def _with_lane(case: Case, key: str, lane: Lane) -> Case:
    return case.changed(lanes=with_entry(case.lanes, key, lane))


def _lane(case: Case, change: Change, at: datetime) -> Case:
    key = change["key"]
    return _with_lane(case, key, _LANE_FOLDS[change["do"]](case.lanes.get(key), change))


def _lane_opened(before: Lane | None, change: Change) -> Lane:
    return Lane(
        type=change["type"],
        group=change["group"],
        state=change["state"],
        n=change["n"],
        outcome=change["outcome"],
        holder=Holder(**change["holder"]),
    )


def _lane_entered(before: Lane, change: Change) -> Lane:
    holder = Holder(**change["holder"])
    return before.changed(state=change["state"], outcome=change["outcome"], holder=holder)


def _lane_retired(before: Lane, change: Change) -> Lane:
    return before.changed(group="")


_LANE_FOLDS: dict[str, Callable[[Any, Change], Lane]] = {
    "enter": _lane_entered,
    "open": _lane_opened,
    "retire": _lane_retired,
}


def _hold(case: Case, change: Change, at: datetime) -> Case:
    holder, key = Holder(**change["holder"]), change["lane"]
    if not key:
        return case.changed(holder=holder)
    return _with_lane(case, key, case.lanes[key].changed(holder=holder))


def _clock(case: Case, change: Change, at: datetime) -> Case:
    return case.with_clock(change["id"], Clock.from_data(change["clock"]))


def _taken(case: Case, change: Change, at: datetime) -> Case:
    before = case.taken.get(change["step"])
    same_round = before is not None and before.round == case.round
    by = before.by if before and same_round else ()
    who = change["by"]
    taken = Taken(
        total=(before.total if before else 0) + 1,
        round=case.round,
        times=(before.times if before and same_round else 0) + 1,
        by=by if who in by or not who else (*by, who),
        last_at=_moment_of(change, at),
    )
    return case.changed(taken=with_entry(case.taken, change["step"], taken))


def _round(case: Case, change: Change, at: datetime) -> Case:
    return case.changed(round=change["n"])


def _related(case: Case, change: Change, at: datetime) -> Case:
    link = {"news": change["news"], "relation": change["relation"]}
    return case.changed(related=with_entry(case.related, change["other"], link))


def _version(case: Case, change: Change, at: datetime) -> Case:
    return case.changed(version=change["version"], digest=change["digest"])


_FOLDS: dict[str, Callable[[Case, Change, datetime], Case]] = {
    "clock": _clock,
    "data": _data,
    "enter": _enter,
    "hold": _hold,
    "lane": _lane,
    "related": _related,
    "round": _round,
    "taken": _taken,
    "version": _version,
}
