"""Of one case: whether it replays, whether it was lawful, and each rung of its clocks. For auditors and administrators."""

from __future__ import annotations

from fastapi import APIRouter

from api.audit_replay_schemas import EscalationsView, EscalationView, FindingView, LawfulView
from api.deps import TheCaller, TheContainer
from api.documents import refusals
from api.routes.audit.questions import audited_case
from engine.audit.escalations import escalations

router = APIRouter(prefix="/audit", tags=["审计"], responses=refusals(400, 401, 403, 404, 422, 503))


@router.get(
    "/cases/{case}/lawful",
    operation_id="audit_lawful",
    summary="这件事项重放是否一致，职权、分离、限额、升级是否合当时的规则",
)
def lawful(container: TheContainer, caller: TheCaller, case: str) -> LawfulView:
    found = audited_case(container, caller, case)
    replayed, judged = container.replays.case(found.id), container.lawfulness.case(found.id)
    return LawfulView(
        case=found.id,
        is_sound=replayed.is_sound and judged.is_sound,
        events=replayed.events,
        divergences=replayed.divergences,
        faults=list(replayed.faults),
        findings=[FindingView.model_validate(finding.as_data()) for finding in judged.findings],
    )


@router.get(
    "/cases/{case}/escalations",
    operation_id="audit_escalations",
    summary="每个时钟的每一级：何时应触发，是否触发，迟多久，告知了谁，依据流程哪一条",
)
def case_escalations(container: TheContainer, caller: TheCaller, case: str) -> EscalationsView:
    found = audited_case(container, caller, case)
    rungs = escalations(
        container.store.history(found.id),
        program=container.definitions.digest,
        calendar=container.calendars.digest,
        now=container.now(),
    )
    return EscalationsView(
        case=found.id, escalations=[EscalationView.model_validate(rung.as_data()) for rung in rungs]
    )
