"""The shipped workflows as data: where their files are, and nothing about what they say."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["shipped"]


def shipped() -> list[tuple[str, bytes]]:
    """(file name, content) of every workflow in this package, by name."""
    found = (f for f in files(__package__).iterdir() if f.name.endswith(".yaml") and f.is_file())
    return sorted((f.name, f.read_bytes()) for f in found)
