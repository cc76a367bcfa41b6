"""What the system asked for and was refused: kept as rows while it is so, so that operators need not search a log for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import delete, select, text

from adapters.db.database import Database
from adapters.db.programme_tables import REFUSAL
from adapters.db.rows import micros
from engine.errors import BihuanError

__all__ = ["Kind", "Refusal", "refusal", "settle"]

Kind = Literal["list", "slot", "proposal"]

_KEEP: Final = text("""
    INSERT INTO refusal (command, kind, about, code, reason, at) VALUES (:command, :kind, :about, :code, :reason, :at)
    ON CONFLICT (command) DO UPDATE SET code = :code, reason = :reason, at = :at
""")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`about`: the subject, target or proposal for whose sake the command was given."""

    command: str
    about: str
    code: str
    reason: str


def refusal(command: str, about: str, error: BihuanError) -> Refusal:
    """In words, with the sentence of each field or condition that stands in the way."""
    sentences = "；".join(blocker.message for blocker in error.blockers)
    return Refusal(command, about, error.code, "：".join(filter(None, (error.message, sentences))))


def settle(
    database: Database,
    kind: Kind,
    refused: Iterable[Refusal],
    now: datetime,
    *,
    about: Collection[str] | None = None,
    but: Collection[str] = (),
) -> None:
    """Keep what was refused; forget all else that was refused before, of this kind or of those it is `about`.

    `but`: commands that were not given this time and stay as they are. Nothing is written where nothing changes.
    """
    new = {each.command: each for each in refused}
    with database.reading() as connection:
        before = connection.execute(
            select(REFUSAL.c.command, REFUSAL.c.about).where(REFUSAL.c.kind == kind)
        ).all()
    over = [
        row.command
        for row in before
        if row.command not in new and row.command not in but and (about is None or row.about in about)
    ]
    if not new and not over:
        return
    with database.writing() as connection:
        for command in over:
            connection.execute(delete(REFUSAL).where(REFUSAL.c.command == command))
        if new:
            connection.execute(_KEEP, [_row(kind, each, now) for each in new.values()])


def _row(kind: Kind, each: Refusal, now: datetime) -> dict[str, str | int]:
    return {
        "command": each.command,
        "kind": kind,
        "about": each.about,
        "code": each.code,
        "reason": each.reason,
        "at": micros(now),
    }
