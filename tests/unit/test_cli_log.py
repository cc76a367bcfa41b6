"""The evidence log on the command line: keys, checkpoints, proofs, and a witness on a machine of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from adapters.bootstrap import Container
from adapters.db.history import history
from adapters.evidence.keys import Ed25519Key, verifier_of
from api.app import create_app
from engine import notes
from tests.support.commandline import CommandLine, an_issue, in_folder, with_sample

WITNESS = "3401.example/witness"


@pytest.fixture
def bihuan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return in_folder(tmp_path, monkeypatch, capsys)


@pytest.fixture
def made(bihuan: CommandLine) -> Iterator[Container]:
    with with_sample() as container:
        yield container


def log_vkey(bihuan: CommandLine) -> str:
    keys = bihuan("audit", "key", "list", "--json").json()["keys"]
    (vkey,) = [key["vkey"] for key in keys if key["use"] == "log" and not key["retired"]]
    return str(vkey)


def test_a_checkpoint_is_signed_and_shown_byte_for_byte(bihuan: CommandLine, made: Container) -> None:
    assert bihuan("audit", "checkpoint", "show").code == 2
    an_issue(made)
    signed = bihuan("audit", "checkpoint", "sign")
    assert signed.code == 0
    shown = bihuan("audit", "checkpoint", "show")
    assert shown.out == signed.out
    opened = notes.opened(shown.out, [verifier_of(log_vkey(bihuan))])
    assert notes.parse_checkpoint(opened.text).origin == "bihuan"
    assert Path("var/log/checkpoints.txt").read_text("utf-8") == f"{shown.out}\n"
    assert Path("var/keys/log.pem").exists()


def test_the_status_of_the_log_names_the_suite_and_what_is_wrong(
    bihuan: CommandLine, made: Container
) -> None:
    an_issue(made)
    behind = bihuan("audit", "log", "status", "--json")
    assert behind.code == 1
    assert "behind" in behind.json()["faults"][0]
    bihuan("audit", "checkpoint", "sign")
    bihuan("audit", "checkpoint", "sign")
    well = bihuan("audit", "log", "status", "--json")
    assert (well.code, well.json()["faults"], well.json()["suite"]) == (0, [], "sha256")
    assert well.json()["checkpoint"]["size"] == well.json()["tree_size"]
    assert "sha256" in bihuan("audit", "log", "status").out


def test_the_proof_of_an_event_is_printed(bihuan: CommandLine, made: Container) -> None:
    case = an_issue(made)
    assert bihuan("audit", "proof", case, 1).code == 2
    bihuan("audit", "checkpoint", "sign")
    proof = notes.parse_proof(bihuan("audit", "proof", case, 2).out)
    assert proof.index == bihuan("audit", "proof", case, 2, "--json").json()["index"]
    assert bihuan("audit", "proof", case, 3).err.startswith("not_in_tree")


def test_a_kept_proof_is_checked_without_the_database(
    bihuan: CommandLine, made: Container, tmp_path: Path
) -> None:
    case = an_issue(made)
    assert bihuan("audit", "checkpoint", "sign").code == 0
    files = {name: tmp_path / name for name in ("proof", "event", "keys")}
    files["proof"].write_text(bihuan("audit", "proof", case, 2).out, "utf-8")
    files["keys"].write_text(bihuan("audit", "key", "list", "--json").json()["keys"][0]["vkey"], "utf-8")
    events = history(made.database, case)
    options = ("--verify", files["proof"], "--event", files["event"], "--keys", files["keys"])
    codes = []
    for data in (events[1], events[1] + b"\n", events[0], events[1].replace(b"a", b"b")):
        files["event"].write_bytes(data)
        codes.append(bihuan("audit", "proof", *options).code)
    assert codes == [0, 0, 1, 1]
    other = Ed25519Key("other", Ed25519PrivateKey.generate())
    files["keys"].write_text(other.vkey, "utf-8")
    assert bihuan("audit", "proof", *options).err.startswith("unsigned_note")
    assert bihuan("audit", "proof", "--verify", files["proof"]).err.startswith("bad_proof")


def test_a_new_key_takes_over(bihuan: CommandLine, made: Container) -> None:
    an_issue(made)
    bihuan("audit", "checkpoint", "sign")
    old = log_vkey(bihuan)
    assert bihuan("audit", "key", "rotate", "--reason", "年度更换").code == 0
    assert log_vkey(bihuan) != old
    assert old in bihuan("audit", "key", "list").out.replace("\n", "")


def test_a_restored_database_is_said_so_and_goes_on(bihuan: CommandLine, made: Container) -> None:
    bihuan("audit", "checkpoint", "sign")
    assert "nothing was lost" in bihuan("audit", "log", "restored", "--from", "2026-11-22").out
    backup = Path("var/bihuan.db").read_bytes()
    an_issue(made)
    bihuan("audit", "checkpoint", "sign")
    made.close()
    for file in Path("var").glob("bihuan.db*"):
        file.unlink()
    Path("var/bihuan.db").write_bytes(backup)
    assert bihuan("audit", "log", "status").code == 1
    assert bihuan("audit", "checkpoint", "sign").err.startswith("log_")
    assert bihuan("audit", "log", "restored", "--from", "2026-11-22").code == 0
    assert bihuan("audit", "checkpoint", "sign").code == 0
    bihuan("audit", "checkpoint", "sign")
    assert bihuan("audit", "log", "status").code == 0


# A witness


def test_a_witness_works_from_files_alone(bihuan: CommandLine, made: Container, tmp_path: Path) -> None:
    an_issue(made)
    bihuan("audit", "checkpoint", "sign")
    witness = bihuan("audit", "witness", "key", "--name", WITNESS).out.strip()
    assert bihuan("audit", "witness", "key").out.strip() == witness
    (tmp_path / "ask.txt").write_text(bihuan("audit", "checkpoint", "show", "--since", 0).out, "utf-8")
    cosigned = bihuan("audit", "witness", "cosign", tmp_path / "ask.txt", "--log", log_vkey(bihuan))
    assert cosigned.code == 0, cosigned.err
    (tmp_path / "cosigned.txt").write_text(cosigned.out, "utf-8")
    assert bihuan("audit", "checkpoint", "add", tmp_path / "cosigned.txt").err.startswith("unsigned_note")
    assert bihuan("audit", "key", "trust", witness).code == 0
    assert WITNESS in bihuan("audit", "checkpoint", "add", tmp_path / "cosigned.txt").out
    assert len(notes.signatures(bihuan("audit", "checkpoint", "show").out)) == 2
    assert bihuan("audit", "witness", "seen", "--json").json()["logs"][0]["origin"] == "bihuan"
    assert bihuan("audit", "key", "distrust", witness, "--reason", "示例").code == 0
    assert bihuan("audit", "key", "distrust", witness, "--reason", "示例").err.startswith("key_refused")


@pytest.fixture
def address(made: Container) -> Iterator[str]:
    """The API of the log, listening."""
    writer = made.writer()
    server = uvicorn.Server(uvicorn.Config(create_app(made, writer), port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/api/v1/log"
    server.should_exit = True
    thread.join()
    writer.close()


def test_a_witness_reads_the_pages_of_a_log_and_hands_its_signature_in(
    bihuan: CommandLine, made: Container, address: str
) -> None:
    bihuan("audit", "checkpoint", "sign")
    bihuan("audit", "key", "trust", bihuan("audit", "witness", "key", "--name", WITNESS).out.strip())
    own = log_vkey(bihuan)
    for _ in range(3):
        ran = bihuan("audit", "witness", "cosign", address, "--log", own)
        assert ran.code == 0, ran.err
        assert len(notes.signatures(bihuan("audit", "checkpoint", "show").out)) == 2
        an_issue(made)
        bihuan("audit", "checkpoint", "sign")


def test_a_witness_refuses_a_log_that_went_back(bihuan: CommandLine, made: Container, address: str) -> None:
    an_issue(made)
    bihuan("audit", "checkpoint", "sign")
    bihuan("audit", "checkpoint", "sign")
    bihuan("audit", "key", "trust", bihuan("audit", "witness", "key", "--name", WITNESS).out.strip())
    bihuan("audit", "checkpoint", "sign")
    own = log_vkey(bihuan)
    assert bihuan("audit", "witness", "cosign", address, "--log", own).code == 0
    with made.database.writing() as connection:
        connection.execute(text("DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint)"))
    ran = bihuan("audit", "witness", "cosign", address, "--log", own)
    assert (ran.code, ran.err.split(":")[0]) == (2, "not_witnessed")


@pytest.mark.parametrize("source", ["http://127.0.0.1:9/api/v1/log", "nowhere.txt"])
def test_a_log_that_cannot_be_read_is_a_sentence(bihuan: CommandLine, made: Container, source: str) -> None:
    bihuan("audit", "checkpoint", "sign")
    own = log_vkey(bihuan)
    bihuan("audit", "witness", "key", "--name", WITNESS)
    ran = bihuan("audit", "witness", "cosign", source, "--log", own)
    assert ran.code == 2
    assert "Traceback" not in ran.err
