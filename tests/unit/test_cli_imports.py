"""`bihuan import` on the command line: what it says before, while and after it changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from adapters.bootstrap import Container
from engine.programme.loading import load_programme
from tests.corpus.dirt import A, B, listed, row
from tests.support.commandline import CommandLine, in_folder, with_sample
from workflows import programme


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(bihuan: CommandLine) -> Iterator[Container]:
    with with_sample() as container:
        name, data = programme()
        container.programmes.publish(load_programme(data, name=name), container.now())
        yield container


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One good row, and one with a word where a number should be."""
    path = tmp_path / "名单.xlsx"
    path.write_bytes(listed(row(), row(B, "示例乙公司", staff="若干")))
    return path


def test_without_yes_it_only_says_what_would_happen(made: Container, bihuan: CommandLine, file: Path) -> None:
    ran = bihuan("import", "list", file)

    assert ran.code == 0
    assert "G3" in ran.out
    assert "只是试导" in ran.out
    assert made.subjects.known([A]) == {}


def test_with_yes_the_good_rows_are_there_and_undo_takes_them_back(
    made: Container, bihuan: CommandLine, file: Path
) -> None:
    imported = bihuan("import", "list", file, "--yes", "--json").json()
    assert imported["counts"] == {"new": 1, "updated": 0, "unchanged": 0, "conflict": 0, "error": 1}
    assert set(made.subjects.known([A, B])) == {A}
    assert [batch["batch"] for batch in bihuan("import", "batches", "--json").json()] == [imported["batch"]]

    assert bihuan("import", "undo", imported["batch"], "--json").json()["subjects"] == 1
    assert made.subjects.known([A]) == {}
    assert "已撤销" in bihuan("import", "batches").out


def test_dry_run_wins_over_yes(made: Container, bihuan: CommandLine, file: Path) -> None:
    assert bihuan("import", "list", file, "--yes", "--dry-run", "--json").json()["batch"] == ""


def test_the_rows_to_put_right_are_written_to_a_workbook(
    made: Container, bihuan: CommandLine, file: Path, tmp_path: Path
) -> None:
    bihuan("import", "list", file, "--errors", tmp_path / "errors.xlsx")
    page = openpyxl.load_workbook(tmp_path / "errors.xlsx").active
    assert page is not None
    assert [line[0].value for line in page.iter_rows()] == ["行号", 3]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("import", "undo", "nothing"), "unknown_batch"),
        (("import", "list", "{file}", "--vintage", "yesterday"), "invalid_data"),
        (("import", "list", "{file}", "--vintage", "2099-01-01"), "future_list"),
        (("import", "history", "{file}", "--region", "340104"), "no_table"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_code(
    made: Container, bihuan: CommandLine, file: Path, words: tuple[str, ...], code: str
) -> None:
    ran = bihuan(*(file if word == "{file}" else word for word in words))
    assert ran.code == 2
    assert code in ran.err
