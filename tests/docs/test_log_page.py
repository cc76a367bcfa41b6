"""The page of the log names every entry of the journal, every address and every command that there is."""

from __future__ import annotations

import re

import typer

from api.commands.audit import log, witness
from api.routes.audit import log as routes
from engine.audit.journal import EntryType
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs/reference/log.md").read_text("utf-8")


def test_the_page_names_each_type_of_entry() -> None:
    assert [str(type) for type in EntryType if f"`{type}`" not in PAGE] == []


def test_the_page_names_each_address_and_no_other() -> None:
    told = set(re.findall(r"^\| `(GET|POST) (/[^?`]*)", PAGE, flags=re.MULTILINE))
    known = {
        (method, route.path.replace(":path", "").replace("{place}", "{n}"))
        for router in (routes.open_router, routes.router)
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert told == known


def test_the_commands_on_the_page_exist() -> None:
    groups = {
        "key": log.key_app,
        "checkpoint": log.checkpoint_app,
        "log": log.log_app,
        "witness": witness.app,
    }
    told = set(re.findall(r"bihuan audit (key|checkpoint|log|witness) (\w+)", PAGE))
    assert told
    assert [words for words in told if words[1] not in names(groups[words[0]])] == []


def names(app: typer.Typer) -> set[str]:
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
