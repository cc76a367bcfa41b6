"""Cases and events made by hand, for tests that do not care what a workflow says: `opened(...)`, then `moved(case, ...)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from engine import events
from engine.canonical import encode, genesis
from engine.case import STATE_CLOCK, Case, CaseId, Clock, CommandId, Holder
from engine.events import Event
from engine.ports import CaseWrite, Receipt, Writes

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in China, a Monday
LOG = "示例"
NOTICE = {"kind": "notify", "to": "leader", "about": "示例"}
NOBODY = Holder()
LIAISON = Holder("liaison", "u-庐阳")

Change = Mapping[str, Any]


def after(hours: int) -> datetime:
    return MORNING + timedelta(hours=hours)


def opening(case: str, *, region: str = "340102", subject: str = "示例企业") -> Change:
    return {
        "op": "open",
        "case": case,
        "workflow": "issue",
        "version": 1,
        "digest": "d" * 64,
        "region": region,
        "subject": subject,
    }


def entering(state: str, *, holder: Holder = NOBODY, ended: str = "") -> Change:
    return {"op": "enter", "state": state, "ended": ended, "holder": holder.as_data()}


def lane(key: str, *, do: str = "open", state: str = "assigned", outcome: str = "", unit: str = "") -> Change:
    holder = Holder("department", unit or key)
    change = {
        "op": "lane",
        "do": do,
        "key": key,
        "state": state,
        "outcome": outcome,
        "holder": holder.as_data(),
    }
    return {**change, "type": "share", "group": "coordinating", "n": 1} if do == "open" else change


def running(clock_id: str = STATE_CLOCK, *, due_at: datetime, status: str = "running") -> Change:
    """A clock that started in the morning and acts next when it is due."""
    clock = Clock(
        cycle=1,
        limit="1 working day",
        started_at=MORNING,
        segments=((MORNING, None),),
        due_at=due_at,
        status=status,  # type: ignore[arg-type]
        next_at=due_at,
        next_rung="due",
    )
    return {"op": "clock", "id": clock_id, "clock": clock.as_data()}


def noting(text: str) -> Change:
    return {"op": "data", "lane": "", "set": {"summary": text}}


def event(
    case: Case | None,
    case_id: str,
    *changes: Change,
    at: datetime = MORNING,
    effects: Sequence[Any] = (),
    command: str = "",
    late_seconds: int | None = None,
) -> Event:
    """The next event of `case`, or the first of a case that does not exist yet; with `late_seconds` a clock fired it."""
    seq = case.seq + 1 if case else 1
    body = {
        "actor": {"id": "p-示例", "kind": "person"},
        "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "case": case_id,
        "changes": list(changes),
        "command": command or f"{case_id}-{seq}",
        "effects": list(effects),
        "inputs": {} if late_seconds is None else {"fired": {"late_seconds": late_seconds}},
        "log": LOG,
        "prev": case.head if case else genesis(LOG, case_id),
        "seq": seq,
        "state": "",
        "type": _event_type(case, late_seconds),
        "v": 1,
    }
    return events.seal(body)


def _event_type(case: Case | None, late_seconds: int | None) -> str:
    if late_seconds is not None:
        return "clock.fired"
    return "step.taken" if case else "case.opened"


def opened(
    case: str,
    *changes: Change,
    region: str = "340102",
    subject: str = "示例企业",
    holder: Holder = LIAISON,
    at: datetime = MORNING,
    effects: Sequence[Any] = (),
    command: str = "",
) -> CaseWrite:
    """A new case in the state on_site, with whatever else `changes` say."""
    first = (opening(case, region=region, subject=subject), entering("on_site", holder=holder))
    made = event(None, case, *first, *changes, at=at, effects=effects, command=command)
    return CaseWrite(events.apply(None, made), (made,), is_new=True)


def moved(
    case: Case, *groups: Sequence[Change], at: datetime | None = None, effects: Sequence[Any] = ()
) -> CaseWrite:
    """One event after `case` for each group of changes, a second apart; the effects belong to the last."""
    made: list[Event] = []
    after = case
    for n, changes in enumerate(groups, start=1):
        then = at or case.at + timedelta(seconds=n)
        made.append(
            event(after, case.id, *changes, at=then, effects=effects if n == len(groups) else (), command="")
        )
        after = events.apply(after, made[-1])
    return CaseWrite(after, tuple(made), is_new=False)


def receipt_of(made: Event, *, command: str = "", request: str = "r" * 64) -> Receipt:
    return Receipt(
        CommandId(command or made.command), CaseId(made.case), request, encode(made.receipt()), made.at
    )


def written(*writes: CaseWrite, receipts: bool = True) -> Writes:
    """A group with the receipt of every event in it."""
    made = [receipt_of(e) for write in writes for e in write.events] if receipts else []
    return Writes(cases=writes, receipts=made)
