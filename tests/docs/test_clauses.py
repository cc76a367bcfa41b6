"""The table of clauses holds every sentence of the scheme, and what it names is there."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import ROOT

TABLE = (ROOT / "docs/clauses.md").read_text("utf-8")
SCHEME = (ROOT / "docs/reference/scheme.txt").read_text("utf-8-sig")
# Headings and the word at the top are no clauses.
HEADINGS = (
    *(
        "附件：",
        "全省科技部门常态化服务企业工作方案",
        "一、工作目标",
        "二、服务对象",
        "服务内容",
        "四、工作机制",
    ),
    "五、其他要求",
)


def rows() -> list[list[str]]:
    lines = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "原文"]


def closed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_every_sentence_of_the_scheme_stands_in_the_table_once_and_in_its_order() -> None:
    left = closed(SCHEME)
    for heading in HEADINGS:
        left = left.replace(closed(heading), "", 1)
    assert "".join(closed(row[0]) for row in rows()) == left


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:12])
def test_what_a_row_names_is_there(row: list[str]) -> None:
    _, how, proof, _ = row
    assert how
    paths = re.findall(r"`(tests/[^`]+)`", proof)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    named = re.findall(r"`([a-z_/]+/[a-z_/.]*)`", how)
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert [flow for flow in flows(how) if not (ROOT / f"workflows/{flow}.yaml").exists()] == []


def flows(how: str) -> list[str]:
    """The workflows that a row names: `流程 `a`、`b``."""
    return [
        name
        for group in re.findall(r"流程 ((?:`[a-z_]+`[、，]?)+)", how)
        for name in re.findall(r"`([a-z_]+)`", group)
    ]
