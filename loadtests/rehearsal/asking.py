"""
How the programs of a rehearsal are asked and told what to do: plain HTTP, and a word with the store.
"""

import http.client
import json
import re
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any, Final
from urllib.parse import urlsplit

from waiting_room.errors import WaitingRoomError

HOST: Final = "127.0.0.1"
ASK_S: Final = 1.0
ORDER_S: Final = 5.0
"""An order is worth waiting for: what is not done is a change that failed."""


class RefusedError(WaitingRoomError):
    """
    A program does not do what it was asked for.
    """


def ask_json(url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """
    Return the JSON object at an address, or None where there is none to be had within `ASK_S`.
    """
    status, body = fetched(url, headers or {})
    if status != http.client.OK:
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def fetched(
    url: str, headers: Mapping[str, str], method: str = "GET", body: str | None = None, within_s: float = ASK_S
) -> tuple[int, bytes]:
    """
    Return status and body of an address, and 0 where nobody answers in time.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with suppress(OSError, http.client.HTTPException), closing(kind(parts.netloc, timeout=within_s)) as connection:
        connection.request(method, parts.path or "/", body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    return 0, b""


def answers(url: str) -> bool:
    """
    Tell whether an address answers with 200.
    """
    return fetched(url, {})[0] == http.client.OK


def pings(port: int) -> bool:
    """
    Tell whether a store answers PING there.
    """
    with suppress(OSError), socket.create_connection((HOST, port), ASK_S) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


def process_id(port: int) -> int:
    """
    Return the process id of the store that answers there; raise `ProcessLookupError` where none does.
    """
    told = b""
    with suppress(OSError), socket.create_connection((HOST, port), ASK_S) as connection:
        connection.sendall(b"INFO server\r\n")
        while b"\nprocess_id:" not in told or b"\n" not in told.split(b"\nprocess_id:")[1]:
            piece = connection.recv(65_536)
            if not piece:
                break
            told += piece
    found = re.search(rb"\nprocess_id:(\d+)", told)
    if found is None:
        raise ProcessLookupError(f"no store answers on port {port}")
    return int(found[1])


def bearing(token: str) -> dict[str, str]:
    """
    Return the header by which a room knows its operators.
    """
    return {"Authorization": f"Bearer {token}"}


def ordered(method: str, url: str, token: str, wish: Mapping[str, Any]) -> bytes:
    """
    Have a program do something, and return what it answers; raise `RefusedError` where it does not, or nobody answers.
    """
    headers = {**bearing(token), "Content-Type": "application/json"}
    status, body = fetched(url, headers, method, json.dumps(wish), ORDER_S)
    if status == 0:
        raise RefusedError(f"nobody answers at {url}")
    if status >= http.client.BAD_REQUEST:
        raise RefusedError(f"{url} answers {status}: {body.decode(errors='replace')[:300]}")
    return body
