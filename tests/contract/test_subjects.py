"""The registry of subjects on both databases: names and regions with history, figures as of a moment, search within reach."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import update

from adapters.db.database import Database
from adapters.db.programme_tables import SUBJECT
from adapters.subjects.codes import complete
from adapters.subjects.reading import Dated, SubjectFilter
from adapters.subjects.registry import Subjects
from adapters.subjects.values import InvalidFacts
from adapters.subjects.writing import (
    BadSubjectId,
    NewSubject,
    Renaming,
    SubjectExists,
    TooEarly,
    UnknownSubject,
)
from engine.access import Reach
from engine.directory import RegionId, SubjectId
from engine.programme.facts import FactSpec, FactType
from engine.spelling import Title
from engine.subjects import Observation
from tests.support.stores import stored_rows

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NEXT_DAY, DAY_AFTER = MORNING + timedelta(days=1), MORNING + timedelta(days=2)
SINCE = date(2020, 3, 1)
PROVINCE = Reach(regions=("34",))
A, B, C = (SubjectId(complete(f"913401000000000{n}")) for n in "123")


def spec(title: str, kind: FactType, *, yearly: bool = True, **more: object) -> FactSpec:
    return FactSpec.model_validate({"title": title, "type": kind, "yearly": yearly, **more})


SPECS = {
    "turnover": spec("营业收入", FactType.MONEY),
    "staff": spec("职工总数", FactType.INTEGER),
    "active": spec("有研发活动", FactType.BOOLEAN),
    "founded": spec("成立日期", FactType.DATE, yearly=False),
    "field": spec("领域", FactType.CHOICE, options={"steel": Title(zh="新材料", en=None)}),
}


def local_date(moment: datetime) -> date:
    return moment.astimezone(timezone(timedelta(hours=8))).date()


@pytest.fixture
def subjects(database: Database) -> Subjects:
    return Subjects(database, local_date, lambda: SPECS)


def new(subject: SubjectId, title: str, region: str = "340104") -> NewSubject:
    return NewSubject(id=subject, title=title, region=RegionId(region), since=SINCE)


def three(subjects: Subjects) -> None:
    subjects.register_many(
        [
            new(A, "合肥示例一号（集团）有限公司", "340104"),
            new(B, "合肥示例二号有限责任公司", "340103"),
            new(C, "芜湖示例三号股份有限公司", "340202"),
        ],
        MORNING,
    )


def said(
    subject: SubjectId = A, *, year: int = 2025, vintage: date = date(2026, 3, 1), **facts: object
) -> Observation:
    verified, batch = bool(facts.pop("verified", False)), str(facts.pop("batch", ""))
    return Observation(
        subject=subject, year=year, facts=facts, source="示例统计表", vintage=vintage, entered_by="p-1",
        entered_at=MORNING, verified=verified, batch=batch,
    )  # fmt: skip


def clean(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(update(SUBJECT).values(dirty=False))


def dirty(database: Database) -> set[str]:
    return {row["id"] for row in stored_rows(database, "subject") if row["dirty"]}


def ids(subjects: Subjects, reach: Reach = PROVINCE, **wanted: object) -> list[str]:
    found = subjects.search(reach, SubjectFilter(**wanted), limit=200).subjects
    assert subjects.count(reach, SubjectFilter(**wanted)) == len(found)
    return [subject.id for subject in found]


def test_a_registered_subject_is_found_by_parts_of_its_code_and_of_its_name(subjects: Subjects) -> None:
    three(subjects)
    assert ids(subjects) == sorted([A, B, C])
    assert ids(subjects, text=A[-6:]) == ids(subjects, text=A[-6:].lower()) == [A]
    assert ids(subjects, text="示例一号") == [A]
    assert ids(subjects, text="合肥 示例") == sorted([A, B])
    assert ids(subjects, text="合肥示例一号(集团)有限责任公司") == [
        A
    ]  # brackets and the form of the company are left out
    assert ids(subjects, text="%") == []


def test_reach_and_region_bound_what_is_listed_and_counted(subjects: Subjects) -> None:
    three(subjects)
    assert ids(subjects, Reach(regions=("3401",))) == sorted([A, B])
    assert ids(subjects, Reach(regions=("340104",))) == [A]
    assert ids(subjects, Reach(regions=("340104",)), text="二号") == []
    assert ids(subjects, Reach(regions=("340104",)), region="340103") == []
    assert ids(subjects, Reach(subjects=(C,))) == [C]
    assert ids(subjects, Reach(units=("u-34-science",))) == ids(subjects, Reach()) == []
    assert ids(subjects, region="3402") == [C]
    assert subjects.find(B, Reach(regions=("340104",))) is None
    assert subjects.find("\x00", PROVINCE) is None
    assert ids(subjects, text="\x00") == ids(subjects, region="34\x00") == []


def test_pages_show_every_subject_once(subjects: Subjects) -> None:
    wanted = SubjectFilter()
    subjects.register_many([new(SubjectId(f"S{n:03}"), f"示例{n}号") for n in range(25)], MORNING)
    seen, start = [], ""
    while True:
        page = subjects.search(PROVINCE, wanted, limit=10, start=start)
        seen += [subject.id for subject in page.subjects]
        if not (start := page.next):
            break
    assert seen == [f"S{n:03}" for n in range(25)]


def test_a_name_keeps_its_history_and_is_still_found_by_the_old_one(subjects: Subjects) -> None:
    three(subjects)
    subjects.rename(A, "合肥示例新名有限公司", since=date(2026, 5, 1), at=NEXT_DAY)
    assert subjects.names(A) == [
        Dated("合肥示例新名有限公司", date(2026, 5, 1), None),
        Dated("合肥示例一号（集团）有限公司", SINCE, date(2026, 4, 30)),
    ]
    found = subjects.find(A, PROVINCE)
    assert found is not None
    assert (found.title, found.updated_at) == ("合肥示例新名有限公司", NEXT_DAY)
    assert ids(subjects, text="一号") == ids(subjects, text="新名") == [A]
    assert subjects.named(["合肥示例一号(集团)公司", "没有这家"]) == {"合肥示例一号(集团)公司": (A,)}


def test_a_name_that_began_on_the_same_day_is_corrected_and_an_earlier_day_is_refused(
    subjects: Subjects,
) -> None:
    three(subjects)
    subjects.rename(A, "合肥示例壹号有限公司", since=SINCE, at=NEXT_DAY)
    assert subjects.names(A) == [Dated("合肥示例壹号有限公司", SINCE, None)]
    with pytest.raises(TooEarly):
        subjects.rename(A, "更早的名称", since=date(2019, 1, 1), at=NEXT_DAY)
    with pytest.raises(TooEarly):
        subjects.rename(A, "明年的名称", since=date(2027, 1, 1), at=NEXT_DAY)
    with pytest.raises(UnknownSubject):
        subjects.rename(SubjectId("nobody"), "没有这家", since=SINCE, at=NEXT_DAY)
    assert subjects.names(A) == [Dated("合肥示例壹号有限公司", SINCE, None)]


def test_a_subject_that_moves_leaves_the_reach_of_the_one_county_for_that_of_the_other(
    subjects: Subjects,
) -> None:
    three(subjects)
    subjects.move(A, RegionId("340103"), since=date(2026, 11, 20), at=NEXT_DAY)
    assert ids(subjects, Reach(regions=("340104",))) == []
    assert ids(subjects, Reach(regions=("340103",))) == sorted([A, B])
    assert subjects.regions(A) == [
        Dated("340103", date(2026, 11, 20), None),
        Dated("340104", SINCE, date(2026, 11, 19)),
    ]


def test_what_a_batch_renamed_moved_and_registered_can_be_taken_back(subjects: Subjects) -> None:
    three(subjects)
    day = date(2026, 11, 24)
    with subjects.unit(NEXT_DAY) as unit:
        unit.rename_many([Renaming(A, "误改的名称", day)])
        unit.register_many([new(SubjectId("S1"), "误登的一家"), new(SubjectId("S2"), "有数据的一家")])
        unit.observe_many([said(SubjectId("S2"), turnover=1)])
    with subjects.unit(DAY_AFTER) as unit:
        assert unit.take_back_names({A: day, B: day}) == [A]
        assert unit.take_back_names({A: SINCE}) == []  # a first name stays
        assert unit.forget_many([SubjectId("S1"), SubjectId("S2"), SubjectId("S3")]) == ["S1"]
    assert subjects.names(A) == [Dated("合肥示例一号（集团）有限公司", SINCE, None)]
    assert ids(subjects, text="一号") == [A]
    assert ids(subjects, text="误改") == ids(subjects, text="误登") == []
    assert ids(subjects, text="有数据") == ["S2"]


def test_figures_stand_as_they_were_known_at_a_moment(subjects: Subjects) -> None:
    three(subjects)
    subjects.observe_many([said(turnover=100), said(turnover=90, vintage=date(2026, 1, 1))], MORNING)
    subjects.observe_many([said(turnover=120, vintage=date(2026, 6, 1), batch="b1", verified=True)], NEXT_DAY)
    assert subjects.facts(A)["turnover", 2025].value == 120
    assert subjects.facts(A, as_of=MORNING)["turnover", 2025].value == 100
    assert subjects.facts(A, as_of=MORNING - timedelta(days=1)) == {}
    assert subjects.withdraw_batch("b1", DAY_AFTER) == [A]
    assert subjects.facts(A)["turnover", 2025].value == 100
    assert subjects.facts(A, as_of=NEXT_DAY)["turnover", 2025].value == 120  # history stays
    assert [o.n for o in subjects.observations([A])[A]] == [1, 2, 3]
    assert subjects.withdraw_batch("b1", DAY_AFTER) == subjects.withdraw_batch("", DAY_AFTER) == []


def test_every_change_makes_its_subjects_dirty_and_no_others(subjects: Subjects, database: Database) -> None:
    three(subjects)
    assert dirty(database) == {A, B, C}
    clean(database)
    subjects.rename(B, "合肥示例二号有限责任公司", since=date(2026, 5, 1), at=NEXT_DAY)
    assert dirty(database) == set()  # the same name is no change
    subjects.observe_many([said(A, staff=3, batch="b1")], NEXT_DAY)
    assert dirty(database) == {A}
    clean(database)
    subjects.withdraw_batch("b1", DAY_AFTER)
    assert dirty(database) == {A}
    subjects.move(C, RegionId("340104"), since=date(2026, 5, 1), at=DAY_AFTER)
    assert dirty(database) == {A, C}


WRONG = [
    ({"turnover": 1.5}, "营业收入"),
    ({"turnover": True}, "金额"),
    ({"staff": "12"}, "整数"),
    ({"active": 1}, "是或否"),
    ({"field": "wood"}, "新材料"),
    ({"founded": "2020-01-01"}, "不分年度"),
    ({"unheard": 1}, "unheard"),
    ({"turnover": 2**53}, "金额"),
    ({}, "没有任何指标"),
]


@pytest.mark.parametrize(("facts", "said_of_it"), WRONG)
def test_a_figure_that_does_not_fit_is_refused_by_name_and_nothing_is_kept(
    subjects: Subjects, database: Database, facts: dict[str, object], said_of_it: str
) -> None:
    three(subjects)
    clean(database)
    with pytest.raises(InvalidFacts) as refused:
        subjects.observe_many([said(B, turnover=1), said(A, **facts)], NEXT_DAY)
    assert said_of_it in refused.value.blockers[0].message
    assert stored_rows(database, "observation") == []
    assert dirty(database) == set()


@pytest.mark.parametrize(
    ("year", "vintage", "code"),
    [
        (2026, date(2025, 12, 31), "bad_year"),
        (1900, date(2026, 1, 1), "bad_year"),
        (2025, date(2027, 1, 1), "future_vintage"),
        (0, date(2026, 1, 1), "bad_fact"),
    ],
)
def test_a_figure_of_a_year_that_cannot_be_known_is_refused(
    subjects: Subjects, year: int, vintage: date, code: str
) -> None:
    three(subjects)
    with pytest.raises(InvalidFacts) as refused:
        subjects.observe_many([said(A, year=year, vintage=vintage, turnover=1)], NEXT_DAY)
    assert refused.value.blockers[0].code == code


def test_a_subject_is_registered_once_and_a_bad_one_keeps_the_whole_batch_out(subjects: Subjects) -> None:
    three(subjects)
    for batch, error in (
        ([new(SubjectId("S1"), "示例"), new(A, "重复")], SubjectExists),
        ([new(SubjectId("S1"), "示例"), new(SubjectId("S1"), "重复")], SubjectExists),
        ([new(SubjectId("S1"), "示例"), new(SubjectId("有 空格"), "示例")], BadSubjectId),
    ):
        with pytest.raises(error):
            subjects.register_many(batch, NEXT_DAY)
    with pytest.raises(UnknownSubject):
        subjects.observe_many([said(SubjectId("S1"), turnover=1)], NEXT_DAY)
    assert sorted(subjects.known(["S1", A, "\x00"])) == [A]


def test_writers_of_one_subject_at_the_same_time_lose_nothing(subjects: Subjects) -> None:
    three(subjects)

    def write(n: int) -> None:
        order = [A, B, C] if n % 2 else [C, B, A]
        subjects.observe_many([said(subject, staff=n) for subject in order], NEXT_DAY)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(write, range(12)))
    for found in subjects.observations([A, B, C]).values():
        assert [o.n for o in found] == list(range(1, 13))
        assert {o.facts["staff"] for o in found} == set(range(12))


def test_processes_that_register_the_same_subject_together_leave_one(subjects: Subjects) -> None:
    def register(n: int) -> str:
        try:
            subjects.register_many([new(A, f"示例{n}号")], MORNING)
        except SubjectExists:
            return "exists"
        return "registered"

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(register, range(6))) == ["exists"] * 5 + ["registered"]
    assert len(subjects.names(A)) == 1
