"""The page of an auditor's questions names every threshold with its value, and commands, resources and tests that exist."""

from __future__ import annotations

import re
from dataclasses import asdict

from api.commands.audit import app
from engine.audit.conduct import THRESHOLDS
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs/reference/audit-questions.md").read_text("utf-8")


def test_the_page_gives_each_threshold_with_its_value() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, flags=re.MULTILINE))
    assert {name: int(value) for name, value in told.items()} == asdict(THRESHOLDS)


def test_the_page_names_commands_and_tests_that_exist() -> None:
    known = set(app.commands)
    told = set(re.findall(r"bihuan audit (\w+)", PAGE))
    assert told <= known
    assert {"asof", "why", "late", "conduct", "sample", "reads"} <= told
    paths = re.findall(r"`((?:tests|engine)/[\w/]+\.py)`", PAGE)
    assert [path for path in paths if not (ROOT / path).exists()] == []
