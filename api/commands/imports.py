"""`bihuan import`: lists of subjects and histories of other systems; first a dry run, then all good rows or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.importing.history import HistoryOptions
from adapters.importing.mapping import read_mapping
from adapters.importing.records import Batch
from adapters.importing.sending_back import error_workbook
from adapters.importing.verdicts import DryRun, ListOptions, RowResult, Verdict
from api.commands.opening import OPERATOR, container, everything, operator
from api.commands.output import AsJson, answer, columns, row, table, working_on
from api.commands.timeline import moment
from engine.canonical import instant
from engine.errors import InvalidData

app = typer.Typer(
    no_args_is_help=True, help="Lists and histories from files, each with a dry run and a way back."
)

SHOWN = 50  # rows with something to say

TheFile = Annotated[Path, typer.Argument(help="An .xlsx or .csv file.", exists=True, dir_okay=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Import the good rows; without it nothing is written.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen (as without --yes).")]
InRegion = Annotated[str, typer.Option(help="The region whose list it is: rows outside of it are errors.")]
SheetName = Annotated[str, typer.Option(help="The sheet, where several hold a list.")]


@app.command("list")
def import_list(
    file: TheFile,
    *,
    dry_run: Dry = False,
    yes: Yes = False,
    region: InRegion = "",
    sheet: SheetName = "",
    year: Annotated[
        int | None, typer.Option(help="The year of columns that name none.", min=1990, max=2100)
    ] = None,
    unit: Annotated[str, typer.Option(help="The unit of money where the list names none: 万元.")] = "",
    source: Annotated[str, typer.Option(help="Who says so, as it will stand beside each figure.")] = "",
    vintage: Annotated[str, typer.Option(help="The day as of which the list speaks: 2026-03-01.")] = "",
    verified: Annotated[bool, typer.Option("--verified", help="The figures have been verified.")] = False,
    trust_figures: Annotated[
        bool, typer.Option("--trust-figures", help="The units were looked at: figures that jump are right.")
    ] = False,
    confirm_codes: Annotated[
        bool,
        typer.Option("--confirm-codes", help="The codes of which one check digit is wrong were looked at."),
    ] = False,
    without_county: Annotated[
        bool,
        typer.Option("--without-county", help="The list has no county: new enterprises stand in the city."),
    ] = False,
    errors: Annotated[
        Path | None, typer.Option(help="Write the rows to put right into this workbook.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """A list of subjects with their figures: a verdict for each row, then one transaction that can be undone."""
    with container() as made:
        options = ListOptions(
            scope=(region,) if region else everything(made).regions,
            sheet=sheet,
            year=year,
            unit=unit,
            region=region,
            source=source,
            vintage=_day(vintage),
            verified=verified,
            trust_figures=trust_figures,
            confirm_codes=confirm_codes,
            without_county=without_county,
        )
        dry = _dry_run(made, file, options)
        if errors:
            errors.write_bytes(error_workbook(dry))
        batch = None
        if yes and not dry_run:
            batch = made.imports.commit(dry, by=operator().id, now=made.now())
    data = {
        **dry.summary(),
        "batch": batch.id if batch else "",
        "already": dry.already,
        "results": [result.as_data() for result in dry.results if result.reasons],
    }
    answer(data, as_json, lambda console: _show_list(console, data, dry))


@app.command("history")
def import_history(
    file: TheFile,
    *,
    region: Annotated[str, typer.Option(help="The region of the office; rows may name places below it.")],
    workflow: Annotated[str, typer.Option(help="The workflow that takes them over.")] = "issue",
    mapping: Annotated[
        Path | None, typer.Option(help="Columns as YAML, as adapters/importing/hotline.yaml.")
    ] = None,
    dry_run: Dry = False,
    yes: Yes = False,
    sheet: SheetName = "",
    errors: Annotated[
        Path | None,
        typer.Option(help="Write the rows to put right into this workbook, without personal columns."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Work orders of another system: each becomes a case where it stood, found again by its original number."""
    if mapping:
        read_mapping(
            mapping.read_bytes(), mapping.name
        )  # so that what is wrong with it is said under its name
    with container() as made:
        options = HistoryOptions(
            region=region,
            reach=everything(made).regions,
            workflow=workflow,
            mapping=mapping.read_text(encoding="utf-8") if mapping else "",
            sheet=sheet,
        )
        run = made.histories.dry_run(file.read_bytes(), file.name, options, actor=OPERATOR, watch=working_on)
        if errors:
            errors.write_bytes(error_workbook(run))
        is_real = yes and not dry_run
        if is_real:
            run = made.histories.commit(run, by=operator().id, watch=working_on)
    data = {
        **run.summary(),
        "batch": run.batch,
        "imported": is_real,
        "cases": dict(run.cases),
        "results": [result.as_data() for result in run.results if result.reasons],
    }
    answer(data, as_json, lambda console: _show_history(console, data, run.results))


@app.command()
def undo(
    batch: Annotated[str, typer.Argument(help="The number of the batch, from `bihuan import batches`.")],
    as_json: AsJson = False,
) -> None:
    """Withdraw what a batch brought: figures count no longer, names and counties are as before."""
    with container() as made:
        undone, subjects = made.imports.undo(batch, now=made.now())
    data = {"batch": undone.id, "subjects": subjects}
    answer(data, as_json, lambda console: console.print(f"batch {undone.id} undone: {subjects} subjects"))


@app.command()
def batches(as_json: AsJson = False) -> None:
    """What was imported, the newest first."""
    with container() as made:
        found = made.imports.batches(everything(made).regions)
        calendar = made.calendars.current(made.settings.calendar)
    data = [_batch(batch) for batch in found]
    shown = [{**each, "at": moment(batch.at, calendar)} for each, batch in zip(data, found, strict=True)]
    answer(data, as_json, lambda console: _show_batches(console, shown))


def _dry_run(made: Container, file: Path, options: ListOptions) -> DryRun:
    now = made.now()
    programme = made.programmes.current(now).programme
    return made.imports.dry_run(
        file.read_bytes(),
        file.name,
        subject=programme.subject,
        facts=programme.facts,
        options=options,
        now=now,
        watch=working_on,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidData(f"--vintage {text} 不是日期", hint="写作 2026-03-01") from error


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "batch": batch.id,
        "kind": batch.kind,
        "file": batch.file,
        "digest": batch.digest,
        "by": batch.by,
        "at": instant(batch.at),
        "counts": dict(batch.summary["counts"]),
        "committed_at": instant(batch.committed_at) if batch.committed_at else "",
        "undone_at": instant(batch.undone_at) if batch.undone_at else "",
    }


def _counts(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{verdict.zh} {counts.get(verdict, 0)}" for verdict in Verdict)


def _show_list(console: Console, data: Mapping[str, Any], dry: DryRun) -> None:
    top, bottom = data["heading_rows"]
    console.print(
        f"{dry.file}：工作表“{data['sheet']}”，表头第 {top}–{bottom} 行，{data['rows']} 行，数据日期 {data['vintage']}"
    )
    known = [(c["column"], f"{c['title']} {c['year'] or ''} {c['unit']}".strip()) for c in data["columns"]]
    console.print(columns(known))
    if data["unknown_columns"]:
        console.print("不认得的列（不导入）：" + "、".join(data["unknown_columns"]))
    _show_rows(console, dry.results)
    console.print(_counts(data["counts"]))
    if data["already"]:
        console.print(f"这个文件已作为批次 {data['already']} 导入过，没有变化")
    elif data["batch"]:
        console.print(f"已导入，批次 {data['batch']}；撤销：bihuan import undo {data['batch']}")
    else:
        console.print("只是试导，没有写入；加 --yes 导入其中无误的行")
    if data["counts"]["to_confirm"]:
        console.print("待确认的没有导入：对照营业执照核对代码，无误的加 --confirm-codes 再导一次")


def _show_history(console: Console, data: Mapping[str, Any], results: Sequence[RowResult]) -> None:
    if data["unknown_columns"]:
        console.print("没有用到的列（留在原始记录中）：" + "、".join(data["unknown_columns"]))
    _show_rows(console, results)
    console.print(_counts(data["counts"]))
    if data["batch"]:
        console.print(f"已导入，批次 {data['batch']}；历史事项不能撤销")
    elif data["counts"]["new"]:
        console.print("只是试导，没有写入；加 --yes 导入其中无误的行")
    else:
        console.print("没有可以导入的新事项")


def _show_rows(console: Console, results: Sequence[RowResult]) -> None:
    told = [result for result in results if result.reasons]
    if not told:
        return
    shown = table("行", "结论", "单元格", "原因")
    for result in told[:SHOWN]:
        for reason in result.reasons:
            row(shown, result.row, result.verdict.zh, reason.cell, reason.message)
    console.print(shown)
    if len(told) > SHOWN:
        console.print(f"…… 还有 {len(told) - SHOWN} 行；全部见 --json 或 --errors 表.xlsx")


def _show_batches(console: Console, data: Sequence[Mapping[str, Any]]) -> None:
    shown = table("批次", "文件", "何人", "何时", "各行结论", "")
    for batch in data:
        state = "已撤销" if batch["undone_at"] else "" if batch["committed_at"] else "只是试导"
        row(shown, batch["batch"], batch["file"], batch["by"], batch["at"], _counts(batch["counts"]), state)
    console.print(shown)
