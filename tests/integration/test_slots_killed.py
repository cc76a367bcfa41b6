"""kill -9 while slots are opened, again and again: in the end each is there once, with one case."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from adapters.db import migrate
from adapters.db.database import Database
from tests.support.stores import stored_rows

ROOT = Path(__file__).parents[2]
SLOTS = 2 * 24 + 2  # two regions in 24 months, and the file of each January


def killed_after(url: str, lines: int) -> bool:
    """Run until it has said so many lines, then kill it; whether it was still at work."""
    command = [sys.executable, "-m", "tests.support.slot_runner", url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(lines):
            if not child.stdout.readline():
                return False
        child.send_signal(signal.SIGKILL)
        child.communicate()
        return True


def test_killed_at_any_moment_no_slot_is_lost_or_doubled(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    migrate.upgrade(url)
    kills = 0
    while killed_after(url, lines=9 + kills * 11):
        kills += 1

    database = Database(url)
    slots, cases = stored_rows(database, "slot"), stored_rows(database, "case")
    database.close()
    assert kills >= 3
    assert len(slots) == SLOTS
    assert len({(slot["obligation"], slot["target"], slot["period"]) for slot in slots}) == SLOTS
    assert sorted(slot["case_id"] for slot in slots) == sorted(case["id"] for case in cases)
