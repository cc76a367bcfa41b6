"""Rates over random cases equal a twin that knows nothing of rows: it counts the facts from which the cases were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.calendars import load_calendar
from engine.calendar import Calendar
from engine.case import Case, CaseId, Clock
from engine.durations import parse_duration
from engine.programme.evaluating import Evaluator
from engine.programme.figures import Figure
from engine.programme.indicators import Weight
from engine.programme.model import Programme
from engine.programme.periods import parse_period
from engine.programme.readings import Reading
from engine.programme.selecting import Material, Selector
from tests.support.duties import duties, duty_programs

PERIOD = parse_period("2026-03")
NOW = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
COUNTIES = ("711", "712", "721")
ZONE = timedelta(hours=8)


@cache
def calendar() -> Calendar:
    return load_calendar("cn")


@dataclass(frozen=True)
class Told:
    """What happened, in the plain words of the twin: days of March, working hours."""

    region: str
    started: int
    answered_after: int | None
    extended: bool
    withdrawn: bool
    rating: str


told = st.builds(
    Told,
    region=st.sampled_from(COUNTIES),
    started=st.integers(-20, 45),
    answered_after=st.none() | st.integers(0, 40),
    extended=st.booleans(),
    withdrawn=st.booleans(),
    rating=st.sampled_from(["", "good", "fair", "bad"]),
)


def begun(each: Told) -> datetime:
    return datetime(2026, 3, 1, 1, 30, tzinfo=UTC) + timedelta(days=each.started)


def due(each: Told, *, original: bool = False) -> datetime:
    days = 10 if each.extended and not original else 5
    return calendar().limit_end(parse_duration(f"{days} working days"), begun(each))


def answered(each: Told) -> datetime | None:
    if each.answered_after is None:
        return None
    moment = begun(each) + timedelta(days=each.answered_after, hours=1)
    return moment if moment <= NOW else None


def a_case(n: int, each: Told) -> Case:
    program = duty_programs()["request"]
    end = answered(each)
    status = "running" if end is None else "met" if end <= due(each) else "late"
    fired = ("due",) if (end or NOW) > due(each) else ()
    clock = Clock(
        cycle=1,
        limit="5 working days",
        started_at=begun(each),
        segments=((begun(each), end),),
        due_at=due(each),
        status=status,  # type: ignore[arg-type]
        extended=("5 working days",) if each.extended else (),
        fired=fired,
    )
    return Case(
        id=CaseId(f"{n:04}"),
        workflow="request",
        version=1,
        digest=program.digest,
        region=each.region,
        subject="",
        state="withdrawn" if each.withdrawn else "closed" if end else "open",
        opened_at=begun(each),
        at=end or begun(each),
        ended="final" if end or each.withdrawn else "",
        data={"rating": each.rating} if each.rating else {},
        clocks={"answer": clock},
    )


def evaluator(cases: list[Case], programme: Programme | None = None) -> Evaluator:
    readings = {name: Reading((program,)) for name, program in duty_programs().items()}
    material = Material(readings=readings, cases={"request": tuple(cases)})
    selector = Selector(programme or duties(), material, PERIOD, NOW, calendar())
    return Evaluator(selector, region="7", group=lambda r: r, targets={}, selector_at=lambda period: selector)


def local_month(moment: datetime) -> tuple[int, int]:
    local = moment + ZONE
    return local.year, local.month


def in_march(moment: datetime) -> bool:
    return local_month(moment) == (2026, 3)


def shown(figure: Figure) -> tuple[int, int]:
    assert figure.numerator is not None
    assert figure.denominator is not None
    assert figure.value == (figure.numerator / figure.denominator if figure.denominator else None)
    assert len(figure.part) == figure.numerator
    assert len(figure.rows) == figure.denominator
    return int(figure.numerator), int(figure.denominator)


@settings(max_examples=60)
@given(st.lists(told, max_size=12))
def test_the_share_answered_in_time_is_counted_by_due_date(stories: list[Told]) -> None:
    found = evaluator([a_case(n, each) for n, each in enumerate(stories)])
    cohort = [s for s in stories if in_march(due(s)) and not s.withdrawn]
    ends = [(answered(s), s) for s in cohort]
    in_time = sum(end is not None and end <= due(s) for end, s in ends)
    original = sum(end is not None and end <= due(s, original=True) for end, s in ends)
    assert shown(found.whole("in_time")) == (in_time, len(cohort))
    assert shown(found.whole("in_time_original")) == (original, len(cohort))
    everyone = [s for s in stories if in_march(due(s))]
    assert shown(found.whole("extended")) == (sum(s.extended for s in everyone), len(everyone))


@settings(max_examples=60)
@given(st.lists(told, max_size=16))
def test_satisfaction_is_of_those_who_rated_and_is_hidden_where_they_are_few(stories: list[Told]) -> None:
    found = evaluator([a_case(n, each) for n, each in enumerate(stories)])
    rated = [s for s in stories if in_march(begun(s)) and s.rating]
    figure = found.whole("satisfied")
    assert figure.suppressed == (len(rated) < 5)
    if not figure.suppressed:
        assert shown(figure) == (sum(s.rating != "bad" for s in rated), len(rated))


@settings(max_examples=60)
@given(st.lists(told, max_size=30))
def test_what_is_hidden_cannot_be_computed_from_the_whole_and_the_parts_that_are_shown(
    stories: list[Told],
) -> None:
    found = evaluator([a_case(n, each) for n, each in enumerate(stories)])
    whole = found.whole("satisfied")
    rated = {
        c: sum(s.region == c and in_march(begun(s)) and bool(s.rating) for s in stories) for c in COUNTIES
    }
    is_hidden = {county: found.part("satisfied", county).suppressed for county in COUNTIES}
    assert all(is_hidden[county] for county in COUNTIES if rated[county] < 5)
    unknown = [rated[county] for county in COUNTIES if is_hidden[county] and rated[county]]
    if not whole.suppressed and unknown:
        assert len(unknown) > 1
        assert sum(unknown) >= 5
    if all(each >= 5 for each in rated.values()):
        assert not any(is_hidden.values())


def test_a_score_leaves_out_a_figure_that_is_hidden_beside_a_small_one() -> None:
    def rated(region: str, number: int) -> list[Told]:
        return [Told(region, 2, 1, False, False, "good")] * number

    stories = [*rated("711", 3), *rated("712", 6), *rated("721", 20)]
    score = (
        duties()
        .indicators["score"]
        .model_copy(update={"parts": (Weight(indicator="satisfied", weight=100),)})
    )
    programme = duties().model_copy(update={"indicators": {**duties().indicators, "score": score}})
    found = evaluator([a_case(n, each) for n, each in enumerate(stories)], programme)
    shown = [county for county in COUNTIES if not found.part("satisfied", county).suppressed]
    assert shown == ["721"]
    scored = {county: found.part("score", county).measures["satisfied"] for county in COUNTIES}
    assert scored == {"711": None, "712": None, "721": 100}


@settings(max_examples=40)
@given(st.lists(told, max_size=12))
def test_the_parts_of_a_region_add_up_to_the_whole(stories: list[Told]) -> None:
    found = evaluator([a_case(n, each) for n, each in enumerate(stories)])
    parts = [shown(found.part("in_time", county)) for county in COUNTIES]
    assert tuple(map(sum, zip(*parts, strict=True))) == shown(found.whole("in_time"))


@settings(max_examples=40)
@given(st.lists(told, max_size=12))
def test_mean_hours_are_the_hours_of_those_that_were_answered(stories: list[Told]) -> None:
    found = evaluator([a_case(n, each) for n, each in enumerate(stories)]).whole("hours")
    seconds = [
        calendar().working_time(begun(s), end).total_seconds()
        for s in stories
        if in_march(due(s)) and (end := answered(s))
    ]
    expected = Fraction(int(sum(seconds))) / 3600 / len(seconds) if seconds else None
    assert found.value == expected
