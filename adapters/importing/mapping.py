"""Which column of an export is what for a workflow, as YAML: `hotline.yaml` ships, an office may write its own."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from engine import document
from engine.errors import BihuanError
from engine.programme.facts import as_tuple
from engine.spelling import Id, Model, Words

__all__ = ["BadMapping", "FieldFrom", "Happened", "HistoryMapping", "StateFrom", "hotline", "read_mapping"]

Names = Annotated[tuple[Words, ...], BeforeValidator(as_tuple)]


class BadMapping(BihuanError):
    """Raised when a mapping of columns cannot be read; the message names the place."""

    code, kind = "bad_mapping", "invalid"


class FieldFrom(Model):
    """The first of `headings` that the file has, or a fixed `value`; `values` translate what the file says into options."""

    headings: Names = ()
    value: str | int | bool | None = None
    values: dict[str, Id] = Field(default_factory=dict)


class StateFrom(Model):
    """`ended`: states in which the work is over; such a case stands there since the last thing that happened."""

    headings: Names
    values: dict[str, Id]
    ended: Names = ()


class Happened(Model):
    """A column with the moment of something that happened; `step` is the step of the workflow that stands for it."""

    headings: Names
    what: Words
    step: Id | None = None


class HistoryMapping(Model):
    """`unsaid`: words that stand for nothing. `opened`: the moment at which it began."""

    workflow: Id
    number: Names
    code: Names = ()
    name: Names = ()
    city: Names = ()
    county: Names = ()
    opened: Names
    state: StateFrom
    past: Annotated[tuple[Happened, ...], BeforeValidator(as_tuple)] = ()
    fields: dict[Id, FieldFrom] = Field(default_factory=dict)
    unsaid: Names = ()


def hotline() -> HistoryMapping:
    """The mapping that ships: a hotline's export into the workflow of issues."""
    return read_mapping((files(__package__) / "hotline.yaml").read_bytes(), "hotline.yaml")


def read_mapping(data: bytes, name: str) -> HistoryMapping:
    """Errors: `BadMapping`."""
    read = document.read(data, name=name)
    if read.findings:
        raise BadMapping(
            "；".join(map(str, read.findings[:5])), hint="写法见 adapters/importing/hotline.yaml"
        )
    try:
        return HistoryMapping.model_validate(read.data)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = "/".join(map(str, wrong["loc"]))
        raise BadMapping(
            f"{name}：{place} {wrong['msg']}", hint="写法见 adapters/importing/hotline.yaml"
        ) from error
