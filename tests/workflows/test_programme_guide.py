"""The guide to programmes: its YAML, applied piece by piece, loads and is certified over the shipped workflows."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, get_args

from engine.definition import Definition
from engine.loading import load
from engine.programme.certificate import certify_programme
from engine.programme.indicators import Indicator
from engine.programme.loading import load_programme
from tests.architecture.sources import ROOT
from tests.support.guides import Piece, put, sections
from workflows import shipped

GUIDE = "programme"


@cache
def workflows() -> dict[str, Definition]:
    found = [load(data, name=name).definition for name, data in shipped()]
    return {definition.workflow: definition for definition in found}


def findings(whole: dict[str, Any]) -> set[str]:
    source = load_programme(json.dumps(whole, ensure_ascii=False).encode(), name="guide")
    return {finding.code for finding in certify_programme(source, workflows()).findings}


def applied() -> list[dict[str, Any]]:
    """The programme after each section."""
    first, *rest = sections(GUIDE)
    states = [first[0].data]
    for section in rest:
        whole = states[-1]
        for piece in section:
            whole = whole if piece.fault else put(whole, piece)
        states.append(whole)
    return states


def mistakes() -> list[Piece]:
    return [piece for section in sections(GUIDE) for piece in section if piece.fault]


def test_after_each_section_of_the_guide_the_programme_has_no_finding() -> None:
    found = [(n, codes) for n, whole in enumerate(applied()) if (codes := findings(whole))]

    assert found == []
    assert applied()[-1]["version"] == 2


def test_the_mistakes_that_the_guide_shows_are_found() -> None:
    whole = applied()[-1]

    assert [(p.fault, p.fault in findings(put(whole, p))) for p in mistakes()] == [
        ("never_holds", True),
        ("step_not_of_system", True),
    ]


def test_the_guide_names_every_kind_of_indicator() -> None:
    kinds = Indicator.model_fields["kind"].annotation
    page = (ROOT / f"docs/guide/{GUIDE}.md").read_text(encoding="utf-8")

    assert [kind for kind in get_args(kinds) if f"`{kind}`" not in page] == []
