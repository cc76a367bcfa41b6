"""Lists as offices send them: files as sheets, sheets as tables, cells as values."""
