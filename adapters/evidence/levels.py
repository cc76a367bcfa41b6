"""The levels of a bundle that need the engine: 3, every decision again; 4, whether it was lawful on its day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from adapters.evidence.verify import Finding, Report, verify
from engine import canonical
from engine.audit.journal import JOURNAL, EntryType
from engine.audit.lawful import GRACE, judge
from engine.calendar import Calendar
from engine.directory import Directory
from engine.errors import BihuanError
from engine.loading import load
from engine.machine import Program
from engine.replay import replay

__all__ = ["verify_all"]


class NotInBundle(BihuanError):
    """Raised when a history names rules that the bundle does not hold."""

    code, kind = "not_in_bundle", "missing"


def verify_all(
    members: Mapping[str, bytes], *, keys: Sequence[str] = (), outside: Sequence[str] = ()
) -> Report:
    """All four levels. What has been tampered with is not replayed: deciding needs the bytes that were decided."""
    report = verify(members, keys=keys, outside=outside)
    if report.findings or not report.facts:
        return report
    rules = _Rules(_programs(members), _calendars(members), _organisations(members))
    for case in sorted(canonical.decode(members["bundle.json"])["cases"]):
        events = members[f"events/{case}.jsonl"].splitlines()
        report.undecided.extend(_unjudged(case, events, rules.organisation))
        try:
            report.findings.extend(_faults(case, events, rules))
        except NotInBundle as error:
            report.undecided.append(f"{case}：{error.message}")
    report.facts["levels"] = [1, 2, 3, 4]
    return report


class _Rules(NamedTuple):
    program: Callable[[str], Program]
    calendar: Callable[[str], Calendar]
    organisation: Callable[[datetime], Sequence[Directory]]


def _faults(case: str, events: list[bytes], rules: _Rules) -> Iterator[Finding]:
    """Level 4 takes for granted what level 3 asks: a history that does not replay is not judged."""
    try:
        divergences = replay(events, rules.program, rules.calendar).divergences
    except NotInBundle:
        raise
    except (BihuanError, LookupError, TypeError, ValueError, AttributeError) as error:
        yield Finding(3, "forged", f"不是本系统能写出的记录：{error!r}", case, 0)
        return
    for divergence in divergences:
        yield Finding(3, "forged", divergence.message, case, divergence.seq)
    if not divergences:
        for found in judge(
            events, program=rules.program, calendar=rules.calendar, organisation=rules.organisation
        ):
            kind = "forged" if found.kind == "authority" else "unlawful"
            yield Finding(4, kind, f"{found.message}（{found.kind}）", case, found.seq)


def _unjudged(
    case: str, events: list[bytes], organisation: Callable[[datetime], Sequence[Directory]]
) -> Iterator[str]:
    """A person acted, and the bundle knows no organisation of that day: whether anybody was entitled is not known."""
    for body in map(canonical.decode, events):
        if body["actor"]["kind"] == "person" and not organisation(canonical.parse_instant(body["at"])):
            yield f"{case} 第 {body['seq']} 条：没有当时的组织机构，无法判断职权"
            return


def _organisations(members: Mapping[str, bytes]) -> Callable[[datetime], Sequence[Directory]]:
    """Those in force at a moment or within `GRACE` before it, as the journal of the bundle tells."""
    entries = map(canonical.decode, members[f"events/{JOURNAL}.jsonl"].splitlines())
    told = sorted(
        (canonical.parse_instant(entry["data"].get("since") or entry["at"]), entry["data"]["digest"])
        for entry in entries
        if entry["type"] == EntryType.RULES_PUBLISHED and entry["data"]["kind"] == "organisation"
    )
    moments = [moment for moment, _ in told]

    def in_force(at: datetime) -> list[Directory]:
        first, last = max(0, bisect_right(moments, at - GRACE) - 1), bisect_right(moments, at)
        names = dict.fromkeys(f"organisations/{digest}.json" for _, digest in told[first:last])
        return [_directory(_rule(members, name)) for name in names]

    return in_force


def _programs(members: Mapping[str, bytes]) -> Callable[[str], Program]:
    return lambda digest: _program(_rule(members, f"definitions/{digest}.yaml"))


def _calendars(members: Mapping[str, bytes]) -> Callable[[str], Calendar]:
    return lambda digest: _calendar(_rule(members, f"calendars/{digest}.json"))


def _rule(members: Mapping[str, bytes], name: str) -> bytes:
    try:
        return members[name]
    except KeyError:
        raise NotInBundle(f"证据包里没有 {name}", hint="重新导出") from None


@lru_cache(maxsize=256)
def _program(data: bytes) -> Program:
    return Program(load(data, name="bundle.yaml"))


@lru_cache(maxsize=256)
def _calendar(data: bytes) -> Calendar:
    return Calendar.from_data(canonical.decode(data))


@lru_cache(maxsize=64)
def _directory(data: bytes) -> Directory:
    return Directory.from_data(canonical.decode(data))
