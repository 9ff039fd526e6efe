"""
What the shop says of one visit, done: written into a gate's books, and into the cookies that go out with the answer.
"""

from collections.abc import Sequence

from waiting_room import wire
from waiting_room.gates.commands import stage_of
from waiting_room.gates.cookies import expired_cookie, stage_cookie, token_cookies
from waiting_room.gates.core import Allow, GateCore
from waiting_room.gates.ledger import Ledger, RoomState
from waiting_room.gates.visits import Visit
from waiting_room.tokens import Keyring


class Clerk:
    """
    Do what the shop says of the visits to one room: a seat that is given back, a payment that begins or is broken off.
    """

    def __init__(self, core: GateCore, keyring: Keyring, ledger: Ledger) -> None:
        self._core = core
        self._room = core.room
        self._keyring = keyring
        self._ledger = ledger

    def obey(self, words: Sequence[str], visit: Visit, held: Allow, state: RoomState, now_ms: int) -> None:
        """
        Do what *words* say of the visit of who *held* a pass; what then goes out stands in its cookies and headers.

        *state* is what the room said last.
        """
        if wire.RELEASE in words:
            self._release(visit, held, now_ms)
        elif stage := stage_of(words):
            self._enter(visit, held, stage, state, now_ms)

    def _release(self, visit: Visit, held: Allow, now_ms: int) -> None:
        self._ledger.release(held.admission.seat, held.end_ms, now_ms)
        used = (wire.pass_cookie(self._room), wire.ticket_cookie(self._room))
        visit.cookies = [cookie for cookie in visit.cookies if cookie.partition("=")[0] not in used]
        # The ticket goes as well: it is used, and with it the next visit would begin with a refusal.
        visit.cookies += [expired_cookie(name, secure=visit.secure) for name in used]
        self._forget_payment(visit)

    def _enter(self, visit: Visit, held: Allow, stage: str, state: RoomState, now_ms: int) -> None:
        self._ledger.enter(held.admission.seat, stage)
        if stage != wire.PAYMENT:
            self._forget_payment(visit)
            return
        begun = self._core.begins_payment(held, state, now_ms)
        if begun is None:
            return
        text, room = self._keyring.sign(begun), self._room
        until_ms = begun.entered_ms + state.payment_cap_ms
        life_s = self._core.life_s(until_ms, now_ms)
        visit.cookies.append(stage_cookie(room, text, life_s, secure=visit.secure))
        bearer = visit.pass_text or visit.facts.cookies.get(wire.pass_cookie(room))
        if bearer and until_ms > held.admission.hard_end_ms:
            visit.cookies = [cookie for cookie in visit.cookies if not cookie.startswith(f"{wire.pass_cookie(room)}=")]
            visit.cookies += token_cookies(room, {wire.pass_cookie(room): bearer}, life_s, secure=visit.secure)
        if wire.PASS_HEADER in visit.facts.headers:
            visit.headers[wire.STAGE_HEADER] = text

    def _forget_payment(self, visit: Visit) -> None:
        if self._core.bears_stage(visit.facts):
            visit.cookies.append(expired_cookie(wire.stage_cookie(self._room), secure=visit.secure))
