"""What an invented person writes into a field. Everything is plainly a sample (示例)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from api.simulation.words import texts_for
from engine.definition import Definition, FieldSpec, FieldType
from engine.directory import Directory

__all__ = ["Values"]

_FILE: Final = "sha256:" + "0" * 64
_SOON: Final = (4, 9)
# Fields whose day lies farther ahead: when a certificate or a posting ends, when something parked is looked at again.
_DAYS_AHEAD: Final = {"valid_until": (1060, 1090), "ends_on": (200, 330), "review_date": (30, 80)}
_DEPARTMENTS: Final = ("finance", "tax", "banking", "industry")


@dataclass(frozen=True, slots=True)
class Values:
    """Fills fields for a case of `region`. A favourable value lets the main path go on; otherwise anything that fits."""

    random: random.Random
    directory: Directory
    today: date
    region: str

    def of(
        self, definition: Definition, needs: Iterable[str], may: Iterable[str], *, favourable: bool
    ) -> dict[str, Any]:
        wanted = [*needs, *(name for name in may if self.random.random() < 0.5)]
        found = {name: self._value(name, definition.fields[name], favourable) for name in wanted}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, name: str, spec: FieldSpec, favourable: bool) -> Any:
        if name == "visit_on":
            return self._weekday(5, 9)
        if spec.type is FieldType.DATE:
            return self._day(*_DAYS_AHEAD.get(name, _SOON))
        if spec.type in (FieldType.TEXT, FieldType.TEXTS):
            return self._words(name, spec)
        return _VALUES[spec.type](self, spec, favourable)

    def _words(self, name: str, spec: FieldSpec) -> str | list[str]:
        """A text that fits the field; of several, as many as are asked for at least."""
        texts = texts_for(name, spec.title.zh)
        if spec.type is FieldType.TEXTS:
            return [texts[n % len(texts)] for n in range(max(spec.min or 1, 1))]
        return self.random.choice(texts).ljust(spec.min or 0, "示")[: spec.max or 4000]

    def _integer(self, spec: FieldSpec, favourable: bool) -> int:
        least = spec.min or 0
        most = spec.max if spec.max is not None else least + 1000
        return least if favourable and self.random.random() < 0.9 else self.random.randint(least, most)

    def _boolean(self, _spec: FieldSpec, favourable: bool) -> bool:
        return favourable or self.random.random() < 0.5

    def _day(self, least: int, most: int) -> str:
        return (self.today + timedelta(days=self.random.randint(least, most))).isoformat()

    def _weekday(self, least: int, most: int) -> str:
        day = self.today + timedelta(days=self.random.randint(least, most))
        return (day + timedelta(days=max(0, 8 - day.isoweekday()) if day.isoweekday() > 5 else 0)).isoformat()

    def _choice(self, spec: FieldSpec, favourable: bool) -> str:
        options = list(spec.options)
        return options[0] if favourable and self.random.random() < 0.8 else self.random.choice(options)

    def _choices(self, spec: FieldSpec, favourable: bool) -> list[str]:
        options = list(spec.options)
        return options if favourable else self._some(options, spec)

    def _some(self, options: Sequence[str], spec: FieldSpec) -> list[str]:
        most = min(spec.max or len(options), len(options))
        return self.random.sample(list(options), self.random.randint(min(spec.min or 0, most), most))

    def _unit(self, _spec: FieldSpec, _favourable: bool) -> str | None:
        return self._known((f"u-{self.region}-science",))[0]

    def _units(self, spec: FieldSpec, favourable: bool) -> list[str]:
        known = self._known(f"u-{self.region}-{name}" for name in _DEPARTMENTS)
        return known[: max(spec.min or 0, 2)] if favourable else self._some(known, spec)

    def _known(self, units: Iterable[str]) -> list[str]:
        """Those of the units that there are; zones have fewer, and their city's stand in."""
        found = [unit for unit in units if self.directory.unit(unit)]
        return found or [f"u-{self.region[:4]}-science"]

    def _person(self, _spec: FieldSpec, _favourable: bool) -> str:
        return f"p-{self.region}-handler-1"

    def _none(self, _spec: FieldSpec, _favourable: bool) -> None:
        """Other cases are named by whoever knows them."""

    def _files(self, spec: FieldSpec, _favourable: bool) -> list[str]:
        return [_FILE] if (spec.min or 0) <= 1 else [f"{_FILE[:-1]}{n}" for n in range(spec.min or 1)]


_VALUES: Final[Mapping[FieldType, Callable[[Values, FieldSpec, bool], Any]]] = {
    FieldType.INTEGER: Values._integer,
    FieldType.BOOLEAN: Values._boolean,
    FieldType.CHOICE: Values._choice,
    FieldType.CHOICES: Values._choices,
    FieldType.UNIT: Values._unit,
    FieldType.UNITS: Values._units,
    FieldType.PERSON: Values._person,
    FieldType.CASE: Values._none,
    FieldType.CASES: Values._none,
    FieldType.FILES: Values._files,
}
