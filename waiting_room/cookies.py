"""
Cookies, read and written one way by the service and by the gates.
"""

from typing import Final

VISITOR_LIFE_S: Final = 30 * 86_400
"""As long as a promotion with its announcement; the id names nobody."""
TICKET_LIFE_S: Final = 86_400
"""A day: as long as the store remembers which tickets were used."""


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


def set_cookie(name: str, value: str, life_s: int, *, secure: bool) -> str:
    """
    Return a Set-Cookie value: for the whole host, out of reach of scripts and of other sites' forms.

    A life of 0 takes the cookie back.
    """
    return f"{name}={value}; Max-Age={life_s}; Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
