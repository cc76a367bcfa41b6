"""The evidence log over HTTP: what a witness reads without an account, checked with nothing but the pages themselves."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.evidence.keys import verifier_of
from adapters.evidence.witness import Advance, Witness, witness_key
from engine import notes, tree
from engine.access import Actor
from tests.support.evidence import leaves_of, plain_leaf, plain_root
from tests.support.office import Office, an_office

LOG = "/api/v1/log"
LIAISON = "p-340104-liaison-1"
OPERATOR = Actor(id="operator", kind="system")


@pytest.fixture
def signed(office: Office) -> Office:
    """Three cases in the tree, and a checkpoint."""
    for _ in range(3):
        office.open()
    sign(office)
    return office


def sign(office: Office) -> None:
    office.container.integrator.catch_up(office.clock())
    assert office.container.checkpoints.sign(office.clock(), force=True)


def checkpoint(office: Office) -> tuple[notes.Checkpoint, str]:
    answer = office.client.get(f"{LOG}/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    keys = office.client.get(f"{LOG}/keys").json()["keys"]
    opened = notes.opened(answer.text, [verifier_of(key["vkey"]) for key in keys])
    return notes.parse_checkpoint(opened.text), answer.text


def test_before_anything_is_signed_there_is_no_checkpoint(office: Office) -> None:
    answer = office.client.get(f"{LOG}/checkpoint")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_in_log")


def test_the_tree_can_be_rebuilt_from_the_tiles_that_the_checkpoint_implies(signed: Office) -> None:
    found, _ = checkpoint(signed)
    assert 0 < found.size < 256
    assert signed.client.get(f"{LOG}/tile/0/000.p/{found.size}").status_code == 401
    answer = signed.get(LIAISON, f"/log/tile/0/000.p/{found.size}")
    assert answer.headers["content-type"] == "application/octet-stream"
    hashes = [answer.content[at : at + 32] for at in range(0, len(answer.content), 32)]
    assert plain_root(hashes) == found.root
    assert hashes == [plain_leaf(leaf["data"]) for leaf in leaves_of(signed.container.database)]


@pytest.mark.parametrize(
    "place",
    [
        "0/000",
        "0/001",
        "0/x000/000",
        "1/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/255",
        "0/0",
        "0/000.p/01",
        "0/..",
        "64/000",
        "0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_a_tile_that_is_not_there_or_written_otherwise_is_missing(signed: Office, place: str) -> None:
    assert signed.get(LIAISON, f"/log/tile/{place}").status_code in (404, 422)


def test_the_proof_of_consistency_holds_between_two_checkpoints(signed: Office) -> None:
    old, _ = checkpoint(signed)
    signed.open()
    sign(signed)
    new, _ = checkpoint(signed)
    answer = signed.client.get(f"{LOG}/proof/consistency", params={"old": old.size, "new": new.size}).json()
    proof = [bytes.fromhex(hash_) for hash_ in answer["proof"]]
    assert tree.is_consistent(old.size, old.root, new.size, new.root, proof)
    for sizes in ({"old": 9, "new": 5}, {"old": 1, "new": 10**6}):
        refused = signed.client.get(f"{LOG}/proof/consistency", params=sizes)
        assert (refused.status_code, refused.json()["code"]) == (422, "unprovable")


def test_a_reader_of_a_case_gets_the_proof_of_each_of_its_events(signed: Office) -> None:
    case = signed.dispatched()
    sign(signed)
    history = signed.get(LIAISON, f"/cases/{case}/history", raw=True).json()
    for seq in (1, 2, 3):
        answer = signed.get(LIAISON, f"/cases/{case}/history/{seq}/proof")
        assert answer.status_code == 200, answer.text
        assert len(answer.content) <= 2048
        proof = notes.parse_proof(answer.text)
        found = notes.parse_checkpoint(proof.note)
        leaf = next(
            x for x in leaves_of(signed.container.database) if (x["case_id"], x["seq"]) == (case, seq)
        )
        data = bytes(leaf["data"])
        assert tree.includes(
            hashlib.sha256(b"\x00" + data).digest(), proof.index, found.size, proof.path, found.root
        )
    assert history
    assert signed.get(LIAISON, f"/cases/{case}/history/99/proof").status_code == 404


def test_who_may_not_read_a_case_gets_no_proof_of_it(signed: Office) -> None:
    case = signed.dispatched()
    sign(signed)
    stranger = signed.get("p-340202-liaison-1", f"/cases/{case}/history/1/proof")
    nowhere = signed.get("p-340202-liaison-1", "/cases/20260000001X/history/1/proof")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "unknown_case")
    assert nowhere.status_code == 404
    assert signed.client.get(f"/api/v1/cases/{case}/history/1/proof").status_code == 401
    assert signed.get(LIAISON, "/cases/journal/history/1/proof").status_code == 404


# Witnesses


def a_witness(office: Office, folder: Path) -> Witness:
    own = [key["vkey"] for key in office.client.get(f"{LOG}/keys").json()["keys"] if key["use"] == "log"]
    return Witness(witness_key(folder / "w.pem", "3401.example/witness"), folder / "state.json", own)


def test_a_cosigned_checkpoint_is_kept_with_the_signature_of_a_trusted_witness(
    signed: Office, tmp_path: Path
) -> None:
    witness = a_witness(signed, tmp_path)
    _, note = checkpoint(signed)
    cosigned = notes.cosigned(note, witness.cosign(Advance(0, (), note), signed.clock()))
    refused = signed.client.post(f"{LOG}/cosignatures", content=cosigned.encode())
    assert (refused.status_code, refused.json()["code"]) == (403, "unsigned_note")
    signed.container.keys.trust(witness_key(tmp_path / "w.pem").vkey, signed.clock(), actor=OPERATOR)
    for _ in range(2):  # once more is the same
        answer = signed.client.post(f"{LOG}/cosignatures", content=cosigned.encode())
        assert (answer.status_code, answer.json()) == (200, {"witnesses": ["3401.example/witness"]})
    _, stored = checkpoint(signed)
    assert len(notes.signatures(stored)) == 2
    written = (signed.container.settings.checkpoints / "checkpoints.txt").read_text("utf-8")
    assert written == f"{note}\n{stored}\n", "handed in again, it is not written again"
    assert signed.container.checkpoints.fault() == ""


def test_what_is_no_checkpoint_of_this_log_is_refused(signed: Office, tmp_path: Path) -> None:
    with an_office(tmp_path / "other") as other:
        other.open()
        sign(other)
        _, foreign = checkpoint(other)
    for body, status, code in (
        (foreign.encode(), 403, "unsigned_note"),
        (b"", 422, "malformed_note"),
        (b"\xff\xfe", 400, "malformed_request"),
        (b"x" * 70_000, 413, "body_too_large"),
    ):
        answer = signed.client.post(f"{LOG}/cosignatures", content=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_figures_of_the_log_stand_on_the_metrics_page(signed: Office) -> None:
    signed.open()
    size = checkpoint(signed)[0].size
    signed.clock.advance(timedelta(seconds=30))
    page = signed.client.get("/metrics").text
    assert f"bihuan_tree_size {float(size)}" in page
    assert "bihuan_merge_delay_seconds 30.0" in page
    assert "bihuan_checkpoint_age_seconds 30.0" in page
