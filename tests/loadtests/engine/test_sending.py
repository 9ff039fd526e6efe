"""
A shopper's browser reads what real servers send, and neither repeats a form nor gives up a page that it could have.
"""

import gzip
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

import pytest
from gevent import socket
from gevent.server import StreamServer

from loadtests.engine.hosts import origin_of
from loadtests.engine.locust_lines import dial
from loadtests.engine.locust_sending import Headers, Reply, Sender
from loadtests.engine.locust_wires import Exchange, Unheard
from loadtests.journeys.browser import Strayed

PLAIN = Headers.of({"User-Agent": "test"})
OK = b"HTTP/1.1 200 OK\r\n"
KEPT = OK + b"Content-Length: 2\r\n\r\nhi"
ANSWERS = {
    "counted": (KEPT, b"hi"),
    "chunked": (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", b"hi"),
    "until the end": (OK + b"Connection: close\r\n\r\nhi", b"hi"),
    "after early hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + KEPT, b"hi"),
    "with an empty header": (OK + b"X-Empty:\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
    "without content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "gzip": (OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"hi"), b"hi"),
    "deflate": (OK + b"Content-Encoding: deflate\r\nConnection: close\r\n\r\n" + zlib.compress(b"hi"), b"hi"),
}


def read(sent: bytes, size: int) -> tuple[int, bytes, dict[str, list[str]]]:
    """
    Return status, content and headers of an answer that comes in pieces of *size* bytes.
    """
    reply = Reply()
    for at in range(0, len(sent), size):
        reply.take(sent[at : at + size])
    if not reply.whole:
        reply.take(b"")
    reply.read()
    return reply.status_code, reply.content, reply.headers


@pytest.mark.parametrize("kind", ANSWERS)
def test_content_comes_out_however_it_was_packed(kind: str) -> None:
    """
    A shopper sees the page, not what it was sent as.
    """
    sent, content = ANSWERS[kind]

    assert read(sent, len(sent))[1] == content


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("size", [1, 7])
def test_where_a_packet_ends_means_nothing(kind: str, size: int) -> None:
    """
    Status, content and headers are the same in pieces as in one.
    """
    sent, _content = ANSWERS[kind]

    assert read(sent, size) == read(sent, len(sent))


def test_answer_that_breaks_off_is_none() -> None:
    """
    Half a page is a failure, not a page.
    """
    reply = Reply()
    reply.take(OK + b"Content-Length: 3\r\n\r\nhi")

    with pytest.raises(HTTPException):
        reply.take(b"")


@contextmanager
def server(*lives: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """
    Serve connections, each with its answers until it is closed, and hand out the address and what was asked.
    """
    asked: list[bytes] = []
    left = iter(lives)

    def serve(sock: socket.socket, _address: object) -> None:
        for answer in next(left):
            asked.append(sock.recv(4096))
            sock.sendall(answer)

    listening = StreamServer(("127.0.0.1", 0), serve)
    listening.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/", asked
    finally:
        listening.stop()


def exchange() -> Exchange:
    """
    Return what makes connections, to 127.0.0.1 alone.
    """
    return Exchange(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), lambda host: host == "127.0.0.1")


@contextmanager
def browser(headers: Headers = PLAIN) -> Iterator[Sender]:
    """
    Hand out a browser, and close it.
    """
    sender = Sender(exchange(), headers)
    yield sender
    sender.close()


def test_connection_is_kept_for_the_next_page() -> None:
    """
    Two pages come over one connection.
    """
    with server([KEPT, KEPT]) as (url, asked), browser() as shopper:
        pages = [shopper.send("GET", url, None, {}).content for _ in range(2)]

    assert (pages, len(asked)) == ([b"hi", b"hi"], 2)


def test_page_is_asked_for_again_where_the_connection_had_closed() -> None:
    """
    A server may hang up at the very moment of the request; nobody sees that in a browser.
    """
    with server([b""], [KEPT]) as (url, asked), browser() as shopper:
        page = shopper.send("GET", url, None, {})

    assert (page.content, len(asked)) == (b"hi", 2)


def test_form_is_never_sent_twice() -> None:
    """
    It may have been taken, though nothing was answered.
    """
    with server([b""], [KEPT]) as (url, asked), browser() as shopper, pytest.raises(Unheard):
        shopper.send("POST", url, "a=b", {})

    assert len(asked) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_sent_to_a_host_that_must_not_be_loaded(method: str) -> None:
    """
    Though somebody listens there.
    """
    with server([KEPT]) as (url, asked), browser() as shopper, pytest.raises(Strayed, match="localhost"):
        shopper.send(method, url.replace("127.0.0.1", "localhost"), None, {})

    assert asked == []


def test_no_bare_line_leads_to_a_host_that_must_not_be_loaded() -> None:
    """
    Half a request is load, too.
    """
    with server([KEPT]) as (url, _asked), pytest.raises(Strayed, match="localhost"):
        dial(url.replace("127.0.0.1", "localhost"), exchange())


@pytest.mark.parametrize("more", [{}, {"Waiting-Room-Pass": "p"}])
def test_headers_for_the_shop_are_sent_to_nobody_else(more: dict[str, str]) -> None:
    """
    Another port of the same host is somebody else.
    """
    with server([KEPT]) as (shop, asked), server([KEPT]) as (other, told):
        secret = PLAIN.and_at(origin_of(shop), {"authorization": "Basic bWU6cHc=", "user-agent": "mine"})
        with browser(secret.and_one("X-Forwarded-For", "10.0.0.1")) as shopper:
            for url in (shop, other):
                shopper.send("GET", url, None, more)

    both = {"x-forwarded-for: 10.0.0.1", *(f"{name}: {value}".lower() for name, value in more.items())}
    assert head(asked[0]) - both == {"authorization: basic bwu6chc=", "user-agent: mine"}
    assert head(told[0]) - both == {"user-agent: test"}


def head(request: bytes) -> set[str]:
    """
    Return the headers of a request but the host's.
    """
    return {line for line in request.decode().lower().split("\r\n")[1:] if line and not line.startswith("host:")}


def test_host_is_named_without_user_and_password() -> None:
    """
    A link may hold them; they are none of a server's business.
    """
    with server([KEPT]) as (url, asked), browser() as shopper:
        shopper.send("GET", url.replace("//", "//me:pw@"), None, {})

    assert b"pw" not in asked[0]
