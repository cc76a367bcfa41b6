"""`bihuan audit sample` over the sample data: announce, wait for an event, draw, check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Container, build
from adapters.settings import Settings
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


def test_a_sample_is_announced_drawn_and_checked(bihuan: CommandLine, made: Container) -> None:
    cases = {an_issue(made) for _ in range(4)}
    told = bihuan("audit", "sample", "--since", "2026-11-01", "--count", "2")
    assert told.code == 0, told.err
    number, secret = re.search(r"第 (\d+) 号", told.out), re.search(r"暗语 (\w{32})：", told.out)
    assert number
    assert secret
    early = bihuan("audit", "sample", "--draw", number[1])
    assert (early.code, early.err.split(":")[0]) == (2, "sample_refused")

    now = build(Settings(), upgrade=False)  # the commands have the real clock, and the seed comes after them
    an_issue(now)
    now.close()
    assert bihuan("audit", "checkpoint", "sign").code == 0
    seed = bihuan("audit", "sample", "--check", number[1], "--json").json()["seed_hash"]
    said = ("--secret", secret[1], "--json")
    wrong = bihuan("audit", "sample", "--draw", number[1], "--seed", "0" * 64, *said)
    assert (wrong.code, wrong.err.split(":")[0]) == (2, "sample_refused")
    drawn = bihuan("audit", "sample", "--draw", number[1], "--seed", seed, *said)
    assert drawn.code == 0, drawn.err
    assert len(set(drawn.json()["drawn"])) == 2
    assert set(drawn.json()["drawn"]) <= cases
    checked = bihuan("audit", "sample", "--check", number[1])
    assert (checked.code, checked.out.count("✓")) == (0, 6)
    assert "2^64" in checked.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "bad_sample"),
        (("--since", "2026-11-01", "--stratify", "colour"), "bad_sample"),
        (("--since", "2026-11-01"), "sample_refused"),
        (("--draw", "3"), "no_such_sample"),
        (("--draw", "3", "--secret", "自己想的一句话"), "bad_sample"),
        (("--check", "3"), "no_such_sample"),
    ],
)
def test_what_does_not_fit_is_refused(
    bihuan: CommandLine, made: Container, words: tuple[str, ...], code: str
) -> None:
    ran = bihuan("audit", "sample", *words)
    assert (ran.code, ran.err.split(":")[0]) == (2, code)
