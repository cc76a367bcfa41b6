"""National calendars as files: `cn.json` holds the hours, `cn-2026.json` the notice for one year."""

from adapters.calendars.loading import import_year, load_calendar

__all__ = ["import_year", "load_calendar"]
