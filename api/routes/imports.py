"""Imports of lists and histories: a dry run of an uploaded file, the rows to put right, commit or nothing, and a way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.responses import Response

from adapters.bootstrap import Container
from adapters.files import UnknownFile
from adapters.importing.history import HistoryOptions, HistoryRun
from adapters.importing.records import HISTORY, Batch
from adapters.importing.sending_back import error_workbook
from adapters.importing.verdicts import DryRun, ImportMoved, ListOptions, UnknownBatch
from adapters.sniffing import XLSX
from api.auth import CHANNEL, Caller
from api.deps import IdempotencyKey, TheCaller, TheContainer, command_id, parse_json, read_json_body, shape_of
from api.documents import PROBLEMS, refusals
from api.import_schemas import ImportBody, ImportList, ImportStep, ImportView, RowView
from engine.access import Actor
from engine.directory import covers
from engine.errors import Blocker, Forbidden, InvalidData

router = APIRouter(tags=["导入"], responses=refusals(400, 401, 403, 404, 422, 503))

Body = Annotated[bytes, Depends(read_json_body)]
Run = DryRun | HistoryRun
ROLES: Final = ("coordinator", "liaison")
HISTORY_IMPORT: Final = "import"  # takes cases over in the name of the person who imports
_CHANGES: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (409, 413, 415)}
_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"description": "须改正的行", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/imports", operation_id="dry_run_import", summary="试导一个已上传的名单或工单表：逐行给出结论，不写入", status_code=201,
    response_model=ImportView, openapi_extra=shape_of(ImportBody), responses=_CHANGES,
)  # fmt: skip
def dry_run_import(
    container: TheContainer, caller: TheCaller, body: Body, key: IdempotencyKey = None
) -> ImportView:
    asked = parse_json(body, ImportBody)
    options = _options(caller, asked)
    file = container.files.find(asked.digest)
    if file is None:
        raise UnknownFile("没有这份文件", hint="先用 POST /api/v1/files 上传")
    dry = _dry_run(container, container.files.content(asked.digest), file.name, options, caller.person)

    def keep(connection: Connection, now: datetime) -> str:
        return container.imports.keep(connection, dry, by=caller.person, now=now)

    return _view(_once(container, caller, key, asked.model_dump(mode="json"), keep))


@router.get("/imports", operation_id="list_imports", summary="导入的各批次，近的在前")
def list_imports(container: TheContainer, caller: TheCaller) -> ImportList:
    found = container.imports.batches(caller.reach.regions)
    return ImportList(imports=[_view(batch).model_copy(update={"rows": []}) for batch in found])


@router.get("/imports/{batch}", operation_id="get_import", summary="一个批次，连同试导时的结论")
def get_import(container: TheContainer, caller: TheCaller, batch: str) -> ImportView:
    """As it was found at the dry run; a commit judges anew and refuses where that has changed."""
    return _view(_within_reach(container, caller, batch))


@router.get(
    "/imports/{batch}/errors", operation_id="get_import_errors", summary="须改正的行，可退回填报单位",
    response_class=Response, responses=_WORKBOOK,
)  # fmt: skip
def get_import_errors(container: TheContainer, caller: TheCaller, batch: str) -> Response:
    """With what the rows say of people, in full: for those who import here."""
    found = _kept(container, caller, batch)
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
    if isinstance(dry, HistoryRun):
        return _commit_history(container, caller, key, found, dry)
    if dry and not dry.already:
        _require_same(dry, found)

    def commit(connection: Connection, now: datetime) -> str:
        unit = container.subjects.unit_on(connection, now)
        done = container.imports.commit_in(unit, dry, by=caller.person, kept=found.id) if dry else ""
        return done or found.id

    return _view(_once(container, caller, key, {"commit": batch}, commit))


def _commit_history(
    container: Container, caller: Caller, key: str | None, found: Batch, run: HistoryRun
) -> ImportView:
    """The key is taken first; then the batch, which is committed once whoever asks. See tests/api/test_import_histories.py."""
    _require_same(run, found)
    _once(container, caller, key, {"commit": found.id}, lambda connection, now: found.id)
    container.histories.commit(run, by=caller.person, kept=found.id)
    return _view(container.imports.batch(found.id))


def _require_same(dry: Run, found: Batch) -> None:
    """Errors: `ImportMoved`."""
    if dry.counts() != dict(found.summary["counts"]):
        raise ImportMoved("试导之后数据又有变化，各行的结论与当时不同", hint="重新试导，再提交")


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


def _options(caller: Caller, asked: ImportBody) -> ListOptions | HistoryOptions:
    """Errors: `Forbidden`, `InvalidData` where it is not clear whose work orders they are."""
    scope = _scope(caller, asked.region)
    if asked.kind == HISTORY:
        if len(scope) > 1:
            raise InvalidData("请写明是哪个区划的工单", hint="填写 region：" + "、".join(scope))
        wanted = asked.model_dump(include={"workflow", "mapping", "sheet"})
        return HistoryOptions(region=scope[0], reach=caller.reach.regions, **wanted)
    listed = {"sheet", "year", "unit", "region", "source", "vintage", "verified", "trust_figures"}
    listed |= {"confirm_codes", "without_county"}
    return ListOptions(scope=scope, **asked.model_dump(include=listed))


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


def _again(container: Container, batch: Batch) -> Run:
    content = container.files.content(f"sha256:{batch.digest}")
    read = HistoryOptions if batch.kind == HISTORY else ListOptions
    return _dry_run(container, content, batch.file, read.from_data(batch.options), batch.by)


def _dry_run(
    container: Container, content: bytes, name: str, options: ListOptions | HistoryOptions, person: str
) -> Run:
    """`person`: who takes over what is imported."""
    now = container.now()
    if isinstance(options, HistoryOptions):
        actor = Actor(id=HISTORY_IMPORT, kind="system", stands_in_for=person, channel=CHANNEL)
        return container.histories.dry_run(content, name, options, actor=actor)
    programme = container.programmes.current(now).programme
    return container.imports.dry_run(
        content, name, subject=programme.subject, facts=programme.facts, options=options, now=now
    )


def _view(batch: Batch) -> ImportView:
    summary = dict(batch.summary)
    return ImportView(
        id=batch.id,
        kind=batch.kind,
        file=batch.file,
        digest=f"sha256:{batch.digest}",
        by=batch.by,
        at=batch.at,
        committed_at=batch.committed_at,
        undone_at=batch.undone_at,
        counts=summary["counts"],
        summary=summary,
        rows=[RowView.model_validate(row) for row in batch.rows],
    )
