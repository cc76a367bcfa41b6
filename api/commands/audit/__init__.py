"""`bihuan audit`: what an auditor asks, each question a command."""

from __future__ import annotations

import typer

from api.commands.audit import escalating, questions, replaying, sampling

app = typer.Typer(
    no_args_is_help=True,
    help="Replay, prove and ask “what if”, without trusting this program.",
)

app.command()(replaying.replay)
app.command()(replaying.check)
app.command()(questions.asof)
app.command()(questions.why)
app.command()(questions.late)
app.command()(questions.conduct)
app.command()(sampling.sample)
app.command()(escalating.escalations)
