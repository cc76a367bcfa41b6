"""`bihuan audit export` and `verify`: what they say, what they leave behind, and how they exit."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import Container
from adapters.clock import system_now
from adapters.evidence.verify import main, opened
from api.commands.opening import operator
from engine.audit.journal import EntryType
from tests.support.commandline import CommandLine, an_issue, in_folder, with_sample


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(bihuan: CommandLine) -> Iterator[Container]:
    with with_sample(system_now()) as container:  # the commands have the clock of the machine
        yield container


def test_a_case_is_exported_recorded_and_verified(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)

    told = bihuan("audit", "export", "--case", case, "--purpose", "示例核验", "--json").json()
    checked = bihuan("audit", "verify", told["file"])

    assert told["file"] == f"bihuan-{case}.zip"
    assert checked.code == 0, checked.out
    assert "核验通过：第 1、2、3、4 级没有发现改动" in checked.out
    (read,) = made.journal.entries(EntryType.CASES_READ)
    assert (read["data"]["digest"], read["data"]["purpose"]) == (told["digest"], "示例核验")
    assert read["actor"]["id"] == operator().id


def test_a_changed_bundle_is_named_by_event_and_class_in_chinese_and_in_json(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    case = an_issue(made)
    bihuan("audit", "export", "--case", case, "-o", "good.zip")
    members = dict(opened(Path("good.zip")))
    members[f"events/{case}.jsonl"] = members[f"events/{case}.jsonl"].replace(b'"v":', b'"w":', 1)
    with zipfile.ZipFile("bad.zip", "w") as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)

    spoken, told = bihuan("audit", "verify", "bad.zip"), bihuan("audit", "verify", "bad.zip", "--json")

    assert (spoken.code, told.code) == (1, 1)
    assert f"L1 记录的字节被改（byte_changed） 事项 {case} 第 1 条" in spoken.out
    assert told.json()["findings"][0]["kind"] == "byte_changed"


def test_keys_and_checkpoints_from_outside_are_held_against_the_bundle(
    bihuan: CommandLine, made: Container
) -> None:
    an_issue(made)
    bihuan("audit", "export", "--whole", "-o", "old.zip")
    old = opened(Path("old.zip"))
    Path("old.txt").write_bytes(old["checkpoint"])
    an_issue(made)
    bihuan("audit", "export", "--whole", "-o", "new.zip", "--checkpoint", "old.txt")
    Path("new.txt").write_bytes(opened(Path("new.zip"))["checkpoint"])
    vkey = bihuan("audit", "verify", "new.zip", "--json").json()["signed_by"][0]
    Path("keys.txt").write_text(vkey + "\n", "utf-8")

    assert bihuan("audit", "verify", "new.zip", "--keys", "keys.txt", "--checkpoint", "old.txt").code == 0
    back = bihuan("audit", "verify", "old.zip", "--checkpoint", "new.txt")
    assert (back.code, "rolled_back" in back.out) == (1, True)


def test_files_travel_on_request(bihuan: CommandLine, made: Container) -> None:
    file = made.files.save(b"%PDF-1.7\n" + "示例材料".encode(), "示例.pdf", made.now())
    case = an_issue(made, attachments=[file.digest])

    bihuan("audit", "export", "--case", case, "-o", "without.zip")
    bihuan("audit", "export", "--case", case, "--files", "-o", "with.zip")

    name = f"files/{file.digest.removeprefix('sha256:')}"
    assert name not in opened(Path("without.zip"))
    assert opened(Path("with.zip"))[name].startswith(b"%PDF")
    assert file.digest.encode() in opened(Path("without.zip"))["evidence.json"]
    assert bihuan("audit", "verify", "with.zip").code == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--case", "1", "--whole"),
        ("--since", "2026-01-01"),
        ("--case", "1", "--since", "2026-01-01"),
        ("--region", "34", "--since", "昨天"),
        ("--case", "209900000011"),
    ],
)
def test_an_export_of_nothing_is_refused_and_leaves_no_file(
    bihuan: CommandLine, made: Container, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = bihuan("audit", "export", *words)

    assert ran.code == 2
    assert ran.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".zip", ".partial")] == []


def test_what_cannot_be_read_is_undecided(bihuan: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 nonsense")

    for name in ("no.zip", "missing.zip"):
        ran = bihuan("audit", "verify", name)
        assert (ran.code, "不能判定" in ran.out) == (2, True)
    assert main([str(tmp_path / "missing.zip")]) == 2
