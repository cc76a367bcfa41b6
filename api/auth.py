"""Who asks: a token names a person of the organisation, and the person's posts of today say what they may do.

Whoever stands in for somebody acts in their own right unless they say for whom (`X-Acting-For`); then both names enter
the event. Reading covers both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from adapters.bootstrap import Container
from adapters.tokens import TokenInfo, narrow
from api.errors import Unauthenticated
from engine.access import Actor, Reach, grants_of, reach
from engine.directory import Directory, Post
from engine.errors import Blocker, Forbidden

__all__ = ["ACTING_FOR", "CHANNEL", "Caller", "authenticated"]

ACTING_FOR: Final = "X-Acting-For"
CHANNEL: Final = "api"


@dataclass(frozen=True, slots=True)
class Caller:
    """`actor` is who acts in this request; `reader` holds everything the person may see; `posts` are today's."""

    person: str
    actor: Actor
    reader: Actor
    posts: tuple[Post, ...]

    @property
    def reach(self) -> Reach:
        return reach(self.reader)

    @property
    def stands_in_for(self) -> list[str]:
        return sorted({post.stands_in_for for post in self.posts if post.stands_in_for})


def authenticated(container: Container, authorization: str | None, acting_for: str | None) -> Caller:
    """The caller behind an `Authorization` header. Errors: `Unauthenticated`, `Forbidden`."""
    now = container.now()
    token = container.tokens.authenticate(_secret(authorization), now)
    if token is None:
        raise _unauthenticated("令牌无效、已过期或已撤销")
    today = container.calendars.current(container.settings.calendar).local_date(now)
    return caller_of(container.directories.current(), token, acting_for, today)


def caller_of(directory: Directory, token: TokenInfo, acting_for: str | None, today: date) -> Caller:
    acting_for = acting_for or None  # an empty header names nobody
    posts = directory.posts_of(token.person, on=today)
    acting = [post for post in posts if post.stands_in_for == acting_for]
    if acting_for and not acting:
        reason = Blocker("no_stand_in", "您今天不代理此人", {"person": acting_for})
        raise Forbidden("您今天不代理此人", reasons=[reason], hint="核对代理的起止日期")
    return Caller(
        person=token.person,
        actor=_actor(token, acting, acting_for),
        reader=_actor(token, posts, None),
        posts=posts,
    )


def _actor(token: TokenInfo, posts: Iterable[Post], stands_in_for: str | None) -> Actor:
    grants = narrow(grants_of(posts), token.narrowed)
    return Actor(id=token.person, grants=grants, stands_in_for=stands_in_for, channel=CHANNEL)


def _secret(authorization: str | None) -> str:
    scheme, _, secret = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise _unauthenticated("请求没有带令牌")
    return secret.strip()


def _unauthenticated(message: str) -> Unauthenticated:
    return Unauthenticated(
        message, hint="请求头写 Authorization: Bearer bh_…；令牌由 bihuan token create 生成"
    )
