"""The console script `bihuan`: puts the commands together and turns errors into sentences and exit codes.

No module of a command is imported here: each is when its command is called.
"""

from __future__ import annotations

import sys

from api.commands.audit import app as audit
from api.commands.lazy import LOOK, RULES, RUN, SET, Lazy, group
from api.commands.output import complain
from api.commands.refusing import for_operator
from engine.errors import BihuanError
from engine.findings import Refused

app = group(
    "bihuan",
    [
        Lazy(
            "serve",
            "api.commands.running:serve",
            "Run the API and the workers in one process; with a Redis and a PostgreSQL address, as many processes as wanted.",
            panel=RUN,
        ),
        Lazy(
            "worker",
            "api.commands.running:worker",
            "Run the queue's workers and a sweeper, without HTTP.",
            panel=RUN,
        ),
        Lazy(
            "demo",
            "api.commands.demo:demo",
            "Tell the main stories on a moved clock, then replay every history and say what was verified.",
            panel=RUN,
        ),
        Lazy(
            "sample",
            "api.commands.sample:sample",
            "Fill an empty database with an invented province (示例): enterprises, lists, visits, issues, and their clocks.",
            panel=RUN,
        ),
        Lazy(
            "check",
            "api.commands.definitions:check",
            "Certify workflows: sound, bounded, answered for; or the finding with its line. Exit code 0 or 1.",
            panel=RULES,
        ),
        Lazy(
            "graph",
            "api.commands.definitions:graph",
            "Draw a workflow: states, steps, and where the clock leads.",
            panel=RULES,
        ),
        Lazy(
            "publish",
            "api.commands.publishing:publish",
            "Certify workflows and publish them, the programme last. A published version never changes. "
            "Exit code 1 if one has errors.",
            panel=RULES,
        ),
        Lazy(
            "migrate",
            "api.commands.definitions:migrate",
            "Move open cases to another version: all of them, or none. Clocks are kept. Exit code 1 if one cannot move.",
            panel=RULES,
        ),
        Lazy(
            "status",
            "api.commands.operations:status",
            "What is owed now, and how late clocks have fired. Exit code 1 if something due has not been fired.",
            panel=LOOK,
        ),
        Lazy(
            "report",
            "api.commands.reports:report",
            "Write a report, with a reason; or with --json print its value. `bihuan report list` names all kinds.",
            panel=LOOK,
        ),
        Lazy(
            "indicators",
            "api.commands.indicators:indicators",
            "Show the indicators of a period, each with what it is computed from, as a whole and by region.",
            panel=LOOK,
        ),
        Lazy(
            "slots",
            "api.commands.indicators:slots",
            "Show the slots of a period: done in time, made up, missed, or still open.",
            panel=LOOK,
        ),
        Lazy(
            "ledger",
            "api.commands.indicators:ledger",
            "Show who came on a list and who left it in a period, and how.",
            panel=LOOK,
        ),
        Lazy(
            "programme",
            "api.commands.programme:app",
            "The programme: lists, rules, and who meets them.",
            panel=RULES,
        ),
        audit,
        Lazy(
            "case",
            "api.commands.cases:app",
            "Cases: which there are; where one is, what happened, why a deadline is when it is.",
            panel=LOOK,
        ),
        Lazy(
            "task",
            "api.commands.tasks:app",
            "Background tasks: list them, and run a dead one again.",
            panel=LOOK,
        ),
        Lazy(
            "subject",
            "api.commands.subjects:app",
            "Subjects: whom cases are about, and what is known of them.",
            panel=LOOK,
        ),
        Lazy(
            "import",
            "api.commands.imports:app",
            "Lists and histories from files, each with a dry run and a way back.",
            panel=SET,
        ),
        Lazy(
            "token",
            "api.commands.tokens:app",
            "Access tokens. The secret is shown once, when it is made.",
            panel=SET,
        ),
        Lazy(
            "calendar",
            "api.commands.calendars:app",
            "Working days: what a year says, and importing a new one.",
            panel=SET,
        ),
        Lazy(
            "org",
            "api.commands.organisation:app",
            "The organisation: vacancies, a file of your own, handover.",
            panel=SET,
        ),
        Lazy("db", "api.commands.database:app", "The schema of the database.", panel=SET),
    ],
    """闭环: an engine that cannot lose an issue.

    Try `bihuan demo`, then `bihuan serve --sample`. Settings come from the environment, as BIHUAN_DATABASE_URL.
    Every command answers in JSON with --json. Exit code 0: well; 1: a check failed; 2: it could not be done.""",
)


def main() -> None:
    """Exit codes: 0 well, 1 a check failed, 2 refused or misused, with a sentence on stderr and no traceback."""
    try:
        app()
    except (BihuanError, OSError, Refused) as error:
        complain(for_operator(error))
        sys.exit(2)
