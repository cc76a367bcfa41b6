"""Publishing a workflow: the definition, and with it the calendar that it counts on."""

from __future__ import annotations

from datetime import datetime

from adapters.registry import CalendarRegistry, DefinitionRegistry
from engine.loading import Source


def publish(
    source: Source, definitions: DefinitionRegistry, calendars: CalendarRegistry, now: datetime
) -> None:
    """Publish a definition and keep its calendar: events name the digests of both for ever. Errors: `VersionTaken`."""
    calendars.ensure(source.definition.calendar, now)
    definitions.publish(source, now)
