"""Cross-checks of obligations, frequencies and indicators: what they name must exist and their conditions must compile.

One generator for each section, called when a programme is loaded; without `workflows` (the workflows by name) what needs them is
left unchecked. Reading YAML and line numbers is left to `loading.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.definition import Definition, FieldType
from engine.durations import DurationError
from engine.expressions import ExpressionRefused, Kind, compile_guard
from engine.lookups import Fault, Path, known
from engine.programme.frequency import Frequency
from engine.programme.indicators import LEDGER_VALUES, MEASURES, Indicator, Over
from engine.programme.model import Programme
from engine.programme.obligations import (
    FIRST_DAY,
    LAST_DAY,
    WORDS_BROUGHT,
    Obligation,
    day_of_year,
    is_source,
)
from engine.programme.readings import Names
from engine.programme.selecting import BYS, MEMBER_BYS, words_over, workflow_of

__all__ = ["condition", "faults", "frequency_faults", "indicator_faults", "obligation_faults"]

Workflows = Mapping[str, Definition]
Faults = Iterator[Fault]


def faults(programme: Programme, workflows: Workflows | None = None) -> Faults:
    """Of all three sections."""
    for section in (obligation_faults, frequency_faults, indicator_faults):
        yield from section(programme, workflows)


def obligation_faults(programme: Programme, workflows: Workflows | None) -> Faults:
    """Of the section `obligations`."""
    for name, obligation in programme.obligations.items():
        path: Path = ("obligations", name)
        yield from _whom(programme, obligation, path)
        yield from _days(obligation, path)
        yield from _sources(obligation, path)
        if obligation.also_filled_by is not None:
            yield from _fillers(programme, obligation.also_filled_by, (*path, "also_filled_by"), workflows)
        if workflows is not None:
            yield from _opened(obligation, workflows, path)


def frequency_faults(programme: Programme, workflows: Workflows | None) -> Faults:
    """Of the section `frequency`."""
    for name, frequency in programme.frequency.items():
        path: Path = ("frequency", name)
        if not frequency.days:
            yield Fault("frequency_span", "间隔须为天或周", (*path, "within"), "例如 30 days")
        if workflows is not None:
            yield from _flagged(frequency, workflows, path)


def indicator_faults(programme: Programme, workflows: Workflows | None) -> Faults:
    """Of the section `indicators`."""
    readings = {name: Names((definition,)) for name, definition in (workflows or {}).items()}
    for name, indicator in programme.indicators.items():
        path: Path = ("indicators", name)
        yield from _shape(indicator, path)
        yield from _named(programme, name, indicator, path)
        for key, over in (("over", indicator.over), ("having", indicator.having)):
            if over is not None:
                yield from _rows(programme, over, (*path, key), workflows)
        if indicator.over is not None:
            yield from _value(programme, indicator, path, readings if workflows is not None else None)
        if workflows is not None:
            yield from _conditions(programme, indicator, path, readings)


# Obligations


def _whom(programme: Programme, obligation: Obligation, path: Path) -> Faults:
    whom = obligation.whom
    if (whom.depth is None) == (whom.list is None):
        yield Fault("obligation_for", "for 须写 depth 或 list，恰好一项", (*path, "for"), "例如 {depth: 1}")
    if whom.list is not None:
        yield from known("list", "名单", whom.list, programme.lists, (*path, "for", "list"))


def _days(obligation: Obligation, path: Path) -> Faults:
    for key, words, usual in (
        ("opens", obligation.opens, FIRST_DAY),
        ("due", obligation.due, LAST_DAY),
    ):
        if words == usual:
            continue
        if obligation.every != "year":
            hint = f"写 {usual}"
            yield Fault("obligation_day", "只有每年一次的义务可以写明日期", (*path, key), hint)
            continue
        try:
            day_of_year(words)
        except DurationError as error:
            yield Fault(error.code, error.message, (*path, key), "例如 2 January")


def _sources(obligation: Obligation, path: Path) -> Faults:
    for field, source in obligation.bring.items():
        if not is_source(source):
            hint = f"可写 {'、'.join(WORDS_BROUGHT)}、units(岗位)，文字常量加引号：'{source}'"
            yield Fault("unknown_source", f"不知道带入什么：{source}", (*path, "with", field), hint)


def _opened(obligation: Obligation, workflows: Workflows, path: Path) -> Faults:
    yield from known("workflow", "流程", obligation.workflow, workflows, (*path, "workflow"))
    definition = workflows.get(obligation.workflow)
    if definition is None:
        return
    opening = definition.opening
    taken = (*opening.needs, *opening.may)
    for field in obligation.bring:
        yield from known("field", "登记时可填的字段", field, taken, (*path, "with", field))
    for field in opening.needs:
        if field not in obligation.bring:
            message = f"登记 {obligation.workflow} 须填 {field}，这里没有带入"
            yield Fault("obligation_brings_too_little", message, (*path, "with"), f"加上 {field}")
    names = Names((definition,))
    if obligation.at is not None:
        yield from known("step", "动作", obligation.at, names.steps, (*path, "at"))
    for key, text in (("done", obligation.done), ("in_time", obligation.in_time)):
        yield from condition(text, names.words, (*path, key))


def _fillers(programme: Programme, over: Over, path: Path, workflows: Workflows | None) -> Faults:
    """Cases that happen on a day: what ends a clock, or is not sure, fills nothing."""
    if over.cases is None or over.unsure is not None:
        yield Fault("filled_by_cases", "只有事项能算作完成：写 cases，可加 by、where", path)
    if (over.by or "").startswith("due "):
        yield Fault("filled_by_due", "到期不算发生，by 写 opened、ended 或 step 动作", (*path, "by"))
    yield from _rows(programme, over, path, workflows)
    if workflows and over.where is not None and (definition := workflows.get(over.cases or "")):
        yield from condition(over.where, Names((definition,)).words, (*path, "where"))


def _flagged(frequency: Frequency, workflows: Workflows, path: Path) -> Faults:
    yield from known("workflow", "流程", frequency.workflow, workflows, (*path, "workflow"))
    definition = workflows.get(frequency.workflow)
    if definition is None:
        return
    steps = {name: step for chart, _, _, name, step in definition.steps() if not chart}
    yield from known("step", "动作", frequency.step, steps, (*path, "step"))
    if step := steps.get(frequency.step):
        brings = (*step.needs, *step.may)
        yield from known("field", "这一步可填的字段", frequency.number, brings, (*path, "number"))
    if frequency.day is not None:
        dates = [name for name, spec in definition.fields.items() if spec.type is FieldType.DATE]
        yield from known("field", "日期字段", frequency.day, dates, (*path, "day"))
    words = Names((definition,)).words
    for key, text in (("planned", frequency.planned), ("counts", frequency.counts)):
        yield from condition(text, words, (*path, key))


# Indicators

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "rate": ("over",),
    "count": ("over",),
    "mean": ("over", "value"),
    "median": ("over", "value"),
    "ledger": ("over", "value"),
    "growth": ("of", "base_year", "until_year", "factor"),
    "score": ("parts",),
    "target": (),
}


def _shape(indicator: Indicator, path: Path) -> Faults:
    for key in _NEEDS[indicator.kind]:
        if not getattr(indicator, key):
            yield Fault("indicator_incomplete", f"{indicator.kind} 须写 {key}", path, f"加上 {key}")
    if indicator.kind == "rate" and indicator.part is None and indicator.having is None:
        yield Fault("indicator_incomplete", "rate 须写 part 或 having", path, "否则恒为 100%")
    if indicator.base_year and indicator.until_year and indicator.base_year >= indicator.until_year:
        yield Fault("indicator_years", "until_year 须晚于 base_year", (*path, "until_year"))
    if indicator.parts and (total := sum(each.weight for each in indicator.parts)) != 100:
        yield Fault("indicator_weights", f"权重之和须为 100，现为 {total}", (*path, "parts"))


def _named(programme: Programme, name: str, indicator: Indicator, path: Path) -> Faults:
    others = [each for each in programme.indicators if each != name]
    for n, other in enumerate(indicator.beside):
        yield from known("indicator", "指标", other, others, (*path, "beside", n))
    if indicator.of is not None:
        rows = [
            each for each, spec in programme.indicators.items() if spec.kind in ("count", "rate", "ledger")
        ]
        yield from known("indicator", "可计数的指标", indicator.of, rows, (*path, "of"))
    scores = [each for each in others if programme.indicators[each].kind != "score"]
    for n, weight in enumerate(indicator.parts):
        yield from known("indicator", "指标", weight.indicator, scores, (*path, "parts", n, "indicator"))


def _rows(programme: Programme, over: Over, path: Path, workflows: Workflows | None) -> Faults:
    named = [over.cases is not None, over.members is not None, over.slots is not None, over.subjects]
    if sum(named) != 1:
        yield Fault("indicator_rows", "须写 cases、members、slots、subjects 之一，恰好一项", path)
        return
    if over.cases is not None and workflows is not None:
        yield from known("workflow", "流程", over.cases, workflows, (*path, "cases"))
    if over.members is not None:
        yield from known("list", "名单", over.members, programme.lists, (*path, "members"))
    if over.slots is not None:
        yield from known("obligation", "义务", over.slots, programme.obligations, (*path, "slots"))
    yield from _moment(over, path, workflows)


def _moment(over: Over, path: Path, workflows: Workflows | None) -> Faults:
    if over.by is None:
        return
    word, _, rest = over.by.partition(" ")
    here = (*path, "by")
    if over.kind == "members":
        yield from known("moment", "时点", over.by, MEMBER_BYS, here)
    elif over.kind != "cases":
        yield Fault("indicator_by", "只有事项和名单成员要写 by", here)
    elif word not in ("due", "step"):
        yield from known("moment", "时点", over.by, BYS, here)
    elif workflows is not None and (definition := workflows.get(over.cases or "")):
        names = Names((definition,))
        if word == "due":
            yield from known("clock", "时钟", rest, names.clocks, here)
        else:
            yield from known("step", "动作", rest, names.steps, here)


def _value(
    programme: Programme, indicator: Indicator, path: Path, readings: Mapping[str, Names] | None
) -> Faults:
    value, over = indicator.value, indicator.over
    if value is None or over is None:
        return
    here = (*path, "value")
    if indicator.kind == "ledger":
        yield from known("term", "台账项", value, LEDGER_VALUES, here)
        if over.kind != "members":
            yield Fault("indicator_rows", "ledger 只对名单", (*path, "over"), "写 members")
    elif indicator.kind in ("mean", "median") and readings is not None:
        words = words_over(programme, over, readings)
        numbers = [name for name, kind in words.items() if kind is Kind.INTEGER]
        yield from known("number", "数值", value, numbers, here)


def _conditions(
    programme: Programme, indicator: Indicator, path: Path, readings: Mapping[str, Names]
) -> Faults:
    if indicator.kind == "growth" and indicator.value is not None:
        yield from known("measure", "口径", indicator.value, MEASURES, (*path, "value"))
    for key, over in (("over", indicator.over), ("having", indicator.having)):
        if over is None or not _is_readable(programme, over, readings):
            continue
        words = words_over(programme, over, readings)
        texts = {(key, "where"): over.where, (key, "unsure"): over.unsure}
        if key == "over":
            texts["part", ""] = indicator.part
        for place, text in texts.items():
            if text is not None:
                yield from condition(text, words, (*path, *filter(None, place)))


def _is_readable(programme: Programme, over: Over, readings: Mapping[str, Names]) -> bool:
    """Whether the workflow behind the rows is there; where it is not, that alone is said."""
    workflow = workflow_of(programme, over)
    return not workflow or workflow in readings


def condition(text: str, words: Mapping[str, Kind], path: Path) -> Faults:
    """What is wrong with a condition over these names."""
    try:
        compile_guard(text, words)
    except ExpressionRefused as error:
        yield Fault(error.code, error.message, path, error.hint)
