"""How a command answers: JSON for programs, tables and colours for a terminal, plain lines for a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from engine.errors import BihuanError

PLAIN_WIDTH = 160  # a pipe has no width; rows longer than this wrap

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

_Item = TypeVar("_Item")


def console(*, stderr: bool = False) -> Console:
    """Made anew for each answer, so that it follows where the output goes now."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, emoji=False, markup=False)


def answer(data: Any, as_json: bool, show: Callable[[Console], None]) -> None:
    """Print `data` as JSON, or let `show` print it for people."""
    if as_json:
        print(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
    else:
        show(console())


def table(*columns: str, title: str = "") -> Table:
    """A table with the look that all commands share."""
    made = Table(
        title=title or None, title_justify="left", box=box.SIMPLE_HEAD if sys.stdout.isatty() else None
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def row(made: Table, *cells: object, style: str = "") -> None:
    """Cells as plain text: what comes from data is never markup."""
    made.add_row(
        *(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells), style=style or None
    )


def tell(words: str) -> None:
    """Which part of a long piece of work begins, on stderr, a terminal or not: silence would look like a standstill."""
    console(stderr=True).print(f"{words} …", highlight=False)


def working_on(title: str, items: Iterable[_Item], total: int) -> Iterator[_Item]:
    """The items, with a progress bar on a terminal."""
    bar = console(stderr=True)
    yield from track(items, title, total=total, console=bar, disable=not bar.is_terminal, transient=True)


def complain(error: BihuanError) -> None:
    """Code, sentence, reasons and hint, on stderr."""
    shown = console(stderr=True)
    shown.print(Text.assemble((f"{error.code}: ", "bold red"), error.message))
    for reason in error.blockers:
        shown.print(f"  - {reason.message} ({reason.code})")
    if error.hint:
        shown.print(Text.assemble(("hint: ", "bold"), error.hint))


def columns(rows: Sequence[tuple[str, object]]) -> Table:
    """Names and values, one pair a line."""
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in rows:
        row(made, name, value)
    return made
