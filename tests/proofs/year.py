"""A year of the whole scheme on a moved clock: 16 cities, 104 counties and 15 zones, thousands of enterprises and issues.

Lists change as figures come in, visits happen or are missed, the January package of one city does not arrive, the two clearings
fall and relapse. `year_verdict.py` then holds the rows against what must be true.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.organisation import divisions
from adapters.population import Invented, figures_of_year, population
from adapters.reports.kinds import KINDS
from adapters.reports.service import Asked
from adapters.sample import load_sample
from adapters.settings import Settings
from api.commands.opening import OPERATOR
from api.simulation.manners import Manners
from api.simulation.province import Happening, Province
from api.simulation.setting import an_issue, keep, nominate, observed, settle
from engine.access import Reach
from engine.directory import SubjectId
from engine.subjects import TIMELESS
from tests.proofs.ledger import Verdict
from tests.proofs.year_verdict import judged

YEAR = 2026  # its holidays are known
LATE_CITY = "3417"  # its January package does not arrive
_FIGURES_IN = (
    date(YEAR, 5, 20),
    date(YEAR, 6, 20),
)  # between these days the figures of the last year come in

_SMALLEST = 3_000  # bytes: a workbook or letter with nothing in it has fewer

Progress = Callable[[date], None]


@dataclass(frozen=True, slots=True)
class Size:
    """`days` of the year are played."""

    enterprises: int
    issues: int
    days: int = 365
    seed: int = 7


@dataclass(slots=True)
class Spent:
    """Seconds by part: what dominates."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0) + time.perf_counter() - begun


def year(size: Size, *, progress: Progress = lambda day: None) -> tuple[Verdict, Spent]:
    """Play it and judge it, on SQLite in a folder of its own."""
    with TemporaryDirectory(prefix="bihuan-year-") as folder:
        clock = MovedClock(datetime(YEAR - 1, 12, 31, 2, tzinfo=UTC))
        settings = Settings(database_url=f"sqlite:///{folder}/year.db", files=Path(folder) / "files")
        made = build(settings, now=clock, entropy=random.Random(size.seed).randbytes)
        try:
            return _played(made, clock, size, progress, Path(folder))
        finally:
            made.close()


def _played(
    made: Container, clock: MovedClock, size: Size, progress: Progress, folder: Path
) -> tuple[Verdict, Spent]:
    spent = Spent()
    with spent.on("setting"):
        people = list(population(size.enterprises, seed=size.seed, until_year=YEAR - 2))
        registries = (made.definitions, made.calendars, made.directories)
        load_sample(*registries, clock(), made.programmes, subjects=[each.id for each in people])
        settle(made, people, known_from=date(YEAR - 1, 12, 1))
        nominate(made, people)
    manners = Manners(never=frozenset({("january_package", LATE_CITY)}))
    with Province(made, clock, seed=size.seed, manners=manners) as province:
        happenings = _Happenings(made, people, size)
        morning = _Morning(made, province, people, size.seed)
        with spent.on("days"):
            for day in province.live(_last(size), happenings=happenings, daily=morning):
                progress(day)
    spent.seconds["lists and slots"] = morning.seconds
    spent.seconds["cases, clocks, tasks"] = spent.seconds.pop("days") - morning.seconds
    with spent.on("verdict"):
        verdict = judged(made, province.tally)
    with spent.on("reports"):
        write_reports(made, verdict, folder)
    return verdict, spent


def write_reports(made: Container, verdict: Verdict, folder: Path) -> None:
    """Every report that is not about one case, of the year or of its last month, for the whole province."""
    reach, now = Reach(regions=("34",)), made.now()
    for kind in KINDS.values():
        if kind.about == "case":
            continue
        asked = Asked(kind=kind.id, period=f"{YEAR}" if kind.about in ("year", "period") else "", region="34")
        for form in kind.forms:
            made_one = made.reports.export(
                asked, actor=OPERATOR, reach=reach, now=now, reason="年度报送（示例）", form=form
            )
            (folder / f"{kind.id}.{form}").write_bytes(made_one.content)
            verdict.counts[f"report {kind.id}.{form} bytes"] = len(made_one.content)
            if len(made_one.content) < _SMALLEST:
                verdict.faults.append(f"report {kind.id}.{form} is empty")


def _last(size: Size) -> date:
    return date.fromordinal(date(YEAR - 1, 12, 31).toordinal() + size.days)


class _Happenings:
    """What people open on a day: issues all the time, the other things now and then."""

    def __init__(self, made: Container, people: Sequence[Invented], size: Size) -> None:
        self._random = random.Random(f"{size.seed}/happenings")
        self._calendar = made.calendars.current("cn")
        self._people = people
        self._cities = [d.region.id for d in divisions() if d.kind == "city"]
        self._issues = size.issues / 248  # working days of the year (requirements.md §2.4)
        self._others = {name: number * size.enterprises / 5000 / 248 for name, number in _A_YEAR.items()}

    def __call__(self, day: date) -> list[Happening]:
        if not self._calendar.day(day).is_working:
            return []
        issues = [an_issue(self._random, self._people) for _ in range(self._number(self._issues))]
        others = [self._other(name) for name, mean in self._others.items() for _ in range(self._number(mean))]
        return issues + others

    def _number(self, mean: float) -> int:
        return int(mean) + (self._random.random() < mean - int(mean))

    def _other(self, workflow: str) -> Happening:
        who = self._random.choice(self._people)
        in_city = workflow == "assignment"
        region = self._random.choice(self._cities) if in_city else who.region
        return Happening(workflow, region, "" if in_city else who.id)


# So many in a year, for 5,000 enterprises.
_A_YEAR: Mapping[str, int] = {
    "carrier": 60,
    "commissioner": 200,
    "intermediary": 60,
    "matching": 400,
    "liaison": 30,
    "assignment": 60,
    "common_issue": 12,
    "discipline_report": 20,
    "visit": 800,
}


class _Morning:
    """Before the offices open: figures that came in, then lists and slots as the sweeper keeps them."""

    def __init__(self, made: Container, province: Province, people: Sequence[Invented], seed: int) -> None:
        self._made = made
        self._province = province
        self._people = people
        self._seed = seed
        self._random = random.Random(f"{seed}/figures")
        self.seconds = 0.0

    def __call__(self, day: date) -> None:
        begun = time.perf_counter()
        self._figures(day)
        self._fates(day)
        keep(self._made, self._province.writer.submit)
        self.seconds += time.perf_counter() - begun

    def _figures(self, day: date) -> None:
        """Each day of the season its share of the last year's statistics."""
        first, last = _FIGURES_IN
        if not first <= day <= last:
            return
        days = (last - first).days + 1
        share = [each for n, each in enumerate(self._people) if n % days == (day - first).days]
        with self._made.subjects.unit(self._made.now()) as unit:
            unit.observe_many(
                observed(
                    each.id,
                    YEAR - 1,
                    figures_of_year(each, YEAR - 1, seed=self._seed),
                    entered_at=self._made.now(),
                    vintage=day,
                )
                for each in share
            )

    def _fates(self, day: date) -> None:
        """Now and then one is struck off, leaves the province, or moves to another county."""
        if self._random.random() >= 0.15 * len(self._people) / 5000 or day.month == 1:
            return
        who = self._random.choice(self._people)
        if (fate := self._random.choice(("cancelled", "moved_out", "county"))) == "county":
            other = self._random.choice(self._people).region
            self._made.subjects.move(who.id, other, since=day, at=self._made.now())
            return
        self._state(who.id, fate, day)

    def _state(self, subject: SubjectId, status: str, day: date) -> None:
        now = self._made.now()
        seen = observed(subject, TIMELESS, {"status": status}, entered_at=now, vintage=day)
        self._made.subjects.observe_many([seen], now)
