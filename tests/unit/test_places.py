"""The words of lists for places, as written by hand; expected regions are read off the table of requirements.md §4.4."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.organisation import divisions
from adapters.organisation.places import AmbiguousPlace, UnknownPlace, find_place

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("city", "county", "region"),
    [
        ("合肥市", "蜀山区", "340104"),
        ("合肥", "蜀山", "340104"),
        ("安徽省合肥市", "合肥市蜀山区", "340104"),
        ("合肥市", "安徽省合肥市蜀山区", "340104"),
        ("", "合肥市蜀山区", "340104"),
        ("合肥市蜀山区", "", "340104"),
        (" 合 肥 市 ", "　蜀山区", "340104"),
        ("合肥市", "巢湖", "340181"),
        ("合肥市", "巢湖市", "340181"),
        ("合肥市", "合肥市高新区", "340171"),
        ("合肥市", "高新区", "340171"),
        ("合肥", "合肥国家高新技术产业开发区", "340171"),
        ("合肥", "经济技术开发区", "340172"),
        ("合肥", "新站高新区", "340173"),
        ("", "合肥高新区", "340171"),
        ("芜湖市", "经济技术开发区", "340271"),
        ("芜湖市", "三山经济开发区", "340272"),
        ("蚌埠", "高新区", "340371"),
        ("滁州市", "苏滁现代产业园", "341171"),
        ("阜阳市", "阜阳合肥现代产业园区", "341271"),
        ("宿州", "宿马现代产业园区", "341371"),
        ("宣城市", "经开区", "341871"),
        ("马鞍山市", "和县", "340523"),
        ("铜陵市", "郊区", "340711"),
        ("黄山市", "黄山区", "341003"),
        ("黄山市", "黄山市", "3410"),
        ("黄山市", "屯溪", "341002"),
        ("黄山", "", "3410"),
        ("合肥市", "", "3401"),
        ("合肥市", "市本级", "3401"),
        ("合肥市", "合肥市", "3401"),
        ("", "合肥", "3401"),
        ("安徽省", "", "34"),
        ("340100", "340104", "340104"),
        ("", "340104", "340104"),
        ("合肥市", "340104000000", "340104"),
        ("340100", "", "3401"),
    ],
)
def test_a_place_is_found_as_lists_write_it(city: str, county: str, region: str) -> None:
    assert find_place(city, county, on=TODAY).region == region


@pytest.mark.parametrize(
    ("city", "county", "region", "since"),
    [
        ("芜湖市", "繁昌县", "340212", 2020),
        ("芜湖市", "芜湖县", "340210", 2020),
        ("芜湖市", "无为县", "340281", 2019),
        ("宣城市", "广德县", "341882", 2019),
        ("安庆市", "潜山县", "340882", 2018),
        ("六安市", "寿县", "340422", 2015),
        ("安庆市", "枞阳县", "340722", 2015),
        ("铜陵市", "铜官山区", "340705", 2015),
        ("铜陵市", "狮子山", "340705", 2015),
        ("巢湖市", "居巢区", "340181", 2011),
        ("巢湖市", "庐江县", "340124", 2011),
        ("巢湖市", "和县", "340523", 2011),
        ("马鞍山市", "金家庄区", "340503", 2012),
        ("芜湖市", "三山区", "340209", 2020),
    ],
)
def test_an_old_name_leads_to_the_region_of_today_and_says_so(
    city: str, county: str, region: str, since: int
) -> None:
    now, then = (find_place(city, county, on=day) for day in (TODAY, date(since - 1, 6, 1)))
    assert (now.region, then.region) == (region, region)
    assert f"{since} 年起" in now.note
    assert then.note == ""


@pytest.mark.parametrize(
    ("city", "county", "candidates"),
    [
        ("", "郊区", ["340711"]),
        ("", "蜀山区", ["340104"]),
        ("蜀山区", "", ["340104"]),
        ("", "黄山", ["3410", "341003"]),
        ("", "黄山区", ["341003"]),
        ("黄山市", "黄山", ["3410", "341003"]),
        ("铜陵市", "铜陵", ["3407", "340706"]),
        ("芜湖市", "三山", ["340209", "340272"]),
        ("", "高新区", ["340171", "340371"]),
        ("巢湖市", "", ["340181"]),
    ],
)
def test_what_fits_several_regions_or_lacks_its_city_is_refused_with_the_candidates(
    city: str, county: str, candidates: list[str]
) -> None:
    with pytest.raises(AmbiguousPlace) as refused:
        find_place(city, county, on=TODAY)
    assert refused.value.params["candidates"] == candidates
    assert all(each in refused.value.hint for each in candidates)


@pytest.mark.parametrize(
    ("city", "county", "said"),
    [
        ("合肥市", "镜湖区", "芜湖市镜湖区"),
        ("合肥市", "芜湖市镜湖区", "芜湖市镜湖区"),
        ("合肥市", "寿县", "淮南市寿县"),
        ("合肥市", "340202", "芜湖市镜湖区"),
        ("南京市", "玄武区", "合肥市"),
        ("滁州市", "高新区", "合肥高新技术产业开发区"),
        ("", "", "两栏"),
        ("", "349999", "六位"),
        ("合肥市", "\x00", "县"),
    ],
)
def test_a_place_that_is_not_there_is_refused_with_where_it_is(city: str, county: str, said: str) -> None:
    with pytest.raises(UnknownPlace) as refused:
        find_place(city, county, on=TODAY)
    assert said in refused.value.hint


def test_the_list_of_one_city_need_not_name_it() -> None:
    assert find_place("", "黄山区", on=TODAY, within="3410").region == "341003"
    assert find_place("", "高新区", on=TODAY, within="340371").region == "340371"
    assert find_place("", "", on=TODAY, within="340104").region == "340104"
    assert find_place("蜀山区", "", on=TODAY, within="3401").region == "340104"


def test_every_division_is_found_under_its_own_title_and_its_city() -> None:
    cities = {d.region.id: d.region.title for d in divisions() if d.kind == "city"}
    for division in divisions():
        region = division.region
        if division.kind in ("county", "zone"):
            city = cities[str(region.parent)]
            assert find_place(city, region.title, on=TODAY).region == region.id
            assert find_place(city, city + region.title, on=TODAY).region == region.id
