"""The guide's YAML is applied as a reader would, piece by piece, and must load and be certified after each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from engine.certificate import certify
from engine.document import read
from engine.loading import load

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "writing-a-workflow.md"
PIECE = re.compile(
    r"(?:<!-- 应被查出：(?P<fault>\w+) -->\n)?```yaml\n(?:# 位置：(?P<place>\S*)\n)?(?P<text>.*?)```",
    re.DOTALL,
)
SECTION = re.compile(r"^## ", re.MULTILINE)


def sections() -> list[list[tuple[str, str, Any]]]:
    """Of each section with YAML: (fault that the piece shows or "", place or "", data), in the order of the page."""
    texts = SECTION.split(GUIDE.read_text(encoding="utf-8"))
    return [found for text in texts if (found := list(pieces(text)))]


def pieces(text: str) -> Iterator[tuple[str, str, Any]]:
    for found in PIECE.finditer(text):
        document = read(found["text"].encode(), name="guide")
        assert document.findings == []
        yield found["fault"] or "", found["place"] or "", document.data


def put(whole: dict[str, Any], place: str, piece: dict[str, Any]) -> dict[str, Any]:
    """A copy of the workflow with the piece's keys set at that place."""
    copy: dict[str, Any] = json.loads(json.dumps(whole))
    here = copy
    for key in filter(None, place.split(".")):
        here = here.setdefault(key, {})
    here.update(piece)
    return copy


def findings(whole: dict[str, Any]) -> set[str]:
    source = load(json.dumps(whole, ensure_ascii=False).encode(), name="guide")
    return {finding.code for finding in certify(source, today=date(2026, 11, 23)).findings}


def test_after_each_section_of_the_guide_the_workflow_has_no_finding() -> None:
    first, *rest = sections()
    whole = first[0][2]
    assert findings(whole) == set()

    for section in rest:
        for fault, place, piece in section:
            if not fault:
                whole = put(whole, place, piece)
        assert findings(whole) == set(), section[0]
    assert whole["version"] == 2


def test_the_mistake_that_the_guide_shows_is_found() -> None:
    (_, _, whole), *rest = [piece for section in sections() for piece in section]
    shown = [(fault, put(whole, place, piece)) for fault, place, piece in rest if fault]

    assert [fault in findings(changed) for fault, changed in shown] == [True]
