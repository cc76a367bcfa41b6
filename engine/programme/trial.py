"""Can a rule hold at all? Values are tried at the boundaries of what the rule compares, until they satisfy it.

A search and no proof: it goes from conflicts to fewer conflicts, from several beginnings that are the same every time.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from math import prod
from typing import Final

from engine.expressions import Kind
from engine.programme.answers import Verdict
from engine.programme.facts import FactType, quantity
from engine.programme.judging import Judge
from engine.programme.names import Ask, Reader, constants, fact_of, rule_words
from engine.programme.rules import Rule
from engine.subjects import Value

__all__ = ["can_hold"]

_EXHAUSTIVE: Final = 4096
_BEGINNINGS: Final = 12
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?![\w.])")
_WORDS: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_DAY: Final = date(2025, 6, 30)


class _Assigned(Reader):
    """Values that were chosen; nothing is missing."""

    def __init__(self, values: Mapping[str, Value], today: date) -> None:
        self.today = today
        self._values = values

    def value(self, name: str) -> Value | None:
        return self._values.get(name)

    def asks(self, name: str) -> tuple[Ask, ...]:
        return (Ask(name, 0),)

    def missing(self, name: str) -> tuple[Ask, ...]:
        return self.asks(name)


def can_hold(judge: Judge, rule: Rule) -> bool:
    """Whether some values satisfy the rule. Rule sets that it names are taken as satisfiable: they are tried by themselves."""
    parts = list(_leaves(rule))
    names = sorted({name for part in parts for name in judge.names(part)})
    choices = {
        name: _candidates(judge, name, parts) for name in names if name not in constants(judge.programme)
    }
    fixed = constants(judge.programme)
    if prod(map(len, choices.values())) <= _EXHAUSTIVE:
        every = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
        return any(_conflicts(judge, rule, {**fixed, **values}) == 0 for values in every)
    return any(_search(judge, rule, choices, fixed, seed) for seed in range(_BEGINNINGS))


def _search(
    judge: Judge, rule: Rule, choices: Mapping[str, Sequence[Value]], fixed: Mapping[str, Value], seed: int
) -> bool:
    dice = random.Random(seed)
    values: dict[str, Value] = {name: dice.choice(some) for name, some in choices.items()}
    left = _conflicts(judge, rule, {**fixed, **values})
    improving = True
    while left and improving:
        improving = False
        for name in dice.sample(list(choices), len(choices)):
            tried = [
                (_conflicts(judge, rule, {**fixed, **values, name: v}), n)
                for n, v in enumerate(choices[name])
            ]
            fewest, index = min(tried)
            if fewest <= left:
                improving |= fewest < left
                values[name], left = choices[name][index], fewest
    return left == 0


def _conflicts(judge: Judge, rule: Rule, values: Mapping[str, Value]) -> int:
    """How many leaves stand in the way."""
    if rule.all:
        return sum(_conflicts(judge, part, values) for part in rule.all)
    if rule.any:
        return min(_conflicts(judge, part, values) for part in rule.any)
    if rule.passes or rule.fails:
        return 0
    if rule.check is not None and "&&" in rule.check and not re.search(r"[|(?]", rule.check):
        parts = (Rule(check=text.strip()) for text in rule.check.split("&&"))
        return sum(_conflicts(judge, part, values) for part in parts)
    return int(judge.answer(rule, _Assigned(values, _DAY)).verdict is not Verdict.PASS)


def _leaves(rule: Rule) -> Iterator[Rule]:
    if rule.check is not None or rule.ratio is not None:
        yield rule
    for part in (*rule.all, *rule.any):
        yield from _leaves(part)


def _candidates(judge: Judge, name: str, parts: Sequence[Rule]) -> list[Value]:
    """Values around everything that is compared in the parts that read the name."""
    kind = rule_words(judge.programme)[name]
    if kind is Kind.BOOLEAN:
        return [False, True]
    near = [part for part in parts if name in judge.names(part)]
    texts = [part.check for part in near if part.check is not None]
    if kind is Kind.TEXT:
        return _texts(judge, name, texts)
    found = {0, 1, 100}
    for text in texts:
        found |= {int(number) for number in _NUMBER.findall(text)}
    for part in near:
        found |= {
            int(value)
            for n in judge.names(part)
            if isinstance(value := constants(judge.programme).get(n), int)
        }
        if part.ratio is not None:
            found.add(_hundredths(judge, part.ratio.at_least))
    return sorted({number + step for number in found for step in (-1, 0, 1)})


def _hundredths(judge: Judge, words: str) -> int:
    value = constants(judge.programme).get(words)
    return int(value) if isinstance(value, int) else int(quantity(words) * 100)


def _texts(judge: Judge, name: str, texts: Sequence[str]) -> list[Value]:
    spec = judge.programme.facts.get(fact_of(name))
    said = {a or b for text in texts for a, b in _WORDS.findall(text)}
    options = set(spec.options) if spec else set()
    day = {_DAY.isoformat()} if spec and spec.type is FactType.DATE else set()
    return sorted(said | options | day | {""})
