"""Level 1 names what is wrong with stored rows; and what it finds in order without parsing is in order when it is parsed.

Rows are forged one column, one byte, one place at a time; what is expected of each is written down by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from adapters.db.rows import micros
from engine import canonical
from engine.audit.soundness import Examiner, Head, Row, _doubted, _Expected, _own, _surely, against_cases
from engine.canonical import leaf_hash, parse_instant
from tests.benchmarks.log import FROZEN
from tests.support.histories import program_of, random_history

LOG = "示例"


def rows_of(history: Sequence[bytes]) -> list[Row]:
    return [row_of(data) for data in history]


def row_of(data: bytes) -> Row:
    body = canonical.decode(data)
    at = micros(parse_instant(body["at"]))
    who = (body["actor"]["id"], body["command"])
    return (body["case"], body["seq"], body["type"], at, *who, leaf_hash(data), body["prev"], data)


def a_history() -> list[Row]:
    history, _ = random_history(program_of("workflows/issue.yaml"), 3, 12)
    return rows_of(history.events)


def changed(row: Row, **columns: object) -> Row:
    names = ("case_id", "seq", "type", "at", "actor", "command", "hash", "prev", "data")
    return tuple({**dict(zip(names, row, strict=True)), **columns}.values())  # type: ignore[return-value]


def rewritten(row: Row, **body: object) -> Row:
    """Other bytes, with a row that reads them truly."""
    return row_of(canonical.encode({**canonical.decode(row[-1]), **body}))


def codes(rows: Sequence[Row], log: str = LOG) -> list[tuple[int, str]]:
    examiner = Examiner(log, keep=100)
    list(examiner.heads(rows))
    assert (examiner.events, examiner.found) == (len(rows), len(examiner.faults))
    return [(fault.seq, fault.code) for fault in examiner.faults]


# What is whole


def test_frozen_histories_are_whole_one_after_the_other_and_their_heads_are_told() -> None:
    histories = [path.read_bytes().splitlines() for path in sorted(FROZEN.glob("*.jsonl"))]
    own = [history for history in histories if canonical.decode(history[0])["log"] == LOG]
    by_case = {canonical.decode(history[0])["case"]: rows_of(history) for history in own}
    rows = [row for case in sorted(by_case) for row in by_case[case]]
    examiner = Examiner(LOG, keep=100)

    heads = list(examiner.heads(rows))

    assert examiner.faults == []
    assert heads == [Head(case, len(by_case[case]), by_case[case][-1][6]) for case in sorted(by_case)]
    assert len(heads) > 10


def test_nearly_every_row_is_known_at_a_glance() -> None:
    surely = _surely(LOG)
    rows = a_history()

    assert [row[1] for row in rows if not surely(row, _own(row[0]))] == []


def test_what_is_known_at_a_glance_is_in_order_when_it_is_parsed() -> None:
    """Every column of every row takes the value that another row has there: no doubt is ever missed."""
    surely, rows = _surely(LOG), a_history()
    mixed = [
        (*one[:column], other[column], *one[column + 1 :])
        for one, other in pairwise(rows)
        for column in (0, 1, 2, 3, 4, 5, 7)
    ]
    for row in mixed:
        slowly = _doubted(row, leaf_hash(row[-1]), LOG, _Expected(row[7], row[1], row[3]))  # type: ignore[arg-type]
        wrong = [fault.code for fault in slowly if fault.code != "column_hash"]
        assert surely(row, _own(row[0])) == (not wrong)  # type: ignore[arg-type]


# What is not


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("type", "case.opened", "column_type"),
        ("actor", "p-nobody", "column_actor"),
        ("command", "another", "column_command"),
        ("hash", "0" * 64, "column_hash"),
        ("prev", "0" * 64, "column_prev"),
    ],
)
def test_a_column_that_is_no_reading_of_the_bytes_is_named(column: str, value: object, expected: str) -> None:
    rows = a_history()
    rows[4] = changed(rows[4], **{column: value})

    assert codes(rows) == [(5, expected)]


def test_a_moment_that_was_moved_is_named_and_so_is_one_before_the_event_before() -> None:
    rows = a_history()

    assert codes([*rows[:4], changed(rows[4], at=rows[4][3] + 1), *rows[5:]]) == [(5, "column_at")]
    earlier = changed(rows[4], at=rows[3][3] - 1)
    assert codes([*rows[:4], earlier, *rows[5:]]) == [(5, "column_at"), (5, "at_earlier")]


def test_one_changed_byte_shows_at_its_own_hash_and_at_the_next_link() -> None:
    rows = a_history()
    data = rows[4][-1].replace(b'"engine":"0"', b'"engine":"1"')
    assert data != rows[4][-1]
    rows[4] = changed(rows[4], data=data)

    assert codes(rows) == [(5, "column_hash"), (6, "prev")]


def test_an_event_that_was_rewritten_and_hashed_again_shows_at_the_next_link() -> None:
    rows = a_history()
    rows[4] = rewritten(rows[4], engine="another")

    assert codes(rows) == [(6, "prev")]


def test_an_event_that_is_gone_leaves_a_gap() -> None:
    rows = a_history()
    del rows[4]

    assert codes(rows) == [(6, "prev"), (6, "seq")]


def test_a_first_event_of_another_case_or_log_does_not_begin_here() -> None:
    rows = a_history()

    assert codes(rows, log="another") == [
        (1, "log"),
        (1, "prev"),
        *((n, "log") for n in range(2, len(rows) + 1)),
    ]
    moved = [changed(row, case_id="299900000001") for row in rows[:1]]
    assert codes(moved) == [(1, "case"), (1, "prev")]


def test_bytes_that_are_no_event_are_named() -> None:
    rows = a_history()
    rows[4] = changed(rows[4], data=b"[1,2")

    assert codes(rows)[0] == (5, "unreadable")


def test_something_asked_that_looks_like_the_rest_of_an_event_is_not_taken_for_it() -> None:
    """What is asked may hold any words: a copy of the moment and the calendar with another time in it."""
    row = a_history()[4]
    body = canonical.decode(row[-1])
    false = "2020-01-01T00:00:00.000000Z"
    asked = {
        **body["asked"],
        "past": [{"at": false, **{k: body[k] for k in ("calendar", "case", "changes")}}],
    }
    forged = rewritten(row, asked=asked)
    lying = changed(forged, at=micros(parse_instant(false)))

    assert not _surely(LOG)(lying, _own(row[0]))
    assert not _surely(LOG)(forged, _own(row[0]))  # a doubt, which parsing settles
    assert [f.code for f in _doubted(forged, forged[6], LOG, _Expected(forged[7], 5, 0))] == []


# Histories and cases


def test_a_case_is_compared_with_its_last_event_both_ways() -> None:
    heads = [
        Head("1", 3, "a"),
        Head("2", 3, "b"),
        Head("4", 1, "c"),
        Head("5", 2, "d"),
        Head("journal", 9, "j"),
    ]
    cases = [Head("1", 3, "a"), Head("2", 4, "x"), Head("3", 1, "y"), Head("5", 2, "other")]

    found = [(fault.case, fault.code) for fault in against_cases(heads, cases) if fault]

    assert found == [("2", "cut"), ("3", "history"), ("4", "row"), ("5", "head")]
