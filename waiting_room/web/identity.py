"""
Who asks: from a request's cookies and headers to a visitor and a ticket, verified.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from waiting_room import wire
from waiting_room.cookies import cookies_of
from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.tokens import Keyring, Ticket, Visitor

GENERATION: Final = 50_000
GENERATION_BYTES: Final = 20_000_000
"""
Identities kept in memory, twice over, and how many characters their cookies may have together: about 40 MB as browsers
are, and three times that with the longest that can be made up.
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Hold what a request proves; *fault* says why a ticket that it bears does not count.

    *invitation_text* is what its cookie says, unverified: it is looked at when its bearer joins.
    """

    visitor: Visitor | None = None
    ticket: Ticket | None = None
    fault: Reason | None = None
    invitation_text: str = ""


NOBODY: Final = Identity()


class Identities:
    """
    Verify tokens, and remember the verdict for as long as the same bytes come again.

    A poll bears the same cookies as the one before: remembering saves two signatures and the parsing. What expires
    is judged elsewhere, at each request. Memory is bounded by two generations; the older one is dropped whole.
    *refused* hears the reason of each refused token.
    """

    def __init__(self, keyring: Keyring, refused: Callable[[Reason], None] = lambda _: None) -> None:
        self._keyring = keyring
        self._refused = refused
        self._young: dict[tuple[str, str], Identity] = {}
        self._old: dict[tuple[str, str], Identity] = {}
        self._young_bytes = 0

    def of(self, headers: Mapping[str, str], room: str) -> Identity:
        """
        Return the identity that the headers of a request prove for *room*.
        """
        cookie = headers.get("Cookie", "")
        key = (room, cookie)
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key) or self._read_cookies(cookie, room)
            self._remember(key, found)
        if wire.TICKET_HEADER in headers or wire.VISITOR_HEADER in headers:
            visitor, ticket = headers.get(wire.VISITOR_HEADER), headers.get(wire.TICKET_HEADER)
            return self._read(visitor, ticket, room, found)
        return found

    def _remember(self, key: tuple[str, str], identity: Identity) -> None:
        size = len(key[0]) + len(key[1])
        if len(self._young) >= GENERATION or self._young_bytes + size > GENERATION_BYTES:
            self._old, self._young, self._young_bytes = self._young, {}, 0
        self._young[key] = identity
        self._young_bytes += size

    def _read_cookies(self, header: str, room: str) -> Identity:
        cookies = cookies_of(header)
        invitation = cookies.get(wire.invitation_cookie(room))
        base = Identity(invitation_text=invitation) if invitation else NOBODY
        return self._read(cookies.get(wire.VISITOR_COOKIE), cookies.get(wire.ticket_cookie(room)), room, base)

    def _read(self, visitor_text: str | None, ticket_text: str | None, room: str, base: Identity) -> Identity:
        visitor, ticket, fault = base.visitor, base.ticket, base.fault
        if visitor_text:
            try:
                visitor = self._keyring.visitor(visitor_text)
            except TokenError as error:
                self._refused(Reason(error.reason))
        if ticket_text:
            try:
                ticket, fault = self._keyring.ticket(ticket_text, room), None
            except TokenError as error:
                ticket, fault = None, Reason(error.reason)
        if ticket and visitor and ticket.visitor != visitor.id:
            ticket, fault = None, Reason.TICKET_OTHER_VISITOR
        if ticket and visitor is None:
            visitor = Visitor(ticket.visitor)
        if fault is not None:
            self._refused(fault)
        return Identity(visitor, ticket, fault, base.invitation_text)
