"""Take over a case that was worked on elsewhere: it begins where it stood, and its clocks count from when they really began.

One event holds it all: what happened before is evidence in `asked.past` and is not decided again; what the present owes follows
from it by the workflow. Clocks that a past step started, stopped or cancelled are started, stopped or cancelled as of then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from engine import movement, timing
from engine.blockers import require
from engine.canonical import NotCanonical, instant, parse_instant
from engine.case import CASE_CLOCK, STATE_CLOCK
from engine.commands import Import
from engine.definition import OPEN, State
from engine.draft import Draft
from engine.errors import Blocker, InvalidData
from engine.fields import checked, require_words
from engine.steps import require_known

__all__ = ["import_case"]

PAST_MAX: Final = 200
NUMBER_MAX: Final = 100


def import_case(draft: Draft, command: Import) -> None:
    """Errors: `InvalidData` for a state, moments or data that the workflow does not know; `Forbidden`, `UnknownRegion`."""
    definition = draft.program.definition
    state = _state(draft, command.state)
    require_words(command.number, "number", "原编号", most=NUMBER_MAX)
    opened, since, past = _moments(draft, command)
    draft.change(
        "open",
        at=instant(opened),
        case=command.case,
        workflow=definition.workflow,
        version=definition.version,
        digest=draft.program.digest,
        region=command.region,
        subject=command.subject,
    )
    draft.require_region(command.region)
    if draft.actor.kind != "system":
        require(draft, definition.administrators, "不能导入事项")
    _write(draft, command.data)
    timing.start(draft, CASE_CLOCK, since=opened)
    timing.step_taken(draft, OPEN, at=opened)
    for moment, step in past:
        if step:
            draft.change("taken", at=instant(moment), step=step, by="")
            timing.step_taken(draft, step, at=moment)
    _enter(draft, command.state, state, since)


def _state(draft: Draft, name: str) -> State:
    states = draft.program.definition.states
    if name not in states:
        reason = Blocker("unknown_state", f"流程中没有环节“{name}”", {"known": sorted(states)})
        raise InvalidData("环节有误", reasons=[reason])
    return states[name]


def _moments(draft: Draft, command: Import) -> tuple[datetime, datetime, list[tuple[datetime, str]]]:
    """The beginning, the arrival in the state, and the past between them, in order and none of it ahead."""
    if len(command.past) > PAST_MAX:
        raise _wrong(f"过去的记录至多{PAST_MAX}条")
    opened, since = _moment(command.opened), _moment(command.since)
    known = draft.program.main.step_ids
    past = [_happening(happening, known) for happening in command.past]
    ordered = [opened, *(moment for moment, _ in past)]
    if ordered != sorted(ordered) or since < opened or max(since, *ordered) > draft.at:
        raise _wrong("时刻的先后有误：应自登记起依次排列，且不晚于现在")
    return opened, since, past


def _happening(happening: Mapping[str, Any], known: Collection[str]) -> tuple[datetime, str]:
    step, what = happening.get("step", ""), happening.get("what", "")
    if not isinstance(what, str) or not what.strip():
        raise _wrong("过去的每条记录都要写明做了什么")
    if step and step not in known:
        raise _wrong(f"流程中没有“{step}”这一步")
    return _moment(happening.get("at")), step


def _moment(text: object) -> datetime:
    try:
        return parse_instant(text if isinstance(text, str) else "")
    except NotCanonical as error:
        raise _wrong(f"时刻写法不对：{text!r}") from error


def _wrong(message: str) -> InvalidData:
    return InvalidData("导入的事项有误", reasons=[Blocker("bad_past", message)])


def _write(draft: Draft, data: Mapping[str, Any]) -> None:
    """Any field of the workflow may be brought, none need be."""
    clean = checked(draft.program.definition, data, needs=(), may=draft.program.definition.fields)
    require_known(draft, clean)
    if clean:
        draft.change("data", lane="", set=clean)


def _enter(draft: Draft, name: str, state: State, since: datetime) -> None:
    ended, holder = movement.ending(state), movement.holder_of(draft, state)
    draft.change("enter", **{"from": ""}, state=name, ended=ended, holder=holder.as_data())
    if ended:
        _end_clocks(draft, since)
    timing.pause_for(draft, state, since=since)
    if not state.final:
        timing.start(draft, STATE_CLOCK, since=since)
        movement.open_lanes(draft, "", name)
    if not ended:
        draft.notify_holder(draft.case.holder, "arrived", state=name)


def _end_clocks(draft: Draft, since: datetime) -> None:
    """The whole took as long as it took. Of a named clock that no past step stopped nothing is known: it is not judged."""
    timing.stop(draft, CASE_CLOCK, at=since)
    for clock_id in draft.program.definition.clocks:
        timing.cancel(draft, clock_id, at=since)
