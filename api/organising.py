"""Changing the organisation, for the API and the command line alike: who may, once for each key, and the cases of whoever leaves.

The new directory is adopted by compare-and-set in the transaction of its receipt; the cases follow as commands of the system,
whose ids derive from the key, so that doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from adapters.bootstrap import Container
from adapters.db.views import Filter
from adapters.organisation.changes import (
    JUDGING,
    RESERVED,
    AddUnit,
    GivePost,
    Operation,
    StandIn,
    applied,
    handover,
    regions_of,
    roles_of,
)
from adapters.registry import StaleDirectory
from api.auth import Caller
from api.standing import administers, may_change_posts, stands_above
from engine.access import Actor, Reach
from engine.canonical import instant
from engine.case import Case, CaseId, CommandId
from engine.commands import Assign, Command
from engine.directory import Directory, PersonId
from engine.errors import BihuanError, Blocker, Forbidden
from engine.runtime import Accepted, Outcome

__all__ = ["Handover", "adopt", "everything_held", "hand_over", "require_authority", "require_handover"]

_PAGE: Final = 200
SYSTEM: Final = "handover"

Submit = Callable[[Command], "Future[Outcome]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    person: PersonId
    successor: PersonId
    first: date
    roles: tuple[str, ...] = ()
    reason: str

    def operations(self, directory: Directory) -> list[Operation]:
        """Empty where the posts were passed on before and only cases are left."""
        return handover(directory, self.person, self.successor, first=self.first, roles=self.roles)


def require_authority(container: Container, caller: Caller, operations: Sequence[Operation]) -> None:
    """The administrator of a region, or its liaison for the posts of the region (默认值，可配置). Errors: `Forbidden`.

    Nobody chooses who judges them: those posts are given and ended by the liaison of a level above.
    """
    directory = container.directories.current()
    if administers(caller, _regions(container, directory, operations)):
        return
    if any(_favours(each, caller.person) for each in operations):
        raise _forbidden("不能给自己任职或由自己代理")
    if any(isinstance(each, AddUnit) for each in operations):
        raise _forbidden("单位由管理员增加")
    if any(roles_of(directory, each) & RESERVED for each in operations):
        raise _forbidden("管理员、审计员、考核员由管理员任免")
    if not may_change_posts(caller, _regions(container, directory, operations)):
        raise _forbidden("只能修改本区划的人员和职务")
    judging = [each for each in operations if roles_of(directory, each) & JUDGING]
    if not stands_above(caller, _regions(container, directory, judging)):
        raise _forbidden("分管领导、督办员、审核员、回访员由上一级联络员或管理员任免")


def _favours(operation: Operation, person: str) -> bool:
    """Whether it gives powers to the very person who asks for it."""
    match operation:
        case GivePost(post):
            return post.person == person
        case StandIn(who):
            return who == person
        case _:
            return False


def require_handover(container: Container, caller: Caller, wanted: Handover) -> None:
    """Over the posts, and over the unit of whoever leaves: cases may be left when the posts are gone. Errors: `Forbidden`."""
    directory = container.directories.current()
    require_authority(container, caller, wanted.operations(directory))
    person = directory.person(wanted.person)
    unit = directory.unit(person.unit) if person else None
    if unit is None or not may_change_posts(caller, [unit.region]):
        raise _forbidden("只能交接本区划单位的人员")


def adopt(
    container: Container,
    key: str,
    asked: Any,
    operations: Callable[[Directory], Sequence[Operation]],
    *,
    by: str,
    expected: str = "",
    more: Callable[[], Mapping[str, Any]] = dict,
) -> Mapping[str, Any]:
    """The receipt of the change: digests before and after, who and when, and what `more` adds to it.

    Errors: `StaleDirectory`, `Clash`, `UnknownMember`, `Malformed`, `KeyReused`.
    """
    at = container.now()

    def change(connection: Connection) -> dict[str, Any]:
        before = container.directories.current()
        digest = before.digest()
        if expected and expected != digest:
            raise StaleDirectory("组织机构已有新的变化", hint="重新读取名录，核对后再提交")
        after = applied(before, operations(before))
        if after.digest() != digest:
            container.directories.replace(connection, after, at, expected=digest)
        return {"digest": after.digest(), "before": digest, "by": by, "at": instant(at), **more()}

    container.directories.refresh()
    answer = container.once.do(key, asked, at, change).answer
    container.directories.refresh()
    return answer


def hand_over(
    container: Container, submit: Submit, key: str, wanted: Handover, *, by: str
) -> Mapping[str, Any]:
    """Pass the posts on, then the open cases; `remaining` are those that could not be, with the reason."""

    def held() -> dict[str, Any]:
        return {"cases": [[case, lane] for case, lane in everything_held(container, wanted.person)]}

    asked = {
        "person": wanted.person,
        "successor": wanted.successor,
        "first": wanted.first.isoformat(),
        "roles": sorted(wanted.roles),
        "reason": wanted.reason,
    }
    answer = dict(adopt(container, key, asked, wanted.operations, by=by, more=held))
    cases = [(case, lane) for case, lane in answer.pop("cases")]
    outcomes = [(c, lane, submit(_assignment(key, wanted, by, c, lane))) for c, lane in cases]
    handed, remaining = [], []
    for case, lane, future in outcomes:
        outcome = future.result()
        if isinstance(outcome, Accepted):
            handed.append({"case": case, "lane": lane})
        else:
            remaining.append({"case": case, "lane": lane, **_told(outcome.error)})
    return {**answer, "handed": handed, "remaining": remaining}


def everything_held(container: Container, person: str) -> Iterator[tuple[str, str]]:
    """Case and lane (empty: the case itself) of everything that was given to the person by name."""
    reach, start = _everywhere(container.directories.current()), ""
    while True:
        page = container.views.list_cases(reach, Filter(person=person), limit=_PAGE, start=start)
        for case in page.cases:
            yield from _held_in(case, person)
        if not (start := page.next):
            return


def _held_in(case: Case, person: str) -> Iterator[tuple[str, str]]:
    if case.holder.person == person:
        yield case.id, ""
    for key, lane in case.lanes.items():
        if not lane.outcome and lane.holder.person == person:
            yield case.id, key


def _assignment(key: str, wanted: Handover, by: str, case: str, lane: str) -> Assign:
    return Assign(
        id=CommandId(f"{key}/{case}/{lane}"),
        case=CaseId(case),
        actor=Actor(id=SYSTEM, kind="system", channel="api"),
        person=wanted.successor,
        lane=lane,
        reason=f"离岗交接（{by} 办理）：{wanted.reason}",
    )


def _told(error: BihuanError) -> dict[str, str]:
    reasons = "；".join(reason.message for reason in error.blockers)
    return {"code": error.code, "detail": f"{error.message}（{reasons}）" if reasons else error.message}


def _regions(container: Container, directory: Directory, operations: Sequence[Operation]) -> list[str]:
    """A post that belongs to one subject counts for the subject's region, for the root where that is not registered."""
    return [
        region or _region_of_subject(container, directory, each)
        for each in operations
        for region in regions_of(directory, each)
    ]


def _region_of_subject(container: Container, directory: Directory, operation: Operation) -> str:
    subject = (
        operation.post.subject if isinstance(operation, GivePost) else getattr(operation, "subject", None)
    )
    known = container.subjects.known([subject] if subject else []).values()
    return next((found.region for found in known), _everywhere(directory).regions[0])


def _everywhere(directory: Directory) -> Reach:
    return Reach(regions=tuple(region.id for region in directory.regions if region.parent is None))


def _forbidden(message: str) -> Forbidden:
    reason = Blocker("not_yours_to_change", message)
    return Forbidden("您不能这样修改组织机构", reasons=[reason], hint="请管理员或该区划的联络员办理")
