"""工作情况通报: the month in figures for a region and the regions right under it, what is overdue, and what is asked for next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from engine.programme.ledger import TERMS

SHOWN_MOST: Final = 30  # overdue matters named in the letter; the rest is in the list of lights
DUE, CLOSED, IN_TIME, RED = "issue_due", "issue_closed_number", "issue_in_time_number", "red"
VISIT: Final = "visit"
INFLOWS, OUTFLOWS = ("entered", "relapsed", "moved_in"), ("cleared", "exited", "moved_out")

# What is shown of each region: the indicators of the programme, under the heads of the table.
_REGION_COLUMNS: Final = (
    ("issue_opened", Column("opened", "登记", Kind.INTEGER, 6)),
    (DUE, Column("due", "应办结", Kind.INTEGER, 6)),
    (CLOSED, Column("closed_number", "已办结", Kind.INTEGER, 6)),
    ("issue_closed", Column("closed", "办结率", Kind.PERCENT, 7)),
    (IN_TIME, Column("on_time_number", "按时答复", Kind.INTEGER, 6)),
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
_NOTE: Final = (
    "办结率、按时办结率都以应办结的为分母：时限内答复并经审核的算按时，回访以后才算办结，因此按时办结率可能高于办结率。"
    "解决率、满意率以回访已有结果、评价的为分母。"
)
_OWN: Final = (DUE, CLOSED, IN_TIME, RED)  # these follow from others, or from the moment
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
            _table(question, "regions", "各地工作情况", _REGION_COLUMNS, lines, note=_NOTE),
            *(_clearing(question, name, lines) for name in LISTS),
            _table(question, "process", "各地办理过程", _PROCESS_COLUMNS, lines),
            _red(question, red),
        ],
        fields={"issuer": question.names.office("liaison", question.region, question.today)},
        sections=[*_sections(question, lines[Place(question.region)], red)],
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
    if in_time := here.get("issue_in_time"):
        more[IN_TIME] = part_of(in_time, "按时答复")
    return more


def _table(
    question: Question,
    key: str,
    title: str,
    shown: Sequence[tuple[str, Column]],
    lines: _Lines,
    *,
    note: str = "",
) -> Table:
    rows = tuple(
        cells(_place(question, place), *_cells(found, (name for name, _ in shown)))
        for place, found in lines.items()
    )
    columns = (Column("region", "区划", width=12), *(column for _, column in shown))
    return Table(key, title, columns, rows, frozenset({0}), note)


def _place(question: Question, place: Place) -> str:
    return question.place(place) if place.is_own else question.names.region(place.region)


def _cells(found: _Found, names: Iterable[str]) -> Iterator[Figure | None]:
    """Nothing where a line has no rows of that kind."""
    return (found.get(name) for name in names)


def _clearing(question: Question, name: str, lines: _Lines) -> Table:
    """Every term of the identity, so that a line adds up as it stands."""
    columns = (
        Column("region", "区划", width=12),
        *(Column(term, TERM_WORDS[term], Kind.INTEGER, 7) for term in TERMS),
    )
    wanted = [f"{name}/{term}" for term in TERMS]
    rows = tuple(cells(_place(question, place), *_cells(found, wanted)) for place, found in lines.items())
    title = f"两清零进展：{question.figuring.list_title(name)}"
    return Table(f"clearing_{name}", title, columns, rows, frozenset({0}))


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


class _Saying:
    """The figures of one line in words; a rate with how many of how many."""

    def __init__(self, question: Question, found: _Found) -> None:
        self._calendar = question.names.calendar
        self._found = found

    def __call__(self, name: str) -> str:
        figure = self._found[name]
        kind = Kind.PERCENT if figure.measure == "rate" else Kind.NUMBER
        words = text_of(figure.value, kind, self._calendar)
        if figure.measure != "rate" or figure.value is None:
            return words
        return f"{words}（{len(figure.found.part)}/{len(figure.found.rows)}）"

    def is_known(self, name: str) -> bool:
        return self._found[name].value is not None


def _handled(say: _Saying) -> str:
    """The rates that can be said; why others cannot."""
    if not say.is_known("issue_closed"):
        return "期间没有到期应办结的诉求，不计比率。"
    few = not say.is_known("issue_satisfied")
    satisfied = "满意率因有效评价不足不予显示" if few else f"满意率 {say('issue_satisfied')}"
    solved = f"解决率 {say('issue_solved')}，" if say.is_known("issue_solved") else ""
    spent = f"，平均办理时长 {say('issue_hours')} 个工作小时" if say.is_known("issue_hours") else ""
    return (
        f"按时办结率 {say('issue_in_time')}（按原时限计 {say('issue_in_original_time')}），"
        f"{solved}{satisfied}{spent}。"
    )


def _visited(say: _Saying, red: Sequence[Case]) -> str:
    """What is over by its period is a rate; what a visit in hand is late with is said beside it."""

    def kept(name: str, title: str) -> str:
        return f"期满的{title}按期率 {say(name)}" if say.is_known(name) else f"{title}没有期满的，不计按期率"

    late = sum(case.workflow == VISIT for case in red)
    more = (
        f"另有 {late} 件走访事项期满未访，或者期内的环节（排期、登记、报告等）已超时限，列入超期事项。"
        if late
        else ""
    )
    return (
        f"共走访 {say('visits_made')} 次。{kept('city_visits', '市级走访任务')}；"
        f"{kept('key_visits', '重点联系企业走访任务')}。{more}"
    )


def _flow(question: Question, say: _Saying, name: str) -> str:
    """Opening, all that came and went, and closing: 期初 3 家，加新增 1、反弹 0、迁入 0，减销号 1、移出 0、迁出 0，期末 3 家."""

    def terms(*names: str) -> str:
        return "、".join(f"{TERM_WORDS[term]} {say(f'{name}/{term}')}" for term in names)

    return (
        f"{question.figuring.list_title(name)}：期初 {say(f'{name}/opening')} 家，加{terms(*INFLOWS)}，"
        f"减{terms(*OUTFLOWS)}，期末 {say(f'{name}/closing')} 家。"
    )


def _sections(question: Question, found: _Found, red: Sequence[Case]) -> Iterator[Section]:
    period, say = question.period.title, _Saying(question, found)
    yield Section(
        "issues",
        "企业诉求办理情况",
        (
            f"{period}，共登记企业诉求 {say('issue_opened')} 件，当场办结 {say('issue_on_site')} 件；"
            f"到期应办结 {say(DUE)} 件，已办结 {say(CLOSED)} 件，办结率 {say('issue_closed')}。",
            _handled(say),
        ),
    )
    yield Section("visits", "走访情况", (_visited(say, red),))
    yield Section("clearing", "两清零进展", tuple(_flow(question, say, name) for name in LISTS))
    more = f"以下列出前 {SHOWN_MOST} 件，其余见红黄灯清单。" if len(red) > SHOWN_MOST else ""
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
