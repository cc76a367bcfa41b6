"""A sample that nobody chose: announced first, drawn by a seed that did not exist yet, and the same for whoever draws again.

The rule `bihuan/sample/v1`, in full; all texts are UTF-8, LF is one line feed, digests are 64 lower-case hexadecimal digits.

1. The population is the list of case numbers, sorted by their bytes. Its root is that of RFC 6962 over the leaves
   SHA-256(0x00 ‖ number), or SHA-256(0x00 ‖ number LF stratum) where the sample is stratified.
2. The auditor thinks up a secret and hands in only SHA-256("bihuan/sample/secret/v1" LF secret). Population, root and this
   commitment are announced: an entry of the journal, and so a leaf of the log.
3. The seed event is the first leaf of the log after that entry's that was also recorded later than it. Whoever runs the log
   cannot choose it to their liking, for they do not know the secret; the auditor cannot fit the secret to it: it is committed.
4. seed = SHA-256("bihuan/sample/seed/v1" LF announcement LF event LF secret), both as the leaf hashes of their bytes.
5. Number i (from 0) is the first 16 digits of SHA-256("bihuan/sample/draw/v1" LF seed LF i), read as hexadecimal.
   To pick one of m: take the next number x; if x ≥ 2^64 − (2^64 mod m) it is thrown away; else it is the one at place x mod m,
   counted from 0. It is taken out of the list, and the next is picked from those that are left.
6. Strata come in the order of their names, each with its part of the count: count × size / population rounded down, and one
   more for the largest remainders, the earlier name first. The numbers go on from stratum to stratum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.canonical import leaf_hash, tagged_digest
from engine.tree import root_of

__all__ = [
    "RULE",
    "Member",
    "allotted",
    "below",
    "commitment_of",
    "drawn",
    "numbers",
    "population_root",
    "seed_of",
]

RULE: Final = "bihuan/sample/v1"
SECRET_TAG: Final = "bihuan/sample/secret/v1"
SEED_TAG: Final = "bihuan/sample/seed/v1"
DRAW_TAG: Final = "bihuan/sample/draw/v1"
_SPAN: Final = 2**64


@dataclass(frozen=True, slots=True)
class Member:
    """One case of the population; `stratum` is empty where the sample is not stratified."""

    case: str
    stratum: str = ""

    @property
    def leaf(self) -> bytes:
        text = f"{self.case}\n{self.stratum}" if self.stratum else self.case
        return bytes.fromhex(leaf_hash(text.encode()))


def in_order(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda member: member.case.encode())


def population_root(members: Iterable[Member]) -> str:
    """The root over all members, whatever order they come in."""
    return root_of([member.leaf for member in in_order(members)]).hex()


def commitment_of(secret: str) -> str:
    """What the auditor hands in before the draw: `printf 'bihuan/sample/secret/v1\\n%s' SECRET | sha256sum`."""
    return tagged_digest(SECRET_TAG, secret.encode())


def seed_of(*, announcement: str, event: str, secret: str) -> str:
    """`announcement` and `event` are leaf hashes in hexadecimal."""
    return tagged_digest(SEED_TAG, f"{announcement}\n{event}\n{secret}".encode())


def numbers(seed: str) -> Iterator[int]:
    """SHA-256 in counter mode, 64 bits of each block, without end."""
    counter = 0
    while True:
        block = hashlib.sha256(f"{DRAW_TAG}\n{seed}\n{counter}".encode()).hexdigest()
        yield int(block[:16], 16)
        counter += 1


def allotted(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """How many of `count` fall to each stratum: in proportion, by the largest remainder."""
    total = sum(sizes.values())
    parts = {name: divmod(count * size, total) for name, size in sorted(sizes.items())}
    left = count - sum(whole for whole, _ in parts.values())
    first = sorted(parts, key=lambda name: (-parts[name][1], name))[:left]
    return {name: whole + (name in first) for name, (whole, _) in parts.items()}


def drawn(seed: str, members: Sequence[Member], count: int) -> list[str]:
    """Case numbers in the order in which they were picked; all of them where the population is no larger than `count`."""
    strata: dict[str, list[str]] = {}
    for member in in_order(members):
        strata.setdefault(member.stratum, []).append(member.case)
    if not strata:
        return []
    wanted = allotted({name: len(cases) for name, cases in strata.items()}, min(count, len(members)))
    source, found = numbers(seed), []
    for name, how_many in wanted.items():
        rest = list(strata[name])
        found += [rest.pop(below(len(rest), source)) for _ in range(how_many)]
    return found


def below(bound: int, source: Iterator[int]) -> int:
    """Each of 0 … bound - 1 equally likely: numbers beyond the last whole multiple are thrown away."""
    limit = _SPAN - _SPAN % bound
    return next(number for number in source if number < limit) % bound
