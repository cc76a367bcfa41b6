"""The README does what it says: its walk against a real process, its commands, and what it shows of their output."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sample import PEOPLE
from adapters.settings import Settings
from api.commands.opening import container
from api.walk import WALK, env_file, walk_of
from tests.support.commandline import in_folder
from tests.support.served import Served, served

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BIHUAN = Path(sys.executable).with_name("bihuan")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def the_walk() -> str:
    [walk] = [block for block in blocks("sh") if "curl" in block]
    return walk


def environment(folder: Path) -> dict[str, str]:
    """Nobody's own settings, and `bihuan` on the path as after `make run`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BIHUAN_")}
    return {
        **kept,
        "PATH": f"{BIHUAN.parent}{os.pathsep}{kept['PATH']}",
        "BIHUAN_FILES": str(folder / "files"),
    }


def walked(folder: Path) -> subprocess.CompletedProcess[str]:
    assert shutil.which("curl"), "the README's walk needs curl"
    script = f"set -eu\n{the_walk()}"
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def serving(folder: Path) -> Served:
    return Served(folder, {"BIHUAN_LOG_LEVEL": "warning"}, ("serve", "--sample"))


def test_the_walk_of_the_readme_takes_an_issue_from_registration_to_closing(tmp_path: Path) -> None:
    with served(tmp_path, {"BIHUAN_LOG_LEVEL": "warning"}, "serve", "--sample") as process:
        ran = walked(tmp_path)
        printed = process.log.read_text("utf-8")
    assert ran.returncode == 0, ran.stderr
    case = re.match(r"case (\d{12})\n", ran.stdout)
    assert case, ran.stdout
    history = json.loads(ran.stdout[ran.stdout.rindex('{\n    "case"') :])
    assert history["case"] == case[1]
    assert [event["type"] for event in history["events"]] == ["case.opened", "step.taken", "step.taken"]
    assert history["events"][-1]["state"] == {"id": "closed", "title": "办结"}
    assert [e["prev"] for e in history["events"][1:]] == [e["hash"] for e in history["events"][:-1]]
    assert the_walk() in printed


def test_a_second_start_keeps_the_cases_and_says_that_the_tokens_are_new(tmp_path: Path) -> None:
    process = serving(tmp_path)
    try:
        process.start()
        first_tokens = (tmp_path / "var/sample.env").read_text("utf-8")
        assert walked(tmp_path).returncode == 0
        process.stop()
        assert process.process is not None
        assert process.process.returncode == 0
        process.start()
        assert walked(tmp_path).returncode == 0
    finally:
        process.kill()
    assert (tmp_path / "var/sample.env").read_text("utf-8") != first_tokens
    log = process.log.read_text("utf-8")
    assert log.count("which has cases already") == 1
    assert log.count("Fresh ones") == 1
    former = dict(line.split("=", 1) for line in first_tokens.splitlines() if line.startswith("LIAISON="))
    with container(Settings(database_url=f"sqlite:///{tmp_path}/var/bihuan.db")) as made:
        assert made.tokens.authenticate(former["LIAISON"], made.now()) is None
        assert sum(token.is_valid_at(made.now()) for token in made.tokens.list()) == len(PEOPLE)
    assert (tmp_path / "var/sample.env").stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [BIHUAN, "serve", "--port", port],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        f"port_taken: cannot listen on 127.0.0.1:{port}: Address already in use",
        "hint: choose another port with --port, or with BIHUAN_PORT before `make run`",
    ]
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///var/bihuan.db", "var/sample.env"),
        ("sqlite:///var/sample.db", "var/sample.db.env"),
        ("sqlite:////srv/try/bihuan.db", "/srv/try/sample.env"),
        ("postgresql://office@127.0.0.1/trial", "var/trial.env"),
    ],
)
def test_the_tokens_of_a_sample_stand_beside_its_database_and_the_walk_reads_them_there(
    url: str, file: str
) -> None:
    assert str(env_file(url)) == file
    assert walk_of(url).startswith(f". {file} ")


def test_the_walk_in_the_readme_is_the_one_that_serve_prints() -> None:
    assert the_walk() == WALK
    assert the_walk().count("curl ") == 5


@pytest.mark.parametrize("block", blocks("console"))
def test_what_the_readme_shows_of_an_output_is_what_is_printed(block: str, tmp_path: Path) -> None:
    first, *shown = block.splitlines()
    arguments = first.removeprefix("$ bihuan ").split()
    ran = subprocess.run(
        [BIHUAN, *arguments], cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    printed = iter(ran.stdout.splitlines())
    for line in filter("…".__ne__, shown):
        pattern = ".*".join(map(re.escape, line.split("…")))
        assert any(re.fullmatch(pattern, each) for each in printed), f"not printed: {line}"


def named_commands() -> set[tuple[str, ...]]:
    """`bihuan case show NUMBER` is (case, show); options and what follows are left out."""
    found = re.findall(r"^bihuan ([^#\n]+)|`bihuan ([^`]+)`", README, flags=re.MULTILINE)
    words = [re.split(r"\s+", (a or b).strip()) for a, b in found]
    groups = ("case", "token", "calendar", "db", "import", "org", "programme")
    return {tuple(w[:2]) if w[0] in groups else (w[0],) for w in words}


@pytest.mark.parametrize("command", sorted(named_commands()))
def test_every_command_that_the_readme_names_exists(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bihuan = in_folder(tmp_path, monkeypatch, capsys)
    assert bihuan(*command, "--help").code == 0


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {
        target
        for block in blocks("sh")
        for target in re.findall(r"^make ([a-z]+)", block, flags=re.MULTILINE)
    }
    assert named <= targets
    assert {"run", "test", "check"} <= named


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CHANGELOG.md",
        "docs/architecture.md",
        "docs/clauses.md",
        "docs/guide/auditing.md",
        "docs/guide/operating.md",
        "docs/guide/organisation.md",
        "docs/guide/programme.md",
        "docs/guide/writing-a-workflow.md",
        *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/reference").glob("*.md")),
        *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/decisions").glob("*.md")),
    ],
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []
