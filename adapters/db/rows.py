"""What a group of writes is as rows. Every store derives them here, so that memory, SQLite and PostgreSQL hold the same.

Field names are column names of `tables.py`. Moments are microseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from engine.canonical import encode
from engine.case import CASE_CLOCK, STATE_CLOCK, Case, CaseId, Clock, CommandId, Holder, lane_clock
from engine.events import Event
from engine.ports import CaseWrite, Receipt, Secret, Writes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LANE_CLOCKS = lane_clock("")


class CaseRow(NamedTuple):
    id: str
    workflow: str
    version: int
    digest: str
    region: str
    subject: str
    state: str
    ended: str
    round: int
    holder_role: str
    holder_unit: str
    holder_person: str
    opened_at: int
    at: int
    seq: int
    head: str
    wake_at: int | None
    due_at: int | None
    late: bool
    body: bytes


class EventRow(NamedTuple):
    case_id: str
    seq: int
    type: str
    at: int
    actor: str
    command: str
    hash: str
    prev: str
    data: bytes


class ReceiptRow(NamedTuple):
    command: str
    case_id: str
    request: str
    response: bytes
    at: int


class TaskRow(NamedTuple):
    id: str
    kind: str
    case_id: str
    seq: int
    n: int
    body: bytes
    due_at: int
    state: str
    attempts: int


class HoldingKey(NamedTuple):
    case_id: str
    lane: str


class HoldingRow(NamedTuple):
    case_id: str
    lane: str
    role: str
    unit: str
    person: str
    region: str
    state: str
    due_at: int | None
    clock: str


class InvolvedRow(NamedTuple):
    case_id: str
    unit: str


class SecretRow(NamedTuple):
    case_id: str
    commitment: str
    field: str
    salt: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction as rows, in the order of case ids; `expected[i]` is the stored seq that `moved[i]` replaces."""

    opened: list[CaseRow] = field(default_factory=list)
    moved: list[CaseRow] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    tasks: list[TaskRow] = field(default_factory=list)
    released: list[HoldingKey] = field(default_factory=list)
    holdings: list[HoldingRow] = field(default_factory=list)
    involved: list[InvolvedRow] = field(default_factory=list)
    secrets: list[SecretRow] = field(default_factory=list)


def batch(writes: Writes, before: Mapping[CaseId, Case]) -> Batch:
    """The rows of `writes`; `before` are the cases as stored, from which follows which holdings changed."""
    rows = Batch()
    # In the order of ids: two writers that open the same cases wait for each other in one order only.
    for write in sorted(writes.cases, key=lambda w: w.case.id):
        _add_case(rows, write, before.get(write.case.id))
    rows.receipts.extend(map(_receipt_row, sorted(writes.receipts, key=lambda r: r.command)))
    rows.secrets.extend(map(_secret_row, writes.secrets))
    return rows


def _add_case(rows: Batch, write: CaseWrite, before: Case | None) -> None:
    if write.is_new:
        rows.opened.append(case_row(write.case))
    else:
        rows.moved.append(case_row(write.case))
        rows.expected.append(write.events[0].seq - 1)
    for event in write.events:
        rows.events.append(_event_row(event))
        rows.tasks.extend(task_rows(event))
    if units := _units(write.events):
        newcomers = units - before.units if before else units
        rows.involved.extend(InvolvedRow(write.case.id, unit) for unit in sorted(newcomers))
    _add_holdings(rows, before, write.case)


def _add_holdings(rows: Batch, before: Case | None, after: Case) -> None:
    old = {row[:2]: row for row in holdings(before)} if before else {}
    new = {row[:2]: row for row in holdings(after)}
    rows.released.extend(HoldingKey(*key) for key in old if key not in new)
    rows.holdings.extend(row for key, row in new.items() if old.get(key) != row)


def case_row(case: Case) -> CaseRow:
    return CaseRow(
        id=case.id,
        workflow=case.workflow,
        version=case.version,
        digest=case.digest,
        region=case.region,
        subject=case.subject,
        state=case.state,
        ended=case.ended,
        round=case.round,
        holder_role=case.holder.role,
        holder_unit=case.holder.unit,
        holder_person=case.holder.person,
        opened_at=micros(case.opened_at),
        at=micros(case.at),
        seq=case.seq,
        head=case.head,
        wake_at=micros_or_none(case.wake_at),
        due_at=_due_at(case),
        late=not case.ended and any(_is_past(clock, case.at) for clock in case.clocks.values()),
        body=case.encoded,
    )


def stored_case(body: bytes, head: str) -> Case:
    """The case of a row's `body`. Nothing is verified: the evidence is the events."""
    return Case.from_data(orjson.loads(body), head=head)


def holdings(case: Case) -> Iterator[HoldingRow]:
    """Who holds the case and its open lanes; nothing once the case has ended."""
    if not case.is_open:
        return
    yield _holding(case, "", case.holder, case.state, _first_due(case) or _resting(case))
    for key, lane in case.lanes.items():
        if not lane.outcome:
            yield _holding(case, key, lane.holder, lane.state, lane_clock(key))


def task_rows(event: Event) -> Iterator[TaskRow]:
    """The tasks that an event asks for, due at once."""
    for n, effect in enumerate(event.effects):
        yield TaskRow(
            id=f"{event.case}.{event.seq}.{n}",
            kind=effect["kind"],
            case_id=event.case,
            seq=event.seq,
            n=n,
            body=encode(effect),
            due_at=micros(event.at),
            state="ready",
            attempts=0,
        )


def stored_receipt(row: Iterable[Any]) -> Receipt:
    command, case, request, response, at = row
    return Receipt(CommandId(command), CaseId(case), request, response, moment(at))


@lru_cache(maxsize=16_384)  # the rows of a group name the same few moments many times
def micros(at: datetime) -> int:
    """Microseconds since the epoch, exactly. `at` must be aware."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def moment_or_none(micros: int | None) -> datetime | None:
    return None if micros is None else moment(micros)


def _due_at(case: Case) -> int | None:
    """When the case as a whole is next due: its state's, its own and its named running clocks, not those of lanes."""
    first = _first_due(case)
    return micros(case.clocks[first].due_at) if first else None


def _first_due(case: Case) -> str:
    """Of those running clocks the one that is due first, its state's if several are; empty when none runs."""
    clocks = case.clocks
    own = (key for key in clocks if not key.startswith(_LANE_CLOCKS) and clocks[key].status == "running")
    return min(own, key=lambda key: (clocks[key].due_at, key != STATE_CLOCK, key), default="")


def _resting(case: Case) -> str:
    return STATE_CLOCK if STATE_CLOCK in case.clocks else CASE_CLOCK


def _is_past(clock: Clock, at: datetime) -> bool:
    return clock.status == "running" and clock.due_at <= at


def _holding(case: Case, lane: str, holder: Holder, state: str, clock_id: str) -> HoldingRow:
    clock = case.clocks.get(clock_id)
    return HoldingRow(
        case_id=case.id,
        lane=lane,
        role=holder.role,
        unit=holder.unit,
        person=holder.person,
        region=case.region,
        state=state,
        due_at=micros(clock.due_at) if clock and clock.status == "running" else None,
        clock=clock_id if clock else "",
    )


def _units(events: Iterable[Event]) -> set[str]:
    """Units that came to hold something: read from the changes, for a group may pass through a holder."""
    held = (change.get("holder") for event in events for change in event.body["changes"])
    return {holder["unit"] for holder in held if holder and holder["unit"]}


def _event_row(event: Event) -> EventRow:
    return EventRow(
        case_id=event.case,
        seq=event.seq,
        type=event.type,
        at=micros(event.at),
        actor=event.actor,
        command=event.command,
        hash=event.hash,
        prev=event.prev,
        data=event.data,
    )


def _receipt_row(receipt: Receipt) -> ReceiptRow:
    return ReceiptRow(receipt.command, receipt.case, receipt.request, receipt.response, micros(receipt.at))


def _secret_row(secret: Secret) -> SecretRow:
    return SecretRow(secret.case, secret.commitment, secret.field, secret.salt, secret.value)
