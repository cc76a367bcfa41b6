"""Every number in a workbook equals the rows behind it, and the rows equal a slow count over the world that made them.

The first is asked of the written file by another library, the second by plain loops that know nothing of figures.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.reports.model import Report
from adapters.reports.period import Period, parse_period
from adapters.reports.sources import Member, Slot
from adapters.reports.xlsx import DETAILS, write_xlsx
from engine.access import Reach
from engine.case import Case
from tests.support.reporting import NOW, WATERMARK, MemorySources, a_case, a_clock, a_report
from tests.support.story_office import ZONE, calendar

COUNTIES = ("340102", "340104", "340171", "340202", "340203", "341823")
PERIODS = ("2026-02", "2026-03", "2026-Q1", "2026-H1", "2026", "2026-03-17")
SCOPES = ("34", "3401", "3402", "340104", "341823")
DAY_ONE = date(2026, 1, 1)
STATES = ("handling", "closed", "rejected", "withdrawn", "explained")

days = st.integers(0, 95).map(lambda n: DAY_ONE + timedelta(days=n))


@st.composite
def issues(draw: st.DrawFn, number: int) -> Case:
    state, opened = draw(st.sampled_from(STATES)), draw(days)
    due = opened + timedelta(days=draw(st.integers(1, 40)))
    stopped = draw(st.none() | st.integers(1, 50).map(lambda n: opened + timedelta(days=n)))
    data: dict[str, Any] = {}
    if draw(st.booleans()):
        data["rating"] = draw(st.sampled_from(["satisfied", "fairly", "unsatisfied"]))
        data["solved"] = draw(st.sampled_from(["solved", "partly", "unsolved"]))
    return a_case(
        "issue",
        f"i-{number:03d}",
        region=draw(st.sampled_from(COUNTIES)),
        state=state,
        opened=opened.isoformat(),
        ended="" if state == "handling" else "final",
        data=data,
        taken={"dispatch": opened.isoformat()},
        clocks={"answer": a_clock(started=str(opened), due=str(due), stopped=str(stopped) if stopped else "")}
        if draw(st.integers(0, 4))
        else {},
    )


@st.composite
def spells(draw: st.DrawFn, number: int) -> Member:
    since = draw(days) - timedelta(days=draw(st.integers(0, 60)))
    length = draw(st.none() | st.integers(0, 80))
    return Member(
        draw(st.sampled_from(["no_activity", "no_institution"])),
        f"s-{number:03d}",
        number,
        draw(st.sampled_from(COUNTIES)),
        since,
        None if length is None else since + timedelta(days=length),
        draw(st.sampled_from(["entered", "relapsed", "moved_in"])),
        "" if length is None else draw(st.sampled_from(["cleared", "exited", "moved_out"])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> MemorySources:
    cases = [draw(issues(n)) for n in range(draw(st.integers(0, 20)))]
    members = [draw(spells(n)) for n in range(draw(st.integers(0, 20)))]
    slots = []
    for n, city in enumerate(("3401", "3402", "3418")):
        for month in (1, 2, 3):
            steps = draw(st.sampled_from([(), ("finish",), ("make_up", "finish")]))
            visit = a_case(
                "visit", f"v-{n}{month}", region=city, taken=dict.fromkeys(steps, f"2026-0{month}-20")
            )
            cases.append(visit)
            first = date(2026, month, 1)
            last = date(2026, month + 1, 1) - timedelta(days=1)
            slots.append(Slot("city_visit", city, f"2026-0{month}", city, first, last, visit.id))
    return MemorySources(tuple(cases), tuple(members), tuple(slots))


@given(worlds(), st.sampled_from(PERIODS), st.sampled_from(SCOPES))
@settings(max_examples=25)
def test_every_number_in_a_workbook_is_recounted_from_its_rows(
    world: MemorySources, period: str, scope: str
) -> None:
    sources = MemorySources(**{**vars(world), "region": scope})
    for kind in ("bulletin", "clearing", "worklog"):
        recounted(a_report(kind, sources, period=period))
    recounted(a_report("coverage", sources, period="2026"))


def recounted(report: Report) -> None:
    """Every linked number of the written file, from the lines of the sheet of rows alone."""
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(report, WATERMARK, calendar())))
    behind: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    first: dict[int, str] = {}
    if DETAILS in book.sheetnames:
        for line, row in enumerate(book[DETAILS].iter_rows(min_row=4, values_only=True), start=4):
            behind[str(row[0])].append(row)
            first[line] = str(row[0])
    linked = 0
    for table, sheet in zip(report.tables, book.worksheets, strict=False):
        for row in sheet.iter_rows(min_row=4, max_row=3 + len(table.rows)):
            for cell in row:
                if cell.hyperlink:
                    key = first[int(cell.hyperlink.location.rsplit("A", 1)[1])]
                    assert shown(cell.value) == recount(behind[key]), (table.key, key)
                    linked += 1
    assert linked == sum(
        bool(behind[cell.figure])
        for table in report.tables
        for row in table.rows
        for cell in row
        if cell.figure
    )


def shown(value: Any) -> float | None:
    return None if value == "—" or value is None else round(float(value), 9)


def recount(rows: list[tuple[Any, ...]]) -> float | None:
    """By the way that the sheet itself names."""
    how, yes = rows[0][2], [row for row in rows if row[3] == "是"]
    if how == "计数":
        return float(len(rows))
    if how == "占比":
        few = rows[0][0].endswith("/satisfied") and len(rows) < 5
        return None if few else round(len(yes) / len(rows), 9)
    now, then = (sum(Fraction(row[4]) for row in some) for some in (yes, [r for r in rows if r[3] == "否"]))
    return round(float(now / then), 9)


@given(worlds(), st.sampled_from(PERIODS), st.sampled_from(SCOPES))
@settings(max_examples=60)
def test_the_figures_equal_a_slow_count_over_the_world(world: MemorySources, words: str, scope: str) -> None:
    sources, period = MemorySources(**{**vars(world), "region": scope}), parse_period(words)
    found = {f.key: f.value for f in a_report("bulletin", sources, period=words).figures}
    expected = slow(world, period, scope)
    assert {key: found[key] for key in expected} == expected


def slow(world: MemorySources, period: Period, scope: str) -> Mapping[str, Any]:
    opened = due = closed = in_time = solved = reached = 0
    for case in world.all_cases:
        if case.workflow != "issue" or case.region[: len(scope)] != scope:
            continue
        local = case.opened_at.astimezone(ZONE).date()
        opened += period.first <= local <= period.last
        clock = case.clocks.get("answer")
        if clock is None or clock.due_at > NOW or case.state in ("rejected", "withdrawn"):
            continue
        if period.first <= clock.due_at.astimezone(ZONE).date() <= period.last:
            due += 1
            closed += case.ended != ""
            stopped = clock.segments[-1][1]
            in_time += stopped is not None and stopped <= clock.due_at
            if "solved" in case.data:
                reached += 1
                solved += case.data["solved"] == "solved"
    return {
        f"issues/{scope}/opened": opened,
        f"issues/{scope}/due": due,
        f"rates/{scope}/closed": Fraction(closed, due) if due else None,
        f"rates/{scope}/on_time": Fraction(in_time, due) if due else None,
        f"rates/{scope}/solved": Fraction(solved, reached) if reached else None,
        **slow_ledger(world, period, scope),
    }


def slow_ledger(world: MemorySources, period: Period, scope: str) -> Mapping[str, int]:
    """Day by day: who stood on the list on the evening before, who came and went on each day, who stands at the end."""
    counts: dict[str, int] = {}
    for name in ("no_activity", "no_institution"):
        mine = [m for m in world.all_members if m.list == name and m.region[: len(scope)] == scope]
        standing = {
            m.subject for m in mine if m.since < period.first and not (m.until and m.until < period.first)
        }
        counts |= {
            f"{name}/{scope}/{term}": 0
            for term in ("entered", "relapsed", "moved_in", "cleared", "exited", "moved_out")
        }
        counts[f"{name}/{scope}/opening"] = len(standing)
        day = period.first
        while day <= period.last:
            for member in mine:
                if member.since == day:
                    standing.add(member.subject)
                    counts[f"{name}/{scope}/{member.how_in}"] += 1
                if member.until == day:
                    standing.discard(member.subject)
                    counts[f"{name}/{scope}/{member.how_out}"] += 1
            day += timedelta(days=1)
        counts[f"{name}/{scope}/closing"] = len(standing)
    return counts


@given(worlds(), st.sampled_from(PERIODS))
@settings(max_examples=40)
def test_the_counties_of_a_city_and_the_cities_of_the_province_add_up(
    world: MemorySources, words: str
) -> None:
    values = {
        f.key: f.value for f in a_report("clearing", world, period=words).figures if f.measure == "count"
    }
    for name in ("no_activity", "no_institution"):
        for term in ("opening", "entered", "cleared", "closing"):
            of = {
                key.split("/")[1]: value
                for key, value in values.items()
                if key.startswith(name) and key.endswith(term)
            }
            lowest = {region: value for region, value in of.items() if len(region) == 6 or ".self" in region}
            for region in (region for region in of if len(region) < 6):
                assert of[region] == sum(value for part, value in lowest.items() if part.startswith(region))
        for region in {key.split("/")[1] for key in values if key.startswith(name)}:
            t = {key.rsplit("/", 1)[1]: v for key, v in values.items() if key.startswith(f"{name}/{region}/")}
            assert t["closing"] == t["opening"] + t["entered"] + t["relapsed"] + t["moved_in"] - (
                t["cleared"] + t["exited"] + t["moved_out"]
            )


@given(worlds(), st.sampled_from(PERIODS), st.sampled_from(("3401", "3402", "340104")))
@settings(max_examples=40)
def test_what_lies_out_of_reach_changes_nothing_in_a_report(
    world: MemorySources, words: str, scope: str
) -> None:
    """The same report, whether or not the rest of the world is there."""
    alone = MemorySources(
        tuple(c for c in world.all_cases if c.region.startswith(scope)),
        tuple(m for m in world.all_members if m.region.startswith(scope)),
        tuple(s for s in world.all_slots if s.region.startswith(scope)),
        region=scope,
    )
    whole = MemorySources(**{**vars(world), "region": scope, "reach": Reach(regions=(scope,))})
    for kind in ("bulletin", "clearing", "worklog", "coverage", "lights"):
        period = "2026" if kind == "coverage" else words
        assert a_report(kind, whole, period=period).digest == a_report(kind, alone, period=period).digest
