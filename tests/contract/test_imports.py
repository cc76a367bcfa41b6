"""Imports on both databases: committed once, undone without a trace, refused where the ground has moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from adapters.db.database import Database
from adapters.db.programme_tables import OBSERVATION, SUBJECT, SUBJECT_NAME, SUBJECT_REGION
from adapters.importing.known import states_of
from adapters.importing.sending_back import error_workbook
from adapters.importing.verdicts import (
    DryRun,
    FutureList,
    ImportMoved,
    ListOptions,
    NotUndoable,
    UnknownBatch,
)
from adapters.subjects.writing import NewSubject
from engine.directory import RegionId, SubjectId
from tests.corpus.dirt import HEAD, A, B, C, listed, row, text
from tests.support.lists import FACTS, imports_of, subjects_of
from tests.support.lists import SUBJECT as HEADINGS

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def dry_run(database: Database, data: bytes, now: datetime = NOW, **options: Any) -> DryRun:
    given = ListOptions(**{"scope": ("34",), **options})
    return imports_of(database).dry_run(
        data, "名单.xlsx", subject=HEADINGS, facts=FACTS, options=given, now=now
    )


def commit(database: Database, data: bytes, now: datetime = NOW, **options: Any) -> str:
    batch = imports_of(database).commit(dry_run(database, data, now, **options), by="p-1", now=now)
    assert batch is not None
    return batch.id


def told(database: Database, subject: str = A) -> tuple[Any, ...] | None:
    """Name, region and last year's revenue, as they count."""
    with database.reading() as connection:
        state = states_of(connection, [subject]).get(subject)
    if state is None:
        return None
    revenue = state.facts.get(("revenue", 2025))
    return state.title, state.region, revenue.value if revenue else None


def test_what_is_written_says_by_whom_from_where_and_as_of_when(database: Database) -> None:
    batch = commit(database, listed(row()), vintage=date(2026, 3, 1), source="示例科技局", verified=True)

    with database.reading() as connection:
        observations = connection.execute(select(OBSERVATION)).all()
        (subject,) = connection.execute(select(SUBJECT)).all()
        (name,) = connection.execute(select(SUBJECT_NAME)).all()
        (region,) = connection.execute(select(SUBJECT_REGION)).all()
    assert [
        (o.subject, o.year, o.vintage, o.source, o.verified, o.entered_by, o.batch) for o in observations
    ] == [(A, 2025, "2026-03-01", "示例科技局", True, "p-1", batch)]
    assert (subject.id, subject.dirty, subject.doubt) == (A, True, "")
    assert (name.title, name.since, name.until) == ("示例甲公司", "2026-03-01", None)
    assert (region.region, region.since, region.until) == ("340104", "2026-03-01", None)


def test_the_same_file_twice_is_one_batch_and_changes_nothing(database: Database) -> None:
    data = listed(row())
    first = commit(database, data)
    again = dry_run(database, data, LATER)

    assert again.already == first
    assert commit(database, data, LATER) == first
    assert len(imports_of(database).batches(["34"])) == 1


def test_the_same_content_in_another_file_makes_no_batch(database: Database) -> None:
    commit(database, listed(row()))
    saved_again = dry_run(database, listed(row(), [], ["注：另存一次"]), LATER)

    assert saved_again.already == ""
    assert imports_of(database).commit(saved_again, by="p", now=LATER) is None


def test_undoing_takes_back_figures_names_and_counties_and_forgets_whom_nobody_else_knows(
    database: Database,
) -> None:
    old, new = {"vintage": date(2026, 1, 1)}, {"vintage": date(2026, 3, 1)}
    commit(database, listed(row(place=("合肥市", "市本级"))), **old)
    batch = commit(database, listed(row(A, "示例甲集团", revenue=1300), row(B, "示例乙公司")), LATER, **new)
    assert told(database) == ("示例甲集团", "340104", 1_300_000_000)

    undone, subjects = imports_of(database).undo(batch, now=LATER + timedelta(hours=1))

    assert (undone.id, subjects) == (batch, 2)
    assert told(database) == ("示例甲公司", "3401", 1_200_000_000)
    assert told(database, B) is None


def test_undoing_leaves_whom_somebody_else_registered_at_the_same_moment(database: Database) -> None:
    known = NewSubject(
        id=SubjectId(C), title="示例丙公司", region=RegionId("340104"), since=date(2026, 1, 1), doubt=""
    )
    subjects_of(database).register_many([known], NOW)
    batch = commit(database, listed(row()))

    imports_of(database).undo(batch, now=LATER)

    assert told(database) is None
    assert told(database, C) == ("示例丙公司", "340104", None)


def test_an_undone_list_can_be_imported_again(database: Database) -> None:
    data = listed(row())
    first = commit(database, data)
    imports_of(database).undo(first, now=LATER)

    second = commit(database, data, LATER + timedelta(hours=1))

    assert second != first
    assert told(database) == ("示例甲公司", "340104", 1_200_000_000)


def test_undoing_twice_or_what_was_never_imported_is_refused(database: Database) -> None:
    batch = commit(database, listed(row()))
    imports = imports_of(database)
    with database.writing() as connection:
        kept = imports.keep(connection, dry_run(database, listed(row(B, "示例乙公司"))), by="p", now=LATER)
    imports.undo(batch, now=LATER)

    for wrong in (batch, kept):
        with pytest.raises(NotUndoable):
            imports.undo(wrong, now=LATER)
    with pytest.raises(UnknownBatch):
        imports.undo("nothing", now=LATER)


def test_a_dry_run_that_something_has_overtaken_is_refused_and_writes_nothing(database: Database) -> None:
    commit(database, listed(row()), vintage=date(2026, 1, 1))
    overtaken = dry_run(database, listed(row(revenue=1300), row(B, "示例乙公司")), LATER)
    commit(database, listed(row(revenue=1400)), LATER + timedelta(minutes=1))

    with pytest.raises(ImportMoved) as refused:
        imports_of(database).commit(overtaken, by="p", now=LATER + timedelta(minutes=2))
    assert refused.value.hint
    assert told(database) == ("示例甲公司", "340104", 1_400_000_000)
    assert told(database, B) is None


def test_a_remembered_dry_run_is_committed_under_its_own_number(database: Database) -> None:
    imports, dry = imports_of(database), dry_run(database, listed(row()))
    with database.writing() as connection:
        kept = imports.keep(connection, dry, by="p", now=NOW)
    assert imports.batch(kept).committed_at is None
    assert told(database) is None

    with subjects_of(database).unit(LATER) as unit:
        assert imports.commit_in(unit, dry, by="p", kept=kept) == kept

    assert imports.batch(kept).committed_at == LATER


def test_a_list_of_tomorrow_is_refused(database: Database) -> None:
    with pytest.raises(FutureList):
        dry_run(database, listed(row()), vintage=date(2026, 11, 26))


def test_a_batch_is_seen_only_by_whoever_answers_for_all_of_it(database: Database) -> None:
    commit(database, listed(row()), scope=("3401",))
    imports = imports_of(database)

    assert [len(imports.batches([region])) for region in ("34", "3401", "340104", "3402")] == [1, 1, 0, 0]


def test_a_subject_of_another_county_is_not_told_where_it_is(database: Database) -> None:
    commit(database, listed(row()))
    other = dry_run(database, listed(row(place=("合肥市", "包河区"))), LATER, scope=("340111",))

    (result,) = other.results
    assert [reason.code for reason in result.reasons] == ["other_region"]
    assert "340104" not in result.reasons[0].message


def test_nothing_else_is_told_of_a_subject_of_another_county(database: Database) -> None:
    commit(database, listed(row(name="示例原名公司")), verified=True)
    sent = listed(row(name="示例新名公司", place=("合肥市", "包河区")))
    (result,) = dry_run(database, sent, LATER, scope=("340111",)).results
    assert [reason.code for reason in result.reasons] == ["other_region"]


def test_a_batch_that_names_no_region_is_nobodys_to_see(database: Database) -> None:
    made = imports_of(database).batch(commit(database, listed(row())))
    assert made.is_within(["34"])
    assert not replace(made, options={}).is_within(["34"])


def test_the_error_workbook_returns_the_bad_rows_with_reasons_and_no_formula(database: Database) -> None:
    sent = text(HEAD, row("=1+1", "=cmd"), row(B, "示例乙公司"), row(A, "示例甲公司", staff="x"))
    dry = dry_run(database, sent.encode())

    page = openpyxl.load_workbook(BytesIO(error_workbook(dry))).active
    assert page is not None
    lines = [[cell.value for cell in line] for line in page.iter_rows()]
    assert lines[0] == ["行号", "结论", "单元格", "原因", *HEAD]
    assert [(line[0], line[1], line[2]) for line in lines[1:]] == [(2, "错误", "A2"), (4, "错误", "G4")]
    assert lines[1][4:6] == ["=1+1", "=cmd"]
    assert {cell.data_type for line in page.iter_rows() for cell in line} <= {"s", "n"}
