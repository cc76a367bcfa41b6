"""The facts of a programme as a model: what may be known of a subject, in which unit, under which headings it arrives.

A money value is an integer of fen. What is known is left to `engine/subjects.py`; what follows from it to rules and lists.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from engine.spelling import AnyTitle, Id, Model, Words

__all__ = ["FactSpec", "FactType", "Parameter", "SubjectSpec", "as_tuple"]


def as_tuple(value: object) -> object:
    """A list as YAML gives it, and a single value as a list of one."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str | dict) else value


Headings = Annotated[tuple[Words, ...], BeforeValidator(as_tuple)]


class FactType(StrEnum):
    MONEY = "money"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    TEXT = "text"
    CHOICE = "choice"


class FactSpec(Model):
    """`yearly` facts have a value for each year; `headings` are the column titles under which lists send the fact."""

    title: AnyTitle
    type: Annotated[FactType, BeforeValidator(lambda v: FactType(v) if isinstance(v, str) else v)]
    yearly: bool = False
    unit: Words | None = None
    options: dict[Id, AnyTitle] = Field(default_factory=dict)
    headings: Headings = ()
    personal: bool = Field(False, description="masked in lists and exports")
    note: Words | None = None


class SubjectSpec(Model):
    """What a subject is called, and the headings of what identifies it."""

    title: AnyTitle
    id: Headings
    name: Headings
    regions: Annotated[tuple[Headings, ...], BeforeValidator(as_tuple)] = Field(
        (), description="one entry for each level below the root, the highest first"
    )


class Parameter(Model):
    """A threshold that rules name; `value` is written as people say it: 1亿元, 60, true."""

    title: AnyTitle
    type: Annotated[FactType, BeforeValidator(lambda v: FactType(v) if isinstance(v, str) else v)]
    value: str | int | bool
    note: Words | None = None
