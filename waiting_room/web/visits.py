"""
A visitor's call, from the request to what is to be said and kept: shared by the pages and the JSON.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from secrets import token_bytes
from types import MappingProxyType
from typing import Final, NamedTuple

from aiohttp import web

from waiting_room import wire
from waiting_room.cookies import TICKET_LIFE_S, VISITOR_LIFE_S, set_cookie
from waiting_room.core.newcomers import Whence
from waiting_room.core.outcomes import Admitted, Closed, Outcome, Paused, Refused
from waiting_room.core.reasons import Reason
from waiting_room.entrance import Entrance
from waiting_room.errors import TokenError
from waiting_room.lobby import Lobby
from waiting_room.tokens import MAX_LENGTH, Invitation, Keyring, Pass, PassSigner, Ticket, Visitor
from waiting_room.web.identity import Identities, Identity
from waiting_room.web.whence import Origins

PASS_GRACE_S: Final = 300
"""The cookie outlives the pass, so that a gate still knows whose late form it is; the pass itself ends on time."""


ID_BYTES: Final = 18
"""144 random bits, and a whole number of base64's groups: nobody guesses or meets another's id."""
_IDS_AT_ONCE: Final = 256
INVITATION_REASONS: Final = frozenset({
    Reason.INVITATION_NEEDED,
    Reason.INVITATION_USED,
    Reason.INVITATION_EXPIRED,
    Reason.INVITATION_INVALID,
})  # fmt: skip
_TOKEN: Final = re.compile(rf"[\w.-]{{1,{MAX_LENGTH}}}", re.ASCII)
_NO_TOKENS: Final[Mapping[str, str]] = MappingProxyType({})


class Visit(NamedTuple):
    """
    Hold the outcome of a call, the cookies it sets and, for clients without cookies, the same tokens as text.
    """

    room: str
    visitor: Visitor
    new_visitor: bool
    ticket: Ticket | None
    outcome: Outcome
    set_cookies: tuple[str, ...] = ()
    tokens: Mapping[str, str] = _NO_TOKENS


def visitor_ids() -> Iterator[str]:
    """
    Yield random ids without end; the system is asked for the bytes of many at once, for each question is a system call.
    """
    characters = ID_BYTES * 4 // 3
    while True:
        text = urlsafe_b64encode(token_bytes(ID_BYTES * _IDS_AT_ONCE)).decode()
        yield from (text[at : at + characters] for at in range(0, len(text), characters))


class Visits:
    """
    Turn requests into calls on the lobby.

    *secure* tells that shoppers come over https; then cookies bear ``Secure``. *passes* writes the passes, which are
    compact ones where it is not given. *origins* tells networks, whose new places are shared among so many *workers*.
    """

    def __init__(
        self,
        lobby: Lobby,
        keyring: Keyring,
        identities: Identities,
        *,
        secure: bool = False,
        passes: PassSigner | None = None,
        origins: Origins | None = None,
        workers: int = 1,
    ) -> None:
        self.lobby = lobby
        self._entrance = Entrance(lobby, workers=workers)
        self._origins = origins or Origins()
        self.identities = identities
        self._keyring = keyring
        self._passes = passes or keyring
        self._secure = secure
        self._ids = visitor_ids()

    def look(self, request: web.BaseRequest, room: str) -> Visit:
        """
        Return where the visitor stands; counts as a check-in, asks nothing of the store and sets no cookie.
        """
        identity = self.identities.of(request.headers, room)
        visitor = identity.visitor or Visitor("")
        if identity.ticket is None:
            self.lobby.room(room)
            outcome: Outcome = Refused(identity.fault or Reason.NO_TICKET)
        else:
            outcome = self.lobby.status(room, identity.ticket, seen_of(request))
        return Visit(room, visitor, identity.visitor is None, identity.ticket, outcome)

    def meet(self, request: web.BaseRequest, room: str) -> Visit:
        """
        Return where the visitor stands, as `look` does, and give a name to who has none.

        The page does so before anybody joins: a join that is retried, or made by two tabs, then finds one visitor.
        """
        visit = self.look(request, room)
        if not visit.new_visitor:
            return visit
        visitor = Visitor(next(self._ids))
        token = self._keyring.sign(visitor)
        cookie = self._cookie(request, wire.VISITOR_COOKIE, token, VISITOR_LIFE_S)
        return visit._replace(visitor=visitor, set_cookies=(cookie,), tokens={"visitor": token})

    async def join(self, request: web.BaseRequest, room: str, *, invited: bool = True) -> Visit:
        """
        Give the visitor a place, or find the one they have; a visitor who is new gets a name.

        Where not *invited*, an invitation that the request bears is left out, and forgotten by the browser.
        """
        identity = self.identities.of(request.headers, room)
        return await self.join_as(request, room, identity, invited=invited)

    async def join_as(self, request: web.BaseRequest, room: str, identity: Identity, *, invited: bool = True) -> Visit:
        """
        Do what `join` does for whom the request has been found to come from.
        """
        visitor = identity.visitor or Visitor(next(self._ids))
        text = request.headers.get(wire.INVITATION_HEADER) or identity.invitation_text
        if not text:
            whence = self._whence(request, room, identity)
            outcome, ticket = await self._join(room, visitor, identity.ticket, None, whence, seen_of(request))
            return self._visit(request, room, identity, visitor, ticket, outcome)
        invitation = self._invitation(text, room) if invited else None
        if isinstance(invitation, Refused) and identity.ticket is None:
            self.lobby.room(room)
            return self._visit(request, room, identity, visitor, None, invitation)
        good = invitation if isinstance(invitation, Invitation) else None
        whence = self._whence(request, room, identity)
        outcome, ticket = await self._join(room, visitor, identity.ticket, good, whence, seen_of(request))
        visit = self._visit(request, room, identity, visitor, ticket, outcome)
        if not identity.invitation_text or _keeps_invitation(outcome):
            return visit
        forgotten = self._cookie(request, wire.invitation_cookie(room), "", 0)
        return visit._replace(set_cookies=(*visit.set_cookies, forgotten))

    async def _join(
        self,
        room: str,
        visitor: Visitor,
        ticket: Ticket | None,
        invitation: Invitation | None,
        whence: Whence | None,
        seen: int | None,
    ) -> tuple[Outcome, Ticket | None]:
        outcome, given = await self._entrance.join(room, visitor, ticket, invitation, whence, seen)
        if ticket is not None and outcome == Refused(Reason.TICKET_EXPIRED):
            return await self._entrance.join(room, visitor, None, invitation, whence)
        return outcome, given

    def _whence(self, request: web.BaseRequest, room: str, identity: Identity) -> Whence | None:
        known = self.lobby.known.get(room)
        bounded = known is not None and known.policy.joins_per_address
        return self._origins.of(request, identity) if bounded else None

    def _invitation(self, text: str, room: str) -> Invitation | Refused:
        try:
            return self._keyring.invitation(text, room)
        except TokenError:
            return Refused(Reason.INVITATION_INVALID)

    def carry(self, request: web.BaseRequest, room: str, text: str) -> str:
        """
        Return the cookie that carries an invitation to the join, so that it need not stand in any address.

        What is no token is carried as one that is not valid: its bearer is told so.
        """
        kept = text if _TOKEN.fullmatch(text) else "invalid"
        return self._cookie(request, wire.invitation_cookie(room), kept, TICKET_LIFE_S)

    async def claim(self, request: web.BaseRequest, room: str) -> Visit:
        """
        Turn the visitor's ticket into a pass, if it is called and a seat is free.
        """
        identity = self.identities.of(request.headers, room)
        if identity.ticket is None or identity.visitor is None:
            self.lobby.room(room)
            outcome: Outcome = Refused(identity.fault or Reason.NO_TICKET)
            return Visit(room, identity.visitor or Visitor(""), identity.visitor is None, None, outcome)
        outcome = await self.lobby.claim(room, identity.ticket, seen_of(request))
        visit = self._visit(request, room, identity, identity.visitor, identity.ticket, outcome)
        if outcome == Refused(Reason.TICKET_USED):
            return self._without_ticket(request, visit)
        return visit

    async def leave(self, request: web.BaseRequest, room: str) -> Visit:
        """
        Give the visitor's place or seat back, and forget their ticket and pass.
        """
        visit = self.look(request, room)
        if visit.ticket is not None:
            await self.lobby.leave(room, visit.ticket)
        return self._without_ticket(request, visit)

    def _without_ticket(self, request: web.BaseRequest, visit: Visit) -> Visit:
        names = (wire.ticket_cookie(visit.room), wire.pass_cookie(visit.room))
        gone = tuple(self._cookie(request, name, "", 0) for name in names)
        return Visit(visit.room, visit.visitor, visit.new_visitor, None, visit.outcome, gone)

    def _visit(
        self,
        request: web.BaseRequest,
        room: str,
        identity: Identity,
        visitor: Visitor,
        ticket: Ticket | None,
        outcome: Outcome,
    ) -> Visit:
        tokens: dict[str, str] = {}
        cookies: list[str] = []
        if identity.visitor is None:
            tokens["visitor"] = self._keyring.sign(visitor)
            cookies.append(self._cookie(request, wire.VISITOR_COOKIE, tokens["visitor"], VISITOR_LIFE_S))
        if ticket is not None and ticket is not identity.ticket:
            tokens["ticket"] = self._keyring.sign(ticket)
            cookies.append(self._cookie(request, wire.ticket_cookie(room), tokens["ticket"], TICKET_LIFE_S))
        if type(outcome) is Admitted and ticket is not None:
            tokens["pass"] = self._pass(room, ticket, outcome)
            life_s = max(1, (outcome.hard_end_ms - outcome.issued_ms) // 1000) + PASS_GRACE_S
            cookies.append(self._cookie(request, wire.pass_cookie(room), tokens["pass"], life_s))
        return Visit(room, visitor, identity.visitor is None, ticket, outcome, tuple(cookies), tokens)

    def _pass(self, room: str, ticket: Ticket, outcome: Admitted) -> str:
        held = Pass(
            room, ticket.lane, ticket.number, ticket.visitor, outcome.seat, outcome.issued_ms, outcome.hard_end_ms
        )
        return self._passes.sign(held)

    def _cookie(self, request: web.BaseRequest, name: str, value: str, life_s: int) -> str:
        return set_cookie(name, value, life_s, secure=self._secure or request.secure)


def _keeps_invitation(outcome: Outcome) -> bool:
    """
    Tell whether the browser shall keep the invitation: nobody has looked at it yet, or its bearer is to be told why it
    does not count, on every page until they choose to join without it.
    """
    if isinstance(outcome, Refused):
        return outcome.reason in INVITATION_REASONS
    return isinstance(outcome, Closed) or (isinstance(outcome, Paused) and outcome.number == 0)


def seen_of(request: web.BaseRequest) -> int | None:
    """
    Return the position that the client says it showed last.
    """
    if "seen=" not in request.raw_path:
        return None
    text = request.query.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 12 else None
