"""Rules over what is known of one subject: three-valued, because a figure that is missing is neither good nor bad.

`pass`, `fail` or `unknown` with the facts that are missing: that list is what the next visit asks. Kleene's strong logic: a
conjunction with one false part is false whatever is missing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from engine.programme.facts import as_tuple
from engine.spelling import AnyTitle, Cel, Id, Model, Words

__all__ = ["Criterion", "Rule", "RuleSet", "RuleVersion"]


def _short(value: object) -> object:
    return {"check": value} if isinstance(value, str) else value


class Rule(Model):
    """A condition (CEL), or several of which all, or any, must hold. A text alone is a condition."""

    check: Cel | None = None
    all: Annotated[tuple[AnyRule, ...], BeforeValidator(as_tuple)] = ()
    any: Annotated[tuple[AnyRule, ...], BeforeValidator(as_tuple)] = ()


AnyRule = Annotated[Rule, BeforeValidator(_short)]
Rule.model_rebuild()


class Band(Model):
    """From this value on (included), so many points."""

    at_least: str | int = Field(alias="from")
    points: int


class Part(Model):
    """A part of a score: by the ratio of two facts or by one fact, in bands; the best of several; or points given."""

    title: AnyTitle
    of: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = Field(
        (), description="one fact, or the dividend and the divisor"
    )
    bands: Annotated[tuple[Band, ...], BeforeValidator(as_tuple)] = ()
    best_of: Annotated[tuple[Part, ...], BeforeValidator(as_tuple)] = ()
    given: Id | None = None
    most: int | None = None


class Score(Model):
    parts: dict[Id, Part]
    at_least: int | None = None
    above: int | None = None
    nonzero: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()


class Criterion(Model):
    title: AnyTitle
    rule: AnyRule | None = None
    score: Score | None = None


class RuleVersion(Model):
    """The criteria in force from a day on (and to another, both included)."""

    since: str
    until: str | None = None
    source: Words
    criteria: dict[Id, Criterion]


class RuleSet(Model):
    title: AnyTitle
    versions: Annotated[tuple[RuleVersion, ...], BeforeValidator(as_tuple)]
    note: Words | None = None
