"""Checkpoints on both databases: when one is signed, what it says, and what happens to a database that went back."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import IO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from adapters.db.database import Database
from adapters.evidence.checkpoint_file import divided
from adapters.evidence.checkpoints import LogForked, RolledBack
from adapters.evidence.keys import KeyRefused, LogKeys, make_key, verifier_of
from adapters.evidence.proofs import NotInTree
from engine import notes, tree
from engine.access import Actor
from engine.audit.journal import JOURNAL, EntryType
from engine.case import CaseId
from engine.heads import Heads
from engine.ports import Store
from tests.support.builders import MORNING, moved, noting, opened
from tests.support.evidence import (
    LOG,
    NOW,
    Evidence,
    evidence_over,
    faults_of,
    leaves_of,
    plain_leaf,
    plain_root,
)
from tests.support.stores import Backend, stored_rows, write

OPERATOR = Actor(id="operator", kind="system")
SECOND = timedelta(seconds=1)


@pytest.fixture
def evidence(database: Database, tmp_path: Path) -> Evidence:
    return evidence_over(database, tmp_path)


@pytest.fixture
def store(sql_backend: Backend) -> Store:
    return sql_backend.store


def add(store: Store, evidence: Evidence, *names: str) -> None:
    write(store, *(opened(name) for name in names))
    evidence.integrator.catch_up(NOW)


def in_file(evidence: Evidence) -> list[int]:
    return [notes.parse_checkpoint(note).size for note in evidence.file.all()]


def in_table(evidence: Evidence) -> list[int]:
    return [each.checkpoint.size for each in evidence.checkpoints.standing()]


# When and what


def test_a_checkpoint_says_the_size_and_the_root_and_is_signed_by_the_key_of_the_journal(
    store: Store, evidence: Evidence
) -> None:
    add(store, evidence, "A", "B")
    made = evidence.checkpoints.sign(NOW)
    assert made is not None
    leaves = [plain_leaf(leaf["data"]) for leaf in leaves_of(evidence.database)]
    assert (made.origin, made.size, made.root) == (LOG, 2, plain_root(leaves))
    latest = evidence.checkpoints.latest()
    assert latest is not None
    (key,) = [entry["data"] for entry in evidence.journal.entries(EntryType.KEY_ADDED)]
    assert (key["use"], key["algorithm"], key["name"]) == ("log", "ed25519", LOG)
    assert notes.opened(latest[1], [verifier_of(key["vkey"])]).text == made.text
    assert evidence.file.all() == [latest[1]]


def test_one_is_signed_every_ten_seconds_or_thousand_leaves_and_never_without_news(
    store: Store, evidence: Evidence
) -> None:
    checkpoints = evidence.checkpoints
    assert checkpoints.sign(NOW) is None  # an empty log says nothing
    add(store, evidence, "A")
    assert checkpoints.sign(NOW)
    evidence.integrator.catch_up(NOW)
    assert checkpoints.sign(NOW + 60 * SECOND)  # the entry that names the key came in
    assert checkpoints.sign(NOW + 120 * SECOND) is None
    assert checkpoints.sign(NOW + 120 * SECOND, force=True) is None
    add(store, evidence, "B")
    assert checkpoints.sign(NOW + 69 * SECOND) is None
    assert checkpoints.sign(NOW + 70 * SECOND)
    add(store, evidence, "C")
    assert checkpoints.sign(NOW + 71 * SECOND) is None
    assert checkpoints.sign(NOW + 71 * SECOND, force=True)
    add(store, evidence, *(f"D-{n:04}" for n in range(999)))
    assert checkpoints.sign(NOW + 72 * SECOND) is None
    add(store, evidence, "E")
    assert checkpoints.sign(NOW + 72 * SECOND)
    add(store, evidence, "F")
    assert checkpoints.sign(NOW - 3600 * SECOND), "a clock that stepped back stops nothing"
    assert in_table(evidence) == in_file(evidence)


def test_each_checkpoint_continues_the_one_before(store: Store, evidence: Evidence) -> None:
    for n in range(12):
        add(store, evidence, *(f"{n}-{m}" for m in range(n)))
        evidence.checkpoints.sign(NOW + n * 10 * SECOND)
    found = [each.checkpoint for each in evidence.checkpoints.standing()]
    assert len(found) >= 11
    for old, new in pairwise(found):
        proof = evidence.proofs.consistency(old.size, new.size)
        assert tree.is_consistent(old.size, old.root, new.size, new.root, proof)


def test_processes_that_sign_together_say_the_same(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A", "B")
    several = [evidence_over(evidence.database, evidence.folder) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda each: each.checkpoints.sign(NOW, force=True), several))
    assert len(evidence.journal.entries(EntryType.KEY_ADDED)) == 1
    assert set(in_file(evidence)) == set(in_table(evidence))
    assert in_file(evidence) == sorted(in_file(evidence))


# The file


def test_what_a_killed_process_left_of_a_note_is_replaced(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    whole = evidence.file.path.read_bytes()
    add(store, evidence, "B")
    for length in (1, 5, 60, 150):
        evidence.file.path.write_bytes(whole + whole[:length])
        assert in_file(evidence) == [1]
        assert evidence.checkpoints.fault() == ""
    evidence.checkpoints.sign(NOW, force=True)
    assert in_file(evidence) == in_table(evidence)
    assert evidence.file.path.read_bytes().startswith(whole)


def test_what_was_signed_but_not_written_down_is_written_down_next_time(
    store: Store, evidence: Evidence
) -> None:
    """Killed between the table and the file; and what another machine signed."""
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    other = evidence_over(evidence.database, evidence.folder / "other")
    (evidence.folder / "other/keys").mkdir(parents=True)
    (evidence.folder / "other/keys/log.pem").write_bytes((evidence.folder / "keys/log.pem").read_bytes())
    for n in range(3):
        add(store, evidence, f"B-{n}")
        other.checkpoints.sign(NOW, force=True)
    assert in_file(evidence) == [1]
    assert in_file(other) == in_table(evidence)
    add(store, evidence, "C")
    evidence.checkpoints.sign(NOW, force=True)
    assert in_file(evidence) == in_table(evidence)


def test_a_long_file_is_read_from_its_end(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    note = evidence.file.all()[0]
    evidence.file.append(lambda _: [note] * 2000)
    assert evidence.file.path.stat().st_size > 2 * 64 * 1024
    last = evidence.file.last()
    assert last is not None
    assert last[1] == note
    add(store, evidence, "B")
    evidence.checkpoints.sign(NOW, force=True)
    assert in_file(evidence)[-2:] == [1, in_table(evidence)[-1]]
    assert list(divided(note.encode())) == []


def test_the_file_never_goes_back_when_another_process_signs_between_reading_and_writing(
    store: Store, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = evidence_over(evidence.database, evidence.folder)
    add(store, evidence, "A")
    lock = evidence.file._locked

    def overtaken() -> AbstractContextManager[IO[bytes]]:
        monkeypatch.undo()
        add(store, other, "B")
        other.checkpoints.sign(NOW, force=True)
        return lock()

    monkeypatch.setattr(evidence.file, "_locked", overtaken)
    evidence.checkpoints.sign(NOW, force=True)

    assert len(in_file(evidence)) == 2
    assert in_file(evidence) == sorted(set(in_file(evidence))) == in_table(evidence)


def test_what_was_set_aside_for_one_restoration_survives_the_next(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    (note,) = evidence.file.all()
    first = evidence.file.set_aside(1)
    evidence.file.append(lambda _: [note, note])
    second = evidence.file.set_aside(1)

    assert (first.name, second.name) == ("checkpoints-lost-1.txt", "checkpoints-lost-1-2.txt")
    assert [len(list(divided(path.read_bytes()))) for path in (first, second)] == [1, 2]
    assert evidence.file.all() == []


def test_what_a_power_failure_left_after_the_last_checkpoint_is_said_and_cut_off_by_the_next(
    store: Store, evidence: Evidence
) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    assert evidence.checkpoints.remark() == ""
    with evidence.file.path.open("ab") as file:
        file.write(bytes(100))
    assert "末尾" in evidence.checkpoints.remark()
    assert evidence.checkpoints.fault() == ""
    add(store, evidence, "B")
    evidence.checkpoints.sign(NOW, force=True)

    assert evidence.checkpoints.remark() == ""
    assert in_file(evidence) == in_table(evidence)


def test_a_file_of_checkpoints_that_cannot_be_read_is_said_and_nothing_is_signed(
    store: Store, evidence: Evidence
) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    with evidence.file.path.open("ab") as file:
        file.write(bytes(200_000))
    add(store, evidence, "B")

    assert "末尾" in evidence.checkpoints.fault()
    assert evidence.checkpoints.remark() == ""
    with pytest.raises(notes.Malformed):
        evidence.checkpoints.sign(NOW, force=True)


def test_what_a_killed_process_left_of_a_checkpoint_is_no_fault(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    with evidence.file.path.open("ab") as file:
        file.write(f"{LOG}\n1".encode()[:-3])

    assert evidence.checkpoints.fault() == evidence.checkpoints.remark() == ""


# A database that went back


def cut(database: Database, size: int) -> None:
    """As a backup of the time when the log had `size` leaves would be."""
    if database.is_sqlite:
        guards = ["DROP TRIGGER event_no_delete", "DROP TRIGGER event_one_leaf_index"]
    else:
        guards = ["ALTER TABLE event DISABLE TRIGGER USER"]
    changes = [
        f"DELETE FROM event WHERE leaf_index >= {size} OR leaf_index IS NULL",
        "UPDATE event SET leaf_index = NULL",
        "DELETE FROM tile",
        f"DELETE FROM checkpoint WHERE size > {size}",
    ]
    with database.writing() as connection:
        for statement in [*guards, *changes]:
            connection.execute(text(statement))


def test_a_restored_older_database_is_reported_and_not_signed(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    add(store, evidence, "B", "C", "D")
    evidence.checkpoints.sign(NOW, force=True)
    cut(evidence.database, 1)
    restored = evidence_over(evidence.database, evidence.folder)
    restored.integrator.catch_up(NOW)
    assert "恢复" in restored.checkpoints.fault()
    add(store, restored, "E")
    with pytest.raises(RolledBack):
        restored.checkpoints.sign(NOW, force=True)
    add(store, restored, "F", "G", "H", "I", "J")
    assert "改写" in restored.checkpoints.fault()
    with pytest.raises(LogForked):
        restored.checkpoints.sign(NOW, force=True)
    assert faults_of(restored.database) == []


def test_a_restored_database_goes_on_when_that_is_said_in_the_journal(
    store: Store, evidence: Evidence
) -> None:
    assert evidence.checkpoints.acknowledge(NOW, actor=OPERATOR, source="") is None
    add(store, evidence, "A", "B", "C")
    evidence.checkpoints.sign(NOW)
    lost = evidence.checkpoints.latest()
    assert lost is not None
    cut(evidence.database, 1)
    restored = evidence_over(evidence.database, evidence.folder)
    restored.integrator.catch_up(NOW)
    made = restored.checkpoints.acknowledge(NOW, actor=OPERATOR, source="2026-11-30")
    assert made is not None
    (entry,) = restored.journal.entries(EntryType.LOG_RESTORED)
    assert entry["data"] == {"from": "2026-11-30", "root": lost[0].root.hex(), "size": 3}
    assert restored.checkpoints.acknowledge(NOW, actor=OPERATOR, source="") is None
    restored.integrator.catch_up(NOW)
    assert restored.checkpoints.sign(NOW, force=True)
    assert restored.checkpoints.fault() == ""
    assert list(divided((evidence.folder / "log/checkpoints-lost-3.txt").read_bytes())) == [lost[1]]


def test_a_file_of_another_log_is_refused(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    other = evidence_over(evidence.database, evidence.folder, log="another")
    assert "another" in other.checkpoints.fault()


# Keys


def test_the_key_is_made_once_and_only_its_owner_may_read_it(store: Store, evidence: Evidence) -> None:
    first = evidence.keys.signer(NOW)
    file = evidence.folder / "keys/log.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    again = LogKeys(evidence.database, evidence.journal, file).signer(NOW)
    assert (again.name, again.key_id) == (first.name, first.key_id)
    assert len(evidence.journal.entries(EntryType.KEY_ADDED)) == 1


def test_a_process_with_another_key_integrates_but_does_not_sign(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    other = evidence_over(evidence.database, evidence.folder / "other")
    assert "没有日志密钥" in other.keys.fault()
    make_key(evidence.folder / "other/keys/log.pem")
    assert "不是日志正在使用的密钥" in other.keys.fault()
    add(store, other, "B")
    with pytest.raises(KeyRefused):
        other.checkpoints.sign(NOW, force=True)
    assert in_table(other) == [1]
    assert faults_of(other.database) == []
    assert evidence.keys.fault() == ""


def test_a_new_key_takes_over_and_what_the_old_one_signed_stays_signed(
    store: Store, evidence: Evidence
) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    old = evidence.checkpoints.latest()
    new = evidence.keys.rotate(NOW, actor=OPERATOR, reason="年度更换")
    add(store, evidence, "B")
    evidence.checkpoints.sign(NOW, force=True)
    latest = evidence.checkpoints.latest()
    assert old is not None
    assert latest is not None
    assert notes.opened(latest[1], [verifier_of(new.vkey)]).signed_by == (LOG,)
    with pytest.raises(notes.Unsigned):
        notes.opened(old[1], [verifier_of(new.vkey)])
    assert notes.opened(old[1], evidence.keys.verifiers("log")).signed_by == (LOG,)
    assert [bool(key.retired) for key in evidence.keys.known()] == [True, False]
    (retired,) = evidence.journal.entries(EntryType.KEY_RETIRED)
    assert (retired["data"]["reason"], retired["actor"]["id"]) == ("年度更换", "operator")
    kept = sorted(os.listdir(evidence.folder / "keys"))
    assert kept == ["log.pem", f"log.pem.{notes.parse_vkey(evidence.keys.known()[0].vkey).key_id.hex()}"]


def test_of_two_who_change_the_key_at_once_one_is_refused_and_the_log_keeps_its_key(
    store: Store, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    other = evidence_over(evidence.database, evidence.folder)

    def overtaken(path: Path) -> Ed25519PrivateKey:
        monkeypatch.undo()
        made = make_key(path)
        other.keys.rotate(NOW, actor=OPERATOR, reason="第二个")
        return made

    monkeypatch.setattr("adapters.evidence.keys.make_key", overtaken)
    with pytest.raises(KeyRefused):
        evidence.keys.rotate(NOW, actor=OPERATOR, reason="第一个")

    assert evidence.keys.fault() == other.keys.fault() == ""
    assert [bool(key.retired) for key in evidence.keys.known()] == [True, False]
    assert len(os.listdir(evidence.folder / "keys")) == 2  # the key and the one before


def test_a_key_that_others_may_read_is_remarked_upon(store: Store, evidence: Evidence) -> None:
    assert evidence.keys.remark() == ""
    add(store, evidence, "A")
    evidence.checkpoints.sign(NOW)
    assert evidence.keys.remark() == ""
    (evidence.folder / "keys/log.pem").chmod(0o644)

    assert "0644" in evidence.keys.remark()
    assert evidence.keys.fault() == ""


# Proofs


def test_the_proof_of_an_event_is_text_of_at_most_two_kilobytes(store: Store, evidence: Evidence) -> None:
    write(store, new := opened("A"))
    with pytest.raises(NotInTree):
        evidence.proofs.tlog_proof(CaseId("A"), 1)
    evidence.integrator.catch_up(NOW)
    with pytest.raises(NotInTree):
        evidence.proofs.tlog_proof(CaseId("A"), 1)
    add(store, evidence, *(f"B-{n:04}" for n in range(1500)))
    evidence.checkpoints.sign(NOW)
    text_ = evidence.proofs.tlog_proof(CaseId("A"), 1)
    assert len(text_.encode()) <= 2048
    proof = notes.parse_proof(text_)
    statement = notes.parse_checkpoint(notes.opened(proof.note, evidence.keys.verifiers("log")).text)
    leaf = plain_leaf(new.events[0].data)
    assert tree.includes(leaf, proof.index, statement.size, proof.path, statement.root)
    with pytest.raises(NotInTree):
        evidence.proofs.tlog_proof(CaseId("A"), 2)


def test_the_proofs_of_many_events_give_every_signed_root(store: Store, evidence: Evidence) -> None:
    for n in range(5):
        add(store, evidence, *(f"{n}-{m:03}" for m in range(100)))
        evidence.checkpoints.sign(NOW, force=True)
    signed = [each.checkpoint for each in evidence.checkpoints.standing()]
    mine = {leaf["leaf_index"]: plain_leaf(leaf["data"]) for leaf in leaves_of(evidence.database)[::37]}
    nodes = evidence.proofs.nodes(
        mine, [each.size for each in signed if each.size > max(mine)] + [signed[0].size]
    )
    known = tree.Known(mine, nodes)
    assert known.root(signed[0].size) == signed[0].root
    assert known.root(signed[-1].size) == signed[-1].root
    assert len(nodes) < 150


# The heads manifest


def test_the_manifest_is_told_once_a_local_day(store: Store, evidence: Evidence) -> None:
    assert evidence.manifests.record_daily(NOW) is None
    add(store, evidence, "A", "B")
    assert evidence.manifests.record_daily(NOW)
    assert evidence.manifests.record_daily(NOW + timedelta(hours=5)) is None
    assert evidence.manifests.record_daily(NOW - timedelta(days=1)) is None
    assert evidence.manifests.record_daily(NOW + timedelta(days=1))
    told = [entry["data"] for entry in evidence.journal.entries(EntryType.HEADS_LISTED)]
    assert [(each["day"], each["size"], each["cases"]) for each in told] == [
        ("2026-12-01", 2, 2),
        ("2026-12-02", 2, 2),
    ]


def test_sweepers_that_come_to_it_together_tell_it_once(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A", "B")
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: evidence.manifests.record_daily(NOW), range(6)))
    assert len(evidence.journal.entries(EntryType.HEADS_LISTED)) == 1


def test_while_one_sweeper_computes_the_manifest_the_others_go_on(
    store: Store, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else computes it, and whoever wants to write meanwhile may."""
    add(store, evidence, "A", "B")
    compute, computed = evidence.manifests.at, []

    def at(size: int) -> Heads:
        computed.append(size)
        assert evidence.manifests.record_daily(NOW) is None
        write(store, opened("C"))
        return compute(size)

    monkeypatch.setattr(evidence.manifests, "at", at)
    assert evidence.manifests.record_daily(NOW)
    assert computed == [2]


def test_a_manifest_is_a_function_of_the_first_leaves_alone(store: Store, evidence: Evidence) -> None:
    """Taken from the bytes with plain means, for every size that the log ever had."""
    write(store, first := opened("A"), opened("B", at=MORNING + SECOND))
    write(store, moved(first.case, [noting("一")], [noting("二")]))
    evidence.manifests.record(NOW)
    evidence.integrator.catch_up(NOW)
    leaves = leaves_of(evidence.database)
    rows = {(row["case_id"], row["seq"]): row for row in stored_rows(evidence.database, "event")}
    for size in range(1, len(leaves) + 1):
        lasts: dict[str, int] = {leaf["case_id"]: leaf["seq"] for leaf in leaves[:size]}
        lines = [(case, seq, plain_leaf(rows[case, seq]["data"]).hex()) for case, seq in lasts.items()]
        found = evidence.manifests.at(size)
        assert found.lines == Heads(lines).lines
        assert found.root == Heads(lines).root
    assert evidence.manifests.at(len(leaves)).line(JOURNAL).seq == 2


def test_the_entry_of_a_manifest_names_what_it_listed(store: Store, evidence: Evidence) -> None:
    add(store, evidence, "A", "B")
    heads, entry = evidence.manifests.record(NOW, actor=OPERATOR)
    (told,) = evidence.journal.entries(EntryType.HEADS_LISTED)
    assert told["data"] == {
        "cases": 2,
        "day": "2026-12-01",
        "events": 2,
        "root": heads.root.hex(),
        "size": 2,
    }
    assert (told["seq"], told["actor"]["id"]) == (entry.seq, "operator")
    assert not replace(heads.proof("A"), index=1).is_in(2, heads.root)
