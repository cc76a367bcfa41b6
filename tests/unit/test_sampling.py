"""The draw: by hand, by a twin that knows only the printed rule, and fair by chi-square over fixed seeds."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from itertools import islice

import pytest

from engine.audit.sampling import (
    Member,
    allotted,
    below,
    commitment_of,
    drawn,
    numbers,
    population_root,
    seed_of,
)

SEED = sha256(b"a seed").hexdigest()


def members(count: int, strata: int = 0) -> list[Member]:
    return [Member(f"{n:04}", f"s{n % strata}" if strata else "") for n in range(count)]


def hexadecimal(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_commitment_and_seed_are_what_sha256sum_prints_of_the_rule() -> None:
    # printf 'bihuan/sample/secret/v1\n%s' '海燕' | sha256sum
    assert commitment_of("海燕") == hexadecimal("bihuan/sample/secret/v1\n海燕")
    made = seed_of(announcement="a" * 64, event="b" * 64, secret="海燕")
    assert made == hexadecimal("bihuan/sample/seed/v1\n" + "a" * 64 + "\n" + "b" * 64 + "\n海燕")


def test_the_root_of_three_numbers_by_hand() -> None:
    one, two, three = (sha256(b"\x00" + case).digest() for case in (b"1", b"2", b"3"))
    left = sha256(b"\x01" + one + two).digest()
    assert (
        population_root([Member("3"), Member("1"), Member("2")]) == sha256(b"\x01" + left + three).hexdigest()
    )
    assert population_root([Member("1", "税务局")]) == sha256(b"\x00" + "1\n税务局".encode()).hexdigest()
    assert population_root([]) == sha256().hexdigest()


def test_a_draw_by_hand() -> None:
    first, second = (int(hexadecimal(f"bihuan/sample/draw/v1\n{SEED}\n{i}")[:16], 16) for i in (0, 1))
    population = ["0000", "0001", "0002", "0003", "0004"]
    one = population.pop(first % 5)
    two = population.pop(second % 4)
    assert drawn(SEED, members(5), 2) == [one, two]


def test_numbers_beyond_the_last_whole_multiple_are_thrown_away() -> None:
    """No block of a hash can be made to lie there, so that a short list of numbers stands in for the counter."""
    beyond = 2**64 - 1  # 2^64 = 3 x 6148914691236517205 + 1
    assert below(3, iter([beyond, 7])) == 1
    assert below(2**64, iter([beyond])) == beyond


def twin(seed: str, population: list[tuple[str, str]], count: int) -> list[str]:
    """The printed rule once more, with another way through it: nothing is taken out, places are skipped."""
    counter, result = 0, []
    names = sorted({stratum for _, stratum in population})
    sizes = [sum(stratum == name for _, stratum in population) for name in names]
    quota = [count * size // len(population) for size in sizes]
    by_rest = sorted(range(len(names)), key=lambda k: (-(count * sizes[k] % len(population)), names[k]))
    for k in by_rest[: count - sum(quota)]:
        quota[k] += 1
    for name, wanted in zip(names, quota, strict=True):
        cases = sorted(case for case, stratum in population if stratum == name)
        gone: set[str] = set()
        for _ in range(wanted):
            m = len(cases) - len(gone)
            while True:
                x = int(hexadecimal(f"bihuan/sample/draw/v1\n{seed}\n{counter}")[:16], 16)
                counter += 1
                if x // m < 2**64 // m:
                    break
            place = x % m
            left = [case for case in cases if case not in gone]
            result.append(left[place])
            gone.add(left[place])
    return result


@pytest.mark.parametrize(
    ("size", "strata", "count"), [(1, 0, 1), (10, 0, 10), (200, 0, 30), (200, 7, 30), (97, 4, 50)]
)
def test_a_twin_that_knows_only_the_rule_draws_the_same(size: int, strata: int, count: int) -> None:
    for n in range(20):
        seed = sha256(f"seed {n}".encode()).hexdigest()
        population = members(size, strata)
        assert drawn(seed, population, count) == twin(seed, [(m.case, m.stratum) for m in population], count)


def test_a_draw_does_not_depend_on_the_order_of_the_list_and_takes_nobody_twice() -> None:
    population = members(50, 3)
    assert drawn(SEED, population[::-1], 20) == drawn(SEED, population, 20)
    assert len(set(drawn(SEED, population, 20))) == 20
    assert sorted(drawn(SEED, population, 90)) == [m.case for m in population]
    assert drawn(SEED, [], 5) == []


def test_strata_get_their_part_by_the_largest_remainder() -> None:
    assert allotted({"甲": 50, "乙": 30, "丙": 20}, 10) == {"甲": 5, "乙": 3, "丙": 2}
    assert allotted({"a": 1, "b": 1, "c": 1}, 2) == {"a": 1, "b": 1, "c": 0}
    assert allotted({"a": 97, "b": 2, "c": 1}, 10) == {"a": 10, "b": 0, "c": 0}


def test_every_case_is_drawn_equally_often_over_many_seeds() -> None:
    """Chi-square with 19 degrees of freedom: 43.8 is exceeded once in a thousand; the seeds are fixed, so this never flickers."""
    counted: Counter[str] = Counter()
    draws = 2000
    for n in range(draws):
        counted.update(drawn(sha256(f"fair {n}".encode()).hexdigest(), members(20), 5))
    expected = draws * 5 / 20
    variance = 1 - 5 / 20  # drawn without putting back: each count varies less than a binomial one
    chi = sum((counted[m.case] - expected) ** 2 / expected for m in members(20)) / variance * 19 / 20
    assert sum(counted.values()) == draws * 5
    assert chi < 43.8


def test_first_picks_are_uniform_too() -> None:
    counted = Counter(
        drawn(sha256(f"first {n}".encode()).hexdigest(), members(10), 1)[0] for n in range(5000)
    )
    chi = sum((counted[m.case] - 500) ** 2 / 500 for m in members(10))
    assert chi < 27.9  # 9 degrees of freedom, one in a thousand


def test_numbers_differ_by_seed_and_go_on_without_end() -> None:
    one, other = (list(islice(numbers(seed), 1000)) for seed in (SEED, "0" * 64))
    assert len(set(one)) == len(set(other)) == 1000
    assert not set(one) & set(other)
