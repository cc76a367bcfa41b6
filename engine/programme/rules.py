"""Rules over what is known of one subject: three-valued, because a figure that is missing is neither good nor bad.

`pass`, `fail` or `unknown` with the facts that are missing: that list is what the next visit asks. Kleene's strong logic: a
conjunction with one false part is false whatever is missing. What a rule says of a subject is reckoned in `judging.py`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from engine.programme.facts import as_tuple
from engine.spelling import AnyTitle, Cel, Id, Model, Words

__all__ = [
    "AnyRule",
    "Band",
    "Criterion",
    "FactName",
    "Part",
    "Ratio",
    "Rule",
    "RuleSet",
    "RuleVersion",
    "Score",
]

FactName = Annotated[str, StringConstraints(pattern=r"^((prior|sum3)\.)?[a-z][a-z0-9_]{0,47}$")]
FactNames = Annotated[tuple[FactName, ...], BeforeValidator(as_tuple)]


def _short(value: object) -> object:
    return {"check": value} if isinstance(value, str) else value


class Ratio(Model):
    """Two facts and the share that one is of the other. A share of nothing is no share: it is not met."""

    of: FactNames = Field(description="the dividend and the divisor")
    at_least: str = Field(description="`5%`, or a parameter of whole per cent")


class Rule(Model):
    """One of: a condition (CEL), several of which all or any must hold, a share, a rule set passed or failed.

    A text alone is a condition.
    """

    check: Cel | None = None
    all: Annotated[tuple[AnyRule, ...], BeforeValidator(as_tuple)] = ()
    any: Annotated[tuple[AnyRule, ...], BeforeValidator(as_tuple)] = ()
    ratio: Ratio | None = None
    passes: Id | None = Field(None, description="a rule set whose criteria all hold")
    fails: Id | None = Field(None, description="a rule set of which a criterion does not hold")


AnyRule = Annotated[Rule, BeforeValidator(_short)]
Rule.model_rebuild()


class Band(Model):
    """From this value on (included), so many points."""

    at_least: str | int = Field(alias="from")
    points: int


class Part(Model):
    """A part of a score: by the ratio of two facts or by one fact, in bands; the best of several; or points given."""

    title: AnyTitle
    of: FactNames = Field((), description="one fact, or the dividend and the divisor")
    bands: Annotated[tuple[Band, ...], BeforeValidator(as_tuple)] = ()
    best_of: Annotated[tuple[Part, ...], BeforeValidator(as_tuple)] = ()
    given: Id | None = Field(None, description="the fact that holds points given by people")
    most: int | None = Field(None, description="of points given: the most")


class Score(Model):
    """The sum of its parts; `nonzero` are parts that must not be 0 whatever the sum."""

    parts: dict[Id, Part]
    at_least: int | None = None
    above: int | None = None
    nonzero: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()


class Criterion(Model):
    title: AnyTitle
    rule: AnyRule | None = None
    score: Score | None = None
    note: Words | None = None


class RuleVersion(Model):
    """The criteria in force from a day on (and to another, both included)."""

    since: str
    until: str | None = None
    source: Words
    criteria: dict[Id, Criterion]


class RuleSet(Model):
    """What must all hold, as the regulation of the day has it."""

    title: AnyTitle
    versions: Annotated[tuple[RuleVersion, ...], BeforeValidator(as_tuple)]
    note: Words | None = None

    def on(self, day: str) -> RuleVersion | None:
        """The version in force on a local day."""
        inside = (v for v in self.versions if v.since <= day and (v.until is None or day <= v.until))
        return next(inside, None)
