"""A subject as its readers see it: titles beside ids, money in 万元, personal values masked for whoever only reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from adapters.bootstrap import Container
from adapters.db.views import Filter
from adapters.subjects.contacts import WINDOW, Contact, warning
from adapters.subjects.reading import Dated, Subject
from api.auth import Caller
from api.presenting import Presenter
from api.schemas import CaseSummary, Named
from api.subject_schemas import (
    ContactsView,
    ContactView,
    FactView,
    MembershipView,
    SpellView,
    SubjectSummary,
    SubjectView,
)
from engine.programme.facts import FactSpec, FactType
from engine.programme.spells import Spell
from engine.subjects import Known, Value

__all__ = ["SubjectPresenter", "masked", "value_words"]

_CASES: Final = 100
_WAN: Final = Decimal(1_000_000)  # fen
_PHONE: Final = re.compile(r"\d{7,}")


class SubjectPresenter:
    """Views for one caller; made for a request and thrown away."""

    def __init__(self, container: Container, caller: Caller, presenter: Presenter) -> None:
        self._container = container
        self._caller = caller
        self._names = presenter
        self._specs = container.subjects.specs()
        self._lists = container.programmes.lists(container.now())

    def summary(self, subject: Subject) -> SubjectSummary:
        return SubjectSummary(
            id=subject.id,
            title=subject.title,
            region=self._names.region(subject.region),
            doubt=subject.doubt,
            updated_at=subject.updated_at,
        )

    def subject(self, subject: Subject, *, as_of: datetime | None, may_write: bool) -> SubjectView:
        """`as_of` looks at the figures of a moment; the rest is of now."""
        subjects, now = self._container.subjects, self._container.now()
        facts = subjects.facts(subject.id, as_of=as_of)
        shows_personal = may_write or subject.id in self._caller.reach.subjects
        return SubjectView(
            **self.summary(subject).model_dump(),
            as_of=as_of or now,
            may_write=may_write,
            names=[_dated(each, Named(id="", title=each.value)) for each in subjects.names(subject.id)],
            regions=[_dated(each, self._names.region(each.value)) for each in subjects.regions(subject.id)],
            facts=[self._fact(*key, known, shows_personal) for key, known in sorted(facts.items())],
            lists=[self._membership(each) for each in subjects.memberships(subject.id)],
            cases=self._cases(subject),
            contacts=self._contacts(subjects.contacts(subject.id, now)),
        )

    def _cases(self, subject: Subject) -> list[CaseSummary]:
        wanted = Filter(subject=subject.id)
        page = self._container.views.list_cases(self._caller.reach, wanted, limit=_CASES)
        return [self._names.summary(case) for case in page.cases]

    def _fact(self, fact: str, year: int, known: Known, shows_personal: bool) -> FactView:
        spec = self._specs.get(fact)
        hides = bool(spec and spec.personal) and not shows_personal
        words = value_words(spec, known.value)
        return FactView(
            fact=fact,
            title=str(spec.title) if spec else fact,
            year=year,
            value=masked(str(known.value)) if hides else known.value,
            words=masked(words) if hides else words,
            source=known.source,
            vintage=known.vintage,
            verified=known.verified,
            entered_by=self._names.person(known.entered_by),
            entered_at=known.entered_at,
            masked=hides,
        )

    def _membership(self, found: Spell) -> MembershipView:
        return MembershipView(
            list=Named(
                id=found.list,
                title=str(self._lists[found.list].title) if found.list in self._lists else found.list,
            ),
            since=found.since,
            until=found.until,
            how_in=found.how_in,
            how_out=found.how_out,
            reason=found.reason,
            year=found.year,
            evidence=found.evidence,
            case=found.case,
        )

    def _contacts(self, found: list[Contact]) -> ContactsView:
        return ContactsView(
            days=WINDOW.days,
            number=len(found),
            warning=warning(len(found)),
            visits=[ContactView(region=self._names.region(each.region), at=each.at) for each in found],
        )


def value_words(spec: FactSpec | None, value: Value) -> str:
    """1亿元 is `10,000 万元`; a choice is its title; yes and no are 是 and 否."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if spec and spec.type is FactType.MONEY and isinstance(value, int):
        return f"{(Decimal(value) / _WAN).normalize():,f} 万元"
    if spec and spec.type is FactType.CHOICE:
        return _option(spec.options, value)
    return f"{value} {spec.unit}" if spec and spec.unit and isinstance(value, int) else str(value)


def masked(text: str) -> str:
    """138****1234 of a number, 张** of a name."""
    if _PHONE.search(text):
        return _PHONE.sub(lambda found: f"{found[0][:3]}****{found[0][-4:]}", text)
    return text[:1] + "*" * min(len(text) - 1, 2) if text else text


def _option(options: Mapping[str, object], value: Value) -> str:
    return str(options.get(str(value), value))


def _dated(dated: Dated, value: Named) -> SpellView:
    return SpellView(value=value, since=dated.since, until=dated.until)
