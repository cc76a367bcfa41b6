"""Indicators: figures over cases, members, slots and subjects, each equal to the rows behind it. Fractions, never floats."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.programme.facts import as_tuple
from engine.spelling import AnyTitle, Cel, Id, Model, Words

__all__ = ["Indicator", "Over", "Weight"]


class Over(Model):
    """Which rows: exactly one of `cases` (a workflow), `members` (a list), `slots` (an obligation), `subjects`.

    `by` says which moment of a case puts it into the period: `opened`, `ended`, or `due` of a clock (its effective end).
    """

    cases: Id | None = None
    members: Id | None = None
    slots: Id | None = None
    subjects: bool = False
    by: Words = "opened"
    where: Cel | None = None


class Weight(Model):
    indicator: Id
    weight: int = Field(ge=1)


class Indicator(Model):
    """`rate` divides the rows for which `part` holds by all of them; the others are named after what they compute."""

    title: AnyTitle
    kind: Literal["rate", "count", "mean", "median", "ledger", "growth", "score"]
    over: Over | None = None
    part: Cel | None = None
    value: Cel | None = Field(None, description="of mean and median: the number of a row")
    unit: Words | None = None
    suppress_below: int = Field(0, ge=0, description="rates of fewer rows are not shown")
    base_year: int | None = None
    until_year: int | None = None
    factor: int | None = None
    advisory: int | None = Field(
        None, description="per cent a year that is recommended: a warning, never a failure"
    )
    parts: Annotated[tuple[Weight, ...], BeforeValidator(as_tuple)] = ()
    note: Words | None = None
