"""Longer limits: somebody asks in time, somebody above answers."""

from __future__ import annotations

import random
from typing import Final

from api.simulation.people import People
from engine.case import Case, Clock, CommandId
from engine.commands import AnswerExtension, AskExtension, Command
from engine.definition import Extension
from engine.machine import Program

__all__ = ["extending"]

_REASON: Final = "须等上级部门复函（示例）"
_REFUSED: Final = 0.2


def extending(
    rng: random.Random, program: Program, case: Case, people: People, *, share: float, key: CommandId
) -> Command | None:
    """An answer where one is waited for; a question in `share` of the places where a limit may be longer; mostly None."""
    for name, spec in program.definition.clocks.items():
        clock = case.clocks.get(name)
        if spec.extension is None or clock is None or not clock.is_open:
            continue
        if clock.asked:
            return _answer(
                rng, program, case, people, name=name, clock=clock, extension=spec.extension, key=key
            )
        if len(clock.extended) < spec.extension.at_most and rng.random() < share:
            return _ask(program, case, people, name=name, extension=spec.extension, key=key)
    return None


def _ask(
    program: Program, case: Case, people: People, *, name: str, extension: Extension, key: CommandId
) -> Command | None:
    found = (people.actor(program, case, role, case.holder_of(name).unit) for role in extension.asked_by)
    actor = next(filter(None, found), None)
    return AskExtension(id=key, case=case.id, actor=actor, clock=name, reason=_REASON) if actor else None


def _answer(
    rng: random.Random,
    program: Program,
    case: Case,
    people: People,
    *,
    name: str,
    clock: Clock,
    extension: Extension,
    key: CommandId,
) -> Command | None:
    roles = (clock.extended and extension.later_approved_by) or extension.approved_by
    found = (people.actor(program, case, role, case.holder_of(name).unit) for role in roles)
    actor = next(filter(None, found), None)
    if actor is None:
        return None
    approve = rng.random() >= _REFUSED
    return AnswerExtension(
        id=key,
        case=case.id,
        actor=actor,
        clock=name,
        approve=approve,
        reason="同意（示例）" if approve else "请按原时限办结（示例）",
    )
