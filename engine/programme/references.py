"""Does every name in a programme lead somewhere, and is every condition well typed? Without that it cannot run at all.

Names of workflows lead outside of the file: they are left to `certificate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from engine.errors import BihuanError
from engine.expressions import RESERVED, ExpressionRefused, Kind, UnknownName, compile_guard
from engine.lookups import Fault, Faults, Path, known
from engine.programme import due_faults, proposal_faults
from engine.programme.facts import FactSpec, FactType, parameter_value, quantity
from engine.programme.lists import Brought, ListCase, ListSpec
from engine.programme.model import Programme
from engine.programme.names import YEAR, rule_words
from engine.programme.rules import Criterion, Part, Ratio, Rule, RuleVersion, Score

__all__ = ["faults", "lists_in_order"]

NAMESPACES: Final = ("prior", "sum3", "months", "on", YEAR)
FORMS: Final = ("check", "all", "any", "ratio", "passes", "fails")


def faults(programme: Programme) -> Faults:
    """Every name that leads nowhere and every form that cannot run, in no particular order."""
    words = rule_words(programme)
    yield from _header(programme)
    yield from _facts(programme)
    yield from _parameters(programme)
    for name, rule_set in programme.rule_sets.items():
        yield from _versions(rule_set.versions, ("rule_sets", name, "versions"))
        for index, version in enumerate(rule_set.versions):
            for key, criterion in version.criteria.items():
                path = ("rule_sets", name, "versions", index, "criteria", key)
                yield from _criterion(programme, words, criterion, path)
    for name, spec in programme.lists.items():
        yield from _list(programme, words, name, spec)
    yield from _circles(programme)
    yield from due_faults.faults(programme)
    yield from proposal_faults.faults(programme)


def lists_in_order(programme: Programme) -> list[str]:
    """Every list after those that its rules ask about (`on.x`)."""
    return [name for name in TopologicalSorter(_asked(programme)).static_order() if name in programme.lists]


def _header(programme: Programme) -> Faults:
    yield from _day(programme.effective, ("effective",))
    if since := programme.subject.since:
        yield from known("fact", "数据项", since, programme.facts, ("subject", "since"))
        if (spec := programme.facts.get(since)) and spec.type is not FactType.DATE:
            yield Fault("since_not_date", f"{since} 不是日期", ("subject", "since"))


def _day(text: str, path: Path) -> Faults:
    try:
        date.fromisoformat(text)
    except ValueError:
        yield Fault("bad_date", f"没有这一天：{text}", path, '例如 "2026-12-01"')


def _facts(programme: Programme) -> Faults:
    headings: dict[str, str] = {}
    for name, spec in programme.facts.items():
        path: Path = ("facts", name)
        yield from _name(name, path)
        yield from _form_of_fact(name, spec, path)
        for index, heading in enumerate(spec.headings):
            if (before := headings.setdefault(heading, name)) != name:
                message = f"表头“{heading}”已属于 {before}"
                yield Fault("heading_twice", message, (*path, "headings", index), "一个表头只对应一个数据项")


def _form_of_fact(name: str, spec: FactSpec, path: Path) -> Faults:
    if spec.type is FactType.CHOICE and not spec.options:
        yield Fault("choice_without_options", f"选择项 {name} 没有选项", path, "写明 options")
    if spec.options and spec.type is not FactType.CHOICE:
        yield Fault("options_without_choice", f"{name} 不是选择项，不能有选项", (*path, "options"))
    if spec.decimals and spec.type is not FactType.INTEGER:
        yield Fault("decimals_misplaced", f"{name} 不是整数，不能有 decimals", (*path, "decimals"))


def _name(name: str, path: Path) -> Faults:
    if name in RESERVED or name in NAMESPACES:
        yield Fault("reserved_name", f"{name} 在条件里另有含义，不能作名称", path, "换一个名称")


def _parameters(programme: Programme) -> Faults:
    for name, parameter in programme.parameters.items():
        path: Path = ("parameters", name)
        yield from _name(name, path)
        if name in programme.facts:
            yield Fault("name_twice", f"{name} 已是数据项，不能又是参数", path, "换一个名称")
        try:
            parameter_value(parameter)
        except BihuanError as error:
            yield Fault(error.code, error.message, (*path, "value"), error.hint)


# Rule sets


def _versions(versions: Iterable[RuleVersion], path: Path) -> Faults:
    for index, version in enumerate(versions):
        yield from _day(version.since, (*path, index, "since"))
        if version.until:
            yield from _day(version.until, (*path, index, "until"))
        if not version.criteria:
            yield Fault("no_criteria", "没有任何条件", (*path, index, "criteria"), "至少写一条")


def _criterion(programme: Programme, words: dict[str, Kind], criterion: Criterion, path: Path) -> Faults:
    if (criterion.rule is None) == (criterion.score is None):
        yield Fault("criterion_form", "rule（条件）和 score（打分）须写且只写一个", path)
    if criterion.rule is not None:
        yield from _rule(programme, words, criterion.rule, (*path, "rule"))
    if criterion.score is not None:
        yield from _score(programme, words, criterion.score, (*path, "score"))


def _score(programme: Programme, words: dict[str, Kind], score: Score, path: Path) -> Faults:
    if (score.at_least is None) == (score.above is None):
        yield Fault("score_threshold", "at_least（不低于）和 above（高于）须写且只写一个", path)
    for index, name in enumerate(score.nonzero):
        yield from known("part", "得分项", name, score.parts, (*path, "nonzero", index))
    for name, part in score.parts.items():
        yield from _part(programme, words, part, (*path, "parts", name))


def _part(programme: Programme, words: dict[str, Kind], part: Part, path: Path) -> Faults:
    if (bool(part.of) + bool(part.best_of) + (part.given is not None)) != 1:
        yield Fault("part_form", "of（按数据）、best_of（取最高）、given（直接给分）须写且只写一个", path)
    if len(part.of) > 2:
        yield Fault("part_form", "of 写一个数据项，或者被除数和除数两个", (*path, "of"))
    for index, name in enumerate(part.of):
        yield from _number(words, name, (*path, "of", index))
    yield from _bands(part, path)
    if part.given is not None:
        yield from _number(words, part.given, (*path, "given"))
        if part.most is None:
            yield Fault("most_missing", "直接给分须写明最高分 most", (*path, "given"))
    for index, each in enumerate(part.best_of):
        yield from _part(programme, words, each, (*path, "best_of", index))


def _bands(part: Part, path: Path) -> Faults:
    """From the highest down, fewer points each, the last one from nothing: every value falls into one."""
    if not part.of:
        return
    if not part.bands:
        yield Fault("bands_missing", "按数据打分须写明分档 bands", path)
        return
    limits = []
    for index, band in enumerate(part.bands):
        try:
            limits.append(quantity(band.at_least))
        except BihuanError as error:
            yield Fault(error.code, error.message, (*path, "bands", index, "from"), error.hint)
            return
    for index in range(1, len(limits)):
        if limits[index] >= limits[index - 1] or part.bands[index].points >= part.bands[index - 1].points:
            message = "分档须从高到低，分值也从高到低"
            yield Fault("bands_not_monotone", message, (*path, "bands", index))
    if limits[-1] > 0 or part.bands[-1].points != 0:
        hint = "最后一档写 {from: 0, points: 0}"
        yield Fault("bands_incomplete", "分档没有到底：有的数值落不到任何一档", (*path, "bands"), hint)


def _number(words: dict[str, Kind], name: str, path: Path) -> Faults:
    yield from known("fact", "数据项", name, words, path)
    if words.get(name, Kind.INTEGER) is not Kind.INTEGER:
        yield Fault("not_a_number", f"{name} 不是数", path)


# Rules


def _rule(programme: Programme, words: dict[str, Kind], rule: Rule, path: Path) -> Faults:
    said = [form for form in FORMS if getattr(rule, form)]
    if len(said) != 1:
        yield Fault("rule_form", f"{'、'.join(FORMS)} 须写且只写一个", path)
    if rule.check is not None:
        yield from _guard(words, rule.check, (*path, "check"))
    for form in ("all", "any"):
        for index, part in enumerate(getattr(rule, form)):
            yield from _rule(programme, words, part, (*path, form, index))
    if rule.ratio is not None:
        yield from _ratio(programme, words, rule.ratio, (*path, "ratio"))
    for form in ("passes", "fails"):
        if (name := getattr(rule, form)) is not None:
            yield from known("rule_set", "条件组", name, programme.rule_sets, (*path, form))


def _ratio(programme: Programme, words: dict[str, Kind], ratio: Ratio, path: Path) -> Faults:
    if len(ratio.of) != 2:
        yield Fault("ratio_form", "of 写被除数和除数两个数据项", (*path, "of"))
    for index, name in enumerate(ratio.of):
        yield from _number(words, name, (*path, "of", index))
    if ratio.at_least in programme.parameters:
        if programme.parameters[ratio.at_least].type is not FactType.INTEGER:
            yield Fault("not_a_number", f"参数 {ratio.at_least} 须是整数，以 % 计", (*path, "at_least"))
        return
    try:
        quantity(ratio.at_least)
    except BihuanError as error:
        yield Fault(error.code, error.message, (*path, "at_least"), "例如 5%，或者一个以 % 计的参数")


def _guard(words: dict[str, Kind], text: str, path: Path) -> Faults:
    try:
        compile_guard(text, words)
    except UnknownName as error:
        yield from _unknown(error, path)
    except ExpressionRefused as error:
        yield Fault(error.code, error.message, path, error.hint)


def _unknown(error: UnknownName, path: Path) -> Faults:
    hint = error.hint
    if error.name.partition(".")[0] in ("sum3", "prior"):
        hint = "sum3 和 prior 只用于每年一份（yearly）的数据项，sum3 还须是数"
    yield Fault(error.code, error.message, path, hint)


# Lists


def _list(programme: Programme, words: dict[str, Kind], name: str, spec: ListSpec) -> Faults:
    path: Path = ("lists", name)
    yield from _name(name, path)
    yield from _rule(programme, words, spec.members, (*path, "members"))
    if spec.year is not None:
        yield from known("fact", "数据项", spec.year, programme.facts, (*path, "year"))
        if (fact := programme.facts.get(spec.year)) and not fact.yearly:
            message = f"{spec.year} 不是每年一份的数据项，定不了数据年份"
            yield Fault("year_not_yearly", message, (*path, "year"), "写一个 yearly: true 的数据项")
    for key, exit_ in spec.exits.items():
        at = (*path, "exits", key)
        yield from _rule(programme, words, exit_.when, (*at, "when"))
        yield from _brought(programme, exit_.bring, (*at, "with"))
        if exit_.step and spec.case is None:
            yield Fault("step_without_case", "名单没有事项，移出时没有可办的动作", (*at, "step"), "去掉 step")
    if spec.manual != bool(spec.by):
        yield Fault("manual_form", "人工名单（manual: true）须写明由谁列入（by），其他名单不写 by", path)
    if spec.manual and spec.case is not None:
        yield Fault("manual_with_case", "人工名单不开事项", (*path, "case"), "去掉 case，或去掉 manual")
    if spec.case is not None:
        yield from _case(programme, words, spec.case, (*path, "case"))


def _case(programme: Programme, words: dict[str, Kind], case: ListCase, path: Path) -> Faults:
    yield from _brought(programme, case.bring, (*path, "with"))
    for key in ("updated", "relapsed", "moved", "withdrawn"):
        if step := getattr(case, key):
            yield from _brought(programme, step.bring, (*path, key, "with"))
    for key, milestone in case.steps.items():
        at = (*path, "steps", key)
        yield from _rule(programme, words, milestone.when, (*at, "when"))
        yield from _brought(programme, milestone.bring, (*at, "with"))


def _brought(programme: Programme, bring: Brought, path: Path) -> Faults:
    for field, value in bring.items():
        if isinstance(value, str) and value != YEAR and not is_constant(value):
            yield from known("fact", "数据项", value, programme.facts, (*path, field))


def is_constant(value: str) -> bool:
    """Words in quotes within the quotes of YAML."""
    return len(value) >= 2 and value[0] == value[-1] == "'"


def _circles(programme: Programme) -> Faults:
    try:
        lists_in_order(programme)
    except CycleError as error:
        names = [str(name) for name in error.args[1]]
        message = f"名单互相依赖：{' → '.join(names)}"
        yield Fault("lists_in_a_circle", message, ("lists", names[0], "members"))


def _asked(programme: Programme) -> dict[str, set[str]]:
    """The lists that each list's rules ask about."""
    words = rule_words(programme)
    return {
        name: {
            asked.removeprefix("on.")
            for rule in (spec.members, *(exit_.when for exit_ in spec.exits.values()))
            for asked in _names(programme, words, rule)
            if asked.startswith("on.")
        }
        for name, spec in programme.lists.items()
    }


def _names(programme: Programme, words: dict[str, Kind], rule: Rule) -> Iterator[str]:
    if rule.check is not None:
        try:
            yield from compile_guard(rule.check, words).names
        except ExpressionRefused:
            return  # said where it stands
    for part in (*rule.all, *rule.any):
        yield from _names(programme, words, part)
    versions: Any = ()
    if (rule_set := rule.passes or rule.fails) in programme.rule_sets:
        versions = programme.rule_sets[str(rule_set)].versions
    for version in versions:
        for criterion in version.criteria.values():
            if criterion.rule is not None and not (criterion.rule.passes or criterion.rule.fails):
                yield from _names(programme, words, criterion.rule)
