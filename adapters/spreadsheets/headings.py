"""What a column's heading says: which fact, of which year, in which unit. Words only; the sheet is left to `tables.py`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from engine.programme.facts import FactSpec, FactType, SubjectSpec

__all__ = ["UNITS", "Heading", "Meaning", "Vocabulary", "fold", "read_heading", "unit_in", "vocabulary"]

UNITS: Final[Mapping[str, Decimal]] = {
    "元": Decimal(1),
    "千元": Decimal(1_000),
    "万元": Decimal(10_000),
    "百万元": Decimal(1_000_000),
    "千万元": Decimal(10_000_000),
    "亿元": Decimal(100_000_000),
}
"""Yuan in one of each."""

_UNIT = "(?:人民币)?(千万元|百万元|亿元|万元|千元|元)"
_BRACKETED: Final = re.compile(rf"[(\[【](?:单位:?|金额单位:?)?{_UNIT}[)\]】]")
_TRAILING: Final = re.compile(rf"[,/:、]?(?:单位:?)?{_UNIT}$")
_YEAR: Final = re.compile(r"(?<!\d)((?:19|20)\d{2})(?:年度|年末|年底|年)?(?![\d.\-/~至])")
_RELATIVE: Final = re.compile("^(上一年度|上一年|上年度|上年|去年|本年度|本年|当年|今年)")
_BRACKETS: Final = re.compile(r"[(\[【][^)\]】]*[)\]】]")
_NUMBERING: Final = re.compile(r"^[(]?[\d一二三四五六七八九十]{1,2}[)]?[.、．]")
_NOISE: Final = re.compile(r"[\s*★☆　]+")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column is: `id`, `name`, `region` (of `level` below the root), or a fact.

    Of several columns for the id or the name the one of the lowest `rank` counts.
    """

    key: str
    title: str
    type: FactType | None = None
    yearly: bool = False
    level: int = 0
    rank: int = 0
    fact: FactSpec | None = None

    @property
    def is_fact(self) -> bool:
        return self.fact is not None

    @property
    def is_money(self) -> bool:
        return self.type is FactType.MONEY


Vocabulary = Mapping[str, tuple[Meaning, ...]]


@dataclass(frozen=True, slots=True)
class Heading:
    """`meanings` has one entry if it is understood, several if it is ambiguous. `back`: years before the list's own."""

    text: str
    meanings: tuple[Meaning, ...] = ()
    year: int | None = None
    back: int | None = None
    unit: str = ""


def vocabulary(subject: SubjectSpec, facts: Mapping[str, FactSpec]) -> Vocabulary:
    """Every heading under which something may come, folded."""
    known: dict[str, dict[str, Meaning]] = {}

    def learn(meaning: Meaning, words: Sequence[str]) -> None:
        for rank, each in enumerate(words):
            known.setdefault(fold(each), {}).setdefault(meaning.key, replace(meaning, rank=rank))

    learn(Meaning("id", subject.id[0] if subject.id else "代码"), subject.id)
    learn(Meaning("name", subject.name[0] if subject.name else "名称"), subject.name)
    for level, words in enumerate(subject.regions):
        learn(Meaning(f"region/{level}", words[0], level=level), words)
    for name, spec in facts.items():
        meaning = Meaning(name, spec.title.zh, spec.type, spec.yearly, fact=spec)
        learn(meaning, (spec.title.zh, *spec.headings))
    return {words: tuple(meanings.values()) for words, meanings in known.items()}


def fold(text: str) -> str:
    """Half width, lower case, without blanks, stars, numbering and closing signs."""
    folded = _NOISE.sub("", unicodedata.normalize("NFKC", text)).lower()
    return _NUMBERING.sub("", folded).strip(":;,.，。；")


def unit_in(text: str) -> str:
    """`单位：万元` somewhere above the table; empty if it is not said. `填报单位` is another thing."""
    folded = _NOISE.sub("", unicodedata.normalize("NFKC", text))
    found = re.search(rf"(?<!填报)(?<!报送)(?<!编制)(?<!填表)(?:计量|金额|货币)?单位:{_UNIT}", folded)
    return found[1] if found else ""


def read_heading(parts: Sequence[str], words: Vocabulary) -> Heading:
    """A heading of one or more rows, the upper ones first."""
    folded = list(dict.fromkeys(part for part in map(fold, parts) if part))
    text = " / ".join(dict.fromkeys(part.strip() for part in map(str, parts) if part.strip()))
    units, years, backs, bases = [], [], [], []
    for part in folded:
        bare, said, named, back = _parts_of(part)
        units.append(said)
        years += named
        backs.append(back)
        bases.append(bare)
    unit = next((each for each in reversed(units) if each), "")
    year = years[-1] if len(set(years)) == 1 else None
    back = next((each for each in reversed(backs) if each is not None), None)
    for candidate, is_plain in _candidates(folded, bases):
        if found := words.get(candidate):
            # Words that stand in the vocabulary as they are say their year themselves (当年新增).
            return Heading(text, found, year, None if is_plain else back, unit)
    return Heading(text)


def _parts_of(part: str) -> tuple[str, str, list[int], int | None]:
    found = _BRACKETED.search(part) or _TRAILING.search(part)
    unit = found[1] if found else ""
    bare = part[: found.start()] + part[found.end() :] if found else part
    years = [int(each[1]) for each in _YEAR.finditer(bare)]
    bare = _YEAR.sub("", bare).replace("()", "").strip(":;,.-—_/的")
    relative = _RELATIVE.match(bare)
    if not relative:
        return bare, unit, years, None
    back = 0 if relative[1][0] in "本当今" else 1
    return bare[relative.end() :].strip("的"), unit, years, back


def _candidates(folded: Sequence[str], bases: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """From the fullest wording to the barest; whether it is as the file has it."""
    if folded:
        yield "".join(folded), True
        yield folded[-1], True
    said = [base for base in bases if base]
    if said:
        yield "".join(said), False
        yield said[-1], False
        yield _BRACKETS.sub("", "".join(said)), False
        yield _BRACKETS.sub("", said[-1]), False
