"""A plainly invented organisation for demonstrations and tests: every role in every region, all marked 示例.

Deterministic: the same ids on every machine, so that samples, walks and tests can name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from adapters.organisation.divisions import Division, Kind, divisions
from engine.directory import Directory, Person, PersonId, Post, RegionId, SubjectId, Unit, UnitId

CLIENT = "client"
SINCE = date(2018, 1, 1)  # the first year of the national calendar data
_CLIENTS = UnitId("u-34-clients")


class Job(NamedTuple):
    """What one person in a unit does; unit roles hold in the unit, region roles in its region."""

    name: str
    title: str
    unit_roles: tuple[str, ...] = ()
    region_roles: tuple[str, ...] = ()
    only: tuple[Kind, ...] = ("province", "city", "county", "zone")


class Office(NamedTuple):
    """A kind of unit: its name in the province and below, and who works there."""

    name: str
    title_in_province: str
    title: str
    jobs: tuple[Job, ...]
    only: tuple[Kind, ...] = ("province", "city", "county", "zone")

    def title_in(self, division: Division) -> str:
        name = self.title_in_province if division.kind == "province" else self.title
        return division.full_title + name


HEAD = Job("head", "单位负责人", unit_roles=("head",))
HANDLER = Job("handler", "承办人", unit_roles=("handler", "department"))
DEPARTMENT = Job("department", "责任部门经办", unit_roles=("department", "handler"))

SCIENCE = (
    Job("liaison", "联络员", region_roles=("liaison",)),
    Job("coordinator", "协调处室", region_roles=("coordinator",)),
    Job("leader", "分管领导", region_roles=("leader",)),
    Job("supervisor", "督办员", region_roles=("supervisor",)),
    Job("reviewer", "审核员", region_roles=("reviewer",)),
    Job("commissioner", "科技特派员", region_roles=("commissioner",), only=("county", "zone")),
    Job("assessor", "考核员", region_roles=("assessor",), only=("province",)),
    Job("administrator", "管理员", region_roles=("administrator",), only=("province",)),
    Job("auditor", "审计员", region_roles=("auditor",), only=("province",)),
    HANDLER,
    HEAD,
)
# A call-back comes from a unit that did not handle the matter (requirements.md §3.1).
CALLBACK = (Job("caller", "回访员", region_roles=("caller",)), HEAD)

_GOVERNMENT: tuple[Kind, ...] = ("province", "city", "county")

OFFICES = (
    Office("science", "科技厅", "科技局", SCIENCE),
    Office("callback", "回访中心", "回访中心", CALLBACK),
    Office("finance", "财政厅", "财政局", (DEPARTMENT, HEAD), only=_GOVERNMENT),
    Office("tax", "税务局", "税务局", (DEPARTMENT, HEAD), only=_GOVERNMENT),
    Office("banking", "金融管理局", "金融管理局", (DEPARTMENT, HEAD), only=_GOVERNMENT),
    Office("industry", "经信厅", "经信局", (DEPARTMENT, HEAD), only=_GOVERNMENT),
    Office("statistics", "统计局", "统计局", (DEPARTMENT, HEAD), only=_GOVERNMENT),
    Office("labour", "人社厅", "人社局", (DEPARTMENT, HEAD), only=_GOVERNMENT),
)


# 四（一）：省科技厅 16 个服务团，一团对一市；团长即省联络员，四（三）。
TEAM = (
    Job("team_liaison", "服务团联络员", region_roles=("team_liaison",)),
    Job("team", "服务团成员", region_roles=("team",)),
)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One job in one unit of one division."""

    division: Division
    office: Office
    job: Job

    @property
    def unit(self) -> UnitId:
        return _unit_id(self.division.region.id, self.office)

    @property
    def person(self) -> PersonId:
        """`p-3401-liaison-1` in the science office, `p-3401-finance-head-1` elsewhere."""
        where = "" if self.job.name in _SINGLE else f"{self.office.name}-"
        return PersonId(f"p-{self.division.region.id}-{where}{self.job.name}-1")

    @property
    def title(self) -> str:
        is_single = self.job.name in _SINGLE
        where = self.division.full_title if is_single else self.office.title_in(self.division)
        return f"示例{self.job.title}·{where}"


# Jobs that exist once in a region need no office in their name.
_SINGLE = {job.name for job in (*SCIENCE, *CALLBACK)} - {HEAD.name}


def sample_directory(subjects: Iterable[SubjectId] = ()) -> Directory:
    """136 regions with their units and people; with a contact for each of `subjects`, if any are given."""
    subjects = tuple(subjects)
    desks = tuple(_desks())
    teams = tuple(_teams())
    clients = Unit(_CLIENTS, "服务对象联系人（示例）", RegionId("34"))
    return Directory(
        regions=tuple(division.region for division in divisions()),
        units=(*_units(), *(team.unit for team in teams), clients),
        people=(
            *(Person(d.person, d.title, d.unit) for d in desks),
            *(person for team in teams for person, _ in team.members),
            *map(client_person, subjects),
        ),
        posts=(
            *(post for desk in desks for post in _posts(desk)),
            *(post for team in teams for _, post in team.members),
            *map(client_post, subjects),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Team:
    """A unit of the province whose people hold their posts in one city."""

    unit: Unit
    members: tuple[tuple[Person, Post], ...]


def _teams() -> Iterator[_Team]:
    cities = [division for division in divisions() if division.kind == "city"]
    for number, city in enumerate(cities, start=1):
        region = city.region.id
        unit = Unit(UnitId(f"u-34-team-{region}"), f"安徽省科技厅第{number}服务团（示例）", RegionId("34"))
        yield _Team(unit, tuple(_member(unit, region, city.full_title, job) for job in TEAM))


def _member(unit: Unit, region: RegionId, city: str, job: Job) -> tuple[Person, Post]:
    person = Person(PersonId(f"p-{region}-{job.name}-1"), f"示例{job.title}·对口{city}", unit.id)
    return person, Post(person=person.id, role=job.name, region=region, since=SINCE)


def client_person(subject: SubjectId) -> Person:
    """The contact of a subject."""
    return Person(PersonId(f"p-client-{subject}"), f"示例企业联系人·{subject}", _CLIENTS)


def client_post(subject: SubjectId) -> Post:
    """The post by which that contact sees and acts in this subject's cases, and no other."""
    return Post(person=client_person(subject).id, role=CLIENT, subject=subject, since=SINCE)


def _offices() -> Iterator[tuple[Division, Office]]:
    return ((d, office) for d in divisions() for office in OFFICES if d.kind in office.only)


def _unit_id(region: RegionId, office: Office) -> UnitId:
    return UnitId(f"u-{region}-{office.name}")


def _units() -> Iterator[Unit]:
    for division, office in _offices():
        region = division.region.id
        yield Unit(_unit_id(region, office), f"{office.title_in(division)}（示例）", region)


def _desks() -> Iterator[_Desk]:
    for division, office in _offices():
        yield from (_Desk(division, office, job) for job in office.jobs if division.kind in job.only)


def _posts(desk: _Desk) -> Iterator[Post]:
    for role in desk.job.unit_roles:
        yield Post(person=desk.person, role=role, unit=desk.unit, since=SINCE)
    for role in desk.job.region_roles:
        yield Post(person=desk.person, role=role, region=desk.division.region.id, since=SINCE)
