"""A witness against logs that are honest, cut, rewritten, split in two, or signed by somebody else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.evidence.keys import Ed25519Key, KeyRefused, verifier_of
from adapters.evidence.witness import (
    Advance,
    NotWitnessed,
    Witness,
    advance_text,
    fetched,
    parse_advance,
    witness_key,
)
from engine import notes, tree
from engine.notes import Checkpoint, Malformed, Unsigned

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
ORIGIN = "340104.example/log"


@dataclass
class Log:
    """A log in memory, as honest as the test lets it be."""

    key: Ed25519Key = field(default_factory=lambda: log_key(1))
    leaves: list[bytes] = field(default_factory=list)
    origin: str = ORIGIN

    def grow(self, count: int, text: str = "event") -> None:
        start = len(self.leaves)
        self.leaves += [hashlib.sha256(f"{text} {n}".encode()).digest() for n in range(start, start + count)]

    def note(self) -> str:
        return notes.signed(
            Checkpoint(self.origin, len(self.leaves), tree.root_of(self.leaves)).text, self.key
        )

    def advance(self, old: int) -> Advance:
        def node(level: int, n: int) -> bytes:
            return tree.root_of(self.leaves[n << level : (n + 1) << level])

        return Advance(old, tuple(tree.consistency(old, len(self.leaves), node)), self.note())


def log_key(seed: int) -> Ed25519Key:
    return Ed25519Key(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(
        witness_key(tmp_path / "w.pem", "3401.example/w"), tmp_path / "state.json", [log_key(1).vkey]
    )


@pytest.fixture
def log() -> Log:
    made = Log()
    made.grow(5)
    return made


def seen(witness: Witness) -> int:
    found = witness.seen(ORIGIN)
    return found.size if found else 0


def test_a_log_that_only_grows_is_cosigned_again_and_again(witness: Witness, log: Log) -> None:
    for growth in (0, 3, 0, 1, 120):
        log.grow(growth)
        advance = log.advance(seen(witness))
        line = witness.cosign(advance, NOW)
        cosigned = notes.cosigned(advance.note, line)
        known = [verifier_of(log.key.vkey), verifier_of(witness.signer.vkey)]  # type: ignore[attr-defined]
        assert notes.opened(cosigned, known).signed_by == (ORIGIN, "3401.example/w")
        assert int.from_bytes(line.signature[:8], "big") == int(NOW.timestamp())
        assert seen(witness) == len(log.leaves)


def test_a_log_that_goes_back_is_refused_and_the_memory_stays(witness: Witness, log: Log) -> None:
    witness.cosign(log.advance(0), NOW)
    del log.leaves[3:]
    with pytest.raises(NotWitnessed, match="退回"):
        witness.cosign(Advance(5, (), log.note()), NOW)
    assert seen(witness) == 5


def test_two_trees_of_one_size_are_refused(witness: Witness, log: Log) -> None:
    witness.cosign(log.advance(0), NOW)
    log.leaves[2] = hashlib.sha256(b"another").digest()
    with pytest.raises(NotWitnessed, match="两个不同的树根"):
        witness.cosign(log.advance(5), NOW)


@pytest.mark.parametrize("changed", range(5))
def test_a_history_rewritten_before_the_last_look_is_refused(
    witness: Witness, log: Log, changed: int
) -> None:
    """Re-hashed, re-signed and proven against itself: only the witness's memory tells."""
    witness.cosign(log.advance(0), NOW)
    log.leaves[changed] = hashlib.sha256(b"another").digest()
    log.grow(4)
    with pytest.raises(NotWitnessed, match="没有证明"):
        witness.cosign(log.advance(5), NOW)
    assert seen(witness) == 5


def test_a_proof_from_another_size_than_the_last_look_is_refused(witness: Witness, log: Log) -> None:
    witness.cosign(log.advance(0), NOW)
    log.grow(4)
    for old in (0, 3, 9):
        with pytest.raises(NotWitnessed):
            witness.cosign(log.advance(old), NOW)


def test_a_checkpoint_of_an_unknown_key_is_refused(witness: Witness, log: Log) -> None:
    log.key = log_key(2)
    with pytest.raises(Unsigned):
        witness.cosign(log.advance(0), NOW)
    assert seen(witness) == 0


def test_each_log_has_its_own_memory(witness: Witness, log: Log) -> None:
    other = Log(origin="340103.example/log")
    other.grow(2)
    witness.cosign(log.advance(0), NOW)
    witness.cosign(other.advance(0), NOW)
    assert (seen(witness), witness.seen("340103.example/log").size) == (5, 2)  # type: ignore[union-attr]


def test_the_memory_outlives_the_process_and_is_never_guessed(witness: Witness, log: Log) -> None:
    witness.cosign(log.advance(0), NOW)
    again = Witness(witness.signer, witness.state, witness.trusted)
    assert seen(again) == 5
    assert json.loads(witness.state.read_text())[ORIGIN]["root"] == tree.root_of(log.leaves).hex()
    witness.state.write_text("{")
    with pytest.raises(Malformed):
        again.cosign(log.advance(5), NOW)


def test_the_request_is_written_as_add_checkpoint_and_read_again(log: Log) -> None:
    """The format of C2SP tlog-witness."""
    advance = log.advance(3)
    first, *hashes = advance_text(advance).split("\n\n", maxsplit=1)[0].split("\n")
    assert (first, len(hashes)) == ("old 3", len(advance.proof))
    assert parse_advance(advance_text(advance)) == advance
    empty = log.advance(0)
    assert parse_advance(advance_text(empty)) == empty


@pytest.mark.parametrize("wrong", ["", "old 3", "new 3\n\nx", "old x\n\nx", "old ３\n\nx", "old 3\n!\n\nx"])
def test_what_is_no_request_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        parse_advance(wrong)


def test_a_key_is_made_once_under_a_name_that_a_key_may_have(tmp_path: Path) -> None:
    file = tmp_path / "keys/w.pem"
    for name, error in (("", KeyRefused), ("a b", Malformed)):
        with pytest.raises(error):
            witness_key(file, name)
        assert not file.parent.exists()
    made = witness_key(file, "3401.example/w")
    assert witness_key(file).vkey == witness_key(file, "another").vkey == made.vkey
    assert made.vkey.startswith("3401.example/w+")
    assert notes.parse_vkey(made.vkey).algorithm == 0x04


def names(lines: Sequence[notes.Signature]) -> list[str]:
    return [line.name for line in lines]


def test_the_line_of_a_witness_replaces_its_earlier_one(witness: Witness, log: Log) -> None:
    note = log.note()
    for _ in range(2):
        note = notes.cosigned(note, witness.cosign(log.advance(seen(witness)), NOW))
    assert names(notes.signatures(note)) == [ORIGIN, "3401.example/w"]


def test_a_number_of_thousands_of_digits_is_no_size(witness: Witness) -> None:
    huge = "9" * 5000
    note = Log().note().replace("\n0\n", f"\n{huge}\n", 1)
    assert huge in note
    with pytest.raises(Malformed):
        notes.parse_checkpoint(note)
    with pytest.raises(Malformed):
        parse_advance(f"old {huge}\n\n{Log().note()}")
    with pytest.raises(Malformed):
        notes.parse_proof(f"{notes.PROOF_HEADER}\nindex {huge}\n\n{note}")


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"proof": 1}', b'{"proof": ["x"]}', b'{"proof": [1]}', b"[" * 100_000]
)
def test_a_page_that_is_no_proof_is_refused_in_words(
    witness: Witness, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    log.grow(3)
    pages = {"checkpoint": log.note().encode(), "proof": answer}
    monkeypatch.setattr(
        "adapters.evidence.witness._get", lambda address: pages[address.removeprefix("x/").split("/")[0]]
    )
    with pytest.raises(Malformed):
        fetched("x", witness)
