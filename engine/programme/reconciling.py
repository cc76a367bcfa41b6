"""What is to be done about one subject and a list: enter, leave, open a case, take a step. Pure: the caller does it.

Given the spec, what is known, the last spell on the list and the case behind it. Unknown changes nothing, unless it is unknown
because the figures by which the subject entered were withdrawn. A list with a case is left when the case ends, by an exit, or by
a move to another region; another list when its rule no longer holds.
Whoever was cleared comes back when people reopen the case, or when newer figures meet the rule again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final

from engine.case import Case
from engine.expressions import Expression, Kind, compile_guard
from engine.programme.answers import Answer, Verdict
from engine.programme.facts import FactType
from engine.programme.judging import Judge
from engine.programme.lists import Brought, ListCase, ListSpec
from engine.programme.model import Programme
from engine.programme.names import YEAR, SubjectReader
from engine.programme.references import is_constant, lists_in_order
from engine.programme.spells import HowIn, HowOut, Spell
from engine.subjects import Profile, Value

__all__ = ["Entry", "Plan", "Reconciler", "Taking", "brought", "case_values", "case_words"]

BY_RULE: Final = "rule"
BY_CASE: Final = "case:"
LIST_GONE: Final = "list gone"
WITHDRAWN: Final = "withdrawn"
FEN_OF_WAN: Final = 10**6
_STEPS: Final = re.compile(r"ever\.[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Taking:
    """A step of the system in the case behind spell `n`; the verb makes its key. A `required` one must be accepted first."""

    n: int
    verb: str
    step: str
    case: str
    data: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A new spell. `opens` is what its case brings, None where it has none or keeps `case`."""

    n: int
    how: HowIn
    region: str
    year: int
    evidence: Mapping[str, Any]
    case: str = ""
    opens: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """In this order: take the steps, close the open spell, enter a new one. `year` is what an open spell now goes by."""

    list: str
    subject: str
    steps: tuple[Taking, ...] = ()
    how_out: HowOut = ""
    reason: str = ""
    entry: Entry | None = None
    year: int | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.steps or self.how_out or self.entry or self.year is not None)


@dataclass(frozen=True, slots=True)
class _View:
    """One list and one subject, as everything that decides is known."""

    name: str
    spec: ListSpec
    reader: SubjectReader
    verdict: Verdict
    exit: str
    last: Spell | None
    case: Case | None

    @property
    def profile(self) -> Profile:
        return self.reader.profile

    @property
    def year(self) -> int:
        return self.reader.year

    @property
    def next_n(self) -> int:
        return self.last.n + 1 if self.last else 1


class _Sights:
    """One subject as seen from each year that decides about a list, and the lists it is on so far."""

    def __init__(self, judge: Judge, profile: Profile, today: date, on: set[str]) -> None:
        self.judge = judge
        self.profile = profile
        self.today = today
        self.on = on
        self._readers: dict[int, SubjectReader] = {}

    def of(self, list_: str) -> SubjectReader:
        year = self.judge.year(list_, self.profile, self.today)
        if year not in self._readers:
            self._readers[year] = self.judge.reading(self.profile, year, self.today, on=self.on)
        return self._readers[year]


class Reconciler:
    """The lists of one programme; shared by threads."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.programme = judge.programme
        self.order = lists_in_order(self.programme)

    def plans(
        self, profile: Profile, last: Mapping[str, Spell], cases: Mapping[str, Case], today: date
    ) -> list[Plan]:
        """For every list, those asked about by others first. `last` is the last spell on each list, `cases` those behind them."""
        on = {name for name, spell in last.items() if spell.is_open}
        sights = _Sights(self.judge, profile, today, on)
        plans = []
        for name in self.order:
            spell = last.get(name)
            plan = self._plan(sights.of(name), name, spell, cases.get(spell.case) if spell else None)
            if plan.entry:
                on.add(name)
            elif plan.how_out:
                on.discard(name)
            if not plan.is_empty:
                plans.append(plan)
        return [*plans, *self._of_lists_gone(profile, last)]

    def _of_lists_gone(self, profile: Profile, last: Mapping[str, Spell]) -> Iterator[Plan]:
        """Lists that a newer programme no longer has are left; what became of their cases is up to people."""
        for name in sorted(last.keys() - self.programme.lists.keys()):
            if last[name].is_open:
                yield Plan(name, profile.id, how_out="exited", reason=LIST_GONE)

    def _plan(self, reader: SubjectReader, name: str, last: Spell | None, case: Case | None) -> Plan:
        spec = self.programme.lists[name]
        verdict = self.judge.verdict_of(spec.members, reader)
        view = _View(name, spec, reader, verdict, self._exit(spec, reader), last, case)
        if last is None or not last.is_open:
            return Plan(name, reader.profile.id, entry=self._entry(view))
        return self._of_member(view, last)

    # On the list

    def _of_member(self, view: _View, spell: Spell) -> Plan:
        if how := _cleared(view):
            return self._left(view, spell, how[0], how[1])
        if view.exit:
            return self._exited(view, spell)
        if view.spec.case is None and view.verdict is Verdict.FAIL:
            return self._left(view, spell, "exited", BY_RULE)
        if _is_withdrawn(view, spell):
            return self._withdrawn(view, spell)
        if view.profile.region != spell.region:
            return self._moved(view, spell)
        if (
            view.case is not None
            and view.case.ended
            and view.spec.case
            and _takes_off(view.spec.case, view.case)
        ):
            return self._left(view, spell, "exited", BY_CASE + view.case.state)
        return self._goes_on(view, spell)

    def _left(self, view: _View, spell: Spell, how: HowOut, reason: str) -> Plan:
        """Off the list, and on again at once where figures newer than those of the spell meet the rule."""
        closed = replace(spell, until=spell.since, how_out=how, reason=reason)
        entry = self._entry(replace(view, last=closed))
        return Plan(view.name, spell.subject, how_out=how, reason=reason, entry=entry)

    def _exited(self, view: _View, spell: Spell) -> Plan:
        exit_ = view.spec.exits[view.exit]
        steps: tuple[Taking, ...] = ()
        if exit_.step and spell.case and not (view.case and view.case.ended == "final"):
            steps = (self._taking(view, spell, f"exit/{view.exit}", exit_.step, exit_.bring),)
        return Plan(view.name, spell.subject, steps, "exited", view.exit)

    def _withdrawn(self, view: _View, spell: Spell) -> Plan:
        spec, steps = view.spec.case, tuple[Taking, ...]()
        if spec and spec.withdrawn and spell.case and not (view.case and view.case.ended == "final"):
            steps = (self._taking(view, spell, WITHDRAWN, spec.withdrawn.step, spec.withdrawn.bring),)
        return Plan(view.name, spell.subject, steps, "exited", WITHDRAWN)

    def _moved(self, view: _View, spell: Spell) -> Plan:
        """The new region takes over: with a case of its own where the list says how the old one ends."""
        spec, region = view.spec.case, view.profile.region
        entry = Entry(spell.n + 1, "moved_in", region, spell.year, spell.evidence, spell.case)
        if spec is None or spec.moved is None:
            return Plan(view.name, spell.subject, (), "moved_out", region, entry)
        entry = replace(entry, case="", opens=self._brought(view, spec.bring))
        step = self._taking(view, spell, "move", spec.moved.step, spec.moved.bring)
        return Plan(view.name, spell.subject, (step,), "moved_out", region, entry)

    def _goes_on(self, view: _View, spell: Spell) -> Plan:
        spec, case = view.spec.case, view.case
        if spec is None:
            is_newer = view.verdict is Verdict.PASS and view.year > spell.year
            return Plan(
                view.name, spell.subject, year=view.year if is_newer and not view.spec.manual else None
            )
        if case is None or case.ended == "final":
            return Plan(view.name, spell.subject)
        steps, year = list(self._milestones(view, spell, spec)), None
        if spec.updated and not case.ended and view.verdict is Verdict.PASS:
            data = self._brought(view, spec.updated.bring)
            if any(case.data.get(name) != value for name, value in data.items()):
                steps.append(Taking(spell.n, f"update/{case.seq}", spec.updated.step, spell.case, data))
            year = view.year if view.year > spell.year else None
        return Plan(view.name, spell.subject, tuple(steps), year=year)

    def _milestones(self, view: _View, spell: Spell, spec: ListCase) -> Iterator[Taking]:
        for name, milestone in spec.steps.items():
            if self.judge.verdict_of(milestone.when, view.reader) is Verdict.PASS:
                data = self._brought(view, milestone.bring)
                if len(data) == len(milestone.bring):
                    verb = "/".join((name, *(str(value) for _, value in sorted(data.items()))))
                    yield Taking(spell.n, verb, milestone.step, spell.case, data)

    # Not on the list

    def _entry(self, view: _View) -> Entry | None:
        spec, last = view.spec, view.last
        if last and last.how_out == "cleared" and view.case and not view.case.ended:
            # People have reopened the case, whatever the figures say; an exit may follow.
            return Entry(
                view.next_n, "relapsed", last.region, last.year, {"reopened": view.case.round}, last.case
            )
        if spec.manual or view.exit or (spec.case and not view.profile.region):
            return None
        if view.verdict is not Verdict.PASS or not _may_return(view):
            return None
        relapses = bool(last and last.how_out == "cleared" and spec.case and spec.case.relapsed)
        how: HowIn = "relapsed" if relapses else "entered"
        return self._entry_with_case(view, how, goes_on=relapses and _can_relapse(view))

    def _entry_with_case(self, view: _View, how: HowIn, *, goes_on: bool) -> Entry:
        evidence = _evidence(view.profile, self.judge.answer(view.spec.members, view.reader))
        entry = Entry(view.next_n, how, view.profile.region, view.year, evidence)
        if view.spec.case is None:
            return entry
        if goes_on and view.last:
            return replace(entry, case=view.last.case)
        return replace(entry, opens=self._brought(view, view.spec.case.bring))

    def relapse(self, plan: Plan, profile: Profile) -> Taking | None:
        """The step that begins a new round in the settled case of an entry, if that is how it comes back."""
        entry = plan.entry
        if entry is None or entry.how != "relapsed":
            return None
        spec = self.programme.lists[plan.list].case
        if spec is None or spec.relapsed is None or entry.opens is not None or "reopened" in entry.evidence:
            return None
        data = brought(self.programme, spec.relapsed.bring, profile, entry.year)
        return Taking(entry.n, "relapse", spec.relapsed.step, entry.case, data, required=True)

    # What both need

    def _exit(self, spec: ListSpec, reader: SubjectReader) -> str:
        """The first exit whose condition is known to hold."""
        exits = spec.exits.items()
        holding = (n for n, e in exits if self.judge.verdict_of(e.when, reader) is Verdict.PASS)
        return next(holding, "")

    def _brought(self, view: _View, bring: Brought) -> dict[str, Any]:
        return brought(self.programme, bring, view.profile, view.year)

    def _taking(self, view: _View, spell: Spell, verb: str, step: str, bring: Brought) -> Taking:
        return Taking(spell.n, verb, step, spell.case, self._brought(view, bring))


def brought(programme: Programme, bring: Brought, profile: Profile, year: int) -> dict[str, Any]:
    """The fields of a case, from facts of that year; money in whole 万元, rounded down. What is not known is left out."""
    values = {field: _value(programme, words, profile, year) for field, words in bring.items()}
    return {field: value for field, value in values.items() if value is not None}


def _value(programme: Programme, words: str | int | bool, profile: Profile, year: int) -> Value | None:
    if not isinstance(words, str):
        return words
    if is_constant(words):
        return words[1:-1]
    if words == YEAR:
        return year
    value = profile.value(words, year)
    if isinstance(value, int) and programme.facts[words].type is FactType.MONEY:
        return value // FEN_OF_WAN
    return value


def case_words(steps: Iterable[str]) -> dict[str, Kind]:
    """What a condition over an ended case may name: how it ended, in which state, and how often each step was ever taken."""
    return {"ended": Kind.TEXT, "state": Kind.TEXT, **{f"ever.{step}": Kind.INTEGER for step in steps}}


def case_values(case: Case, names: Iterable[str]) -> dict[str, Any]:
    values: dict[str, Any] = {"ended": case.ended, "state": case.state}
    for name in names:
        if name.startswith("ever."):
            taken = case.taken.get(name.removeprefix("ever."))
            values[name] = taken.total if taken else 0
    return values


def _takes_off(spec: ListCase, case: Case) -> bool:
    return case.ended == "final" or (case.ended == "settled" and spec.leaves == "settled")


def _cleared(view: _View) -> tuple[HowOut, str] | None:
    """Off with success: the case has ended, and ended well."""
    spec, case = view.spec.case, view.case
    if spec is None or case is None or not _takes_off(spec, case):
        return None
    expression = _over_case(spec.cleared, tuple(case.taken))
    is_well = expression.holds(case_values(case, expression.names))
    return ("cleared", case.state) if is_well else None


@lru_cache(maxsize=1024)
def _over_case(text: str, taken: tuple[str, ...]) -> Expression:
    """Steps that were never taken have no entry in the case, but a name all the same."""
    named = {word.removeprefix("ever.") for word in _STEPS.findall(text)}
    return compile_guard(text, case_words({*taken, *named}))


def _may_return(view: _View) -> bool:
    """Whoever left by a rule comes back as it says; whoever left with the case only with newer figures."""
    last = view.last
    if last is None or last.reason in (BY_RULE, WITHDRAWN) or last.reason in view.spec.exits:
        return True
    return view.year > last.year


def _is_withdrawn(view: _View, spell: Spell) -> bool:
    """Nothing says any more that it belongs here. Figures are never forgotten, so one that is missing was taken back."""
    if view.verdict is Verdict.PASS or view.spec.manual or (view.spec.case and not view.spec.case.withdrawn):
        return False
    read = (name.rsplit("@", 1) for name in spell.evidence.get("facts", ()))
    return any(view.profile.value(fact, int(year)) is None for fact, year in read)


def _can_relapse(view: _View) -> bool:
    """The old case takes it up again, unless it is closed for good or belongs to another region."""
    return bool(view.case and view.case.ended == "settled" and view.case.region == view.profile.region)


def _evidence(profile: Profile, answer: Answer) -> dict[str, Any]:
    """What the rule read, with the values of that moment."""
    read = {f"{ask.fact}@{ask.year}": profile.value(ask.fact, ask.year) for ask in answer.reads}
    return {"facts": {name: value for name, value in read.items() if value is not None}}
