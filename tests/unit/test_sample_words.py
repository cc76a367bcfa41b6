"""What invented people write fits the field: its length, and what it is about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest

from adapters.population import population
from api.simulation.setting import an_issue
from api.simulation.values import Values
from api.simulation.words import SUMMARIES, texts_for
from engine.definition import Definition, FieldSpec, FieldType
from tests.support.story_office import directory, programs


def text_fields() -> Iterator[tuple[str, str, FieldSpec]]:
    for program in programs().values():
        for name, spec in program.definition.fields.items():
            if spec.type in (FieldType.TEXT, FieldType.TEXTS):
                yield program.definition.workflow, name, spec


def test_no_text_of_a_sample_is_cut_short_by_its_field() -> None:
    assert [
        (workflow, name)
        for workflow, name, spec in text_fields()
        if any(len(text) > (spec.max or 4000) for text in texts_for(name, spec.title.zh))
    ] == []


@pytest.mark.parametrize(("name", "word"), [("place", "企业"), ("visitors", "示例"), ("hosts", "示例")])
def test_who_visited_where_is_no_opinion_of_an_office(name: str, word: str) -> None:
    visit: Definition = programs()["visit"].definition
    values = Values(random.Random(1), directory(), date(2026, 3, 2), "340104")
    said = str(values.of(visit, [name], [], favourable=True)[name])
    assert "属实" not in said
    assert "办妥" not in said
    assert word in said or name == "place"


def test_an_issue_is_summed_up_by_what_its_class_is_about() -> None:

    rng, people = random.Random(3), list(population(5, seed=1, until_year=2025))
    for _ in range(20):
        data = an_issue(rng, people).data
        assert data["summary"] in SUMMARIES[data["topic"]]
