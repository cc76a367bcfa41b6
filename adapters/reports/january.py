"""元月报送: which city sent its package in time, which counties reported, and the list of service objects, merged by city.

五（一）: plans and lists of the year, merged by each city, by 31 January; what comes later is on the late list and stays there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from adapters.programme.figures import Coloured
from adapters.reports.details import details_of, rows_of
from adapters.reports.figuring import Place
from adapters.reports.model import (
    Cell,
    Column,
    Detail,
    Figure,
    Kind,
    Light,
    Report,
    Section,
    Table,
    cells,
    counted,
)
from adapters.reports.question import Question
from adapters.reports.sources import Member
from adapters.reports.wording import day_words
from engine.case import Case, lane_clock

OBLIGATION: Final = "january_package"
COMPLETE: Final = "january_complete"  # the indicator of it
SUBMIT: Final = "submit"
OBJECTS: Final = "service_objects"
NOT_BEGUN: Final = "尚未开展"
TAGS: Final = (
    "start_ups",
    "filed_sme",
    "certified_high_tech",
    "no_activity",
    "no_institution",
    "high_tech_candidates",
)
_WORDS: Final[Mapping[Light, str]] = {
    "green": "按时报送",
    "yellow": "逾期报送",
    "red": "逾期未报",
    "grey": "未到期限",
}


def january(question: Question) -> Report:
    names, year = question.names, question.period.year
    packages = {
        case.region: case
        for case in question.sources.cases("january_package")
        if case.data.get("year") == year
    }
    slots = {each.slot.target: each for each in question.figuring.slots(OBLIGATION)}
    members = [m for m in question.sources.members(OBJECTS, *TAGS) if m.is_on(question.cutoff)]
    cities = names.regions(question.region, 1)
    lights = {city: package_light(question, slots.get(city)) for city in cities}
    figures = [*_figures(question, lights, members)]
    late = [names.region(city) for city in cities if lights[city] in ("yellow", "red")]
    return question.report(
        title=_title(question),
        tables=[
            _cities(question, cities, packages, lights, figures),
            _counties(question, packages),
            _objects(question, members),
        ],
        sections=[*_letter(question, lights, late, figures)],
        fields={
            "year": str(year),
            "to": "安徽省科学技术厅" if names.depth(question.region) else "各市科技局",
            "issuer": names.office("liaison", question.region, question.today),
            "late": "、".join(late) or "无",
        },
        figures=figures,
        details=[
            *(Detail(f"city/{c}", "报送单位", names.region(c), names.region(c), code=c) for c in cities),
            *details_of(question, rows_of(figures)),
        ],
        sources=(
            "元月报送事项（每市一件）及其县（区）各线；服务对象名单",
            "期限：当年1月31日（方案五（一）），不因休息日顺延",
        ),
    )


def _title(question: Question) -> str:
    """A city writes to the province; the province tells everybody."""
    year, region = question.period.year, question.names.full_region(question.region)
    if question.names.depth(question.region):
        return f"关于报送{region}{year}年度服务企业实施方案和服务企业清单的函"
    return f"关于{year}年度服务企业实施方案和服务企业清单报送情况的通报"


def package_light(question: Question, slot: Coloured | None) -> Light:
    """As the obligation has it; a city that was never asked is late all the same, once it is an obligation."""
    if slot is not None:
        return slot.colour
    return "red" if has_begun(question) and question.today > _deadline(question) else "grey"


def has_begun(question: Question) -> bool:
    """Whether the package of that year was owed at all: a term that was over before operation began is not made up for."""
    since = question.figuring.since(OBLIGATION)
    return since is not None and _deadline(question) >= since


def _words(question: Question) -> Mapping[Light, str]:
    return _WORDS if has_begun(question) else {**_WORDS, "grey": NOT_BEGUN}


def _deadline(question: Question) -> date:
    return question.period.first.replace(month=1, day=31)


def _figures(question: Question, lights: Mapping[str, Light], members: Sequence[Member]) -> Iterator[Figure]:
    for light, word in _words(question).items():
        rows = [f"city/{city}" for city, lit in lights.items() if lit == light]
        yield counted(f"packages/{light}", word, rows, column=word, region=question.region)
    whole = question.figuring.table([COMPLETE], level=question.names.depth(question.region) + 1)
    yield from whole[Place(question.region)].values()
    for region in [question.region, *lights]:
        rows = [m.row for m in members if m.list == OBJECTS and m.region.startswith(region)]
        yield counted(f"objects/{region}", "清单企业数", rows, column="清单企业数", region=region)


_CITY_COLUMNS: Final = (
    Column("city", "市", width=7),
    Column("light", "报送情况", width=7),
    Column("day", "报送日期", Kind.DATE, 7),
    Column("counties", "应报县（区）", Kind.INTEGER, 8),
    Column("reported", "已报县（区）", Kind.INTEGER, 8),
    Column("declared", "报送清单企业数", Kind.INTEGER, 9),
    Column("number", "系统在册企业数", Kind.INTEGER, 9),
    Column("note", "未报县（区）及原因", width=24),
    Column("case", "事项编号", width=8),
)


def _cities(
    question: Question,
    cities: Sequence[str],
    packages: Mapping[str, Case],
    lights: Mapping[str, Light],
    figures: Sequence[Figure],
) -> Table:
    counts = {figure.key: figure for figure in figures}
    rows = tuple(
        cells(
            question.names.region(city),
            Cell(_words(question)[lights[city]], lights[city]),
            *_package_cells(question, packages.get(city)),
            counts[f"objects/{city}"],
            question.names.value(packages[city], "absent_note") if city in packages else "",
            packages[city].id if city in packages else "",
        )
        for city in cities
    )
    return Table("cities", "各市报送情况", _CITY_COLUMNS, rows)


def _package_cells(question: Question, package: Case | None) -> tuple[Cell, ...]:
    if package is None:
        return cells(None, None, None, None)
    taken = package.taken.get(SUBMIT)
    reported = [lane for lane in package.lanes.values() if lane.outcome == "done"]
    count = package.data.get("city_count")
    day = question.names.day(taken.last_at) if taken else None
    return cells(day, len(package.lanes), len(reported), count if isinstance(count, int) else None)


def _counties(question: Question, packages: Mapping[str, Case]) -> Table:
    rows = []
    for city, package in sorted(packages.items()):
        for unit, lane in package.lanes.items():
            clock, count = package.clocks.get(lane_clock(unit)), lane.data.get("county_count")
            is_late = clock is not None and (clock.cycle > 1 or clock.status == "late")
            light: Light = ("yellow" if is_late else "green") if lane.outcome == "done" else "red"
            light = "grey" if not lane.outcome and not is_late else light
            words = {"green": "按时县报", "yellow": "迟报", "red": "未报", "grey": "未到期限"}[light]
            rows.append(
                cells(
                    question.names.region(city), question.names.unit(unit), Cell(words, light),
                    count if isinstance(count, int) else None,
                )
            )  # fmt: skip
    columns = (
        Column("city", "市", width=10),
        Column("unit", "县（区）科技部门", width=22),
        Column("light", "县报情况", width=9),
        Column("count", "清单企业数", Kind.INTEGER, 9),
    )
    return Table("counties", "县（区）报送情况", columns, tuple(rows))


def _objects(question: Question, members: Sequence[Member]) -> Table:
    """The merged list: one line for each subject, with the classes it belongs to."""
    tags: dict[str, list[str]] = {}
    for member in members:
        if member.list in TAGS:
            tags.setdefault(member.subject, []).append(question.figuring.list_title(member.list))
    objects = sorted((m for m in members if m.list == OBJECTS), key=lambda m: (m.region, m.subject))
    rows = tuple(
        cells(
            n, m.subject, question.names.subject(m.subject), question.names.full_region(m.region),
            "、".join(tags.get(m.subject, ())), m.since,
        )
        for n, m in enumerate(objects, start=1)
    )  # fmt: skip
    columns = (
        Column("n", "序号", Kind.INTEGER, 4),
        Column("code", "统一社会信用代码", width=11),
        Column("title", "企业名称", width=20),
        Column("region", "所属县（区）", width=14),
        Column("tags", "类别", width=26),
        Column("since", "列入日期", Kind.DATE, 9),
    )
    return Table("objects", "服务企业清单", columns, rows)


def _letter(
    question: Question, lights: Mapping[str, Light], late: Sequence[str], figures: Sequence[Figure]
) -> Iterator[Section]:
    by_key, year = {figure.key: figure for figure in figures}, question.period.year
    number = by_key[f"objects/{question.region}"].value
    listed = f"服务企业清单共列入企业 {number} 家，其中"
    parts = "，".join(f"{question.names.region(c)} {by_key[f'objects/{c}'].value} 家" for c in lights)
    if question.names.depth(question.region):
        yield Section(
            "list",
            "报送内容",
            (
                f"按照省科技厅要求，现将我市{year}年度常态化服务企业实施方案和服务企业清单汇总报上，请审阅。",
                f"服务企业清单共列入企业 {number} 家。",
            ),
        )
        return
    if not has_begun(question):
        words = f"{year}年度的报送期限在本工作方案施行以前，尚未开展，不补报。"
        yield Section("state", "报送情况", (words, f"{listed}{parts}。"))
        return
    met, whole = len(by_key["packages/green"].rows), len(lights)
    yield Section(
        "state",
        "报送情况",
        (f"截至{day_words(question.cutoff)}，{whole} 个市中按时报送的 {met} 个。", f"{listed}{parts}。"),
    )
    if not late and question.today <= _deadline(question):
        yield Section("late", "逾期名单", (f"报送期限为{day_words(_deadline(question))}，尚未到期。",))
        return
    words = f"逾期的市：{'、'.join(late)}。请抓紧补报，并说明原因。" if late else "各市均已按时报送。"
    yield Section("late", "逾期名单", (words,))
