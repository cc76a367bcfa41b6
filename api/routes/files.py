"""Evidence: upload a file and get its digest; read it through a case that names it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from adapters.files import StoredFile, UnknownFile, too_large
from adapters.sniffing import ALLOWED
from api.catalogue import FileView
from api.commanding import readable_case
from api.deps import TheCaller, TheContainer, TheHeaders, read_body
from api.documents import refusals
from api.history import named_files
from engine.case import CaseId

router = APIRouter(tags=["材料"], responses=refusals(400, 401, 403, 404, 413, 415, 422, 503))

_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD: Final = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}
_DOWNLOAD: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "文件内容", "content": dict.fromkeys(ALLOWED, _BINARY)}
}


@router.post(
    "/files", operation_id="upload_file", summary="上传材料：请求体就是文件内容", status_code=201,
    response_model=FileView, openapi_extra=_UPLOAD,
)  # fmt: skip
async def upload_file(
    request: Request,
    container: TheContainer,
    headers: TheHeaders,
    name: Annotated[str, Query(description="文件名，例如 佐证.pdf", min_length=1, max_length=300)],
) -> Response:
    await run_in_threadpool(headers.caller, container)  # known before the first byte is taken
    content = await read_body(request, container.files.most, too_large(container.files.most))
    file = await run_in_threadpool(container.files.save, content, name, container.now())
    return Response(_view(file).model_dump_json(), status_code=201, media_type="application/json")


@router.get(
    "/cases/{case}/files/{digest}", operation_id="get_file", summary="取回事项所列的材料",
    response_class=Response, responses=_DOWNLOAD,
)  # fmt: skip
def get_file(container: TheContainer, caller: TheCaller, case: str, digest: str) -> Response:
    found = readable_case(container, caller, CaseId(case))
    file = container.files.find(digest)
    if file is None or digest not in named_files(container, container.views.history(found.id)):
        raise UnknownFile("本事项没有这份材料", hint="摘要见事项的材料字段和留言")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": f'"{digest}"',
    }
    return Response(container.files.content(digest), media_type=file.type, headers=headers)


def _view(file: StoredFile) -> FileView:
    return FileView(digest=file.digest, size=file.size, type=file.type, name=file.name, at=file.at)
