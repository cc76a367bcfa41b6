"""Obligations: what must happen in every period, for every region of a level or every member of a list.

Each opens a case at the beginning of its period (a slot). A slot that was made up late is yellow and never green.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.spelling import AnyTitle, Cel, Id, Model, Words

__all__ = ["Obligation", "Whom"]


class Whom(Model):
    """Exactly one: every region `depth` levels below the root (0: the root itself), or every member of a list."""

    depth: int | None = Field(None, ge=0, le=9)
    list: Id | None = None
    enrolled: int = Field(
        0, ge=0, description="days on the list before the end of the period from which on it counts"
    )


class Obligation(Model):
    """`bring` maps fields of the case to `period`, `first`, `last` (days), `target`, `year`, or a constant in quotes."""

    title: AnyTitle
    every: Literal["month", "quarter", "half-year", "year"]
    whom: Whom = Field(alias="for")
    workflow: Id
    bring: dict[Id, str | int | bool] = Field(default_factory=dict, alias="with")
    opens: Words = Field("first day", description="`first day`, or a day of the year: `2 January`")
    done: Cel = Field(description="over the case: it was done, in time or not")
    in_time: Cel = Field(description="over the case: done within its period; else it was made up")
    note: Words | None = None
