"""`bihuan audit asof`, `why`, `late` and `conduct` over the sample; the issue was accepted on Monday 23 November at 09:30."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy

from adapters.bootstrap import Container
from adapters.sample import PEOPLE, REGION, SUBJECT
from api.commands.opening import operator
from engine.access import Actor, grants_of
from engine.case import CommandId
from engine.commands import Open
from engine.directory import Post
from engine.runtime import Accepted
from tests.support.commandline import CommandLine, an_issue, in_folder, with_sample


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(bihuan: CommandLine) -> Iterator[Container]:
    with with_sample() as container:
        yield container


def test_asof_tells_the_state_as_known_then(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    then = bihuan("audit", "asof", case, "--at", "2026-11-23T09:30+08:00")
    assert (then.code, "已受理，联络员" in then.out) == (0, True)
    before = bihuan("audit", "asof", case, "--at", "2026-11-23T09:29:59", "--json").json()  # local
    assert (before["known"], before["at"]) == (None, "2026-11-23T09:29:59+08:00")


def test_why_explains_every_deadline_and_says_that_two_counts_agree(
    bihuan: CommandLine, made: Container
) -> None:
    case = an_issue(made)
    shown = bihuan("audit", "why", case)
    assert shown.code == 0, shown.err
    assert shown.out.count("两种算法一致") == 3
    assert "时限止于2026年11月24日（周二）17:30" in shown.out
    data = bihuan("audit", "why", case, "state", "--json").json()
    assert [(d["title"], d["status"], d["agrees"]) for d in data["deadlines"]] == [
        ("待受理", "met", True),
        ("已受理", "running", True),
    ]


def test_late_charges_every_moment_of_a_case_and_of_a_region(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    data = bihuan("audit", "late", case, "--json").json()
    assert sum(span["wall"] for span in data["spans"]) == data["life"] == data["total"]["wall"] > 0
    shown = bihuan("audit", "late", case)
    assert (shown.code, "未接手" in shown.out) == (0, True)
    region = bihuan("audit", "late", "--since", "2026-11-01", "--json").json()
    assert (region["cases"], sum(row["time"]["wall"] for row in region["rows"])) == (1, region["life"])


def test_conduct_says_that_hints_are_no_findings(bihuan: CommandLine, made: Container) -> None:
    an_issue(made)
    shown = bihuan("audit", "conduct", "--since", "2026-11-01")
    assert (shown.code, "不是结论" in shown.out, "没有达到界限的情形" in shown.out) == (0, True, True)


def test_nothing_of_this_writes(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    before = rows(made)
    for words in (("asof", case, "--at", "2026-11-23T12:00"), ("why", case), ("late", case), ("late",)):
        assert bihuan("audit", *words).code == 0
    assert rows(made) == before


def rows(made: Container) -> list[int]:
    tables = ("event", "case", "task", "receipt")
    with made.database.reading() as connection:
        return [connection.scalar(sqlalchemy.text(f'SELECT count(*) FROM "{name}"')) or 0 for name in tables]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("asof", "34202600000018", "--at", "2026-11-23T12:00"), "unknown_case"),
        (("late", "--since", "yesterday"), "bad_moment"),
        (("late", "--since", "2026-11-02", "--until", "2026-11-01"), "wrong_period"),
        (("conduct", "--since", "2026-11-02", "--region", "99"), "unknown_region"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_reason(
    bihuan: CommandLine, made: Container, words: tuple[str, ...], code: str
) -> None:
    ran = bihuan("audit", *words)
    assert (ran.code, ran.err.split(":")[0]) == (2, code)


def test_a_clock_that_never_was_is_named(bihuan: CommandLine, made: Container) -> None:
    ran = bihuan("audit", "why", an_issue(made), "nothing")
    assert (ran.code, ran.err.split(":")[0]) == (2, "unknown_clock")


def test_asof_shows_what_was_written_down_later_and_what_that_changes(
    bihuan: CommandLine, made: Container
) -> None:
    case = made.numbers.next(made.now())
    client = Actor(PEOPLE["client"], grants=grants_of(posts(made, "client")), channel="test")
    command = Open(
        id=CommandId("late"),
        case=case,
        actor=client,
        occurred_at=datetime(2026, 11, 20, 7, 0, tzinfo=UTC),  # Friday 15:00; recorded on Monday
        workflow="issue",
        region=REGION,
        subject=SUBJECT,
        data={"summary": "研发费用辅助账如何设置（示例）", "source": "self"},
    )
    assert isinstance(made.engine.handle([command])[0], Accepted)
    shown = bihuan("audit", "asof", case, "--at", "2026-11-20T16:00+08:00", "--occurred")
    assert shown.code == 0, shown.err
    assert "还没有这件事项" in shown.out
    assert "待受理，联络员" in shown.out
    assert "2026-11-23 周一 09:30 记录，称 2026-11-20 周五 15:00 发生" in shown.out


def posts(made: Container, role: str) -> tuple[Post, ...]:
    return tuple(made.directories.current().posts_of(PEOPLE[role], on=made.now().date()))


def test_reads_tell_who_erased_the_personal_values_of_a_case(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made, contact_phone="055100000000")
    assert "没有查看" in bihuan("audit", "reads", "--case", case).out
    assert bihuan("case", "erase", case, "--yes", "--reason", "当事人要求").code == 0
    data = bihuan("audit", "reads", "--case", case, "--json").json()
    assert [(r["by"]["id"], r["what"], r["purpose"]) for r in data["reads"]] == [
        (operator().id, "erased", "当事人要求")
    ]
    assert "清除个人信息" in bihuan("audit", "reads", "--case", case).out
