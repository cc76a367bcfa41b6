"""The roles that the shipped workflows know, in the words of officials, and what each is held over."""

from __future__ import annotations

from typing import Final, NamedTuple

from adapters.organisation.sample import CLIENT, OFFICES, TEAM

__all__ = ["ROLES", "Role", "role_words"]


class Role(NamedTuple):
    id: str
    title: str
    over: str


def _roles() -> tuple[Role, ...]:
    jobs = {job.name: job for office in OFFICES for job in office.jobs}
    return (
        *(Role(job.name, job.title, "区划" if job.region_roles else "单位") for job in jobs.values()),
        *(Role(job.name, job.title, "区划（对口的市）") for job in TEAM),
        Role(CLIENT, "企业联系人", "服务对象（统一社会信用代码）"),
    )


ROLES: Final = _roles()
_TITLES: Final = {role.id: role.title for role in ROLES}


def role_words(role: str) -> str:
    """`联络员（liaison）`; a role of an office's own workflows as it is written."""
    return f"{_TITLES[role]}（{role}）" if role in _TITLES else role
