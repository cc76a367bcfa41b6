"""Is it alive, is it ready, what does it owe: for those who run it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from adapters.bootstrap import Container
from adapters.db import migrate
from adapters.db.views import Filter, Owed
from api.auth import Caller
from api.catalogue import Check, Readiness, RefusedView, ReplayRunView, Status, SystemStatus
from api.deps import TheCaller, TheContainer
from api.documents import refusals
from engine.calendar import YearStatus
from engine.errors import BihuanError

router = APIRouter(tags=["运行"])
status_router = APIRouter(tags=["运行"], responses=refusals(401, 403, 503))

SILENT_AFTER: Final = timedelta(seconds=60)
HORIZON: Final = timedelta(days=90)
MERGE_DELAY: Final = timedelta(seconds=60)  # the most that the log promises


@router.get("/livez", operation_id="livez", summary="进程活着", response_class=PlainTextResponse)
async def livez() -> str:
    return "ok"


@router.get(
    "/readyz", operation_id="readyz", summary="能不能办事；不能则说明为什么", response_model=Readiness,
    responses={503: {"model": Readiness, "description": "不能办事，见 checks"}},
)  # fmt: skip
def readyz(container: TheContainer) -> Response:
    checks = [_checked(name, check, container) for name, check in _CHECKS.items()]
    checks.append(_replay(container))
    found = Readiness(ready=all(check.ok for check in checks), checks=checks)
    status = 200 if found.ready else 503
    return Response(found.model_dump_json(), status_code=status, media_type="application/json")


@router.get("/metrics", operation_id="metrics", summary="Prometheus 指标", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    content, media_type = request.app.state.http_metrics.exposed()
    return Response(content, media_type=media_type)


@status_router.get("/status", operation_id="get_status", summary="有没有该响而未响的时钟；您范围内的件数")
def get_status(container: TheContainer, caller: TheCaller) -> Status:
    now, views, reach = container.now(), container.views, caller.reach
    owed = views.owed(now)
    return Status(
        at=now,
        statement=_statement(container, owed),
        open_cases=views.count(reach, Filter(open=True)),
        late_cases=views.count(reach, Filter(open=True, late=True)),
        system=_system(container, owed) if _sees_all(container, caller) else None,
    )


def _statement(container: Container, owed: Owed) -> str:
    zone = ZoneInfo(container.calendars.current(container.settings.calendar).zone)
    moment = f"{owed.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if owed.overdue_timers:
        return f"{moment} 以前到期的时钟有尚未触发的，值守进程会补上"
    return f"{moment} 以前到期的时钟，未触发的 0 个"


def _system(container: Container, owed: Owed) -> SystemStatus:
    run = container.nightly.latest()
    return SystemStatus(
        replay=ReplayRunView(**run.as_data()) if run else None,
        overdue_timers=owed.overdue_timers,
        oldest_timer=owed.oldest_timer,
        tasks=dict(owed.tasks),
        beats=dict(owed.beats),
        refused=[RefusedView.model_validate(asdict(each)) for each in owed.refused],
    )


def _sees_all(container: Container, caller: Caller) -> bool:
    """Figures of the whole system are for those who may read every case."""
    roots = {region.id for region in container.directories.current().regions if region.parent is None}
    return roots <= set(caller.reach.regions)


# Readiness: each check says what is wrong, or raises what it ran into


class Remark(str):
    """Worth saying although all is well."""

    __slots__ = ()


def _schema(container: Container) -> str:
    current, head = migrate.current(container.settings.database_url), migrate.head()
    return (
        ""
        if current == head
        else f"数据库结构是 {current or '空'}，本版本需要 {head}：运行 bihuan db upgrade"
    )


def _sweeper(container: Container) -> str:
    now = container.now()
    latest: datetime | None = max(container.views.owed(now).beats.values(), default=None)
    if latest is None:
        return "没有值守进程报到：运行 bihuan serve 或 bihuan worker"
    silence = now - latest
    return "" if silence < SILENT_AFTER else f"值守进程已 {int(silence.total_seconds())} 秒没有报到"


def _calendar(container: Container) -> str:
    calendar, now = container.calendars.current(container.settings.calendar), container.now()
    if calendar.status(now, now + HORIZON) is YearStatus.MISSING:
        return f"日历 {calendar.id} 不足 {HORIZON.days} 天：运行 bihuan calendar import 导入新一年的放假安排"
    return ""


def _directory(container: Container) -> str:
    container.directories.current()
    return ""


def _files(container: Container) -> str:
    """The folder is made on first use: until then the nearest one above it must be writable."""
    folder = container.settings.files.absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return ""
    return f"材料存放目录 {folder} 不能写入：检查 BIHUAN_FILES 和目录权限"


def _workflows(container: Container) -> str:
    return "" if container.definitions.all() else "还没有发布任何流程"


def _evidence(container: Container) -> str:
    """Whether evidence can be written. That it lags is for the alarm: no node would work better outside the balancer."""
    if fault := container.checkpoints.fault():
        return fault
    now, most = container.now(), MERGE_DELAY.total_seconds()
    if not (fault := container.keys.fault()):
        delay = container.integrator.delay(now)
        late = f"有记录 {int(delay)} 秒没有进入证据日志：值守进程是否在运行？" if delay > most else ""
        return Remark(
            "；".join(filter(None, (late, container.checkpoints.remark(), container.keys.remark())))
        )
    # Another machine may hold the key: what matters is that somebody signs.
    is_behind = container.checkpoints.age(now) > most and container.checkpoints.unsigned()
    return fault if is_behind else Remark(f"本机不签发检查点：{fault}")


_CHECKS: Final[dict[str, Callable[[Container], str]]] = {
    "schema": _schema,
    "sweeper": _sweeper,
    "calendar": _calendar,
    "directory": _directory,
    "workflows": _workflows,
    "files": _files,
    "evidence": _evidence,
}


def _replay(container: Container) -> Check:
    """Work goes on whatever the nightly replay has found: stopping it would not make the past whole."""
    try:
        run, number = container.nightly.latest(), container.nightly.divergences()
    except BihuanError as error:
        return Check(name="replay", ok=True, detail=error.message)
    if number:
        return Check(name="replay", ok=True, detail=f"夜间重放发现 {number} 处不一致：运行 bihuan status")
    return Check(name="replay", ok=True, detail="正常" if run else "尚未重放，每夜一时以后进行")


def _checked(name: str, check: Callable[[Container], str], container: Container) -> Check:
    try:
        fault = check(container)
    except BihuanError as error:
        fault = error.message
    return Check(name=name, ok=not fault or isinstance(fault, Remark), detail=fault or "正常")
