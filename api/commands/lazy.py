"""A command that is named and described before its module is imported: `bihuan --help` and one command stay quick."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from inspect import cleandoc
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

RUN, RULES, LOOK, SET = "Run", "Workflows", "Look into it", "Set up"  # panels of the help
MARKUP: Final = "markdown"


class Lazy(TyperCommand):
    """`target` is `module:attribute`, a function or a Typer; `help` is the first paragraph of its own help.

    The command itself, with its options, takes over as soon as it is called. See tests/unit/test_cli_lazy.py.
    """

    def __init__(self, name: str, target: str, help: str, *, panel: str | None = None) -> None:
        super().__init__(name, help=help, rich_help_panel=panel, rich_markup_mode=MARKUP)
        self._target = target

    def loaded(self) -> TyperCommand | TyperGroup:
        module, _, attribute = self._target.partition(":")
        found, around = getattr(import_module(module), attribute), typer.Typer(rich_markup_mode=MARKUP)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=self.name)
        else:
            around.command(self.name)(found)
        made: TyperCommand | TyperGroup = typer.main.get_group(around).commands[self.name or ""]  # type: ignore[assignment]
        return made

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        return self.loaded().make_context(*arguments, **named)


def group(
    name: str, commands: Sequence[TyperCommand | TyperGroup], help: str, *, panel: str | None = None
) -> TyperGroup:
    """Named without a command it prints its help."""
    return TyperGroup(
        name=name,
        commands=commands,
        help=cleandoc(help),
        no_args_is_help=True,
        rich_help_panel=panel,
        rich_markup_mode=MARKUP,
    )
