"""What the clients saw, and whether the database agrees: the judge of every fault test.

A client notes each command when it invokes it and how it ended. Afterwards the stored histories are read straight from the
database and held against the notes. Nothing here trusts the service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from adapters.bootstrap import Container
from adapters.db.tables import CASE, NOTICE, TASK
from adapters.notices import notice_id
from engine.canonical import verify_chain
from engine.case import CaseId
from engine.events import Event, read
from engine.replay import replay

Ending = Literal["acknowledged", "refused", "unknown"]


@dataclass(slots=True)
class Ledger:
    """Notes of all clients, by command id. `unknown`: the connection broke and nobody asked again."""

    invoked: set[str] = field(default_factory=set)
    endings: dict[str, Ending] = field(default_factory=dict)
    receipts: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def invoke(self, command: str) -> None:
        self.invoked.add(command)

    def acknowledge(self, command: str, receipt: Mapping[str, Any]) -> None:
        self.endings[command], self.receipts[command] = "acknowledged", receipt

    def refuse(self, command: str) -> None:
        self.endings[command] = "refused"

    def count(self, ending: Ending) -> int:
        noted = sum(e == ending for e in self.endings.values())
        return noted + len(self.invoked - self.endings.keys()) if ending == "unknown" else noted


@dataclass(slots=True)
class Verdict:
    """What was compared and every fault found; a proof holds when `faults` is empty and the counts are not zero."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        return {"counts": self.counts, "faults": self.faults[:20], "fault_count": len(self.faults)}


def judge(container: Container, ledger: Ledger, now: datetime) -> Verdict:
    """Hold the stored histories against the ledger."""
    verdict = Verdict()
    histories = {case: [read(data) for data in container.store.history(case)] for case in _cases(container)}
    events = [event for history in histories.values() for event in history]
    _judge_histories(container, histories, verdict)
    _judge_commands(ledger, events, verdict)
    _judge_timers(events, verdict)
    _judge_tasks(container, events, verdict)
    unfired = container.views.owed(now).overdue_timers
    verdict.counts |= {"cases": len(histories), "events": len(events), "unfired": unfired}
    if unfired:
        verdict.faults.append(f"{unfired} obligations due and unfired")
    return verdict


def _cases(container: Container) -> list[CaseId]:
    with container.database.reading() as connection:
        return [CaseId(case) for case in connection.scalars(select(CASE.c.id).order_by(CASE.c.id))]


def _judge_histories(container: Container, histories: Mapping[CaseId, list[Event]], verdict: Verdict) -> None:
    with container.database.reading() as connection:
        heads = {
            row.id: (row.seq, row.head)
            for row in connection.execute(select(CASE.c.id, CASE.c.seq, CASE.c.head))
        }
    divergences = 0
    for case, history in histories.items():
        stored = [event.data for event in history]
        faults = verify_chain(container.settings.log, case, stored)
        verdict.faults += [f"chain of {case}: {fault}" for fault in faults]
        if heads[case] != (history[-1].seq, history[-1].hash):
            verdict.faults.append(f"head of {case} is not its last event")
        replayed = replay(stored, container.definitions.digest, container.calendars.digest)
        verdict.faults += [f"replay: {each}" for each in replayed.divergences]
        divergences += len(replayed.divergences)
    verdict.counts["divergences"] = divergences


def _judge_commands(ledger: Ledger, events: Iterable[Event], verdict: Verdict) -> None:
    found = Counter(event.command for event in events)
    by_command = {event.command: event for event in events}
    for command in ledger.invoked:
        ending, times = ledger.endings.get(command, "unknown"), found[command]
        if ending == "acknowledged" and times != 1:
            verdict.faults.append(f"acknowledged {command} stands {times} times")
        elif ending == "acknowledged" and by_command[command].hash != ledger.receipts[command]["hash"]:
            verdict.faults.append(f"acknowledged {command} with another hash")
        elif ending == "refused" and times:
            verdict.faults.append(f"refused {command} stands {times} times")
        elif times > 1:
            verdict.faults.append(f"{ending} {command} stands {times} times")
    for ending in ("acknowledged", "refused", "unknown"):
        verdict.counts[ending] = ledger.count(ending)


def _judge_timers(events: Iterable[Event], verdict: Verdict) -> None:
    fired = Counter(
        (event.case, f["clock"], f["cycle"], f["stretch"], f["rung"])
        for event in events
        if (f := event.body["inputs"].get("fired"))
    )
    verdict.counts["fired"] = len(fired)
    verdict.faults += [f"rung {rung} fired {times} times" for rung, times in fired.items() if times != 1]


def _judge_tasks(container: Container, events: Sequence[Event], verdict: Verdict) -> None:
    """Every effect is performed once: its task is done, and each person was told once."""
    expected = {
        f"{event.case}.{event.seq}.{n}": effect for event in events for n, effect in enumerate(event.effects)
    }
    with container.database.reading() as connection:
        states = {row.id: row.state for row in connection.execute(select(TASK.c.id, TASK.c.state))}
        notices = Counter(connection.scalars(select(NOTICE.c.id)))
    verdict.faults += [f"effect {task} has no task" for task in expected.keys() - states.keys()]
    verdict.faults += [f"task {task} comes from no event" for task in states.keys() - expected.keys()]
    verdict.faults += [f"task {task} is {state}" for task, state in states.items() if state != "done"]
    told = {
        notice_id(event.case, event.seq, effect, person)
        for event in events
        for effect in event.effects
        if effect["kind"] == "notify"
        for person in effect["people"]
    }
    verdict.faults += [f"notice {notice} is missing" for notice in told - notices.keys()]
    verdict.counts |= {"tasks": len(states), "notices": len(notices)}
