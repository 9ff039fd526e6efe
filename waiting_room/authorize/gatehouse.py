"""
The gates of all rooms of one worker, for requests that a proxy asks about: decided from memory, without any I/O.

What a gate in a shop reports over HTTP once a second, these tell the lobby directly: the seats that were used.
"""

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import Any, Final, cast

from waiting_room import wire
from waiting_room.authorize.dialects import Asked
from waiting_room.cookies import cookies_of
from waiting_room.core import targets
from waiting_room.core.policy import Policy
from waiting_room.core.reasons import Reason
from waiting_room.core.view import View
from waiting_room.errors import TokenError
from waiting_room.gates.clerk import Clerk
from waiting_room.gates.core import Allow, GateCore, Outcome, TryStraight
from waiting_room.gates.crawlers import Acquaintances
from waiting_room.gates.ledger import Batch, GateAnswer, Ledger, RoomState
from waiting_room.gates.networks import NOWHERE, Way
from waiting_room.gates.passes import JwtReader
from waiting_room.gates.requests import Request
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.visits import Visit
from waiting_room.lobby import Lobby
from waiting_room.rooms import Room
from waiting_room.tokens import Keyring

SLICE: Final = 250
"""So many seats take about a millisecond of this worker, and no longer of Redis."""
NOTHING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
_DOWN: Final = {"open": "open", "static": "static", "hold": "static"}
"""What a gate does while the store is away, by the room's rule: to hold is to send to the waiting page as well."""


class RoomGate:
    """
    Decide on requests to the shop behind one room, with its policy written as a gate's *settings*.
    """

    def __init__(
        self, room: Room, keyring: Keyring, settings: GateSettings, jwts: JwtReader | None, known: Acquaintances
    ) -> None:
        self._room = room
        self._policy = room.policy
        self._core = GateCore(settings, keyring, jwts, known)
        self._keyring = keyring
        self._secure = any(url.startswith("https:") for url in (settings.page_url, self._policy.target))
        self._seen: tuple[View, object, bool] | None = None
        self._state = RoomState()
        self.ledger = Ledger(0)

    def serves(self, policy: Policy) -> bool:
        """
        Tell whether this gate goes by *policy*; after a change of the settings, another one is due.
        """
        return policy is self._policy or policy == self._policy

    def decide(
        self, asked: Asked, headers: Mapping[str, str], now_ms: int, way: Way = NOWHERE
    ) -> tuple[Outcome, Request]:
        """
        Return what becomes of the request that is *asked* about, whose headers came along, and its facts.

        *way* is that of the question: the proxy's address, and what it says of those before it.

        A newcomer goes to the waiting page even while the room is idle, and from there straight in: only the page may
        set cookies in every proxy, and who enters without a pass would hold no seat.
        """
        facts = Request(
            method=asked.method,
            path=asked.path,
            query=asked.query,
            headers=headers,
            cookies=cookies_of(headers.get("Cookie", "")),
            origin=self._origin(asked.origin),
            way=way,
        )
        outcome = self._core.decide(facts, self._state_at(now_ms), now_ms)
        if isinstance(outcome, TryStraight):
            outcome = outcome.otherwise
        if isinstance(outcome, Allow) and not outcome.late:
            self.ledger.touch(outcome.admission.seat, outcome.end_ms)
        return outcome, facts

    def obey(self, word: str, facts: Request, now_ms: int) -> Visit:
        """
        Do what the shop says of the visit of who sent it a request with these *facts*; raises `TokenError` where their
        pass does not count. What the visitor is to be given stands in the visit's cookies and headers.

        Only the visit of that pass can be changed by it. A seat may be given back late; a payment begins, or is broken
        off, within a visit that lasts.
        """
        state = self._state_at(now_ms)
        held = self._core.held(facts, state, now_ms)
        seat = held.admission.seat
        if word != wire.RELEASE:
            if state.revoked.bars(seat, held.admission.visitor, now_ms):
                raise TokenError(Reason.REVOKED, "the operator has turned this visitor away")
            if held.end_ms <= now_ms:
                raise TokenError(Reason.PASS_EXPIRED, f"the pass of {seat} ended before the shop said {word}")
            self.check_held(seat)
            self.ledger.touch(seat, held.end_ms)
        visit = Visit(facts, self._secure, held)
        Clerk(self._core, self._keyring, self.ledger).obey((word,), visit, held, state, now_ms)
        return visit

    def check_held(self, seat: str) -> None:
        """
        Raise `TokenError` if *seat* is known to be held no longer.
        """
        if seat in self.ledger.state.gone:
            raise TokenError(Reason.PASS_ENDED, f"the seat {seat} is no longer held")

    def language(self, facts: Request) -> str:
        """
        Return the language that the shop speaks to the visitor, or nothing.
        """
        return self._core.language(facts)

    def _origin(self, said: str) -> str:
        """
        Return the shop's address as the visitor has it, where the settings know it; else the settings' own.
        """
        home = targets.origin(self._policy.target)
        if not said or said == home:
            return home
        chosen = targets.choose(f"{said}/", self._policy.target, self._policy.allowed_hosts)
        return home if chosen.refused else said

    def _state_at(self, now_ms: int) -> RoomState:
        room = self._room
        away = room.lost or room.stale(now_ms)
        seen = (room.view, room.revoked, away)
        before = self._seen
        if before is None or before[0] is not seen[0] or before[1] is not seen[1] or before[2] is not away:
            self._seen = seen
            snapshot = room.view.snapshot
            self._state = RoomState(
                straight=False,
                down=away,
                phase=snapshot.phase.value,
                gone=self.ledger.state.gone,
                revoked=room.revoked,
                payment_cap_ms=round(snapshot.policy.payment_cap_s * 1000),
                shadow=snapshot.in_shadow,
            )
        return self._state


class Gatehouse:
    """
    Keep a gate for each room that was asked for, and tell the lobby which seats were used.

    *base* is where browsers reach the waiting pages: scheme, host and prefix. Passes that are JWTs count where there
    are *jwts*. *allowing* are settings of every gate beside what the room's policy says: who and what passes without a
    pass. Raises `ConfigError` where a file of crawlers cannot be used.
    """

    def __init__(
        self,
        lobby: Lobby,
        keyring: Keyring,
        secret_keys: tuple[str, ...],
        base: str,
        jwts: JwtReader | None = None,
        allowing: Mapping[str, tuple[str, ...]] = NOTHING,
    ) -> None:
        self._lobby = lobby
        self._keyring = keyring
        self._secret_keys = secret_keys
        self._base = base
        self._jwts = jwts
        self._allowing = allowing
        self._known = _settings("any", Policy(), secret_keys, base, allowing).acquaintances()
        self._gates: dict[str, RoomGate] = {}

    @property
    def asks_whence(self) -> bool:
        """
        Tell whether anybody is known by address, so that the way of a question must be read.
        """
        return self._known.known is not None

    def gate(self, name: str) -> RoomGate:
        """
        Return the gate of a room, or raise `RoomUnknownError`; where its settings have changed, a new one.
        """
        room = self._lobby.room(name)
        known = self._gates.get(name)
        if known is not None and known.serves(room.policy):
            return known
        base = self._base if "://" in self._base else targets.origin(room.policy.target) + self._base
        settings = _settings(name, room.policy, self._secret_keys, base, self._allowing)
        made = self._gates[name] = RoomGate(room, self._keyring, settings, self._jwts, self._known)
        if known is not None:
            made.ledger = known.ledger
        return made

    async def report(self) -> None:
        """
        Tell the lobby of all seats that were used since the last time, and hear which are gone.

        What it could not take is told again the next time. It is told in slices, with an await between two: proxies
        ask meanwhile, and nobody's answer waits for a thousand seats.
        """
        self._known.look_again()
        for name, gate in list(self._gates.items()):
            ledger = gate.ledger
            for _ in range(ceil(ledger.pending / SLICE)):
                if await self._told(name, ledger, ledger.take(self._lobby.clock_ms(), SLICE)):
                    break

    async def tell_of(self, seat: str, name: str, gate: RoomGate) -> None:
        """
        Tell the lobby at once what *gate* of the room *name* knows of *seat*; what it could not take, the next report
        tells.
        """
        await self._told(name, gate.ledger, gate.ledger.take_of(seat, self._lobby.clock_ms()))

    async def _told(self, name: str, ledger: Ledger, batch: Batch) -> bool:
        """
        Tell *batch*, and return whether the lobby could not take it.
        """
        told = await self._lobby.report(name, batch.touched, batch.released, batch.stages)
        answer = GateAnswer(told.phase.value, told.straight, told.gone, told.now_ms, told.degraded)
        ledger.heard(batch, answer, batch.tick_ms)
        return told.degraded


def _settings(
    room: str, policy: Policy, secret_keys: tuple[str, ...], base: str, allowing: Mapping[str, tuple[str, ...]]
) -> GateSettings:
    return GateSettings(
        room=room,
        service_url="http://127.0.0.1",
        page_url=f"{base}/{room}",
        secret_keys=secret_keys,
        when_service_down=_DOWN[policy.on_redis_outage],
        **cast("dict[str, Any]", allowing),
    )
