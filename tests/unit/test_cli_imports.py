"""`bihuan import` on the command line: what it says before, while and after it changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from adapters.bootstrap import Container
from engine.directory import SubjectId
from engine.programme.loading import load_programme
from tests.corpus.dirt import HEAD, A, B, listed, row, sheet
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
    assert imported["counts"] == {
        "new": 1,
        "updated": 0,
        "unchanged": 0,
        "to_confirm": 0,
        "conflict": 0,
        "error": 1,
    }
    assert set(made.subjects.known([A, B])) == {A}
    assert [batch["batch"] for batch in bihuan("import", "batches", "--json").json()] == [imported["batch"]]

    assert bihuan("import", "undo", imported["batch"], "--json").json()["subjects"] == 1
    assert made.subjects.known([A]) == {}
    assert "已撤销" in bihuan("import", "batches").out


DOUBTFUL = "91350211M0000XUF46"  # the outer check digit is wrong, the inner one right (requirements.md §4.2)


def test_a_code_in_doubt_is_written_only_when_it_was_confirmed_and_stands_in_the_workbook(
    made: Container, bihuan: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "名单.xlsx"
    file.write_bytes(listed(row(), row(DOUBTFUL, "示例乙公司")))
    ran = bihuan("import", "list", file, "--yes", "--errors", tmp_path / "errors.xlsx")
    assert "待确认 1" in ran.out
    assert "--confirm-codes" in ran.out
    assert set(made.subjects.known([A, DOUBTFUL])) == {A}
    page = openpyxl.load_workbook(tmp_path / "errors.xlsx").active
    assert page is not None
    assert [cell.value for cell in page[2]][:3] == [3, "待确认", "A3"]

    assert bihuan("import", "list", file, "--yes", "--confirm-codes").code == 0
    assert made.subjects.known([DOUBTFUL])[SubjectId(DOUBTFUL)].doubt == "outer_check"


@pytest.mark.parametrize(
    "heading",
    [
        "所属县区",
        "县（市、区）",
        "所属区县",
        "县区",
        "属地",
        "所在区县",
        "所属县（市、区）",
        "区县",
        "所属地区",
    ],
)
def test_the_shipped_programme_knows_how_counties_are_headed(
    made: Container, bihuan: CommandLine, tmp_path: Path, heading: str
) -> None:
    file = tmp_path / "名单.xlsx"
    file.write_bytes(listed(row(), head=(*HEAD[:3], heading, *HEAD[4:])))
    assert bihuan("import", "list", file, "--region", "3401", "--yes").code == 0
    assert made.subjects.known([A])[SubjectId(A)].region == "340104"


def test_batches_are_listed_with_local_times(made: Container, bihuan: CommandLine, file: Path) -> None:
    bihuan("import", "list", file, "--yes")
    at = datetime.now(ZoneInfo("Asia/Shanghai"))
    assert f"{at:%Y-%m-%d} 周" in bihuan("import", "batches").out


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


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """One good work order, and one of another county."""
    path = tmp_path / "工单.xlsx"
    head = ("工单编号", "工单状态", "标题", "被反映区", "来电时间", "来电人", "来电人电话/账号")
    said = ("示例：高企认定材料咨询", "2026-01-26 09:30", "示例来电人", "0551-00000000")
    rows = [
        [number, "已办结", said[0], county, *said[1:]]
        for number, county in (("示例-1", "蜀山区"), ("示例-2", "包河区"))
    ]
    path.write_bytes(sheet(head, *rows))
    return path


def test_a_history_is_tried_then_taken_over_once_and_told_without_names(
    made: Container, bihuan: CommandLine, orders: Path, tmp_path: Path
) -> None:
    words = ("import", "history", orders, "--region", "340104")
    errors = tmp_path / "errors.xlsx"
    tried = bihuan(*words, "--errors", errors)
    assert "D3" in tried.out
    assert "只是试导" in tried.out
    page = openpyxl.load_workbook(errors).active
    assert page is not None
    assert [cell.value for cell in page[2]][4:] == [
        "示例-2",
        "已办结",
        "示例：高企认定材料咨询",
        "包河区",
        "2026-01-26 09:30",
        None,
        None,
    ]

    done = bihuan(*words, "--yes", "--json")
    assert done.json()["counts"] == {
        "new": 1,
        "updated": 0,
        "unchanged": 0,
        "to_confirm": 0,
        "conflict": 0,
        "error": 1,
    }
    assert done.json()["batch"]
    again = bihuan(*words, "--yes", "--json").json()
    assert (again["counts"]["unchanged"], again["batch"], again["cases"]) == (1, "", done.json()["cases"])
    assert "示例来电人" not in tried.out + done.out
    assert "0551" not in tried.out + done.out
