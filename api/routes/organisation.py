"""The organisation: who is where, which posts are vacant, the teams, changes, and the handover of whoever leaves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from adapters.organisation.vacancies import Pair, Seat, pairs, participation, seats
from api.auth import Caller
from api.deps import (
    IdempotencyKey,
    TheCaller,
    TheContainer,
    TheServices,
    caller_of,
    command_id,
    parse_json,
    read_json_body,
    shape_of,
)
from api.documents import PROBLEMS, refusals
from api.organisation_schemas import (
    ChangesBody,
    ChangesReceipt,
    DirectoryView,
    HandoverBody,
    HandoverReceipt,
    MemberView,
    PairView,
    PostView,
    SeatView,
    Teams,
    UnitView,
    Vacancies,
)
from api.organising import Handover, adopt, hand_over, require_authority, require_handover
from api.presenting import Presenter, light_view
from api.routes.cases import ThePresenter
from api.schemas import Named
from api.standing import today
from engine.directory import Directory, PersonId, Post, Unit, covers
from engine.errors import Blocker, Forbidden

router = APIRouter(tags=["组织机构"], responses=refusals(400, 401, 403, 404, 422, 503))
_CHANGES: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (409, 412, 413)}
_KEY_SUBJECTS = "key_subjects"

RegionWord = Annotated[str | None, Query(description="区划代码", max_length=100)]
On = Annotated[date | None, Query(description="哪一天的情形，默认今天")]
Body = Annotated[bytes, Depends(read_json_body)]


def colleague_of(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
    """Whoever holds a post in a region or a unit; the contact of a subject is told no names. Errors: `Forbidden`."""
    if caller.reach.regions or caller.reach.units:
        return caller
    reason = Blocker("officials_only", "名录供各级工作人员使用")
    raise Forbidden(
        "您不能查看组织机构", reasons=[reason], hint="须在区划或单位任职；企业联系人请洽县级联络员"
    )


TheColleague = Annotated[Caller, Depends(colleague_of)]


@router.get(
    "/organisation/directory", operation_id="get_directory", summary="名录：单位、人员、职务，各级可见"
)
def get_directory(
    *,
    container: TheContainer,
    _: TheColleague,
    presenter: ThePresenter,
    region: RegionWord = None,
    below: Annotated[bool, Query(description="true：含其下各级")] = False,
    on: On = None,
) -> DirectoryView:
    directory, day = container.directories.current(), on or today(container)
    root = directory.region(region) if region else next(r for r in directory.regions if r.parent is None)
    units = [
        unit for unit in directory.units if unit.region == root.id or (below and covers(root.id, unit.region))
    ]
    book = _Book(directory, presenter, day)
    return DirectoryView(
        digest=directory.digest(),
        on=day,
        region=presenter.region(root.id),
        units=list(book.units(units)),
    )


@router.get("/organisation/vacancies", operation_id="get_vacancies", summary="必配职务：主、副、空缺自何日起")
def get_vacancies(
    *,
    container: TheContainer,
    _: TheColleague,
    presenter: ThePresenter,
    region: RegionWord = None,
    vacant: Annotated[bool, Query(description="true：只列空缺或不止一人的")] = False,
    on: On = None,
) -> Vacancies:
    directory, day = container.directories.current(), on or today(container)
    calendar = container.calendars.current(container.settings.calendar)
    scope = directory.region(region).id if region else ""
    found = [s for s in seats(directory, calendar, day) if not scope or covers(scope, s.region)]
    return Vacancies(
        on=day,
        seats=len(found),
        vacant=sum(seat.is_vacant for seat in found),
        red=sum(seat.light == "red" for seat in found),
        lines=[_seat(presenter, s) for s in found if not vacant or s.light != "green"],
    )


@router.get(
    "/organisation/teams",
    operation_id="get_teams",
    summary="服务团与地市的对口关系、重点企业数、全员参与情况",
)
def get_teams(
    *, container: TheContainer, caller: TheColleague, presenter: ThePresenter, on: On = None
) -> Teams:
    directory, day = container.directories.current(), on or today(container)
    keys = container.subjects.members_by_region(_KEY_SUBJECTS)
    people = participation(directory, day)
    return Teams(
        on=day,
        pairs=[_pair(presenter, caller, pair) for pair in pairs(directory, day, keys)],
        serving=sum(bool(each.cities) for each in people),
        not_serving=[presenter.person(each.person) for each in people if not each.cities],
    )


@router.post(
    "/organisation/changes", operation_id="change_organisation", summary="修改人员、职务、代理，一并生效",
    responses=_CHANGES, openapi_extra=shape_of(ChangesBody),
)  # fmt: skip
def change_organisation(
    container: TheContainer, caller: TheCaller, body: Body, key: IdempotencyKey = None
) -> ChangesReceipt:
    wanted = parse_json(body, ChangesBody)
    operations = [change.operation() for change in wanted.changes]
    command = command_id(caller, key)
    if not container.once.is_known(command):
        require_authority(container, caller, operations)
    asked = wanted.model_dump(mode="json", exclude={"expected"})
    answer = adopt(
        container, command, asked, lambda _: operations, by=caller.person, expected=wanted.expected
    )
    return ChangesReceipt(**answer)


@router.post(
    "/organisation/handover", operation_id="hand_over", summary="离岗交接：职务和名下在办事项转交接任者",
    responses=_CHANGES, openapi_extra=shape_of(HandoverBody),
)  # fmt: skip
def post_handover(
    services: TheServices, container: TheContainer, caller: TheCaller, body: Body, key: IdempotencyKey = None
) -> HandoverReceipt:
    asked = parse_json(body, HandoverBody)
    wanted = Handover(
        person=PersonId(asked.person),
        successor=PersonId(asked.successor),
        first=asked.first,
        roles=tuple(asked.roles),
        reason=asked.reason,
    )
    command = command_id(caller, key)
    if not container.once.is_known(command):
        require_handover(container, caller, wanted)
    answer = hand_over(container, services.writer.submit, command, wanted, by=caller.person)
    return HandoverReceipt(**answer)


@dataclass(frozen=True, slots=True)
class _Book:
    """Names and posts; the contacts of subjects are nobody's colleagues and are left out."""

    directory: Directory
    presenter: Presenter
    on: date

    def units(self, units: Collection[Unit]) -> Iterator[UnitView]:
        people: dict[str, list[MemberView]] = {unit.id: [] for unit in units}
        outsiders = {post.person for post in self.directory.posts if post.subject}
        for person in self.directory.people:
            if person.unit in people and person.id not in outsiders:
                named = self.presenter.person(person.id)
                people[person.unit].append(MemberView(person=named, posts=self.posts(person.id)))
        for unit in units:
            region = self.presenter.region(unit.region)
            yield UnitView(unit=self.presenter.unit(unit.id), region=region, people=people[unit.id])

    def posts(self, person: str) -> list[PostView]:
        return [self.post(post) for post in self.directory.posts_of(person, on=self.on)]

    def post(self, post: Post) -> PostView:
        show = self.presenter
        return PostView(
            role=post.role,
            region=show.region(post.region) if post.region else None,
            unit=show.unit(post.unit) if post.unit else None,
            since=post.since,
            until=post.until,
            stands_in_for=show.person(post.stands_in_for) if post.stands_in_for else None,
        )


def _people(presenter: Presenter, people: Collection[str]) -> list[Named]:
    return [presenter.person(each) for each in people]


def _seat(presenter: Presenter, seat: Seat) -> SeatView:
    return SeatView(
        region=presenter.region(seat.region),
        role=seat.role,
        primary=presenter.person(seat.primary) if seat.primary else None,
        deputies=_people(presenter, seat.deputies),
        others=_people(presenter, seat.others),
        vacant_since=seat.vacant_since,
        ever_filled=seat.ever,
        light=light_view(seat.light),
    )


def _pair(presenter: Presenter, caller: Caller, pair: Pair) -> PairView:
    is_within = any(covers(region, pair.city) for region in caller.reach.regions)
    return PairView(
        city=presenter.region(pair.city),
        units=[presenter.unit(unit) for unit in pair.units],
        liaison=presenter.person(pair.liaison) if pair.liaison else None,
        members=_people(presenter, pair.members),
        since=pair.since,
        key_subjects=pair.key_subjects if is_within else None,
        enough=pair.has_enough_key_subjects if is_within else None,
    )
