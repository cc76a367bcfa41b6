"""Decide what a command means for a case. Pure: the caller loads, saves and acts.

`decide(program, case, command, facts) -> (event, case)` or a refusal that leaves nothing behind. Replay calls the same
function with the recorded facts and must arrive at the same bytes (`replay.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import administration, casework, extensions, ringing, steps, takeover
from engine.case import Case
from engine.commands import (
    AddLane,
    AnswerExtension,
    AskExtension,
    Assign,
    Command,
    Comment,
    Import,
    Jump,
    MoveVersion,
    Open,
    Recount,
    Relate,
    TakeStep,
    Tick,
    WithdrawLane,
)
from engine.draft import Draft, Facts
from engine.errors import CaseExists, StaleCase, UnknownCase
from engine.events import Event
from engine.machine import Program


def decide(program: Program, case: Case | None, command: Command, facts: Facts) -> tuple[Event, Case]:
    """The event that the command makes, and the case after it. Errors: every `BihuanError` that refuses it."""
    draft = Draft(program, case, command, facts)
    if isinstance(command, Open | Import):
        if case is not None:
            raise CaseExists(f"编号 {command.case} 已有事项", hint="换一个编号")
    elif case is None:
        raise UnknownCase(f"没有编号为 {command.case} 的事项", hint="核对编号，或检查您的职责范围")
    elif command.expected_seq is not None and command.expected_seq != case.seq:
        raise StaleCase(
            f"事项已有新的变化（现为第 {case.seq} 条记录，您看到的是第 {command.expected_seq} 条）",
            hint="刷新后再办",
            seq=case.seq,
            expected=command.expected_seq,
            state=case.state,
        )
    _HANDLERS[type(command)](draft, command)
    return draft.sealed()


_HANDLERS: dict[type[Command], Callable[[Draft, Any], None]] = {
    AddLane: casework.add_lane,
    AnswerExtension: extensions.answer,
    AskExtension: extensions.ask,
    Assign: casework.assign,
    Comment: casework.comment,
    Import: takeover.import_case,
    Jump: administration.jump,
    MoveVersion: administration.move_version,
    Open: steps.open_case,
    Recount: administration.recount,
    Relate: administration.relate,
    TakeStep: steps.take_step,
    Tick: ringing.ring,
    WithdrawLane: casework.withdraw_lane,
}
