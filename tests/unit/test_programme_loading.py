"""Programmes are refused with every problem, its line and a hint; what is accepted is certified over its workflows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from engine.definition import Definition
from engine.findings import Finding, Refused
from engine.loading import load
from engine.programme.certificate import ProgrammeCertificate, certify_programme, describe_programme
from engine.programme.facts import BadQuantity, Parameter, parameter_value, quantity
from engine.programme.loading import is_programme, load_programme
from engine.programme.references import lists_in_order
from engine.programme.schema import vocabulary
from tests.support.profiles import shipped_programme
from workflows import programme, shipped

ROOT = Path(__file__).parents[2]
NAME, DATA = programme()
TEXT = DATA.decode()

SMALL = """\
language: 1
programme: small
version: 1
effective: "2026-01-01"
title: 示例方案
subject: {title: 对象, id: 编号, name: 名称, since: begun}
facts:
  begun: {title: 开始日期, type: date, headings: 开始日期}
  size:  {title: 规模, type: integer, yearly: true, headings: 规模}
  part:  {title: 部分, type: integer, yearly: true, headings: 部分}
  kind:  {title: 类别, type: choice, options: {one: 甲, two: 乙}, headings: 类别}
parameters:
  least: {title: 下限, type: integer, value: 10}
rule_sets:
  fit:
    title: 合格
    versions:
      - since: "2020-01-01"
        source: 示例规定
        criteria:
          large: {title: 够大, rule: size >= least}
          score:
            title: 得分
            score:
              at_least: 5
              parts:
                share:
                  title: 占比
                  of: [part, size]
                  bands: [{from: 50%, points: 10}, {from: 20%, points: 5}, {from: 0, points: 0}]
lists:
  large:
    title: 大的
    year: size
    members: {all: [size >= least, {passes: fit}]}
  all_of_them:
    title: 总名单
    members: on.large
"""


def refused(text: str) -> list[Finding]:
    with pytest.raises(Refused) as caught:
        load_programme(text.encode(), name="p.yaml")
    return list(caught.value.findings)


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, old
    return SMALL.replace(old, new)


def test_the_small_programme_is_accepted() -> None:
    source = load_programme(SMALL.encode(), name="p.yaml")
    assert lists_in_order(source.programme) == ["large", "all_of_them"]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("type: date,", "type: day,", "unknown_choice", 8),
        ("since: begun}", "since: began}", "unknown_fact", 6),
        ("since: begun}", "since: size}", "since_not_date", 6),
        ("  size:  {title", "  year:  {title", "reserved_name", 9),
        ("  least: {title", "  kind: {title", "name_twice", 13),
        ("headings: 部分", "headings: 规模", "heading_twice", 10),
        (", options: {one: 甲, two: 乙}", "", "choice_without_options", 11),
        ("value: 10}", "value: 一点}", "bad_quantity", 13),
        ("rule: size >= least}", "rule: sise >= least}", "expression_unknown_name", 21),
        ("rule: size >= least}", "rule: size >= kind}", "expression_type", 21),
        ("rule: size >= least}", "rule: size}", "expression_not_boolean", 21),
        ("rule: size >= least}", "rule: sum3.begun > 1}", "expression_unknown_name", 21),
        ("rule: size >= least}", "rule: {all: [size >= least], passes: fit}}", "rule_form", 21),
        ("rule: size >= least}", "rule: {ratio: {of: [part, size], at_least: 很多}}}", "bad_quantity", 21),
        ("rule: size >= least}", "rule: {ratio: {of: [part], at_least: 5%}}}", "ratio_form", 21),
        ("at_least: 5\n", "at_least: 5\n              above: 4\n", "score_threshold", 24),
        ("of: [part, size]", "of: [part, sise]", "unknown_fact", 29),
        ("of: [part, size]", "of: [part, kind]", "not_a_number", 29),
        ("{from: 20%, points: 5}", "{from: 60%, points: 5}", "bands_not_monotone", 30),
        ("{from: 20%, points: 5}", "{from: 20%, points: 10}", "bands_not_monotone", 30),
        (", {from: 0, points: 0}]", "]", "bands_incomplete", 30),
        ("    year: size\n", "    year: kind\n", "year_not_yearly", 34),
        ("{passes: fit}", "{passes: fat}", "unknown_rule_set", 35),
        ("members: on.large", "members: on.larger", "expression_unknown_name", 38),
        ("members: on.large", "members: on.all_of_them", "lists_in_a_circle", 38),
        ("members: on.large", "members: on.large\n    manual: true", "manual_form", 36),
        ("    title: 总名单\n", "    title: 总名单\n    cases: 1\n", "unknown_key", 38),
        ('since: "2020-01-01"', 'since: "2020-02-30"', "bad_date", 18),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_code_and_line(old: str, new: str, code: str, line: int) -> None:
    found = refused(changed(old, new))
    assert (code, line) in [(f.code, f.line) for f in found], [str(f) for f in found]


def test_every_problem_is_told_at_once() -> None:
    text = changed("rule: size >= least}", "rule: sise >= least}").replace("{passes: fit}", "{passes: fat}")
    assert [f.code for f in refused(text)] == ["expression_unknown_name", "unknown_rule_set"]


def test_a_slip_is_told_the_name_that_was_meant() -> None:
    (finding,) = refused(changed("rule: size >= least}", "rule: sise >= least}"))
    assert "size" in finding.hint
    (finding,) = refused(changed("    title: 总名单\n", "    title: 总名单\n    exit: {}\n"))
    assert "exits" in finding.hint


# The certificate

FLOW = """\
language: 1
workflow: talk
version: 1
effective: "2020-01-01"
title: 约谈（示例）
note: 默认值，可配置
roles:
  clerk: {title: 经办, accountable: true}
  programme: {title: 系统, of: system}
fields:
  data_year: {title: 年份, type: integer}
  why: {title: 原因, type: choice, options: {gone: 注销}}
opening: {by: [programme], needs: [data_year]}
start: waiting
states:
  waiting:
    title: 待约谈
    owner: clerk
    due: 1 working day
    overdue: {stay: true, every: 1 working day, notify: [clerk]}
    steps:
      meet: {title: 约谈, by: [clerk], to: met}
      remove: {title: 移出, by: [programme], needs: [why], to: gone}
  met: {title: 已约谈, final: true}
  gone: {title: 移出, final: true}
"""
CASE = """\
    members: on.large
    case:
      workflow: talk
      with: {data_year: year}
      cleared: ever.meet > 0
    exits:
      gone: {title: 注销, when: kind == "two", step: remove, with: {why: "'gone'"}}
"""
WITH_CASE = SMALL.replace("    members: on.large\n", CASE)


def certified(text: str, flow: str = FLOW) -> ProgrammeCertificate:
    definition = load(flow.encode(), name="talk.yaml").definition
    return certify_programme(load_programme(text.encode(), name="p.yaml"), {"talk": definition})


def test_a_sound_programme_has_no_finding() -> None:
    certificate = certified(WITH_CASE)
    assert certificate.findings == ()
    assert "没有发现问题" in describe_programme(certificate)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("workflow: talk", "workflow: talks", "unknown_workflow"),
        ("      with: {data_year: year}\n", "", "field_not_brought"),
        ("{data_year: year}", "{data_year: year, more: 1}", "unknown_field"),
        ("{data_year: year}", "{data_year: kind}", "field_misfit"),
        ("\"'gone'\"", "\"'lost'\"", "field_misfit"),
        ("step: remove,", "step: removed,", "unknown_step"),
        ("step: remove,", "step: meet,", "step_not_of_system"),
        ("ever.meet > 0", "ever.met > 0", "expression_unknown_name"),
        ("      cleared:", "      leaves: settled\n      cleared:", "never_settled"),
        ('kind == "two"', 'kind == "two" && kind == "one"', "never_holds"),
        ("size >= least, {passes: fit}", "size >= least, size < 9, {passes: fit}", "never_holds"),
        ("at_least: 5\n", "at_least: 11\n", "score_out_of_reach"),
    ],
)
def test_the_certificate_finds_what_does_not_fit(old: str, new: str, code: str) -> None:
    assert WITH_CASE.count(old) == 1, old
    certificate = certified(WITH_CASE.replace(old, new))
    assert code in [f.code for f in certificate.findings], describe_programme(certificate)
    assert not certificate.ok


def test_a_case_whose_member_left_cannot_run_on_without_it() -> None:
    later = """\
  talking:
    title: 约谈中
    owner: clerk
    due: 1 working day
    overdue: {to: met}
"""
    flow = FLOW.replace("to: met}", "to: talking}").replace("  met: {", later + "  met: {")
    (finding,) = certified(WITH_CASE, flow).findings
    assert finding.code == "exit_not_everywhere"
    assert "talking" in finding.message
    assert certified(
        WITH_CASE,
        flow.replace("talking:\n    title: 约谈中", "talking:\n    settled: true\n    title: 约谈中"),
    ).ok


def test_versions_of_a_rule_set_may_not_overlap() -> None:
    second = """\
      - since: "2024-01-01"
        source: 示例规定二
        criteria: {large: {title: 够大, rule: size >= 20}}
lists:
"""
    overlapping = SMALL.replace("lists:\n", second)
    assert [f.code for f in certified(overlapping).findings] == ["versions_overlap"]
    apart = overlapping.replace(
        '      - since: "2020-01-01"\n', '      - since: "2020-01-01"\n        until: "2023-12-31"\n'
    )
    assert certified(apart).findings == ()


def test_what_lies_idle_is_a_warning() -> None:
    idle = SMALL.replace(
        "rule_sets:\n", "  most: {title: 上限, type: integer, value: 99}\nrule_sets:\n"
    ).replace("parameters:\n", "  spare: {title: 多余, type: text}\nparameters:\n")
    certificate = certified(idle)
    assert {f.code for f in certificate.findings} == {"fact_unused", "parameter_unused"}
    assert certificate.ok


# What ships


def definitions() -> dict[str, Definition]:
    found = (load(data, name=name).definition for name, data in shipped())
    return {definition.workflow: definition for definition in found}


def test_the_shipped_programme_has_no_finding() -> None:
    certificate = certify_programme(shipped_programme(), definitions())
    assert certificate.findings == (), describe_programme(certificate)


def test_the_switch_of_the_shipped_programme_works_once_its_mark_is_taken_away() -> None:
    name, data = programme()
    switched = data.replace(b"    # also_filled_by:", b"    also_filled_by:")
    source = load_programme(switched, name=name)
    assert source.programme.obligations["city_visit"].also_filled_by is not None
    assert shipped_programme().programme.obligations["city_visit"].also_filled_by is None
    assert certify_programme(source, definitions()).findings == ()


def test_the_shipped_programme_says_that_its_numbers_are_defaults() -> None:
    assert "默认值，可配置" in (shipped_programme().programme.note or "")


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = (ROOT / "workflows" / "programme.schema.json").read_text("utf-8")
    assert committed == vocabulary().text, (
        "python -c 'from engine.programme.schema import vocabulary; print(vocabulary().text, end=str())'"
    )


@pytest.mark.parametrize("text", [SMALL, WITH_CASE, TEXT], ids=["small", "with_case", "shipped"])
def test_what_the_parser_accepts_the_schema_accepts(text: str) -> None:
    validator = jsonschema.Draft202012Validator(vocabulary().document)
    assert list(validator.iter_errors(_plain(text))) == []


def test_what_the_model_refuses_the_schema_refuses_too() -> None:
    validator = jsonschema.Draft202012Validator(vocabulary().document)
    for wrong in (
        changed("type: date,", "type: day,"),
        changed("    title: 总名单\n", "    title: 总名单\n    cases: 1\n"),
    ):
        assert list(validator.iter_errors(_plain(wrong))) != []


def _plain(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_a_programme_is_told_from_a_workflow() -> None:
    assert is_programme(DATA)
    assert [name for name, data in shipped() if is_programme(data)] == []


# Quantities


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("1亿元", 10**10),
        ("1.5亿元", 15 * 10**9),
        ("2000万元", 2 * 10**9),
        ("500元", 50_000),
        ("0.01元", 1),
        (60, 60),
    ],
)
def test_money_is_read_in_fen(words: str | int, value: int) -> None:
    assert quantity(words) == value


@pytest.mark.parametrize("words", ["1亿", "一亿元", "5 percent", "1e8元", "", "1,000元"])
def test_what_is_no_quantity_is_refused(words: str) -> None:
    with pytest.raises(BadQuantity):
        quantity(words)


@pytest.mark.parametrize(
    ("type_", "value"),
    [("money", 100), ("money", "0.001元"), ("integer", "60"), ("boolean", 1), ("date", "2026-02-30")],
)
def test_a_parameter_of_another_type_than_it_says_is_refused(type_: str, value: Any) -> None:
    parameter = Parameter.model_validate({"title": "示例", "type": type_, "value": value})
    with pytest.raises(BadQuantity):
        parameter_value(parameter)


def test_a_title_says_the_threshold_that_it_names_and_follows_when_it_changes() -> None:
    def title(text: str) -> str:
        return load_programme(text.encode(), name="p.yaml").programme.lists["no_activity"].title.zh

    assert title(TEXT) == "1 亿元以上无研发活动的规上工业企业"
    assert title(TEXT.replace("value: 1亿元", "value: 1.2亿元")) == "1.2 亿元以上无研发活动的规上工业企业"


def test_a_title_that_names_no_parameter_is_refused_with_its_line() -> None:
    text = SMALL.replace("title: 够大", 'title: "不小于 {lest}"')
    with pytest.raises(Refused) as refused:
        load_programme(text.encode(), name="p.yaml")
    (finding,) = refused.value.findings
    assert (finding.code, finding.path) == (
        "unknown_parameter",
        "rule_sets.fit.versions.0.criteria.large.title",
    )
    assert (finding.line, finding.hint) == (21, "已有的参数：least")
    fits = SMALL.replace("title: 够大", 'title: "不小于 {least}"')
    (version,) = load_programme(fits.encode(), name="p.yaml").programme.rule_sets["fit"].versions
    assert version.criteria["large"].title.zh == "不小于 10"
