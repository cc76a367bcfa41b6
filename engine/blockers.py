"""Why a step is not available: every reason at once, each with a code and the sentence an official reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict

from engine.access import Grant, RoleKind, may_act, reaches
from engine.case import Taken
from engine.definition import RoleOf, Step
from engine.draft import Draft
from engine.errors import BihuanError, Blocked, Blocker, Forbidden
from engine.machine import Chart, CompiledStep

AUTHORITY = frozenset({"role_missing", "other_region", "other_unit", "other_subject"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step is taken: the case itself (`lane` empty) or one of its lanes."""

    chart: Chart
    lane: str
    state: str
    unit: str

    @classmethod
    def of(cls, draft: Draft, lane: str) -> Place:
        if not lane:
            return cls(draft.program.main, "", draft.case.state, draft.case.holder.unit)
        here = draft.case.lanes[lane]
        return cls(draft.program.charts[here.type], lane, here.state, here.holder.unit)


def taken_key(step: CompiledStep, place: Place, draft: Draft) -> str:
    """Steps of a lane are counted for that lane and that opening of it."""
    return f"{step.ref}@{place.lane}#{draft.case.lanes[place.lane].n}" if place.lane else step.ref


def authority(draft: Draft, roles: Iterable[str], unit: str) -> Blocker | None:
    """None if the actor may act in one of `roles`; the grant that permits it is kept in the draft."""
    refusal: Blocker | None = None
    for role in roles:
        if draft.program.role(role).of is RoleOf.SYSTEM:
            if draft.actor.kind == "system":
                return None
            continue
        grant, refused = _grant_for(draft, role, unit)
        if grant:
            draft.grant = grant
            return None
        # The most telling refusal: one who has the role elsewhere learns where, not that it is missing.
        if refusal is None or refusal.code == "role_missing":
            refusal = refused
    return refusal or Blocker("role_missing", "没有任何角色可以办理这一步")


def _grant_for(draft: Draft, role: str, unit: str) -> tuple[Grant | None, Blocker | None]:
    spec, case = draft.program.role(role), draft.case
    region = case.region
    if spec.level != "here":
        region = draft.resolve(draft.program.address(role)).region
    post = draft.program.post(role)
    kind: RoleKind = _KINDS[spec.of]
    held = [grant for grant in draft.actor.grants if grant.role == post]
    if not held:
        return None, Blocker("role_missing", "您没有办理这一步所需的角色", {"role": role})
    where = _Where(region=region, holder_unit=unit or None, subject=case.subject or None)
    found = next((grant for grant in held if reaches(grant, kind, **where)), None)
    return found, None if found else may_act(draft.actor, role=post, role_kind=kind, **where)


_KINDS: Final[dict[RoleOf, RoleKind]] = {
    RoleOf.REGION: "region",
    RoleOf.UNIT: "unit",
    RoleOf.SUBJECT: "subject",
}


class _Where(TypedDict):
    region: str
    holder_unit: str | None
    subject: str | None


def why_blocked(
    draft: Draft, place: Place, step: CompiledStep, *, incoming: Mapping[str, Any] | None
) -> list[Blocker]:
    """Every reason against the step now; empty if it may be taken.

    With `incoming` None the step is only looked at: conditions on fields that it would itself bring are left open.
    """
    reasons = []
    if refused := authority(draft, step.spec.by, place.unit):
        reasons.append(refused)
    reasons += _separation(draft, place, step)
    reasons += _limits(draft, step.spec, draft.case.taken.get(taken_key(step, place, draft)))
    reasons += _guards(draft, place, step, incoming)
    return reasons


def _separation(draft: Draft, place: Place, step: CompiledStep) -> list[Blocker]:
    forbidden = {*place.chart.states[place.state].not_by, *step.spec.not_by}
    for key, taken in draft.case.taken.items():
        ref = key.partition("@")[0]
        if ref in forbidden and taken.round == draft.case.round and draft.actor.id in taken.by:
            return [Blocker("separation", "经办过本事项的人员不能办理这一步，请由他人办理", {"step": ref})]
    return []


def _limits(draft: Draft, step: Step, taken: Taken | None) -> list[Blocker]:
    if taken is None:
        return []
    reasons = []
    in_round = taken.times if taken.round == draft.case.round else 0
    if step.at_most and in_round >= step.at_most:
        params = {"at_most": step.at_most, "times": in_round}
        reasons.append(Blocker("limit", f"本轮已用满{step.at_most}次", params))
    calendar = draft.facts.calendar
    if step.once_per and calendar.local_date(taken.last_at) == calendar.local_date(draft.at):
        reasons.append(Blocker("too_soon", "今天已经办过一次，请改日再办"))
    return reasons


def _guards(
    draft: Draft, place: Place, step: CompiledStep, incoming: Mapping[str, Any] | None
) -> list[Blocker]:
    brings = {*step.spec.needs, *step.spec.may}
    reasons = []
    for expression, otherwise in step.guards:
        if incoming is None and brings & set(expression.names):
            continue
        if not draft.holds(expression, lane=place.lane, incoming=incoming):
            reasons.append(Blocker("guard", otherwise, {"check": expression.text}))
    return reasons


def refused(message: str, *reasons: Blocker, hint: str = "") -> BihuanError:
    """`Forbidden` where only the actor's authority is in the way, `Blocked` otherwise."""
    only_authority = reasons and all(r.code in AUTHORITY for r in reasons)
    kind = Forbidden if only_authority else Blocked
    return kind(message, reasons=reasons, hint=hint)


def require(draft: Draft, roles: tuple[str, ...], message: str, *, unit: str = "") -> None:
    """The system and the clock act by the definition, not by a role; a person needs one of `roles`."""
    if draft.actor.kind == "person" and (reason := authority(draft, roles, unit)):
        raise refused(message, reason)
