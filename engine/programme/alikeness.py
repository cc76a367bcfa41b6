"""Which texts are about the same: by the short runs of letters that they share, and why.

A text is reduced to its letters (NFKC, lower case; digits, marks and names are gaps) and those to all runs of `LENGTH` letters
within a gap-free piece. Two texts are alike if they share at least so many per cent of all their runs. Groups are stars: every
member is alike to the centre itself, never only through others. Nothing here depends on the order in which texts come.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Group", "Grouping", "Sample", "grouped", "is_alike", "percent_alike", "sample"]

LENGTH: Final = 2
MOST_TERMS: Final = 5
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


def grouped(samples: Iterable[Sample], *, percent: int, taken: Mapping[str, str] | None = None) -> Grouping:
    """`taken` says under which name some of the texts are known already; what is alike to one of them joins it."""
    by_kind: defaultdict[str, list[Sample]] = defaultdict(list)
    for each in samples:
        if each.kind:
            by_kind[each.kind].append(each)
    groups: list[Group] = []
    joining: defaultdict[str, list[str]] = defaultdict(list)
    for kind in sorted(by_kind):
        together = sorted(by_kind[kind], key=lambda each: each.id)
        masks = _alike(together, percent)
        free = _join(together, masks, taken or {}, joining)
        groups += _stars(kind, together, masks, free)
    groups.sort(key=lambda group: (-len(group.members), group.members))
    return Grouping(tuple(groups), {name: tuple(sorted(ids)) for name, ids in sorted(joining.items())})


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


def _alike(samples: Sequence[Sample], percent: int) -> list[int]:
    """For each text the set of those alike to it, itself among them, as bits. Equal texts are compared once."""
    same: defaultdict[frozenset[str], int] = defaultdict(int)
    for n, each in enumerate(samples):
        same[each.runs] |= 1 << n
    unlike_none = [runs for runs in same if runs]
    found = dict(same)
    for one, other in _pairs(unlike_none, percent):
        found[one] |= same[other]
        found[other] |= same[one]
    return [found[each.runs] if each.runs else 1 << n for n, each in enumerate(samples)]


def _pairs(sets: Sequence[frozenset[str]], percent: int) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Pairs that are alike. Such a pair shares one of the rarest runs of each, as long as enough of them are looked at.

    With the runs in one order, two sets that share `percent` of the larger one share one of the first
    `size - needed + 1` of both (prefix filtering: Chaudhuri, Ganti and Kaushik, ICDE 2006).
    """
    number = Counter(run for each in sets for run in each)
    index: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for each in sets:
        rarest = sorted(each, key=lambda run: (number[run], run))
        needed = max(-(-len(each) * percent // 100), 1)
        prefix = rarest[: len(each) - needed + 1]
        for other in {candidate for run in prefix for candidate in index[run]}:
            shared = len(each & other)
            if 100 * shared >= percent * (len(each) + len(other) - shared):
                yield each, other
        for run in prefix:
            index[run].append(each)


# Grouping


def _join(
    samples: Sequence[Sample], masks: Sequence[int], taken: Mapping[str, str], joining: dict[str, list[str]]
) -> int:
    """Texts alike to a taken one go to the name with most of them; the others are free, as bits."""
    known = {n: taken[each.id] for n, each in enumerate(samples) if each.id in taken}
    free = 0
    for n, each in enumerate(samples):
        if n in known:
            continue
        near = Counter(name for other, name in known.items() if masks[n] >> other & 1)
        if near:
            joining[min(near, key=lambda name: (-near[name], name))].append(each.id)
        else:
            free |= 1 << n
    return free


def _stars(kind: str, samples: Sequence[Sample], masks: Sequence[int], free: int) -> Iterator[Group]:
    """Whoever has most that are alike and free is the first centre; each text belongs to one star."""
    order = sorted(range(len(samples)), key=lambda n: (-(masks[n] & free).bit_count(), n))
    for centre in order:
        if not free >> centre & 1:
            continue
        star = masks[centre] & free
        free &= ~star
        members = [samples[n] for n in range(len(samples)) if star >> n & 1]
        yield Group(kind, samples[centre].id, tuple(m.id for m in members), _terms(samples[centre], members))


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
