"""`bihuan audit verify`: evidence from elsewhere. Needs no settings, no database, and none of what runs here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.evidence.levels import verify_all
from adapters.evidence.verify import UNREADABLE, Report, Undecided, keys_from, notes_from, opened, words
from api.commands.output import AsJson, answer

Option = typer.Option


def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle, or the folder it was unpacked into.")],
    *,
    keys: Annotated[Path | None, Option(help="Public keys (vkey) got elsewhere, one a line.")] = None,
    checkpoint: Annotated[list[Path] | None, Option(help="A checkpoint that was kept elsewhere.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a bundle at all four levels. Exit 0: good; 1: tampering or breach; 2: cannot decide."""
    try:
        trusted, outside = keys_from(keys), notes_from(checkpoint or ())
        report = verify_all(opened(bundle), keys=trusted, outside=outside)
    except (Undecided, *UNREADABLE) as error:
        report = Report(undecided=[str(error) or repr(error)])
    answer(report.as_data(), as_json, lambda console: console.print(words(report)))
    sys.exit(report.exit)
