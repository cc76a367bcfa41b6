"""Signed notes against the published key, note and manglings of Go's sumdb/note, the examples of C2SP, and `cryptography`."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine import notes
from engine.notes import COSIGNATURE, ED25519, Checkpoint, CosignatureVerifier, Malformed, Unsigned

# golang.org/x/mod/sumdb/note, note_test.go
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
NOTE = f"{TEXT}\n{LINE}"

# C2SP tlog-cosignature
COSIGNED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""


@dataclass(frozen=True)
class Key:
    """Both halves of a key, straight from `cryptography`."""

    name: str
    private: Ed25519PrivateKey
    algorithm: int = ED25519

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return notes.key_id(self.name, self.algorithm, self.public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def key(name: str, seed: int, algorithm: int = ED25519) -> Key:
    return Key(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), algorithm)


PETER = Key("PeterNeumann", Ed25519PrivateKey.from_private_bytes(base64.b64decode(SECRET)[1:]))
LOG, OTHER = key("log.example/1", 1), key("log.example/2", 2)
WITNESS = key("city.example/w", 3, COSIGNATURE)
STATEMENT = Checkpoint("log.example/1", 5, hashlib.sha256(b"root").digest())


def test_the_published_key_is_read_and_written_alike() -> None:
    found = notes.parse_vkey(VKEY)
    assert (found.name, found.key_id.hex(), found.algorithm) == ("PeterNeumann", "c74f20a3", ED25519)
    assert found.public_key == PETER.public
    assert notes.vkey("PeterNeumann", ED25519, PETER.public) == VKEY


def test_the_published_note_opens_and_is_signed_again_byte_for_byte() -> None:
    opened = notes.opened(NOTE, [PETER])
    assert (opened.text, opened.signed_by) == (TEXT, ("PeterNeumann",))
    assert notes.signed(TEXT, PETER) == NOTE


def test_any_part_of_a_key_and_any_changed_character_is_refused() -> None:
    parts = {VKEY[i:j] for i in range(len(VKEY)) for j in range(i + 1, len(VKEY) + 1)} - {VKEY}
    changed = {VKEY[:i] + chr(ord(VKEY[i]) + 1) + VKEY[i + 1 :] for i in range(len(VKEY))}
    for wrong in parts | changed:
        with pytest.raises(Malformed):
            notes.parse_vkey(wrong)


# From the table of malformed notes of the same suite
@pytest.mark.parametrize(
    "wrong",
    [
        TEXT,
        TEXT + LINE,
        TEXT + "\n" + LINE[:-1],
        TEXT + "\n" + LINE + "\n",
        TEXT + "\n" + LINE.replace("— ", "- "),
        TEXT + "\n" + LINE.replace("— ", "—"),
        TEXT + "\n" + LINE.replace("PeterNeumann ", "PeterNeumann  "),
        TEXT + "\n" + LINE.replace("PeterNeumann ", "Peter+Neumann "),
        TEXT + "\n" + LINE.replace("PeterNeumann ", ""),
        TEXT + "\n" + "— PeterNeumann x08g\n",
        TEXT + "\n" + "— PeterNeumann !!!!\n",
        TEXT + "\n" + LINE * 65,
        "\x01" + NOTE,
        NOTE.replace("\n", "\r\n"),
        "",
        "\n\n",
    ],
)
def test_a_malformed_note_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        notes.opened(wrong, [PETER])


def test_a_note_of_unknown_keys_alone_is_refused_and_their_lines_beside_a_known_one_say_nothing() -> None:
    with pytest.raises(Unsigned):
        notes.opened(NOTE, [LOG])
    with pytest.raises(Unsigned):
        notes.opened(NOTE, [])
    both = NOTE + notes.signed(TEXT, OTHER).split("\n\n")[1]
    assert notes.opened(both, [PETER]).signed_by == ("PeterNeumann",)
    assert notes.opened(both, [PETER, OTHER]).signed_by == ("PeterNeumann", "log.example/2")


def test_one_wrong_line_of_a_known_key_refuses_the_whole_note() -> None:
    wrong = notes.Signature("log.example/2", OTHER.key_id, b"\x00" * 64).line
    with pytest.raises(Unsigned, match=r"log\.example/2"):
        notes.opened(NOTE + wrong, [PETER, OTHER])


@pytest.mark.parametrize("at", range(0, len(TEXT), 7))
def test_a_changed_character_of_the_text_is_noticed(at: int) -> None:
    with pytest.raises((Unsigned, Malformed)):
        notes.opened(NOTE[:at] + chr(ord(NOTE[at]) ^ 1) + NOTE[at + 1 :], [PETER])


def test_a_text_with_empty_lines_ends_at_the_last_one() -> None:
    text = "一\n\n二\n"
    assert notes.opened(notes.signed(text, LOG), [LOG]).text == text


def test_a_name_with_blanks_or_a_plus_cannot_sign() -> None:
    for name in ("a b", "a+b", "", "a\u3000b"):
        with pytest.raises(Malformed):
            notes.signed(TEXT, key(name, 1))


# Checkpoints


def test_the_example_of_the_specification_is_read_and_written_alike() -> None:
    found = notes.parse_checkpoint(COSIGNED)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert COSIGNED.startswith(found.text + "\n")


def test_a_checkpoint_with_extension_lines_keeps_them() -> None:
    text = STATEMENT.text + "more\n"
    assert notes.parse_checkpoint(text).extensions == ("more",)
    assert notes.parse_checkpoint(text).text == text


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "origin\n5\n",
        STATEMENT.text[:-1],
        STATEMENT.text.replace("\n5\n", "\n05\n"),
        STATEMENT.text.replace("\n5\n", "\n-5\n"),
        STATEMENT.text.replace("\n5\n", "\n５\n"),
        STATEMENT.text.replace("log.example/1", ""),
        "log.example/1\n5\nAAAA\n",
        "log.example/1\n5\n" + base64.b64encode(b"x" * 33).decode() + "\n",
        # The last character holds spare bits: another spelling of the same 32 bytes.
        STATEMENT.text.replace("=\n", "\n"),
    ],
)
def test_what_is_no_checkpoint_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        notes.parse_checkpoint(wrong)


# Cosignatures


def test_a_witness_signs_the_header_the_time_and_the_whole_text() -> None:
    """The message as tlog-cosignature prints it."""
    text = COSIGNED.split("\n\n", maxsplit=1)[0] + "\n"
    assert notes.cosignature_message(text, 1679315147) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    witness = notes.signatures(COSIGNED)[1]
    assert int.from_bytes(witness.signature[:8], "big") == 1679315147
    assert len(witness.signature) == 8 + 64


def test_a_cosigned_checkpoint_names_the_log_and_the_witness() -> None:
    note = notes.signed(STATEMENT.text, LOG)
    line = notes.cosignature_line(STATEMENT.text, WITNESS, 1_700_000_000)
    both = notes.cosigned(note, line)
    verifier = CosignatureVerifier(WITNESS.name, WITNESS.key_id, WITNESS)
    assert notes.opened(both, [LOG, verifier]).signed_by == ("log.example/1", "city.example/w")
    again = notes.cosigned(both, notes.cosignature_line(STATEMENT.text, WITNESS, 1_700_000_001))
    assert len(notes.signatures(again)) == 2
    later = notes.Signature(line.name, line.key_id, (1_700_000_002).to_bytes(8, "big") + line.signature[8:])
    with pytest.raises(Unsigned):
        notes.opened(notes.cosigned(note, later), [LOG, verifier])


def test_the_same_key_has_another_id_for_cosigning() -> None:
    assert key("w", 3, COSIGNATURE).key_id != key("w", 3).key_id
    assert key("w", 3, COSIGNATURE).key_id == hashlib.sha256(b"w\n\x04" + key("w", 3).public).digest()[:4]


# Proofs


def test_a_proof_is_written_as_the_specification_says_and_read_again() -> None:
    note, path = notes.signed(STATEMENT.text, LOG), (b"a" * 32, b"b" * 32)
    text = notes.proof_text(3, path, note)
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 3\nYWFh")
    assert notes.parse_proof(text) == notes.TlogProof(3, path, note)
    with_extra = text.replace("\nindex", "\nextra AAAA\nindex", 1)
    assert notes.parse_proof(with_extra) == notes.TlogProof(3, path, note)
    alone = notes.proof_text(0, (), note)
    assert notes.parse_proof(alone) == notes.TlogProof(0, (), note)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "c2sp.org/tlog-proof@v1\nindex 3\n",
        "c2sp.org/tlog-proof@v2\nindex 3\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 03\n\nx",
        "c2sp.org/tlog-proof@v1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 3\nAAAA\n\nx",
    ],
)
def test_what_is_no_proof_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        notes.parse_proof(wrong)
