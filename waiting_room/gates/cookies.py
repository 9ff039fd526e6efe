"""
The visitor's cookies, read and written the same way as the room service does.
"""

from collections.abc import Mapping
from typing import Final

from waiting_room import wire

VISITOR_LIFE_S: Final = 30 * 86_400
"""As long as a promotion with its announcement; the id names nobody."""
TICKET_LIFE_S: Final = 86_400


def cookies_of(header: str) -> dict[str, str]:
    """
    Return the cookies of a ``Cookie`` header; what is no pair is left out, the first of a name counts.
    """
    found: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip(), value.strip().strip('"'))
    return found


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


def expired_cookie(name: str, *, secure: bool) -> str:
    """
    Return the Set-Cookie value that takes the cookie *name* back.
    """
    return set_cookie(name, "", 0, secure=secure)


def set_cookie(name: str, value: str, life_s: int, *, secure: bool) -> str:
    """
    Return a Set-Cookie value: for the whole host, out of reach of scripts and of other sites' forms.
    """
    return f"{name}={value}; Max-Age={life_s}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
