"""Open what a command works on: the settings, and the wired container over a database that is ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import make_url

from adapters.bootstrap import Container, build
from adapters.db import migrate
from adapters.settings import Settings
from engine.access import Actor, Reach
from engine.errors import BihuanError

OPERATOR = Actor(id="operator", kind="system", channel="cli")


class WrongSettings(BihuanError):
    """Raised when a variable of the environment cannot be used; it is named."""

    code, kind = "wrong_settings", "invalid"


class DatabaseNotReady(BihuanError):
    """Raised when the database does not exist or has another schema than this release."""

    code = "database_not_ready"


def read_settings(**given: object) -> Settings:
    """The environment, with what the command line says on top (None says nothing). Errors: `WrongSettings`."""
    said = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate({**Settings().model_dump(), **said})
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"BIHUAN_{str(wrong['loc'][0]).upper()}"
        raise WrongSettings(
            f"{name} cannot be used: {wrong['msg']}", hint=f"set {name} and try again"
        ) from error


@contextmanager
def container(settings: Settings | None = None, *, upgrade: bool = False) -> Iterator[Container]:
    """Everything that runs, closed at the end. Without `upgrade` the database must be ready. Errors: `DatabaseNotReady`."""
    settings = settings or read_settings()
    if upgrade:
        make_folder(settings.database_url)
    else:
        require_ready(settings.database_url)
    made = build(settings, upgrade=upgrade)
    try:
        yield made
    finally:
        made.close()


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database; None for another one."""
    address = make_url(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


def make_folder(url: str) -> None:
    """The folder of an SQLite file, so that the file can be made in it."""
    if file := sqlite_file(url):
        file.parent.mkdir(parents=True, exist_ok=True)


def require_ready(url: str) -> None:
    """Errors: `DatabaseNotReady`. A file that is not there is not made either."""
    file = sqlite_file(url)
    if file and not file.exists():
        raise DatabaseNotReady(
            f"there is no database {file}", hint="`bihuan serve --sample` or `bihuan db upgrade` makes it"
        )
    found, wanted = migrate.current(url), migrate.head()
    if found != wanted:
        raise DatabaseNotReady(
            f"the database has schema {found or 'none'}, this release needs {wanted}",
            hint="run `bihuan db upgrade`",
        )


def everything(made: Container) -> Reach:
    """The operator at the machine reads every region."""
    regions: Sequence[str] = [r.id for r in made.directories.current().regions if r.parent is None]
    return Reach(regions=tuple(regions))
