"""A longer limit: asked for before the end, approved by somebody else."""

from __future__ import annotations

from engine import clocks, timing
from engine.blockers import refused, require
from engine.canonical import instant
from engine.case import Asked, Clock
from engine.commands import AnswerExtension, AskExtension
from engine.directory import Address
from engine.draft import Draft
from engine.durations import Duration, DurationError, is_longer, parse_duration, same_kind
from engine.errors import Blocker, InvalidData, UnknownClock
from engine.fields import require_brief, require_words


def _running(draft: Draft, clock_id: str) -> tuple[Clock, clocks.Rule]:
    clock = draft.case.clocks.get(clock_id)
    rule = timing.rule_of(draft.program, draft.case, clock_id) if clock and clock.is_open else None
    if clock is None or rule is None:
        running = sorted(k for k, c in draft.case.clocks.items() if c.is_open)
        raise UnknownClock(f"现在没有走动的时钟“{clock_id}”", running=running)
    return clock, rule


def ask(draft: Draft, command: AskExtension) -> None:
    clock, rule = _running(draft, command.clock)
    extension = rule.extension
    if extension is None:
        raise refused("这项时限不能延期", Blocker("no_extension", "流程没有规定这项时限可以延期"))
    most, _ = clocks.resolve_limit(extension.by, draft.program.definition.limits, timing.chosen_row(draft))
    if not isinstance(most, Duration):
        raise refused("这类事项不能延期", Blocker("no_extension", "这一类别的事项不能延期"))
    require(draft, extension.asked_by, "不能申请延期", unit=draft.case.holder_of(command.clock).unit)
    reasons = _extension_blockers(draft, clock, extension.at_most)
    if reasons:
        raise refused("不能申请延期", *reasons)
    require_words(command.reason, "reason", "延期理由")
    amount = _amount(command.amount, most)
    asked = Asked(amount=amount.words, reason=command.reason, by=draft.actor.id, at=draft.at)
    draft.change_clock(command.clock, "ask", clocks.ask(clock, asked))
    for role in _approvers(clock, rule):
        unit = draft.case.holder_of(command.clock).unit
        draft.notify(Address(role), "extension_asked", unit=unit, clock=command.clock)


def _extension_blockers(draft: Draft, clock: Clock, at_most: int) -> list[Blocker]:
    reasons = []
    if draft.at > clock.due_at:
        due = instant(clock.due_at)
        reasons.append(Blocker("extension_too_late", "时限已过，延期应当在到期前申请", {"due_at": due}))
    if clock.asked:
        reasons.append(Blocker("extension_pending", "已有一项延期申请待审批"))
    if len(clock.extended) >= at_most:
        reasons.append(Blocker("limit", f"至多延期{at_most}次", {"at_most": at_most}))
    return reasons


def _amount(words: str, most: Duration) -> Duration:
    """What is asked for, at most `most`; that itself where nothing is said."""
    if not words:
        return most
    try:
        amount = parse_duration(words)
    except DurationError as error:
        reason = Blocker("bad_field", error.message, {"field": "amount"})
        raise InvalidData("延期时长有误", reasons=[reason], hint=error.hint) from error
    if not same_kind(amount, most) or is_longer(amount, most):
        reason = Blocker("extension_too_long", f"一次至多延长{most.zh}", {"at_most": most.words})
        raise refused("延期时长有误", reason)
    return amount


def _approvers(clock: Clock, rule: clocks.Rule) -> tuple[str, ...]:
    extension = rule.extension
    if extension is None:
        return ()
    return (clock.extended and extension.later_approved_by) or extension.approved_by


def answer(draft: Draft, command: AnswerExtension) -> None:
    clock, rule = _running(draft, command.clock)
    asked = clock.asked
    if asked is None:
        raise refused("没有待审批的延期申请", Blocker("nothing_asked", "没有待审批的延期申请"))
    require(draft, _approvers(clock, rule), "不能审批延期", unit=draft.case.holder_of(command.clock).unit)
    if asked.by == draft.actor.id:
        raise refused("不能审批自己的申请", Blocker("separation", "申请人不能审批自己的延期申请"))
    require_brief(command.reason, "reason", "审批意见")
    calendar = draft.facts.calendar
    if command.approve:
        draft.change_clock(command.clock, "extend", clocks.extend(clock, rule, asked.amount, calendar))
    else:
        draft.change_clock(command.clock, "refuse", clocks.refuse_extension(clock))
    draft.effect("notify", about="extension_answered", people=[asked.by], role="", clock=command.clock)
