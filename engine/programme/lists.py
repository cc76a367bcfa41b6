"""Lists of subjects that keep themselves: who enters, who leaves and why, and what that asks of the case behind it."""

from __future__ import annotations

from pydantic import Field

from engine.programme.rules import AnyRule
from engine.spelling import AnyTitle, Id, Model, Words

__all__ = ["Exit", "ListCase", "ListSpec"]


class ListCase(Model):
    """The case that a member gets: which workflow, what it brings, and the system's steps as facts change.

    `bring` maps a field of the case to a fact, to `year`, or to a constant in quotes.
    """

    workflow: Id
    bring: dict[Id, str | int | bool] = Field(default_factory=dict, alias="with")
    updated: Id | None = Field(
        None, description="the system's step that carries changed facts into the open case"
    )
    relapsed: Id | None = Field(
        None, description="the system's step when new figures show a cleared member meets the rule again"
    )


class Exit(Model):
    """A way out that is not a success: the condition, and the system's step that ends the case."""

    title: AnyTitle
    when: AnyRule
    step: Id | None = None
    bring: dict[Id, str | int | bool] = Field(default_factory=dict, alias="with")


class ListSpec(Model):
    """Without `case`, a member leaves when the rule no longer holds; with one, only when the case is settled, or by an exit.

    An unknown rule changes nothing. `year`: the newest year for which this fact is known decides.
    """

    title: AnyTitle
    members: AnyRule
    year: Id | None = None
    case: ListCase | None = None
    exits: dict[Id, Exit] = Field(default_factory=dict)
    manual: bool = Field(
        False, description="people put subjects on the list, as nominations; the rule only allows it"
    )
    note: Words | None = None
