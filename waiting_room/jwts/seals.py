"""
Signing and verifying passes that are JWTs.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from jwt import PyJWTError
from jwt.api_jws import PyJWS

from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.jwts.claims import ALGORITHMS, EVERY_ROOM, TYPE, header_of, pass_of, payload_of
from waiting_room.jwts.keys import SigningKey, VerifyingKey, document_of
from waiting_room.tokens import Keyring, Pass


class JwtSigner:
    """
    Sign passes with one key.
    """

    def __init__(self, key: SigningKey, issuer: str) -> None:
        self._key = key
        self._issuer = issuer
        self._header = {"alg": key.algorithm, "kid": key.id, "typ": TYPE}
        self._jws = PyJWS(ALGORITHMS)

    def sign(self, held: Pass) -> str:
        """
        Return *held* as text.
        """
        payload = payload_of(held, self._issuer)
        return self._jws.encode(payload, self._key.private, self._key.algorithm, dict(self._header))


class JwtVerifier:
    """
    Verify passes with the public keys that are known, each for its one algorithm; they may be exchanged meanwhile.

    *missed* tells that a pass named a key which is not known. *generation* changes when a key is no longer known:
    what was verified before may then not count any more.
    """

    def __init__(self, keys: Mapping[str, VerifyingKey], issuer: str) -> None:
        self._keys = dict(keys)
        self._issuer = issuer
        self._jws = PyJWS(ALGORITHMS)
        self.missed = False
        self.generation = 0

    def know(self, keys: Mapping[str, VerifyingKey]) -> None:
        """
        Verify with *keys* from now on.
        """
        if any(_differs(known, keys.get(key_id)) for key_id, known in self._keys.items()):
            self.generation += 1
        self._keys = dict(keys)
        self.missed = False

    def admission(self, text: str, room: str, now_ms: int) -> Pass:
        """
        Return the pass for *room* that *text* proves and that has not reached its hard end, or raise `TokenError`.
        """
        algorithm, key_id = header_of(text)
        key = self._keys.get(key_id)
        if key is None:
            self.missed = True
            raise TokenError(Reason.PASS_INVALID, f"signed with the unknown key {key_id[:16]!r}")
        if algorithm != key.algorithm:
            raise TokenError(Reason.PASS_INVALID, f"alg {algorithm} with a key for {key.algorithm}")
        try:
            payload = self._jws.decode(text, key.public, algorithms=[key.algorithm])
        except PyJWTError as error:
            raise TokenError(Reason.PASS_INVALID, f"the signature does not match: {error}") from error
        return pass_of(payload, self._issuer, room, now_ms)


class PassWriter:
    """
    Write each pass as its room has it: a JWT in *rooms*, where `EVERY_ROOM` stands for all, and compact elsewhere.
    """

    def __init__(self, keyring: Keyring, signer: JwtSigner, rooms: Collection[str]) -> None:
        self._keyring = keyring
        self._signer = signer
        self._rooms = frozenset(rooms)

    def sign(self, held: Pass) -> str:
        """
        Return *held* as text.
        """
        is_jwt = held.room in self._rooms or EVERY_ROOM in self._rooms
        return self._signer.sign(held) if is_jwt else self._keyring.sign(held)


@dataclass(frozen=True, slots=True)
class JwtOffice:
    """
    Hold what a service with keys does with JWTs: writes passes, verifies them, and publishes a key set as JSON.
    """

    writer: PassWriter
    verifier: JwtVerifier
    published: bytes

    @classmethod
    def of(cls, keys: Sequence[SigningKey], rooms: Collection[str], issuer: str, keyring: Keyring) -> Self:
        """
        Return the office whose first key signs for *rooms*; all verify and are published.
        """
        public = [key.verifying for key in keys]
        return cls(
            PassWriter(keyring, JwtSigner(keys[0], issuer), rooms),
            JwtVerifier({key.id: key for key in public}, issuer),
            json.dumps(document_of(public)).encode(),
        )


def _differs(known: VerifyingKey, now: VerifyingKey | None) -> bool:
    return now is None or now.as_jwk() != known.as_jwk()
