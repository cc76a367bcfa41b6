"""Faults of time: limits that are missing, reminders after the end, ladders out of order, clocks that never start or stop."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from engine.certificate.graph import Net, Path, place
from engine.certificate.lengths import Length, rows_of, weight, worst
from engine.definition import OPEN, Rung, State
from engine.durations import Duration, FixedDate, Offset, Share, Unit, same_kind
from engine.findings import Finding
from engine.spelling import Due, Limit

Findings = Iterator[Finding]

_WORKING = frozenset({Unit.WORKING_MINUTE, Unit.WORKING_HOUR, Unit.WORKING_DAY})


def answered_for(net: Net) -> Findings:
    """Every state that is not final has an owner, a limit, and something that happens at its end."""
    for chart, states in net.definition.charts():
        for state_id, state in states.items():
            if not state.final:
                yield from _answered_for(net, state, place(chart, state_id))


def _answered_for(net: Net, state: State, at: Path) -> Findings:
    title = state.title
    if not state.owner:
        yield net.finding("no_owner", f"环节“{title}”没有责任角色", at, hint="写 owner")
    if not state.due and state.pauses:
        yield net.finding(
            "pause_uncapped", f"“{title}”让时钟停着，自己却没有时限", (*at, "pauses"), hint="写 due"
        )
    elif not state.due:
        yield net.finding("no_due", f"环节“{title}”没有时限", at, hint="写 due，例如 3 working days")
    if not state.overdue:
        yield net.finding("no_overdue", f"环节“{title}”没有写超期以后怎么办", at, hint="写 overdue")
    if state.due:
        none = [
            row for row, length in rows_of(state.due.longest, net.definition.limits).items() if length is None
        ]
        if none:
            message = f"类别 {'、'.join(none)} 在“{title}”没有时限（none）"
            yield net.finding("no_due", message, (*at, "due"), hint="给这些类别写时限，或用另一列")


def staying(net: Net) -> Findings:
    """Only an accountable owner may stay overdue, and is told again and again."""
    for chart, states in net.definition.charts():
        for state_id, state in states.items():
            for index, rung in enumerate(state.overdue):
                at = place(chart, state_id, "overdue", index)
                if rung.stay and not net.is_accountable(state.owner):
                    yield net.finding(
                        "stay_not_accountable",
                        f"“{state.title}”的责任角色不是最终负责人，超期后不能停留",
                        (*at, "stay"),
                        hint="写 to，交给 accountable 的角色",
                        example=net.example(chart, state_id),
                    )
                elif rung.stay and not (rung.every and rung.notify):
                    yield net.finding(
                        "stay_without_repeat",
                        f"“{state.title}”超期停留，却不再提醒",
                        (*at, "stay"),
                        hint="写 every 和 notify",
                    )


# Reminders and ladders


def reminders(net: Net) -> Findings:
    for at, due, remind, _ in _clocks(net):
        if due is None:
            continue
        for index, offset in enumerate(remind):
            for row, length in rows_of(due, net.definition.limits).items():
                if length is not None and _too_early(offset, length):
                    where = f"类别 {row} 的" if row else ""
                    yield net.finding(
                        "reminder_too_early",
                        f"提前{offset.zh}提醒，而{where}时限只有{length.zh}",
                        (*at, "remind", index),
                        hint="写得更短，或写百分比，例如 20% before",
                    )
                    break


def _clocks(net: Net) -> Iterator[tuple[Path, Limit | None, tuple[Offset, ...], tuple[Rung, ...]]]:
    """(place, limit, reminders, ladder) of every clock."""
    for chart, states in net.definition.charts():
        for state_id, state in states.items():
            yield place(chart, state_id), _within(state.due), state.remind, state.overdue
    for name, spec in net.definition.clocks.items():
        yield ("clocks", name), _within(spec.due), spec.remind, spec.overdue
    if due := net.definition.case_due:
        yield ("case_due",), due.within, due.remind, ()


def _within(due: Due | None) -> Limit | None:
    return due.longest if due else None


def _too_early(offset: Offset, length: Length) -> bool:
    if isinstance(offset, Share) or isinstance(length, FixedDate):
        return False
    if same_kind(offset, length) or (offset.unit in _WORKING) == (length.unit in _WORKING):
        return weight(offset) >= weight(length)
    return weight(offset) > weight(length)


def ladders(net: Net) -> Findings:
    for at, _, _, ladder in _clocks(net):
        for index, (before, rung) in enumerate(pairwise(ladder), start=1):
            if before.after and rung.after and weight(rung.after) <= weight(before.after):
                yield net.finding(
                    "ladder_order",
                    f"这一级在超期{rung.after.zh}后，不晚于上一级的{before.after.zh}",
                    (*at, "overdue", index, "after"),
                    hint="各级由近及远",
                )
            if before.to and at[0] != "clocks":
                yield net.finding(
                    "rung_hidden",
                    f"上一级已把事项转到 {before.to}，这一级永远轮不到",
                    (*at, "overdue", index),
                    hint="转走的一级放在最后",
                )


# Named clocks and the clock of the case


def named_clocks(net: Net) -> Findings:
    for name, spec in net.definition.clocks.items():
        at: Path = ("clocks", name)
        if not any(_can_happen(net, ref) for ref in spec.starts):
            yield net.finding("clock_never_starts", f"时钟“{spec.title}”永远不会开始走", (*at, "starts"))
        elif not any(_can_happen(net, ref, clock=name) for ref in (*spec.stops, *spec.cancels)):
            yield net.finding(
                "clock_never_stops",
                f"时钟“{spec.title}”开始走以后，没有动作能让它停",
                (*at, "stops"),
                hint="stops 写在它走动时办得到的动作",
            )
        told = (address.role for rung in spec.overdue for address in rung.notify)
        moves = any(rung.to or rung.opens for rung in spec.overdue)
        if not moves and not any(net.is_accountable(role) for role in told):
            yield net.finding(
                "clock_unanswered",
                f"时钟“{spec.title}”超期后，既不转办也不告知最终负责人",
                (*at, "overdue"),
                hint="notify 一个 accountable 的角色，或写 to",
            )
        if spec.overdue and any(r.stay and not r.every for r in spec.overdue):
            yield net.finding("stay_without_repeat", f"时钟“{spec.title}”停留，却不再提醒", (*at, "overdue"))


def _can_happen(net: Net, ref: str, clock: str = "") -> bool:
    """Whether the step can be taken anywhere, where the clock may be running if one is named."""
    if ref == OPEN:
        return True
    lane, _, step_id = ref.rpartition(".")
    for chart, state_id, _, found, step in net.definition.steps():
        if (chart, found) != (lane, step_id) or state_id not in net.paths[chart]:
            continue
        if not net.trial.step(chart, found, step).passes:
            continue
        places = [state_id] if not chart else [s for s in net.paths[""] if chart in net.lane_types(s)]
        if any(not clock or clock in net.running[here] for here in places):
            return True
    return False


def pauses(net: Net) -> Findings:
    for state_id, state in net.definition.states.items():
        for index, clock in enumerate(state.pauses):
            if state_id in net.paths[""] and net.is_open(state_id) and clock not in net.running[state_id]:
                yield net.finding(
                    "pause_of_stopped_clock",
                    f"在“{state.title}”，时钟 {clock} 从来不在走",
                    place("", state_id, "pauses", index),
                    hint="它此前没有开始，或已经停了",
                    example=net.example("", state_id),
                )
    for chart, states in net.definition.charts():
        for state_id, state in states.items():
            if chart and state.pauses:
                at = place(chart, state_id, "pauses")
                yield net.finding(
                    "pause_in_lane", "并行线不能让事项的时钟停着", at, hint="pauses 只写在事项的环节"
                )


def case_limit(net: Net) -> Findings:
    due = net.definition.case_due
    if due is None:
        return
    target = net.definition.states[due.to]
    if net.is_open(due.to) and not net.is_accountable(target.owner):
        yield net.finding(
            "case_due_not_accountable",
            f"全程时限到期后转到“{target.title}”，那里的责任角色不是最终负责人",
            ("case_due", "to"),
            hint="to 写一个由 accountable 角色负责的环节",
        )
    whole = worst(due.within, net.definition.limits)
    for state_id, state in net.definition.states.items():
        own = worst(state.due.longest, net.definition.limits) if state.due else None
        if not (isinstance(whole, Duration) and isinstance(own, Duration)) or not net.is_open(state_id):
            continue
        if "case" not in state.pauses and weight(whole) < weight(own):
            yield net.warning(
                "case_due_short",
                f"全程时限{whole.zh}，比“{state.title}”一个环节的{own.zh}还短",
                ("case_due", "within"),
                example=(f"{state_id}: {own.words}",),
            )


ALL = (answered_for, staying, reminders, ladders, named_clocks, pauses, case_limit)
