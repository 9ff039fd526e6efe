"""
Small answers that go out in one write; of a JSON one, the head is made beforehand.

aiohttp puts together a header map for each response, walks through it and joins it: a fifth of a poll's time. All that
differs between two polls is the body, its length and, once a second, the date.
"""

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE
from multidict import CIMultiDict

from waiting_room import wire
from waiting_room.gates.answers import Answer

_PHRASES: Final = {int(status): status.phrase for status in HTTPStatus}
_HEADERS: Final = CIMultiDict({hdrs.CONTENT_TYPE: "application/json", **wire.UNCACHED})


class _Heads:
    """
    Keep the part of the head that is the same for a second.
    """

    __slots__ = ("_dated", "_head", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._head = b""
        self._dated = ""

    def dated(self) -> str:
        """
        Return the headers that say when and by what an answer was made.
        """
        self.now()
        return self._dated

    def now(self) -> bytes:
        """
        Return the status line and headers, up to the value of ``Content-Length``.
        """
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._dated = f"{hdrs.DATE}: {formatdate(second, usegmt=True)}\r\n{hdrs.SERVER}: {SERVER_SOFTWARE}\r\n"
            lines = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
            self._head = f"HTTP/1.1 200 OK\r\n{lines}{self._dated}{hdrs.CONTENT_LENGTH}: ".encode()
        return self._head


_HEADS: Final = _Heads()


class _ReadyResponse(web.StreamResponse):
    """
    Write *message* as the whole response, head included, to an HTTP/1.1 connection that is to stay open.
    """

    def __init__(self, request: web.BaseRequest, message: bytes, status: int = 200) -> None:
        super().__init__(status=status)
        self._request = request
        self._message = message

    @property
    def keep_alive(self) -> bool:
        """
        Return that the connection stays open.
        """
        return True

    async def prepare(self, _: web.BaseRequest) -> AbstractStreamWriter | None:
        """
        Do nothing: the head goes out with the body.
        """
        return None

    async def write_eof(self, _: bytes | bytearray | memoryview = b"") -> None:
        """
        Send the response.
        """
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(self._message)


def answer(request: web.BaseRequest, body: bytes, set_cookies: tuple[str, ...] = ()) -> web.StreamResponse:
    """
    Return *body*, JSON, as a response with status 200 that no cache keeps.

    A client that asked for less than HTTP/1.1, or for the connection to be closed, gets aiohttp's own response.
    """
    if request.version == HttpVersion11 and request.keep_alive:
        cookies = "".join([f"\r\n{hdrs.SET_COOKIE}: {cookie}" for cookie in set_cookies]).encode()
        return _ReadyResponse(request, b"%b%d%b\r\n\r\n%b" % (_HEADS.now(), len(body), cookies, body))
    headers = _HEADERS.copy()
    for cookie in set_cookies:
        headers.add(hdrs.SET_COOKIE, cookie)
    return web.Response(body=body, headers=headers)


def whole(request: web.BaseRequest, said: Answer) -> web.StreamResponse:
    """
    Return *said* as a response in one write; without its body where only the head was asked for.
    """
    if request.version != HttpVersion11 or not request.keep_alive:
        return web.Response(status=said.status, headers=said.headers, body=said.body)
    lines = "".join([f"{name}: {value}\r\n" for name, value in said.headers.items()])
    start = f"HTTP/1.1 {said.status} {_PHRASES[said.status]}\r\n"
    head = f"{start}{lines}{_HEADS.dated()}{hdrs.CONTENT_LENGTH}: {len(said.body)}\r\n\r\n".encode()
    message = head if request.method == hdrs.METH_HEAD else head + said.body
    return _ReadyResponse(request, message, said.status)
