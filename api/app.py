"""The HTTP application: `create_app` puts routes, problem documents and request context together. Importing it has no effect."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response

from adapters.bootstrap import Container
from adapters.metrics import Metrics, new_metrics
from adapters.writer import Writer
from api import documents, errors
from api.context import RequestContext
from api.deps import Services
from api.metrics import HttpMetrics
from api.routes import (
    batch,
    cases,
    commands,
    desk,
    files,
    health,
    imports,
    index,
    indicators,
    organisation,
    programme,
    reports,
    subjects,
    workflows,
)
from api.routes.audit import bundles, formats, questions, reads, replaying, samples, whatif
from api.routes.audit import log as audit_log

__all__ = ["create_app"]

PREFIX: Final = "/api/v1"
_ABOUT: Final = """件件有着落，事事有交代。

每个请求带令牌；每个指令带 Idempotency-Key；拒绝都是 problem+json，写明原因、办法和现在能办的步骤。
"""


def create_app(container: Container, writer: Writer, *, metrics: Metrics | None = None) -> FastAPI:
    """The application over a container; whoever made the container and the writer closes them.

    `metrics` are those of the process, if it has any besides HTTP.
    """
    app = FastAPI(
        title="闭环 Bihuan",
        version=version("bihuan"),
        description=_ABOUT,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # Swagger UI would load scripts from elsewhere
        redoc_url=None,
    )
    metrics = metrics or new_metrics(lambda: container.views.owed(container.now()), container.log_figures)
    app.state.services = Services(container, writer, metrics)
    app.state.http_metrics = http_metrics = HttpMetrics(metrics.registry)
    app.state.certificates = {}
    app.add_middleware(
        RequestContext, now=container.now, observe=http_metrics.observe, unforeseen=_unforeseen
    )
    errors.install(app)
    for router in (workflows.router, cases.router, commands.router, batch.router, files.router, desk.router):
        app.include_router(router, prefix=PREFIX)
    app.include_router(reports.router, prefix=PREFIX)
    app.include_router(indicators.router, prefix=PREFIX)
    app.include_router(subjects.router, prefix=PREFIX)
    app.include_router(organisation.router, prefix=PREFIX)
    app.include_router(imports.router, prefix=PREFIX)
    app.include_router(programme.router, prefix=PREFIX)
    app.include_router(bundles.router, prefix=PREFIX)
    app.include_router(questions.router, prefix=PREFIX)
    app.include_router(samples.router, prefix=PREFIX)
    app.include_router(replaying.router, prefix=PREFIX)
    app.include_router(reads.router, prefix=PREFIX)
    app.include_router(audit_log.open_router, prefix=PREFIX)
    app.include_router(audit_log.router, prefix=PREFIX)
    app.include_router(whatif.router, prefix=PREFIX)
    app.include_router(formats.router, prefix=PREFIX)
    app.include_router(health.status_router, prefix=PREFIX)
    app.include_router(health.router)
    app.include_router(index.router)
    documents.install(app)
    return app


def _unforeseen(path: str, request_id: str) -> Response:
    return errors.problem_response(errors.internal_problem(path, request_id))
