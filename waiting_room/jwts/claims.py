"""
What stands in a pass that is a JWT: its header, its claims, and the strict reading of both.

The registered claims say what any JWT library can check: ``iss``, ``aud`` (the room), ``sub`` (the visitor), ``iat``,
``exp``, ``jti``. Ours stand together in ``waiting_room``, with the hard end to the millisecond.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Any, Final

from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.tokens import MAX_LENGTH, Pass

TYPE: Final = "wr-pass+jwt"
"""Explicit typing (RFC 8725 section 3.11): no other JWT of the same key is ever taken for a pass."""
ALGORITHMS: Final = ("EdDSA", "ES256")
ISSUER: Final = "waiting-room"
EVERY_ROOM: Final = "*"
OURS: Final = "waiting_room"
LIKELY: Final = "eyJ"
"""How every JWT begins, and no token of ours: ``{"`` in base64url."""
_SHAPE: Final = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
_LONGEST_DETAIL: Final = 200
_HEADER: Final = frozenset({"alg", "kid", "typ"})


def header_of(text: str) -> tuple[str, str]:
    """
    Return algorithm and key id of a pass in the compact serialization (RFC 7515 section 7.1), or raise `TokenError`.

    Nothing of it is verified. A header with anything but ``alg``, ``kid`` and ``typ`` is refused: no critical
    extension is ours (``crit``), and no token brings its own key along (``jwk``, ``jku``, ``x5u``, ``x5c``).
    """
    if len(text) > MAX_LENGTH:
        raise _refusal("longer than any pass")
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise _refusal("no JWT in the compact serialization")
    try:
        header = _object(urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)))
    except ValueError as error:
        raise _refusal(f"the header cannot be read: {error}") from error
    if header.keys() != _HEADER:
        raise _refusal(f"its header has {sorted(header)}, and not just alg, kid and typ")
    algorithm, key_id = header["alg"], header["kid"]
    if header["typ"] != TYPE or algorithm not in ALGORITHMS or not isinstance(key_id, str):
        raise _refusal(f"typ {header['typ']!r} with alg {algorithm!r} is no pass")
    return algorithm, key_id


def payload_of(held: Pass, issuer: str) -> bytes:
    """
    Return the claims of *held* as JSON.

    Seconds are rounded down: no library takes a pass for good after its hard end.
    """
    ours = {
        "lane": held.lane,
        "number": held.number,
        "seat": held.seat,
        "issued_ms": held.issued_ms,
        "hard_end_ms": held.hard_end_ms,
    }
    claims = {
        "iss": issuer,
        "aud": held.room,
        "sub": held.visitor,
        "iat": held.issued_ms // 1000,
        "exp": held.hard_end_ms // 1000,
        "jti": f"{held.room}.{held.seat}.{held.issued_ms}",
        OURS: ours,
    }
    return json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()


def pass_of(payload: bytes, issuer: str, room: str, now_ms: int) -> Pass:
    """
    Return the pass for *room* that a verified *payload* proves and that is not over, or raise `TokenError`.

    ``nbf``, which we never write, counts where it stands.
    """
    try:
        claims = _object(payload)
    except ValueError as error:
        raise _refusal(f"the claims cannot be read: {error}") from error
    if claims.get("iss") != issuer:
        raise _refusal(f"issued by {claims.get('iss')!r}, not {issuer!r}")
    if claims.get("aud") != room:
        raise _refusal(f"of the room {claims.get('aud')!r}, not {room!r}")
    ours = claims.get(OURS)
    if not isinstance(ours, dict):
        raise _refusal(f"without {OURS}")
    held = Pass(
        room,
        _text(ours, "lane"),
        _whole(ours, "number"),
        _text(claims, "sub"),
        _text(ours, "seat"),
        _whole(ours, "issued_ms"),
        _whole(ours, "hard_end_ms"),
    )
    if _whole(claims, "exp") != held.hard_end_ms // 1000:
        raise _refusal("exp and hard_end_ms contradict each other")
    if "nbf" in claims and _whole(claims, "nbf") * 1000 > now_ms:
        raise _refusal(f"not valid before {claims['nbf']}")
    if held.hard_end_ms <= now_ms:
        raise TokenError(Reason.PASS_EXPIRED, f"hard end {held.hard_end_ms} is not after {now_ms}")
    return held


def _object(raw: bytes) -> dict[str, Any]:
    """
    Return the JSON object in *raw*; raises `ValueError` where there is none, or where a name stands twice in it.
    """
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_once)
    except RecursionError as error:
        raise ValueError("nested without end") from error
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - what is wrong is the text
    return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise _refusal(f"the claim {name!r} is no text")
    return value


def _whole(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _refusal(f"the claim {name!r} is no whole number")
    return value


def _refusal(detail: str) -> TokenError:
    return TokenError(Reason.PASS_INVALID, detail if len(detail) <= _LONGEST_DETAIL else f"{detail[:_LONGEST_DETAIL]}…")
