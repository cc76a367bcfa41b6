"""`bihuan audit`: what an auditor asks, each question a command."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Replay, prove and ask “what if”, without trusting this program.",
)
