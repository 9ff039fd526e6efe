"""
The tokens that are about, good and bad, and what an attacker makes of them.

Each token's worth is known by who minted it, not by verifying it: that is how the oracle is independent of the code.
"""

import json
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.gates.makings import ROOM
from tests.jwts.makings import EC, ED, claims, header, signed
from waiting_room.core.revoked import Revoked
from waiting_room.gates.ledger import PAYMENT_CAP_MS, Gone, RoomState
from waiting_room.jwts.keys import document_of
from waiting_room.tokens import Keyring, Pass, PaymentStage, Ticket, Visitor

SECRETS: Final = ("k2:" + "n" * 32, "k1:" + "o" * 32)
JWKS: Final = json.dumps(document_of([ED.verifying, EC.verifying]))
"""The public keys of the gate that takes JSON Web Tokens."""
HOUR_MS: Final = 3_600_000
GRACE_MS: Final = 300_000
CAP_MS: Final = PAYMENT_CAP_MS
IDLE, RELEASED, REVOKED, BARRED = "standard.91", "standard.92", "standard.93", "turned-away"
"""Seats that ended in three ways, and a visitor whom the operator has turned away."""


@dataclass(frozen=True, slots=True)
class Minted:
    """
    Hold a token and what it is worth: *trusted* where a key of the gate's has signed it for the gate's room.
    """

    text: str
    kind: str
    trusted: bool
    visitor: str = ""
    seat: str = ""
    at_ms: int = 0


class Material:
    """
    Mint all tokens of a run, as of *now_ms*; passes that are JSON Web Tokens as well where *jwts* count.
    """

    def __init__(self, now_ms: int, room: str = ROOM, *, jwts: bool = False) -> None:
        self.now_ms = now_ms
        self.room = room
        self.good: list[Minted] = []
        self.all: list[Minted] = []
        ours, old = Keyring(SECRETS), Keyring(SECRETS[::-1])
        for ring, trusted in ((ours, True), (old, True), (_foreign("k2"), False), (_foreign("k9"), False)):
            self._mint(ring, room, trusted=trusted)
        self._mint(ours, "other", trusted=False)
        if jwts:
            self._mint_jwts()
        self.by_text = {minted.text: minted for minted in self.all}
        self.of_kind = {kind: [minted for minted in self.all if minted.kind == kind] for kind in KINDS}

    def state(self) -> RoomState:
        """
        Return the room as the gate knows it: crowded, with seats that have ended and somebody turned away.
        """
        since, until = self.now_ms - 1_000, self.now_ms + 2 * HOUR_MS
        gone = {IDLE: Gone(since, until, released=False), RELEASED: Gone(since, until, released=True)}
        revoked = Revoked("e.1", {REVOKED: until}, {BARRED: until})
        return RoomState(straight=False, phase="open", gone=gone, revoked=revoked, payment_cap_ms=CAP_MS)

    def holder(self, chance: random.Random) -> tuple[Minted, Minted]:
        """
        Return a good pass and its bearer's identity.
        """
        held = chance.choice(self.good)
        bearer = next(minted for minted in self.of_kind["visitor"] if minted.visitor == held.visitor and minted.trusted)
        return held, bearer

    def _mint(self, ring: Keyring, room: str, *, trusted: bool) -> None:
        now = self.now_ms
        for number in range(1, 5):
            name, seat = f"visitor-{number}", f"standard.{number}"
            good = self._pass(ring, room, number, name, seat, now + HOUR_MS, trusted=trusted)
            if trusted:
                self.good.append(good)
            self._pass(ring, room, number, name, seat, now - 60_000, trusted=trusted)
            self._pass(ring, room, number, name, seat, now - HOUR_MS, trusted=trusted)
            self._add(Minted(ring.sign(Visitor(name)), "visitor", trusted or room == "other", name))
            for entered in (now - 120_000, now - CAP_MS - HOUR_MS, now + HOUR_MS):
                stage = ring.sign(PaymentStage(room, seat, entered))
                self._add(Minted(stage, "stage", trusted, seat=seat, at_ms=entered))
            self._add(Minted(ring.sign(Ticket(room, "standard", number, name, now)), "ticket", trusted, name))
        for seat in (IDLE, RELEASED, REVOKED):
            self._pass(ring, room, 90, "visitor-9", seat, now + HOUR_MS, trusted=trusted)
        self._pass(ring, room, 95, BARRED, "standard.95", now + HOUR_MS, trusted=trusted)
        self._add(Minted(ring.sign(Visitor(BARRED)), "visitor", trusted or room == "other", BARRED))

    def _mint_jwts(self) -> None:
        other = replace(ED, private=Ed25519PrivateKey.from_private_bytes(b"x" * 32))
        for minted in [minted for minted in self.all if minted.kind == "pass" and minted.trusted]:
            held = Keyring(SECRETS).admission(minted.text, self.room, 0)
            for key, room, trusted in ((ED, self.room, True), (EC, self.room, True), (other, self.room, False)):
                text = signed(claims(replace(held, room=room)), header(key), key)
                self._add(replace(minted, text=text, trusted=trusted))
                if minted in self.good and trusted:
                    self.good.append(self.all[-1])
            self._add(replace(minted, text=signed(claims(replace(held, room="other"))), trusted=False))
            self._add(replace(minted, text=signed(claims(held, iss="somebody"))[:-1] + "A", trusted=False))
            self._add(replace(minted, text=signed(claims(held), header(alg="HS256"), JWKS.encode()), trusted=False))

    def _pass(
        self, ring: Keyring, room: str, number: int, visitor: str, seat: str, end_ms: int, *, trusted: bool
    ) -> Minted:
        text = ring.sign(Pass(room, "standard", number, visitor, seat, end_ms - HOUR_MS, end_ms))
        minted = Minted(text, "pass", trusted, visitor, seat, end_ms)
        self._add(minted)
        return minted

    def _add(self, minted: Minted) -> None:
        self.all.append(minted)


def _foreign(key_id: str) -> Keyring:
    return Keyring((f"{key_id}:{'x' * 32}",))


KINDS: Final = ("pass", "visitor", "stage", "ticket")


def tampered(chance: random.Random, text: str, others: Sequence[Minted]) -> str:
    """
    Return *text* after one or two attempts at it; *others* lend their parts.
    """
    for _ in range(chance.choice((1, 1, 2))):
        text = chance.choice(_ATTEMPTS)(chance, text, chance.choice(others).text)
    return text


def _flip(chance: random.Random, text: str, _: str) -> str:
    at = chance.randrange(max(1, len(text)))
    return text[:at] + chr((ord(text[at]) ^ (1 << chance.randrange(7))) if at < len(text) else 65) + text[at + 1 :]


def _other_letter(chance: random.Random, text: str, _: str) -> str:
    at = chance.randrange(max(1, len(text)))
    return text[:at] + chance.choice("ABCXYZabcxyz0189-_=.") + text[at + 1 :]


def _last_letter(chance: random.Random, text: str, _: str) -> str:
    # Four letters of base64 end in the same bytes where padding bits are not looked at.
    return text[:-1] + chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def _cut(chance: random.Random, text: str, _: str) -> str:
    at = chance.randrange(len(text) + 1)
    return chance.choice((text[:at], text[at:]))


def _swap(chance: random.Random, text: str, other: str) -> str:
    mine, theirs = text.split("."), other.split(".")
    at = chance.randrange(5)
    return ".".join((mine + [""] * 5)[:at] + (theirs + [""] * 5)[at : at + 1] + mine[at + 1 :])


def _reworded(chance: random.Random, text: str, _: str) -> str:
    parts = text.split(".")
    at = {5: 3, 3: chance.randrange(2)}.get(len(parts))
    if at is None:
        return text
    try:
        said = json.loads(urlsafe_b64decode(parts[at] + "=="))
    except ValueError:
        return text
    if not isinstance(said, dict):
        return text
    name = chance.choice((*said, *"rlnvsiebx", "crit", "b64", "jwk"))
    said[name] = chance.choice((ROOM, "visitor-1", 10**15, -1, None, [], "9" * 40, 1e308, True, "none", ["b64"]))
    parts[at] = urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return ".".join(parts)


def _dressed(chance: random.Random, text: str, other: str) -> str:
    return chance.choice((
        *(f"{text}=", f"{text}==", f'"{text}', f"{text},{other}", f"{text} {other}", f"{text}.{other}", text.upper()),
        *(text.replace(".", "%2e"), text.replace("wr1", "wr2"), text.replace("wr1", "WR1"), text.replace(".k", ".K")),
        *(text.replace("1", "\u0661", 1), text.replace("a", "\u0430", 1), text + "\u200b", "\ufeff" + text, text * 3),
        *(text.replace("-", "+").replace("_", "/"), "Bearer " + text, text + "\t", text.replace(".pass.", ".visitor.")),
        *("", ".", "....", "wr1....", "wr1.pass.k2..", "wr1.pass..e30.", "null", "true", "1", "A" * 2049, "[]"),
        "\udcff",
    ))  # fmt: skip


def _jwt(chance: random.Random, text: str, _: str) -> str:
    head = chance.choice(({"alg": "none"}, {"alg": "HS256", "kid": "k2"}, {"alg": "EdDSA", "kid": "../../k2"}))
    body = {"iss": "waiting-room", "room": ROOM, "seat": "standard.1", "exp": 10**11, "sub": "visitor-1"}
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, body)]
    return ".".join([*parts, text.rpartition(".")[2] if chance.random() < 0.5 else ""])


_ATTEMPTS: Final[Sequence[Callable[[random.Random, str, str], str]]] = (
    *(_flip, _flip, _other_letter, _last_letter, _cut, _swap, _swap, _reworded, _dressed, _dressed, _jwt),
)
