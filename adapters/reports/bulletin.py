"""月度通报: the month in figures for a region and the regions right under it, what is overdue, and what is asked for next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from adapters.reports import rates
from adapters.reports.clearing import LISTS, ledger_figures, under
from adapters.reports.coverage import CITY, KEY, TITLES, kept_rate
from adapters.reports.lights import burning
from adapters.reports.model import Behind, Cell, Column, Figure, Kind, Report, Section, Table, cells
from adapters.reports.question import Question, case_details, member_details, slot_details
from adapters.reports.sources import Member, Slot
from adapters.reports.wording import text_of
from adapters.reports.worklog import made_visits
from engine.case import Case

SHOWN_MOST: Final = 30  # overdue matters named in the letter; the rest is in the list of lights


class Rows(NamedTuple):
    """What the bulletin counts, read once."""

    issues: Sequence[Case]
    visits: Sequence[Case]
    visit_cases: Mapping[str, Case]
    slots: Sequence[Slot]
    members: Sequence[Member]
    red: Sequence[Case]


def bulletin(question: Question) -> Report:
    rows = _read(question)
    regions = [question.region, *_below(question)]
    figures = {region: [*_figures(question, region, rows)] for region in regions}
    everything = {f.key: f for made in figures.values() for f in made}
    return question.report(
        title=f"{question.names.full_region(question.region)}{question.period.title}常态化服务企业工作情况通报",
        tables=[
            _regions(question, regions, everything),
            _clearing(question, regions, everything),
            _red(question, rows.red),
        ],
        fields={"issuer": question.names.office("liaison", question.region, question.today)},
        sections=[*_sections(question, everything, len(rows.red))],
        figures=everything.values(),
        details=[
            *case_details(question.names, [*rows.issues, *rows.visits, *rows.red]),
            *member_details(question.names, rows.members, LISTS),
            *slot_details(question.names, rows.slots, TITLES),
        ],
        sources=(
            "问题事项按时限到期日归入期间（含经批准的延期，只计已到期的），不含不予受理、撤回和并案；当场办结的另计",
            *(f"{rate.title}：{rate.note}" for rate in rates.RATES if rate.note),
            "两清零依名单变动记录；走访依走访任务",
        ),
    )


def _read(question: Question) -> Rows:
    sources, visits = question.sources, question.sources.cases("visit")
    red = sorted({b.case.id: b.case for b in burning(question, sources.cases()) if b.light == "red"}.items())
    slots = [slot for slot in sources.slots(CITY, KEY) if slot.last in question.period]
    return Rows(
        issues=sources.cases("issue"),
        visits=made_visits(question),
        visit_cases={case.id: case for case in visits},
        slots=slots,
        members=sources.members(*LISTS),
        red=[case for _, case in red],
    )


def _below(question: Question) -> list[str]:
    return question.names.regions(question.region, question.names.depth(question.region) + 1)


def _figures(question: Question, region: str, rows: Rows) -> Iterator[Figure]:
    names, period = question.names, question.period
    issues = [case for case in rows.issues if case.region.startswith(region)]
    opened = rates.opened_in(issues, period, names)
    cohort = rates.due_in(issues, period, names, question.now)
    yield _count(f"issues/{region}/opened", "登记诉求", opened)
    yield _count(f"issues/{region}/on_site", "当场办结", rates.settled_on_site(issues, period, names))
    yield _count(f"issues/{region}/due", "应办结", cohort)
    yield _count(f"issues/{region}/closed", "已办结", [case for case in cohort if case.ended])
    yield from rates.figures_of(region, cohort, names.calendar)
    yield _count(f"visits/{region}", "走访次数", [v for v in rows.visits if v.region.startswith(region)])
    yield _count(f"red/{region}", "红灯事项", [case for case in rows.red if case.region.startswith(region)])
    slots = [slot for slot in rows.slots if slot.region.startswith(region)]
    for obligation in TITLES:
        yield kept_rate(question, obligation, slots, rows.visit_cases, region)
    for name in LISTS:
        mine = under((m for m in rows.members if m.list == name), region)
        yield from ledger_figures(name, region, mine, period)


def _count(key: str, title: str, cases: Sequence[Case]) -> Figure:
    return Figure(key, title, tuple(Behind(case.id) for case in cases))


_REGION_COLUMNS: Final = (
    ("issues/{}/opened", Column("opened", "登记", Kind.INTEGER, 6)),
    ("issues/{}/due", Column("due", "应办结", Kind.INTEGER, 6)),
    ("rates/{}/closed", Column("closed", "办结率", Kind.PERCENT, 7)),
    ("rates/{}/on_time", Column("on_time", "按时办结率", Kind.PERCENT, 7)),
    ("rates/{}/on_time_original", Column("on_time_original", "按原时限", Kind.PERCENT, 7)),
    ("rates/{}/solved", Column("solved", "解决率", Kind.PERCENT, 7)),
    ("rates/{}/satisfied", Column("satisfied", "满意率", Kind.PERCENT, 7)),
    ("visits/{}", Column("visits", "走访", Kind.INTEGER, 6)),
    ("red/{}", Column("red", "红灯", Kind.INTEGER, 6)),
)


def _regions(question: Question, regions: Sequence[str], figures: Mapping[str, Figure]) -> Table:
    rows = tuple(
        cells(question.names.region(region), *(figures[key.format(region)] for key, _ in _REGION_COLUMNS))
        for region in regions
    )
    columns = (Column("region", "区划", width=12), *(column for _, column in _REGION_COLUMNS))
    return Table("regions", "各地工作情况", columns, rows, frozenset({0}))


_CLEARING_TERMS: Final = (("opening", "期初"), ("entered", "新增"), ("cleared", "销号"), ("closing", "期末"))


def _clearing(question: Question, regions: Sequence[str], figures: Mapping[str, Figure]) -> Table:
    heads = {"no_activity": "无研发活动", "no_institution": "无研发机构"}
    columns = [Column("region", "区划", width=12)]
    columns += [
        Column(f"{name}_{term}", f"{head}{title}", Kind.INTEGER, 7)
        for name, head in heads.items()
        for term, title in _CLEARING_TERMS
    ]
    rows = tuple(
        cells(
            question.names.region(region),
            *(figures[f"{name}/{region}/{term}"] for name in heads for term, _ in _CLEARING_TERMS),
        )
        for region in regions
    )
    return Table("clearing", "两清零进展", tuple(columns), rows, frozenset({0}))


def _red(question: Question, red: Sequence[Case]) -> Table:
    names = question.names
    rows = tuple(
        cells(
            n, case.id, names.workflow(case), names.subject(case.subject), names.full_region(case.region),
            names.holder(case), Cell(names.state(case), "red"),
        )
        for n, case in enumerate(red[:SHOWN_MOST], start=1)
    )  # fmt: skip
    columns = (
        Column("n", "序号", Kind.INTEGER, 5),
        Column("case", "事项编号", width=13),
        Column("workflow", "流程", width=13),
        Column("subject", "服务对象", width=16),
        Column("region", "区划", width=11),
        Column("holder", "经办", width=18),
        Column("state", "环节", width=9),
    )
    return Table("red", "超期事项", columns, rows)


def _sections(question: Question, figures: Mapping[str, Figure], red: int) -> Iterator[Section]:
    region, period = question.region, question.period.title

    def say(key: str) -> str:
        figure = figures[key.format(region)]
        kind = Kind.PERCENT if figure.measure == "rate" else Kind.NUMBER
        return text_of(figure.value, kind, question.names.calendar)

    yield Section(
        "issues",
        "企业诉求办理情况",
        (
            f"{period}，共登记企业诉求 {say('issues/{}/opened')} 件，当场办结 {say('issues/{}/on_site')} 件；"
            f"到期应办结 {say('issues/{}/due')} 件，"
            f"已办结 {say('issues/{}/closed')} 件，办结率 {say('rates/{}/closed')}。",
            f"按时办结率 {say('rates/{}/on_time')}（按原时限计 {say('rates/{}/on_time_original')}），"
            f"解决率 {say('rates/{}/solved')}，满意率 {say('rates/{}/satisfied')}，"
            f"平均办理时长 {say('rates/{}/hours')} 个工作小时。",
        ),
    )
    yield Section(
        "visits",
        "走访情况",
        (
            f"共走访 {say('visits/{}')} 次。到期的市级走访任务按期率 {say(f'{CITY}/{{}}/rate')}，"
            f"重点联系企业走访任务按期率 {say(f'{KEY}/{{}}/rate')}。",
        ),
    )
    yield Section(
        "clearing",
        "两清零进展",
        tuple(
            f"{title}的企业：期初 {say(f'{name}/{{}}/opening')} 家，新增 {say(f'{name}/{{}}/entered')} 家，"
            f"反弹 {say(f'{name}/{{}}/relapsed')} 家，销号 {say(f'{name}/{{}}/cleared')} 家，"
            f"期末 {say(f'{name}/{{}}/closing')} 家。"
            for name, title in LISTS.items()
        ),
    )
    more = f"以下列出前 {SHOWN_MOST} 件，其余见红黄灯清单。" if red > SHOWN_MOST else ""
    yield Section(
        "overdue",
        "存在的问题",
        (f"目前超期事项 {say('red/{}')} 件。{more}" if red else "目前没有超期事项。",),
    )
    yield Section(
        "next",
        "下一步要求",
        (
            "各地各单位对超期事项要逐件查明原因，限期办结；对即将到期的事项要提前安排，不得以延期代替办理。",
            "对“两清零”企业，要落实专人包保和一企一策方案，达标的及时核验销号，并按期回头看。",
        ),
    )
