"""
The cookies that a gate sets: what the service would have set, had the visitor been there.
"""

from collections.abc import Mapping

from waiting_room import wire
from waiting_room.cookies import TICKET_LIFE_S, VISITOR_LIFE_S, set_cookie


def visitor_cookie(text: str, *, secure: bool) -> str:
    """
    Return the Set-Cookie value that keeps a visitor's identity.
    """
    return set_cookie(wire.VISITOR_COOKIE, text, VISITOR_LIFE_S, secure=secure)


def token_cookies(room: str, tokens: Mapping[str, str], pass_life_s: int, *, secure: bool) -> list[str]:
    """
    Return the Set-Cookie values for what the service gave to a newcomer, by cookie name.
    """
    pass_name = wire.pass_cookie(room)
    lives_s = {name: pass_life_s if name == pass_name else TICKET_LIFE_S for name in tokens}
    return [set_cookie(name, text, lives_s[name], secure=secure) for name, text in tokens.items()]


def stage_cookie(room: str, text: str, life_s: int, *, secure: bool) -> str:
    """
    Return the Set-Cookie value that tells every gate of *room* when its bearer began to pay.
    """
    return set_cookie(wire.stage_cookie(room), text, life_s, secure=secure)


def expired_cookie(name: str, *, secure: bool) -> str:
    """
    Return the Set-Cookie value that takes the cookie *name* back.
    """
    return set_cookie(name, "", 0, secure=secure)
