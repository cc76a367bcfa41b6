"""Which texts are about the same: by the short runs of letters that they share, and why.

A text is reduced to its letters (NFKC, lower case; digits, marks and names are gaps) and those to all runs of `LENGTH` letters
within a gap-free piece. Two texts are alike if they share at least so many per cent of all their runs. Groups are stars: every
member is alike to the centre itself, never only through others. Nothing here depends on the order in which texts come.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

__all__ = [
    "Group",
    "Grouping",
    "Sample",
    "finished",
    "grouped",
    "grouping",
    "is_alike",
    "percent_alike",
    "sample",
]

LENGTH: Final = 2
MOST_TERMS: Final = 5
BLOCK: Final = 4096  # texts: wider numbers take no less time and much more memory
_PORTION: Final = 200  # texts compared with a block before others have their turn
_Result = TypeVar("_Result")
_NO_LETTER: Final = re.compile(r"[\W\d_]+")


@dataclass(frozen=True, slots=True)
class Sample:
    """A text to compare; only those with the same `kind` are compared, and none whose kind is empty."""

    id: str
    kind: str
    pieces: tuple[str, ...]
    runs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that are alike to the centre, sorted, the centre among them; `terms` the words that half of them share."""

    kind: str
    centre: str
    members: tuple[str, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of what was free, the largest first; and under each name what belongs to texts that were taken under it."""

    groups: tuple[Group, ...]
    joining: Mapping[str, tuple[str, ...]]


def sample(id: str, kind: str, texts: Iterable[str], *, names: Iterable[str] = ()) -> Sample:
    """The text reduced to what is compared. `names` are dropped wherever they stand, the longest first."""
    pieces = [piece for text in texts for piece in _pieces(text, names)]
    runs = frozenset(run for piece in pieces for run in _runs(piece))
    return Sample(id, kind, tuple(pieces), runs)


def percent_alike(one: Sample, other: Sample) -> int:
    """Shared runs among all, in whole per cent, rounded down; nothing is alike to a text without runs."""
    union = len(one.runs | other.runs)
    return 100 * len(one.runs & other.runs) // union if union else 0


def is_alike(one: Sample, other: Sample, percent: int) -> bool:
    return bool(one.kind) and one.kind == other.kind and percent_alike(one, other) >= percent


def grouped(
    samples: Iterable[Sample], *, percent: int, taken: Mapping[str, str] | None = None, block: int = BLOCK
) -> Grouping:
    """`taken` says under which name some of the texts are known already; what is alike to one of them joins it.

    `block` texts are compared with another one at once; how many changes nothing of what is found.
    """
    return finished(grouping(samples, percent=percent, taken=taken or {}, block=block))


def grouping(
    samples: Iterable[Sample], *, percent: int, taken: Mapping[str, str], block: int = BLOCK
) -> Generator[None, None, Grouping]:
    """The same in small portions: it yields after each, so that whoever drives it can do something else in between."""
    by_kind: defaultdict[str, list[Sample]] = defaultdict(list)
    for each in samples:
        if each.kind:
            by_kind[each.kind].append(each)
    groups: list[Group] = []
    joining: defaultdict[str, list[str]] = defaultdict(list)
    for kind in sorted(by_kind):
        together = sorted(by_kind[kind], key=lambda each: (len(each.runs), each.id))
        masks = yield from _alike(together, percent, block)
        free = _join(together, masks, taken, joining)
        for n, group in enumerate(_stars(kind, together, masks, free)):
            groups.append(group)
            if n % _PORTION == 0:
                yield
    groups.sort(key=lambda group: (-len(group.members), group.members))
    return Grouping(tuple(groups), {name: tuple(sorted(ids)) for name, ids in sorted(joining.items())})


def finished(work: Generator[None, None, _Result]) -> _Result:
    """What comes of the work, done in one go."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: _Result = end.value
            return result


# Reducing


def _pieces(text: str, names: Iterable[str]) -> list[str]:
    plain = _folded(text)
    for name in sorted({_folded(name) for name in names}, key=lambda name: (-len(name), name)):
        if name.strip():
            plain = plain.replace(name, " ")
    return [piece for piece in _NO_LETTER.split(plain) if len(piece) >= LENGTH]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _runs(piece: str) -> Iterator[str]:
    return (piece[n : n + LENGTH] for n in range(len(piece) - LENGTH + 1))


# Comparing


def _alike(samples: Sequence[Sample], percent: int, block: int) -> Generator[None, None, list[int]]:
    """For each text the set of those alike to it, itself among them, as bits. `samples` are by size.

    How many runs a text shares with each of the others is added up for a whole block of them at once: bit `n` of a number belongs
    to text `n` of the block. How many it takes grows with the size of the other one, so neighbours need the same number.
    """
    first = {each.runs: n for n, each in reversed(list(enumerate(samples)))}
    found = [1 << n for n in range(len(samples))]
    for start in range(0, len(samples), block):
        others = samples[start : start + block]
        sizes, holding = [len(each.runs) for each in others], _holding(others)
        for n, each in enumerate(samples):
            if first[each.runs] == n:
                shared = _added_up([holding[run] for run in each.runs if run in holding])
                found[n] |= _enough(shared, sizes, len(each.runs), percent) << start
            if n % _PORTION == 0:
                yield
    return [found[first[each.runs]] if each.runs else found[n] for n, each in enumerate(samples)]


def _holding(samples: Sequence[Sample]) -> dict[str, int]:
    """The texts that hold each run, as bits."""
    where: defaultdict[str, list[int]] = defaultdict(list)
    for n, each in enumerate(samples):
        for run in each.runs:
            where[run].append(n)
    return {run: _bits(places) for run, places in where.items()}


def _bits(places: Sequence[int]) -> int:
    found = bytearray(max(places) // 8 + 1)
    for n in places:
        found[n >> 3] |= 1 << (n & 7)
    return int.from_bytes(found, "little")


def _added_up(rows: list[int]) -> list[int]:
    """Column sums in binary: number `i` holds bit `i` of each. Three rows of one weight make one, and a carry."""
    sums = []
    while rows:
        carries = []
        while len(rows) > 1:
            a, b, c = rows.pop(), rows.pop(), rows.pop() if rows else 0
            differ = a ^ b
            rows.append(differ ^ c)
            carries.append(a & b | differ & c)
        sums.append(rows[0])
        rows = carries
    return sums


def _enough(counted: Sequence[int], sizes: Sequence[int], size: int, percent: int) -> int:
    """The columns with enough of a text with `size` runs: `shared >= percent * (size + other - shared)`, in hundredths."""
    found = 0
    left = _at_least(counted, _needed(size, 0, percent), len(sizes))
    while left:
        first = (left & -left).bit_length() - 1
        needed = _needed(size, sizes[first], percent)
        # The sizes of which as many are needed end where one more is.
        end = bisect_right(sizes, ((100 + percent) * needed) // percent - size)
        these = left & ((1 << end) - 1)
        found |= these & _at_least(counted, needed, len(sizes))
        left ^= these
    return found


def _needed(size: int, other: int, percent: int) -> int:
    return max(-(-percent * (size + other) // (100 + percent)), 1)


def _at_least(counted: Sequence[int], least: int, number: int) -> int:
    """The columns of which the sum is at least `least`."""
    if least >> len(counted):
        return 0
    found = (1 << number) - 1
    for n, row in enumerate(counted):
        found = row & found if least >> n & 1 else row | found
    return found


# Grouping


def _join(
    samples: Sequence[Sample], masks: Sequence[int], taken: Mapping[str, str], joining: dict[str, list[str]]
) -> int:
    """Texts alike to a taken one go to the name with most of them; the others are free, as bits."""
    under: defaultdict[str, int] = defaultdict(int)
    for n, each in enumerate(samples):
        if each.id in taken:
            under[taken[each.id]] |= 1 << n
    known = sum(under.values())
    free = 0
    for n, each in enumerate(samples):
        if known >> n & 1:
            continue
        if masks[n] & known:
            near = {name: (masks[n] & those).bit_count() for name, those in under.items()}
            joining[min(near, key=lambda name: (-near[name], name))].append(each.id)
        else:
            free |= 1 << n
    return free


def _stars(kind: str, samples: Sequence[Sample], masks: Sequence[int], free: int) -> Iterator[Group]:
    """Whoever has most that are alike and free is the first centre; each text belongs to one star."""
    order = sorted(range(len(samples)), key=lambda n: (-(masks[n] & free).bit_count(), samples[n].id))
    for centre in order:
        if not free >> centre & 1:
            continue
        star = masks[centre] & free
        free &= ~star
        members = sorted((samples[n] for n in _places(star)), key=lambda each: each.id)
        yield Group(kind, samples[centre].id, tuple(m.id for m in members), _terms(samples[centre], members))


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _terms(centre: Sample, members: Sequence[Sample]) -> tuple[str, ...]:
    """The longest words of the centre of which every run is shared by at least half of the members, and by two."""
    if len(members) < 2:
        return ()
    number = Counter(run for each in members for run in each.runs)
    least = max(-(-len(members) // 2), 2)
    shared = {run for run, times in number.items() if times >= least}
    found = dict.fromkeys(term for piece in centre.pieces for term in _stretches(piece, shared))
    return tuple(sorted(found, key=lambda term: -len(term))[:MOST_TERMS])


def _stretches(piece: str, shared: Collection[str]) -> Iterator[str]:
    """The longest parts of a piece that are made of shared runs alone, in order."""
    start, end = 0, 0
    for n, run in enumerate(_runs(piece)):
        if run not in shared:
            continue
        if n >= end:  # not even one letter in common with the part before
            if end:
                yield piece[start:end]
            start = n
        end = n + LENGTH
    if end:
        yield piece[start:end]
