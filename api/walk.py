"""The walk of the README, and the file beside a sample's database from which it takes its tokens."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

__all__ = ["WALK", "env_file", "walk_of"]

WALK: Final = (Path(__file__).parent / "commands" / "walk.sh").read_text("utf-8")
_USUAL: Final = "var/sample.env"


def env_file(url: str) -> Path:
    """Beside the SQLite database, under its name unless that is the usual one; in `var` for another server's."""
    address = make_url(url)
    database = Path(address.database or "")
    if address.get_backend_name() != "sqlite":
        return Path("var") / f"{database.name}.env"
    return database.with_name("sample.env" if database.name == "bihuan.db" else f"{database.name}.env")


def walk_of(url: str) -> str:
    """The walk with the tokens of this database."""
    return WALK.replace(_USUAL, shlex.quote(str(env_file(url))))
