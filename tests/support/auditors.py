"""A second auditor, of one county only: what they must not see is as much a part of every answer as what they may."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from engine.directory import Person, PersonId, Post, RegionId
from tests.support.office import MORNING, Office

AUDITOR, COUNTY_AUDITOR, LIAISON = "p-34-auditor-1", "p-340104-auditor", "p-340104-liaison-1"
COUNTY, ELSEWHERE = "340104", "340202"


def with_county_auditor(office: Office) -> None:
    directory = office.container.directories.current()
    person = Person(PersonId(COUNTY_AUDITOR), "县审计员（示例）", directory.people[0].unit)
    post = Post(person=person.id, role="auditor", region=RegionId(COUNTY), since=date(2026, 1, 1))
    more = replace(directory, people=(*directory.people, person), posts=(*directory.posts, post))
    office.container.directories.adopt(more, MORNING)
