"""
Visits by bare greenlets: a connection each, three requests, no cookies, no HTTP client; the least that gevent can do.

    python -m benchmarks._greenlets URL VISITS PER_S

It prints the processor time of a visit in seconds.
"""

from gevent import monkey

monkey.patch_all()

import ssl  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from urllib.parse import urlsplit  # noqa: E402

import gevent  # noqa: E402
from gevent import socket  # noqa: E402
from gevent.pool import Group  # noqa: E402

PATHS = ("/", "/product/kite", "/product/boat")
HEAD_END = b"\r\n\r\n"


def visit(host: str, port: int, context: ssl.SSLContext | None) -> None:
    """
    Ask for three pages over one connection.
    """
    connection: socket.socket = socket.create_connection((host, port))
    if context is not None:
        connection = context.wrap_socket(connection, server_hostname=host)
    for path in PATHS:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = b""
        while not whole(answer):
            answer += connection.recv(16_384)
    connection.close()


def whole(answer: bytes) -> bool:
    """
    Tell whether an answer has come to its end.
    """
    head, end, body = answer.partition(HEAD_END)
    return bool(end) and len(body) >= int(head[head.index(b"Content-Length: ") + 16 :].partition(b"\r")[0])


def main(url: str, visits: int, per_s: float) -> float:
    """
    Start visits by the clock, and return the processor time of one.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 0
    context = None
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    group = Group()
    begun_s, spent_s = time.perf_counter(), time.process_time()
    for number in range(visits):
        while (left_s := begun_s + number / per_s - time.perf_counter()) > 0:
            gevent.sleep(left_s)
        group.spawn(visit, host, port, context)
    group.join()
    return (time.process_time() - spent_s) / visits


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))}\n")
