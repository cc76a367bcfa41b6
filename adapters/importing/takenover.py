"""What was taken over before, by the numbers that it had elsewhere, and in what it comes back otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from adapters.db.bulk import portions
from adapters.db.tables import CASE, EVENT, RECEIPT
from adapters.importing.workorders import command_id
from engine import canonical
from engine.commands import Import

__all__ = ["TakenOver", "differences", "taken_over"]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """`request`: the digest of what was asked then."""

    case: str
    region: str
    request: str


def taken_over(connection: Connection, numbers: Sequence[str]) -> dict[str, TakenOver]:
    """By original number; those that never came are missing."""
    found: dict[str, TakenOver] = {}
    wanted = {command_id(number): number for number in numbers if number}
    for part in portions(wanted):
        query = select(RECEIPT.c.command, RECEIPT.c.case_id, CASE.c.region, RECEIPT.c.request)
        query = query.join(CASE, CASE.c.id == RECEIPT.c.case_id).where(RECEIPT.c.command.in_(part))
        for command, case, region, request in connection.execute(query):
            found[wanted[command]] = TakenOver(case, region, request)
    return found


def differences(connection: Connection, now: Mapping[str, tuple[str, Import]]) -> dict[str, list[str]]:
    """By original number the headings under which the file says something else than when its case was opened.

    None of them: it was read otherwise, or what is personal differs. Of that the history keeps no more than a commitment.
    """
    then: dict[str, dict[str, str]] = {}
    for part in portions({case for case, _ in now.values()}):
        query = select(EVENT.c.case_id, EVENT.c.data).where(EVENT.c.case_id.in_(part), EVENT.c.seq == 1)
        for case, data in connection.execute(query):
            then[case] = _original(canonical.decode(data)["asked"]["past"])
    return {
        number: _other(then.get(case, {}), _original(canonical.normalise(list(command.past))))
        for number, (case, command) in now.items()
    }


def _other(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [heading for heading in {**now, **then} if then.get(heading, "") != now.get(heading, "")]


def _original(past: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The cells of the row as they stood."""
    return dict(past[0].get("original", ())) if past else {}
