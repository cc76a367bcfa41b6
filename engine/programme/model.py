"""The programme as a model: one file that says what is known, who is on which list, what is due when, and what is counted.

Leaves reading YAML to `loading.py` and cross-checks to `references.py`. The parts are modelled beside their rules: `facts.py`,
`rules.py`, `lists.py`, `obligations.py`, `proposals.py`, `indicators.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from engine.programme.facts import FactSpec, Parameter, SubjectSpec
from engine.programme.frequency import Frequency
from engine.programme.indicators import Indicator
from engine.programme.lists import ListSpec
from engine.programme.obligations import Obligation
from engine.programme.proposals import Proposal
from engine.programme.rules import RuleSet
from engine.spelling import AnyTitle, Id, Model, Words

__all__ = ["Programme"]


class Programme(Model):
    """A programme version. The workflows that it names are published apart."""

    language: Literal[1]
    programme: Id
    version: int = Field(ge=1)
    effective: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    title: AnyTitle
    note: Words | None = None
    calendar: Id = "cn"
    subject: SubjectSpec
    facts: dict[Id, FactSpec]
    parameters: dict[Id, Parameter] = Field(default_factory=dict)
    rule_sets: dict[Id, RuleSet] = Field(default_factory=dict)
    lists: dict[Id, ListSpec] = Field(default_factory=dict)
    obligations: dict[Id, Obligation] = Field(default_factory=dict)
    frequency: dict[Id, Frequency] = Field(default_factory=dict)
    proposals: dict[Id, Proposal] = Field(default_factory=dict)
    indicators: dict[Id, Indicator] = Field(default_factory=dict)
