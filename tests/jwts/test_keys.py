"""
Reading, making and publishing keys.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.jwts.makings import EC, ED, ED25519, KEYS, P256
from waiting_room.errors import ConfigError
from waiting_room.jwts import extra_needed
from waiting_room.jwts.keys import MOST_KEYS, document_of, make, read_signing, read_verifying, signing_key

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
OPEN = serialization.NoEncryption()


def test_a_key_is_named_by_its_thumbprint() -> None:
    """
    As RFC 8037 works it out in appendix A.3.
    """
    assert ED.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_a_made_key_is_read_as_what_it_is(algorithm: str) -> None:
    """
    From its PEM; its public half as PEM or JSON says the same.
    """
    key = signing_key(make(algorithm))
    public = key.private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    assert key.algorithm == algorithm
    for text in (public, json.dumps(key.verifying.as_jwk()), json.dumps(document_of([key.verifying]))):
        (found,) = read_verifying(text).values()
        assert found.as_jwk() == key.verifying.as_jwk()


def test_a_key_may_have_a_name_of_its_own() -> None:
    """
    Where its JSON says so.
    """
    assert signing_key(json.dumps(json.loads(ED25519) | {"kid": "summer"})).id == "summer"


def test_a_published_set_holds_public_parts_alone() -> None:
    """
    Nothing of the private ones, by name or by value.
    """
    document = document_of([ED.verifying, EC.verifying])

    assert [set(key) for key in document["keys"]] == [
        {"kty", "crv", "x", "kid", "alg", "use"},
        {"kty", "crv", "x", "y", "kid", "alg", "use"},
    ]
    assert read_verifying(json.dumps(document)).keys() == KEYS.keys()


def test_keys_of_other_kinds_are_passed_over() -> None:
    """
    A set may serve others as well; a shared secret in it is no key for us.
    """
    others = [
        {"kty": "oct", "k": "AAAA", "kid": "a"},
        {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": "b"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        EC.verifying.as_jwk() | {"use": "enc", "kid": "c"},
        EC.verifying.as_jwk() | {"alg": "ECDH-ES", "kid": "d"},
        EC.verifying.as_jwk() | {"key_ops": ["deriveKey"], "kid": "e"},
    ]

    assert list(read_verifying(json.dumps({"keys": [*others, ED.verifying.as_jwk()]}))) == [ED.id]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "PEM"),
        ("no key", "PEM"),
        ("{", "Expecting"),
        ('{"keys":' * 100_000, "nested"),
        ('{"keys": 7}', "no list"),
        ('{"keys": ["a"]}', "no list"),
        ('{"keys": []}', "no Ed25519 or P-256"),
        (json.dumps({"keys": [ED.verifying.as_jwk()] * 2}), "share an id"),
        (json.dumps({"keys": [{"kty": "oct"}] * (MOST_KEYS + 1)}), "more than 32"),
        (ED25519, "private key"),
        (json.dumps({"keys": [json.loads(P256)]}), "private key"),
        (json.dumps({"kty": "EC", "crv": "P-256", "x": "AA"}), "no whole key"),
        (json.dumps({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), "no whole key"),
        (json.dumps({"kty": "OKP", "crv": "Ed25519", "x": 7}), "no whole key"),
        (json.dumps(ED.verifying.as_jwk() | {"kid": 7}), "kid"),
        (json.dumps(ED.verifying.as_jwk() | {"kid": ""}), "kid"),
        (
            generate_private_key(SECP384R1())
            .public_key()
            .public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode(),
            "neither",
        ),
    ],
)
def test_what_is_no_set_of_public_keys_is_refused(text: str, what: str) -> None:
    """
    Whatever somebody's address answers.
    """
    with pytest.raises(ValueError, match=what):
        read_verifying(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("no key", "PEM"),
        (json.dumps(ED.verifying.as_jwk()), "public"),
        (json.dumps({"kty": "oct", "k": "AAAA", "d": "AAAA"}), "neither"),
        (json.dumps({"kty": "EC", "crv": "P-256", "d": "AAAA"}), "no whole key"),
        (generate_private_key(SECP384R1()).private_bytes(PEM, PKCS8, OPEN).decode(), "neither"),
        (
            Ed25519PrivateKey.generate()
            .private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"secret"))
            .decode(),
            "encrypted",
        ),
    ],
)
def test_what_is_no_private_key_is_refused(text: str, what: str) -> None:
    """
    With what it is instead.
    """
    with pytest.raises(ValueError, match=what):
        signing_key(text)


def test_all_faults_of_the_files_are_told_at_once(tmp_path: Path) -> None:
    """
    Each with its place, its file and its remedy.
    """
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no key", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_signing([tmp_path / "missing.pem", wrong], "jwt.keys")

    first, second = refused.value.faults
    assert (first.where, second.where) == ("jwt.keys[0]", "jwt.keys[1]")
    assert "missing.pem cannot be read" in first.what
    assert "wrong.pem holds no usable private key" in second.what
    assert "waiting-room keys make" in second.remedy


def test_a_key_that_is_named_twice_is_a_fault(tmp_path: Path) -> None:
    """
    It would be published twice.
    """
    file = tmp_path / "key.json"
    file.write_text(ED25519, encoding="utf-8")
    with pytest.raises(ConfigError, match="twice"):
        read_signing([file, file], "jwt.keys")


def test_a_missing_library_is_told_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Instead of a trace.
    """
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ConfigError, match=r"waiting-room\[jwt\]"), extra_needed("jwt.keys"):
        import jwt  # noqa: F401, PLC0415 - what a setting that needs it does


def test_another_missing_module_is_no_matter_of_the_extra() -> None:
    """
    A fault of ours must not be told as one of theirs.
    """
    with pytest.raises(ImportError), extra_needed("jwt.keys"):
        import_module("waiting_room.no_such_module")
