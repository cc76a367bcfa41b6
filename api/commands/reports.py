"""`bihuan report`: a report as a file or as JSON, as the operator at the machine sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.reports.kinds import KINDS
from adapters.reports.service import Asked
from api.commands.opening import container, everything, operator
from api.commands.output import AsJson, answer, row, table

Kind = Annotated[str, typer.Argument(help="Which report; `list` names them all.")]
Option = typer.Option


def report(
    kind: Kind,
    *,
    period: Annotated[
        str, Option(help="2026, 2026-H1, 2026-Q1, 2026-03 or 2026-03-05; the present one.")
    ] = "",
    region: Annotated[str, Option(help="A region's code; the whole organisation.")] = "",
    case: Annotated[str, Option(help="The number of the case that a letter is about.")] = "",
    output: Annotated[
        Path | None, Option("-o", "--output", help="Write here; a name of its own in this folder.")
    ] = None,
    reason: Annotated[str, Option(help="What it is for; stands on every page and is kept.")] = "",
    form: Annotated[str, Option(help="xlsx or docx; the report's usual one.")] = "",
    from_snapshot: Annotated[
        str, Option(help="Compute the score sheet from the frozen figures of this digest.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write a report, with a reason; or with --json print its value. `bihuan report list` names all kinds."""
    if kind == "list":
        _list(as_json)
        return
    asked = Asked(kind=kind, period=period, region=region, case=case, snapshot=from_snapshot)
    with container() as made:
        reach, now = everything(made), made.now()
        if as_json and output is None:
            value = made.reports.look(asked, actor=operator(), reach=reach, now=now, reason=reason)
            answer({**value.as_data(), "digest": value.digest}, as_json, lambda console: None)
            return
        form = form or (output.suffix.removeprefix(".") if output else "")
        exported = made.reports.export(
            asked, actor=operator(), reach=reach, now=now, reason=reason, form=form
        )
    path = output or Path(exported.name)
    path.write_bytes(exported.content)
    told = {"file": str(path), "title": exported.report.title, "digest": exported.report.digest}
    told |= {"export": exported.entry, **_snapshot(exported.report.conditions)}
    answer(told, as_json, lambda console: console.print("\n".join(f"{k}: {v}" for k, v in told.items())))


def _snapshot(conditions: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The digest from which a score sheet can be computed again."""
    found = dict(conditions).get("快照")
    return {"snapshot": found} if found else {}


def _list(as_json: bool) -> None:
    shown = table("report", "title", "about", "forms", "note")
    for kind in KINDS.values():
        row(shown, kind.id, kind.title, kind.about, "、".join(kind.forms), kind.note)
    told = ("id", "title", "about", "forms", "note")
    kinds = [{name: getattr(kind, name) for name in told} for kind in KINDS.values()]
    answer({"reports": kinds}, as_json, lambda console: console.print(shown))
