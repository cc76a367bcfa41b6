"""Whatever is done to a log or a bundle is found and rightly named, and a log that nobody touched raises no alarm.

`make soak` does the same in larger numbers (tests/proofs/tampering.py).
"""

from __future__ import annotations

from functools import lru_cache
from random import Random

import pytest

from adapters.evidence.levels import verify_all
from adapters.evidence.verify import verify
from tests.proofs.tampering import first_of, mutated, told, untouched
from tests.support.memory_log import MemoryLog, a_key, random_log
from tests.support.tampering import WAYS, Impossible, Way, rewritten_and_signed_again

PARTS = range(8)  # of 250 mutations and 25 clean logs each, for two processes to share
LOGS = 8  # of each part


@pytest.mark.parametrize("part", PARTS)
def test_two_thousand_random_mutations_are_all_found_and_named(part: int) -> None:
    logs = [random_log(100 * part + n) for n in range(LOGS)]

    verdict = mutated(logs, range(250 * part, 250 * (part + 1)))

    assert verdict.faults == []
    assert verdict.counts["mutations"] == 250


@pytest.mark.parametrize("part", PARTS)
def test_two_hundred_untouched_logs_raise_no_alarm_at_any_level(part: int) -> None:
    assert untouched(range(25 * part, 25 * (part + 1))) == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_way_of_tampering_has_its_class(way: Way) -> None:
    tried = 0
    for seed in range(12):
        try:
            made = way(some_log(seed % 6).copy(), Random(seed))
        except Impossible:
            continue
        report = verify_all(made.members, outside=made.outside)
        assert first_of(report) == made.kind, told(report)
        assert report.exit == 1
        tried += 1
    assert tried > 0


def test_the_first_finding_names_the_event_that_was_changed() -> None:
    log = some_log(1).copy()
    at = next(i for i, row in enumerate(log.rows) if row.seq == 2 and row.case_id != "journal")
    row = log.rows[at]
    log.rows[at] = row._replace(data=row.data.replace(b'"v":1', b'"v":2'))

    first = verify(log.bundle()).ranked()[0]

    assert (first.kind, first.case, first.seq) == ("byte_changed", row.case_id, 2)


def test_a_history_rewritten_and_signed_again_with_the_key_is_found_only_with_something_from_outside() -> (
    None
):
    made = rewritten_and_signed_again(some_log(2).copy(), Random(5))

    alone, kept = verify(made.members), verify(made.members, outside=made.outside)

    assert alone.findings == []
    assert first_of(kept) == "resigned"


def test_a_witness_that_did_not_sign_leaves_the_question_open() -> None:
    log = random_log(3, witnessed=True)
    keys = [key["vkey"] for key in log.keys]
    log.witnesses.clear()
    log.notes.clear()  # it refused: what it saw before is not what it is shown now

    report = verify(log.bundle(), keys=keys)

    assert report.exit == 2
    assert "见证" in report.undecided[0]


def test_what_a_witness_cosigned_before_the_newest_checkpoint_is_told_by_its_size() -> None:
    log = random_log(3, witnessed=True)
    keys, size = [key["vkey"] for key in log.keys], log.notes[-1][0]
    log.witnesses.clear()  # it has not come round again yet

    report = verify(log.bundle(), keys=keys)

    assert (report.exit, report.facts["witnessed"]) == (0, {"witness.example": size})
    assert report.facts["size"] > size


def test_the_line_of_a_witness_under_another_checkpoint_is_a_history_signed_again() -> None:
    log = random_log(4, witnessed=True)
    before = log.notes[-1][1].splitlines(keepends=True)[-1]
    members = log.bundle()
    now = members["checkpoint"].decode().splitlines(keepends=True)
    members["checkpoint"] = "".join([*now[:-1], before]).encode()

    assert first_of(verify(members)) == "resigned"


def test_keys_from_elsewhere_that_did_not_sign_decide_nothing() -> None:
    report = verify(some_log(0).copy().bundle(), keys=[a_key(99).vkey])

    assert report.exit == 2
    assert report.findings == []


def test_a_checkpoint_from_outside_that_the_bundle_does_not_prove_decides_nothing() -> None:
    log = random_log(4)
    case = min(log.ends)
    members = log.copy().bundle([case])
    kept = []
    for size in range(2, len(log.tiles)):
        other = log.copy()
        other.tiles = other.tiles[:size]
        kept.append(other.sign())

    reports = [verify(members, outside=[note]) for note in kept]

    assert {report.exit for report in reports} == {0, 2}  # some sizes are proven by chance
    assert all("--checkpoint" in report.undecided[0] for report in reports if report.exit == 2)
    assert [report.findings for report in reports if report.findings] == []


def test_something_that_is_no_bundle_decides_nothing() -> None:
    assert verify({}).exit == 2
    other = some_log(0).copy().bundle()
    other["bundle.json"] = other["bundle.json"].replace(b'"sha256"', b'"sm3"')
    assert verify(other).exit == 2


@lru_cache(maxsize=8)
def some_log(seed: int) -> MemoryLog:
    """Not to be changed: take a copy."""
    return random_log(seed)
