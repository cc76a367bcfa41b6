"""What many cases have in common is proposed once, over both databases: who counts, what is opened, and what joins it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.db.database import Database
from adapters.organisation import sample_directory
from adapters.programme.proposals import Ran
from adapters.programme.slots import Submit
from adapters.settings import Settings
from adapters.subjects.writing import NewSubject
from engine.access import Actor, Grant, Reach
from engine.case import Case, CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.directory import RegionId, SubjectId
from engine.loading import load
from engine.runtime import Accepted, Outcome
from tests.support.profiles import shipped_programme
from tests.support.stores import stored_rows
from workflows import shipped

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in China
PROVINCE = Reach(regions=("34",))
LAND = ("中试用地指标不足", "园区中试用地指标不足", "中试用地指标一直不足")


class Desk:
    def __init__(self, container: Container, clock: MovedClock) -> None:
        self.container, self.clock = container, clock
        self._n = 0

    def submit(self, command: Command) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(self.container.engine.handle([command])[0])
        return future

    def run(self) -> int:
        return self.run_all(self.submit)

    def run_all(self, submit: Submit) -> int:
        """Portion after portion to the end; how many were opened."""
        ran = self.container.proposals.run(submit, self.container.now())
        return ran.opened + (self.run_all(submit) if ran.more else 0)

    def tomorrow(self, days: int = 1) -> None:
        self.clock.advance(timedelta(days=days))

    def register(self, subject: str, title: str, region: str) -> None:
        new = NewSubject(
            id=SubjectId(subject), title=title, region=RegionId(region), since=MONDAY.date(), doubt=""
        )
        self.container.subjects.register_many([new], MONDAY)

    def issue(self, summary: str, region: str, topic: str = "land", *, subject: str = "", **more: Any) -> str:
        data = {"summary": summary, "source": "visit", "topic": topic, **more}
        return self.do(self._opening("issue", region, subject, data))

    def _opening(self, workflow: str, region: str, subject: str, data: dict[str, Any]) -> Open:
        return Open(
            id=self._key(),
            case=self.container.numbers.next(self.container.now()),
            actor=_actor("liaison", region),
            workflow=workflow,
            region=region,
            subject=subject,
            data=data,
        )

    def step(self, case: str, name: str, role: str, region: str = "34", **data: Any) -> None:
        actor = _actor(role, region)
        self.do(TakeStep(id=self._key(), case=CaseId(case), actor=actor, step=name, data=data))

    def do(self, command: Command) -> str:
        (outcome,) = self.container.engine.handle([command])
        assert isinstance(outcome, Accepted), outcome
        return str(outcome.receipt["case"])

    def _key(self) -> CommandId:
        self._n += 1
        return CommandId(f"desk-{self._n}")

    def common(self) -> list[Case]:
        """The common issues, in the order in which they were opened."""
        rows = stored_rows(self.container.database, "case")
        ids = [row["id"] for row in rows if row["workflow"] == "common_issue"]
        with self.container.store.unit() as unit:
            return [unit.load({CaseId(id_)}, ()).cases[CaseId(id_)] for id_ in ids]


def _actor(role: str, region: str) -> Actor:
    return Actor(id=f"p-{region}-{role}-1", grants=(Grant(role, region=region),), channel="test")


@contextmanager
def a_desk(database: Database) -> Iterator[Desk]:
    clock = MovedClock(MONDAY)
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    container = build(Settings(database_url=url, log="示例"), now=clock, upgrade=False)
    try:
        container.calendars.ensure("cn", MONDAY)
        container.directories.adopt(sample_directory([]), MONDAY)
        for name, data in shipped():
            if name in ("issue.yaml", "common_issue.yaml"):
                container.definitions.publish(load(data, name=name), MONDAY)
        container.programmes.publish(shipped_programme(), MONDAY)
        yield Desk(container, clock)
    finally:
        container.close()


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with a_desk(database) as made:
        yield made


def land(desk: Desk, *regions: str) -> list[str]:
    return [desk.issue(text, region) for text, region in zip(LAND, regions, strict=False)]


def test_three_alike_from_two_counties_make_one_candidate_that_lists_them(desk: Desk) -> None:
    cases = land(desk, "340104", "340104", "340102")
    desk.issue("研发费用归集口径不清", "340104", "rd_accounting")

    assert desk.run() == 1

    (common,) = desk.common()
    assert (common.state, common.region, sorted(common.data["cases"])) == ("candidate", "3401", cases)
    assert common.data["counties"] == 2
    assert common.data["matter"] == "用地用能环评：中试用地指标不足"


@pytest.mark.parametrize(
    ("regions", "topics"),
    [
        (("340104", "340102"), ("land", "land")),
        (("340104", "340104", "340104"), ("land", "land", "land")),
        (("340104", "3401", "3402"), ("land", "land", "land")),  # of cities themselves no county counts
        (("340104", "340102", "340202"), ("land", "land", "platform")),
    ],
    ids=["two cases", "one county", "no second county", "another topic"],
)
def test_too_few_cases_or_counties_are_not_proposed(
    desk: Desk, regions: tuple[str, ...], topics: tuple[str, ...]
) -> None:
    for text, region, topic in zip(LAND, regions, topics, strict=False):
        desk.issue(text, region, topic)
    assert (desk.run(), desk.common()) == (0, [])


def test_what_was_opened_before_the_span_does_not_count(desk: Desk) -> None:
    """Of ninety days, 2 March is the first if 30 May is the last; on 31 May it is none of them."""
    land(desk, "340104", "340104")
    desk.tomorrow(90)
    land(desk, "340102")
    assert desk.run() == 0

    desk.issue(LAND[1], "340102")
    desk.tomorrow()
    desk.issue(LAND[2], "340104")
    assert desk.run() == 1


def test_the_ninetieth_day_still_counts(desk: Desk) -> None:
    land(desk, "340104", "340104")
    desk.tomorrow(89)
    land(desk, "340102")
    assert desk.run() == 1


def test_nothing_is_proposed_twice_and_it_is_looked_once_a_day(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")
    assert [desk.run(), desk.run()] == [1, 0]
    for text in LAND:
        desk.issue(f"人才公寓{text[-2:]}", "340104", "talent")
        desk.issue(f"人才公寓{text[-2:]}", "340202", "talent")
    assert desk.run() == 0
    desk.tomorrow()
    assert desk.run() == 1
    desk.tomorrow()
    assert desk.run() == 0
    assert [common.region for common in desk.common()] == ["3401", "34"]


def test_what_grows_joins_the_candidate_and_opens_no_second_one(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")
    desk.run()
    (common,) = desk.common()
    more = land(desk, "340202", "340202", "340302")
    desk.tomorrow()

    assert (desk.run(), len(desk.common())) == (0, 1)
    (found,) = desk.container.proposals.found(desk.container.now())
    assert (found.joins, found.cases) == (common.id, tuple(more))


def test_a_case_that_people_drop_is_not_proposed_again_while_its_cases_are_recent(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")
    desk.run()
    (common,) = desk.common()
    desk.step(common.id, "drop", "coordinator", reason="已有政策")
    land(desk, "340202", "340202", "340302")
    desk.tomorrow()
    assert desk.run() == 0

    desk.tomorrow(100)
    later = land(desk, "340202", "340202", "340302")
    assert desk.run() == 1
    assert sorted(desk.common()[-1].data["cases"]) == later


def test_while_it_is_open_what_comes_months_later_still_joins_it(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")
    desk.run()
    (common,) = desk.common()
    desk.tomorrow(100)
    land(desk, "340202", "340202", "340302")
    assert desk.run() == 0
    assert [each.joins for each in desk.container.proposals.found(desk.container.now())] == [common.id]


def test_people_link_the_cases_of_their_choice(desk: Desk) -> None:
    first, second, third = land(desk, "340104", "340104", "340102")
    desk.run()
    (common,) = desk.common()
    chosen = [first, third]
    desk.step(
        common.id,
        "establish",
        "coordinator",
        cases=chosen,
        counties=2,
        unit="u-34-science",
        manual_reason="省级重点，人工立项",
    )
    (after,) = desk.common()
    assert (after.state, after.data["cases"]) == ("analysing", chosen)
    desk.tomorrow()
    assert desk.run() == 0
    found = desk.container.proposals.found(desk.container.now())
    assert [(each.joins, each.cases) for each in found] == [(common.id, (second,))]


def test_a_second_process_on_the_same_day_opens_nothing_more(desk: Desk) -> None:
    """The second one looks before the first has opened anything."""
    land(desk, "340104", "340104", "340102")
    raced: list[int] = []

    def submit_while_another_runs(command: Command) -> Future[Outcome]:
        if not raced:
            raced.append(-1)
            raced[0] = desk.run()
        return desk.submit(command)

    desk.run_all(submit_while_another_runs)
    assert (raced, len(desk.common())) == ([1], 1)


def test_killed_after_opening_the_next_run_opens_nothing_more(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")

    def submit_then_die(command: Command) -> Future[Outcome]:
        desk.submit(command)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.run_all(submit_then_die)
    assert len(desk.common()) == 1
    assert (desk.run(), len(desk.common())) == (0, 1)


def test_looking_is_done_in_portions_so_that_clocks_have_their_turn(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")
    first = desk.container.proposals.run(desk.submit, desk.container.now())
    assert (first, desk.common()) == (Ran(0, more=True), [])
    assert (desk.run(), len(desk.common())) == (1, 1)


def test_who_was_overtaken_while_looking_opens_nothing(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")
    desk.container.proposals.run(desk.submit, desk.container.now())
    with a_desk(desk.container.database) as other:
        assert other.run() == 1
    assert (desk.run(), len(desk.common())) == (0, 1)


@pytest.mark.parametrize(("registered", "opened"), [(True, 0), (False, 1)])
def test_names_of_subjects_regions_and_contacts_make_nothing_alike(
    desk: Desk, registered: bool, opened: int
) -> None:
    name = "示例长江精密机械制造股份有限公司"
    for n, region in enumerate(("340104", "340102", "340202")):
        subject = f"s-{n}"
        if registered:
            desk.register(subject, name, region)
        about = ("缺检测设备", "融资渠道窄", "环评手续慢")[n]
        desk.issue(f"{name}{about}", region, subject=subject, contact_name=f"蜀山区{name}")
    assert desk.run() == opened


def test_a_county_sees_no_proposal_that_holds_cases_of_another(desk: Desk) -> None:
    land(desk, "340104", "340104", "340102")
    now = desk.container.now()

    def seen(*regions: str) -> int:
        return len(desk.container.proposals.shown(now, Reach(regions=regions)))

    assert (seen("34"), seen("3401"), seen("340104"), seen("340104", "340102"), seen()) == (1, 1, 0, 0, 0)
    desk.run()
    desk.issue(LAND[0], "340104")  # it joins the candidate, which lists cases of another county
    assert (seen("3401"), seen("340104")) == (1, 0)
