"""The shipped workflows and the programme over them as data: where their files are, and nothing about what they say."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["programme", "shipped"]

_PROGRAMME = "programme.yaml"


def shipped() -> list[tuple[str, bytes]]:
    """(file name, content) of every workflow in this package, by name."""
    found = (f for f in files(__package__).iterdir() if f.name.endswith(".yaml") and f.is_file())
    return sorted((f.name, f.read_bytes()) for f in found if f.name != _PROGRAMME)


def programme() -> tuple[str, bytes]:
    """File name and content of the programme: lists, obligations, indicators and rules over the workflows."""
    return _PROGRAMME, (files(__package__) / _PROGRAMME).read_bytes()
