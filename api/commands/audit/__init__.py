"""`bihuan audit`: what an auditor asks, each question a command."""

from __future__ import annotations

import typer

from api.commands.audit import formats, questions, reads, sampling, whatif

app = typer.Typer(
    no_args_is_help=True,
    help="Replay, prove and ask “what if”, without trusting this program.",
)
app.command()(questions.asof)
app.command()(questions.why)
app.command()(questions.late)
app.command()(questions.conduct)
app.command()(sampling.sample)
app.command()(reads.reads)
app.command()(whatif.whatif)
app.command()(formats.formats)
