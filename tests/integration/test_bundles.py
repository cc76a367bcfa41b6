"""Bundles of logs that lived: writers beside each other, killed with -9, restored from a backup, moved to another database.

None of them raises an alarm, and the digest of the histories stays what it was. The verifier runs from the bundle alone.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from adapters.bootstrap import Container
from adapters.db import migrate
from adapters.db.database import Database
from adapters.db.evidence_tables import CHECKPOINT
from adapters.db.schema import METADATA
from adapters.db.tables import CASE
from adapters.evidence.exporting import Asked
from adapters.evidence.levels import verify_all
from adapters.evidence.verify import Report, opened
from adapters.evidence.witness import Advance, Witness, witness_key
from api.commands.opening import everything
from engine import notes
from tests.support.log_worker import OPERATOR, office_at, work

ROOT = Path(__file__).parents[2]
WHOLE = Asked(whole=True, purpose="示例核验")
CASES = 6


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an office with rules and people, and no case yet."""
    postgres = request.param == "postgres"
    address: str = (
        request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path / 'office.db'}"
    )
    office_at(address, tmp_path, is_new=True).close()
    return address


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Container]:
    """Some cases, over SQLite."""
    made = office_at(f"sqlite:///{tmp_path / 'office.db'}", tmp_path, is_new=True)
    work(made, CASES)
    yield made
    made.close()


def exported(made: Container, path: Path, asked: Asked = WHOLE) -> Path:
    with path.open("wb") as target:
        made.bundles.export(asked, target, actor=OPERATOR, reach=everything(made), now=made.now())
    return path


def verified(bundle: Path, *outside: str) -> Report:
    return verify_all(opened(bundle), outside=outside)


def alarms(report: Report) -> list[str]:
    return [*(finding.words() for finding in report.findings), *report.undecided]


def test_writers_beside_each_other_and_killed_leave_a_log_without_an_alarm(url: str, tmp_path: Path) -> None:
    seconds = random.Random(11).uniform(0.1, 1.0)
    finished = _killed_and_finished([_worker(url, tmp_path, 8) for _ in range(3)], seconds)
    made = office_at(url, tmp_path)
    try:
        report = verified(exported(made, tmp_path / "whole.zip"))
        with made.database.reading() as connection:
            cases = set(connection.scalars(select(CASE.c.id)))
    finally:
        made.close()

    assert alarms(report) == []
    assert set(finished) <= cases
    assert report.facts["cases"] == len(cases) > 0


def _worker(url: str, folder: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.log_worker", url, str(folder), str(count)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def _killed_and_finished(workers: list[subprocess.Popen[str]], seconds: float) -> list[str]:
    """The first is killed after so many seconds of work, the others go on; the cases that any of them finished."""
    assert workers[0].stdout
    workers[0].stdout.readline()
    try:
        workers[0].wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        workers[0].kill()
    told = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers[1:]] == [0, 0]
    return [line for text in told for line in text.splitlines() if line.isdigit()]


def test_a_restored_backup_raises_no_alarm_but_against_a_checkpoint_of_later(
    office: Container, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    before = verified(exported(office, tmp_path / "before.zip"))
    with sqlite3.connect(office.database.path) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    work(office, 2)
    later = verified(exported(office, tmp_path / "later.zip"))
    kept = opened(tmp_path / "later.zip")["checkpoint"].decode()

    restored = office_at(f"sqlite:///{backup}", tmp_path)
    restored.checkpoints.acknowledge(restored.now(), actor=OPERATOR, source="示例备份")
    after = exported(restored, tmp_path / "after.zip")
    restored.close()

    assert alarms(before) == alarms(later) == alarms(verified(after)) == []
    assert verified(after).facts["digest"] == before.facts["digest"] != later.facts["digest"]
    assert {f.kind for f in verified(after, kept).findings} <= {"rolled_back", "resigned", "split_view"}
    assert verified(after, kept).exit == 1


def test_a_log_moved_from_sqlite_to_postgres_is_the_same_log(
    office: Container, tmp_path: Path, postgres_url: str
) -> None:
    here = verified(exported(office, tmp_path / "sqlite.zip"))
    kept = opened(tmp_path / "sqlite.zip")["checkpoint"].decode()
    migrate.upgrade(postgres_url)
    _copy_rows(office.database, postgres_url)

    moved = office_at(postgres_url, tmp_path)
    there = verified(exported(moved, tmp_path / "postgres.zip"), kept)
    moved.close()

    assert alarms(here) == alarms(there) == []
    assert there.facts["digest"] == here.facts["digest"]
    assert there.facts["signed_by"] == here.facts["signed_by"]


def _copy_rows(source: Database, target_url: str) -> None:
    target = Database(target_url)
    with source.reading() as here, target.writing() as there:
        for table in METADATA.sorted_tables:
            _copy_table(here, there, table)
    target.close()


def _copy_table(here: Connection, there: Connection, table: object) -> None:
    rows = [dict(row) for row in here.execute(select(table)).mappings()]  # type: ignore[call-overload]
    there.execute(table.delete())  # type: ignore[attr-defined]
    if rows:
        there.execute(insert(table), rows)  # type: ignore[arg-type]


def test_a_bundle_of_one_case_proves_what_the_whole_log_proves_of_it(
    office: Container, tmp_path: Path
) -> None:
    with office.database.reading() as connection:
        case = connection.scalar(select(CASE.c.id).limit(1))
    one = exported(office, tmp_path / "one.zip", Asked(case=case or "", purpose="示例"))
    members = opened(one)

    assert alarms(verified(one)) == []
    assert [name for name in members if name.startswith("events/")] == [
        "events/journal.jsonl",
        f"events/{case}.jsonl",
    ]


def test_a_checkpoint_that_the_auditor_kept_is_proven_even_where_the_log_has_lost_it(
    office: Container, tmp_path: Path
) -> None:
    office.integrator.catch_up(office.now())
    office.checkpoints.sign(office.now(), force=True)
    latest = office.checkpoints.latest()
    assert latest
    checkpoint, note = latest
    work(office, 2)
    with office.database.writing() as connection:
        connection.execute(CHECKPOINT.delete().where(CHECKPOINT.c.size == checkpoint.size))
        case = connection.scalar(select(CASE.c.id).limit(1))

    asked = Asked(case=case or "", purpose="示例", against=(checkpoint.size,))
    bundle = exported(office, tmp_path / "one.zip", asked)

    assert alarms(verified(bundle, note)) == []
    assert note not in opened(bundle)["checkpoints.txt"].decode()


def test_a_log_is_verified_with_the_key_of_its_witness_up_to_what_the_witness_saw(
    office: Container, tmp_path: Path
) -> None:
    made = witness_key(tmp_path / "witness.pem", "witness.example")
    office.keys.trust(made.vkey, office.now(), actor=OPERATOR)
    office.integrator.catch_up(office.now())
    office.checkpoints.sign(office.now(), force=True)
    latest = office.checkpoints.latest()
    assert latest
    size, note = latest[0].size, latest[1]
    (key,) = [key.vkey for key in office.keys.known() if key.use == "log"]
    line = Witness(made, tmp_path / "state.json", [key]).cosign(Advance(0, (), note), office.now())
    office.checkpoints.add_cosignatures(notes.cosigned(note, line))
    work(office, 1)

    report = verify_all(opened(exported(office, tmp_path / "whole.zip")), keys=[key, made.vkey])

    assert alarms(report) == []
    assert (report.exit, report.facts["witnessed"]) == (0, {"witness.example": size})
    assert report.facts["size"] > size


def test_a_tail_cut_in_the_database_shows_although_the_export_is_honest(
    office: Container, tmp_path: Path
) -> None:
    exported(office, tmp_path / "before.zip")
    with sqlite3.connect(office.database.path) as connection:
        names = [
            row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ]
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
        case = connection.execute('SELECT id FROM "case" ORDER BY id LIMIT 1').fetchone()[0]
        connection.execute("DELETE FROM event WHERE case_id = ? AND seq = 2", (case,))
        connection.execute(
            'UPDATE "case" SET seq = 1, head = (SELECT hash FROM event WHERE case_id = ? AND seq = 1) WHERE id = ?',
            (case, case),
        )

    found = verified(exported(office, tmp_path / "after.zip")).ranked()

    assert found[0].kind == "tail_cut"


# The verifier from the bundle alone


@pytest.fixture
def unpacked(office: Container, tmp_path: Path) -> Path:
    folder = tmp_path / "bao"
    with zipfile.ZipFile(exported(office, tmp_path / "whole.zip")) as bundle:
        bundle.extractall(folder)
    return folder


def _run(folder: Path, *before: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`python3 -I verify.py` with nothing of ours within reach."""
    command = [*before, sys.executable, "-I", str(folder / "verify.py"), "--json"]
    return subprocess.run(
        command, cwd="/", env={"PATH": os.environ["PATH"], **environment}, capture_output=True, check=False
    )


def test_the_verifier_runs_from_the_bundle_alone_and_exits_as_it_says(unpacked: Path) -> None:
    good = _run(unpacked)
    assert (good.returncode, good.stderr) == (0, b"")

    events = next(path for path in (unpacked / "events").iterdir() if path.name != "journal.jsonl")
    whole = events.read_bytes()
    events.write_bytes(whole.replace(b'"v":', b'"w":', 1))
    changed = _run(unpacked)
    assert changed.returncode == 1
    first = json.loads(changed.stdout)["findings"][0]
    assert (first["kind"], first["case"], first["seq"]) == ("byte_changed", events.stem, 1)

    events.write_bytes(whole)
    (unpacked / "bundle.json").unlink()
    assert _run(unpacked).returncode == 2


def test_the_verifier_needs_no_network(unpacked: Path) -> None:
    alone = ("unshare", "-rn")
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("this machine does not permit network namespaces (unshare -rn)")
    reach = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)"
    unreachable = subprocess.run(
        [*alone, sys.executable, "-c", reach], capture_output=True, text=True, check=False
    )
    assert "Network is unreachable" in unreachable.stderr

    assert _run(unpacked, *alone).stdout == _run(unpacked).stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "America/New_York", "LC_ALL": "zh_CN.UTF-8"},
        {"TZ": "Asia/Kolkata", "LC_ALL": "C.UTF-8"},
        {"TZ": "UTC", "LC_ALL": "C"},
    ],
    ids=lambda environment: environment["LC_ALL"],
)
def test_another_time_zone_or_locale_changes_no_byte_of_the_report(
    unpacked: Path, environment: dict[str, str]
) -> None:
    there, here = _run(unpacked, **environment), _run(unpacked)

    assert there.returncode == 0
    assert there.stdout == here.stdout


def test_by_hand_as_the_readme_says(unpacked: Path) -> None:
    events = next(path for path in (unpacked / "events").iterdir() if path.name != "journal.jsonl")
    script = f"( printf '\\000'; sed -n 1p {events} | tr -d '\\n' ) | sha256sum"
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split()[0]

    assert json.loads(events.read_bytes().splitlines()[1])["prev"] == told
    assert "sed -n 2p" in (unpacked / "README.txt").read_text("utf-8")
