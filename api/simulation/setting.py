"""The setting of a province: the invented organisation and enterprises, the shipped workflows and programme, key enterprises.

Used by `bihuan serve --sample` (small), `bihuan sample` (any size) and the proof of a year. Everything is marked 示例.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from adapters.bootstrap import Container
from adapters.population import FIRST_YEAR, Invented
from adapters.programme.slots import Submit
from adapters.subjects.writing import NewSubject
from api.simulation.province import Happening
from api.simulation.words import SUMMARIES
from engine.directory import SubjectId
from engine.programme.spells import Spell
from engine.subjects import TIMELESS, Observation, Value

__all__ = [
    "KEY_IN_EACH_CITY",
    "KEY_LIST",
    "an_issue",
    "for_every_report",
    "for_every_workflow",
    "keep",
    "nominate",
    "observed",
    "set_bases",
    "settle",
]

KEY_LIST: Final = "key_subjects"
KEY_IN_EACH_CITY: Final = 10  # 四（一）省 2：每个服务团联系 10 家以上重点企业
_SOURCE: Final = "示例：统计年报"
_SLOTS: Final = 200
_CLEARED: Final = ("no_activity", "no_institution")
_THRESHOLD: Final = 10_000  # 万元
_SINCE: Final = date(FIRST_YEAR, 1, 1)


def settle(made: Container, people: Sequence[Invented], *, known_from: date) -> None:
    """Register the enterprises with their figures, as if known since `known_from`; those that are there already stay."""
    there = made.subjects.known([each.id for each in people])
    new = [each for each in people if each.id not in there]
    now = made.now()
    with made.subjects.unit(now) as unit:
        unit.register_many(
            NewSubject(id=each.id, title=each.title, region=each.region, since=_SINCE) for each in new
        )
        unit.observe_many(
            observed(each.id, year, facts, entered_at=now, vintage=_vintage(year, known_from))
            for each in new
            for year, facts in each.figures.items()
        )


def observed(
    subject: SubjectId, year: int, facts: Mapping[str, Value], *, entered_at: datetime, vintage: date
) -> Observation:
    return Observation(
        subject=subject,
        year=year,
        facts=facts,
        source=_SOURCE,
        vintage=vintage,
        entered_by="sample",
        entered_at=entered_at,
    )


def nominate(made: Container, people: Iterable[Invented], *, in_each: int = KEY_IN_EACH_CITY) -> int:
    """The largest enterprises of each city on the list of key ones; how many were put on it."""
    by_city: defaultdict[str, list[Invented]] = defaultdict(list)
    for each in people:
        by_city[each.region[:4]].append(each)
    chosen = [each for city in sorted(by_city) for each in sorted(by_city[city], key=_size)[:in_each]]
    with made.subjects.unit(made.now()) as unit:
        for each in chosen:
            spell = Spell(
                list=KEY_LIST,
                subject=each.id,
                n=1,
                region=each.region,
                since=made.now(),
                year=max(each.figures),
                evidence={"by": "sample", "note": "示例"},
            )
            made.memberships.put_on(unit.connection, spell)
    return len(chosen)


def an_issue(rng: random.Random, people: Sequence[Invented]) -> Happening:
    """By the enterprise itself, or by the liaison after a survey or a meeting."""
    who, role = rng.choice(people), rng.choice(("client", "liaison"))
    source = "self" if role == "client" else rng.choice(("survey", "meeting"))
    topic = rng.choice(sorted(SUMMARIES))
    data: dict[str, Any] = {"summary": rng.choice(SUMMARIES[topic]), "source": source, "topic": topic}
    return Happening("issue", who.region, who.id, role, data)


def for_every_report(made: Container, people: Sequence[Invented], first: date, last: date) -> list[Happening]:
    """What some report is about and nothing else may bring in those days: an order, a package for January, a plan."""
    who, found = people[0], [_an_order(people[0].region)]
    if all(day.month != 1 for day in _days(first, last)):  # else the obligation opens one for each city
        found.append(_a_package(made, who.region[:4], first.year + 1))
    if not any(made.subjects.members_by_region(name) for name in _CLEARED):
        found.append(_a_plan(who))
    return found


def _an_order(region: str) -> Happening:
    data = {"matter": "示例督办事项一件", "requirement": "限期办结并报告整改情况（示例）"}
    return Happening("supervision", region, "", "supervisor", data)


def _a_package(made: Container, city: str, year: int) -> Happening:
    """Given out ahead of its year."""
    directory = made.directories.current()
    units = [f"u-{region.id}-science" for region in directory.regions if region.parent == city]
    data = {"year": year, "counties": [unit for unit in units if directory.unit(unit)]}
    return Happening("january_package", city, "", "province", data)


def _a_plan(who: Invented) -> Happening:
    """Of one too small for the lists, as the note says: the workflow takes nobody below its threshold."""
    data = {"data_year": max(who.figures), "revenue": _THRESHOLD, "screening_note": "示例：规模不足，供试用"}
    return Happening("rd_activity", who.region, who.id, "liaison", data)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def for_every_workflow(rng: random.Random, people: Sequence[Invented], year: int) -> list[Happening]:
    """A few cases of each workflow that nothing else opens within a month."""
    found = []
    for workflow, role, is_about_one, data in _BY_PEOPLE:
        for who in rng.sample(people, _OF_EACH):
            found.append(Happening(workflow, who.region, who.id if is_about_one else "", role, data))
    for city in sorted({each.region[:4] for each in people})[:_OF_EACH]:
        found.append(Happening("annual_plan", city, "", "team_liaison", {"year": year}))
        found.append(Happening("target_setting", city, "", "province", {"year": year}))
    return found


_OF_EACH: Final = 4
_BY_PEOPLE: Final[Sequence[tuple[str, str, bool, Mapping[str, Any]]]] = (
    ("carrier", "client", True, {}),
    ("matching", "client", True, {"summary": "寻找表面处理工艺合作方（示例）"}),
    ("intermediary", "client", True, {}),
    ("commissioner", "client", True, {}),
    ("liaison", "coordinator", False, {}),
    ("assignment", "issuer", False, {"matter": "排查规上企业研发机构情况（示例）"}),
    ("discipline_report", "client", True, {"matter": "反映走访时间与生产冲突（示例）"}),
)


def set_bases(made: Container, *, region: str = "34") -> None:
    """The numbers of 2021 from which the doubling is counted, for the province and each city: invented, two thirds of today's."""
    with made.subjects.unit(made.now()) as unit:
        for indicator, list_ in _BASES.items():
            found: Counter[str] = Counter()
            for place, number in made.subjects.members_by_region(list_).items():
                found.update({region: number, place[:4]: number, place: number})
            for place, number in sorted(found.items()):
                base = -(-number * 2 // 3)
                made.targets.put_in(
                    unit.connection,
                    indicator,
                    place,
                    _BASE_YEAR,
                    base,
                    by="sample",
                    at=made.now(),
                    note="示例",
                )


_BASES: Final = {"sme_number": "filed_sme", "high_tech_number": "certified_high_tech"}
_BASE_YEAR: Final = 2021


def keep(made: Container, submit: Submit) -> None:
    """Lists, slots and proposals as the sweeper keeps them, until nothing is left to do."""
    made.lists.run_all(submit)
    while made.slots.run(submit, made.now(), _SLOTS).more:
        pass
    while made.proposals.run(submit, made.now()).more:
        pass


def _size(each: Invented) -> tuple[int, str]:
    return -int(each.figures[max(each.figures)]["revenue"]), each.id


def _vintage(year: int, known_from: date) -> date:
    """Statistics of a year come in May of the next one."""
    return known_from if year == TIMELESS else date(year + 1, 5, 31)
