"""`bihuan check`, `graph` and `migrate`: workflow definitions, from a file to running cases; not `publish`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.calendars import load_calendar
from adapters.clock import system_now
from adapters.db.views import Filter
from api.commands.opening import OPERATOR, container, everything
from api.commands.output import AsJson, answer, row, table, working_on
from api.commands.refusing import DefinitionRefused
from engine.administration import why_not_movable
from engine.case import Case, CommandId
from engine.certificate import Certificate, certify, describe
from engine.commands import MoveVersion
from engine.definition import Definition
from engine.diagram import mermaid, svg
from engine.errors import BihuanError, Blocker
from engine.findings import Finding
from engine.findings import Refused as RefusedDefinition
from engine.loading import Source, load
from engine.machine import Program
from engine.programme.certificate import ProgrammeCertificate, certify_programme, describe_programme
from engine.programme.loading import ProgrammeSource, is_programme, load_programme
from engine.runtime import Refused

FilesToCheck = Annotated[list[Path], typer.Argument(help="Workflow files.", show_default=False)]
OneFile = Annotated[Path, typer.Argument(help="A workflow file.", show_default=False)]


_Loaded = Source | ProgrammeSource | tuple[Finding, ...]
_Result = Certificate | ProgrammeCertificate | tuple[Finding, ...]


class UnreadableFile(BihuanError):
    """Raised when a file cannot be read."""

    code, kind = "unreadable_file", "invalid"


def check(files: FilesToCheck, as_json: AsJson = False) -> None:
    """Certify workflows: sound, bounded, answered for; or the finding with its line. Exit code 0 or 1.

    A programme is certified over the workflows among the files, and those beside it.
    """
    loaded = {file: load_file(file) for file in files}
    sources = [source for source in loaded.values() if isinstance(source, Source)]
    results = {
        file: _result(file, source, sources)
        for file, source in working_on("Checking", loaded.items(), len(loaded))
    }
    is_ok = all(not isinstance(result, tuple) and result.ok for result in results.values())
    data = {"ok": is_ok, "files": [_result_data(str(file), result) for file, result in results.items()]}
    answer(data, as_json, lambda console: _show_results(console, results))
    if not is_ok:
        raise typer.Exit(1)


def graph(
    file: OneFile,
    as_svg: Annotated[bool, typer.Option("--svg", help="An SVG picture.")] = False,
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="Mermaid text, the default.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of the terminal.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a workflow: states, steps, and where the clock leads."""
    if as_svg and as_mermaid:
        raise typer.BadParameter("--svg or --mermaid, not both")
    source = _accepted(file)
    text = svg(source.definition) if as_svg else mermaid(source.definition)
    if output:
        output.write_text(text, encoding="utf-8")
    kind = "svg" if as_svg else "mermaid"
    data = {"file": str(file), "kind": kind, **({"output": str(output)} if output else {"text": text})}
    answer(data, as_json, lambda console: console.print(f"{output} written") if output else print(text))


def migrate(
    workflow: Annotated[str, typer.Argument(help="The name of a workflow.")],
    to: Annotated[int, typer.Option("--to", help="The published version to move to.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in every case's history.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which cases can move, and why not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Move open cases to another version: all of them, or none. Clocks are kept. Exit code 1 if one cannot move."""
    if not dry_run and not reason.strip():
        raise typer.BadParameter("say why with --reason, or try --dry-run first")
    with container() as made:
        target = made.definitions.version(workflow, to)
        judged = [
            (case, why_not_movable(case, target))
            for case in _open_cases(made, workflow)
            if case.version != to
        ]
        blocked = [case for case, reasons in judged if reasons]
        moved = 0 if dry_run or blocked else _move(made, [case for case, _ in judged], target, reason)
    data = {
        "workflow": workflow,
        "to": to,
        "moved": moved,
        "cases": [
            {
                "case": case.id,
                "state": case.state,
                "movable": not reasons,
                "reasons": [r.as_data() for r in reasons],
            }
            for case, reasons in judged
        ],
    }
    answer(data, as_json, lambda console: _show_migration(console, judged, moved, dry_run))
    if blocked:
        raise typer.Exit(1)


# Certificates


def _result(file: Path, loaded: _Loaded, sources: Sequence[Source]) -> _Result:
    if isinstance(loaded, Source):
        return certified(loaded, _previous(loaded, sources))
    if isinstance(loaded, ProgrammeSource):
        beside = [
            source for f in sorted(file.parent.glob("*.yaml")) if isinstance(source := load_file(f), Source)
        ]
        return certify_programme(loaded, _newest((*beside, *sources)))
    return loaded


def _newest(sources: Iterable[Source]) -> dict[str, Definition]:
    """The newest version of each workflow."""
    ordered = sorted(sources, key=lambda source: source.definition.version)
    return {source.definition.workflow: source.definition for source in ordered}


def load_file(file: Path) -> _Loaded:
    try:
        data = file.read_bytes()
        return load_programme(data, name=str(file)) if is_programme(data) else load(data, name=str(file))
    except RefusedDefinition as refused:
        return refused.findings
    except OSError as error:
        raise UnreadableFile(f"{file}: {error.strerror}", hint="check the path") from error


def _accepted(file: Path) -> Source:
    source = load_file(file)
    if isinstance(source, Source):
        return source
    if isinstance(source, ProgrammeSource):
        raise NotAWorkflow(f"{file} 是工作方案，不是流程", hint="bihuan programme publish 发布工作方案")
    raise DefinitionRefused(source)


class NotAWorkflow(BihuanError):
    """Raised when a command that works on workflows is given a programme."""

    code, kind = "not_a_workflow", "invalid"


def certified(source: Source, previous: Definition | None) -> Certificate:
    calendar = load_calendar(source.definition.calendar)
    return certify(source, calendar=calendar, today=calendar.local_date(system_now()), previous=previous)


def _previous(source: Source, others: Sequence[Source]) -> Definition | None:
    """The version that this one replaces, if it is among the files."""
    replaces = source.definition.replaces
    found = (o.definition for o in others if o.definition.workflow == source.definition.workflow)
    return next((d for d in found if replaces and d.version == replaces.version), None)


def _result_data(file: str, result: _Result) -> dict[str, Any]:
    if not isinstance(result, tuple):
        return {"file": file, "ok": result.ok, "certificate": result.as_data()}
    return {"file": file, "ok": False, "findings": [finding.as_data() for finding in result]}


def _show_results(console: Console, results: dict[Path, _Result]) -> None:
    for file, result in results.items():
        if isinstance(result, Certificate):
            console.print(describe(result), style=None if result.ok else "red")
        elif isinstance(result, ProgrammeCertificate):
            console.print(describe_programme(result), style=None if result.ok else "red")
        else:
            console.print(f"{file}：不通过，读不进来", style="red")
            for finding in result:
                console.print(f"  ✗ {finding}")


# Migration


def _open_cases(made: Container, workflow: str) -> Iterator[Case]:
    page = made.views.list_cases(everything(made), Filter(workflow=workflow, open=True))
    while True:
        yield from page.cases
        if not page.next:
            return
        page = made.views.list_cases(everything(made), Filter(workflow=workflow, open=True), start=page.next)


def _move(made: Container, cases: Sequence[Case], target: Program, reason: str) -> int:
    """Groups of at most a hundred commit together; a case that changed meanwhile is judged again by the engine."""
    version, writer, moved = target.definition.version, made.writer(), 0
    try:
        futures = [
            writer.submit(
                MoveVersion(
                    id=CommandId(f"migrate/{case.id}/{case.seq}/{version}"),
                    case=case.id,
                    actor=OPERATOR,
                    version=version,
                    reason=reason,
                )
            )
            for case in cases
        ]
        for future in working_on("Moving", futures, len(futures)):
            outcome = future.result()
            if isinstance(outcome, Refused):
                raise outcome.error
            moved += 1
    finally:
        writer.close()
    return moved


def _show_migration(
    console: Console, judged: Sequence[tuple[Case, list[Blocker]]], moved: int, dry_run: bool
) -> None:
    shown = table("case", "state", "from", "can move", "why not")
    for case, reasons in judged:
        why = "；".join(reason.message for reason in reasons)
        row(shown, case.id, case.state, f"v{case.version}", "no" if reasons else "yes", why)
    console.print(shown)
    blocked = sum(1 for _, reasons in judged if reasons)
    words = "nothing was moved (dry run)" if dry_run else f"{moved} moved"
    if blocked and not dry_run:
        words = "nothing was moved: every open case must be able to move"
    console.print(f"{len(judged)} open cases on other versions, {blocked} cannot move; {words}")
