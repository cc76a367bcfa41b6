"""Who looked at a case, and the erasing of its personal values, which is itself told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.audit_schemas import ErasureBody, ErasureView, ReadList
from api.auditing import audit_reach
from api.auth import Caller
from api.commanding import readable_case
from api.deps import TheCaller, TheContainer, parse_json, read_json_body, shape_of
from api.documents import refusals
from api.reading import read_list
from api.routes.audit.questions import audited_case
from api.routes.cases import ThePresenter
from engine.case import Case, CaseId
from engine.directory import covers
from engine.errors import Blocker, Forbidden

router = APIRouter(
    prefix="/audit/cases/{case}", tags=["审计"], responses=refusals(400, 401, 403, 404, 413, 422, 503)
)


@router.get("/reads", operation_id="list_reads", summary="谁看过这件事项：个人信息、报表、证据包、抽样、清除")
def list_reads(container: TheContainer, caller: TheCaller, presenter: ThePresenter, case: str) -> ReadList:
    found = audited_case(container, caller, case)
    return read_list(container, presenter, found, audit_reach(caller))


@router.post(
    "/erasures",
    operation_id="erase_personal_values",
    summary="管理员永久清除个人信息，须写理由；记录的校验码不变，核对照常通过。重复提交清除 0 项",
    openapi_extra=shape_of(ErasureBody),
)
def erase_personal_values(
    container: TheContainer,
    caller: TheCaller,
    case: str,
    body: Annotated[bytes, Depends(read_json_body)],
) -> ErasureView:
    found = readable_case(container, caller, CaseId(case))
    _require_administrator(caller, found)
    reason = parse_json(body, ErasureBody).reason
    erased = container.personal.erase(found.id, reason=reason, actor=caller.actor, at=container.now())
    return ErasureView(case=found.id, erased=erased)


def _require_administrator(caller: Caller, case: Case) -> None:
    """Errors: `Forbidden`."""
    own = [g.region for g in caller.actor.grants if g.role == "administrator" and g.region]
    if not any(covers(region, case.region) for region in own):
        reason = Blocker("role_missing", "只有本区划或上级的管理员可以清除", {"role": "administrator"})
        raise Forbidden("不能清除个人信息", reasons=[reason], hint="请管理员办理")
