"""The names that rules may use: facts, parameters, and what follows from facts of other years, of lists and of the day.

`x` is the fact of the year that is looked at, `prior.x` of the year before, `sum3.x` the sum of three years (only of the
years in which the subject existed), `months.x` the whole months since a day, `on.x` whether it is on a list, `year` the year.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.expressions import Kind
from engine.programme.facts import NUMBERS, FactSpec, FactType, parameter_value
from engine.programme.model import Programme
from engine.subjects import TIMELESS, Profile, Value

__all__ = ["Ask", "Reader", "SubjectReader", "constants", "fact_of", "months_between", "rule_words"]

YEAR: Final = "year"
KINDS: Final = {
    FactType.MONEY: Kind.INTEGER,
    FactType.INTEGER: Kind.INTEGER,
    FactType.BOOLEAN: Kind.BOOLEAN,
    FactType.DATE: Kind.TEXT,
    FactType.TEXT: Kind.TEXT,
    FactType.CHOICE: Kind.TEXT,
}


@dataclass(frozen=True, slots=True, order=True)
class Ask:
    """A fact of a year (0: of no year): one that was read, or one to ask for."""

    fact: str
    year: int


def fact_of(name: str) -> str:
    """`x` of `sum3.x`; the name itself for what is no fact of another year."""
    prefix, _, fact = name.rpartition(".")
    return fact if prefix in ("prior", "sum3", "months") else name


def rule_words(programme: Programme) -> dict[str, Kind]:
    """Every name that a rule of this programme may use, with its type."""
    return {
        **{name: KINDS[parameter.type] for name, parameter in programme.parameters.items()},
        **{name: KINDS[spec.type] for name, spec in programme.facts.items()},
        **{name: kind for fact, spec in programme.facts.items() for name, kind in _derived(fact, spec)},
        **{f"on.{name}": Kind.BOOLEAN for name in programme.lists},
        YEAR: Kind.INTEGER,
    }


def _derived(fact: str, spec: FactSpec) -> Iterator[tuple[str, Kind]]:
    if spec.yearly:
        yield f"prior.{fact}", KINDS[spec.type]
    if spec.yearly and spec.type in NUMBERS:
        yield f"sum3.{fact}", Kind.INTEGER
    if spec.type is FactType.DATE:
        yield f"months.{fact}", Kind.INTEGER


def months_between(first: date, last: date) -> int:
    """Whole months: 8 from 15 January to 15 September, 7 to the 14th; a month that has no such day is whole on its last."""
    months = (last.year - first.year) * 12 + last.month - first.month
    day = min(first.day, monthrange(last.year, last.month)[1])
    return months - (last.day < day)


class Reader:
    """Values of names on a day, and which facts they come from. `SubjectReader` reads those of a subject."""

    today: date

    def value(self, name: str) -> Value | None:
        raise NotImplementedError

    def asks(self, name: str) -> tuple[Ask, ...]:
        raise NotImplementedError

    def missing(self, name: str) -> tuple[Ask, ...]:
        raise NotImplementedError

    def known(self, names: tuple[str, ...]) -> dict[str, Value]:
        return {name: value for name in names if (value := self.value(name)) is not None}


class SubjectReader(Reader):
    """What is known of one subject, seen from a year and a day. `on` may grow and shrink while it is read.

    `settled` keeps verdicts that do not depend on lists, for whoever asks the same again (`Judge.verdict_of`).
    """

    def __init__(
        self,
        programme: Programme,
        constants: Mapping[str, Value],
        profile: Profile,
        *,
        year: int,
        today: date,
        on: Collection[str] | None = None,
    ) -> None:
        self.settled: dict[str, str] = {}
        self._programme = programme
        self._constants = constants
        self.profile = profile
        self._on = profile.lists if on is None else on
        self.year = year
        self.today = today

    def value(self, name: str) -> Value | None:
        if name in self._constants:
            return self._constants[name]
        prefix, _, rest = name.rpartition(".")
        match prefix:
            case "":
                return self.year if name == YEAR else self.profile.value(name, self.year)
            case "prior":
                return self.profile.value(rest, self.year - 1)
            case "months":
                founded = self._day(rest)
                return months_between(founded, self.today) if founded else None
            case "on":
                return rest in self._on
        return self._sum(rest)

    def asks(self, name: str) -> tuple[Ask, ...]:
        prefix, _, rest = name.rpartition(".")
        if name in self._constants or name == YEAR or prefix == "on":
            return ()
        if prefix == "sum3":
            since = self._programme.subject.since
            began = (Ask(since, TIMELESS),) if since else ()
            return (*began, *(Ask(rest, year) for year in self._years()))
        year = self.year - 1 if prefix == "prior" else self.year
        return (Ask(rest, year if self._programme.facts[rest].yearly else TIMELESS),)

    def missing(self, name: str) -> tuple[Ask, ...]:
        return tuple(ask for ask in self.asks(name) if self.profile.value(ask.fact, ask.year) is None)

    def _sum(self, fact: str) -> int | None:
        since = self._programme.subject.since
        if since and self._day(since) is None:
            return None  # over how many years, nobody knows
        values = [self.profile.value(fact, year) for year in self._years()]
        numbers = [value for value in values if isinstance(value, int)]
        return sum(numbers) if len(numbers) == len(values) else None

    def _years(self) -> range:
        """The three years up to this one, from the year in which the subject began to exist."""
        since = self._programme.subject.since
        began = self._day(since) if since else None
        first = self.year - 2
        return range(max(first, min(began.year, self.year)) if began else first, self.year + 1)

    def _day(self, fact: str) -> date | None:
        value = self.profile.value(fact, self.year)
        try:
            return date.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None


def constants(programme: Programme) -> dict[str, Value]:
    """The parameters as values. A loaded programme has none that cannot be read."""
    return {name: parameter_value(parameter) for name, parameter in programme.parameters.items()}
