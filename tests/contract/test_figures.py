"""Figures read from a database: the cohort of a late case, coverage, growth, targets, and who may ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import insert

from adapters.db.database import Database
from adapters.db.programme_tables import OBSERVATION
from adapters.programme.figures import FigureSuppressed, RegionOutOfReach, Table, UnknownIndicator
from engine.access import Reach
from engine.canonical import encode
from engine.programme.figures import Figure
from engine.programme.indicators import Over
from engine.programme.model import Programme
from engine.programme.periods import parse_period
from tests.support.duties import duties
from tests.support.duty_office import DutyOffice, duty_office, local

ALL = Reach(regions=("7",))


@pytest.fixture
def office(database: Database) -> Iterator[DutyOffice]:
    with duty_office(database, "2026-03-02 09:00", since=date(2026, 3, 1)) as made:
        yield made


def table(
    office: DutyOffice, period: str, *names: str, reach: Reach = ALL, region: str = "", level: int = 1
) -> Table:
    found = parse_period(period)
    now = office.container.now()
    return office.figures.table(duties(), found, now, reach=reach, region=region, level=level, names=names)


def whole(office: DutyOffice, period: str, name: str) -> Figure:
    return table(office, period, name).whole[name]


def test_a_late_answer_stays_in_its_cohort_when_the_case_is_done_again(office: DutyOffice) -> None:
    case = office.open("request", region="711", what="示例")
    office.until("2026-03-16 10:00")  # due on 9 March
    office.step(case, "answer")
    assert whole(office, "2026-03", "in_time").value == 0

    office.step(case, "redo")  # the clock runs anew, until 23 March
    office.until("2026-03-18 10:00")
    office.step(case, "answer")
    office.until("2026-04-01 10:00")

    figure = whole(office, "2026-03", "in_time")
    assert figure.value == Fraction(1, 2)
    assert (figure.rows, figure.part) == ((case, f"{case}/2"), (f"{case}/2",))


def test_what_is_not_yet_due_is_set_apart_and_what_was_withdrawn_is_left_out(office: DutyOffice) -> None:
    running, withdrawn = (office.open("request", region="711", what="示例") for _ in range(2))
    office.step(withdrawn, "withdraw")
    figure = whole(office, "2026-03", "in_time")
    assert (figure.value, figure.rows, figure.apart) == (None, (), {"open": (running,)})


def test_a_round_in_time_is_green_one_made_up_is_yellow_and_one_missed_is_red(office: DutyOffice) -> None:
    office.run()
    office.until("2026-03-20 10:00")
    office.step(office.case_of("71", "2026-03"), "finish")
    office.until("2026-04-01 10:00")
    assert _colours(office, "2026-03") == {"71": "green", "72": "red"}

    missed = office.case_of("72", "2026-03")
    office.step(missed, "make_up")
    office.step(missed, "finish")

    assert _colours(office, "2026-03") == {"71": "green", "72": "yellow"}
    found = table(office, "2026", "monthly")
    assert found.whole["monthly"].value == Fraction(1, 2)
    assert {part: each["monthly"].value for part, each in found.by_part.items()} == {"71": 1, "72": 0}


def test_a_slot_opened_after_its_term_is_never_green(office: DutyOffice) -> None:
    office.clock.move_to(local("2026-05-04 09:00"))
    office.run()
    office.step(office.case_of("71", "2026-03"), "finish")
    assert _colours(office, "2026-03") == {"71": "yellow", "72": "red"}
    assert _colours(office, "2026-05") == {"71": "grey", "72": "grey"}


def _colours(
    office: DutyOffice, period: str, programme: Programme | None = None, name: str = "ward_round"
) -> dict[str, str]:
    now = office.container.now()
    found = office.figures.slots(programme or duties(), parse_period(period), now, reach=ALL, names=[name])
    return {each.slot.target: each.colour for each in found}


def filled(name: str = "ward_round") -> Programme:
    """The example with the switch on: rounds of a room count for the obligation, too."""
    over = Over(cases="round", by="step finish", where='kind != "ward"')
    obligation = duties().obligations[name].model_copy(update={"also_filled_by": over})
    return duties().model_copy(update={"obligations": {**duties().obligations, name: obligation}})


def visited(
    office: DutyOffice, at: str, *, region: str = "711", subject: str = "room-1", kind: str = "room"
) -> None:
    """Another round, finished at that moment."""
    case = office.open(
        "round", region=region, subject=subject, kind=kind, period="2026-Q2", period_end="2026-12-31"
    )
    office.until(at)
    office.step(case, "finish")


def test_another_case_fills_a_slot_of_its_region_on_that_day_if_the_switch_is_on(office: DutyOffice) -> None:
    office.run()
    visited(office, "2026-03-31 23:30")
    office.until("2026-04-02 10:00")

    assert _colours(office, "2026-03") == {"71": "red", "72": "red"}
    assert _colours(office, "2026-03", filled()) == {"71": "green", "72": "red"}
    found = office.figures.table(
        filled(), parse_period("2026-03"), office.container.now(), reach=ALL, level=1, names=["monthly"]
    )
    assert found.whole["monthly"].value == Fraction(1, 2)


@pytest.mark.parametrize(
    ("at", "more"),
    [
        ("2026-04-01 00:00", {}),
        ("2026-03-20 10:00", {"kind": "ward"}),
        ("2026-03-20 10:00", {"region": "7"}),
        ("2026-03-20 10:00", {"region": "721"}),
    ],
    ids=["a day later", "of another kind", "above the region", "in another region"],
)
def test_what_happened_elsewhere_or_on_another_day_fills_nothing(
    office: DutyOffice, at: str, more: dict[str, str]
) -> None:
    office.run()
    visited(office, at, **more)
    office.until("2026-04-02 10:00")
    assert _colours(office, "2026-03", filled())["71"] == "red"


def test_a_slot_made_up_is_green_if_another_case_had_filled_it_in_its_term(office: DutyOffice) -> None:
    office.run()
    visited(office, "2026-03-20 10:00")
    office.until("2026-04-02 10:00")
    missed = office.case_of("71", "2026-03")
    office.step(missed, "make_up")
    office.step(missed, "finish")
    assert (_colours(office, "2026-03")["71"], _colours(office, "2026-03", filled())["71"]) == (
        "yellow",
        "green",
    )


def test_of_a_list_only_a_case_about_the_same_subject_fills_the_slot(office: DutyOffice) -> None:
    for room in ("room-1", "room-2"):
        office.enrol("rooms", room, "711", "2025-11-01 09:00")
    office.run()
    visited(office, "2026-03-20 10:00", subject="room-2", kind="other")
    office.until("2026-04-02 10:00")
    assert _colours(office, "2026-Q1", filled("room_round"), "room_round") == {
        "room-1": "red",
        "room-2": "green",
    }


def test_coverage_counts_members_that_were_visited(office: DutyOffice) -> None:
    for room in ("room-1", "room-2"):
        office.enrol("rooms", room, "711", "2025-11-01 09:00")
    visit = office.open(
        "round", region="711", subject="room-1", kind="other", period="x", period_end="2026-12-31"
    )
    assert whole(office, "2026-03", "covered").value == 0
    office.step(visit, "finish")
    figure = whole(office, "2026-03", "covered")
    assert (figure.value, figure.part) == (Fraction(1, 2), ("rooms/room-1/1",))
    assert whole(office, "2026-02", "covered").value == 0


def test_a_ledger_has_its_parts_and_its_clear_rate(office: DutyOffice) -> None:
    out = {"until": int(local("2026-03-10 09:00").timestamp()) * 10**6, "how_out": "cleared"}
    office.enrol("broken", "room-1", "711", "2025-11-01 09:00", **out)
    office.enrol("broken", "room-2", "712", "2026-03-05 09:00")
    office.enrol("broken", "room-3", "721", "2026-01-05 09:00")
    found = table(office, "2026-03", "left", "cleared", level=2)
    assert (found.whole["left"].value, found.whole["cleared"].value) == (2, Fraction(1, 3))
    assert {part: each["left"].value for part, each in found.by_part.items()} == {
        "711": 0,
        "712": 1,
        "721": 1,
    }
    now = office.container.now()
    ledger = office.figures.ledger(duties(), "broken", parse_period("2026-03"), now, reach=ALL)
    assert {t: ledger.whole.count(t) for t in ("opening", "entered", "cleared", "closing")} == {
        "opening": 2,
        "entered": 1,
        "cleared": 1,
        "closing": 2,
    }
    assert [ledger.by_part[part].count("closing") for part in ("71", "72")] == [1, 1]


def test_growth_starts_from_the_base_that_is_set_and_warns_below_the_advice(office: DutyOffice) -> None:
    for n in range(12):
        _room(office, f"room-{n}", kept=True)
    _room(office, "room-x", kept=False)
    office.subject("room-y", "711")
    _set(office, "rooms_in_use", 2021, 10)
    office.clock.move_to(local("2023-12-31 12:00"))

    found = table(office, "2023", "doubled", "rooms_in_use").whole

    assert found["rooms_in_use"].value == 12
    assert found["rooms_in_use"].apart == {"unknown": ("room-y",)}
    assert found["doubled"].value == Fraction(6, 5)
    assert round(float(found["doubled"].measures["required"] or 0), 3) == 0.291
    assert "20%" in found["doubled"].warning


def _set(office: DutyOffice, indicator: str, year: int, value: int) -> None:
    container = office.container
    with container.database.writing() as connection:
        container.targets.put_in(connection, indicator, "7", year, value, by="p-7-chief", at=office.clock())


def _room(office: DutyOffice, room: str, *, kept: bool) -> None:
    office.subject(room, "711")
    row = {"subject": room, "n": 1, "year": 0, "vintage": "2023-01-01", "source": "示例", "verified": True}
    more = {"entered_by": "p-7-chief", "entered_at": 0, "batch": "", "withdrawn_at": None}
    with office.container.database.writing() as connection:
        connection.execute(insert(OBSERVATION).values(**row, **more, body=encode({"kept": kept})))


def test_a_target_keeps_the_values_before_it(office: DutyOffice) -> None:
    targets = office.container.targets
    assert "未设定" in whole(office, "2026", "promised").warning
    for value in (5, 7, 7):
        _set(office, "promised", 2026, value)
    assert whole(office, "2026", "promised").target == 7
    assert [(t.n, t.value) for t in targets.history("7")] == [(1, 5), (2, 7)]


def test_a_region_sees_its_own_figures_and_no_others(office: DutyOffice) -> None:
    for region in ("711", "712", "721"):
        office.open("request", region=region, what="示例")
    office.until("2026-03-20 10:00")
    county = Reach(regions=("711",), units=("u-712",))
    own = table(office, "2026-03", "in_time", reach=county, level=2)
    assert (own.region, own.whole["in_time"].denominator, list(own.by_part)) == ("711", 1, ["711"])
    for other in ("712", "71", "7", "9"):
        with pytest.raises(RegionOutOfReach):
            table(office, "2026-03", "in_time", reach=county, region=other)
    with pytest.raises(RegionOutOfReach):
        table(office, "2026-03", "in_time", reach=Reach(units=("u-711",)))


def test_a_score_can_be_computed_again_from_its_points_and_weights(office: DutyOffice) -> None:
    office.run()
    for answered in (True, True, False, False):
        case = office.open("request", region="711", what="示例")
        if answered:
            office.step(case, "answer")
    office.until("2026-03-20 10:00")
    office.step(office.case_of("71", "2026-03"), "finish")
    office.until("2026-04-01 10:00")

    found = table(office, "2026-03", "score")

    assert found.whole["score"].measures == {"in_time": 50, "monthly": 50}
    assert (found.whole["score"].value, found.whole["score"].band) == (50, "")
    assert found.by_part["71"]["score"].value == Fraction(60 * 50 + 40 * 100, 100)
    assert found.by_part["71"]["score"].band == "合格"
    other = found.by_part["72"]["score"]
    assert (other.value, other.measures) == (0, {"in_time": None, "monthly": 0})
    assert "按时答复率" in other.warning


def test_the_rows_behind_a_figure_of_too_few_are_not_shown(office: DutyOffice) -> None:
    period, now = parse_period("2026-03"), office.container.now()
    with pytest.raises(FigureSuppressed):
        office.figures.rows(duties(), "satisfied", period, now, reach=ALL)
    with pytest.raises(UnknownIndicator):
        office.figures.rows(duties(), "satisfy", period, now, reach=ALL)


def test_all_indicators_of_an_empty_programme_have_no_value_and_no_error(office: DutyOffice) -> None:
    found = table(office, "2026")
    assert set(found.whole) == set(duties().indicators)
    assert found.whole["score"].value is None
