"""`bihuan audit export`: evidence that leaves the building."""

from __future__ import annotations

import os
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from adapters.bootstrap import Container
from adapters.evidence.exporting import Asked
from adapters.evidence.verify import notes_in
from api.commands.days import day_of
from api.commands.opening import container, everything, operator
from api.commands.output import AsJson, answer, working_on
from engine.errors import BihuanError
from engine.notes import parse_checkpoint

Option = typer.Option


class NoScope(BihuanError):
    """Raised when an export does not say what it is to hold."""

    code, kind = "no_scope", "invalid"


def export(
    *,
    case: Annotated[str, Option(help="The number of one case.")] = "",
    region: Annotated[str, Option(help="The cases of a region and of all under it.")] = "",
    since: Annotated[
        str, Option(help="Of the region, cases with anything since this day, e.g. 2026-03-01.")
    ] = "",
    whole: Annotated[
        bool, Option("--whole", help="The whole log: only this shows that no case is missing.")
    ] = False,
    files: Annotated[
        bool, Option("--files", help="With the uploaded files, not their digests alone.")
    ] = False,
    purpose: Annotated[str, Option(help="What it is for; stands in the bundle and in the journal.")] = "",
    checkpoint: Annotated[
        list[Path] | None,
        Option(help="A checkpoint that the auditor kept: the bundle proves that it continues it."),
    ] = None,
    output: Annotated[
        Path | None, Option("-o", "--output", help="Write here; a name of its own in this folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an evidence bundle that anybody can verify with Python alone. The export itself is recorded in the journal."""
    if sum(map(bool, (case, region, whole))) != 1 or (since and not region):
        raise NoScope(
            "导出什么：--case、--region（可加 --since）、--whole 三者选一", hint="例如 --region 340104"
        )
    kept = [note for path in checkpoint or () for note in notes_in(path.read_text("utf-8"))]
    with container() as made:
        asked = Asked(
            case=case,
            region=region,
            since=_midnight(made, since) if since else None,
            whole=whole,
            files=files,
            purpose=purpose,
            against=tuple(parse_checkpoint(note).size for note in kept),
        )
        path = output or Path(f"bihuan-{case or region or 'whole'}.zip")
        told = {"file": str(path), **_written(made, asked, path)}
    answer(told, as_json, lambda console: console.print("\n".join(f"{k}: {v}" for k, v in told.items())))


def _written(made: Container, asked: Asked, path: Path) -> dict[str, Any]:
    """Under its name only when it is whole."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as target:
            exported = made.bundles.export(
                asked,
                target,
                actor=operator(),
                reach=everything(made),
                now=made.now(),
                progress=lambda items, total: working_on("exporting", items, total),
            )
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return exported.as_data()


def _midnight(made: Container, day: str) -> datetime:
    zone = ZoneInfo(made.calendars.current(made.settings.calendar).zone)
    return datetime.combine(day_of(day), time.min, zone).astimezone(UTC)
