"""
A shop that answers at once, as bare as a server can be, in a process of its own: what is measured is who asks.

    python -m loadtests.engine.quick_shop [CERTIFICATE.pem]

It listens on a free port of loopback, prints the port, and speaks TLS where it is given a certificate with its key.
"""

import asyncio
import ssl
import sys
from collections.abc import Callable
from typing import cast

HOME = b'<a href="/product/kite">Kite</a> <a href="/product/boat">Boat</a>' + b"<p>a shop</p>" * 20
PRODUCT = b'<form method="post" action="/basket"><input type="hidden" name="product" value="kite"></form>' * 3


def answer(body: bytes) -> bytes:
    """
    Return an HTTP answer with a cookie.
    """
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nSet-Cookie: shop_session=0123456789abcdef\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


ANSWERS = {True: answer(HOME), False: answer(PRODUCT)}


class Page(asyncio.Protocol):
    """
    Answer each request of a connection; bodies are not expected.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """
        Keep the way back.
        """
        self._transport = cast("asyncio.Transport", transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """
        Answer whatever is whole.
        """
        *requests, self._buffer = (self._buffer + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(ANSWERS[request.startswith(b"GET / ")])


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """
    Return what makes the fastest event loop that is to be had here.
    """
    try:
        import uvloop  # noqa: PLC0415 - not to be had on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


async def serve(certificate: str | None) -> None:
    """
    Serve until the process is ended.
    """
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(Page, "127.0.0.1", 0, ssl=context, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(sys.argv[1] if len(sys.argv) > 1 else None))
