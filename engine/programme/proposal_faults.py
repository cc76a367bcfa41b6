"""Cross-checks of proposals: what they name must exist, be of the right type and be nobody's personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.definition import Definition, FieldType
from engine.lookups import Fault, Path, known
from engine.programme.due_faults import condition
from engine.programme.model import Programme
from engine.programme.proposals import QUOTED, SOURCES, Proposal
from engine.programme.readings import Names

__all__ = ["faults"]

Workflows = Mapping[str, Definition]
Faults = Iterator[Fault]


def faults(programme: Programme, workflows: Workflows | None = None) -> Faults:
    """Of the section `proposals`; without `workflows` what needs them is left unchecked."""
    for name, proposal in programme.proposals.items():
        path: Path = ("proposals", name)
        yield from _shape(proposal, path)
        if workflows is not None:
            yield from _compared(proposal, workflows, path)
            yield from _opened(proposal, workflows, path)


def _shape(proposal: Proposal, path: Path) -> Faults:
    over = proposal.over
    if over.cases is None or over.members or over.slots or over.subjects or over.unsure:
        yield Fault("proposal_rows", "只从事项里提出：写 cases，可加 where", (*path, "over"))
    if over.by not in (None, "opened"):
        yield Fault("proposal_by", "按登记日期计，by 只能写 opened", (*path, "over", "by"), "去掉 by")
    if not proposal.days:
        yield Fault("proposal_span", "期间须为天或周", (*path, "within"), "例如 90 days")
    for field, source in proposal.bring.items():
        if isinstance(source, str) and source not in SOURCES and not QUOTED.fullmatch(source):
            hint = f"可写 {'、'.join(SOURCES)}，文字常量加引号：'{source}'"
            yield Fault("unknown_source", f"不知道带入什么：{source}", (*path, "with", field), hint)
    if list(proposal.bring.values()).count("cases") != 1:
        message = "须有一个字段（且只有一个）带入 cases，否则看不出提过哪些"
        yield Fault("proposal_without_cases", message, (*path, "with"), "例如 cases: cases")


def _compared(proposal: Proposal, workflows: Workflows, path: Path) -> Faults:
    workflow = proposal.over.cases
    if workflow is None:
        return
    yield from known("workflow", "流程", workflow, workflows, (*path, "over", "cases"))
    if definition := workflows.get(workflow):
        choices = _fields(definition, FieldType.CHOICE)
        yield from known("field", "选择字段", proposal.alike.field, choices, (*path, "alike", "field"))
        texts = _fields(definition, FieldType.TEXT)
        for n, name in enumerate(proposal.alike.text):
            here = (*path, "alike", "text", n)
            yield from known("field", "文字字段（个人信息除外）", name, texts, here)
        if proposal.over.where is not None:
            words = Names((definition,)).words
            yield from condition(proposal.over.where, words, (*path, "over", "where"))


def _fields(definition: Definition, type_: FieldType) -> list[str]:
    """Of that type, personal ones left out."""
    return [n for n, spec in definition.fields.items() if spec.type is type_ and not spec.personal]


def _opened(proposal: Proposal, workflows: Workflows, path: Path) -> Faults:
    yield from known("workflow", "流程", proposal.workflow, workflows, (*path, "workflow"))
    definition = workflows.get(proposal.workflow)
    if definition is None:
        return
    taken = (*definition.opening.needs, *definition.opening.may)
    for field, source in proposal.bring.items():
        here = (*path, "with", field)
        yield from known("field", "登记时可填的字段", field, taken, here)
        if source == "cases" and field in taken and definition.fields[field].type is not FieldType.CASES:
            yield Fault("field_misfit", f"{field} 不是 cases 字段，列不了事项", here)
    for field in definition.opening.needs:
        if field not in proposal.bring:
            message = f"登记 {proposal.workflow} 须填 {field}，这里没有带入"
            yield Fault("proposal_brings_too_little", message, (*path, "with"), f"加上 {field}")
