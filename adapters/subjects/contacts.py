"""How often a subject was called on lately, by offices of all tiers together: 有求必应、无事不扰 (五(三)).

The numbers are defaults (默认值，可配置): the scheme names none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from adapters.db.rows import stored_case
from adapters.db.tables import CASE

__all__ = ["CROWDED_OVER", "WINDOW", "Contact", "contacts", "warning"]

WINDOW: Final = timedelta(days=30)
CROWDED_OVER: Final = 2
_CALLS: Final = {"visit": "finish"}  # the step of a workflow by which somebody has been there


@dataclass(frozen=True, slots=True)
class Contact:
    case: str
    region: str
    at: datetime


def contacts(connection: Connection, subject: str, *, now: datetime) -> list[Contact]:
    """Of the last 30 days, the latest first. Whoever may see the subject may know of them, whosever visits they were."""
    query = select(CASE.c.body, CASE.c.head).where(CASE.c.subject == subject, CASE.c.workflow.in_(_CALLS))
    found = []
    for body, head in connection.execute(query):
        case = stored_case(body, head)
        taken = case.taken.get(_CALLS[case.workflow])
        if taken and taken.last_at >= now - WINDOW:
            found.append(Contact(case.id, case.region, taken.last_at))
    return sorted(found, key=lambda each: each.at, reverse=True)


def warning(number: int) -> str:
    """What to tell whoever plans another one; empty when there is nothing to tell."""
    if number <= CROWDED_OVER:
        return ""
    return f"近 {WINDOW.days} 日内各级已走访 {number} 次，超过 {CROWDED_OVER} 次（默认值，可配置）；无事不扰，建议并入已有安排"
