"""Samples over HTTP: announce with a commitment, draw with the secret, look and check."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from adapters.evidence.samples import SampleScope
from adapters.evidence.selection import require_few
from api.audit_schemas import DrawBody, SampleBody, SampleList, SampleView
from api.auditing import audit_reach, scope_of
from api.deps import TheCaller, TheContainer, parse_json, read_json_body, shape_of
from api.documents import refusals
from api.sampling import sample_list, sample_scope, sample_view, visible_sample

router = APIRouter(
    prefix="/audit/samples", tags=["审计"], responses=refusals(400, 401, 403, 404, 409, 413, 422, 503)
)

MOST_BY_UNIT: Final = 5000  # cases

Body = Annotated[bytes, Depends(read_json_body)]


@router.post(
    "",
    operation_id="announce_sample",
    summary="宣布一次抽样：先定总体，交暗语的摘要；同一摘要重复提交只宣布一次",
    status_code=201,
    openapi_extra=shape_of(SampleBody),
)
def announce_sample(container: TheContainer, caller: TheCaller, body: Body) -> SampleView:
    wanted = parse_json(body, SampleBody)
    reach = audit_reach(caller, wanted.region)
    scope = scope_of(container, reach, wanted.region, wanted.since, wanted.until)
    asked = sample_scope(scope, wanted.stratify)
    _require_few(asked, container.samples.count(asked))
    found = container.samples.announce(
        asked,
        wanted.count,
        wanted.commitment,
        actor=caller.actor,
        now=container.now(),
    )
    return sample_view(container, found, reach)


@router.post(
    "/{number}/draw",
    operation_id="draw_sample",
    summary="先看到种子，再交出暗语抽取；重复提交得到同一结果",
    openapi_extra=shape_of(DrawBody),
)
def draw_sample(container: TheContainer, caller: TheCaller, number: int, body: Body) -> SampleView:
    reach = audit_reach(caller)
    found = visible_sample(container, reach, number)
    _require_few(found.scope, found.population)
    container.samples.seed(found)  # refused before anything of the body is looked at
    wanted = parse_json(body, DrawBody)
    drawn = container.samples.draw(
        found.number, wanted.secret, seen=wanted.seed, actor=caller.actor, now=container.now()
    )
    return sample_view(container, drawn, reach)


@router.get("", operation_id="list_samples", summary="全部抽样，宣布后没有抽取的也在内")
def list_samples(container: TheContainer, caller: TheCaller) -> SampleList:
    return sample_list(container, audit_reach(caller))


@router.get("/{number}", operation_id="get_sample", summary="一次抽样；check=true 把每一步重做一遍")
def get_sample(container: TheContainer, caller: TheCaller, number: int, check: bool = False) -> SampleView:
    reach = audit_reach(caller)
    found = visible_sample(container, reach, number)
    if check:
        _require_few(found.scope, found.population)
    return sample_view(container, found, reach, check=check)


def _require_few(scope: SampleScope, cases: int) -> None:
    """By unit every history is folded up to the announcement; otherwise none is. Errors: `TooManyCases`."""
    if scope.stratify == "unit":
        require_few(cases, MOST_BY_UNIT, "bihuan audit sample")
