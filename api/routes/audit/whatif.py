"""What if, over HTTP: other limits over the histories of a region. Reads only, and no more cases than one answer may take."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from adapters.evidence.whatif import Question
from api.auditing import audit_reach, scope_of
from api.deps import TheCaller, TheContainer, parse_json, read_json_body, shape_of
from api.documents import refusals
from api.whatif_presenting import presented
from api.whatif_schemas import WhatIfBody, WhatIfView

__all__ = ["router"]

MOST_CASES: Final = 500  # about five seconds
router = APIRouter(prefix="/audit", tags=["审计"], responses=refusals(400, 401, 403, 404, 413, 422, 503))


@router.post(
    "/whatif",
    operation_id="what_if",
    summary="假如时限不同：用历史重算超期、亮灯和上报；什么也不写",
    openapi_extra=shape_of(WhatIfBody),
)
def what_if(
    container: TheContainer, caller: TheCaller, body: Annotated[bytes, Depends(read_json_body)]
) -> WhatIfView:
    wanted = parse_json(body, WhatIfBody)
    reach = audit_reach(caller, wanted.region)
    scope = scope_of(container, reach, wanted.region, wanted.since, wanted.until)
    question = Question(
        selection=scope.selection(wanted.workflow),
        settings=tuple(wanted.set),
        calendar=container.calendars.current(wanted.calendar) if wanted.calendar else None,
    )
    plan = container.what_if.plan(question, now=container.now(), most=MOST_CASES)
    found = container.what_if.run(plan, keep=wanted.most, processes=1)
    return WhatIfView.model_validate(presented(container, plan, found))
