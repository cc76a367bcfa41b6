"""kill -9 while events come into the tree and checkpoints are signed: in the end each event is there once, and all that was
signed still holds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from adapters.db import migrate
from adapters.db.database import Database
from engine import notes, tree
from tests.support.evidence import NOW, evidence_over, faults_of, leaves_of, plain_leaf, plain_root
from tests.support.killing import kill_after, moments
from tests.support.stores import stored_rows

KILLS = 6


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_at_any_moment_no_event_is_lost_and_nothing_signed_is_taken_back(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    migrate.upgrade(url)
    for start, moment in enumerate(moments(KILLS, within=1.0)):
        kill_after(moment, ["tests.support.log_runner", url, str(tmp_path), f"{start:02}"])

    database = Database(url)
    evidence = evidence_over(database, tmp_path)
    assert evidence.checkpoints.fault() == ""
    evidence.checkpoints.sign(NOW, force=True)
    evidence.integrator.catch_up(NOW)
    evidence.checkpoints.sign(NOW, force=True)
    events = stored_rows(database, "event")
    assert len(leaves_of(database)) == len(events) > KILLS * 3
    assert faults_of(database) == []
    leaves = [plain_leaf(leaf["data"]) for leaf in leaves_of(database)]
    signed = [notes.parse_checkpoint(note) for note in evidence.file.all()]
    assert {each.size for each in signed} == {
        each.checkpoint.size for each in evidence.checkpoints.standing()
    }
    assert all(plain_root(leaves[: each.size]) == each.root for each in signed)
    for old, new in pairwise(signed):
        proof = evidence.proofs.consistency(old.size, new.size)
        assert tree.is_consistent(old.size, old.root, new.size, new.root, proof)
    database.close()
