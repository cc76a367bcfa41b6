"""Every report has something to say of a sample: of the smallest that is played, and of what `make run` begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.db.views import Filter
from adapters.reports.kinds import KINDS
from adapters.reports.letters import WrongCase
from adapters.reports.model import Report
from adapters.reports.service import Asked
from adapters.settings import Settings
from api.commands.opening import OPERATOR
from api.commands.sample import MANY, play, small
from api.simulation.setting import keep
from engine.access import Reach

AUTUMN = datetime(2026, 10, 26, 1, 0, tzinfo=UTC)  # a Monday, 09:00 in China
SPRING_FESTIVAL = datetime(2027, 2, 1, 1, 0, tzinfo=UTC)
PROVINCE = Reach(regions=("34",))
# Nobody has worked yet where `make run` begins: no visit was made, nothing is late, no order was given.
OF_WORK = {"worklog", "visit_report", "supervision_order", "urge_order", "common_issues", "lights"}
SUMMARY = "summary"  # a table of counts, which stands there without any row behind it


@contextmanager
def opened(folder: Path, at: datetime = AUTUMN) -> Iterator[tuple[Container, MovedClock]]:
    clock = MovedClock(at)
    settings = Settings(database_url=f"sqlite:///{folder / 'sample.db'}", files=folder / "files", log="示例")
    made = build(settings, now=clock)
    try:
        yield made, clock
    finally:
        made.close()


def cases(made: Container) -> dict[str, str]:
    """Every case, and of which workflow it is."""
    found: dict[str, str] = {}
    start = ""
    while True:
        page = made.views.list_cases(PROVINCE, Filter(), limit=200, start=start)
        found |= {case.id: case.workflow for case in page.cases}
        if not (start := page.next):
            return found


def written(made: Container, kind: str) -> Iterator[Report]:
    """The report as it comes out, for every case of which it can be written where it is about one."""
    for case in cases(made) if KINDS[kind].about == "case" else [""]:
        asked = Asked(kind=kind, case=case, region="" if case else "34")
        try:
            yield made.reports.build(asked, actor=OPERATOR, reach=PROVINCE, now=made.now())
        except WrongCase:
            continue


def says_something(made: Container, kind: str) -> bool:
    if KINDS[kind].about == "case":
        return any(report.fields["number"] for report in written(made, kind))
    return any(
        table.rows for report in written(made, kind) for table in report.tables if table.key != SUMMARY
    )


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """One enterprise, one issue a day, a month."""
    with opened(tmp_path_factory.mktemp("smallest")) as (made, clock):
        play(made, clock, enterprises=1, issues=1, days=30, seed=7)
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_has_rows_in_the_smallest_sample(smallest: Container, kind: str) -> None:
    assert says_something(smallest, kind)


def test_the_smallest_sample_has_an_order_and_a_package_for_january_with_its_counties(
    smallest: Container,
) -> None:
    (order,) = written(smallest, "supervision_order")
    assert order.fields["matter"] == "示例督办事项一件"
    asked = Asked(kind="january", period="2027", region="34")
    report = smallest.reports.build(asked, actor=OPERATOR, reach=PROVINCE, now=smallest.now())
    (counties,) = (table for table in report.tables if table.key == "counties")
    assert len(counties.rows) >= 4
    assert any(row[3].value is not None for row in counties.rows)  # some have reported


def test_a_month_with_long_holidays_fills_them_as_well(tmp_path: Path) -> None:
    with opened(tmp_path, SPRING_FESTIVAL) as (made, clock):
        play(made, clock, enterprises=1, issues=1, days=30, seed=7)
        assert [kind for kind in KINDS if not says_something(made, kind)] == []


def test_what_make_run_begins_with_fills_every_report_but_those_of_work_done(tmp_path: Path) -> None:
    with opened(tmp_path) as (made, _):
        small(made)
        writer = made.writer()
        try:
            keep(made, writer.submit)
        finally:
            writer.close()
        assert {kind for kind in KINDS if not says_something(made, kind)} == OF_WORK


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """As many enterprises as it takes for every workflow to have cases, a week."""
    with opened(tmp_path_factory.mktemp("larger")) as (made, clock):
        play(made, clock, enterprises=MANY, issues=2, days=7, seed=7)
        yield made


def test_a_sample_of_many_enterprises_has_cases_of_every_workflow(larger: Container) -> None:
    by_people = {
        "carrier",
        "matching",
        "intermediary",
        "commissioner",
        "liaison",
        "assignment",
        "annual_plan",
    }
    assert by_people | {"target_setting", "discipline_report"} <= set(cases(larger).values())


def test_a_sample_has_the_numbers_of_the_base_year_from_which_doubling_is_counted(larger: Container) -> None:
    (report,) = written(larger, "doubling")
    for table in report.tables[:2]:
        columns = [column.key for column in table.columns]
        assert table.rows[0][columns.index("base")].value
