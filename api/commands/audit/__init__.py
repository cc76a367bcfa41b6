"""`bihuan audit`: what an auditor asks, each question a command."""

from __future__ import annotations

import typer

from api.commands.audit import formats, whatif

app = typer.Typer(
    no_args_is_help=True,
    help="Replay, prove and ask “what if”, without trusting this program.",
)
app.command()(formats.formats)
app.command()(whatif.whatif)
