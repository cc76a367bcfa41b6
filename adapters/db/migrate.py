"""Bring a database to a revision of the schema, without an ini file. `migrations/versions` says what each revision does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.db.database import Database

_FOLDER: Final = Path(__file__).parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Run what is missing up to `revision`, in one transaction. A database that is there already stays as it is."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str = "base") -> None:
    """Go back to `revision`; `base` drops everything."""
    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str:
    """The revision of a database; empty for one that has never been set up."""
    database = Database(url)
    try:
        with database.reading() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    finally:
        database.close()


def head() -> str:
    """The newest revision that this release knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(url: str, action: Callable[[Config], None]) -> None:
    config, database = _config(), Database(url)
    try:
        with database.writing() as connection:
            config.attributes["connection"] = connection
            action(config)
    finally:
        database.close()
