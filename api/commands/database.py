"""`bihuan db`: the schema of the database."""

from __future__ import annotations

import typer

from adapters.db import migrate
from api.commands.opening import make_folder, read_settings, sqlite_file
from api.commands.output import AsJson, answer

app = typer.Typer(no_args_is_help=True, help="The schema of the database.")


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the database to the schema of this release; make it if there is none."""
    url = read_settings().database_url
    make_folder(url)
    before = _revision(url)
    migrate.upgrade(url)
    _tell({"before": before, "revision": migrate.current(url), "head": migrate.head()}, as_json)


@app.command()
def current(as_json: AsJson = False) -> None:
    """Say which schema the database has. Exit code 1 if it is not that of this release."""
    found, head = _revision(read_settings().database_url), migrate.head()
    _tell({"revision": found, "head": head}, as_json)
    if found != head:
        raise typer.Exit(1)


def _revision(url: str) -> str:
    """Empty if it was never set up; a file that is not there is not made."""
    file = sqlite_file(url)
    return "" if file and not file.exists() else migrate.current(url)


def _tell(data: dict[str, str], as_json: bool) -> None:
    is_newest = data["revision"] == data["head"]
    words = "the newest" if is_newest else f"this release needs {data['head']}: run `bihuan db upgrade`"
    answer(data, as_json, lambda console: console.print(f"schema {data['revision'] or 'none'} ({words})"))
