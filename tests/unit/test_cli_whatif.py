"""`bihuan audit whatif` and `bihuan audit formats` on the command line: what they answer, and what they leave behind."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from adapters.bootstrap import build
from adapters.db.errors import StoreUnavailable
from adapters.db.schema import METADATA
from adapters.db.tables import TOKEN
from adapters.evidence.selection import Selection
from adapters.evidence.whatif import Question
from adapters.settings import Settings
from engine.access import Reach
from engine.audit.journal import EntryType
from tests.support.commandline import CommandLine, an_issue, in_folder, with_sample

DATABASE = Path("var/bihuan.db")
SINCE = ("--since", "2026-11-01")


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def two_issues(bihuan: CommandLine) -> None:
    """Registered and accepted on Monday 23 November 2026; to be dispatched by Tuesday."""
    with with_sample() as made:
        an_issue(made)
        an_issue(made)


def rows() -> dict[str, int]:
    made = build(Settings(), upgrade=False)
    try:
        with made.database.reading() as connection:
            tables = METADATA.tables.items()
            return {
                name: connection.scalar(select(func.count()).select_from(table)) or 0
                for name, table in tables
            }
    finally:
        made.close()


def test_the_first_line_of_the_report_is_the_assumption(bihuan: CommandLine, two_issues: None) -> None:
    ran = bihuan("audit", "whatif", *SINCE)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0].startswith("行为不变假设：")
    assert bihuan("audit", "whatif", *SINCE, "--json").out.split('"')[1] == "assumption"


def test_nothing_is_written_not_even_to_the_journal(bihuan: CommandLine, two_issues: None) -> None:
    before, counted = hashlib.sha256(DATABASE.read_bytes()).digest(), rows()

    ran = bihuan("audit", "whatif", *SINCE, "--set", "limits.rows.general.dispatch=4 working hours", "--json")

    assert ran.json()["cases"] == 2
    assert hashlib.sha256(DATABASE.read_bytes()).digest() == before
    assert rows() == counted


def test_a_container_that_only_reads_is_refused_by_the_database_when_it_writes(
    bihuan: CommandLine, two_issues: None
) -> None:
    made = build(Settings(), upgrade=False, read_only=True)
    try:
        with pytest.raises(StoreUnavailable) as refused, made.database.writing() as connection:
            connection.execute(TOKEN.delete())
        assert "readonly" in refused.value.params["reason"]
    finally:
        made.close()


def test_two_processes_find_what_one_finds(bihuan: CommandLine, two_issues: None) -> None:
    made = build(Settings(), upgrade=False, read_only=True)
    try:
        day = datetime(2026, 11, 24, tzinfo=UTC)
        selection = Selection(
            reach=Reach(regions=("34",)), workflow="issue", since=day - timedelta(days=30), until=day
        )
        question = Question(selection=selection, settings=("limits.rows.general.dispatch=2 working hours",))
        plan = made.what_if.plan(question, now=day + timedelta(days=7))
        one, two = (made.what_if.run(plan, keep=9, processes=number) for number in (1, 2))
    finally:
        made.close()
    assert one.totals.cases == 2
    assert one.totals.matters == 2
    assert one == two


def test_without_other_rules_nothing_differs_and_with_a_shorter_limit_both_cases_do(
    bihuan: CommandLine, two_issues: None
) -> None:
    same = bihuan("audit", "whatif", *SINCE, "--json").json()
    other = bihuan(
        "audit", "whatif", *SINCE, "--set", "limits.rows.general.dispatch=2 working days", "--json"
    ).json()

    assert (same["cases"], same["cases_changed"], same["changes"]) == (2, 0, [])
    assert other["cases_changed"] == 2
    assert same["totals"]["late"]["before"] == other["totals"]["late"]["before"]


def test_a_setting_that_the_loader_refuses_is_answered_with_its_finding(
    bihuan: CommandLine, two_issues: None
) -> None:
    ran = bihuan("audit", "whatif", *SINCE, "--set", "limits.rows.general.dispatch=P1D")
    assert ran.code == 2
    assert "rules_refused" in ran.err
    assert "ISO 8601" in ran.err


def test_a_log_is_written_whole_with_its_digest_and_noted_in_the_journal(
    bihuan: CommandLine, two_issues: None
) -> None:
    ran = bihuan("audit", "formats", "--xes", "log.xes", *SINCE, "--purpose", "示例审计", "--json")
    [file] = ran.json()["files"]

    assert file["digest"] == hashlib.sha256(Path("log.xes").read_bytes()).hexdigest()
    assert (file["cases"], file["events"]) == (2, 4)
    [entry] = journal()
    assert entry["data"] == {
        "cases": 2,
        "digest": file["digest"],
        "purpose": "示例审计",
        "scope": entry["data"]["scope"],
        "what": "format",
    }
    assert entry["data"]["scope"]["form"] == "xes"
    assert entry["data"]["scope"]["regions"] == ["34"]
    assert not list(Path().glob("*.part"))


def test_a_log_that_cannot_be_recorded_is_not_left_behind(
    bihuan: CommandLine, two_issues: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = build(Settings(), upgrade=False)
    with made.database.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER no_journal BEFORE INSERT ON event WHEN NEW.case_id = 'journal' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    made.close()
    with pytest.raises(Exception, match="no"):
        bihuan("audit", "formats", "--ocel", "log.json", *SINCE)
    assert [path.name for path in Path().iterdir()] == ["var"]


def test_every_net_is_written_into_a_folder_and_no_journal_is_needed_for_that(
    bihuan: CommandLine, two_issues: None
) -> None:
    ran = bihuan("audit", "formats", "--pnml", "all", "nets", "--json")
    assert ran.code == 0, ran.err
    assert {path.name for path in Path("nets").iterdir()} >= {"issue.pnml", "visit.pnml"}
    assert journal() == []


def journal() -> list[dict[str, object]]:
    made = build(Settings(), upgrade=False)
    try:
        return made.journal.entries(EntryType.CASES_READ)  # type: ignore[return-value]
    finally:
        made.close()
