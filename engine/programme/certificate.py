"""The certificate of a programme: its rules can hold, its lists fit the workflows that they open, nothing lies idle.

A programme that reaches it has been loaded: its own names all lead somewhere. `workflows` are the definitions in force with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from engine.definition import Definition, FieldSpec, FieldType, RoleOf, Step
from engine.expressions import ExpressionRefused, compile_guard
from engine.findings import Finding
from engine.lookups import nearest
from engine.programme import due_faults, proposal_faults
from engine.programme.facts import FactType
from engine.programme.judging import Judge, part_names
from engine.programme.lists import Brought, ListCase, ListSpec
from engine.programme.loading import ProgrammeSource
from engine.programme.names import YEAR, fact_of
from engine.programme.reconciling import case_words
from engine.programme.references import is_constant
from engine.programme.rules import Criterion, Part, Rule
from engine.programme.trial import can_hold

__all__ = ["ProgrammeCertificate", "certify_programme", "describe_programme"]

Workflows = Mapping[str, Definition]
Path = tuple[str | int, ...]
Findings = Iterator[Finding]

_FITS: Final = {
    FactType.MONEY: (FieldType.INTEGER,),
    FactType.INTEGER: (FieldType.INTEGER,),
    FactType.BOOLEAN: (FieldType.BOOLEAN,),
    FactType.DATE: (FieldType.DATE,),
    FactType.TEXT: (FieldType.TEXT,),
    FactType.CHOICE: (FieldType.CHOICE, FieldType.TEXT),
}


@dataclass(frozen=True, slots=True)
class ProgrammeCertificate:
    """What was checked of a programme version, and what is wrong with it."""

    programme: str
    version: int
    title: str
    digest: str
    file: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """A programme with errors is not published; warnings are for its author."""
        return not any(finding.severity == "error" for finding in self.findings)

    def as_data(self) -> dict[str, Any]:
        return {
            "counts": dict(self.counts),
            "digest": self.digest,
            "file": self.file,
            "findings": [finding.as_data() for finding in self.findings],
            "ok": self.ok,
            "programme": self.programme,
            "title": self.title,
            "version": self.version,
        }


def certify_programme(source: ProgrammeSource, workflows: Workflows) -> ProgrammeCertificate:
    """The certificate of a loaded programme over these workflows. Takes about a second."""
    programme, judge = source.programme, Judge(source.programme)
    found = [finding for check in _CHECKS for finding in check(source, judge, workflows)]
    unique = {(f.code, f.path, f.message): f for f in found}
    findings = sorted(unique.values(), key=lambda f: (f.severity != "error", f.line, f.code))
    parts = ("facts", "parameters", "rule_sets", "lists", "obligations", "indicators")
    return ProgrammeCertificate(
        programme=programme.programme,
        version=programme.version,
        title=programme.title.zh,
        digest=source.digest,
        file=source.name,
        counts={part: len(getattr(programme, part)) for part in parts},
        findings=tuple(findings),
    )


def describe_programme(certificate: ProgrammeCertificate) -> str:
    """For people, in a few lines."""
    c = certificate
    words = {
        "facts": "数据项",
        "parameters": "参数",
        "rule_sets": "条件组",
        "lists": "名单",
        "obligations": "定期事项",
        "indicators": "指标",
    }
    lines = [
        f"{c.title}（{c.programme} 第 {c.version} 版，{c.digest[:12]}）：{'通过' if c.ok else '不通过'}",
        "  " + " · ".join(f"{words[part]} {number}" for part, number in c.counts.items()),
    ]
    lines += [f"  {'✗' if finding.severity == 'error' else '!'} {finding}" for finding in c.findings]
    return "\n".join(lines if c.findings else [*lines, "  没有发现问题"])


# Rules that can hold


def _rules_hold(source: ProgrammeSource, judge: Judge, _: Workflows) -> Findings:
    for path, rule in _rules(source):
        if not can_hold(judge, rule):
            message = "这个条件永远不会成立（在各个界限上试过）"
            yield source.finding("never_holds", message, path, hint="检查界限和括号")
    for path, criterion in _criteria(source):
        if criterion.score is not None:
            yield from _score_is_in_reach(source, criterion, (*path, "score"))


def _rules(source: ProgrammeSource) -> Iterator[tuple[Path, Rule]]:
    programme = source.programme
    for name, spec in programme.lists.items():
        yield ("lists", name, "members"), spec.members
        for key, exit_ in spec.exits.items():
            yield ("lists", name, "exits", key, "when"), exit_.when
        for key, milestone in (spec.case.steps if spec.case else {}).items():
            yield ("lists", name, "case", "steps", key, "when"), milestone.when
    for path, criterion in _criteria(source):
        if criterion.rule is not None:
            yield (*path, "rule"), criterion.rule


def _criteria(source: ProgrammeSource) -> Iterator[tuple[Path, Criterion]]:
    for name, rule_set in source.programme.rule_sets.items():
        for index, version in enumerate(rule_set.versions):
            for key, criterion in version.criteria.items():
                yield ("rule_sets", name, "versions", index, "criteria", key), criterion


def _score_is_in_reach(source: ProgrammeSource, criterion: Criterion, path: Path) -> Findings:
    score = criterion.score
    assert score is not None
    most = sum(_most(part) for part in score.parts.values())
    threshold = score.at_least if score.at_least is not None else (score.above or 0) + 1
    if most < threshold:
        yield source.finding("score_out_of_reach", f"满分只有 {most} 分，达不到要求", path, hint="检查分值")


def _most(part: Part) -> int:
    if part.best_of:
        return max(_most(each) for each in part.best_of)
    return part.most or 0 if part.given is not None else max(band.points for band in part.bands)


def _versions_apart(source: ProgrammeSource, _: Judge, __: Workflows) -> Findings:
    for name, rule_set in source.programme.rule_sets.items():
        ordered = sorted(enumerate(rule_set.versions), key=lambda pair: pair[1].since)
        for (_i, before), (index, after) in pairwise(ordered):
            if before.until is None or before.until >= after.since:
                message = f"{after.since} 起的版本与前一版同时有效"
                path = ("rule_sets", name, "versions", index, "since")
                yield source.finding("versions_overlap", message, path, hint="给前一版写明 until（含当日）")


# Lists that fit their workflows


def _lists_fit(source: ProgrammeSource, judge: Judge, workflows: Workflows) -> Findings:
    for name, spec in source.programme.lists.items():
        if spec.case is None:
            continue
        path: Path = ("lists", name, "case")
        definition = workflows.get(spec.case.workflow)
        if definition is None:
            near = nearest(spec.case.workflow, workflows)
            hint = f"是不是 {near}？" if near else "先写好并发布这个流程"
            yield source.finding(
                "unknown_workflow", f"没有这个流程：{spec.case.workflow}", (*path, "workflow"), hint=hint
            )
        else:
            yield from _case_fits(_Fit(source, definition), spec, spec.case, path)


@dataclass(frozen=True, slots=True)
class _Fit:
    source: ProgrammeSource
    definition: Definition


def _case_fits(fit: _Fit, spec: ListSpec, case: ListCase, path: Path) -> Findings:
    opening = fit.definition.opening
    yield from _bring_fits(fit, case.bring, (*opening.needs,), (*opening.may,), (*path, "with"))
    for key in ("updated", "relapsed", "moved", "withdrawn"):
        if step := getattr(case, key):
            yield from _step_fits(fit, step.step, step.bring, (*path, key))
    for key, milestone in case.steps.items():
        yield from _step_fits(fit, milestone.step, milestone.bring, (*path, "steps", key))
    for key, exit_ in spec.exits.items():
        if exit_.step:
            yield from _step_fits(fit, exit_.step, exit_.bring, (*path[:-1], "exits", key))
            yield from _step_is_open(fit, exit_.step, (*path[:-1], "exits", key, "step"))
    for key in ("moved", "withdrawn"):
        if step := getattr(case, key):
            yield from _step_is_open(fit, step.step, (*path, key, "step"))
    if case.leaves == "settled" and not any(state.settled for state in fit.definition.states.values()):
        message = f"流程 {fit.definition.workflow} 没有已办结可重开的环节（settled）"
        yield fit.source.finding("never_settled", message, (*path, "leaves"), hint="写 leaves: final")
    yield from _cleared_fits(fit, case, path)


def _cleared_fits(fit: _Fit, case: ListCase, path: Path) -> Findings:
    steps = [step for state in fit.definition.states.values() for step in state.steps]
    try:
        compile_guard(case.cleared, case_words(steps))
    except ExpressionRefused as error:
        yield fit.source.finding(error.code, error.message, (*path, "cleared"), hint=error.hint)


def _step_fits(fit: _Fit, name: str, bring: Brought, path: Path) -> Findings:
    steps = [state.steps[name] for state in fit.definition.states.values() if name in state.steps]
    if not steps:
        known = dict.fromkeys(step for state in fit.definition.states.values() for step in state.steps)
        near = nearest(name, known)
        message = f"流程 {fit.definition.workflow} 没有动作 {name}"
        yield fit.source.finding(
            "unknown_step", message, (*path, "step"), hint=f"是不是 {near}？" if near else ""
        )
        return
    for step in steps:
        if not _is_of_system(fit.definition, step):
            message = f"动作 {name} 不由系统办理"
            hint = "流程里写一个 of: system 的角色，并写进这个动作的 by"
            yield fit.source.finding("step_not_of_system", message, (*path, "step"), hint=hint)
        yield from _bring_fits(fit, bring, step.needs, step.may, (*path, "with"))


def _step_is_open(fit: _Fit, name: str, path: Path) -> Findings:
    """A step by which members leave: where it cannot be taken, they would leave and their case would run on without them."""
    states = fit.definition.states.items()
    without = [id for id, s in states if not (s.final or s.settled or name in s.steps)]
    if without and any(name in state.steps for _, state in states):
        message = f"动作 {name} 在环节 {'、'.join(without)} 不能办理：移出名单后事项仍会留在那里"
        hint = f"在流程的 everywhere 里写 {name}"
        yield fit.source.finding("exit_not_everywhere", message, path, hint=hint)


def _is_of_system(definition: Definition, step: Step) -> bool:
    return any(role in definition.roles and definition.roles[role].of is RoleOf.SYSTEM for role in step.by)


def _bring_fits(fit: _Fit, bring: Brought, needs: Iterable[str], may: Iterable[str], path: Path) -> Findings:
    wanted = (*needs, *may)
    for field in needs:
        if field not in bring:
            message = f"流程 {fit.definition.workflow} 须填 {field}，这里没有带来"
            yield fit.source.finding("field_not_brought", message, path, hint=f"with 里写明 {field}")
    for field, value in bring.items():
        if field not in wanted:
            message = f"流程 {fit.definition.workflow} 这一步不收 {field}"
            near = nearest(field, wanted)
            yield fit.source.finding(
                "unknown_field", message, (*path, field), hint=f"是不是 {near}？" if near else ""
            )
        elif why := _misfit(fit, fit.definition.fields[field], value):
            yield fit.source.finding("field_misfit", f"{field} {why}", (*path, field))


def _misfit(fit: _Fit, field: FieldSpec, value: str | int | bool) -> str:
    """Why the value cannot stand in the field; nothing where it can."""
    if isinstance(value, bool):
        return "" if field.type is FieldType.BOOLEAN else f"是 {field.type} 字段，不能填是否"
    if isinstance(value, int) or value == YEAR:
        return "" if field.type is FieldType.INTEGER else f"是 {field.type} 字段，不能填数"
    if is_constant(value):
        return _misfit_of_words(field, value[1:-1])
    spec = fit.source.programme.facts[value]
    if field.type not in _FITS[spec.type]:
        return f"是 {field.type} 字段，不能填 {spec.type} 数据项 {value}"
    if field.type is FieldType.CHOICE and (strange := [o for o in spec.options if o not in field.options]):
        return f"没有选项 {'、'.join(strange)}"
    return ""


def _misfit_of_words(field: FieldSpec, words: str) -> str:
    if field.type is FieldType.CHOICE:
        return "" if words in field.options else f"没有选项 {words}，可用：{'、'.join(field.options)}"
    return "" if field.type is FieldType.TEXT else f"是 {field.type} 字段，不能填文字"


# Nothing idle


def _nothing_idle(source: ProgrammeSource, judge: Judge, _: Workflows) -> Findings:
    """Facts that arrive under a heading are kept for people; others serve a rule or say what they are for."""
    programme, used = source.programme, _used(source, judge)
    for name, spec in programme.facts.items():
        if name not in used and not spec.headings and not spec.note:
            message = f"数据项 {name} 没有表头，也没有条件用到"
            hint = "写明 headings 或 note，或者去掉"
            yield source.finding("fact_unused", message, ("facts", name), hint=hint, is_warning=True)
    for name in programme.parameters:
        if name not in used:
            message = f"参数 {name} 没有用到"
            yield source.finding("parameter_unused", message, ("parameters", name), is_warning=True)


def _used(source: ProgrammeSource, judge: Judge) -> frozenset[str]:
    programme = source.programme
    names = {name for _, rule in _rules(source) for name in judge.names(rule)}
    ratios = {part.ratio.at_least for _, rule in _rules(source) for part in _parts(rule) if part.ratio}
    scores = [c.score for _, c in _criteria(source) if c.score is not None]
    points = {name for score in scores for part in score.parts.values() for name in part_names(part)}
    brought = {value for bring in _brought(source) for value in bring.values() if isinstance(value, str)}
    said = {indicator_text for each in programme.indicators.values() for indicator_text in _texts(each)}
    words = {fact for fact in programme.facts if any(fact in text for text in said)}
    since = {programme.subject.since or "", *(spec.year or "" for spec in programme.lists.values())}
    return frozenset({fact_of(name) for name in (*names, *ratios, *points)} | brought | since | words)


def _parts(rule: Rule) -> Iterator[Rule]:
    yield rule
    for part in (*rule.all, *rule.any):
        yield from _parts(part)


def _brought(source: ProgrammeSource) -> Iterator[Brought]:
    for spec in source.programme.lists.values():
        yield from (exit_.bring for exit_ in spec.exits.values())
        if spec.case is not None:
            yield spec.case.bring
            yield from (milestone.bring for milestone in spec.case.steps.values())
            steps = (spec.case.updated, spec.case.relapsed, spec.case.moved, spec.case.withdrawn)
            yield from (step.bring for step in steps if step)


def _texts(indicator: Any) -> Iterator[str]:
    """Conditions over subjects: they read facts, too."""
    over = indicator.over
    if over is not None and over.subjects:
        yield from (text for text in (over.where, over.unsure, indicator.part) if text)


def _dues(source: ProgrammeSource, judge: Judge, workflows: Workflows) -> Findings:
    """Obligations, frequencies, proposals and indicators over the workflows that they name."""
    for section in (due_faults, proposal_faults):
        for fault in section.faults(source.programme, workflows):
            yield source.finding(fault.code, fault.message, fault.path, hint=fault.hint)


_CHECKS: Final[tuple[Callable[[ProgrammeSource, Judge, Workflows], Findings], ...]] = (
    _rules_hold,
    _versions_apart,
    _lists_fit,
    _nothing_idle,
    _dues,
)
