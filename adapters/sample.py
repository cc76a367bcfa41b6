"""What `serve --sample` and the demo start from: the invented organisation, one invented enterprise, the shipped workflows.

Everything is marked 示例 and has the same ids on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from adapters.organisation import client_person, sample_directory
from adapters.programme.registry import ProgrammeRegistry
from adapters.publishing import publish
from adapters.registry import (
    CalendarRegistry,
    DefinitionRegistry,
    DirectoryRegistry,
    NoDirectory,
    VersionTaken,
)
from engine.directory import PersonId, SubjectId
from engine.errors import BihuanError
from engine.loading import load
from engine.programme.loading import is_programme, load_programme
from workflows import programme, shipped

REGION: Final = "340104"
SUBJECT: Final = SubjectId("sample-1")

# One person of each role, where the walk of the README takes place.
PEOPLE: Final[dict[str, PersonId]] = {
    "client": client_person(SUBJECT).id,
    **{
        role: PersonId(f"p-{REGION}-{role}-1")
        for role in ("liaison", "coordinator", "handler", "caller", "reviewer", "supervisor", "leader")
    },
    "head": PersonId(f"p-{REGION}-science-head-1"),
    "department": PersonId(f"p-{REGION}-tax-department-1"),
    "upper_liaison": PersonId("p-3401-liaison-1"),
    "upper_leader": PersonId("p-3401-leader-1"),
    "top_leader": PersonId("p-34-leader-1"),
    "commissioner": PersonId(f"p-{REGION}-commissioner-1"),
    "team": PersonId("p-3401-team-1"),
    "team_liaison": PersonId("p-3401-team_liaison-1"),
    "assessor": PersonId("p-34-assessor-1"),
    "administrator": PersonId("p-34-administrator-1"),
    "auditor": PersonId("p-34-auditor-1"),
}


class NotASample(BihuanError):
    """Raised when the database holds another organisation or other workflows, which the sample must not replace."""

    code = "not_a_sample"


def load_sample(
    definitions: DefinitionRegistry,
    calendars: CalendarRegistry,
    directories: DirectoryRegistry,
    now: datetime,
    programmes: ProgrammeRegistry | None = None,
    *,
    subjects: Iterable[SubjectId] = (),
) -> None:
    """Adopt the sample organisation, publish the shipped workflows with their calendars and, given a registry, the programme.

    Doing it again changes nothing. Errors: `NotASample`.
    """
    sample = sample_directory([SUBJECT, *subjects])
    try:
        found = directories.current()
    except NoDirectory:
        directories.adopt(sample, now)
    else:
        if not set(sample.posts) <= set(
            found.posts
        ):  # a larger sample, or one that went on living, serves as well
            raise NotASample(
                "数据库里已有别的组织机构，不能用示例覆盖", hint="BIHUAN_DATABASE_URL 指向另一个数据库"
            )
    try:
        for name, data in shipped():
            if not is_programme(data):  # one of your own may stand beside the shipped one, as in the guide
                publish(load(data, name=f"workflows/{name}"), definitions, calendars, now)
        if programmes is not None:
            name, data = programme()
            programmes.publish(load_programme(data, name=f"workflows/{name}"), now)
    except VersionTaken as error:
        raise NotASample(
            f"workflows/{name} 与数据库里已发布的不同：{error.message}",
            hint=f"改过规则的，把 workflows/{name} 的 version 加一再启动；数据库是别的版本的程序留下的，"
            "把 BIHUAN_DATABASE_URL 指向另一个数据库",
        ) from error
