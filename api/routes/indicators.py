"""Figures of the programme: indicators by region, the rows behind each, slots, ledgers of lists, and targets.

Everything is about one region and all under it, which must lie within the caller's reach.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from adapters.bootstrap import Container
from adapters.programme.figures import UnknownIndicator
from api.auth import Caller
from api.deps import IdempotencyKey, TheCaller, TheContainer, command_id, parse_json, read_json_body, shape_of
from api.documents import PROBLEMS, refusals
from api.figuring import (
    FigureRows,
    IndicatorTable,
    LedgerView,
    SlotList,
    TargetBody,
    TargetList,
    TargetView,
    figure_rows,
    indicator_table,
    ledger_view,
    slot_list,
    target_view,
)
from engine.canonical import instant
from engine.directory import covers
from engine.errors import Blocker, Forbidden
from engine.programme.obligations import Colour
from engine.programme.periods import Period, containing, parse_period

router = APIRouter(tags=["指标"], responses=refusals(401, 403, 404, 422, 503))
_CHANGES: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (400, 409, 413)}

ThePeriod = Annotated[
    str,
    Query(description="2026、2026-H1、2026-Q1 或 2026-03；不写则为今年", examples=["2026-03"], max_length=7),
]
TheRegion = Annotated[str, Query(description="区划代码；不写则为您自己的区划", max_length=64)]
TheLevel = Annotated[
    int | None, Query(ge=0, le=9, description="分到第几级区划（最上级为 0）；不写则为下一级")
]
Names = Annotated[list[str] | None, Query(description="只要这几项；不写则为全部")]

# A target is handed down: only from above, or by an administrator (方案四（一）省 3：省下达、市分解).
SETTERS = ("leader", "coordinator")
ADMINISTRATOR = "administrator"


def _period(container: Container, words: str, now: datetime) -> Period:
    """The period of the words; this year where nothing is said. Errors: `PeriodUnreadable`."""
    today = container.calendars.current(container.settings.calendar).local_date(now)
    return parse_period(words) if words else containing("year", today)


@router.get("/indicators", operation_id="get_indicators", summary="各项指标，按区划")
def get_indicators(
    *,
    container: TheContainer,
    caller: TheCaller,
    period: ThePeriod = "",
    region: TheRegion = "",
    level: TheLevel = None,
    indicator: Names = None,
) -> IndicatorTable:
    now = container.now()
    programme = container.programmes.current(now).programme
    table = container.figures.table(
        programme,
        _period(container, period, now),
        now,
        reach=caller.reach,
        region=region,
        level=level,
        names=indicator or (),
    )
    return indicator_table(programme, table, container.directories.current())


@router.get("/indicators/{indicator}/rows", operation_id="get_indicator_rows", summary="一个数背后的各行")
def get_indicator_rows(
    *,
    container: TheContainer,
    caller: TheCaller,
    indicator: str,
    period: ThePeriod = "",
    region: TheRegion = "",
) -> FigureRows:
    now = container.now()
    programme = container.programmes.current(now).programme
    table = container.figures.rows(
        programme, indicator, _period(container, period, now), now, reach=caller.reach, region=region
    )
    return figure_rows(programme, indicator, table, container.directories.current())


@router.get("/slots", operation_id="get_slots", summary="定期事项：该做的、做了的、补做的、没做的")
def get_slots(
    *,
    container: TheContainer,
    caller: TheCaller,
    period: ThePeriod = "",
    region: TheRegion = "",
    obligation: Names = None,
    colour: Annotated[Colour | None, Query(description="绿按期、黄补做、红未做、灰未到期")] = None,
) -> SlotList:
    now = container.now()
    programme = container.programmes.current(now).programme
    wanted = _period(container, period, now)
    found = container.figures.slots(
        programme, wanted, now, reach=caller.reach, region=region, names=obligation or ()
    )
    shown = [each for each in found if colour is None or each.colour == colour]
    return slot_list(programme, wanted, shown, container.directories.current())


@router.get("/ledgers/{name}", operation_id="get_ledger", summary="名单的增减台账：期初、新增、销号、期末")
def get_ledger(
    *,
    container: TheContainer,
    caller: TheCaller,
    name: str,
    period: ThePeriod = "",
    region: TheRegion = "",
    level: TheLevel = None,
) -> LedgerView:
    now = container.now()
    programme = container.programmes.current(now).programme
    table = container.figures.ledger(
        programme, name, _period(container, period, now), now, reach=caller.reach, region=region, level=level
    )
    return ledger_view(programme, name, table, container.directories.current())


@router.get("/targets", operation_id="get_targets", summary="目标值，含历次调整以前的值")
def get_targets(
    *,
    container: TheContainer,
    caller: TheCaller,
    region: TheRegion = "",
    indicator: Annotated[str | None, Query(max_length=48)] = None,
    year: Annotated[int | None, Query(ge=1990, le=2200)] = None,
) -> TargetList:
    here = container.figures.region(caller.reach, region)
    found = container.targets.history(here, indicator=indicator, year=year)
    return TargetList(targets=[target_view(target) for target in found])


@router.put(
    "/targets", operation_id="put_target", summary="下达或调整目标值；原来的值保留",
    responses=_CHANGES, openapi_extra=shape_of(TargetBody),
)  # fmt: skip
def put_target(
    container: TheContainer,
    caller: TheCaller,
    body: Annotated[bytes, Depends(read_json_body)],
    key: IdempotencyKey = None,
) -> TargetView:
    """The same value again changes nothing; under a known key the first answer."""
    wanted, command, now = parse_json(body, TargetBody), command_id(caller, key), container.now()
    if not container.once.is_known(command):
        _require_settable(container, caller, wanted, now)

    def put(connection: Connection) -> dict[str, Any]:
        target = container.targets.put_in(
            connection,
            wanted.indicator,
            wanted.region,
            wanted.year,
            wanted.value,
            by=caller.person,
            at=now,
            note=wanted.note,
        )
        return {**asdict(target), "set_at": instant(target.set_at)}

    return TargetView(**container.once.do(command, wanted.model_dump(), now, put).answer)


def _require_settable(container: Container, caller: Caller, wanted: TargetBody, now: datetime) -> None:
    """Errors: `UnknownIndicator`, `RegionOutOfReach`, `Forbidden`."""
    if wanted.indicator not in container.programmes.current(now).programme.indicators:
        raise UnknownIndicator(f"工作方案里没有 {wanted.indicator}")
    container.figures.region(caller.reach, wanted.region)
    roots = {str(region.id) for region in container.directories.current().regions if not region.parent}
    _require_setter(caller, wanted.region, roots)


def _require_setter(caller: Caller, region: str, roots: set[str]) -> None:
    """Errors: `Forbidden`."""
    for grant in caller.actor.grants:
        scope = grant.region or ""
        from_above = scope != region or region in roots
        if covers(scope, region) and (grant.role == ADMINISTRATOR or (grant.role in SETTERS and from_above)):
            return
    reason = Blocker("role_missing", "目标值由上一级的分管领导或协调处室下达", {"region": region})
    raise Forbidden("不能设定目标值", reasons=[reason], hint="需要调整的，走目标调整申请")
