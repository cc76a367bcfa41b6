"""The organisation over the wire: what may be changed of it, who is where, which posts are vacant."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapters.organisation.changes import (
    AddPerson,
    AddUnit,
    EndPost,
    GivePost,
    MovePerson,
    Operation,
    StandIn,
)
from api.schemas import LightView, Named, View
from engine.directory import Person, PersonId, Post, RegionId, SubjectId, Unit, UnitId

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Reason = Annotated[str, StringConstraints(min_length=2, max_length=500)]


class _Body(BaseModel):
    """Unknown keys are refused: a misspelt one would otherwise be lost in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AddUnitBody(_Body):
    do: Literal["add_unit"]
    id: Id
    title: Words
    region: Id

    def operation(self) -> Operation:
        return AddUnit(Unit(UnitId(self.id), self.title, RegionId(self.region)))


class AddPersonBody(_Body):
    do: Literal["add_person"]
    id: Id
    title: Words
    unit: Id

    def operation(self) -> Operation:
        return AddPerson(Person(PersonId(self.id), self.title, UnitId(self.unit)))


class MovePersonBody(_Body):
    do: Literal["move_person"]
    person: Id
    unit: Id

    def operation(self) -> Operation:
        return MovePerson(PersonId(self.person), UnitId(self.unit))


class _PostBody(_Body):
    """Exactly one of region, unit and subject."""

    person: Id
    role: Id
    region: Id | None = None
    unit: Id | None = None
    subject: Id | None = None


class GivePostBody(_PostBody):
    do: Literal["give_post"]
    since: date
    until: date | None = None

    def operation(self) -> Operation:
        return GivePost(
            Post(
                person=PersonId(self.person),
                role=self.role,
                since=self.since,
                until=self.until,
                region=RegionId(self.region) if self.region else None,
                unit=UnitId(self.unit) if self.unit else None,
                subject=SubjectId(self.subject) if self.subject else None,
            )
        )


class EndPostBody(_PostBody):
    do: Literal["end_post"]
    last: date = Field(description="任职的最后一天")

    def operation(self) -> Operation:
        return EndPost(
            person=PersonId(self.person),
            role=self.role,
            last=self.last,
            region=RegionId(self.region) if self.region else None,
            unit=UnitId(self.unit) if self.unit else None,
            subject=SubjectId(self.subject) if self.subject else None,
        )


class StandInBody(_Body):
    do: Literal["stand_in"]
    person: Id = Field(description="代理者")
    absent: Id = Field(description="被代理者")
    since: date
    until: date

    def operation(self) -> Operation:
        return StandIn(PersonId(self.person), PersonId(self.absent), self.since, self.until)


AnyChange = Annotated[
    AddUnitBody | AddPersonBody | MovePersonBody | GivePostBody | EndPostBody | StandInBody,
    Field(discriminator="do"),
]


class ChangesBody(_Body):
    """一组修改，一并生效或一并不生效；`expected` 写读取名录时的 digest，名录已变则拒绝。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reason": "新任联络员（示例）",
                    "changes": [
                        {
                            "do": "add_person",
                            "id": "p-340104-new-1",
                            "title": "示例联络员",
                            "unit": "u-340104-science",
                        },
                        {
                            "do": "give_post",
                            "person": "p-340104-new-1",
                            "role": "liaison",
                            "region": "340104",
                            "since": "2026-12-01",
                        },
                    ],
                }
            ]
        }
    )

    changes: list[AnyChange] = Field(min_length=1, max_length=200)
    reason: Reason
    expected: Annotated[str, StringConstraints(max_length=100)] = ""


class HandoverBody(_Body):
    """离岗交接：职务从 `first` 起由接任者担任，名下在办事项一并转交。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "person": "p-340104-liaison-1",
                    "successor": "p-340104-coordinator-1",
                    "first": "2026-12-01",
                    "reason": "岗位调整（示例）",
                }
            ]
        }
    )

    person: Id
    successor: Id
    first: date = Field(description="接任者任职的第一天")
    roles: list[Id] = Field(default_factory=list, max_length=20, description="只交接这些职务；不写即全部")
    reason: Reason


class ChangesReceipt(View):
    digest: str = Field(description="修改后的名录")
    before: str
    by: str
    at: str


class HeldView(View):
    case: str
    lane: str


class RemainingHeld(HeldView):
    code: str
    detail: str


class HandoverReceipt(ChangesReceipt):
    """Which cases went to the successor, and which could not, with the reason."""

    handed: list[HeldView]
    remaining: list[RemainingHeld]


class PostView(View):
    role: str
    region: Named | None
    unit: Named | None
    since: date
    until: date | None
    stands_in_for: Named | None


class MemberView(View):
    person: Named
    posts: list[PostView]


class UnitView(View):
    unit: Named
    region: Named
    people: list[MemberView]


class DirectoryView(View):
    digest: str
    on: date
    region: Named
    units: list[UnitView]


class SeatView(View):
    region: Named
    role: str
    primary: Named | None
    deputies: list[Named]
    others: list[Named] = Field(description="同时任职的其他人；应当只有一人")
    vacant_since: date | None
    ever_filled: bool
    light: LightView


class Vacancies(View):
    on: date
    seats: int
    vacant: int
    red: int
    lines: list[SeatView]


class PairView(View):
    """`key_subjects` None where the caller's reach does not cover the city."""

    city: Named
    units: list[Named]
    liaison: Named | None
    members: list[Named]
    since: date | None
    key_subjects: int | None
    enough: bool | None


class Teams(View):
    on: date
    pairs: list[PairView]
    serving: int = Field(description="省级人员中已编入服务团的人数")
    not_serving: list[Named]


BODIES = (ChangesBody, HandoverBody)
