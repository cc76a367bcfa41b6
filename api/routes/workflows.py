"""The workflows: what there is, every version in full, its certificate, its picture and its YAML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.bootstrap import Container
from api.catalogue import ChartView, StateView, VersionView, WorkflowList, WorkflowSummary, WorkflowView
from api.deps import TheCaller, TheContainer
from api.documents import refusals
from api.presenting import field_view
from api.schemas import FieldView, Named
from engine.certificate import certify
from engine.definition import Definition, State
from engine.diagram import mermaid, svg
from engine.errors import UnknownWorkflow
from engine.machine import Program
from engine.spelling import LimitRef

router = APIRouter(tags=["流程"], responses=refusals(400, 401, 403, 404, 422, 503))

_MERMAID: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/plain": {}}, "description": "Mermaid"}
}
_SVG: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"image/svg+xml": {}}, "description": "SVG"}}
_YAML: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/yaml": {}}, "description": "YAML"}
}


@router.get("/workflows", operation_id="list_workflows", summary="有哪些流程和版本")
def list_workflows(container: TheContainer, caller: TheCaller) -> WorkflowList:
    names = dict.fromkeys(p.definition.workflow for p in container.definitions.all())
    return WorkflowList(workflows=[_summary(container, name) for name in names])


@router.get(
    "/workflows/{workflow}",
    operation_id="get_workflow",
    summary="一个流程的一个版本；不写 version 即现行版本",
)
def get_workflow(
    container: TheContainer,
    caller: TheCaller,
    workflow: str,
    version: Annotated[int | None, Query(ge=1)] = None,
) -> WorkflowView:
    program = _program(container, workflow, version)
    return _view(_summary(container, workflow), program.definition)


@router.get(
    "/workflows/{workflow}/versions/{version}/certificate",
    operation_id="get_certificate",
    summary="证书：是否完备，三个上限，有无问题",
)
def get_certificate(
    request: Request, container: TheContainer, caller: TheCaller, workflow: str, version: int
) -> dict[str, Any]:
    program = container.definitions.version(workflow, version)
    calendar = container.calendars.current(program.definition.calendar)
    today = calendar.local_date(container.now())
    known: dict[Any, dict[str, Any]] = request.app.state.certificates
    key = (program.digest, calendar.digest, today)
    if key not in known:  # a second's work, the same all day
        previous = _previous(container, program.definition)
        known[key] = certify(program.source, calendar=calendar, today=today, previous=previous).as_data()
    return known[key]


@router.get(
    "/workflows/{workflow}/versions/{version}/source", operation_id="get_source", summary="YAML 原文",
    response_class=Response, responses=_YAML,
)  # fmt: skip
def get_source(container: TheContainer, caller: TheCaller, workflow: str, version: int) -> Response:
    program = container.definitions.version(workflow, version)
    return Response(
        program.source.data, media_type="application/yaml", headers={"ETag": f'"{program.digest}"'}
    )


@router.get(
    "/workflows/{workflow}/versions/{version}/diagram.svg",
    operation_id="get_diagram_svg",
    summary="流程图（SVG）",
    response_class=Response,
    responses=_SVG,
)
def get_svg(container: TheContainer, caller: TheCaller, workflow: str, version: int) -> Response:
    definition = container.definitions.version(workflow, version).definition
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(svg(definition), media_type="image/svg+xml", headers=headers)


@router.get(
    "/workflows/{workflow}/versions/{version}/diagram.mmd",
    operation_id="get_diagram_mermaid",
    summary="流程图（Mermaid）",
    response_class=Response,
    responses=_MERMAID,
)
def get_mermaid(container: TheContainer, caller: TheCaller, workflow: str, version: int) -> Response:
    definition = container.definitions.version(workflow, version).definition
    return Response(mermaid(definition), media_type="text/plain; charset=utf-8")


def _program(container: Container, workflow: str, version: int | None) -> Program:
    if version is None:
        return container.definitions.current(workflow, container.now())
    return container.definitions.version(workflow, version)


def _previous(container: Container, definition: Definition) -> Definition | None:
    replaces = definition.replaces
    versions = container.definitions.versions(definition.workflow)
    found = (p.definition for p in versions if replaces and p.definition.version == replaces.version)
    return next(found, None)


def _summary(container: Container, workflow: str) -> WorkflowSummary:
    programs = container.definitions.versions(workflow)
    if not programs:
        raise UnknownWorkflow(f"没有流程“{workflow}”", hint="名录见 /api/v1/workflows")
    return WorkflowSummary(
        workflow=workflow,
        title=programs[0].definition.title.zh,
        versions=list(_versions(programs, _in_force(container, workflow))),
    )


def _in_force(container: Container, workflow: str) -> str:
    """The digest of the version in force; empty before the first takes effect."""
    try:
        return container.definitions.current(workflow, container.now()).digest
    except UnknownWorkflow:
        return ""


def _versions(programs: Iterable[Program], in_force: str) -> Iterator[VersionView]:
    for program in programs:
        definition = program.definition
        yield VersionView(
            version=definition.version,
            effective=definition.effective,
            digest=program.digest,
            in_force=program.digest == in_force,
        )


def _view(summary: WorkflowSummary, definition: Definition) -> WorkflowView:
    opening = definition.opening
    return WorkflowView(
        workflow=summary.workflow,
        title=definition.title.zh,
        versions=summary.versions,
        version=definition.version,
        note=definition.note or "",
        roles=[Named(id=role, title=spec.title.zh) for role, spec in definition.roles.items()],
        opened_by=[definition.roles[role].title.zh for role in opening.by],
        opening=[
            _field(definition, name, required=name in opening.needs)
            for name in (*opening.needs, *opening.may)
        ],
        fields=[_field(definition, name, required=False) for name in definition.fields],
        charts=list(_charts(definition)),
    )


def _field(definition: Definition, name: str, *, required: bool) -> FieldView:
    return field_view(name, definition.fields[name], required=required)


def _charts(definition: Definition) -> Iterator[ChartView]:
    for lane, states in definition.charts():
        spec = definition.lanes[lane] if lane else None
        yield ChartView(
            lane=lane,
            title=spec.title.zh if spec else definition.title.zh,
            start=spec.start if spec else definition.start,
            states=[_state(definition, name, state) for name, state in states.items()],
        )


def _state(definition: Definition, name: str, state: State) -> StateView:
    owner = definition.roles[state.owner].title.zh if state.owner else ""
    return StateView(
        id=name,
        title=state.title.zh,
        owner=Named(id=state.owner, title=owner) if state.owner else None,
        due=_due_words(state),
        settled=state.settled,
        final=state.final,
        steps=[Named(id=step, title=spec.title.zh) for step, spec in state.steps.items()],
    )


def _due_words(state: State) -> str:
    if state.due is None:
        return ""
    limit = state.due.longest
    return f"按类别：{limit.column}" if isinstance(limit, LimitRef) else limit.zh
