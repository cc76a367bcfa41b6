"""Ed25519 in the verifier: the vectors of RFC 8032 §7.1, and the same answers as `cryptography`, forged signatures included."""

from __future__ import annotations

from random import Random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from adapters.evidence.verify import ed25519_verifies

# Public key, message, signature: TEST 1, TEST 2, TEST 3 and TEST SHA(abc).
RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
)
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_the_rfc_verify_and_no_changed_one_does(
    key: str, message: str, signature: str
) -> None:
    given = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)

    assert ed25519_verifies(*given)
    assert not ed25519_verifies(given[0], given[1] + b"x", given[2])
    for bit in range(0, 512, 37):
        flipped = int.from_bytes(given[2], "big") ^ 1 << bit
        assert not ed25519_verifies(given[0], given[1], flipped.to_bytes(64, "big"))


def test_a_scalar_that_is_not_reduced_is_refused() -> None:
    key, message, signature = (bytes.fromhex(part) for part in RFC_8032[2])
    scalar = int.from_bytes(signature[32:], "little") + GROUP_ORDER

    assert not ed25519_verifies(key, message, signature[:32] + scalar.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 63, 65])
def test_keys_and_signatures_of_another_length_are_refused(length: int) -> None:
    key, message, signature = (bytes.fromhex(part) for part in RFC_8032[2])

    assert not ed25519_verifies(key, message, (signature * 2)[:length])
    assert not ed25519_verifies((key * 3)[:length], message, signature)


def test_the_answers_are_those_of_cryptography() -> None:
    random = Random(8032)
    for _ in range(60):
        private = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        message = random.randbytes(random.randrange(200))
        signature = bytearray(private.sign(message))
        if random.random() < 0.5:
            signature[random.randrange(64)] ^= 1 << random.randrange(8)
        public = private.public_key()

        assert ed25519_verifies(
            public.public_bytes_raw(), message, bytes(signature)
        ) is _cryptography_verifies(public, message, bytes(signature))


def _cryptography_verifies(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
