"""`bihuan audit`: what an auditor asks, each question a command."""

from __future__ import annotations

import typer

from api.commands.audit import (
    bundles,
    escalating,
    formats,
    log,
    questions,
    reads,
    replaying,
    sampling,
    whatif,
    witness,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Replay, prove and ask “what if”, without trusting this program.",
)

app.command()(replaying.replay)
app.command()(replaying.check)
app.command()(bundles.export)
app.command()(bundles.verify)
app.command()(questions.asof)
app.command()(questions.why)
app.command()(questions.late)
app.command()(questions.conduct)
app.command()(sampling.sample)
app.command()(escalating.escalations)
app.command()(reads.reads)
app.add_typer(log.key_app, name="key")
app.add_typer(log.checkpoint_app, name="checkpoint")
app.add_typer(log.log_app, name="log")
app.command("proof")(log.proof)
app.add_typer(witness.app, name="witness")
app.command()(whatif.whatif)
app.command()(formats.formats)
