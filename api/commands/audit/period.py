"""The cases that an audit command is about, from the options that such commands share."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from adapters.bootstrap import Container
from adapters.evidence.selection import Selection
from api.commands.days import day_of
from api.commands.opening import everything

__all__ = ["Region", "Since", "Until", "selected"]

Since = Annotated[
    str, typer.Option(help="Cases that were still open on this day, or moved since: 2026-01-01.")
]
Until = Annotated[str, typer.Option(help="And were opened on this day or before; today.")]
Region = Annotated[str, typer.Option(help="A region's code and all under it; the whole organisation.")]


def selected(made: Container, *, workflow: str, region: str, since: str, until: str) -> Selection:
    """As the operator sees them. Errors: `BadDay`."""
    own = made.calendars.current(made.settings.calendar)
    last = day_of(until) if until else own.local_date(made.now())
    return Selection(
        reach=everything(made),
        region=region,
        workflow=workflow,
        since=own.start_of(day_of(since)),
        until=own.start_of(last + timedelta(days=1)),
    )
