"""Contact frequency: how many cases about one subject may fall within a span of days before the next one is flagged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pydantic import Field

from engine.spelling import AnyTitle, Cel, Id, Model, PlainDuration, Words

__all__ = ["Contact", "Frequency", "crowded"]

_DAYS: Final = {"day": 1, "week": 7}


class Frequency(Model):
    """More than `most` cases of a workflow about one subject within `within`: the system takes `step` on those that are planned.

    `planned` says over the case which are still planned, `counts` which count as contacts; `day` names the date field that says
    when. A case without that date counts on the day on which it was opened. `number` is the field of the step's count.
    """

    title: AnyTitle
    workflow: Id
    day: Id | None = None
    most: int = Field(ge=1)
    within: PlainDuration
    planned: Cel
    counts: Cel
    step: Id
    number: Id
    note: Words | None = None

    @property
    def days(self) -> int:
        """The span in days; only days and weeks are spans here."""
        return self.within.amount * _DAYS.get(self.within.unit.value, 0)


@dataclass(frozen=True, slots=True)
class Contact:
    """A case about a subject on a day; `flagged` is the number that it was last flagged with, 0 for never."""

    case: str
    subject: str
    day: date
    planned: bool
    flagged: int = 0


def crowded(contacts: Iterable[Contact], *, most: int, days: int) -> list[tuple[Contact, int]]:
    """Planned contacts with more than `most` within any span of `days` that holds them, and how many; each new number once."""
    by_subject: defaultdict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        by_subject[contact.subject].append(contact)
    found = []
    for subject in sorted(by_subject):
        together = sorted(by_subject[subject], key=lambda c: (c.day, c.case))
        for contact in together:
            number = _most_around(contact, together, days) if contact.planned else 0
            if number > most and number > contact.flagged:
                found.append((contact, number))
    return found


def _most_around(contact: Contact, together: list[Contact], days: int) -> int:
    """The fullest span of `days` days among those that begin with a contact and hold this one."""
    span = timedelta(days=days - 1)
    starts = {c.day for c in together if contact.day - span <= c.day <= contact.day}
    return max(sum(start <= c.day <= start + span for c in together) for start in starts)
