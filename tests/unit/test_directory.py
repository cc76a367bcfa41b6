"""The organisation: addresses climb past vacancies, data are validated, the sample is Anhui."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.organisation import client_post, divisions, old_names, sample_directory
from engine.directory import (
    Address,
    Directory,
    Malformed,
    Of,
    Person,
    PersonId,
    Post,
    Region,
    RegionId,
    SubjectId,
    Unit,
    UnitId,
    UnknownAddress,
    UnknownRegion,
    covers,
    parse_address,
)

DAY = date(2026, 11, 23)
START = date(2020, 1, 1)
ROOT, MIDDLE, LEAF = RegionId("1"), RegionId("11"), RegionId("1101")


def person(id: str, region: str = "1101") -> Person:
    return Person(PersonId(id), f"示例{id}", UnitId(f"u{region}"))


def post(who: str, role: str, **where: str) -> Post:
    return Post(person=PersonId(who), role=role, since=START, **where)  # type: ignore[arg-type]


def directory(*posts: Post) -> Directory:
    return Directory(
        regions=(Region(ROOT, "甲"), Region(MIDDLE, "乙", ROOT), Region(LEAF, "丙", MIDDLE)),
        units=tuple(Unit(UnitId(f"u{r}"), f"示例单位{r}", r) for r in (ROOT, MIDDLE, LEAF)),
        people=(person("top", "1"), person("mid", "11"), person("low"), person("other")),
        posts=posts,
    )


FULL = (
    post("low", "leader", region="1101"),
    post("mid", "leader", region="11"),
    post("top", "leader", region="1"),
)


def story(org: Directory, words: str, *, region: str = "1101", unit: str | None = None) -> str:
    found = org.resolve(parse_address(words), region=region, unit=unit, on=DAY)
    return f"{','.join(found.people) or 'nobody'} at {found.region} of {found.unit}, climbed {found.climbed}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("leader", "low at 1101 of u1101, climbed 0"),
        ("leader above", "mid at 11 of u11, climbed 1"),
        ("leader at top", "top at 1 of u1, climbed 2"),
        ("leader of unit", "low at 1101 of u1101, climbed 0"),
    ],
)
def test_an_address_names_a_level_of_the_chain_of_command(words: str, expected: str) -> None:
    assert story(directory(*FULL), words) == expected


@pytest.mark.parametrize(
    ("vacant", "words", "expected"),
    [
        ("low", "leader", "mid at 11 of u11, climbed 1"),
        ("low", "leader above", "top at 1 of u1, climbed 2"),  # above the one who answers, not again the same
        ("mid", "leader above", "top at 1 of u1, climbed 2"),
        ("low mid", "leader", "top at 1 of u1, climbed 2"),
        ("low mid", "leader above", "top at 1 of u1, climbed 2"),  # above the root there is only the root
        ("top", "leader at top", "nobody at 1 of None, climbed 2"),
        ("low mid top", "leader", "nobody at 1 of None, climbed 2"),
    ],
)
def test_a_vacancy_goes_up_never_into_the_void(vacant: str, words: str, expected: str) -> None:
    org = directory(*(p for p in FULL if p.person not in vacant.split()))
    assert story(org, words) == expected


def test_with_nobody_at_all_the_resolution_says_so() -> None:
    found = directory().resolve(Address("leader"), region="1101", unit=None, on=DAY)
    assert (found.vacant, found.people, found.unit) == (True, (), None)


def test_a_unit_address_means_the_holders_unit_whatever_the_region_of_the_case() -> None:
    org = directory(post("low", "head", unit="u1101"), post("mid", "head", region="11"))
    assert story(org, "head of unit", region="1", unit="u1101") == "low at 1101 of u1101, climbed 0"


def test_a_vacant_unit_falls_to_the_region_of_the_unit_and_then_up() -> None:
    org = directory(post("top", "head", unit="u1"), post("mid", "head", region="11"))
    assert story(org, "head of unit", unit="u1101") == "mid at 11 of u11, climbed 1"


@pytest.mark.parametrize("unit", [None, "", "u-closed"])
def test_without_a_known_unit_a_unit_address_follows_the_region_of_the_case(unit: str | None) -> None:
    assert story(directory(*FULL), "leader of unit", unit=unit) == "low at 1101 of u1101, climbed 0"


def test_a_post_counts_on_its_first_and_last_day_and_not_outside() -> None:
    until = DAY
    org = directory(replace(FULL[0], until=until))
    held = [org.holders("leader", region="1101", on=day) for day in (START, until)]
    outside = [START - timedelta(days=1), until + timedelta(days=1)]
    assert held == [("low",), ("low",)]
    assert [org.holders("leader", region="1101", on=day) for day in outside] == [(), ()]


def test_the_principal_comes_before_the_stand_in_whose_id_is_smaller() -> None:
    stand_in = replace(post("low", "leader", region="11"), stands_in_for=PersonId("mid"))
    org = directory(stand_in, post("mid", "leader", region="11"))
    assert org.holders("leader", region="11", on=DAY) == ("mid", "low")
    assert org.holding_unit("leader", region="11", on=DAY) == "u11"


def test_a_region_post_does_not_answer_for_a_unit_nor_a_subject_post_for_a_region() -> None:
    org = directory(*FULL, post("other", "leader", subject="s-1"))
    assert org.unit_holders("leader", unit="u1101", on=DAY) == ()
    assert org.subject_holders("leader", subject="s-1", on=DAY) == ("other",)
    assert "other" not in org.holders("leader", region="1101", on=DAY)
    assert [p.subject for p in org.posts_of("other", on=DAY)] == ["s-1"]


def test_an_unknown_region_is_named() -> None:
    with pytest.raises(UnknownRegion, match="99"):
        directory().resolve(Address("leader"), region="99", unit=None, on=DAY)


@pytest.mark.parametrize("of", list(Of))
def test_an_address_is_read_back_from_its_words(of: Of) -> None:
    address = Address("deputy_leader", of)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "words", ["", "leader of", "Leader", "of unit", "leader over", "leader above above", "领导"]
)
def test_words_that_are_no_address_are_refused_with_the_ways_to_write_one(words: str) -> None:
    with pytest.raises(UnknownAddress) as refused:
        parse_address(words)
    assert "leader of unit" in refused.value.hint


def test_covers_follows_the_prefix_and_an_empty_scope_covers_nothing() -> None:
    assert covers("34", "340102")
    assert covers("3401", "3401")
    assert not covers("3401", "3402")
    assert not covers("340102", "3401")
    assert not covers("", "34")


def test_a_directory_survives_data_and_its_digest_ignores_the_order_of_rows() -> None:
    org = directory(
        *FULL, replace(post("other", "leader", unit="u11"), until=DAY, stands_in_for=PersonId("mid"))
    )
    shuffled = Directory(org.regions[::-1], org.units[::-1], org.people[::-1], org.posts[::-1])
    again = Directory.from_data(org.as_data())
    assert again.as_data() == org.as_data()
    assert again.digest() == org.digest() == shuffled.digest()
    assert directory(*FULL).digest() != org.digest()


def _broken(**rows: object) -> dict[str, object]:
    return {**directory(*FULL).as_data(), **rows}


_POST = {"person": "low", "role": "leader", "region": "11", "since": "2026-01-01"}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (_broken(regions=[{"id": "11", "title": "乙", "parent": "1"}]), "regions/11"),
        (_broken(regions=[{"id": "1", "title": "甲"}, {"id": "11", "title": "乙"}]), "regions/11"),
        (
            _broken(regions=[{"id": "1", "title": "甲"}, {"id": "2", "title": "乙", "parent": "1"}]),
            "regions/2",
        ),
        (_broken(regions=[{"id": "1", "title": "甲"}, {"id": "1", "title": "乙"}]), "regions/1"),
        (_broken(regions=[{"id": "", "title": "甲"}]), "regions"),
        (_broken(units=[{"id": "u", "title": "示例", "region": "9"}]), "units/u"),
        (_broken(people=[{"id": "low", "title": "示例"}]), "people/0"),
        (_broken(people=[{"id": "low", "title": "示例", "unit": ""}]), "people/low"),
        (_broken(people=[{"id": "low", "title": "示例", "unit": "nowhere"}]), "people/low"),
        (_broken(people=[{"id": 7, "title": "示例", "unit": "u1"}]), "people/0"),
        (_broken(people=["low"]), "people/0"),
        (_broken(posts=[{**_POST, "unit": "u1"}]), "posts/0"),
        (_broken(posts=[{**_POST, "region": None}]), "posts/0"),
        (_broken(posts=[{**_POST, "region": ""}]), "posts/0"),
        (_broken(posts=[{**_POST, "region": "99"}]), "posts/0"),
        (_broken(posts=[{**_POST, "region": None, "unit": "nowhere"}]), "posts/0"),
        (_broken(posts=[{**_POST, "person": "nobody"}]), "posts/0"),
        (_broken(posts=[{**_POST, "until": "2025-12-31"}]), "posts/0"),
        (_broken(posts=[{**_POST, "since": "2026-13-01"}]), "posts/0"),
        (_broken(posts=[{**_POST, "stands_in_for": "nobody"}]), "posts/0"),
        (_broken(posts=[{**_POST, "stands_in_for": "low"}]), "posts/0"),
        (_broken(posts=[{**_POST, "rank": "high"}]), "posts/0"),
    ],
)
def test_data_that_contradict_themselves_are_refused_with_the_row(
    data: dict[str, object], place: str
) -> None:
    with pytest.raises(Malformed) as refused:
        Directory.from_data(data)
    assert refused.value.place == place


# The sample. Counts from requirements.md §4.4; name endings classify the divisions independently of codes.


def test_anhui_has_16_cities_104_counties_and_15_zones() -> None:
    kinds = [division.kind for division in divisions()]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "province": 1,
        "city": 16,
        "county": 104,
        "zone": 15,
    }


def test_the_104_are_45_districts_9_county_level_cities_and_50_counties() -> None:
    endings = [division.region.title[-1] for division in divisions() if division.kind == "county"]
    assert {ending: endings.count(ending) for ending in endings} == {"区": 45, "市": 9, "县": 50}


def test_each_city_has_the_number_of_counties_that_the_scheme_lists() -> None:
    counts: dict[str, int] = {}
    for division in divisions():
        if division.kind == "county":
            counts[division.region.id[:4]] = counts.get(division.region.id[:4], 0) + 1
    assert list(counts.values()) == [9, 7, 7, 7, 6, 4, 4, 10, 7, 8, 8, 5, 7, 4, 4, 7]


def test_a_county_is_named_with_its_city_because_its_own_name_may_be_ambiguous() -> None:
    titles = {division.region.id: division.full_title for division in divisions()}
    assert (titles["340711"], titles["341000"[:4]], titles["341003"]) == (
        "铜陵市郊区",
        "黄山市",
        "黄山市黄山区",
    )
    assert len(set(titles.values())) == len(titles)


def test_old_names_lead_to_regions_that_exist_today() -> None:
    now = {(old.under, old.title): old.now for old in old_names()}
    titles = {division.region.id: division.region.title for division in divisions()}
    assert titles[now["芜湖市", "芜湖县"]] == "湾沚区"
    assert titles[now["六安市", "寿县"]] == "寿县"
    assert titles[now["巢湖市", "居巢区"]] == "巢湖市"
    assert all(region in titles for region in now.values())


@pytest.mark.parametrize("region", ["34", "3401", "340102", "340171"])
@pytest.mark.parametrize("role", ["liaison", "coordinator", "leader", "supervisor", "caller", "reviewer"])
def test_the_sample_fills_every_region_role_at_its_own_level(role: str, region: str) -> None:
    found = sample_directory().resolve(Address(role), region=region, unit=None, on=DAY)
    assert (found.people, found.climbed) == ((f"p-{region}-{role}-1",), 0)


@pytest.mark.parametrize("role", ["handler", "head", "department"])
@pytest.mark.parametrize("unit", ["u-34-finance", "u-3401-tax", "u-340102-labour", "u-340171-science"])
def test_the_sample_fills_every_unit_role_in_units_that_do_work(role: str, unit: str) -> None:
    assert len(sample_directory().unit_holders(role, unit=unit, on=DAY)) == 1


def test_in_the_sample_callers_sit_in_another_unit_than_those_who_handle() -> None:
    org = sample_directory()
    callers = {org.holding_unit("caller", region=region.id, on=DAY) for region in org.regions}
    assert not any(org.unit_holders("handler", unit=unit or "", on=DAY) for unit in callers)


def test_every_unit_and_person_of_the_sample_is_plainly_invented() -> None:
    org = sample_directory()
    assert all("示例" in item.title for item in (*org.units, *org.people))
    assert all(item.id.isascii() for item in (*org.units, *org.people))


def test_administrator_and_auditor_exist_in_the_province_only() -> None:
    org = sample_directory()
    assert org.holders("auditor", region="34", on=DAY) == ("p-34-auditor-1",)
    assert {p.region for p in org.posts if p.role in ("administrator", "auditor")} == {"34"}


def test_a_client_reaches_only_its_own_subject() -> None:
    subject = SubjectId("91340100MABJ1XG60D")
    org = sample_directory([subject])
    contact = client_post(subject).person
    assert org.subject_holders("client", subject=subject, on=DAY) == (contact,)
    assert [(p.region, p.unit, p.subject) for p in org.posts_of(contact, on=DAY)] == [(None, None, subject)]


def test_an_answer_given_before_is_the_answer_of_a_directory_that_was_never_asked() -> None:
    asked = directory(*FULL)
    for day in (DAY, DAY + timedelta(days=1), DAY):
        for of in Of:
            for region in (ROOT, MIDDLE, LEAF):
                for unit in (None, UnitId("u11")):
                    address = Address("leader", of)
                    fresh = directory(*FULL).resolve(address, region=region, unit=unit, on=day)
                    assert asked.resolve(address, region=region, unit=unit, on=day) == fresh
