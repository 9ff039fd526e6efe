"""
The only way to a shop: slowly, with a bound on everything, and by methods that change nothing.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import hdrs
from yarl import URL

from waiting_room import __version__
from waiting_room.doctor.answers import Answer, Reply, Silence

USER_AGENT: Final = f"waiting-room-doctor/{__version__}"
METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
PER_SECOND: Final = 5.0
MOST: Final = 150
"""Requests in all; a whole examination of an unknown shop takes about 70."""
AT_ONCE: Final = 3
PATIENCE: Final = 5
"""After so many failures in a row a shop is left alone: it has other troubles."""
_TIME_OUT: Final = aiohttp.ClientTimeout(total=10, connect=5)
_TEXT_BYTES: Final = 65_536

QUIET: Final = {"Sec-Fetch-Mode": "no-cors", "Accept": "text/html,application/json;q=0.9,*/*;q=0.8"}
"""
What a page's own sub-resources send: a gate answers it as it stands, and takes no seat for it, even while the room lets
everybody straight through (`waiting_room.gates.requests.may_start_visit`).
"""


class Asker:
    """
    Ask, and count what was asked. It talks to the hosts of *hosts* alone; every other is a silence.

    *per_second* and *most* bound how often. *login* (``user:password``) opens a staging shop that asks for one.
    Nothing is raised for what a shop may do.
    """

    def __init__(
        self, hosts: frozenset[str], per_second: float = PER_SECOND, most: int = MOST, login: str = ""
    ) -> None:
        self._hosts = hosts
        self._headers = {hdrs.USER_AGENT: USER_AGENT}
        if login:
            self._headers[hdrs.AUTHORIZATION] = f"Basic {b64encode(login.encode()).decode()}"
        self._gap_s = 1 / per_second
        self._most = most
        self._next_s = 0.0
        self._failed = 0
        self._places = asyncio.Semaphore(AT_ONCE)
        self._session: aiohttp.ClientSession | None = None
        self.asked = 0

    async def __aenter__(self) -> Self:
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(timeout=_TIME_OUT, cookie_jar=jar, headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def ask(self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Reply:
        """
        Return what came back from *url*, redirects not followed, or why nothing did.
        """
        assert method in METHODS
        host = urlsplit(url).hostname or ""
        if host not in self._hosts:
            return Silence(method, url, f"{host} is not what was to be examined")
        async with self._places:
            if self._failed >= PATIENCE:
                return Silence(method, url, f"not asked: {PATIENCE} requests in a row had failed")
            if self.asked >= self._most:
                return Silence(method, url, f"not asked: {self._most} requests are the most that are sent")
            self.asked += 1
            await self._turn()
            reply = await self._asked(url, method, headers or {})
        bad = isinstance(reply, Silence) or reply.status in {500, 502, 504}
        self._failed = self._failed + 1 if bad else 0
        return reply

    async def _turn(self) -> None:
        now_s = time.monotonic()
        mine_s = max(now_s, self._next_s)
        self._next_s = mine_s + self._gap_s
        await asyncio.sleep(mine_s - now_s)

    async def _asked(self, url: str, method: str, headers: Mapping[str, str]) -> Reply:
        assert self._session is not None
        began_s, began = time.time(), time.perf_counter()
        address = URL(url, encoded=True)
        try:
            async with self._session.request(method, address, headers=headers, allow_redirects=False) as response:
                took_s = time.perf_counter() - began
                body = await _beginning(response.content)
                version = response.version
                return Answer(
                    method=method,
                    url=url,
                    status=response.status,
                    headers=tuple((name.lower(), value) for name, value in response.headers.items()),
                    text=body.decode(response.charset or "utf-8", errors="replace"),
                    at_ms=round((began_s + took_s / 2) * 1000),
                    took_ms=took_s * 1000,
                    version=f"{version.major}.{version.minor}" if version else "",
                )
        except (aiohttp.ClientError, TimeoutError, OSError, LookupError, ValueError) as error:
            return Silence(method, url, _why(error))


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """
    Return the first `_TEXT_BYTES` of a body, which may come in pieces.
    """
    pieces, length = [], 0
    while length < _TEXT_BYTES and (piece := await content.read(_TEXT_BYTES - length)):
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIME_OUT.total:g} s"
    return str(error) or type(error).__name__
