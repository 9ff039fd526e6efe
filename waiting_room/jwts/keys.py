"""
Keys of passes that are JWTs: Ed25519 and P-256, in PEM files or as JSON Web Keys (RFC 7517).

A key's id is its thumbprint (RFC 7638), unless a JSON Web Key names another: files need no names of their own, and the
same key has the same id everywhere.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt import PyJWK, PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from waiting_room.errors import ConfigError, Fault

MOST_KEYS: Final = 32
"""In one set: more than anybody rotates through, and few enough to read."""
MOST_ID: Final = 128
_CURVES: Final = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256"}
_SHAPES: Final = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y")}
"""What a thumbprint is made of, in the order of the alphabet (RFC 7638 section 3.2, RFC 8037 section 2)."""

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """
    Hold a private key, its algorithm and its id.
    """

    id: str
    algorithm: str
    private: PrivateKey = field(repr=False)

    @property
    def verifying(self) -> "VerifyingKey":
        """
        Return its public half.
        """
        return VerifyingKey(self.id, self.algorithm, self.private.public_key())


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """
    Hold a public key, the one algorithm that it is for, and its id.
    """

    id: str
    algorithm: str
    public: PublicKey

    def as_jwk(self) -> dict[str, str]:
        """
        Return it as a JSON Web Key, for signatures only.
        """
        return {**_jwk_of(self.public), "kid": self.id, "alg": self.algorithm, "use": "sig"}


def make(algorithm: str) -> str:
    """
    Return a new private key for *algorithm*, as a PEM text (PKCS #8, not encrypted).
    """
    key: PrivateKey = Ed25519PrivateKey.generate() if algorithm == "EdDSA" else generate_private_key(SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def read_signing(paths: Iterable[Path], where: str) -> tuple[SigningKey, ...]:
    """
    Return the private keys in files, PEM or JSON Web Key; raises `ConfigError` with the faults of all, at *where*.
    """
    faults, found = [], []
    for index, path in enumerate(paths):
        try:
            found.append(signing_key(path.read_text(encoding="utf-8")))
        except OSError as error:
            faults.append(
                Fault(f"{where}[{index}]", f"{path} cannot be read: {error.strerror}", "check path and rights")
            )
        except ValueError as error:
            remedy = "make one with `waiting-room keys make`"
            faults.append(Fault(f"{where}[{index}]", f"{path} holds no usable private key: {error}", remedy))
    ids = [key.id for key in found]
    if not faults and len(set(ids)) != len(ids):
        faults.append(Fault(where, "names one key twice", "name each once"))
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(found)


def signing_key(text: str) -> SigningKey:
    """
    Return the private key in *text*; raises `ValueError` where there is none of ours.
    """
    if text.lstrip().startswith("{"):
        jwk = _parsed(text)
        if "d" not in jwk:
            raise ValueError("it is a public key")
        algorithm, key, id_ = _from_jwk(jwk)
        return SigningKey(id_, algorithm, _private(key))
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError as error:
        raise ValueError("it is encrypted; decrypt it, and guard the file by its rights") from error
    except UnsupportedAlgorithm as error:
        raise ValueError("it is neither Ed25519 nor P-256") from error
    private = _private(key)
    jwk = _jwk_of(private.public_key())
    return SigningKey(thumbprint(jwk), _CURVES[jwk["kty"], jwk["crv"]], private)


def read_verifying(text: str) -> dict[str, VerifyingKey]:
    """
    Return the public keys of a JSON Web Key Set, of one JSON Web Key or of a PEM text, by id.

    Keys of other kinds and for other uses are passed over (RFC 7517 section 5). Raises `ValueError` where none is left,
    where a private key stands among them, or where two share an id.
    """
    if text.lstrip().startswith("{"):
        document = _parsed(text)
        listed = document.get("keys", [document])
        if not isinstance(listed, list) or not all(isinstance(jwk, dict) for jwk in listed):
            raise ValueError("its keys are no list of objects")
        if len(listed) > MOST_KEYS:
            raise ValueError(f"it holds more than {MOST_KEYS} keys")
        found = [_verifying(jwk) for jwk in listed if _is_ours(jwk)]
    else:
        public = _public(text)
        jwk = _jwk_of(public)
        found = [VerifyingKey(thumbprint(jwk), _CURVES[jwk["kty"], jwk["crv"]], public)]
    by_id = {key.id: key for key in found}
    if len(by_id) != len(found):
        raise ValueError("two of its keys share an id")
    if not by_id:
        raise ValueError("it holds no Ed25519 or P-256 key for signatures")
    return by_id


def document_of(keys: Iterable[VerifyingKey]) -> dict[str, list[dict[str, str]]]:
    """
    Return a JSON Web Key Set of public keys.
    """
    return {"keys": [key.as_jwk() for key in keys]}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """
    Return the SHA-256 thumbprint of a key (RFC 7638).
    """
    members = {name: jwk[name] for name in _SHAPES[jwk["kty"]]}
    digest = sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested without end") from error
    if not isinstance(found, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - what is wrong is the text
    return found


def _is_ours(jwk: Mapping[str, Any]) -> bool:
    algorithm = _CURVES.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    operations = jwk.get("key_ops", ["verify"])
    return (
        algorithm is not None
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _verifying(jwk: dict[str, Any]) -> VerifyingKey:
    if "d" in jwk:
        raise ValueError("it holds a private key; hand out the public ones alone (`waiting-room keys jwks`)")
    algorithm, key, id_ = _from_jwk(jwk)
    return VerifyingKey(id_, algorithm, cast(PublicKey, key))


def _from_jwk(jwk: dict[str, Any]) -> tuple[str, object, str]:
    algorithm = _CURVES.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if algorithm is None:
        raise ValueError("it is neither Ed25519 nor P-256")
    try:
        key = PyJWK(jwk, algorithm).key
        id_ = jwk.get("kid", thumbprint(jwk))
    except (PyJWTError, KeyError, TypeError) as error:
        raise ValueError(f"it is no whole key: {error}") from error
    if not isinstance(id_, str) or not 0 < len(id_) <= MOST_ID:
        raise ValueError(f"its kid is no text of 1 to {MOST_ID} characters")
    return algorithm, key, id_


def _jwk_of(public: PublicKey) -> dict[str, str]:
    if isinstance(public, Ed25519PublicKey):
        made = OKPAlgorithm.to_jwk(public, as_dict=True)
    else:
        made = ECAlgorithm.to_jwk(public, as_dict=True)
    return {name: made[name] for name in _SHAPES[made["kty"]]}


def _private(key: object) -> PrivateKey:
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("it is neither Ed25519 nor P-256")


def _public(pem: str) -> PublicKey:
    with suppress(UnsupportedAlgorithm):
        key = serialization.load_pem_public_key(pem.encode())
        if isinstance(key, Ed25519PublicKey):
            return key
        if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
            return key
    raise ValueError("it is neither Ed25519 nor P-256")
