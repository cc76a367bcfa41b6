"""The OpenAPI document: every refusal declared, and bodies that endpoints read by themselves put among the schemas."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.audit_schemas import BODIES as AUDIT_BODIES
from api.bodies import (
    AnswerExtensionBody,
    AskExtensionBody,
    AssignBody,
    Batch,
    CommentBody,
    JumpBody,
    LaneBody,
    MoveBody,
    OpenCase,
    ReportRequest,
    StepBody,
    WithdrawBody,
)
from api.errors import MEDIA_TYPE, TITLES
from api.figuring import TargetBody
from api.import_schemas import BODIES as IMPORT_BODIES
from api.organisation_schemas import BODIES as ORGANISATION_BODIES
from api.programme_schemas import BODIES as PROGRAMME_BODIES
from api.schemas import Problem
from api.subject_schemas import BODIES as SUBJECT_BODIES
from api.whatif_schemas import BODIES as WHATIF_BODIES

__all__ = ["PROBLEMS", "install", "refusals"]

_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": title, "content": _PROBLEM} for status, title in TITLES.items()
}
_BODIES: Final = (
    AnswerExtensionBody,
    AskExtensionBody,
    AssignBody,
    Batch,
    CommentBody,
    JumpBody,
    LaneBody,
    MoveBody,
    OpenCase,
    Problem,
    ReportRequest,
    StepBody,
    TargetBody,
    WithdrawBody,
    *PROGRAMME_BODIES,
    *SUBJECT_BODIES,
    *ORGANISATION_BODIES,
    *IMPORT_BODIES,
    *WHATIF_BODIES,
    *AUDIT_BODIES,
)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an endpoint may refuse with, for `responses=`; any may fail with 500."""
    return {status: PROBLEMS[status] for status in (*statuses, 500)}


def install(app: FastAPI) -> None:
    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    _, shapes = models_json_schema(
        [(model, "validation") for model in _BODIES], ref_template="#/components/schemas/{model}"
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in shapes["$defs"].items():
        schemas.setdefault(name, schema)
    _replace_default_refusals(found)
    return found


def _replace_default_refusals(document: dict[str, Any]) -> None:
    """FastAPI declares its own shape of 422, which never leaves here."""
    for methods in document["paths"].values():
        for operation in methods.values():
            if "422" in operation["responses"]:
                operation["responses"]["422"] = PROBLEMS[422]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
