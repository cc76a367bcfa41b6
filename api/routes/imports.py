"""Imports of lists: a dry run of an uploaded file, the rows to put right, then commit or nothing, and a way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.responses import Response

from adapters.bootstrap import Container
from adapters.files import UnknownFile
from adapters.importing.batches import Batch
from adapters.importing.sending_back import error_workbook
from adapters.importing.verdicts import DryRun, ImportMoved, ListOptions, UnknownBatch
from adapters.sniffing import XLSX
from api.auth import Caller
from api.deps import IdempotencyKey, TheCaller, TheContainer, command_id, parse_json, read_json_body, shape_of
from api.documents import PROBLEMS, refusals
from api.import_schemas import ImportBody, ImportList, ImportStep, ImportView, RowView
from engine.directory import covers
from engine.errors import Blocker, Forbidden

router = APIRouter(tags=["导入"], responses=refusals(400, 401, 403, 404, 422, 503))

Body = Annotated[bytes, Depends(read_json_body)]
ROLES: Final = ("coordinator", "liaison")
SHOWN: Final = 200
_CHANGES: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (409, 413, 415)}
_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"description": "须改正的行", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/imports", operation_id="dry_run_import", summary="试导一个已上传的名单：逐行给出结论，不写入", status_code=201,
    response_model=ImportView, openapi_extra=shape_of(ImportBody), responses=_CHANGES,
)  # fmt: skip
def dry_run_import(
    container: TheContainer, caller: TheCaller, body: Body, key: IdempotencyKey = None
) -> ImportView:
    asked = parse_json(body, ImportBody)
    options = ListOptions(
        scope=_scope(caller, asked.region),
        **asked.model_dump(
            include={"sheet", "year", "unit", "region", "source", "vintage", "verified", "trust_figures"}
        ),
    )
    file = container.files.find(asked.digest)
    if file is None:
        raise UnknownFile("没有这份文件", hint="先用 POST /api/v1/files 上传")
    dry = _dry_run(container, container.files.content(asked.digest), file.name, options)

    def keep(connection: Connection, now: datetime) -> str:
        return container.imports.keep(connection, dry, by=caller.person, now=now)

    return _view(_once(container, caller, key, asked.model_dump(mode="json"), keep), dry)


@router.get("/imports", operation_id="list_imports", summary="导入的各批次，近的在前")
def list_imports(container: TheContainer, caller: TheCaller) -> ImportList:
    found = container.imports.batches(caller.reach.regions)
    return ImportList(imports=[_view(batch) for batch in found])


@router.get("/imports/{batch}", operation_id="get_import", summary="一个批次；尚未导入的重新试导一遍")
def get_import(container: TheContainer, caller: TheCaller, batch: str) -> ImportView:
    found = _within_reach(container, caller, batch)
    return _view(found, None if found.committed_at else _again(container, found))


@router.get(
    "/imports/{batch}/errors", operation_id="get_import_errors", summary="须改正的行，可退回填报单位",
    response_class=Response, responses=_WORKBOOK,
)  # fmt: skip
def get_import_errors(container: TheContainer, caller: TheCaller, batch: str) -> Response:
    found = _within_reach(container, caller, batch)
    headers = {
        "Content-Disposition": f'attachment; filename="import-{found.id}.xlsx"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(error_workbook(_again(container, found)), media_type=XLSX, headers=headers)


@router.post(
    "/imports/{batch}/commit", operation_id="commit_import", summary="导入其中无误的行；重复提交只导入一次",
    openapi_extra=shape_of(ImportStep), responses=_CHANGES,
)  # fmt: skip
def commit_import(
    container: TheContainer, caller: TheCaller, batch: str, body: Body, key: IdempotencyKey = None
) -> ImportView:
    parse_json(body, ImportStep)
    found = _kept(container, caller, batch)
    dry = None if found.committed_at else _again(container, found)
    if dry and not dry.already and dry.counts() != dict(found.summary["counts"]):
        raise ImportMoved("试导之后数据又有变化，各行的结论与当时不同", hint="重新试导，再提交")

    def commit(connection: Connection, now: datetime) -> str:
        unit = container.subjects.unit_on(connection, now)
        done = container.imports.commit_in(unit, dry, by=caller.person, kept=found.id) if dry else ""
        return done or found.id

    return _view(_once(container, caller, key, {"commit": batch}, commit))


@router.post(
    "/imports/{batch}/undo", operation_id="undo_import", summary="撤销一个批次：其数据不再作数",
    openapi_extra=shape_of(ImportStep), responses=_CHANGES,
)  # fmt: skip
def undo_import(
    container: TheContainer, caller: TheCaller, batch: str, body: Body, key: IdempotencyKey = None
) -> ImportView:
    parse_json(body, ImportStep)
    found = _kept(container, caller, batch)

    def undo(connection: Connection, now: datetime) -> str:
        if not found.undone_at:
            container.imports.undo_in(container.subjects.unit_on(connection, now), found.id)
        return found.id

    return _view(_once(container, caller, key, {"undo": batch}, undo))


def _once(
    container: Container,
    caller: Caller,
    key: str | None,
    asked: Any,
    write: Callable[[Connection, datetime], str],
) -> Batch:
    """`write` and its receipt in one transaction; under a known key the batch of the first time."""
    at = container.now()
    done = container.once.do(
        command_id(caller, key), asked, at, lambda connection: {"batch": write(connection, at)}
    )
    return container.imports.batch(done.answer["batch"])


def _scope(caller: Caller, region: str) -> tuple[str, ...]:
    """The regions for which the caller imports. Errors: `Forbidden`."""
    held = _held(caller)
    if not held or (region and not any(covers(mine, region) for mine in held)):
        reason = Blocker("role_missing", "由该区划的联络员、协调处室导入", {"roles": list(ROLES)})
        raise Forbidden("您不能导入这个区划的名单", reasons=[reason], hint="您的角色见 /api/v1/me")
    return (region,) if region else held


def _held(caller: Caller) -> tuple[str, ...]:
    regions = {grant.region for grant in caller.actor.grants if grant.role in ROLES and grant.region}
    return tuple(sorted(regions))


def _within_reach(container: Container, caller: Caller, batch: str) -> Batch:
    """Errors: `UnknownBatch`, also for one that lies outside."""
    found = container.imports.batch(batch) if "\x00" not in batch else None
    if found is None or not found.is_within(caller.reach.regions):
        raise UnknownBatch(f"没有批次 {batch}", hint="核对批次编号，或检查您的职责范围")
    return found


def _kept(container: Container, caller: Caller, batch: str) -> Batch:
    found = _within_reach(container, caller, batch)
    if not found.is_within(_held(caller)):
        _scope(caller, found.scope[0] if found.scope else "")
        raise Forbidden("批次超出您的职责范围", hint="请上一级办理")
    return found


def _again(container: Container, batch: Batch) -> DryRun:
    content = container.files.content(f"sha256:{batch.digest}")
    return _dry_run(container, content, batch.file, ListOptions.from_data(batch.options))


def _dry_run(container: Container, content: bytes, name: str, options: ListOptions) -> DryRun:
    now = container.now()
    programme = container.programmes.current(now).programme
    return container.imports.dry_run(
        content, name, subject=programme.subject, facts=programme.facts, options=options, now=now
    )


def _view(batch: Batch, dry: DryRun | None = None) -> ImportView:
    told = [result for result in dry.results if result.reasons][:SHOWN] if dry else []
    summary = dict(batch.summary)
    return ImportView(
        id=batch.id,
        file=batch.file,
        digest=f"sha256:{batch.digest}",
        by=batch.by,
        at=batch.at,
        committed_at=batch.committed_at,
        undone_at=batch.undone_at,
        counts=summary["counts"],
        summary=summary,
        rows=[RowView.model_validate(result.as_data()) for result in told],
    )
