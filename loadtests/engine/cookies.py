"""
A browser's cookies, as RFC 6265 has them, for a crowd of thousands: the standard library's jar takes a sixth of the
processor time of a visit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Final, NamedTuple

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]", "::1")
"""Browsers take these for as safe as TLS."""


class Cookie(NamedTuple):
    """
    Hold one cookie.

    Args:
        name, value: what is sent.
        host: whom it is for.
        subdomains: whether it is for that host's subdomains as well.
        path: below which path it is sent.
        secure: whether it is sent over TLS only.
        until_s: when it ends, in seconds since 1970; None with the visit.
    """

    name: str
    value: str
    host: str
    subdomains: bool
    path: str
    secure: bool
    until_s: float | None

    def is_for(self, host: str, path: str) -> bool:
        """
        Tell whether a request to *path* on *host* is one of those that get it.
        """
        if host != self.host and not (self.subdomains and host.endswith(f".{self.host}")):
            return False
        if self.path in (path, "/"):
            return True
        return path.startswith(self.path if self.path.endswith("/") else f"{self.path}/")


@dataclass(slots=True)
class Cookies:
    """
    Keep one browser's cookies.
    """

    _kept: dict[tuple[str, str, str], Cookie] = field(default_factory=dict)

    def take(self, host: str, path: str, lines: Iterable[str]) -> None:
        """
        Keep what an answer sets; what cannot be understood, or is for somebody else, is ignored.

        Args:
            host: of the request.
            path: of the request.
            lines: values of the answer's Set-Cookie headers.
        """
        for line in lines:
            cookie = read_cookie(line, host, path)
            if cookie is None:
                continue
            key = (cookie.host, cookie.path, cookie.name)
            self._kept.pop(key, None)
            if cookie.until_s is None or cookie.until_s > time():
                self._kept[key] = cookie

    def header(self, host: str, path: str, *, tls: bool) -> str:
        """
        Return the value of the Cookie header for a request, "" for none: cookies of longer paths first.
        """
        if not self._kept:
            return ""
        safe = tls or host in _LOOPBACK
        found = [
            cookie
            for cookie in self._kept.values()
            if cookie.is_for(host, path)
            and (safe or not cookie.secure)
            and (cookie.until_s is None or cookie.until_s > time())
        ]
        if len(found) > 1:
            found.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join([f"{cookie.name}={cookie.value}" for cookie in found])

    def first(self, prefix: str) -> str | None:
        """
        Return the value of the first cookie whose name begins with *prefix*.
        """
        return next((cookie.value for cookie in self._kept.values() if cookie.name.startswith(prefix)), None)

    def forget(self, prefix: str) -> None:
        """
        Drop the cookies whose names begin with *prefix*.
        """
        self._kept = {key: cookie for key, cookie in self._kept.items() if not cookie.name.startswith(prefix)}


def read_cookie(line: str, host: str, path: str) -> Cookie | None:
    """
    Return the cookie of a Set-Cookie header, or None where it is none, or not for this host to set.
    """
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name = name.strip()
    if not equals or not name:
        return None
    told: dict[str, str] = {}
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        told[key.strip().lower()] = text.strip()
    domain = told.get("domain", "").lower().removeprefix(".")
    if domain and host != domain and not host.endswith(f".{domain}"):
        return None
    below = told.get("path", "")
    return Cookie(
        name,
        value.strip(),
        domain or host,
        bool(domain),
        below if below.startswith("/") else _folder(path),
        "secure" in told,
        _end(told),
    )


def _folder(path: str) -> str:
    return path[: path.rindex("/")] or "/" if "/" in path[1:] else "/"


def _end(told: dict[str, str]) -> float | None:
    age = told.get("max-age", "")
    if age.removeprefix("-").isdecimal():
        return time() + int(age)
    if "expires" in told:
        try:
            return parsedate_to_datetime(told["expires"]).timestamp()
        except ValueError:
            return None
    return None
