"""
Where a visitor may be sent on to: the shop's own pages and nowhere else, so that the room is no open redirect.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

MAX_LENGTH: Final = 2048
"""Longer addresses fail in some proxies and browsers; no shop needs them to send a visitor back."""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# What browsers strip (tab, newline) or read as "/" (backslash) before they look for the host (WHATWG URL, "basic URL
# parser"), what has no place in a header, and halves of characters, which no encoding takes.
_NEVER: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff\ud800-\udfff]")
_ABSOLUTE: Final = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_HOST: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")
_ENTRY: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]{1,5}))?")
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Target:
    """
    Name the page to go on to; *refused* tells that the visitor had asked for one that is not the shop's.

    *url* is printable ASCII, and may be put into a ``Location`` header as it stands.
    """

    url: str
    refused: bool = False


def choose(asked: str | None, fallback: str, allowed_hosts: Iterable[str]) -> Target:
    """
    Return the page that was *asked* for where it is the shop's, else the *fallback* (a room's ``target``).

    Good are a path that begins with a single ``/`` (taken from the fallback's host, where it names one), and an
    absolute http or https address of one of *allowed_hosts* or of the fallback's host. A host that is given
    without a port stands for all its ports.
    """
    home = fallback or "/"
    if not asked:
        return Target(_ascii(home))
    if len(asked) > MAX_LENGTH or _NEVER.search(asked):
        return Target(_ascii(home), refused=True)
    if asked.startswith("/"):
        if _leaves_its_host(asked):
            return Target(_ascii(home), refused=True)
        return Target(_ascii(origin(fallback) + asked))
    if _ABSOLUTE.match(asked) and _host_is_allowed(asked, (*allowed_hosts, urlsplit(home).netloc)):
        return Target(_ascii(asked))
    return Target(_ascii(home), refused=True)


def origin(address: str) -> str:
    """
    Return scheme, host and port of an absolute *address*, and nothing for any other.
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in DEFAULT_PORTS and parts.netloc else ""


def _ascii(address: str) -> str:
    return quote(address, safe=_PRINTABLE)


def _leaves_its_host(path: str) -> bool:
    """
    Tell whether *path* becomes ``//host`` in the hands of something that removes dot segments (RFC 3986, 5.2.4).
    """
    bare = re.split(r"[?#]", path, maxsplit=1)[0]
    kept: list[str] = []
    for segment in re.sub("%2e", ".", bare, flags=re.IGNORECASE).split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return path.startswith("//") or (len(kept) > 1 and not kept[0])


def _host_is_allowed(address: str, entries: Iterable[str]) -> bool:
    try:
        parts = urlsplit(address)
        port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        return False
    host = (parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc).lower()
    if not _HOST.fullmatch(host):
        return False
    return any(_matches(host, port, entry) for entry in entries)


def _matches(host: str, port: int, entry: str) -> bool:
    found = _ENTRY.fullmatch(entry.lower())
    return found is not None and found["host"] == host and (found["port"] is None or int(found["port"]) == port)
