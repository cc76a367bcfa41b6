"""Who looked at what: personal values shown and reports handed out, told to the journal before they leave; and asked for by case.

A person who opens a case again on the same day is told of once a process. If the journal cannot be written, nothing is shown.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock
from typing import Any, Final

from adapters.evidence.journal import Journal
from engine.access import Actor, Reach
from engine.audit.journal import EntryType
from engine.canonical import parse_instant
from engine.case import Case
from engine.directory import covers

__all__ = ["Read", "Reads"]

WHOLE: Final = "*"  # instead of a region: an export of the whole log
_KEPT: Final = 10_000  # showings of today that this process remembers


@dataclass(frozen=True, slots=True)
class Read:
    """One entry. `is_certain`: it names the case; otherwise it is about a region in which the case lies, and may have held it.

    `is_wider`: it is about more than the reader may see, so scope, number of cases, purpose and digest are left empty.
    """

    seq: int
    type: str
    at: datetime
    by: str
    what: str
    scope: Mapping[str, Any]
    cases: int
    purpose: str
    digest: str
    is_certain: bool
    is_wider: bool = False


class Reads:
    def __init__(self, journal: Journal, local_date: Callable[[datetime], date]) -> None:
        self._journal = journal
        self._local_date = local_date
        self._told: OrderedDict[tuple[Any, ...], None] = OrderedDict()
        self._lock = Lock()

    def shown(self, actor: Actor, about: Mapping[str, Any], fields: Sequence[str], at: datetime) -> None:
        """Personal values of these fields were shown; `about` names the case, or the subject. Errors: `StoreUnavailable`."""
        scope = {**about, "fields": sorted(fields)}
        key = (actor.id, actor.stands_in_for, self._local_date(at), *sorted(about.items()), *scope["fields"])
        with self._lock:
            if key in self._told:
                self._told.move_to_end(key)
                return
        self.told("personal", scope, actor=actor, at=at, cases=1 if "case" in about else 0)
        with self._lock:
            self._told[key] = None
            while len(self._told) > _KEPT:
                self._told.popitem(last=False)

    def told(
        self,
        what: str,
        scope: Mapping[str, Any],
        *,
        actor: Actor,
        at: datetime,
        cases: int,
        purpose: str = "",
        digest: str = "",
    ) -> None:
        """One entry `cases.read`. Errors: `StoreUnavailable`."""
        said = {"what": what, "scope": dict(scope), "cases": cases, "purpose": purpose, "digest": digest}
        if actor.stands_in_for:
            said["for"] = actor.stands_in_for
        self._journal.record(EntryType.CASES_READ, said, actor=actor, at=at)

    def of_case(self, case: Case, reach: Reach | None = None) -> Iterator[Read]:
        """Everything that was read or erased of a case, in the order of time; for a reader of `reach`, or of everything."""
        for entry in self._journal.entries(
            EntryType.CASES_READ, EntryType.VALUES_ERASED, EntryType.SAMPLE_DRAWN
        ):
            data = entry["data"]
            named, region = _scope_of(entry["type"], data)
            is_certain = case.id in named
            if is_certain or any(each == WHOLE or covers(each, case.region) for each in region):
                found = _read(entry, data, is_certain)
                is_own = reach is None or named == {case.id} or _is_within(data, reach)
                yield found if is_own else _narrowed(found)


def _scope_of(type: str, data: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The cases that an entry names, and the regions that it is about."""
    if type == EntryType.VALUES_ERASED:
        return {data["case"]}, set()
    if type == EntryType.SAMPLE_DRAWN:
        return set(data["drawn"]), set()
    scope = data["scope"]
    if scope.get("kind") == "whole":
        return set(), {WHOLE}
    named = {scope["case"]} if scope.get("case") else set(scope.get("cases", ()))
    if named:
        return named, set()
    return set(), set(_regions(scope))


def _regions(scope: Mapping[str, Any]) -> list[str]:
    return [each for each in (scope.get("region"), *scope.get("regions", ())) if each]


def _is_within(data: Mapping[str, Any], reach: Reach) -> bool:
    """Whether the entry is about regions, and each of them lies in `reach`."""
    regions = _regions(data.get("scope", {}))
    return bool(regions) and all(any(covers(own, each) for own in reach.regions) for each in regions)


def _narrowed(read: Read) -> Read:
    return replace(read, scope={}, cases=0, purpose="", digest="", is_wider=True)


def _read(entry: Mapping[str, Any], data: Mapping[str, Any], is_certain: bool) -> Read:
    type_ = entry["type"]
    what = {EntryType.VALUES_ERASED: "erased", EntryType.SAMPLE_DRAWN: "sample"}.get(type_, "")
    return Read(
        seq=entry["seq"],
        type=type_,
        at=parse_instant(entry["at"]),
        by=entry["actor"]["id"],
        what=what or data["what"],
        scope=data.get("scope", {}),
        cases=data.get("cases", 1),
        purpose=data.get("purpose", data.get("reason", "")),
        digest=data.get("digest", ""),
        is_certain=is_certain,
    )
