"""How things are called in a report: regions, units, people, states, and the values of fields in words.

Phone numbers are masked and personal values hidden, unless the reader handles the case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from adapters.programme.figures import nearest_above
from adapters.reports.sources import Heading
from engine.calendar import Calendar
from engine.case import Case, Holder
from engine.definition import Definition, FieldSpec, FieldType
from engine.directory import Address, Directory, Of, UnknownRegion
from engine.fields import SEALED

__all__ = ["Names", "masked", "masked_name"]

_MOBILE = re.compile(r"(?<![0-9A-Za-z])([1１][3-9３-９]\d)([ -]?)\d{4}([ -]?)(\d{4})(?![0-9A-Za-z])")
_FIXED = re.compile(r"(?<![0-9A-Za-z])([0０]\d{2,3})([ -]?)\d{3,4}(\d{4})(?![0-9A-Za-z])")
_DIGITS = re.compile(r"\d{5,}")
HIDDEN = "（个人信息，已隐去）"


def masked(text: str) -> str:
    """The same text with the middle of each phone number hidden."""
    return _FIXED.sub(r"\1\2****\3", _MOBILE.sub(r"\1\2****\3\4", text))


def _names(own: str, above: str) -> bool:
    """Whether the name of a zone says already in which city it lies: 合肥高新区, but not 黄山市黄山区."""
    short = above.removesuffix("市")
    return own.startswith(above) or (own.startswith(short) and len(own) > len(short) + 1)


def masked_name(value: str) -> str:
    """A personal value for those who do not handle the case: a number keeps its ends, a name its first character."""
    if _DIGITS.search(value):
        hidden = masked(value)
        return hidden if hidden != value else HIDDEN
    return value[:1] + "*" * max(1, min(2, len(value) - 1)) if value else ""


@dataclass(frozen=True, slots=True)
class Names:
    """Everything a report needs to put ids into words; `secrets` is asked only for cases that the reader handles or masks."""

    directory: Directory
    calendar: Calendar
    definition: Callable[[str], Definition]
    secrets: Callable[[Case], Mapping[str, bytes]] = lambda case: {}
    subjects: Mapping[str, str] = field(default_factory=dict)
    handled: frozenset[str] = frozenset()
    title: Callable[[str], str] = str  # of a subject that is not among `subjects`

    def day(self, moment: datetime | None) -> date | None:
        return self.calendar.local_date(moment) if moment else None

    def region(self, region: str) -> str:
        try:
            return self.directory.region(region).title
        except UnknownRegion:  # abolished since
            return region

    def known(self, region: str) -> str:
        """The region itself, or the one above it where it was abolished since."""
        return nearest_above(region, {each.id for each in self.directory.regions})

    def full_region(self, region: str) -> str:
        """A county with its city: 郊区 alone is ambiguous."""
        try:
            chain = [each.title for each in self.directory.upwards(region)]
        except UnknownRegion:
            return region
        if len(chain) == 1:
            return chain[0]
        own, *above = chain[:-1]
        return own if above and _names(own, above[0]) else "".join(reversed([own, *above]))

    def regions(self, region: str, depth: int) -> list[str]:
        """Ids of the regions `depth` levels below the root that lie in `region`, sorted."""
        within = (each.id for each in self.directory.regions if each.id.startswith(region))
        return sorted(each for each in within if self.depth(each) == depth)

    def depth(self, region: str) -> int:
        return len(list(self.directory.upwards(region))) - 1

    def unit(self, unit: str) -> str:
        known = self.directory.unit(unit)
        return known.title if known else unit

    def person(self, person: str) -> str:
        known = self.directory.person(person)
        return known.title if known else person

    def units_of(self, people: Iterable[str]) -> str:
        """The units to which these people belong."""
        known = (self.directory.person(person) for person in people)
        return "、".join(dict.fromkeys(self.unit(person.unit) for person in known if person and person.unit))

    def office(self, post: str, region: str, day: date, of: Of = Of.REGION) -> str:
        """The unit of whoever holds the post there, or above where it is vacant: who signs a letter."""
        found = self.directory.resolve(Address(post, of), region=region, unit=None, on=day)
        return self.unit(found.unit) if found.unit else self.full_region(region)

    def subject(self, subject: str) -> str:
        return self.subjects.get(subject) or (self.title(subject) if subject else "")

    def target(self, case: Case) -> str:
        """Whom a matter is about: the subject, else the region, as of a visit to a city."""
        return self.subject(case.subject) or self.full_region(case.region)

    def workflow(self, case: Case | Heading) -> str:
        return self.definition(case.digest).title.zh

    def state(self, case: Case | Heading) -> str:
        return self.definition(case.digest).states[case.state].title.zh

    def step(self, case: Case, step: str) -> str:
        """The title of a step wherever it stands in the workflow."""
        states = self.definition(case.digest).states.values()
        return next((state.steps[step].title.zh for state in states if step in state.steps), step)

    def holder(self, case: Case) -> str:
        """Who has it: the unit and, once assigned, the person."""
        return self.held_by(case, case.holder)

    def held_by(self, case: Case, holder: Holder) -> str:
        """The same of a holder of the case or of a lane; the role where no unit has it, as the subject itself."""
        named = (
            self.unit(holder.unit) if holder.unit else "",
            self.person(holder.person) if holder.person else "",
        )
        return " ".join(word for word in named if word) or self._role(case, holder.role)

    def lane(self, case: Case, lane: str) -> str:
        """Whose a lane is: the unit, else what it is called."""
        opened, definition = case.lanes[lane], self.definition(case.digest)
        group = definition.states.get(opened.group)
        titled = group.parallel.lanes.get(lane) if group and group.parallel else None
        return titled.zh if titled else self.unit(opened.holder.unit or lane)

    def _role(self, case: Case, role: str) -> str:
        spec = self.definition(case.digest).roles.get(role)
        return spec.title.zh if spec else ""

    def value(self, case: Case, *names: str) -> str:
        """The first of these fields that has a value, in words; empty where none has."""
        name = next((each for each in names if case.data.get(each) not in (None, "", [])), "")
        return self.words(case, name) if name else ""

    def words(self, case: Case, name: str) -> str:
        value = case.data[name]
        spec = self.definition(case.digest).fields.get(name)
        if isinstance(value, Mapping) and SEALED in value:
            return self._personal(case, value[SEALED])
        said = self._words(spec, value)
        return said if case.id in self.handled else masked(said)

    def _personal(self, case: Case, commitment: str) -> str:
        secret = self.secrets(case).get(commitment)
        if secret is None:
            return HIDDEN
        value = str(orjson.loads(secret))
        return value if case.id in self.handled else masked_name(value)

    def _words(self, spec: FieldSpec | None, value: Any) -> str:
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, Sequence) and not isinstance(value, str):
            return "、".join(self._words(spec, item) for item in value)
        return self._one(spec, str(value))

    def _one(self, spec: FieldSpec | None, value: str) -> str:
        if spec is None:
            return value
        if value in spec.options:
            return spec.options[value].zh
        if spec.type in (FieldType.UNIT, FieldType.UNITS):
            return self.unit(value)
        return self.person(value) if spec.type is FieldType.PERSON else value
