"""工作情况通报: the month in figures for a region and the regions right under it, what is overdue, and what is asked for next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from adapters.programme.figures import TERM_WORDS
from adapters.reports.clearing import LISTS, under_each_other
from adapters.reports.coverage import RATES as VISITED
from adapters.reports.details import details_of, rows_of
from adapters.reports.figuring import Place, marked, part_of, whole_of
from adapters.reports.lights import burning
from adapters.reports.model import Cell, Column, Figure, Kind, Report, Section, Table, cells, of_rows
from adapters.reports.question import Question
from adapters.reports.wording import text_of
from engine.case import Case

SHOWN_MOST: Final = 30  # overdue matters named in the letter; the rest is in the list of lights
DUE, CLOSED, RED = "issue_due", "issue_closed_number", "red"

# What is shown of each region: the indicators of the programme, under the heads of the table.
_REGION_COLUMNS: Final = (
    ("issue_opened", Column("opened", "登记", Kind.INTEGER, 6)),
    (DUE, Column("due", "应办结", Kind.INTEGER, 6)),
    ("issue_closed", Column("closed", "办结率", Kind.PERCENT, 7)),
    ("issue_in_time", Column("on_time", "按时办结率", Kind.PERCENT, 7)),
    ("issue_in_original_time", Column("on_time_original", "按原时限", Kind.PERCENT, 7)),
    ("issue_solved", Column("solved", "解决率", Kind.PERCENT, 7)),
    ("issue_satisfied", Column("satisfied", "满意率", Kind.PERCENT, 7)),
    ("visits_made", Column("visits", "走访", Kind.INTEGER, 6)),
    (RED, Column("red", "红灯", Kind.INTEGER, 6)),
)
_PROCESS_COLUMNS: Final = (
    ("issue_signed", Column("signed", "签收及时率", Kind.PERCENT, 8)),
    ("issue_response", Column("response", "响应率", Kind.PERCENT, 8)),
    ("issue_called_back", Column("called_back", "回访率", Kind.PERCENT, 8)),
    ("issue_reached", Column("reached", "回访成功率", Kind.PERCENT, 8)),
    ("issue_extended", Column("extended", "延期率", Kind.PERCENT, 8)),
    ("issue_handed_back", Column("handed_back", "退回率", Kind.PERCENT, 8)),
    ("issue_redone", Column("redone", "重办率", Kind.PERCENT, 8)),
    ("issue_parked", Column("parked", "挂账率", Kind.PERCENT, 8)),
    ("issue_hours", Column("hours", "平均办理时长（工作小时）", Kind.NUMBER, 10)),
)
_HEADS: Final = {"no_activity": "无研发活动", "no_institution": "无研发机构"}
_TERMS: Final = ("opening", "entered", "cleared", "closing")
_OWN: Final = (DUE, CLOSED, RED)  # these follow from others, or from the moment
INDICATORS: Final = (
    "issue_on_site",
    *(name for name, _ in (*_REGION_COLUMNS, *_PROCESS_COLUMNS) if name not in _OWN),
    *VISITED.values(),
)
_Found = Mapping[str, Figure]
_Lines = Mapping[Place, _Found]


def bulletin(question: Question) -> Report:
    red = _burning(question)
    lines = _lines(question, red)
    figures = [figure for found in lines.values() for figure in found.values()]
    return question.report(
        title=f"{question.names.full_region(question.region)}{question.period.title}常态化服务企业工作情况通报",
        tables=[
            _table(question, "regions", "各地工作情况", _REGION_COLUMNS, lines),
            _clearing(question, lines),
            _table(question, "process", "各地办理过程", _PROCESS_COLUMNS, lines),
            _red(question, red),
        ],
        fields={"issuer": question.names.office("liaison", question.region, question.today)},
        sections=[*_sections(question, lines[Place(question.region)], len(red))],
        figures=figures,
        details=details_of(question, rows_of(figures)),
        sources=_sources(question),
    )


def _sources(question: Question) -> Iterator[str]:
    yield "各项数字按施行中的工作方案计算，与指标接口同一口径"
    yield "问题事项按时限到期日归入期间（含经批准的延期，只计已到期的），不含不予受理、撤回和并案；当场办结的另计"
    for name in INDICATORS:
        indicator = question.figuring.indicator(name)
        if indicator.note:
            yield f"{indicator.title.zh}：{indicator.note}"
        if indicator.suppress_below:
            yield f"{indicator.title.zh}：有效样本不足 {indicator.suppress_below} 件的不显示"
    yield "红灯事项：取数时已超期的在办事项"


def _burning(question: Question) -> list[Case]:
    cases = question.sources.cases(open_only=True)
    return [
        c
        for _, c in sorted({b.case.id: b.case for b in burning(question, cases) if b.light == "red"}.items())
    ]


def _lines(question: Question, red: Sequence[Case]) -> _Lines:
    """The region asked for, and each right under it; what lies in none of those has a line where there is any."""
    level = question.names.depth(question.region) + 1
    found: dict[Place, dict[str, Figure]] = {}
    for placed in (
        question.figuring.table(INDICATORS, level=level),
        *(question.figuring.ledger(name, level=level) for name in LISTS),
    ):
        for place, figures in placed.items():
            here = found.setdefault(place, {})
            here |= {figure.key.removesuffix(f"/{place.key}"): figure for figure in figures.values()}
    return under_each_other({place: {**here, **_more(place, here, red)} for place, here in found.items()})


def _more(place: Place, here: _Found, red: Sequence[Case]) -> dict[str, Figure]:
    rows = [
        c.id for c in red if (c.region == place.region if place.is_own else c.region.startswith(place.region))
    ]
    more = {RED: marked(RED, "红灯事项", of_rows(rows), place, measure="count")}
    if closed := here.get("issue_closed"):
        more |= {DUE: whole_of(closed, "应办结"), CLOSED: part_of(closed, "已办结")}
    return more


def _table(
    question: Question, key: str, title: str, shown: Sequence[tuple[str, Column]], lines: _Lines
) -> Table:
    rows = tuple(
        cells(_place(question, place), *_cells(found, (name for name, _ in shown)))
        for place, found in lines.items()
    )
    columns = (Column("region", "区划", width=12), *(column for _, column in shown))
    return Table(key, title, columns, rows, frozenset({0}))


def _place(question: Question, place: Place) -> str:
    return question.place(place) if place.is_own else question.names.region(place.region)


def _cells(found: _Found, names: Iterable[str]) -> Iterator[Figure | None]:
    """Nothing where a line has no rows of that kind."""
    return (found.get(name) for name in names)


def _clearing(question: Question, lines: _Lines) -> Table:
    columns = [Column("region", "区划", width=12)]
    columns += [
        Column(f"{name}_{term}", f"{head}{TERM_WORDS[term]}", Kind.INTEGER, 7)
        for name, head in _HEADS.items()
        for term in _TERMS
    ]
    wanted = [f"{name}/{term}" for name in _HEADS for term in _TERMS]
    rows = tuple(cells(_place(question, place), *_cells(found, wanted)) for place, found in lines.items())
    return Table("clearing", "两清零进展", tuple(columns), rows, frozenset({0}))


def _red(question: Question, red: Sequence[Case]) -> Table:
    names = question.names
    rows = tuple(
        cells(
            n, case.id, names.workflow(case), names.target(case), names.full_region(case.region),
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


def _handled(found: _Found, say: Callable[[str], str]) -> str:
    """The rates that can be said; why others cannot."""
    if found["issue_closed"].value is None:
        return "期间没有到期应办结的诉求，不计比率。"
    few = found["issue_satisfied"].value is None
    satisfied = "满意率因有效评价不足不予显示" if few else f"满意率 {say('issue_satisfied')}"
    solved = "" if found["issue_solved"].value is None else f"解决率 {say('issue_solved')}，"
    hours = found["issue_hours"].value
    spent = "" if hours is None else f"，平均办理时长 {say('issue_hours')} 个工作小时"
    return (
        f"按时办结率 {say('issue_in_time')}（按原时限计 {say('issue_in_original_time')}），"
        f"{solved}{satisfied}{spent}。"
    )


def _sections(question: Question, found: _Found, red: int) -> Iterator[Section]:
    period = question.period.title

    def say(name: str) -> str:
        figure = found[name]
        kind = Kind.PERCENT if figure.measure == "rate" else Kind.NUMBER
        return text_of(figure.value, kind, question.names.calendar)

    def kept(name: str, title: str) -> str:
        return f"{title}尚无到期的" if found[name].value is None else f"到期的{title}按期率 {say(name)}"

    yield Section(
        "issues",
        "企业诉求办理情况",
        (
            f"{period}，共登记企业诉求 {say('issue_opened')} 件，当场办结 {say('issue_on_site')} 件；"
            f"到期应办结 {say(DUE)} 件，已办结 {say(CLOSED)} 件，办结率 {say('issue_closed')}。",
            _handled(found, say),
        ),
    )
    yield Section(
        "visits",
        "走访情况",
        (
            f"共走访 {say('visits_made')} 次。{kept('city_visits', '市级走访任务')}，"
            f"{kept('key_visits', '重点联系企业走访任务')}。",
        ),
    )
    yield Section(
        "clearing",
        "两清零进展",
        tuple(
            f"{title}的企业：期初 {say(f'{name}/opening')} 家，新增 {say(f'{name}/entered')} 家，"
            f"反弹 {say(f'{name}/relapsed')} 家，销号 {say(f'{name}/cleared')} 家，"
            f"期末 {say(f'{name}/closing')} 家。"
            for name, title in LISTS.items()
        ),
    )
    more = f"以下列出前 {SHOWN_MOST} 件，其余见红黄灯清单。" if red > SHOWN_MOST else ""
    yield Section(
        "overdue",
        "存在的问题",
        (f"目前超期事项 {say(RED)} 件。{more}" if red else "目前没有超期事项。",),
    )
    yield Section(
        "next",
        "下一步要求",
        (
            "各地各单位对超期事项要逐件查明原因，限期办结；对即将到期的事项要提前安排，不得以延期代替办理。",
            "对“两清零”企业，要落实专人包保和一企一策方案，达标的及时核验销号，并按期回头看。",
        ),
    )
