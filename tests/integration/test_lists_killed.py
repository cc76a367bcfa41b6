"""A process that keeps the lists is killed with -9 again and again: every subject is on its lists once, with one case."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.db import migrate
from adapters.db.programme_tables import MEMBERSHIP
from adapters.db.tables import CASE
from tests.support.lists_office import lists_office
from tests.support.profiles import WAN

SUBJECTS = 60
KILLS = 4
YI = 10_000 * WAN


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_killed_at_any_moment_nothing_is_lost_or_doubled(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sqlite = f"sqlite:///{tmp_path / 'lists.db'}"
    url: str = sqlite if backend == "sqlite" else request.getfixturevalue("postgres_url")
    migrate.upgrade(url)
    with lists_office(url) as office:
        for n in range(SUBJECTS):
            office.put(
                f"s{n:03}", revenue=6 * YI, above_scale=True, has_rd_institution=False, has_rd_activity=False
            )
    dice = random.Random(7)
    for _ in range(KILLS):
        _work(url, kill_after=dice.uniform(0.02, 0.9))
    assert _work(url) == "done"

    with lists_office(url) as office, office.container.database.reading() as connection:
        spells = connection.execute(
            select(MEMBERSHIP.c.list, MEMBERSHIP.c.subject, MEMBERSHIP.c.case_id)
        ).all()
        cases = connection.execute(select(CASE.c.id, CASE.c.workflow, CASE.c.subject)).all()
        assert office.dirty() == []
    lists = {"no_activity", "no_institution", "service_objects"}
    assert Counter(spell.list for spell in spells) == dict.fromkeys(lists, SUBJECTS)
    assert len({(spell.list, spell.subject) for spell in spells}) == len(spells)
    assert Counter((case.workflow, case.subject) for case in cases).most_common(1)[0][1] == 1
    assert {spell.case_id for spell in spells} == {case.id for case in cases}


def _work(url: str, *, kill_after: float | None = None) -> str:
    """What the process said last. Killed so many seconds after it began to work, if it still works."""
    command = [sys.executable, "-m", "tests.support.lists_worker", url]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        try:
            said, _ = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
    return said.strip().rsplit("\n", 1)[-1]
