"""`bihuan demo`: the main stories in a few seconds, as timelines, then replayed and verified."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.text import Text

from api.commands.output import AsJson, answer, console
from api.commands.replaying import Verified
from api.commands.timeline import show_lines
from api.demo.telling import Told, performance

INTRODUCTION = (
    "Five stories with invented people (示例) on a moved clock, through the real engine and a private database.\n"
    "Each line: when, working time since the opening, who, what, why, which clock. ✗ was refused: it leaves no event."
)


def demo(as_json: AsJson = False) -> None:
    """Tell the main stories on a moved clock, then replay every history and say what was verified."""
    with performance() as play:
        told = []
        if not as_json:
            console().print(INTRODUCTION)
        for story in play.stories():
            told.append(story)
            if not as_json:
                _show(console(), story)
        found = play.verified()
    data = {"stories": [story.as_data() for story in told], "verified": found.as_data()}
    answer(data, as_json, lambda shown: _show_verified(shown, found))
    if not found.is_sound:
        raise typer.Exit(1)


def _show(shown: Console, told: Told) -> None:
    shown.print()
    shown.print(Text(f"({told.letter}) {told.title}", style="bold cyan"))
    for case, lines in told.cases:
        shown.print(f"case {case}", style="bold")
        show_lines(shown, lines)


def _show_verified(shown: Console, found: Verified) -> None:
    shown.print()
    shown.print(
        "Replayed every history: each event decided again from its own recorded inputs, byte for byte."
    )
    found.show(shown)
