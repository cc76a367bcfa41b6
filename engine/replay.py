"""Replay: decide every event of a history again, from its own recorded inputs, and compare the bytes.

Live and replay call the same `decide` and the same `fold`. A difference names one event. The registry hands in the
definitions and calendars by the digests that the events name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from engine.access import Actor, Grant
from engine.calendar import Calendar
from engine.canonical import encode, is_profile, loose, parse_instant
from engine.case import Case, CaseId, CommandId
from engine.commands import Command, MoveVersion
from engine.decide import decide
from engine.directory import Address, RegionId, Resolution, UnitId
from engine.draft import Facts
from engine.errors import BihuanError
from engine.events import Event, apply, fold, read, state_digest
from engine.machine import Program
from engine.upcasting import today


@dataclass(frozen=True, slots=True)
class Divergence:
    """`kind`: `state` the fold gives another state, `decision` deciding again gives other bytes or refuses, `unreadable` none.

    `seq` is its place in the history.
    """

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
    """Replay one case's history, seq ascending. The chain is checked by `canonical.verify_chain`, not here."""
    stored = list(history)
    try:
        found = _alike(stored, program, calendar)
    except _DOUBTS:
        found = None
    return found or _event_by_event(stored, program, calendar)


_DOUBTS: Final = (BihuanError, LookupError, TypeError, ValueError, AttributeError)


def _alike(
    stored: Sequence[bytes], program: Callable[[str], Program], calendar: Callable[[str], Calendar]
) -> Replayed | None:
    """A history whose every event is decided again to the same bytes; None at the first doubt, and then each event is asked.

    The fold goes beside the decisions, from the recorded changes alone, and both must arrive at the same case: an `after` on
    the way is that of the decision, whose bytes are the event's (tests/property/test_replay.py folds and compares at each).
    """
    case: Case | None = None
    folded: Case | None = None
    for data in stored:
        body = today(loose(data))
        again, case = _again(case, body, program, calendar)
        if again.data != data or not is_profile(data, [body[part] for part in _BROUGHT]):
            return None
        for change in body["changes"]:
            folded = fold(folded, change, again.at)
    if case and folded and folded.changed(seq=case.seq, at=case.at).encoded != case.encoded:
        return None
    return Replayed(len(stored), case, ())


# What an event takes from outside; all else in it is made of these, of earlier events and of the definition.
_BROUGHT: Final = (
    "actor",
    "asked",
    "at",
    "calendar",
    "case",
    "command",
    "engine",
    "inputs",
    "log",
    "occurred_at",
)


def _event_by_event(
    stored: Sequence[bytes], program: Callable[[str], Program], calendar: Callable[[str], Calendar]
) -> Replayed:
    """The same, told event by event: what the record says goes on, whatever deciding it again would have given."""
    case: Case | None = None
    divergences: list[Divergence] = []
    for position, data in enumerate(stored, start=1):
        try:
            event = read(data)
            after = apply(case, event)
        except _DOUBTS as error:
            words = f"不是一条可以读取的记录：{error!r}"
            divergences.append(Divergence(case.id if case else "", position, "unreadable", words))
            break
        divergences += _decided_again(case, event, program, calendar)
        case = after
        if event.body.get("after", _UNSAID) not in (state_digest(case), _UNSAID):
            divergences.append(Divergence(event.case, event.seq, "state", "重放得到的状态与记录不同"))
    return Replayed(len(stored), case, tuple(divergences))


_UNSAID: Final = object()


def _decided_again(
    case: Case | None, event: Event, program: Callable[[str], Program], calendar: Callable[[str], Calendar]
) -> list[Divergence]:
    try:
        again, _ = _again(case, event.body, program, calendar)
    except _DOUBTS as error:
        return [Divergence(event.case, event.seq, "decision", f"按当时的规则不能得到这条记录：{error!r}")]
    if (differing := _first_difference(again, event)) is None:
        return []
    return [Divergence(event.case, event.seq, "decision", f"重新裁定的结果不同：{differing}")]


def _again(
    case: Case | None,
    body: Mapping[str, Any],
    program: Callable[[str], Program],
    calendar: Callable[[str], Calendar],
) -> tuple[Event, Case]:
    """The event decided again from its own inputs, and the case after it. Errors: whatever refuses it."""
    at = parse_instant(body["at"])
    facts = Facts(
        now=at,
        calendar=calendar(body["calendar"]["digest"]),
        directory=Recorded(body["inputs"]),
        log=body["log"],
        engine=body["engine"],
        cases=_recorded_cases(body["inputs"], at),
        target=program(body["def"]["digest"]) if body["type"] == MoveVersion.event else None,
    )
    own = program(case.digest if case else body["def"]["digest"])
    return decide(own, case, _command(body), facts)


def _first_difference(again: Event, event: Event) -> str | None:
    """The first part of the event that comes out otherwise; None where the bytes are the same.

    An event of an earlier version is compared in today's shape, part by part, as far as it says anything of a part.
    """
    if again.data == event.data:
        return None
    differing = (key for key in event.body if encode(again.body.get(key)) != encode(event.body[key]))
    fallback = None if encode(event.body) != event.data else "bytes"
    return next(differing, fallback)


def _recorded_cases(inputs: Mapping[str, Any], at: datetime) -> Mapping[CaseId, Case]:
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
            opened_at=at,
            at=at,
            ended=known["ended"],
        )
        for case_id, known in inputs.get("cases", {}).items()
        if known
    }


def command_of(event: Event) -> Command:
    """The command that made the event."""
    return _command(event.body)


def _command(body: Mapping[str, Any]) -> Command:
    actor, grant = body["actor"], body["actor"]["grant"]
    return _BY_EVENT[body["type"]](
        id=CommandId(body["command"]),
        case=CaseId(body["case"]),
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
