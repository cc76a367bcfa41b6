"""A database that began with the first version of a workflow goes on with the second one that the program brings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adapters.bootstrap import build
from adapters.publishing import publish
from adapters.sample import load_sample
from adapters.settings import Settings
from engine.loading import load
from engine.programme.loading import load_programme
from workflows import programme, shipped

MORNING = datetime(2026, 10, 26, 1, 0, tzinfo=UTC)
RAISED = ("rd_activity", "rd_institution")


def first_version(data: bytes) -> bytes:
    return data.replace(b"\nversion: 2\n", b"\nversion: 1\n")


def test_a_running_sample_gets_the_newer_versions_and_keeps_the_older_ones(tmp_path: Path) -> None:
    made = build(Settings(database_url=f"sqlite:///{tmp_path / 'sample.db'}"), now=lambda: MORNING)
    try:
        for name, data in shipped():
            publish(load(first_version(data), name=name), made.definitions, made.calendars, MORNING)
        name, data = programme()
        made.programmes.publish(load_programme(first_version(data), name=name), MORNING)
        assert made.definitions.current("rd_activity", MORNING).definition.version == 1

        for _ in range(2):  # `serve --sample` does it at every start
            load_sample(made.definitions, made.calendars, made.directories, MORNING, made.programmes)
            for workflow in RAISED:
                found = [each.definition.version for each in made.definitions.versions(workflow)]
                assert (found, made.definitions.current(workflow, MORNING).definition.version) == ([2, 1], 2)
            assert made.programmes.current(MORNING).programme.version == 2
    finally:
        made.close()
