"""Samples on both databases: the population is fixed first, the seed comes after it, and a check does all of it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.db.database import Database
from adapters.evidence.samples import Announced, NoSuchSample, SampleRefused, Samples, SampleScope, Stratify
from engine.access import Actor
from engine.audit.journal import EntryType
from engine.audit.sampling import Member, commitment_of
from engine.case import CaseId, Holder
from tests.support.builders import MORNING, moved, noting, opened, written
from tests.support.evidence import Evidence, evidence_over, leaves_of
from tests.support.stores import store_of

AUDITOR = Actor(id="p-auditor")
SECRET = "海燕在暴风雨来临之前"
BEGIN, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANNOUNCED_AT = MORNING + timedelta(hours=1)


@pytest.fixture
def evidence(database: Database, tmp_path: Path) -> Evidence:
    return evidence_over(database, tmp_path)


@pytest.fixture
def samples(evidence: Evidence) -> Samples:
    return Samples(
        evidence.database,
        journal=evidence.journal,
        integrator=evidence.integrator,
        tiles=evidence.tiles,
        checkpoints=evidence.checkpoints,
    )


def sign(evidence: Evidence, at: datetime) -> None:
    evidence.integrator.catch_up(at)
    evidence.checkpoints.sign(at, force=True)


def write(database: Database, *writes: object) -> None:
    store = store_of(database)
    with store.unit() as unit:
        unit.write(written(*writes))  # type: ignore[arg-type]
    store.close()


def open_cases(
    database: Database, first: int, count: int, *, region: str = "340102", at: datetime = MORNING
) -> None:
    units = ("u-甲", "u-乙")
    write(
        database,
        *(
            opened(
                f"{n:04}", region=region, at=at, holder=Holder("liaison", units[n % 2]), command=f"open-{n}"
            )
            for n in range(first, first + count)
        ),
    )


def scope(*regions: str, stratify: Stratify = "") -> SampleScope:
    return SampleScope(
        regions=regions or ("3401",),
        since="2026-11-01",
        until="2026-11-30",
        begin=BEGIN,
        end=END,
        stratify=stratify,
    )


def announce(samples: Samples, count: int = 5, **more: object) -> int:
    found = samples.announce(
        scope(**more),
        count,
        commitment_of(SECRET),
        actor=AUDITOR,
        now=ANNOUNCED_AT,  # type: ignore[arg-type]
    )
    return found.number


def test_the_population_is_what_the_log_held_and_its_root_is_told(
    database: Database, samples: Samples
) -> None:
    open_cases(database, 0, 3)
    open_cases(database, 10, 2, region="340202")
    open_cases(database, 20, 1, at=END)
    found = samples.one(announce(samples))
    one, two, three = (sha256(b"\x00" + n).digest() for n in (b"0000", b"0001", b"0002"))
    left = sha256(b"\x01" + one + two).digest()
    assert (found.population, found.root) == (3, sha256(b"\x01" + left + three).hexdigest())
    assert (found.count, found.drawn, found.actor) == (5, None, "p-auditor")


def test_there_is_no_draw_before_an_event_came_that_nobody_could_know(
    database: Database, samples: Samples, evidence: Evidence
) -> None:
    open_cases(database, 0, 9)
    number = announce(samples)
    with pytest.raises(SampleRefused, match="还没有新的记录"):
        samples.seed(samples.one(number))
    # There, but unsigned: whoever runs the log could still put another event before it.
    open_cases(database, 60, 1, at=ANNOUNCED_AT + SECOND)
    evidence.integrator.catch_up(ANNOUNCED_AT + SECOND)
    for secret in (SECRET, "另一句"):  # the answer tells nothing of the secret
        with pytest.raises(SampleRefused, match="检查点"):
            samples.draw(number, secret, seen="0" * 64, actor=AUDITOR, now=ANNOUNCED_AT + SECOND)
    sign(evidence, ANNOUNCED_AT + SECOND)
    seed = samples.seed(samples.one(number))
    leaf = next(leaf for leaf in leaves_of(database) if leaf["case_id"] == "0060")
    assert seed.hash == sha256(b"\x00" + bytes(leaf["data"])).hexdigest()
    assert seed.checkpoint > leaf["leaf_index"]
    with pytest.raises(SampleRefused, match="不是所记录的种子"):
        samples.draw(number, SECRET, seen="0" * 64, actor=AUDITOR, now=ANNOUNCED_AT + SECOND)


def test_the_seed_is_the_first_leaf_after_the_announcement_that_was_recorded_later(
    database: Database, samples: Samples, evidence: Evidence
) -> None:
    open_cases(database, 0, 9)
    number = announce(samples)
    # Decided before the announcement but committed after it: its content could be known.
    open_cases(database, 50, 1, at=ANNOUNCED_AT - SECOND)
    evidence.integrator.catch_up(ANNOUNCED_AT)
    open_cases(database, 60, 1, at=ANNOUNCED_AT + SECOND)
    open_cases(database, 61, 1, at=ANNOUNCED_AT + 2 * SECOND)
    sign(evidence, ANNOUNCED_AT + 3 * SECOND)
    found = draw(samples, number, ANNOUNCED_AT + 3 * SECOND)
    assert found.drawn is not None
    assert (found.drawn["seed_case"], found.drawn["seed_seq"]) == ("0060", 1)
    hashes = {
        leaf["case_id"]: sha256(b"\x00" + bytes(leaf["data"])).hexdigest() for leaf in leaves_of(database)
    }
    text = f"bihuan/sample/seed/v1\n{found.hash}\n{hashes['0060']}\n{SECRET}"
    assert found.drawn["seed"] == sha256(text.encode()).hexdigest()
    assert len(set(found.drawn["drawn"])) == 5
    assert set(found.drawn["drawn"]) <= {f"{n:04}" for n in range(9)}


def draw(samples: Samples, number: int, now: datetime, secret: str = SECRET) -> Announced:
    seen = samples.seed(samples.one(number)).hash
    return samples.draw(number, secret, seen=seen, actor=AUDITOR, now=now)


def a_draw(database: Database, samples: Samples, evidence: Evidence) -> int:
    open_cases(database, 0, 9)
    number = announce(samples)
    open_cases(database, 60, 1, at=ANNOUNCED_AT + SECOND)
    sign(evidence, ANNOUNCED_AT + 2 * SECOND)
    draw(samples, number, ANNOUNCED_AT + 2 * SECOND)
    return number


def test_drawing_again_gives_what_was_drawn_and_tells_nothing_new(
    database: Database, samples: Samples, evidence: Evidence
) -> None:
    number = a_draw(database, samples, evidence)
    entries = len(evidence.journal.entries())
    again = draw(samples, number, ANNOUNCED_AT + timedelta(days=9))
    assert again == samples.one(number)
    assert len(evidence.journal.entries()) == entries


def test_another_secret_draws_nothing(database: Database, samples: Samples, evidence: Evidence) -> None:
    number = a_draw(database, samples, evidence)
    with pytest.raises(SampleRefused, match="不符"):
        draw(samples, number, ANNOUNCED_AT, "另一句")


@pytest.mark.parametrize(
    ("regions", "begin", "end", "is_same"),
    [
        (("34",), BEGIN, END, True),
        (("340102",), BEGIN, END, True),
        (("3402", "3401"), BEGIN, END, True),
        (("3402",), BEGIN, END, False),
        (("3401",), END, END + timedelta(days=9), False),
        (("3401",), END - SECOND, END + timedelta(days=9), True),
    ],
)
def test_scopes_overlap_where_a_case_may_lie_in_both(
    regions: tuple[str, ...], begin: datetime, end: datetime, is_same: bool
) -> None:
    other = replace(scope(), regions=regions, begin=begin, end=end)
    assert (scope().overlaps(other), other.overlaps(scope())) == (is_same, is_same)


def test_a_check_does_everything_again_and_later_cases_change_nothing(
    database: Database, samples: Samples, evidence: Evidence
) -> None:
    number = a_draw(database, samples, evidence)
    open_cases(
        database, 70, 5, at=ANNOUNCED_AT + timedelta(hours=1)
    )  # opened within the period, but after it
    found = samples.check(number)
    assert [each.code for each in found] == ["population", "root", "secret", "seed_event", "seed", "drawn"]
    assert all(each.is_same for each in found)


def test_a_check_finds_a_sample_that_was_told_otherwise(
    database: Database, samples: Samples, evidence: Evidence
) -> None:
    open_cases(database, 0, 9)
    number = announce(samples)
    open_cases(database, 60, 1, at=ANNOUNCED_AT + SECOND)
    honest = {
        "announced": number,
        "secret": SECRET,
        "seed": "0" * 64,
        "seed_case": "0060",
        "seed_hash": "1" * 64,
    }
    forged = {**honest, "seed_seq": 1, "drawn": ["0000"], "scope": {}, "population": 9, "root": ""}
    evidence.journal.record(EntryType.SAMPLE_DRAWN, forged, at=ANNOUNCED_AT + 2 * SECOND)
    evidence.integrator.catch_up(ANNOUNCED_AT)
    wrong = {each.code for each in samples.check(number) if not each.is_same}
    assert wrong == {"seed_event", "seed", "drawn"}


def test_strata_by_unit_are_those_of_the_moment_of_the_announcement(
    database: Database, samples: Samples
) -> None:
    open_cases(database, 0, 4)
    found = samples.one(announce(samples, stratify="unit"))
    before = samples.population(found.scope, found.size)
    assert before == [Member(f"{n:04}", ("u-甲", "u-乙")[n % 2]) for n in range(4)]
    store = store_of(database)
    with store.unit() as unit:
        case = unit.load([CaseId("0000")], []).cases[CaseId("0000")]
        given = {"op": "hold", "lane": "", "holder": Holder("liaison", "u-丙").as_data()}
        unit.write(written(moved(case, [given, noting("示例")], at=ANNOUNCED_AT + SECOND)))
    store.close()
    assert samples.population(found.scope, found.size) == before


def test_announcements_that_were_never_drawn_stay_visible(database: Database, samples: Samples) -> None:
    open_cases(database, 0, 4)
    first = announce(samples)
    other = samples.announce(scope(), 5, commitment_of("另一句"), actor=AUDITOR, now=ANNOUNCED_AT)
    assert announce(samples) == first
    assert [one.number for one in samples.all()] == [first, other.number]
    with pytest.raises(SampleRefused, match="另一次抽样"):
        samples.announce(scope(), 6, commitment_of(SECRET), actor=AUDITOR, now=ANNOUNCED_AT)


def test_nothing_to_draw_from_and_unknown_numbers_are_refused(samples: Samples) -> None:
    with pytest.raises(SampleRefused, match="没有事项"):
        announce(samples)
    with pytest.raises(NoSuchSample):
        samples.one(1)
