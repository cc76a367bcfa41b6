"""`bihuan audit formats`: histories and nets as files that other people's tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.bootstrap import Container
from adapters.evidence.formats import Exported, Form
from adapters.evidence.selection import Selection
from api.commands.audit.questions import Region, Since, Until, scope_asked
from api.commands.opening import container, operator
from api.commands.output import AsJson, answer
from api.commands.output import console as made_console

__all__ = ["formats"]

Option = typer.Option


def formats(
    *,
    xes: Annotated[Path | None, Option(help="Write the histories as XES (IEEE 1849) here.")] = None,
    ocel: Annotated[Path | None, Option(help="Write the histories as OCEL 2.0 JSON here.")] = None,
    pnml: Annotated[
        tuple[str, Path] | None,
        Option(
            help="Write the net of a workflow here, of a version as `issue@2`; `all` writes every net into a folder.",
            metavar="WORKFLOW FILE",
        ),
    ] = None,
    since: Since = "",
    until: Until = "",
    region: Region = "",
    workflow: Annotated[str, Option(help="Only cases of this workflow.")] = "",
    purpose: Annotated[str, Option(help="What it is for; it is kept in the journal.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write event logs and nets for process mining. No personal value is in them; each log taken is noted in the journal."""
    if not (xes or ocel or pnml):
        raise typer.BadParameter("say --xes FILE, --ocel FILE or --pnml WORKFLOW FILE")
    if (xes or ocel) and not since:
        raise typer.BadParameter("say --since for a log")
    files: list[dict[str, Any]] = []
    with container() as made:
        if pnml:
            files += _nets(made, *pnml)
        wanted = [(form, file) for form, file in (("xes", xes), ("ocel", ocel)) if file]
        if wanted:
            selection = scope_asked(made, region, since, until).selection(workflow)
            files += [_log(made, cast(Form, form), file, selection, purpose) for form, file in wanted]
    answer({"files": files}, as_json, lambda shown: _show(shown, files))


def _nets(made: Container, words: str, file: Path) -> list[dict[str, Any]]:
    if words != "all":
        return [_net(made, words, file)]
    file.mkdir(parents=True, exist_ok=True)
    made.definitions.refresh()
    workflows = sorted({program.definition.workflow for program in made.definitions.all()})
    return [_net(made, workflow, file / f"{workflow}.pnml") for workflow in workflows]


def _net(made: Container, words: str, file: Path) -> dict[str, Any]:
    workflow, _, version = words.partition("@")
    if version and not version.isdigit():
        raise typer.BadParameter(f"{version} is no version; write WORKFLOW@2")
    file.write_text(
        made.formats.net(workflow, int(version) if version else None, made.now()), encoding="utf-8"
    )
    return {"file": str(file), "form": "pnml", "workflow": words}


def _log(made: Container, form: Form, file: Path, selection: Selection, purpose: str) -> dict[str, Any]:
    bar = made_console(stderr=True)
    with Progress(console=bar, disable=not bar.is_terminal, transient=True) as progress:
        task = progress.add_task(f"Writing {form}", total=selection.count(made.database))
        exported: Exported = made.formats.export(
            form,
            selection,
            file,
            actor=operator(),
            purpose=purpose,
            now=made.now(),
            progress=lambda cases: progress.update(task, completed=cases),
        )
    return {
        "file": str(file),
        "form": form,
        "cases": exported.cases,
        "events": exported.events,
        "digest": exported.digest,
        "journal_entry": exported.entry,
    }


def _show(shown: Console, files: list[dict[str, Any]]) -> None:
    for file in files:
        counted = f": {file['cases']} cases, {file['events']} events" if "cases" in file else ""
        shown.print(f"{file['file']} ({file['form']}){counted}")
        if "digest" in file:
            shown.print(f"  SHA-256 {file['digest']}, journal entry {file['journal_entry']}")
