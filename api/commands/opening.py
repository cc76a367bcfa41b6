"""Open what a command works on: the settings, and the wired container over a database that is ready."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import make_url

from adapters.bootstrap import Container, build
from adapters.db import migrate
from adapters.settings import Settings
from engine.access import Actor, Reach
from engine.errors import BihuanError

_SQLITE = b"SQLite format 3\x00"  # how its files begin
OPERATOR = Actor(
    id="operator", kind="system", channel="cli"
)  # in events, which are the same whoever repeats them


def login() -> str:
    """Who sits at the machine: whoever logged in at the terminal, even under sudo; without one, whose process it is.

    Not from the environment, which anybody may set.
    """
    try:
        return os.getlogin()
    except OSError:
        return pwd.getpwuid(os.getuid()).pw_name


def operator() -> Actor:
    """For what is kept with the name of who did it: exports, imports, handovers."""
    return replace(OPERATOR, id=f"{OPERATOR.id}/{login()}")


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
def container(
    settings: Settings | None = None, *, upgrade: bool = False, read_only: bool = False
) -> Iterator[Container]:
    """Everything that runs, closed at the end. Without `upgrade` the database must be ready. Errors: `DatabaseNotReady`.

    `read_only`: whatever the command does, the database refuses to be written to.
    """
    settings = settings or read_settings()
    if upgrade:
        make_folder(settings.database_url)
    else:
        require_ready(settings.database_url)
    made = build(settings, upgrade=upgrade, read_only=read_only)
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
        _refuse_another_file(file)


def require_ready(url: str) -> None:
    """Errors: `DatabaseNotReady`. A file that is not there is not made either."""
    file = sqlite_file(url)
    if file and not file.exists():
        raise DatabaseNotReady(
            f"there is no database {file}", hint="`bihuan serve --sample` or `bihuan db upgrade` makes it"
        )
    if file:
        _refuse_another_file(file)
    found, wanted = migrate.current(url), migrate.head()
    if found != wanted:
        raise DatabaseNotReady(
            f"the database has schema {found or 'none'}, this release needs {wanted}",
            hint="run `bihuan db upgrade`",
        )


def _refuse_another_file(file: Path) -> None:
    """Errors: `DatabaseNotReady` for a file that SQLite did not make."""
    if not file.exists():
        return
    with file.open("rb") as opened:
        if opened.read(len(_SQLITE)) not in (b"", _SQLITE):
            raise DatabaseNotReady(f"{file} is not a database", hint="BIHUAN_DATABASE_URL names another file")


def everything(made: Container) -> Reach:
    """The operator at the machine reads every region."""
    regions: Sequence[str] = [r.id for r in made.directories.current().regions if r.parent is None]
    return Reach(regions=tuple(regions))
