"""
What the tests of JWT passes are made of: fixed keys, which are published and so good for nothing else, and tokens made
by hand.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from waiting_room.jwts.claims import ISSUER, TYPE, payload_of
from waiting_room.jwts.keys import SigningKey, VerifyingKey, signing_key
from waiting_room.tokens import Pass

ROOM: Final = "spring-sale"
NOW_MS: Final = 1_800_000_000_000
GOOD: Final = Pass(ROOM, "standard", 7, "visitor-ą-1", "standard.7", NOW_MS - 60_500, NOW_MS + 3_540_250)

# The keys of RFC 8037 appendix A and of RFC 7515 appendix A.3.
ED25519: Final = json.dumps({
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
})  # fmt: skip
P256: Final = json.dumps({
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
})  # fmt: skip
ED: Final = signing_key(ED25519)
EC: Final = signing_key(P256)
KEYS: Final[dict[str, VerifyingKey]] = {key.id: key.verifying for key in (ED, EC)}


def base64(raw: bytes) -> str:
    """
    Return base64url without padding.
    """
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(held: Pass = GOOD, **changed: Any) -> dict[str, Any]:
    """
    Return the claims of a pass, with changes; None takes one away.
    """
    given = json.loads(payload_of(held, ISSUER)) | changed
    return {name: value for name, value in given.items() if value is not None}


def header(key: SigningKey = ED, **changed: Any) -> dict[str, Any]:
    """
    Return the header of a pass, with changes; None takes a member away.
    """
    given = {"alg": key.algorithm, "kid": key.id, "typ": TYPE} | changed
    return {name: value for name, value in given.items() if value is not None}


def signed(
    payload: dict[str, Any] | bytes, head: dict[str, Any] | bytes | None = None, key: SigningKey | bytes = ED
) -> str:
    """
    Return a JWT made by hand: by no library, which might refuse to. A *key* of bytes signs by HMAC.

    Signatures by P-256 are made without randomness (RFC 6979), so that the same input gives the same text.
    """
    if head is None:
        head = header(key) if isinstance(key, SigningKey) else header()
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (head, payload)]
    text = ".".join(map(base64, parts))
    return f"{text}.{base64(_signature(text.encode(), key))}"


def _signature(text: bytes, key: SigningKey | bytes) -> bytes:
    if isinstance(key, bytes):
        return hmac.digest(key, text, "sha256")
    private = key.private
    if isinstance(private, Ed25519PrivateKey):
        return private.sign(text)
    r, s = decode_dss_signature(private.sign(text, ECDSA(SHA256(), deterministic_signing=True)))
    return r.to_bytes(32) + s.to_bytes(32)
