"""Which rows an indicator counts in a period: cases, members of lists, slots or subjects, as values that may be asked.

Pure: the material is handed in, read within the caller's reach. A case is counted by each run of the clock that puts it into the
period, so that one who was late stays in the cohort of that due date whatever happens later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from typing import Any, Final, NamedTuple

from engine.calendar import Calendar
from engine.case import Case, CaseId, Clock
from engine.directory import covers
from engine.expressions import Expression, Kind, compile_guard
from engine.programme.figures import Row, Selection
from engine.programme.indicators import Over
from engine.programme.judging import Judge
from engine.programme.ledger import Ledger, ledger_of
from engine.programme.model import Programme
from engine.programme.names import rule_words
from engine.programme.obligations import colour
from engine.programme.periods import Period, parse_period
from engine.programme.readings import At, Names, Reading
from engine.programme.rules import Rule
from engine.programme.spells import Spell
from engine.subjects import Profile

__all__ = ["BYS", "MEMBER_BYS", "Material", "NotKnown", "Selector", "Slot", "ended_at", "words_over"]

BYS: Final = ("opened", "ended")
MEMBER_BYS: Final = ("end", "during", "in", "out")
PERIOD_WORDS: Final = {"period.year": Kind.INTEGER, "period.first": Kind.TEXT, "period.last": Kind.TEXT}
SLOT_WORDS: Final = {"colour": Kind.TEXT, "done": Kind.BOOLEAN, "in_time": Kind.BOOLEAN}
MEMBER_WORDS: Final = {"how_in": Kind.TEXT, "how_out": Kind.TEXT, "data_of": Kind.INTEGER}
_NOTHING: Final = Names(())


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as it was opened, for the local days `first` to `last`."""

    obligation: str
    target: str
    period: str
    region: str
    first: date
    last: date
    case: CaseId
    opened_on: date
    subject: str = ""

    @property
    def was_late(self) -> bool:
        """Opened when its term was over: whatever is done for it was made up."""
        return self.opened_on > self.last

    @property
    def id(self) -> str:
        return f"{self.obligation}/{self.target}/{self.period}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that was read. `earlier` are the former runs of the clocks of a case, oldest first, by clock; `behind` the cases
    of members and slots.
    """

    readings: Mapping[str, Reading]
    cases: Mapping[str, tuple[Case, ...]] = field(default_factory=dict)
    earlier: Mapping[CaseId, Mapping[str, tuple[Clock, ...]]] = field(default_factory=dict)
    spells: Mapping[str, tuple[Spell, ...]] = field(default_factory=dict)
    slots: Mapping[str, tuple[Slot, ...]] = field(default_factory=dict)
    profiles: tuple[Profile, ...] = ()
    behind: Mapping[CaseId, Case] = field(default_factory=dict)


def words_over(programme: Programme, over: Over, readings: Mapping[str, Names]) -> dict[str, Kind]:
    """The names that conditions over these rows may use."""
    if over.kind == "subjects":
        verdicts = {f"verdict.{name}": Kind.TEXT for name in programme.rule_sets}
        return {**rule_words(programme), **verdicts, **PERIOD_WORDS, "region": Kind.TEXT}
    more = {"cases": {}, "members": MEMBER_WORDS, "slots": SLOT_WORDS}[over.kind]
    workflow = workflow_of(programme, over)
    return {**readings.get(workflow, _NOTHING).words, **PERIOD_WORDS, **more}


def workflow_of(programme: Programme, over: Over) -> str:
    """The workflow of the cases behind these rows; empty where there is none."""
    if over.members is not None:
        spec = programme.lists.get(over.members)
        return spec.case.workflow if spec and spec.case else ""
    if over.slots is not None:
        obligation = programme.obligations.get(over.slots)
        return obligation.workflow if obligation else ""
    return over.cases or ""


class Selector:
    """The rows of one period. Conditions are compiled once, and asked of each row once."""

    def __init__(
        self, programme: Programme, material: Material, period: Period, now: datetime, calendar: Calendar
    ) -> None:
        self.programme = programme
        self.material = material
        self.period = period
        self.now = now
        self.at = At(now, calendar)
        self.today = calendar.local_date(now)
        self.start, self.end = calendar.start_of(period.first), calendar.start_of(period.next.first)
        self._selected: dict[Over, Selection] = {}
        self._made: dict[tuple[str, str], list[tuple[Row, str]]] = {}
        self._filling: dict[Over, list[tuple[Case, date]]] = {}
        self._conditions: dict[tuple[Over, str], Callable[[Row], bool]] = {}
        self._period_words = {
            "period.year": period.year,
            "period.first": period.first.isoformat(),
            "period.last": period.last.isoformat(),
        }

    def select(self, over: Over) -> Selection:
        """The rows of `over`, and those set apart."""
        if over not in self._selected:
            self._selected[over] = self._select(over)
        return self._selected[over]

    def condition(self, over: Over, text: str | None) -> Callable[[Row], bool]:
        """Whether a condition over these rows holds; no condition always does."""
        if text is None:
            return lambda row: True
        if (over, text) not in self._conditions:
            words = words_over(self.programme, over, self.material.readings)
            self._conditions[over, text] = partial(_holds, compile_guard(text, words))
        return self._conditions[over, text]

    def ledger(self, name: str, belongs: Callable[[Spell], bool] = lambda spell: True) -> Ledger:
        return ledger_of(filter(belongs, self.material.spells.get(name, ())), self.start, self.end)

    def _select(self, over: Over) -> Selection:
        rows: list[Row] = []
        apart: dict[str, list[Row]] = {}
        where = self.condition(over, over.where)
        unsure = self.condition(over, over.unsure) if over.unsure else lambda row: False
        for row, why in self._rows(over):
            try:
                if unsure(row):
                    apart.setdefault("unknown", []).append(row)
                elif where(row):
                    (apart.setdefault(why, []) if why else rows).append(row)
            except NotKnown:
                apart.setdefault("unknown", []).append(row)
        return Selection(tuple(rows), {why: tuple(each) for why, each in apart.items()})

    def _rows(self, over: Over) -> list[tuple[Row, str]]:
        """Each row with the reason why it is set apart, if it is. Made once for all indicators of the same rows."""
        name = over.cases or over.members or over.slots or ""
        key = (f"{over.kind}/{name}", over.by or "")
        if key not in self._made:
            makers = {
                "cases": self._case_rows,
                "members": self._member_rows,
                "slots": self._slot_rows,
                "subjects": self._subject_rows,
            }
            self._made[key] = list(makers[over.kind](name, over.by))
        return self._made[key]

    # Cases

    def _case_rows(self, workflow: str, by: str | None) -> Iterator[tuple[Row, str]]:
        word, _, rest = (by or "opened").partition(" ")
        for case in self.material.cases.get(workflow, ()):
            if word == "due":
                yield from self._runs(case, rest)
            elif self._holds(_moment(case, word, rest)):
                yield self._row(case.id, case, {}), ""

    def _runs(self, case: Case, name: str) -> Iterator[tuple[Row, str]]:
        """A row for every run of the clock whose effective end lies in the period."""
        earlier = self.material.earlier.get(case.id, {}).get(name, ())
        latest = (case.clocks[name],) if name in case.clocks else ()
        for clock in (*earlier, *latest):
            if self._holds(clock.due_at):
                of_then = case if clock is case.clocks.get(name) else case.with_clock(name, clock)
                row_id = case.id if clock.cycle == 1 else f"{case.id}/{clock.cycle}"
                yield self._row(row_id, of_then, {}), _why_apart(clock, self.now)

    def _holds(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end

    def _row(
        self, row_id: str, case: Case | None, more: Mapping[str, Any], *, region: str = "", subject: str = ""
    ) -> Row:
        words = {**self._period_words, **more} if more else self._period_words
        if case is None:
            return Row(row_id, region, subject, partial(_read_words, words), _no_amount)
        reading = self.material.readings[case.workflow]
        read = partial(_read_case, words, reading, case, self.at)
        amount = partial(_amount, reading, case, self.at)
        return Row(row_id, region or case.region, subject or case.subject, read, amount)

    # Members, slots, subjects

    def _member_rows(self, name: str, by: str | None) -> Iterator[tuple[Row, str]]:
        ledger = self.ledger(name)
        spells: Mapping[str, Iterable[Spell]] = {
            "end": ledger.terms["closing"],
            "during": ledger.at_stake,
            "in": (spell for term in ("entered", "relapsed", "moved_in") for spell in ledger.terms[term]),
            "out": (spell for term in ("cleared", "exited", "moved_out") for spell in ledger.terms[term]),
        }
        for spell in spells[by or "end"]:
            words = {"how_in": spell.how_in, "how_out": spell.how_out, "data_of": spell.year}
            case = self.material.behind.get(CaseId(spell.case))
            yield self._row(spell.id, case, words, region=spell.region, subject=spell.subject), ""

    def _slot_rows(self, name: str, _: str | None) -> Iterator[tuple[Row, str]]:
        for slot in self.material.slots.get(name, ()):
            if self.is_in_period(slot):
                words = self.slot_words(slot)
                why = "open" if self.today <= slot.last else ""
                case = self.material.behind.get(slot.case)
                yield self._row(slot.id, case, words, region=slot.region, subject=slot.subject), why

    def is_in_period(self, slot: Slot) -> bool:
        return self.period.covers(parse_period(slot.period))

    def slot_words(self, slot: Slot) -> dict[str, Any]:
        """Whether a slot is done, and its colour on this day."""
        obligation = self.programme.obligations[slot.obligation]
        case = self.material.behind.get(slot.case)
        row = self._row(slot.id, case, {}, region=slot.region)
        over = Over(cases=obligation.workflow)
        done = case is not None and self.condition(over, obligation.done)(row)
        in_time = (
            case is not None
            and done
            and not slot.was_late
            and self.condition(over, obligation.in_time)(row)
            and self._by(case, obligation.at) <= slot.last
        )
        if not in_time and self._is_filled(slot, obligation.also_filled_by):
            done = in_time = True
        light = colour(done=done, in_time=in_time, last=slot.last, on=self.today)
        return {"done": done, "in_time": in_time, "colour": light}

    def _is_filled(self, slot: Slot, over: Over | None) -> bool:
        """Whether another case happened within its term, in its region or about its subject; whenever the slot was opened."""
        if over is None:
            return False
        return any(
            slot.first <= day <= slot.last
            for case, day in self._fillers(over)
            if (case.subject == slot.subject if slot.subject else covers(slot.region, case.region))
        )

    def _fillers(self, over: Over) -> list[tuple[Case, date]]:
        """The cases that fill slots, each with its day."""
        if over not in self._filling:
            word, _, rest = (over.by or "opened").partition(" ")
            holds = self.condition(Over(cases=over.cases), over.where)
            self._filling[over] = [
                (case, self.at.calendar.local_date(moment))
                for case in self.material.cases.get(over.cases or "", ())
                if (moment := _moment(case, word, rest)) and holds(self._row(case.id, case, {}))
            ]
        return self._filling[over]

    def _by(self, case: Case, step: str | None) -> date:
        """The day on which the step was last taken; of no step, the first of all days."""
        taken = case.taken.get(step or "")
        return self.at.calendar.local_date(taken.last_at) if taken else date.min

    def _subject_rows(self, _: str, __: str | None) -> Iterator[tuple[Row, str]]:
        judge, day = Judge(self.programme), min(self.period.last, self.today)
        for profile in self.material.profiles:
            words = {**self._period_words, "region": profile.region}
            asked = _Asked(judge, profile, self.period.year, day)
            read = partial(_read_profile, words, asked)
            yield Row(profile.id, profile.region, profile.id, read, _no_amount), ""


class NotKnown(Exception):
    """Raised when a condition reads what is not known of a row; it never leaves this package."""


def _holds(expression: Expression, row: Row) -> bool:
    known = row.known.get(expression.text)
    if known is None:
        known = row.known[expression.text] = expression.holds(row.read)
    return known


def _moment(case: Case, word: str, rest: str) -> datetime | None:
    if word == "opened":
        return case.opened_at
    if word == "step":
        taken = case.taken.get(rest)
        return taken.last_at if taken else None
    return ended_at(case)


def ended_at(case: Case) -> datetime | None:
    """When a case ended, though it may have moved on since (a settled one is archived later)."""
    if not case.ended:
        return None
    clock = case.clocks.get("case")  # it stopped when the case ended; what came later moved `at` on
    stopped = clock.segments[-1][1] if clock and not clock.is_open else None
    return stopped or case.at


def _why_apart(clock: Clock, now: datetime) -> str:
    """Why a run of a clock does not count yet, or never will; one that rang its end counts whatever came after."""
    if "due" in clock.fired or clock.status in ("met", "late"):
        return "open" if clock.due_at > now else ""
    if clock.status == "cancelled":
        stopped = clock.segments[-1][1]
        return "cancelled" if stopped is None or stopped <= clock.due_at else ""
    if clock.status == "paused":
        return "paused"
    return "" if clock.due_at <= now else "open"


def _read_words(words: Mapping[str, Any], name: str) -> Any:
    """Of a row without a case: what is not among its own words is empty, so that no condition over it holds by accident."""
    if name in words:
        return words[name]
    raise NotKnown(name)


def _read_case(words: Mapping[str, Any], reading: Reading, case: Case, at: At, name: str) -> Any:
    return words[name] if name in words else reading.value(name, case, at)


def _amount(reading: Reading, case: Case, at: At, name: str) -> Fraction | None:
    return reading.amount(name, case, at)


def _no_amount(name: str) -> Fraction | None:
    return None


def _read_profile(words: Mapping[str, Any], asked: _Asked, name: str) -> Any:
    if name in words:
        return words[name]
    if name.startswith("verdict."):
        return asked.verdict(name.removeprefix("verdict."))
    value = asked.judge.reading(asked.profile, asked.year, asked.day).value(name)
    if value is None:
        raise NotKnown(name)
    return value


class _Asked(NamedTuple):
    """Which year's facts and which day's rules a condition over a subject is about."""

    judge: Judge
    profile: Profile
    year: int
    day: date

    def verdict(self, rule_set: str) -> str:
        """Under the newest figures up to the year: `pass`, `fail` or `unknown`."""
        newest = self.profile.newest_year(self.year) or self.year - 1
        reader = self.judge.reading(self.profile, newest, self.day)
        return self.judge.verdict_of(Rule(passes=rule_set), reader).value
