"""What rules say of one subject: pass, fail or unknown, by how much it is missed, and what to ask next.

Exact: integers and fractions, money in fen. A rule set is passed when every criterion is, failed as soon as one is, and
otherwise unknown with the facts that would decide it. Scores are reckoned as the least and the most that is possible.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from engine.expressions import Comparison, Expression, ExpressionFailed, compile_comparison, compile_guard
from engine.programme.answers import Answer, Measure, Verdict, all_of, any_of, conjunction, merged, negated
from engine.programme.facts import FactType, quantity
from engine.programme.model import Programme
from engine.programme.names import Ask, Reader, SubjectReader, constants, fact_of, rule_words
from engine.programme.rules import Criterion, Part, Ratio, Rule, RuleVersion, Score
from engine.subjects import Profile

__all__ = ["Eligibility", "Judge", "Judged"]


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer for a year."""

    year: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Eligibility:
    """A rule set, criterion by criterion; `missing` is the question list of the next visit."""

    rule_set: str
    title: str
    source: str
    year: int
    verdict: Verdict
    criteria: Mapping[str, tuple[str, Answer]]

    @property
    def missing(self) -> tuple[Ask, ...]:
        return merged(answer.missing for _, answer in self.criteria.values())


class Judge:
    """The rules of one programme, compiled once; shared by threads."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self._words = rule_words(programme)
        self._constants = constants(programme)
        self._deciding: dict[str, frozenset[str]] = {}
        self._checks: dict[str, tuple[Expression, Comparison | None]] = {}

    # For subjects

    def reading(
        self, profile: Profile, year: int, today: date, *, on: Collection[str] | None = None
    ) -> SubjectReader:
        return SubjectReader(self.programme, self._constants, profile, year=year, today=today, on=on)

    def eligibility(self, rule_set: str, profile: Profile, *, year: int, today: date) -> Eligibility:
        """Under the version in force `today`. Without one everything is unknown."""
        spec = self.programme.rule_sets[rule_set]
        version = spec.on(today.isoformat())
        criteria = self.criteria(version, self.reading(profile, year, today)) if version else {}
        verdict = conjunction([a.verdict for _, a in criteria.values()]) if version else Verdict.UNKNOWN
        source = version.source if version else ""
        return Eligibility(rule_set, spec.title.zh, source, year, verdict, criteria)

    def verdict(self, rule_set: str, profile: Profile, day: date) -> str:
        """pass, fail or unknown, by the newest figures of the day that the criteria read."""
        year = self.newest_year(rule_set, profile, day)
        return self.eligibility(rule_set, profile, year=year, today=day).verdict.value

    def newest_year(self, rule_set: str, profile: Profile, day: date) -> int:
        """Of the yearly facts that the criteria read."""
        return _newest(profile, self._yearly(Rule(passes=rule_set)), day)

    def on_list(
        self, name: str, profile: Profile, today: date, *, on: Collection[str] | None = None
    ) -> Judged:
        """Whether the subject should be on the list, by the figures of the year that decides."""
        year = self.year(name, profile, today)
        return Judged(
            year, self.answer(self.programme.lists[name].members, self.reading(profile, year, today, on=on))
        )

    def year(self, name: str, profile: Profile, today: date) -> int:
        """Whose figures decide: the newest year for which they are known, no later than the day's."""
        if name not in self._deciding:
            spec = self.programme.lists[name]
            self._deciding[name] = frozenset({spec.year}) if spec.year else self._yearly(spec.members)
        return _newest(profile, self._deciding[name], today)

    def _yearly(self, rule: Rule) -> frozenset[str]:
        named = {fact_of(name) for name in self.names(rule)}
        return frozenset(
            fact for fact in named if fact in self.programme.facts and self.programme.facts[fact].yearly
        )

    # Rules over a reader

    def answer(self, rule: Rule, reader: Reader) -> Answer:
        if rule.check is not None:
            return self._check(rule.check, reader)
        if rule.ratio is not None:
            return self._ratio(rule.ratio, reader)
        if rule.all:
            return all_of([self.answer(part, reader) for part in rule.all])
        if rule.any:
            return any_of([self.answer(part, reader) for part in rule.any])
        if rule.passes is not None:
            return self._passes(rule.passes, reader)
        return negated(self._passes(rule.fails or "", reader))

    def verdict_of(self, rule: Rule, reader: SubjectReader) -> Verdict:
        """The verdict of `answer` and nothing else: stops where it is decided, and asks nothing twice."""
        if rule.all:
            return self._first(rule.all, reader, Verdict.FAIL, Verdict.PASS)
        if rule.any:
            return self._first(rule.any, reader, Verdict.PASS, Verdict.FAIL)
        if rule.check is not None:
            return self._verdict_of_check(rule.check, reader)
        if (rule_set := rule.passes or rule.fails) is None:
            return self.answer(rule, reader).verdict
        if (key := f"rule set {rule_set}") not in reader.settled:
            reader.settled[key] = self._verdict_of_set(rule_set, reader)
        verdict = Verdict(reader.settled[key])
        return verdict if rule.passes else negated(Answer(verdict)).verdict

    def _first(
        self, rules: Sequence[Rule], reader: SubjectReader, decides: Verdict, otherwise: Verdict
    ) -> Verdict:
        is_unknown = False
        for rule in rules:
            verdict = self.verdict_of(rule, reader)
            if verdict is decides:
                return decides
            is_unknown |= verdict is Verdict.UNKNOWN
        return Verdict.UNKNOWN if is_unknown else otherwise

    def _verdict_of_set(self, rule_set: str, reader: SubjectReader) -> Verdict:
        version = self.programme.rule_sets[rule_set].on(reader.today.isoformat())
        if version is None:
            return Verdict.UNKNOWN
        rules = [c.rule for c in version.criteria.values() if c.rule is not None]
        verdict = self._first(rules, reader, Verdict.FAIL, Verdict.PASS)
        scores = [c.score for c in version.criteria.values() if c.score is not None]
        if verdict is Verdict.FAIL:
            return verdict
        return conjunction(
            [verdict, *(_verdict_of_score(score, self._spans(score, reader)) for score in scores)]
        )

    def _verdict_of_check(self, text: str, reader: SubjectReader) -> Verdict:
        if (kept := reader.settled.get(text)) is not None:
            return Verdict(kept)
        expression, _ = self._compiled(text)
        verdict = _verdict(_holds(expression, reader))
        if not any(name.startswith("on.") for name in expression.names):
            reader.settled[text] = verdict
        return verdict

    def criteria(self, version: RuleVersion, reader: Reader) -> dict[str, tuple[str, Answer]]:
        return {
            name: (criterion.title.zh, self.criterion(criterion, reader))
            for name, criterion in version.criteria.items()
        }

    def criterion(self, criterion: Criterion, reader: Reader) -> Answer:
        if criterion.score is not None:
            return self._score(criterion.score, reader)
        return self.answer(criterion.rule or Rule(), reader)

    def names(self, rule: Rule) -> frozenset[str]:
        """Every name that the rule may read, also through rule sets."""
        return frozenset(self._rule_names(rule))

    def _check(self, text: str, reader: Reader) -> Answer:
        expression, comparison = self._compiled(text)
        known = reader.known(expression.names)
        reads = merged(reader.asks(name) for name in expression.names)
        holds = _holds(expression, reader)
        if holds is None:
            return Answer(Verdict.UNKNOWN, (), reads, merged(reader.missing(n) for n in expression.names))
        sides = comparison.sides(known) if comparison else None
        measures = (self._measure(text, comparison, sides, holds),) if comparison and sides else ()
        return Answer(_verdict(holds), measures, reads)

    def _compiled(self, text: str) -> tuple[Expression, Comparison | None]:
        if text not in self._checks:
            self._checks[text] = (compile_guard(text, self._words), compile_comparison(text, self._words))
        return self._checks[text]

    def _measure(self, text: str, comparison: Comparison, sides: tuple[int, int], holds: bool) -> Measure:
        left, right = map(Fraction, sides)
        name = text.split(comparison.operator, maxsplit=1)[0].strip()
        gap = Fraction(0) if holds else abs(left - right) + (comparison.operator in ("<", ">"))
        unit = self._unit(name)
        return Measure(name, left, right, comparison.operator, unit, gap, unit)

    def _unit(self, name: str) -> str:
        """Of one fact; nothing for a sum of several."""
        if name.startswith("months."):
            return "个月"
        spec = self.programme.facts.get(fact_of(name))
        if spec is None:
            return ""
        return "money" if spec.type is FactType.MONEY else spec.unit or ""

    def _ratio(self, ratio: Ratio, reader: Reader) -> Answer:
        share, reads, missing = _quotient(ratio.of, reader)
        if missing:
            return Answer(Verdict.UNKNOWN, (), reads, missing)
        threshold = self._threshold(ratio.at_least)
        if share is None:
            return Answer(Verdict.FAIL, (), reads)
        dividend, divisor = (Fraction(int(reader.value(name) or 0)) for name in ratio.of)
        holds = share >= threshold
        gap = Fraction(0) if holds else threshold * divisor - dividend
        unit = self._unit(ratio.of[0])
        measure = Measure("/".join(ratio.of), share, threshold, ">=", "percent", gap, unit)
        return Answer(_verdict(holds), (measure,), reads)

    def _threshold(self, words: str) -> Fraction:
        value = self._constants.get(words)
        return Fraction(int(value), 100) if value is not None else quantity(words)

    def _passes(self, rule_set: str, reader: Reader) -> Answer:
        version = self.programme.rule_sets[rule_set].on(reader.today.isoformat())
        if version is None:
            return Answer(Verdict.UNKNOWN)
        return all_of([answer for _, answer in self.criteria(version, reader).values()])

    def _score(self, score: Score, reader: Reader) -> Answer:
        spans = self._spans(score, reader)
        verdict = _verdict_of_score(score, spans)
        missing = merged(s.missing for s in spans.values() if s.least != s.most)
        measures = _score_measures(score, spans, _total(spans))
        reads = merged(s.reads for s in spans.values())
        return Answer(verdict, measures, reads, missing if verdict is Verdict.UNKNOWN else ())

    def _spans(self, score: Score, reader: Reader) -> dict[str, _Span]:
        return {name: self._span(part, reader) for name, part in score.parts.items()}

    def _span(self, part: Part, reader: Reader) -> _Span:
        if part.best_of:
            spans = [self._span(each, reader) for each in part.best_of]
            least, most = max(s.least for s in spans), max(s.most for s in spans)
            open_ = merged(s.missing for s in spans if s.most > least)
            return _Span(least, most, merged(s.reads for s in spans), open_)
        if part.given is not None:
            return self._given(part, reader)
        share, reads, missing = _quotient(part.of, reader)
        if missing:
            points = [Fraction(band.points) for band in part.bands]
            return _Span(min(points), max(points), reads, missing)
        # From the highest down, as references.py has it: the first that is reached is the best.
        reached = (
            band.points for band in part.bands if share is not None and quantity(band.at_least) <= share
        )
        best = Fraction(next(reached, 0))
        return _Span(best, best, reads)

    def _given(self, part: Part, reader: Reader) -> _Span:
        name = part.given or ""
        value, reads = reader.value(name), reader.asks(name)
        if value is None:
            return _Span(Fraction(0), Fraction(part.most or 0), reads, reader.missing(name))
        points = Fraction(int(value), 10 ** self.programme.facts[name].decimals)
        return _Span(points, points, reads)

    def _rule_names(self, rule: Rule) -> Iterator[str]:
        if rule.check is not None:
            yield from self._compiled(rule.check)[0].names
        if rule.ratio is not None:
            yield from rule.ratio.of
        for part in (*rule.all, *rule.any):
            yield from self._rule_names(part)
        if rule_set := rule.passes or rule.fails:
            for version in self.programme.rule_sets[rule_set].versions:
                for criterion in version.criteria.values():
                    yield from self.criterion_names(criterion)

    def criterion_names(self, criterion: Criterion) -> Iterator[str]:
        if criterion.rule is not None:
            yield from self._rule_names(criterion.rule)
        if criterion.score is not None:
            for part in criterion.score.parts.values():
                yield from part_names(part)


def _holds(expression: Expression, reader: Reader) -> bool | None:
    try:
        return expression.answer(reader.known(expression.names))
    except ExpressionFailed:
        return None  # a number beyond all figures: nobody knows what follows from it


def _verdict(holds: bool | None) -> Verdict:
    if holds is None:
        return Verdict.UNKNOWN
    return Verdict.PASS if holds else Verdict.FAIL


def _newest(profile: Profile, facts: Collection[str], day: date) -> int:
    years = {year for fact, year in profile.facts if fact in facts and 0 < year <= day.year}
    return max(years, default=day.year)


def part_names(part: Part) -> Iterator[str]:
    """The facts that a part of a score reads."""
    yield from part.of
    if part.given is not None:
        yield part.given
    for each in part.best_of:
        yield from part_names(each)


@dataclass(frozen=True, slots=True)
class _Span:
    """The least and the most points that are possible with what is known."""

    least: Fraction
    most: Fraction
    reads: tuple[Ask, ...] = ()
    missing: tuple[Ask, ...] = ()


def _quotient(
    names: Sequence[str], reader: Reader
) -> tuple[Fraction | None, tuple[Ask, ...], tuple[Ask, ...]]:
    """One fact, or the share of two; None where nothing is divided by. With what was read, and what is missing."""
    reads = merged(reader.asks(name) for name in names)
    values = [reader.value(name) for name in names]
    if any(value is None for value in values):
        return None, reads, merged(reader.missing(name) for name in names)
    numbers = [int(value) for value in values if value is not None]
    if len(numbers) == 1:
        return Fraction(numbers[0]), reads, ()
    return Fraction(numbers[0], numbers[1]) if numbers[1] else None, reads, ()


def _total(spans: Mapping[str, _Span]) -> _Span:
    least = sum((s.least for s in spans.values()), Fraction(0))
    return _Span(least, sum((s.most for s in spans.values()), Fraction(0)))


def _verdict_of_score(score: Score, spans: Mapping[str, _Span]) -> Verdict:
    return conjunction([_reached(_total(spans), score), *(_nonzero(spans[name]) for name in score.nonzero)])


def _reached(total: _Span, score: Score) -> Verdict:
    if _enough(total.least, score):
        return Verdict.PASS
    return Verdict.UNKNOWN if _enough(total.most, score) else Verdict.FAIL


def _enough(points: Fraction, score: Score) -> bool:
    return (score.at_least is None or points >= score.at_least) and (
        score.above is None or points > score.above
    )


def _nonzero(span: _Span) -> Verdict:
    if span.most <= 0:
        return Verdict.FAIL
    return Verdict.UNKNOWN if span.least <= 0 else Verdict.PASS


def _score_measures(score: Score, spans: Mapping[str, _Span], total: _Span) -> tuple[Measure, ...]:
    """The sum against its threshold, once it is known, and each part that must not be nothing and is."""
    threshold = Fraction(score.at_least if score.at_least is not None else score.above or 0)
    measures = []
    if total.least == total.most:
        gap = Fraction(0) if _enough(total.least, score) else threshold - total.least
        operator = ">=" if score.at_least is not None else ">"
        measures.append(Measure("score", total.least, threshold, operator, "points", gap, "points"))
    for name in score.nonzero:
        if spans[name].least == spans[name].most == 0:
            measures.append(Measure(name, Fraction(0), Fraction(0), ">", "points"))
    return tuple(measures)
