"""Which texts are about the same, and why: against examples by hand and the slow, obvious way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.programme.alikeness import Group, Sample, grouped, is_alike, percent_alike, sample


def said(id: str, text: str, kind: str = "land") -> Sample:
    return sample(id, kind, [text])


def test_digits_marks_width_and_names_do_not_matter() -> None:
    one = sample("1", "land", ["２０２６年示例甲公司：中试用地指标不足！"], names=["示例甲公司", "示例"])
    other = sample("2", "land", ["2025年，示例乙厂 中试用地指标不足"], names=["示例乙厂"])
    assert one.pieces == ("中试用地指标不足",)  # of 年 alone there is no run
    assert percent_alike(one, other) == 100


def test_the_longer_name_is_dropped_first() -> None:
    assert sample("1", "k", ["示例甲公司分厂缺人"], names=["示例甲公司", "示例甲公司分厂"]).pieces == (
        "缺人",
    )


def test_alike_is_shared_runs_among_all() -> None:
    """人才 才公 公寓 of one, 人才 才公 公司 of the other: two of four."""
    one, other = said("1", "人才公寓"), said("2", "人才公司")
    assert percent_alike(one, other) == 50
    assert (is_alike(one, other, 50), is_alike(one, other, 51)) == (True, False)
    assert not is_alike(one, said("2", "人才公寓", kind="talent"), 1)
    assert not is_alike(said("1", "人才公寓", kind=""), said("2", "人才公寓", kind=""), 1)
    assert not is_alike(said("1", "123"), said("2", "123"), 1)


def test_a_group_says_what_its_texts_share() -> None:
    texts = ("中试用地指标不足", "反映中试用地指标紧张", "园区中试用地指标不足", "研发费用归集口径不清")
    found = grouped([said(str(n), text) for n, text in enumerate(texts)], percent=40)
    assert found.groups == (
        Group("land", "0", ("0", "1", "2"), ("中试用地指标不足",)),
        Group("land", "3", ("3",), ()),
    )


def test_terms_are_separate_where_the_texts_differ_in_between() -> None:
    texts = ("人才公寓很久排队时间长", "人才公寓不够排队时间长", "人才公寓申请排队时间长")
    (group,) = grouped([said(str(n), text) for n, text in enumerate(texts)], percent=30).groups
    assert group.terms == ("排队时间长", "人才公寓")


def test_what_is_alike_only_through_others_is_no_member() -> None:
    """甲乙丙丁 shares two of four runs with 乙丙丁戊, and that two of four with 丙丁戊己: the ends share one of five."""
    chain = [said("a", "甲乙丙丁"), said("b", "乙丙丁戊"), said("c", "丙丁戊己"), said("d", "丁戊己庚")]
    groups = grouped(chain, percent=50).groups
    assert [(group.centre, group.members) for group in groups] == [("b", ("a", "b", "c")), ("d", ("d",))]


def test_what_is_alike_to_a_taken_one_joins_it_and_makes_no_group_of_its_own() -> None:
    texts = dict.fromkeys("abcd", "中试用地指标不足") | {"x": "研发费用归集口径不清", "y": "研发费用归集口径"}
    found = grouped(
        [said(n, text) for n, text in texts.items()],
        percent=50,
        taken={"a": "first", "b": "second", "c": "second"},
    )
    assert dict(found.joining) == {"second": ("d",)}
    assert [group.members for group in found.groups] == [("x", "y")]


# The slow, obvious way


def slowly(
    samples: Sequence[Sample], percent: int, taken: Mapping[str, str]
) -> tuple[list[tuple[str, ...]], dict[str, list[str]]]:
    """Every pair is compared; the rest follows the words of `grouped`."""
    near: dict[str, set[str]] = {each.id: {each.id} for each in samples}
    for one, other in combinations(samples, 2):
        union = one.runs | other.runs
        if one.kind == other.kind and union and 100 * len(one.runs & other.runs) >= percent * len(union):
            near[one.id].add(other.id)
            near[other.id].add(one.id)
    joining: dict[str, list[str]] = {}
    free = set()
    for each in sorted(near):
        names = [taken[other] for other in near[each] if other in taken]
        if each in taken or not next(s.kind for s in samples if s.id == each):
            continue
        if names:
            joining.setdefault(min(set(names), key=lambda name: (-names.count(name), name)), []).append(each)
        else:
            free.add(each)
    groups = []
    for centre in sorted(free, key=lambda each: (-len(near[each] & free), each)):
        if centre in free:
            groups.append(tuple(sorted(near[centre] & free)))
            free -= near[centre]
    return groups, joining


letters = st.text(alphabet="甲乙丙丁戊己 1", max_size=24)
many = st.lists(st.tuples(st.sampled_from(["", "k", "l"]), letters), max_size=14)


@given(many, st.sampled_from([1, 30, 33, 50, 67, 99, 100]), st.data())
def test_the_fast_way_finds_what_the_slow_one_finds_in_whatever_order(
    texts: list[tuple[str, str]], percent: int, data: st.DataObject
) -> None:
    samples = [sample(f"{n:02}", kind, [text]) for n, (kind, text) in enumerate(texts)]
    taken = {s.id: data.draw(st.sampled_from("AB")) for s in samples if s.kind and data.draw(st.booleans())}
    shuffled = data.draw(st.permutations(samples))

    found = grouped(samples, percent=percent, taken=taken)

    for block in (1, 3):
        assert grouped(samples, percent=percent, taken=taken, block=block) == found
    groups, joining = slowly(samples, percent, taken)
    assert sorted(group.members for group in found.groups) == sorted(groups)
    assert {name: list(ids) for name, ids in found.joining.items()} == joining
    assert grouped(shuffled, percent=percent, taken=taken) == found


def test_thousands_of_texts_are_compared_exactly() -> None:
    """Sixty matters, each told in fifty ways: whoever tells the same matter shares at least half, others nothing."""
    matters = ["".join(chr(0x4E00 + 20 * matter + n) for n in range(20)) for matter in range(60)]
    texts = [f"{matter[:cut]}{matter}" for matter in matters for cut in range(50)]
    samples = [said(f"{n:04}", text) for n, text in enumerate(texts)]

    found = grouped(samples, percent=50)

    assert [len(group.members) for group in found.groups] == [50] * 60
    assert sorted(group.members for group in found.groups) == [
        tuple(f"{n:04}" for n in range(start, start + 50)) for start in range(0, 3000, 50)
    ]


@given(letters, letters)
def test_alike_is_mutual_and_whole_with_itself(one: str, other: str) -> None:
    a, b = said("a", one), said("b", other)
    assert percent_alike(a, b) == percent_alike(b, a)
    assert percent_alike(a, a) == (100 if a.runs else 0)


@pytest.mark.parametrize("percent", [1, 50, 100])
def test_nothing_is_grouped_of_nothing(percent: int) -> None:
    assert grouped([], percent=percent).groups == ()
