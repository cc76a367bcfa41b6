"""Papers about one matter: 走访报告, 一企一策方案, 督办单, 催办单. One paper for one matter (一事一单)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from adapters.reports.fields import CITY_REPORT, ISSUE, ORDER, PLAN, VISIT_REPORT, Wanted
from adapters.reports.limits import clock_table, limits
from adapters.reports.model import Column, Kind, Report, Section, Table, cells, counted
from adapters.reports.question import Question
from adapters.reports.wording import day_words
from engine import clocks
from engine.case import Case
from engine.directory import Of
from engine.errors import BihuanError, UnknownCase

__all__ = ["WrongCase", "plan", "supervision_order", "urge_order", "visit_report"]

DISCIPLINE: Final = (
    "本次走访未干预企业正常生产经营活动，未要求企业报销或者承担任何费用，未参与有损形象的活动。"
)
NONE: Final = "无。"


class WrongCase(BihuanError):
    """Raised when a paper is asked for about a case of which it cannot be written; the hint says which it can."""

    code, kind = "wrong_case_for_report", "invalid"


def the_case(question: Question, *workflows: str) -> Case:
    """The case asked about. Errors: `UnknownCase`, also where it lies outside the reach; `WrongCase`."""
    found = question.sources.case(question.case) if question.case else None
    if not question.case:
        raise WrongCase(f"{question.title}须指明事项", hint="写事项编号：--case 编号，或请求中的 case")
    if found is None:
        raise UnknownCase(f"没有编号为 {question.case} 的事项", hint="核对编号，或检查您的职责范围")
    if workflows and found.workflow not in workflows:
        raise WrongCase(
            f"{question.title}不能用于“{question.names.workflow(found)}”",
            hint=f"只用于这些流程的事项：{'、'.join(workflows)}",
        )
    return found


def said(question: Question, case: Case, wanted: Iterable[Wanted]) -> dict[str, str]:
    return {each.key: question.names.value(case, *each.names) for each in wanted}


def _sections(question: Question, case: Case, wanted: Iterable[Wanted]) -> Iterator[Section]:
    for each in wanted:
        words = question.names.value(case, *each.names)
        yield Section(each.key, each.title, paragraphs(words) or (NONE,))


def paragraphs(words: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in words.splitlines() if line.strip())


# 走访报告


def visit_report(question: Question) -> Report:
    """In the order of requirements §4.3. Errors: `WrongCase` where the visit has not taken place."""
    visit = the_case(question, "visit")
    names = question.names
    if "finish" not in visit.taken:
        raise WrongCase("这次走访还没有完成，不能写走访报告", hint="完成走访（签到、登记）以后再导出")
    issues = _raised(question, visit)
    day = day_words(names.day(visit.taken["finish"].last_at))
    target = names.subject(visit.subject) if visit.subject else names.full_region(visit.region)
    fields = {
        "number": visit.id,
        "target": target,
        "code": visit.subject,
        "region": names.full_region(visit.region),
        "day": day,
        "place": names.value(visit, "place"),
        "visitors": names.value(visit, "visitors"),
        "hosts": names.value(visit, "hosts"),
        "method": names.value(visit, "method"),
        "unit": names.unit(visit.holder.unit)
        if visit.holder.unit
        else names.units_of(visit.taken["finish"].by),
        "author": _by(question, visit, "file_report"),
        "reviewer": _by(question, visit, "approve"),
        "reported_on": _day_of(question, visit, "file_report"),
        "discipline": DISCIPLINE if visit.data.get("declared") is True else "（尚未作纪律声明）",
        "photos": f"{len(visit.data.get('photos', ()))} 份" if visit.data.get("photos") else "无",
    }
    count = counted(f"visit/{visit.id}/problems", "反映问题", (case.id for case in issues))
    return question.report(
        title=f"关于走访{target}情况的报告",
        fields={**fields, "problems": str(count.value)},
        sections=_sections(question, visit, VISIT_REPORT if visit.subject else CITY_REPORT),
        tables=[_issue_table(question, issues)],
        figures=[count],
        sources=(f"走访事项 {visit.id} 及其转出的诉求",),
        conditions=(("事项", visit.id),),
    )


_ISSUE_COLUMNS: Final = (
    Column("n", "序号", Kind.INTEGER, 4),
    Column("number", "事项编号", width=12),
    Column("summary", "问题摘要", width=18),
    Column("topic", "类别", width=8),
    Column("category", "紧急程度", width=8),
    Column("lead", "主办单位", width=10),
    Column("co", "协办单位", width=10),
    Column("solution", "解决方案及建议", width=16),
    Column("state", "进展", width=8),
)


def _issue_table(question: Question, issues: Iterable[Case]) -> Table:
    names, rows = question.names, []
    for number, issue in enumerate(issues, start=1):
        words = said(question, issue, ISSUE)
        category = names.value(issue, "category")
        rows.append(
            cells(
                number, issue.id, words["summary"], words["topic"], category,
                words["lead"], words["co"], words["advice"], names.state(issue),
            )
        )  # fmt: skip
    return Table("issues", "问题清单", _ISSUE_COLUMNS, tuple(rows))


def _raised(question: Question, visit: Case) -> list[Case]:
    """The issues that came out of a visit, as far as the reader may see them."""
    found = (question.sources.case(other) for other in sorted(visit.related))
    return [case for case in found if case and case.workflow == "issue"]


def _by(question: Question, case: Case, step: str) -> str:
    taken = case.taken.get(step)
    return "、".join(question.names.person(each) for each in taken.by) if taken else ""


def _day_of(question: Question, case: Case, step: str) -> str:
    taken = case.taken.get(step)
    return day_words(question.names.day(taken.last_at)) if taken else ""


# 一企一策、专人包保方案


def plan(question: Question) -> Report:
    case = the_case(question, "rd_institution", "rd_activity")
    names, words = question.names, said(question, case, PLAN)
    is_policy = case.workflow == "rd_institution"
    target = names.subject(case.subject)
    revenue = case.data.get("revenue")
    fields = {
        **words,
        "number": case.id,
        "target": target,
        "code": case.subject,
        "region": names.full_region(case.region),
        "kind": "一企一策" if is_policy else "专人包保",
        "aim": "组建研发机构" if is_policy else "开展研发活动",
        "project": _project(question, case),
        "data_year": str(case.data.get("data_year", "")),
        "revenue": f"{revenue:,} 万元" if isinstance(revenue, int) else "",
        "state": names.state(case),
        "author": _by(question, case, "submit_plan"),
        "approver": _by(question, case, "approve_plan"),
        "approved_on": _day_of(question, case, "approve_plan"),
    }
    section = Section("plan", "工作措施", paragraphs(words["plan"]) or ("（方案尚未报送）",))
    return question.report(
        title=f"{target}{fields['kind']}方案",
        fields=fields,
        sections=[section],
        tables=[_haves(question, case)],
        sources=(f"事项 {case.id}",),
        conditions=(("事项", case.id),),
    )


def _project(question: Question, case: Case) -> str:
    """The R&D project in a sentence: what, with how many people and how much money, for which result."""
    told = {
        name: question.names.value(case, name)
        for name in ("project", "people", "budget", "result", "partner")
    }
    if not told["project"]:
        return ""
    parts = [
        f"研发项目“{told['project']}”",
        f"研发人员 {told['people']} 人" if told["people"] else "",
        f"经费预算 {told['budget']} 万元" if told["budget"] else "",
        f"预期结果：{told['result']}" if told["result"] else "",
        f"合作单位：{told['partner']}" if told["partner"] else "",
    ]
    return "，".join(part for part in parts if part) + "。"


def _haves(question: Question, case: Case) -> Table:
    """The lanes of the case: for an institution, the five haves."""
    definition, rows = question.names.definition(case.digest), []
    for key, lane in case.lanes.items():
        group = definition.states.get(lane.group)
        titled = group.parallel.lanes.get(key) if group and group.parallel else None
        state = definition.lanes[lane.type].states[lane.state].title.zh
        fact, number = lane.data.get("item_fact", ""), lane.data.get("item_number")
        rows.append(cells(titled.zh if titled else _lane_title(key), str(fact), number, state))
    columns = (
        Column("item", "条件", width=10),
        Column("fact", "落实情况", width=24),
        Column("number", "数量", Kind.INTEGER, 8),
        Column("state", "状态", width=10),
    )
    return Table("items", "五有落实情况", columns, tuple(rows))


def _lane_title(key: str) -> str:
    known = {"site": "研发场地", "facility": "研发设施", "fund": "研发经费", "staff": "研发人员"}
    return {**known, "activity": "研发活动"}.get(key, key)


# 督办单、催办单


def supervision_order(question: Question) -> Report:
    case = the_case(question, "supervision")
    about = [c for other in sorted(case.related) if (c := question.sources.case(other))]
    fields = {
        **said(question, case, ORDER),
        "number": case.id,
        "issued_on": day_words(question.names.day(case.opened_at)),
        "region": question.names.full_region(case.region),
        "target": question.names.subject(case.subject),
        "state": question.names.state(case),
        "about": "、".join(each.id for each in about) or "（人工开出）",
        "issuer": question.names.office("supervisor", case.region, question.today, Of.ABOVE),
        **limits(question, case),
    }
    fields["requirement"] = fields["requirement"] or "请立即查明超期原因，限期办结，并报告整改情况。"
    return _order(question, f"督办单〔{case.id}〕", case, clock_table(question, [case, *about]), fields)


def urge_order(question: Question) -> Report:
    """Errors: `WrongCase` where no clock of the case is past its end."""
    case = the_case(question)
    if not any(clocks.light(c, question.now, question.names.calendar) == "red" for c in case.clocks.values()):
        raise WrongCase(f"事项 {case.id} 没有超期的时限，无须催办", hint="超期事项见红黄灯清单")
    fields = {
        **said(question, case, ORDER),
        "number": case.id,
        "issued_on": day_words(question.today),
        "opened_on": day_words(question.names.day(case.opened_at)),
        "region": question.names.full_region(case.region),
        "target": question.names.subject(case.subject),
        "workflow": question.names.workflow(case),
        "state": question.names.state(case),
        "holder": question.names.holder(case),
        **limits(question, case),
    }
    fields["issuer"] = question.names.office("liaison", case.region, question.today, Of.ABOVE)
    whose = f"{fields['target'] or fields['region']}的{fields['workflow']}"
    fields["matter"], fields["target"] = fields["matter"] or whose, fields["target"] or fields["region"]
    holder = case.holder.unit and question.names.unit(case.holder.unit)
    fields["unit"] = holder or fields["unit"] or "承办单位"
    table = clock_table(question, [case], ("red", "yellow"))
    return _order(question, f"催办单〔{case.id}〕", case, table, fields)


def _order(question: Question, title: str, case: Case, table: Table, fields: dict[str, str]) -> Report:
    return question.report(
        title=title,
        fields=fields,
        tables=[table],
        sources=(f"事项 {case.id} 的时钟和记录",),
        conditions=(("事项", case.id),),
    )
