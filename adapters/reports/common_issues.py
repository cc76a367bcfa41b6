"""共性问题分析: problems that several subjects share, how often and where they were raised, what was proposed, what became of it.

四（一）省 4. An issue is in the report of each period in which it was in hand; linked matters count if the reader sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from adapters.reports.details import details_of, rows_of
from adapters.reports.fields import COMMON, ISSUE
from adapters.reports.letters import paragraphs, said
from adapters.reports.model import Cell, Column, Figure, Kind, Light, Report, Section, Table, cells, counted
from adapters.reports.question import Question
from engine.case import Case
from engine.programme.selecting import ended_at

WORKFLOW: Final = "common_issue"
NO_TOPIC: Final = "（未归类）"
SHARED_BY, PLACES = (
    3,
    2,
)  # from how many matters of how many counties on a class may be one issue (workflow, 立项)


class Shared(NamedTuple):
    """A common issue with the matters that are linked to it."""

    case: Case
    words: Mapping[str, str]
    linked: Sequence[Case]
    number: Figure


def common_issues(question: Question) -> Report:
    issues: dict[str, Case] = {case.id: case for case in question.sources.cases("issue")}
    shared = [_shared(question, case, issues) for case in _in_hand(question)]
    topics = _topics(question, issues.values())
    figures = [*(each.number for each in shared), *topics.values()]
    return question.report(
        title=f"{question.names.full_region(question.region)}{question.period.title}共性问题分析报告",
        tables=[
            _issue_table(question, shared),
            _topic_table(question, topics, issues, shared),
            _linked_table(question, shared),
        ],
        sections=[_summary(question, shared, topics), *(_section(question, each) for each in shared)],
        fields={"issuer": question.names.office("coordinator", question.region, question.today)},
        figures=figures,
        details=details_of(question, rows_of(figures)),
        sources=(
            "共性问题事项：期间内在办的；关联诉求：立项和补充时关联、在本区划内的问题事项",
            f"诉求类别：期间内登记的问题事项；同类 {SHARED_BY} 件以上、涉及 {PLACES} 个县（区）以上的可以立项（默认值，可配置）",
        ),
        conditions=(("事项", "期间内在办的共性问题"),),
    )


def _in_hand(question: Question) -> list[Case]:
    """Opened before the period ended, and not over before it began."""
    names, period = question.names, question.period
    found = []
    for case in question.sources.cases(WORKFLOW):
        opened, ended = names.day(case.opened_at), names.day(ended_at(case))
        if opened and opened <= period.last and (ended is None or ended >= period.first):
            found.append(case)
    return sorted(found, key=lambda case: (case.opened_at, case.id))


def _shared(question: Question, case: Case, issues: Mapping[str, Case]) -> Shared:
    """What was linked later replaces the field; the links themselves stay."""
    given = case.data.get("cases", ())
    ids = sorted({*map(str, given), *case.related} & set(issues))
    count = counted(f"linked/{case.id}", "关联诉求", ids, column=f"关联 {case.id}", region=question.region)
    return Shared(case, said(question, case, COMMON), [issues[each] for each in ids], count)


def _topics(question: Question, issues: Iterable[Case]) -> dict[str, Figure]:
    """The matters of the period by class, the most frequent first."""
    found: dict[str, list[str]] = {}
    for case in issues:
        if question.names.day(case.opened_at) in question.period:
            found.setdefault(_topic(question, case), []).append(case.id)
    ordered = sorted(found, key=lambda topic: (topic == NO_TOPIC, -len(found[topic]), topic))
    return {
        topic: counted(f"topic/{topic}", topic, found[topic], column=topic, region=question.region)
        for topic in ordered
    }


def _topic(question: Question, case: Case) -> str:
    return question.names.value(case, "topic") or NO_TOPIC


def _counties(question: Question, cases: Iterable[Case]) -> list[str]:
    return [question.names.full_region(region) for region in sorted({case.region for case in cases})]


def adoption(case: Case) -> tuple[str, Light]:
    """What became of the proposal, in a word."""
    if case.state == "dropped":
        return "不予立项", "grey"
    if "decline" in case.taken:
        return "不采纳", "yellow"
    if "implement" in case.taken:
        return "采纳并落实", "green"
    if "adopt" in case.taken:
        return "采纳", "green"
    return ("待批示" if "propose" in case.taken else "研究中"), ""


def _why(each: Shared) -> str:
    """What was said with the decision; an instruction to hurry is none."""
    end, _ = adoption(each.case)
    if end in ("不采纳", "不予立项"):
        return each.words["reason"]
    return each.words["decision"] if end.startswith("采纳") else ""


# Tables

_COLUMNS: Final = (
    Column("n", "序号", Kind.INTEGER, 4),
    Column("case", "事项编号", width=8),
    Column("matter", "共性问题", width=16),
    Column("linked", "关联诉求（件）", Kind.INTEGER, 5),
    Column("counties", "涉及县（区）", Kind.INTEGER, 5),
    Column("places", "分布", width=14),
    Column("unit", "研究单位", width=10),
    Column("analysis", "成因分析", width=20),
    Column("measure", "建议类型", width=8),
    Column("proposal", "建议", width=20),
    Column("adoption", "采纳情况", width=7),
    Column("decision", "批示或理由", width=14),
    Column("outcome", "落实情况", width=14),
    Column("state", "当前环节", width=8),
)


def _issue_table(question: Question, shared: Iterable[Shared]) -> Table:
    rows = []
    for n, each in enumerate(shared, start=1):
        words, places = each.words, _counties(question, each.linked)
        rows.append(
            cells(
                n, each.case.id, words["matter"], each.number, len(places), "、".join(places), words["unit"],
                words["analysis"], words["measure"], words["proposal"], Cell(*adoption(each.case)),
                _why(each), words["outcome"], question.names.state(each.case),
            )
        )  # fmt: skip
    return Table("issues", "共性问题清单", _COLUMNS, tuple(rows))


def _topic_table(
    question: Question, topics: Mapping[str, Figure], issues: Mapping[str, Case], shared: Iterable[Shared]
) -> Table:
    whole = sum(len(figure.rows) for figure in topics.values())
    taken_up = [_topic(question, case) for each in shared for case in each.linked]
    rows = []
    for topic, figure in topics.items():
        places = {issues[row].region for row in figure.rows}
        is_frequent = topic != NO_TOPIC and len(figure.rows) >= SHARED_BY and len(places) >= PLACES
        rows.append(
            cells(
                topic, figure, f"{100 * len(figure.rows) / whole:.1f}%", len(places),
                "是" if is_frequent else "否", taken_up.count(topic),
            )
        )  # fmt: skip
    columns = (
        Column("topic", "问题类别", width=16),
        Column("number", "登记（件）", Kind.INTEGER, 8),
        Column("share", "占比", width=8),
        Column("counties", "涉及县（区）", Kind.INTEGER, 8),
        Column("frequent", "达到立项件数", width=8),
        Column("linked", "已关联共性问题（件）", Kind.INTEGER, 10),
    )
    return Table("topics", "诉求类别分布", columns, tuple(rows))


def _linked_table(question: Question, shared: Iterable[Shared]) -> Table:
    names, rows = question.names, []
    for each in shared:
        for case in each.linked:
            words = said(question, case, ISSUE)
            rows.append(
                cells(
                    each.words["matter"], case.id, words["summary"], words["topic"], names.subject(case.subject),
                    names.full_region(case.region), names.day(case.opened_at), names.state(case),
                )
            )  # fmt: skip
    columns = (
        Column("matter", "共性问题", width=16),
        Column("case", "诉求编号", width=8),
        Column("summary", "问题摘要", width=20),
        Column("topic", "问题类别", width=10),
        Column("subject", "企业", width=14),
        Column("region", "区划", width=12),
        Column("opened", "登记日期", Kind.DATE, 7),
        Column("state", "环节", width=8),
    )
    return Table("linked", "关联诉求", columns, tuple(rows))


# The letter


def _summary(question: Question, shared: Sequence[Shared], topics: Mapping[str, Figure]) -> Section:
    whole = sum(len(figure.rows) for figure in topics.values())
    ends = [adoption(each.case)[0] for each in shared]
    first = f"{question.period.title}，共登记企业诉求 {whole} 件"
    named = [f"{topic} {len(figure.rows)} 件" for topic, figure in topics.items() if topic != NO_TOPIC][:5]
    lines = [f"{first}，较集中的类别是：{'，'.join(named)}。" if named else f"{first}。"]
    if shared:
        linked = {case.id for each in shared for case in each.linked}
        lines.append(
            f"期间在办共性问题 {len(shared)} 项，关联诉求 {len(linked)} 件，"
            f"涉及 {len(_counties(question, (c for s in shared for c in s.linked)))} 个县（区）。"
            f"其中已采纳 {sum(end.startswith('采纳') for end in ends)} 项，不采纳 {ends.count('不采纳')} 项，"
            f"待批示 {ends.count('待批示')} 项，研究中 {ends.count('研究中')} 项，不予立项 {ends.count('不予立项')} 项。"
        )
    else:
        lines.append("期间没有在办的共性问题。")
    return Section("summary", "总体情况", tuple(lines))


def _section(question: Question, each: Shared) -> Section:
    return Section(each.case.id, each.words["matter"].rstrip("。"), tuple(_told(question, each)))


def _told(question: Question, each: Shared) -> Iterator[str]:
    places, words = _counties(question, each.linked), each.words
    where = f"，涉及{'、'.join(places)}" if places else ""
    state = question.names.state(each.case)
    yield f"频次和分布：关联诉求 {each.number.value} 件{where}。事项编号 {each.case.id}，当前环节：{state}。"
    for key, title in (
        ("analysis", "成因分析"),
        ("proposal", "建议"),
        ("outcome", "落实情况"),
        ("feedback", "反馈"),
    ):
        if lines := paragraphs(words[key]):
            kind = f"（{words['measure']}）" if key == "proposal" and words["measure"] else ""
            yield f"{title}{kind}：{lines[0]}"
            yield from lines[1:]
        elif key in ("analysis", "proposal") and each.case.is_open:
            yield f"{title}：尚在研究。"
    yield f"采纳情况：{adoption(each.case)[0]}。{_why(each)}"
