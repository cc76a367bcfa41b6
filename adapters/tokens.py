"""Opaque tokens: what a caller shows to be known as a person. Only the hash of the secret is kept.

A token gives what the person's posts of the day give, or less where it was narrowed; never more.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, insert, select, update

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.tables import TOKEN
from engine.access import Grant
from engine.canonical import encode
from engine.directory import PersonId, covers

__all__ = ["PREFIX", "TokenInfo", "Tokens", "narrow"]

PREFIX: Final = "bh_"
_SECRET_BYTES: Final = 32
_LONGEST: Final = 100  # characters of a secret; anything longer is not one of ours and is not hashed


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """What is known of a token; `narrowed` are the only grants it gives, empty for all of the person's."""

    id: str
    person: PersonId
    title: str
    narrowed: tuple[Grant, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_valid_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


Listed = list[TokenInfo]  # the class below has a method of the name `list`


class Tokens:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, person: str, title: str, now: datetime, days: int, narrowed: Sequence[Grant] = ()
    ) -> tuple[str, str]:
        """Id and secret of a new token that ends after `days` days. The secret is shown here and never again."""
        token, secret = secrets.token_hex(6), PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        values = {
            "id": token,
            "hash": _hash(secret),
            "person": person,
            "title": title,
            "narrowed": encode([asdict(grant) for grant in narrowed]),
            "created_at": rows.micros(now),
            "expires_at": rows.micros(now + timedelta(days=days)),
        }
        with self._database.writing() as connection:
            connection.execute(insert(TOKEN).values(values))
        return token, secret

    def authenticate(self, secret: str, now: datetime) -> TokenInfo | None:
        """The token of this secret, if it is valid now: known, not expired, not revoked."""
        if not secret.startswith(PREFIX) or len(secret) > _LONGEST:
            return None
        with self._database.reading() as connection:
            row = connection.execute(_BY_HASH, {"hash": _hash(secret)}).one_or_none()
        token = _info(row) if row else None
        return token if token and token.is_valid_at(now) else None

    def list(self) -> Listed:
        """Every token ever made, the newest first."""
        with self._database.reading() as connection:
            return [_info(row) for row in connection.execute(_ALL)]

    def revoke(self, token: str, now: datetime) -> bool:
        """False if there is no such token or it was revoked before."""
        which = (TOKEN.c.id == token, TOKEN.c.revoked_at.is_(None))
        with self._database.writing() as connection:
            revoked = connection.execute(update(TOKEN).where(*which).values(revoked_at=rows.micros(now)))
            return revoked.rowcount == 1


# Made once: asked with every request.
_BY_HASH: Final = select(TOKEN).where(TOKEN.c.hash == bindparam("hash"))
_ALL: Final = select(TOKEN).order_by(TOKEN.c.created_at.desc(), TOKEN.c.id)


def narrow(held: Iterable[Grant], narrowed: Sequence[Grant]) -> tuple[Grant, ...]:
    """The part of `held` that `narrowed` leaves; all of it where nothing was narrowed."""
    if not narrowed:
        return tuple(held)
    return tuple(dict.fromkeys(_common(held, narrowed)))


def _common(held: Iterable[Grant], narrowed: Sequence[Grant]) -> Iterator[Grant]:
    for grant in held:
        for limit in narrowed:
            if limit == grant or _contains(grant, limit):
                yield limit
            elif _contains(limit, grant):
                yield grant


def _contains(wide: Grant, small: Grant) -> bool:
    """Whether `small` is the same role in a region under that of `wide`."""
    return wide.role == small.role and bool(small.region) and covers(wide.region or "", small.region or "")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _info(row: Any) -> TokenInfo:
    return TokenInfo(
        id=row.id,
        person=PersonId(row.person),
        title=row.title,
        narrowed=tuple(Grant(**grant) for grant in orjson.loads(row.narrowed)),
        created_at=rows.moment(row.created_at),
        expires_at=rows.moment_or_none(row.expires_at),
        revoked_at=rows.moment_or_none(row.revoked_at),
    )
