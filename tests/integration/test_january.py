"""One January of the package as the programme opens it: sixteen cities, a moved clock, fifteen in time and one late.

Days by the calendar for 2026, by hand: the package is due at the end of Saturday 31 January, that is at 00:00 on 1 February.
Of 30, 22, 12 and 4 days before, Friday 2, Saturday 10, Tuesday 20 and Wednesday 28 January begin. Who sent it on the 23rd hears
no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.organisation import sample_directory
from adapters.settings import Settings
from engine.access import Actor, Grant, Reach
from engine.canonical import decode
from engine.case import CaseId, CommandId
from engine.commands import Command, TakeStep
from engine.loading import load
from engine.programme.periods import parse_period
from engine.runtime import Accepted, Outcome
from tests.support.profiles import shipped_programme
from tests.support.stores import stored_rows
from workflows import shipped

ZONE = ZoneInfo("Asia/Shanghai")
LATE = "3401"
PACKAGE = {
    "city_plan": ["示例-1"],
    "city_list": ["示例-2"],
    "city_count": 240,
    "absent_note": "县（区）由市代报",
}


def local(words: str) -> datetime:
    return datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).astimezone(UTC)


@dataclass
class Year:
    container: Container
    clock: MovedClock

    def until(self, words: str) -> None:
        """Midnight after midnight, with everything that is due on the way."""
        end = local(words)
        while self.clock() < end:
            today = self.clock().astimezone(ZONE).replace(hour=0, minute=0)
            self.clock.move_to(min(today + timedelta(days=1), end))
            self.work()

    def work(self) -> None:
        while self.container.slots.run(self.submit, self.clock(), 100).more:
            pass
        while self.container.engine.sweep(100):
            pass

    def submit(self, command: Command) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(self.container.engine.handle([command])[0])
        return future

    def packages(self) -> dict[str, str]:
        """The case of each city."""
        rows = stored_rows(self.container.database, "slot")
        return {row["target"]: row["case_id"] for row in rows if row["obligation"] == "january_package"}

    def send(self, city: str, case: str) -> None:
        actor = Actor(id=f"p-{city}-liaison-1", grants=(Grant("liaison", region=city),), channel="test")
        command = TakeStep(
            id=CommandId(f"send-{city}"), case=CaseId(case), actor=actor, step="submit", data=PACKAGE
        )
        (outcome,) = self.container.engine.handle([command])
        assert isinstance(outcome, Accepted), outcome

    def rung(self, case: str) -> list[tuple[str, str]]:
        """When the clock of January rang, and whether as a reminder or as its end."""
        found = []
        for event in stored_rows(self.container.database, "event"):
            if event["case_id"] == case and event["type"] == "clock.fired":
                fired = decode(event["data"])["inputs"]["fired"]
                if fired["clock"] == "january":
                    at = datetime.fromtimestamp(event["at"] / 1_000_000, ZONE)
                    found.append((f"{at:%m-%d %H:%M}", fired["rung"]))
        return found

    def told(self, case: str) -> Counter[str]:
        """Of how many rungs of the clock of January each person is to hear."""
        tasks = [row for row in stored_rows(self.container.database, "task") if row["case_id"] == case]
        bodies = [decode(row["body"]) for row in tasks if row["kind"] == "notify"]
        heard = {
            (body["rung"], person)
            for body in bodies
            if body.get("clock") == "january"
            for person in body["people"]
        }
        return Counter(person for _, person in heard)

    def lights(self) -> dict[str, str]:
        programme = self.container.programmes.current(self.clock()).programme
        found = self.container.figures.slots(
            programme,
            parse_period("2026"),
            self.clock(),
            reach=Reach(regions=("34",)),
            names=["january_package"],
        )
        return {each.slot.target: each.colour for each in found}


@pytest.fixture
def year(tmp_path: Path) -> Iterator[Year]:
    clock = MovedClock(local("2025-12-31 12:00"))
    container = build(Settings(database_url=f"sqlite:///{tmp_path / 'year.db'}", log="示例"), now=clock)
    container.directories.adopt(sample_directory([]), clock())
    for name, data in shipped():
        container.definitions.publish(load(data, name=name), clock())
    container.programmes.publish(shipped_programme(), clock())
    yield Year(container, clock)
    container.close()


def test_the_package_of_january_is_opened_reminded_of_and_late_where_it_is(year: Year) -> None:
    year.until("2025-12-31 23:59")
    assert year.packages() == {}
    year.until("2026-01-01 00:00")
    packages = year.packages()
    assert len(packages) == 16

    year.until("2026-01-23 10:00")
    for city, case in packages.items():
        if city != LATE:
            year.send(city, case)
    year.until("2026-01-31 23:59")
    assert Counter(year.lights().values()) == {"green": 15, "grey": 1}
    year.until("2026-02-02 09:00")

    assert year.packages() == packages
    before = [("01-02 00:00", "remind-1"), ("01-10 00:00", "remind-2"), ("01-20 00:00", "remind-3")]
    after = [("01-28 00:00", "remind-4"), ("02-01 00:00", "due")]
    rung = {city: year.rung(case) for city, case in packages.items()}
    assert rung == {city: before + (after if city == LATE else []) for city in packages}
    assert {city for city, light in year.lights().items() if light == "red"} == {LATE}
    assert Counter(year.lights().values()) == {"green": 15, "red": 1}


def test_reminders_go_to_the_liaison_and_the_leader_and_the_end_to_the_province_too(year: Year) -> None:
    year.until("2026-02-02 09:00")
    told = year.told(year.packages()[LATE])
    assert told == {"p-3401-liaison-1": 5, "p-3401-leader-1": 5, "p-34-coordinator-1": 1}
