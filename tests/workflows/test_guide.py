"""The guide's YAML is applied as a reader would, piece by piece, and must load and be certified after each."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from engine.certificate import certify
from engine.loading import load
from tests.support.guides import put, sections

GUIDE = "writing-a-workflow"


def findings(whole: dict[str, Any]) -> set[str]:
    source = load(json.dumps(whole, ensure_ascii=False).encode(), name="guide")
    return {finding.code for finding in certify(source, today=date(2026, 11, 23)).findings}


def test_after_each_section_of_the_guide_the_workflow_has_no_finding() -> None:
    first, *rest = sections(GUIDE)
    whole = first[0].data
    assert findings(whole) == set()

    for section in rest:
        for piece in section:
            if not piece.fault:
                whole = put(whole, piece)
        assert findings(whole) == set(), section[0]
    assert whole["version"] == 2


def test_the_mistake_that_the_guide_shows_is_found() -> None:
    (_, _, whole), *rest = [piece for section in sections(GUIDE) for piece in section]
    shown = [(piece.fault, put(whole, piece)) for piece in rest if piece.fault]

    assert [fault in findings(changed) for fault, changed in shown] == [True]
