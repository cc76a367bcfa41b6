"""The levels of a bundle that need the engine: 3, every decision again; 4, whether it was lawful on its day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from adapters.evidence.verify import Finding, Report, verify
from engine import canonical
from engine.calendar import Calendar
from engine.errors import BihuanError
from engine.loading import load
from engine.machine import Program
from engine.replay import replay

__all__ = ["verify_all"]


class NotInBundle(BihuanError):
    """Raised when a history names rules that the bundle does not hold."""

    code, kind = "not_in_bundle", "missing"


def verify_all(
    members: Mapping[str, bytes], *, keys: tuple[str, ...] = (), outside: tuple[str, ...] = ()
) -> Report:
    """All four levels. What has been tampered with is not replayed: deciding needs the bytes that were decided."""
    report = verify(members, keys=keys, outside=outside)
    if report.findings or not report.facts:
        return report
    replayed = 0
    for case in histories(members):
        try:
            events = members[f"events/{case}.jsonl"].splitlines()
            report.findings.extend(_replayed(case, events, members))
            replayed += len(events)
        except NotInBundle as error:
            report.undecided.append(f"{case}：{error.message}")
    report.facts |= {"levels": [1, 2, 3], "replayed": replayed}
    return report


def histories(members: Mapping[str, bytes]) -> Iterator[str]:
    """The cases whose histories the bundle holds."""
    cases = canonical.decode(members["bundle.json"])["cases"]
    return iter(sorted(cases))


def _replayed(case: str, events: list[bytes], members: Mapping[str, bytes]) -> Iterator[Finding]:
    try:
        again = replay(events, _programs(members), _calendars(members))
    except NotInBundle:
        raise
    except (BihuanError, LookupError, TypeError, ValueError) as error:
        yield Finding(3, "forged", f"不是本系统能写出的记录：{error!r}", case, 0)
        return
    for divergence in again.divergences:
        yield Finding(3, "forged", divergence.message, case, divergence.seq)


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
