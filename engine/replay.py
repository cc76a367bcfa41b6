"""Replay: decide every event of a history again, from its own recorded inputs, and compare the bytes.

Live and replay call the same `decide` and the same `fold`. A difference names one event. The registry hands in the
definitions and calendars by the digests that the events name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.access import Actor, Grant
from engine.calendar import Calendar
from engine.canonical import parse_instant
from engine.case import Case, CaseId, CommandId
from engine.commands import Command
from engine.decide import decide
from engine.directory import Address, RegionId, Resolution, UnitId
from engine.draft import Facts
from engine.errors import BihuanError
from engine.events import Event, apply, read, state_digest
from engine.machine import Program


@dataclass(frozen=True, slots=True)
class Divergence:
    """`kind`: `state` the fold gives another state, `decision` deciding again gives other bytes or refuses."""

    case: str
    seq: int
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Replayed:
    events: int
    case: Case | None
    divergences: tuple[Divergence, ...]


class Recorded:
    """The organisation as one event saw it."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        self._inputs = inputs

    def resolve(self, address: Address, *, region: str, unit: str | None, on: date) -> Resolution:
        found = self._inputs["addresses"][f"{address}|{region}|{unit or ''}"]
        return Resolution(
            address,
            tuple(found["people"]),
            UnitId(found["unit"]) if found["unit"] else None,
            RegionId(found["region"]),
            found["climbed"],
        )

    def subject_holders(self, role: str, *, subject: str, on: date) -> Sequence[str]:
        people: list[str] = self._inputs["subject"][role]
        return people

    def region(self, region: str) -> bool:
        return True  # a case of an unknown region was never opened

    def unit(self, unit: str) -> bool | None:
        return self._inputs["units"][unit] or None

    def person(self, person: str) -> bool | None:
        return self._inputs["people"][person] or None


def replay(
    history: Iterable[bytes],
    program: Callable[[str], Program],
    calendar: Callable[[str], Calendar],
) -> Replayed:
    """Replay one case's history, seq ascending. Chain and bytes are checked by `canonical.verify_chain`, not here."""
    case: Case | None = None
    divergences: list[Divergence] = []
    count = 0
    for data in history:
        event = read(data)
        divergences += _decided_again(case, event, program, calendar)
        case = apply(case, event)
        count += 1
        if state_digest(case) != event.body["after"]:
            divergences.append(Divergence(event.case, event.seq, "state", "重放得到的状态与记录不同"))
    return Replayed(count, case, tuple(divergences))


def _decided_again(
    case: Case | None, event: Event, program: Callable[[str], Program], calendar: Callable[[str], Calendar]
) -> list[Divergence]:
    body = event.body
    own = program(case.digest if case else body["def"]["digest"])
    facts = Facts(
        now=event.at,
        calendar=calendar(body["calendar"]["digest"]),
        directory=Recorded(body["inputs"]),
        log=body["log"],
        engine=body["engine"],
        cases=_recorded_cases(body["inputs"], event),
        target=program(body["def"]["digest"]) if event.type == "case.moved" else None,
    )
    try:
        again, _ = decide(own, case, command_of(event), facts)
    except (BihuanError, LookupError) as error:
        return [Divergence(event.case, event.seq, "decision", f"按当时的规则不能得到这条记录：{error!r}")]
    if again.data == event.data:
        return []
    return [
        Divergence(
            event.case, event.seq, "decision", f"重新裁定的结果不同：{_first_difference(again, event)}"
        )
    ]


def _first_difference(again: Event, event: Event) -> str:
    return next((key for key in event.body if again.body.get(key) != event.body[key]), "bytes")


def _recorded_cases(inputs: Mapping[str, Any], event: Event) -> dict[CaseId, Case]:
    """Stand-ins that carry just what a decision may know of another case (`Draft.other_case`)."""
    return {
        CaseId(case_id): Case(
            id=CaseId(case_id),
            workflow=known["workflow"],
            version=0,
            digest="",
            region="",
            subject=known["subject"],
            state="",
            opened_at=event.at,
            at=event.at,
            ended=known["ended"],
        )
        for case_id, known in inputs.get("cases", {}).items()
        if known
    }


def command_of(event: Event) -> Command:
    """The command that made the event."""
    body = event.body
    actor, grant = body["actor"], body["actor"]["grant"]
    return _BY_EVENT[event.type](
        id=CommandId(event.command),
        case=event.case,
        actor=Actor(
            id=actor["id"],
            kind=actor["kind"],
            grants=(Grant(**grant),) if grant else (),
            stands_in_for=actor["for"],
            channel=actor["channel"],
        ),
        occurred_at=parse_instant(body["occurred_at"]),
        **body["asked"],
    )


_BY_EVENT: dict[str, Callable[..., Command]] = {c.event: c for c in Command.__subclasses__()}
