"""
Tokens as those see them who hold no key: what they say can be read, and everything can be altered but the signature.
"""

import json
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from waiting_room.errors import TokenError
from waiting_room.wire import peek

FAR_MS: Final = 4_102_444_800_000
"""The year 2100, in ms since 1970: an end that would not come during any promotion."""
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class Forgery:
    """
    Name a made-up token, and hold it.
    """

    name: str
    text: str


def claims_of(token: str) -> dict[str, Any]:
    """
    Return what a token says, of either format, and nothing where it cannot be read.
    """
    try:
        return peek(token)
    except TokenError:
        pass
    try:
        said = json.loads(_decoded(token.split(".")[1]))
    except (IndexError, ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    inner = said.get("waiting_room")
    names = {"r": said.get("aud"), "v": said.get("sub")}
    return names | ({"s": inner.get("seat"), "n": inner.get("number")} if isinstance(inner, dict) else {})


def room_of(token: str) -> str:
    """
    Return the room that a token names, or nothing where it names none.
    """
    room = claims_of(token).get("r")
    return room if isinstance(room, str) else ""


def altered(token: str, **claims: Any) -> str:
    """
    Return *token* with other claims, and the signature of the old ones.
    """
    parts = token.split(".")
    if len(parts) != _COMPACT:
        return token + "A"
    parts[3] = _encoded({**claims_of(token), **claims})
    return ".".join(parts)


def forged_passes(ticket: str, draw: random.Random) -> Iterator[Forgery]:
    """
    Yield passes made of what one who waits was given: a signed ticket for the right room, and no pass.
    """
    said = claims_of(ticket)
    number = said.get("n", 1)
    seat = {"s": f"{said.get('l', 'standard')}.{number}", "e": FAR_MS}
    as_pass = _with(ticket, 1, "pass")
    yield Forgery("a ticket called a pass", as_pass)
    yield Forgery("a ticket sent as it is", ticket)
    yield Forgery("a ticket with a seat and an end written in", altered(as_pass, **seat))
    yield from _unsigned(altered(as_pass, **seat), draw)
    bare = {"aud": said.get("r", ""), "sub": said.get("v", ""), "iss": "waiting-room", "exp": FAR_MS // 1000}
    inner = {"lane": said.get("l"), "number": number, "seat": seat["s"], "issued_ms": 1, "hard_end_ms": FAR_MS}
    body = _encoded({**bare, "iat": 1, "jti": "1", "waiting_room": inner})
    for algorithm in ("none", "HS256"):
        head = _encoded({"alg": algorithm, "typ": "wr-pass+jwt"})
        yield Forgery(
            f"a JSON Web Token by {algorithm}", f"{head}.{body}.{'' if algorithm == 'none' else _noise(draw)}"
        )


def forged_copies(admission: str, draw: random.Random) -> Iterator[Forgery]:
    """
    Yield what can be made of a pass that was good: a later end, another seat, another room, other bytes.
    """
    yield Forgery("a pass with a later end", altered(admission, e=FAR_MS))
    yield Forgery("a pass for another seat", altered(admission, s="standard.1"))
    yield Forgery("a pass of another room", altered(admission, r="another-room"))
    yield Forgery("a pass with one byte altered", _one_byte_off(admission, draw))
    yield from _unsigned(admission, draw)


def forged_tickets(ticket: str, draw: random.Random) -> Iterator[Forgery]:
    """
    Yield tickets with a better number, another visitor or another room, or without a good signature.
    """
    yield Forgery("a ticket with number 1", altered(ticket, n=1))
    yield Forgery("a ticket of an hour ago", altered(ticket, i=1))
    yield Forgery("a ticket for another lane", altered(ticket, l="loyal", n=1))
    yield Forgery("a ticket for another visitor", altered(ticket, v="somebody"))
    yield Forgery("a ticket of another room", altered(ticket, r="another-room"))
    yield Forgery("a ticket with one byte altered", _one_byte_off(ticket, draw))
    yield from _unsigned(altered(ticket, n=1), draw)


def _unsigned(token: str, draw: random.Random) -> Iterator[Forgery]:
    yield Forgery("an empty signature", _with(token, -1, ""))
    yield Forgery("a made-up signature", _with(token, -1, _noise(draw)))
    yield Forgery("an unknown key", _with(token, 2, "unknown"))
    yield Forgery("no key", _with(token, 2, ""))
    yield Forgery("another version", _with(token, 0, "wr0"))
    yield Forgery("random bytes", "".join(draw.choices(_ALPHABET, k=120)))
    yield Forgery("longer than any token", token + "A" * 4000)


_COMPACT: Final = 5


def _with(token: str, place: int, part: str) -> str:
    parts = token.split(".")
    if len(parts) != _COMPACT:
        return f"{token}.{part}"
    parts[place] = part
    return ".".join(parts)


def _one_byte_off(token: str, draw: random.Random) -> str:
    at = draw.randrange(len(token)) if token else 0
    other = draw.choice([letter for letter in _ALPHABET if letter != token[at : at + 1]])
    return token[:at] + other + token[at + 1 :]


def _noise(draw: random.Random) -> str:
    return "".join(draw.choices(_ALPHABET, k=43))


def _encoded(claims: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).decode().rstrip("=")


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
