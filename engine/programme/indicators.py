"""Indicators as a model: what a figure counts, of which rows, and how it is shown. Each is a few lines of YAML.

Leaves computing to `figures.py`, which rows there are to `selecting.py`, and the names that conditions may use to `readings.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.programme.facts import as_tuple
from engine.programme.ledger import TERMS
from engine.spelling import AnyTitle, Cel, Id, Model, Words

__all__ = ["CLEAR_RATE", "LEDGER_VALUES", "MEASURES", "Band", "Indicator", "Over", "Weight"]

CLEAR_RATE = "clear_rate"
LEDGER_VALUES = (*TERMS, CLEAR_RATE)
MEASURES = ("factor", "progress", "path", "ahead", "required", "annual")


class Over(Model):
    """Which rows: exactly one of `cases` (a workflow), `members` (a list), `slots` (an obligation), `subjects`.

    `by` says what puts a row into the period. Of a case: `opened`, `ended`, `due <clock>` (its effective end: a row for every
    time that the clock ran, and none before its end is past), `step <step>` (when it was last taken). Of a member: `end` (on the
    list at the end of the period), `during`, `in`, `out`. A slot counts in the period that holds its own, once its term is over.
    """

    cases: Id | None = None
    members: Id | None = None
    slots: Id | None = None
    subjects: bool = False
    by: Words | None = None
    where: Cel | None = None
    unsure: Cel | None = Field(
        None, description="rows of which it cannot be said whether they count: reported apart, never counted"
    )

    @property
    def kind(self) -> Literal["cases", "members", "slots", "subjects"]:
        if self.cases is not None:
            return "cases"
        if self.members is not None:
            return "members"
        return "slots" if self.slots is not None else "subjects"


class Weight(Model):
    """A part of a score: its figure in percent, or as a share of the value that gives all the points, from 0 to 100."""

    indicator: Id
    weight: int = Field(ge=1, le=100)
    full: int | None = Field(
        None, ge=1, description="the value that gives 100 points; `target` rows come first"
    )


class Band(Model):
    at_least: int = Field(alias="from")
    title: AnyTitle


class Indicator(Model):
    """`rate` divides the rows for which `part` holds, or whose subject has a row in `having`, by all of them.

    `count` counts the rows for which they hold. `mean` and `median` are of `value`: `hours.<clock>`, `elapsed.<clock>` (with
    pauses) or an integer field.
    `ledger` shows a term of a list's stock and flow, or its `clear_rate`. `growth` compares the count `of`
    another indicator with that of `base_year`. `score` weighs other indicators. `target` has no rows: only what is set for it.
    """

    title: AnyTitle
    kind: Literal["rate", "count", "mean", "median", "ledger", "growth", "score", "target"]
    over: Over | None = None
    part: Cel | None = None
    having: Over | None = None
    value: Words | None = None
    unit: Words | None = None
    suppress_below: int = Field(0, ge=0, description="figures of fewer rows are not shown")
    beside: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = Field(
        (), description="indicators that are always shown with it"
    )
    of: Id | None = None
    base_year: int | None = Field(None, ge=1990, le=2200)
    until_year: int | None = Field(None, ge=1990, le=2200)
    factor: int | None = Field(None, ge=1)
    advisory: int | None = Field(
        None, description="per cent a year that is recommended: a warning, never a failure"
    )
    parts: Annotated[tuple[Weight, ...], BeforeValidator(as_tuple)] = ()
    bands: Annotated[tuple[Band, ...], BeforeValidator(as_tuple)] = Field((), description="the highest first")
    note: Words | None = None
