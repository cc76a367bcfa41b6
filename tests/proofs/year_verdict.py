"""What must be true after a year, counted from the rows themselves: plain SQL and loops, none of the code behind the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from adapters.bootstrap import Container
from api.simulation import Tally
from engine.access import Reach
from engine.canonical import verify_chain
from engine.case import CaseId
from engine.programme.periods import Period, parse_period
from engine.replay import replay
from tests.proofs.ledger import Verdict

CITIES, COUNTIES, ZONES = 16, 104, 15
_COUNTED = ("no_activity_left", "no_institution_left", "sme_number", "high_tech_number")
_RATES = ("issue_closed", "issue_in_time", "issue_in_original_time", "city_visits", "key_visits", "covered")
_SLOTS = "SELECT obligation, count(*) n FROM slot WHERE period LIKE :year GROUP BY 1"
_IN, _OUT = ("entered", "relapsed", "moved_in"), ("cleared", "exited", "moved_out")


def judged(made: Container, tally: Tally) -> Verdict:
    """Every fault found, and how much was looked at."""
    verdict = Verdict({f"event {kind}": number for kind, number in sorted(tally.events.items())})
    court = _Court(made, verdict, parse_period(str(made.now().year)))
    for examine in (court.owed, court.histories, court.slots, court.ledgers, court.sums, court.rates):
        examine()
    return verdict


@dataclass(frozen=True, slots=True)
class _Court:
    made: Container
    verdict: Verdict
    period: Period

    def fault(self, words: str) -> None:
        self.verdict.faults.append(words)

    def rows(self, sql: str, **values: Any) -> Sequence[Any]:
        with self.made.database.reading() as connection:
            return connection.execute(text(sql), values).all()

    # Nothing is owed

    def owed(self) -> None:
        owed = self.made.views.owed(self.made.now())
        self.verdict.counts |= {"open cases": owed.open_cases, "late cases": owed.late_cases}
        for name, number in (("overdue timers", owed.overdue_timers), ("set aside", owed.set_aside)):
            if number:
                self.fault(f"{number} {name}")
        for state in ("ready", "leased", "dead"):
            if owed.tasks[state]:
                self.fault(f"{owed.tasks[state]} tasks are {state}")

    # Every case: its bytes and chain, its replay, its lawfulness, its holder and clock

    def histories(self) -> None:
        found: Counter[str] = Counter()
        for case_id in self._cases():
            stored = self.made.store.history(case_id)
            replayed = replay(stored, self.made.definitions.digest, self.made.calendars.digest)
            found.update(cases=1, events=len(stored), divergences=len(replayed.divergences))
            self.verdict.faults += [f"{case_id}: {each}" for each in replayed.divergences]
            self.verdict.faults += [f"{case_id}: {each}" for each in verify_chain("bihuan", case_id, stored)]
        sound, lawful = self.made.soundness.of(), self.made.lawfulness.of()
        self.verdict.counts |= {**found, "findings": lawful.found}
        self.verdict.faults += [str(each) for each in (*sound.faults, *lawful.findings)]
        self._answered_for()

    def _cases(self) -> Iterator[CaseId]:
        after = ""
        while ids := self.made.views.case_ids(after=after):
            yield from ids
            after = ids[-1]

    def _answered_for(self) -> None:
        """件件有交代: every case that has not ended is held by a role and has a moment at which its clock acts by itself."""
        lost = self.rows(
            "SELECT id FROM \"case\" WHERE ended <> 'final' AND (holder_role = '' OR wake_at IS NULL)"
        )
        for row in lost:
            self.fault(f"{row.id} is open, and nobody holds it or no clock runs")

    # Obligations

    def slots(self) -> None:
        wanted = {"city_visit": CITIES * self._months(), "january_package": CITIES, "annual_plan": CITIES}
        have = {row.obligation: row.n for row in self.rows(_SLOTS, year=f"{self.period}%")}
        for obligation, number in wanted.items():
            if have.get(obligation, 0) != number:
                self.fault(f"{obligation}: {have.get(obligation, 0)} slots, not {number}")
        twice = self.rows("SELECT case_id FROM slot GROUP BY 1 HAVING count(*) > 1")
        self.verdict.faults += [f"two slots for case {row.case_id}" for row in twice]
        self.verdict.counts |= {f"slots {name}": number for name, number in sorted(have.items())}
        self._colours()

    def _months(self) -> int:
        return (self.made.now() + timedelta(hours=8)).month

    def _colours(self) -> None:
        """The slots' colours, against a reading of the cases' own histories."""
        found = self.made.figures.slots(
            self._programme(), self.period, self.made.now(), reach=Reach(regions=("34",))
        )
        colours = Counter(f"{each.slot.obligation} {each.colour}" for each in found)
        self.verdict.counts |= {f"slots {name}": number for name, number in sorted(colours.items())}
        made_up = {
            row.case_id
            for row in self.rows(
                "SELECT DISTINCT case_id FROM event WHERE type = 'step.taken' AND data LIKE :step",
                step=b'%"step":"make_up"%',
            )
        }
        wrong = [each.slot.case for each in found if each.colour == "green" and each.slot.case in made_up]
        self.verdict.faults += [f"visit {case} was made up late and is green" for case in wrong]

    # Lists

    def ledgers(self) -> None:
        """closing = opening + in - out, recounted for each list and each county, city and the province."""
        spells = self.rows("SELECT list, region, since, until, how_in, how_out FROM membership")
        start, end = self._micros(self.period.first), self._micros(self.period.next.first)
        places = {row.region[:width] for row in spells for width in (2, 4, 6)}
        for name in sorted({row.list for row in spells}):
            of_list = [row for row in spells if row.list == name]
            self.verdict.counts[f"list {name}"] = sum(row.until is None for row in of_list)
            for place in sorted(places):
                here = [row for row in of_list if row.region.startswith(place)]
                self._balanced(name, place, here, start, end)
        self.verdict.counts |= Counter(f"{row.list} {row.how_out}" for row in spells if row.how_out)
        self.verdict.counts |= Counter(f"{row.list} relapsed" for row in spells if row.how_in == "relapsed")
        self._against_the_program(spells, start, end)

    def _balanced(self, name: str, place: str, here: Sequence[Any], start: int, end: int) -> None:
        opening = sum(row.since < start and (row.until is None or row.until >= start) for row in here)
        closing = sum(row.since < end and (row.until is None or row.until >= end) for row in here)
        came = sum(start <= row.since < end and row.how_in in _IN for row in here)
        went = sum(row.until is not None and start <= row.until < end and row.how_out in _OUT for row in here)
        if closing != opening + came - went:
            self.fault(f"{name} in {place}: {opening} + {came} - {went} is not {closing}")

    def _against_the_program(self, spells: Sequence[Any], start: int, end: int) -> None:
        everywhere = Reach(regions=("34",))
        for name in ("no_activity", "no_institution", "key_subjects"):
            table = self.made.figures.ledger(
                self._programme(), name, self.period, self.made.now(), reach=everywhere, level=2
            )
            closing = sum(row.list == name and row.until is None for row in spells)
            parts = sum(ledger.count("closing") for ledger in table.by_part.values())
            if not table.whole.count("closing") == closing == parts or not table.whole.balances:
                self.fault(f"{name}: program {table.whole.count('closing')}, rows {closing}, parts {parts}")

    # Figures

    def sums(self) -> None:
        """Counties add up to cities, and cities to the province."""
        for level, number in ((1, CITIES), (2, COUNTIES + ZONES)):
            table = self._table(_COUNTED, level)
            if len(table.by_part) > number + 1:  # and what lies above the level
                self.fault(f"{len(table.by_part)} parts at level {level}")
            for name in _COUNTED:
                parts = sum(part[name].value or 0 for part in table.by_part.values())
                if parts != table.whole[name].value:
                    self.fault(f"{name} at level {level}: parts {parts}, whole {table.whole[name].value}")

    def rates(self) -> None:
        """Numerator and denominator are the numbers of the rows behind them, and those add up over the cities."""
        table = self._table(_RATES, 1)
        for name in _RATES:
            whole = table.whole[name]
            pair = (int(whole.numerator or 0), int(whole.denominator or 0))
            self.verdict.counts |= {f"{name} of": pair[1], name: pair[0]}
            if pair != (len(whole.part), len(whole.rows)):
                self.fault(f"{name}: {pair} are not its rows")
            if not set(whole.part) <= set(whole.rows):
                self.fault(f"{name}: rows of the numerator are missing below")
            parts = sum(int(part[name].denominator or 0) for part in table.by_part.values())
            if parts != pair[1]:
                self.fault(f"{name}: {parts} in the cities, {pair[1]} in the province")

    def _table(self, names: Sequence[str], level: int) -> Any:
        return self.made.figures.table(
            self._programme(),
            self.period,
            self.made.now(),
            reach=Reach(regions=("34",)),
            level=level,
            names=names,
        )

    def _programme(self) -> Any:
        return self.made.programmes.current(self.made.now()).programme

    def _micros(self, day: Any) -> int:
        moment = self.made.calendars.current("cn").start_of(day)
        return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
