"""
Signed tokens: a visitor's identity, a ticket, a pass, a payment's beginning, an invitation, and a gate's credential.

A token is ``wr1.<type>.<key id>.<payload>.<signature>``: the payload is base64url of a JSON object, the signature
base64url of HMAC-SHA256 over all that stands before it, with a key derived for this type alone. There is no
algorithm to choose and none to confuse (RFC 8725 sections 3.1, 3.11); types, rooms and visitors cannot be
swapped, because each is under the signature.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final, Protocol

from waiting_room.core.reasons import Reason
from waiting_room.errors import ConfigError, Fault, TokenError

VERSION: Final = "wr1"
MAX_LENGTH: Final = 2048
"""Longer than any token we make; what is longer is refused unread (a cookie has 4,096 bytes, RFC 6265 section 6.1)."""
MIN_SECRET_LENGTH: Final = 32
"""256 bits, the size of the hash (RFC 2104 section 3)."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """
    Name a browser or app by a random id; never by personal data.
    """

    id: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    Prove a place: *number* in *lane* of *room*, given to *visitor* at *issued_ms* of the store's clock.
    """

    room: str
    lane: str
    number: int
    visitor: str
    issued_ms: int


@dataclass(frozen=True, slots=True)
class Pass:
    """
    Prove the right to shop: names the *seat* and its hard end.
    """

    room: str
    lane: str
    number: int
    visitor: str
    seat: str
    issued_ms: int
    hard_end_ms: int


@dataclass(frozen=True, slots=True)
class PaymentStage:
    """
    Prove that the holder of *seat* began to pay at *entered_ms*: every gate of *room* knows it from this alone.
    """

    room: str
    seat: str
    entered_ms: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """
    Let *uses* visitors join *lane* of *room* until *expires_ms*; *id* is what the store counts the uses by.
    """

    room: str
    lane: str
    id: str
    uses: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class GateCredential:
    """
    Let a gate report for *room* until *expires_ms*.
    """

    room: str
    gate: str
    expires_ms: int


Token = Visitor | Ticket | Pass | PaymentStage | Invitation | GateCredential
KINDS: Final = ("visitor", "ticket", "pass", "stage", "invite", "gate")


class PassSigner(Protocol):
    """
    Write a pass as text, in whichever format.
    """

    def sign(self, held: Pass, /) -> str:
        """
        Return *held* as text.
        """
        ...


class _Signer:
    """
    Compute HMAC-SHA256 (RFC 2104) with one key, whose two padded blocks are hashed once and for all.

    That is half the time of a call that begins anew: a join signs two tokens.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, text: str) -> str:
        """
        Return the signature of *text* as base64url.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return urlsafe_b64encode(outer.digest()).rstrip(b"=").decode()


class Keyring:
    """
    Sign with the first key and verify with all, so that keys can be rotated while tokens are out.

    *secrets* are texts ``<key id>:<secret>``; a fault in any of them raises `ConfigError` with all faults.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        faults = _key_faults(secrets)
        if faults:
            raise ConfigError(tuple(faults))
        self._keys: dict[tuple[str, str], _Signer] = {}
        for secret in secrets:
            key_id, _, text = secret.partition(":")
            for kind in KINDS:
                derived = hmac.digest(text.encode(), f"{VERSION}.{kind}".encode(), "sha256")
                self._keys[kind, key_id] = _Signer(derived)
        self._signing_id = secrets[0].partition(":")[0]

    def sign(self, token: Token) -> str:
        """
        Return *token* as text, signed with the newest key.
        """
        kind, claims = _payload(token)
        payload = urlsafe_b64encode(claims.encode()).rstrip(b"=").decode()
        signed = f"{VERSION}.{kind}.{self._signing_id}.{payload}"
        return f"{signed}.{self._keys[kind, self._signing_id].sign(signed)}"

    def visitor(self, text: str) -> Visitor:
        """
        Return the visitor that *text* names, or raise `TokenError`.
        """
        claims = self._verified("visitor", text)
        return Visitor(_text(claims, "v"))

    def ticket(self, text: str, room: str) -> Ticket:
        """
        Return the ticket for *room* that *text* proves, or raise `TokenError`.
        """
        claims = self._verified("ticket", text)
        _same_room(claims, room, Reason.TICKET_FOREIGN)
        return Ticket(room, _text(claims, "l"), _whole(claims, "n"), _text(claims, "v"), _whole(claims, "i"))

    def admission(self, text: str, room: str, now_ms: int) -> Pass:
        """
        Return the pass for *room* that *text* proves and that has not reached its hard end, or raise `TokenError`.
        """
        claims = self._verified("pass", text)
        _same_room(claims, room, Reason.PASS_INVALID)
        if _whole(claims, "e") <= now_ms:
            raise TokenError(Reason.PASS_EXPIRED, f"hard end {claims['e']} is not after {now_ms}")
        return Pass(
            room,
            _text(claims, "l"),
            _whole(claims, "n"),
            _text(claims, "v"),
            _text(claims, "s"),
            _whole(claims, "i"),
            _whole(claims, "e"),
        )

    def stage(self, text: str, room: str) -> PaymentStage:
        """
        Return the beginning of a payment in *room* that *text* proves, or raise `TokenError`.
        """
        claims = self._verified("stage", text)
        _same_room(claims, room, Reason.PASS_INVALID)
        return PaymentStage(room, _text(claims, "s"), _whole(claims, "b"))

    def invitation(self, text: str, room: str) -> Invitation:
        """
        Return the invitation to *room* that *text* proves, over or not, or raise `TokenError`.
        """
        claims = self._verified("invite", text)
        _same_room(claims, room, Reason.INVITATION_INVALID)
        lane, id_, uses, expires_ms = _text(claims, "l"), _text(claims, "x"), _whole(claims, "u"), _whole(claims, "e")
        return Invitation(room, lane, id_, uses, expires_ms)

    def gate(self, text: str, room: str, now_ms: int) -> GateCredential:
        """
        Return the credential of a gate of *room*, or raise `TokenError`.
        """
        claims = self._verified("gate", text)
        _same_room(claims, room, Reason.BAD_REQUEST)
        if _whole(claims, "e") <= now_ms:
            raise TokenError(Reason.BAD_REQUEST, "the gate's credential is over; are the clocks set?")
        return GateCredential(room, _text(claims, "g"), _whole(claims, "e"))

    def _verified(self, kind: str, text: str) -> dict[str, Any]:
        reason = _FORGED.get(kind, Reason.TICKET_INVALID)
        if len(text) > MAX_LENGTH or not text.isascii():
            raise TokenError(reason, "longer than any token, or not ASCII")
        signed, _, signature = text.rpartition(".")
        parts = signed.split(".")
        if len(parts) != 4 or parts[0] != VERSION or parts[1] != kind:
            raise TokenError(reason, f"not a {kind} of version {VERSION}")
        key = self._keys.get((kind, parts[2]))
        if key is None:
            raise TokenError(reason, f"signed with the unknown key {parts[2][:16]!r}")
        if not hmac.compare_digest(key.sign(signed), signature):
            raise TokenError(reason, "the signature does not match")
        return peek(text)


_FORGED: Final = {"pass": Reason.PASS_INVALID, "stage": Reason.PASS_INVALID, "invite": Reason.INVITATION_INVALID}


def peek(text: str) -> dict[str, Any]:
    """
    Return the payload of a token without verifying it: for reports and logs, never for a decision.
    """
    parts = text.split(".")
    if len(parts) != 5:
        what = f"it has {len(parts)} of the 5 parts of a token, which are divided by dots: is it the whole text?"
        raise TokenError(Reason.TICKET_INVALID, what)
    try:
        payload = json.loads(urlsafe_b64decode(parts[3] + "=" * (-len(parts[3]) % 4)))
    except (ValueError, Base64Error, RecursionError) as error:
        what = "its payload, the part before the last dot, cannot be read: was it cut or changed?"
        raise TokenError(Reason.TICKET_INVALID, what) from error
    if not isinstance(payload, dict):
        raise TokenError(Reason.TICKET_INVALID, "the payload is no object")
    return payload


def _payload(token: Token) -> tuple[str, str]:
    """
    Return the type and the JSON of *token*, written by hand: an encoder takes three times as long.
    """
    match token:
        case Ticket(room, lane, number, visitor, issued_ms):
            place = f'"l":{_quoted(lane)},"n":{number},"v":{_quoted(visitor)},"i":{issued_ms}'
            return "ticket", f'{{"r":{_quoted(room)},{place}}}'
        case Visitor(id_):
            return "visitor", f'{{"v":{_quoted(id_)}}}'
        case Pass(room, lane, number, visitor, seat, issued_ms, hard_end_ms):
            place = f'"l":{_quoted(lane)},"n":{number},"v":{_quoted(visitor)},"s":{_quoted(seat)}'
            return "pass", f'{{"r":{_quoted(room)},{place},"i":{issued_ms},"e":{hard_end_ms}}}'
        case PaymentStage(room, seat, entered_ms):
            return "stage", f'{{"r":{_quoted(room)},"s":{_quoted(seat)},"b":{entered_ms}}}'
        case Invitation(room, lane, id_, uses, expires_ms):
            right = f'"l":{_quoted(lane)},"x":{_quoted(id_)},"u":{uses},"e":{expires_ms}'
            return "invite", f'{{"r":{_quoted(room)},{right}}}'
        case GateCredential(room, gate, expires_ms):
            return "gate", f'{{"r":{_quoted(room)},"g":{_quoted(gate)},"e":{expires_ms}}}'


def _same_room(claims: Mapping[str, Any], room: str, reason: Reason) -> None:
    if claims.get("r") != room:
        raise TokenError(reason, f"of the room {claims.get('r')!r}, not {room!r}")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise TokenError(Reason.TICKET_INVALID, f"the claim {name!r} is no text")
    return value


def _whole(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TokenError(Reason.TICKET_INVALID, f"the claim {name!r} is no whole number")
    return value


def _key_faults(secrets: Sequence[str]) -> list[Fault]:
    where = "server.secret_keys"
    if not secrets:
        return [Fault(where, "there is no key", "give at least one '<key id>:<secret>'")]
    faults = []
    ids = [secret.partition(":")[0] for secret in secrets]
    for index, secret in enumerate(secrets):
        key_id, colon, text = secret.partition(":")
        at = f"{where}[{index}]"
        if not colon or not key_id.isalnum() or not key_id.isascii():
            faults.append(Fault(at, "is not '<key id>:<secret>' with a key id of letters and digits", "write 'k1:…'"))
        elif len(text) < MIN_SECRET_LENGTH:
            what = f"the secret of {key_id} has {len(text)} characters"
            faults.append(Fault(at, what, f"take at least {MIN_SECRET_LENGTH} random ones (openssl rand -hex 32)"))
        elif ids.index(key_id) != index:
            faults.append(Fault(at, f"the key id {key_id} stands twice", "give each key its own id"))
    return faults
