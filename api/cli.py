"""The console script `bihuan`: puts the commands together and turns errors into sentences and exit codes."""

from __future__ import annotations

import sys

import typer

from api.commands import (
    audit,
    calendars,
    cases,
    database,
    definitions,
    demo,
    imports,
    indicators,
    operations,
    organisation,
    programme,
    reports,
    running,
    sample,
    subjects,
    tasks,
    tokens,
)
from api.commands.opening import for_operator
from api.commands.output import complain
from engine.errors import BihuanError

app = typer.Typer(
    name="bihuan",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""闭环: an engine that cannot lose an issue.

    Try `bihuan demo`, then `bihuan serve --sample`. Settings come from the environment, as BIHUAN_DATABASE_URL.
    Every command answers in JSON with --json. Exit code 0: well; 1: a check failed; 2: it could not be done.""",
)

RUN, RULES, LOOK, SET = "Run", "Workflows", "Look into it", "Set up"

app.command(rich_help_panel=RUN)(running.serve)
app.command(rich_help_panel=RUN)(running.worker)
app.command(rich_help_panel=RUN)(demo.demo)
app.command(rich_help_panel=RUN)(sample.sample)
app.command(rich_help_panel=RULES)(definitions.check)
app.command(rich_help_panel=RULES)(definitions.graph)
app.command(rich_help_panel=RULES)(definitions.publish)
app.command(rich_help_panel=RULES)(definitions.migrate)
app.add_typer(programme.app, name="programme", rich_help_panel=RULES)
app.command(rich_help_panel=LOOK)(operations.status)
app.command(rich_help_panel=LOOK)(operations.replay)
app.add_typer(audit.app, name="audit", rich_help_panel=LOOK)
app.command(rich_help_panel=LOOK)(reports.report)
app.command(rich_help_panel=LOOK)(indicators.indicators)
app.command(rich_help_panel=LOOK)(indicators.slots)
app.command(rich_help_panel=LOOK)(indicators.ledger)
app.add_typer(cases.app, name="case", rich_help_panel=LOOK)
app.add_typer(tasks.app, name="task", rich_help_panel=LOOK)
app.add_typer(subjects.app, name="subject", rich_help_panel=LOOK)
app.add_typer(imports.app, name="import", rich_help_panel=SET)
app.add_typer(tokens.app, name="token", rich_help_panel=SET)
app.add_typer(calendars.app, name="calendar", rich_help_panel=SET)
app.add_typer(organisation.app, name="org", rich_help_panel=SET)
app.add_typer(database.app, name="db", rich_help_panel=SET)


def main() -> None:
    """Exit codes: 0 well, 1 a check failed, 2 refused or misused, with a sentence on stderr and no traceback."""
    try:
        app()
    except (BihuanError, OSError) as error:
        complain(for_operator(error))
        sys.exit(2)
