"""What was known of a case at a moment, and what is claimed to have happened by then but was recorded only later.

`at` is when the log recorded an event and cannot be chosen by whoever acts; `occurred_at` is what they say. The case as known is
the fold of what was recorded by then. The case as claimed goes on through the events recorded later for as long as each is
claimed to have happened by then: the first that is not ends it, for what follows was decided on a case that it had changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.canonical import parse_instant
from engine.case import Case
from engine.events import Event, apply, read

__all__ = ["AsOf", "Difference", "Later", "as_of"]


@dataclass(frozen=True, slots=True)
class Later:
    """An event recorded after the moment that is claimed to have happened by then; `is_folded`: the claimed case holds it."""

    seq: int
    type: str
    at: datetime
    occurred_at: datetime
    actor: str
    is_folded: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the claims change; `path` as in the case's own JSON, None where there was nothing."""

    path: str
    known: Any
    claimed: Any


@dataclass(frozen=True, slots=True)
class AsOf:
    """`known` is None before the case was recorded, `claimed` before it is said to have begun."""

    known: Case | None
    claimed: Case | None
    later: tuple[Later, ...]
    differences: tuple[Difference, ...]


def as_of(history: Iterable[bytes], moment: datetime) -> AsOf:
    known: Case | None = None
    claimed: Case | None = None
    later: list[Later] = []
    goes_on = True
    for event in map(read, history):
        if event.at <= moment:
            known = claimed = apply(known, event)
            continue
        is_claimed = claimed_at(event) <= moment
        goes_on = goes_on and is_claimed
        if goes_on:
            claimed = apply(claimed, event)
        if is_claimed:
            later.append(_later(event, goes_on))
    return AsOf(known, claimed, tuple(later), tuple(_differences(known, claimed)))


def claimed_at(event: Event) -> datetime:
    """When what it records is said to have come about: of a case taken over, when it came into its state."""
    if event.type == "case.imported":
        return parse_instant(event.body["asked"]["since"])
    return parse_instant(event.body["occurred_at"])


def _later(event: Event, is_folded: bool) -> Later:
    return Later(event.seq, event.type, event.at, claimed_at(event), event.actor, is_folded)


_BESIDE = frozenset({"at", "seq"})  # of the record, not of the case


def _differences(known: Case | None, claimed: Case | None) -> Iterator[Difference]:
    one, other = (_flat(case.as_data()) if case else {} for case in (known, claimed))
    for path in sorted({*one, *other}):
        if path not in _BESIDE and one.get(path) != other.get(path):
            yield Difference(path, one.get(path), other.get(path))


def _flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """`{"holder": {"role": …}}` as `{"holder.role": …}`; lists stay whole."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        path = f"{above}{key}"
        found |= _flat(item, f"{path}.") if isinstance(item, Mapping) and item else {path: item}
    return found
