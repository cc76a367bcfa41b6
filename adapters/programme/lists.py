"""Lists that keep themselves: what changed is looked at, cases are opened and moved, and then written down who is where.

A kill at any moment loses and doubles nothing: commands have keys that follow from list, subject and spell, so doing them
again is answered by the receipt; memberships are written after the commands, and a subject stays dirty until they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final

import structlog

from adapters.db.database import Database
from adapters.numbers import Numbers
from adapters.programme.days import all_dirty, begin_day
from adapters.programme.memberships import Closing, Memberships
from adapters.programme.refusals import Refusal, refusal, settle
from adapters.programme.registry import ProgrammeRegistry, Published, UnknownProgramme
from adapters.registry import DefinitionRegistry
from adapters.subjects.profiles import Profiles
from engine.access import Actor
from engine.case import Case, CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.directory import SubjectId
from engine.errors import KeyReused
from engine.ports import Now
from engine.programme.reconciling import Entry, Plan, Taking
from engine.programme.spells import Spell
from engine.runtime import Accepted, Outcome, Refused
from engine.subjects import Profile

__all__ = ["GROUP", "SYSTEM", "Lists", "Ran"]

GROUP: Final = 250  # subjects in one pass: a few thousand commands at most wait at the writer
SYSTEM: Final = Actor(id="programme", kind="system", channel="worker")

Submit = Callable[[Command], "Future[Outcome]"]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ran:
    """What a pass did; `more` if it stopped at its limit."""

    subjects: int = 0
    entered: int = 0
    left: int = 0
    steps: int = 0
    refused: int = 0
    more: bool = False

    def __add__(self, other: Ran) -> Ran:
        return Ran(
            self.subjects + other.subjects,
            self.entered + other.entered,
            self.left + other.left,
            self.steps + other.steps,
            self.refused + other.refused,
            other.more,
        )


@dataclass(slots=True)
class _Work:
    """The subjects of one pass: what is known, planned and answered."""

    published: Published
    today: date
    profiles: dict[SubjectId, Profile]
    updated_at: Mapping[SubjectId, int]
    last: Mapping[SubjectId, Mapping[str, Spell]]
    cases: Mapping[str, Case]
    plans: list[Plan] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    unsettled: set[SubjectId] = field(default_factory=set)


class Lists:
    """`run` is one pass over what changed. Any number of processes may run it; each change is written once."""

    def __init__(
        self,
        database: Database,
        programmes: ProgrammeRegistry,
        profiles: Profiles,
        memberships: Memberships,
        numbers: Numbers,
        *,
        definitions: DefinitionRegistry,
        now: Now,
        local_date: Callable[[datetime], date],
    ) -> None:
        self._database = database
        self._programmes = programmes
        self._profiles = profiles
        self._memberships = memberships
        self._numbers = numbers
        self._definitions = definitions
        self._now = now
        self._local_date = local_date
        self._asked_at: datetime | None = None
        self._refused_at: dict[tuple[SubjectId, int], datetime] = {}

    def run(self, submit: Submit, limit: int = GROUP) -> Ran:
        """Look at no more than `limit` subjects. Nothing where no programme is in force."""
        if self._in_force() is None:
            return Ran()
        self._begin_day()
        dirty = self._dirty(limit)
        # Only now: what makes them dirty after this has also moved them on, so that this pass leaves them dirty.
        if (published := self._in_force()) is None:
            return Ran()
        asked_at, room = self._now(), limit - len(dirty)
        news = self._memberships.with_news(_ending(published), room, since=self._moved_since(asked_at))
        subjects = list(dict.fromkeys((*dirty, *news)))
        ran = self._look_at(published, subjects, dirty, submit) if subjects else Ran()
        if len(news) < room:  # else some are left, which a later moment would pass over
            self._asked_at = asked_at
        return replace(ran, more=len(subjects) >= limit)

    def run_all(self, submit: Submit, *, limit: int = GROUP) -> Ran:
        """Pass after pass until nothing is left."""
        total = self.run(submit, limit)
        while total.more:
            total += self.run(submit, limit)
        return total

    def look_again(self) -> None:
        """Make every subject dirty: each is looked at under the rules of today."""
        all_dirty(self._database)

    def _in_force(self) -> Published | None:
        """The programme of now, also one that another process has just published; None where there is none."""
        self._programmes.refresh()
        with suppress(UnknownProgramme):
            return self._programmes.current(self._now())
        return None

    def _dirty(self, limit: int) -> dict[SubjectId, int]:
        """Without those whose opening was refused a short while ago: they must not keep the others from being looked at."""
        now, refused = self._now(), self._refused_at
        self._refused_at = resting = {who: at for who, at in refused.items() if at <= now < at + _REST}
        found = self._profiles.dirty(limit + len(resting))
        return dict(islice((each for each in found if each not in resting), limit))

    def _moved_since(self, now: datetime) -> datetime | None:
        """From when on moved cases are asked for: once a day, and at first, whenever they moved."""
        last = self._asked_at
        if last is None or now < last or self._local_date(now) != self._local_date(last):
            return None
        return last - _BEHIND

    def _begin_day(self) -> None:
        begun = {each.programme.effective for each in self._programmes.versions()}
        begin_day(self._database, self._local_date(self._now()), begun=begun)

    def _look_at(
        self,
        published: Published,
        subjects: Sequence[SubjectId],
        dirty: Mapping[SubjectId, int],
        submit: Submit,
    ) -> Ran:
        work = self._planned(published, subjects, dirty)
        self._do(work, submit)
        return self._write(work)

    # What is to be done

    def _planned(
        self, published: Published, subjects: Sequence[SubjectId], dirty: Mapping[SubjectId, int]
    ) -> _Work:
        last = self._memberships.last(subjects)
        profiles = {profile.id: profile for profile in self._profiles.many(subjects)}
        today = self._local_date(self._now())
        cases = self._memberships.cases({s.case for on in last.values() for s in on.values() if s.case})
        work = _Work(published, today, profiles, dirty, last, cases)
        for subject, profile in profiles.items():
            work.plans += published.reconciler.plans(profile, last.get(subject, {}), cases, today)
        work.answered = self._memberships.answered(_keys(work))
        work.plans += self._begun(work)
        return work

    def _begun(self, work: _Work) -> Iterator[Plan]:
        """Openings that were accepted before a process died: they count even if nobody would ask for them now.

        What they brought may be old by now, so their subjects stay dirty and are looked at once more.
        """
        planned = {(plan.list, plan.subject) for plan in work.plans if plan.entry}
        for subject, list_, n in _openable(work):
            case = work.answered.get(_key(list_, subject, n, "open"))
            if case is None:
                continue
            work.unsettled.add(subject)
            if (list_, subject) in planned:
                continue
            profile = work.profiles[subject]
            year = work.published.judge.year(list_, profile, work.today)
            yield Plan(list_, subject, entry=Entry(n, "entered", profile.region, year, {}, case))

    # Doing it

    def _do(self, work: _Work, submit: Submit) -> None:
        waiting = {c.id: submit(c) for c in self._commands(work) if c.id not in work.answered}
        work.outcomes = {key: future.result() for key, future in waiting.items()}
        reused = [
            key
            for key, outcome in work.outcomes.items()
            if isinstance(outcome, Refused) and isinstance(outcome.error, KeyReused)
        ]
        work.answered |= self._memberships.answered(reused)
        for key, outcome in work.outcomes.items():
            if isinstance(outcome, Accepted):
                work.answered[key] = outcome.receipt["case"]
            elif key not in work.answered:
                log.info("list_command_refused", command=key, code=outcome.error.code)

    def _commands(self, work: _Work) -> Iterator[Command]:
        for plan in work.plans:
            profile = work.profiles[SubjectId(plan.subject)]
            for taking in _takings(work, plan, profile):
                if not self._is_open(work, taking):
                    continue  # the case has gone on to where this is not asked for
                yield TakeStep(
                    id=_key(plan.list, plan.subject, taking.n, taking.verb),
                    case=CaseId(taking.case),
                    actor=SYSTEM,
                    step=taking.step,
                    data=dict(taking.data),
                )
            if plan.entry and plan.entry.opens is not None:
                yield self._opening(work, plan, plan.entry)

    def _is_open(self, work: _Work, taking: Taking) -> bool:
        case = work.cases[taking.case]
        return taking.step in self._definitions.digest(case.digest).main.steps[case.state]

    def _opening(self, work: _Work, plan: Plan, entry: Entry) -> Open:
        case = work.published.programme.lists[plan.list].case
        return Open(
            id=_key(plan.list, plan.subject, entry.n, "open"),
            case=self._numbers.next(self._now()),
            actor=SYSTEM,
            workflow=case.workflow if case else "",
            region=entry.region,
            subject=plan.subject,
            data=dict(entry.opens or {}),
        )

    # Writing it down

    def _write(self, work: _Work) -> Ran:
        now = self._now()
        entering = [spell for plan in work.plans if (spell := _entering(work, plan, now))]
        closing = [end for plan in work.plans if (end := _closing(work, plan, now))]
        going_by = [year for plan in work.plans if (year := _going_by(work, plan))]
        settle(self._database, "list", _refused(work), now, about=work.profiles)  # before anybody is clean
        refused = set(_kept_out(work, now))
        self._refused_at |= {(s, at): now for s, at in work.updated_at.items() if s in refused}
        seen = {s: at for s, at in work.updated_at.items() if s not in work.unsettled | refused}
        decided = {SubjectId(plan.subject) for plan in work.plans}
        self._memberships.write(
            closing=closing,
            entering=entering,
            going_by=going_by,
            looked_at=seen,
            decided={s: at for s, at in work.updated_at.items() if s in decided},
        )
        commands_refused = sum(key not in work.answered for key in work.outcomes)
        steps = len(work.outcomes) - commands_refused
        return Ran(len(work.profiles), len(entering), len(closing), steps, commands_refused)


_BEHIND: Final = timedelta(hours=1)  # of other machines' clocks, and of a pass that takes its time
_REST: Final = timedelta(hours=1)


def _key(list_: str, subject: str, n: int, verb: str) -> CommandId:
    return CommandId(f"programme/list/{list_}/{subject}/{n}/{verb}")


def _ending(published: Published) -> dict[str, bool]:
    lists = published.programme.lists.items()
    return {name: spec.case.leaves == "settled" for name, spec in lists if spec.case}


def _keys(work: _Work) -> Iterator[str]:
    """Of every command that may have been accepted already."""
    for plan in work.plans:
        for taking in _takings(work, plan, work.profiles[SubjectId(plan.subject)]):
            yield _key(plan.list, plan.subject, taking.n, taking.verb)
    for subject, list_, n in _openable(work):
        yield _key(list_, subject, n, "open")


def _openable(work: _Work) -> Iterator[tuple[SubjectId, str, int]]:
    """Spells that may have been begun: the next one of each subject on each list with a case."""
    for subject in work.profiles:
        for list_ in _ending(work.published):
            spell = work.last.get(subject, {}).get(list_)
            yield subject, list_, spell.n + 1 if spell else 1


def _takings(work: _Work, plan: Plan, profile: Profile) -> Iterable[Taking]:
    relapse = work.published.reconciler.relapse(plan, profile)
    return (*plan.steps, relapse) if relapse else plan.steps


def _closing(work: _Work, plan: Plan, now: datetime) -> Closing | None:
    if not plan.how_out or (plan.how_out == "moved_out" and _entering(work, plan, now) is None):
        return None  # nobody is taken off a list by a move that the other side could not take over
    spell = work.last[SubjectId(plan.subject)][plan.list]
    return Closing(plan.list, plan.subject, spell.n, now, plan.how_out, plan.reason)


def _entering(work: _Work, plan: Plan, now: datetime) -> Spell | None:
    """The new spell, if its case was opened or has taken it up again."""
    entry = plan.entry
    if entry is None:
        return None
    case = entry.case
    if entry.opens is not None:
        case = work.answered.get(_key(plan.list, plan.subject, entry.n, "open"), "")
        if not case:
            return None
    relapse = work.published.reconciler.relapse(plan, work.profiles[SubjectId(plan.subject)])
    if relapse and _key(plan.list, plan.subject, relapse.n, relapse.verb) not in work.answered:
        return None
    return Spell(
        list=plan.list,
        subject=plan.subject,
        n=entry.n,
        region=entry.region,
        since=now,
        how_in=entry.how,
        year=entry.year,
        evidence=entry.evidence,
        case=case,
    )


def _refused(work: _Work) -> Iterator[Refusal]:
    for key, outcome in work.outcomes.items():
        if isinstance(outcome, Refused) and key not in work.answered:
            yield refusal(key, key.split("/")[3], outcome.error)


def _kept_out(work: _Work, now: datetime) -> Iterator[SubjectId]:
    """Those who should have entered but whose case could not be opened or taken up again: they are looked at once more."""
    for plan in work.plans:
        if plan.entry and _entering(work, plan, now) is None:
            yield SubjectId(plan.subject)


def _going_by(work: _Work, plan: Plan) -> dict[str, Any] | None:
    if plan.year is None:
        return None
    spell = work.last[SubjectId(plan.subject)][plan.list]
    return {"list": plan.list, "subject": plan.subject, "n": spell.n, "year": plan.year}
