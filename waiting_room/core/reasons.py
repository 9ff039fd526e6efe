"""
Every reason that a visitor can be given, as a closed set of codes.

The sentence for each code, in each language, stands in `waiting_room.web.texts`; a test holds that none is missing.
"""

from enum import StrEnum


class Reason(StrEnum):
    """
    Tell why somebody waits, is sent away or is let in otherwise than by turn.
    """

    QUEUE_WAIT = "queue_wait"
    """others are before you"""
    YOUR_TURN = "your_turn"
    """you are called: claim"""
    SEATS_FULL = "seats_full"
    """you are called, and every seat is taken at this moment"""
    RATE_REACHED = "rate_reached"
    """you are called, and the door is paced; a moment more"""
    RECOVERING = "recovering"
    """Redis came back without its data; places are being put back"""
    STORE_AWAY = "store_away"
    """Redis cannot be reached; your place stands in your ticket"""
    ROOM_PAUSED = "room_paused"
    ROOM_DRAINING = "room_draining"
    """those who wait are served, nobody new may join"""
    ROOM_CLOSED = "room_closed"
    NO_TICKET = "no_ticket"
    """the request bears no ticket: join first"""
    NO_VISITOR = "no_visitor"
    """the request bears no visitor cookie: cookies are needed to keep a place"""
    TICKET_INVALID = "ticket_invalid"
    """forged or altered"""
    TICKET_FOREIGN = "ticket_foreign"
    """of another room"""
    TICKET_EXPIRED = "ticket_expired"
    TICKET_USED = "ticket_used"
    """it was turned into a pass, and that visit is over"""
    TICKET_OTHER_VISITOR = "ticket_other_visitor"
    """it belongs to another visitor"""
    PASS_INVALID = "pass_invalid"
    PASS_EXPIRED = "pass_expired"
    PASS_ENDED = "pass_ended"
    """its seat was given back, or idle for too long"""
    TARGET_REFUSED = "target_refused"
    """the address to go on to is not one of the shop's"""
    BAD_REQUEST = "bad_request"
    ROOM_UNKNOWN = "room_unknown"
