"""Commands are described before they are imported, and only the one that is called is imported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.core import TyperGroup

from api.cli import app
from api.commands.lazy import Lazy
from tests.architecture.sources import ROOT

HEAVY = {"adapters.bootstrap", "alembic", "fastapi", "psycopg", "sqlalchemy"}


def lazy(group: TyperGroup) -> Iterator[Lazy]:
    for command in group.commands.values():
        if isinstance(command, Lazy):
            yield command
        elif isinstance(command, TyperGroup):
            yield from lazy(command)


@pytest.mark.parametrize("command", list(lazy(app)), ids=lambda command: command.loaded().name)
def test_a_command_is_described_as_it_describes_itself(command: Lazy) -> None:
    itself = command.loaded()

    assert itself.name == command.name
    assert command.help == (itself.help or "").split("\n\n")[0].replace("\n", " ")


def loaded_by(*arguments: str) -> set[str]:
    """The modules of a process that ran the command."""
    script = "import sys; from api.cli import app; app(standalone_mode=False); print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(ran.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [("--help",), ("audit", "--help"), ("audit", "verify", "--help")])
def test_help_and_the_verifier_load_nothing_that_runs_the_office(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()


def test_help_loads_no_command() -> None:
    commands = {name for name in loaded_by("--help") if name.startswith("api.commands.")}
    own = {"lazy", "output", "refusing", "audit"}
    assert commands == {f"api.commands.{name}" for name in own}


def test_a_command_that_opens_the_database_loads_what_it_needs() -> None:
    assert loaded_by("status", "--help") >= {"adapters.bootstrap", "sqlalchemy"}
