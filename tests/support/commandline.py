"""Run `bihuan` inside the test's process, in a folder of its own: exit code, what it printed, what it complained of."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from adapters.bootstrap import Container, build
from adapters.sample import PEOPLE, REGION, SUBJECT, load_sample
from adapters.settings import Settings
from api.cli import main
from engine.access import Actor, grants_of
from engine.case import CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.runtime import Accepted

MONDAY = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # 09:30 in China


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Commands of one test share its folder, and so its database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Ran:
        self._monkeypatch.setattr(sys, "argv", ["bihuan", *map(str, arguments)])
        self._capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        printed = self._capsys.readouterr()
        return Ran(code, printed.out, printed.err)


def in_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """With the settings that everybody has who has set nothing."""
    monkeypatch.chdir(folder)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"BIHUAN_{name.upper()}", raising=False)
    return CommandLine(monkeypatch, capsys)


@contextmanager
def with_sample(at: datetime = MONDAY) -> Iterator[Container]:
    """The sample in the database of the current folder; the container's clock stands still. The commands have their own."""
    settings = Settings()
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    file.parent.mkdir()
    file.write_bytes(_sample_database())
    container = build(settings, now=lambda: at, upgrade=False)
    try:
        yield container
    finally:
        container.close()


@cache
def _sample_database() -> bytes:
    """Made once for each test process, since every test wants one."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "sample.db"
        container = build(Settings(database_url=f"sqlite:///{file}"), now=lambda: MONDAY)
        load_sample(container.definitions, container.calendars, container.directories, MONDAY)
        container.close()
        return file.read_bytes()


def an_issue(made: Container, **data: object) -> CaseId:
    """Registered by the enterprise and accepted by the liaison; on Monday that is due on Tuesday the 24th at 17:30."""
    case = made.numbers.next(made.now())
    asked = {"summary": "研发费用辅助账如何设置（示例）", "source": "self", **data}
    _handled(
        made,
        Open(
            id=CommandId(f"open-{case}"),
            case=case,
            actor=_person(made, "client"),
            workflow="issue",
            region=REGION,
            subject=SUBJECT,
            data=asked,
        ),
        TakeStep(
            id=CommandId(f"accept-{case}"),
            case=case,
            actor=_person(made, "liaison"),
            step="accept",
            data={"category": "general"},
        ),
    )
    return case


def _handled(made: Container, *commands: Command) -> None:
    for outcome in made.engine.handle(commands):
        assert isinstance(outcome, Accepted), outcome


def _person(made: Container, role: str) -> Actor:
    posts = made.directories.current().posts_of(PEOPLE[role], on=made.now().date())
    return Actor(PEOPLE[role], grants=grants_of(posts), channel="test")
